//! Started again in order.

use serde_json::{Value, json};

use crate::running::{Place, run, signal};

#[tokio::test(flavor = "multi_thread")]
async fn tokens_secrets_keys_and_logins_survive() {
    let place = Place::new();
    let running = place.start();
    let password = running.person("ada")["password"].as_str().unwrap().to_owned();
    let log_in =
        [("grant_type", "password"), ("username", "ada"), ("password", password.as_str()), ("scope", "openid")];
    let tokens = running.token(&log_in).await;
    let (access, refresh) = (text(&tokens, "access_token"), text(&tokens, "refresh_token"));
    let before = running.up.clone();
    assert!(running.end().success());

    let running = place.start();
    let mut after = running.up.clone();
    for (key, value) in before.as_object().unwrap() {
        if !["pid", "management", "kubernetes"].contains(&key.as_str()) {
            assert_eq!(after[key].take(), *value, "{key}");
        }
    }
    let me = running.ask("{ me { username apiTokenCount } }", json!({})).await.unwrap();
    assert_eq!(me["data"]["me"], json!({ "username": "phadmin", "apiTokenCount": 1 }));
    let body = json!({ "query": "{ me { username } }" });
    let answer = running.client.post(running.text("graphql")).bearer_auth(&access).json(&body).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["data"]["me"]["username"], "ada", "the signing key is the same");
    let refreshed = running.token(&[("grant_type", "refresh_token"), ("refresh_token", &refresh)]).await;
    assert!(refreshed["access_token"].is_string(), "{refreshed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_is_refused() {
    let place = Place::new();
    let running = place.start();
    let mut arguments = place.arguments();
    arguments[2] = "0".to_owned();
    let (succeeded, told) = run(&arguments);
    assert!(!succeeded && told.contains("another PrimeHub is using"), "{told}");
    assert!(running.end().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_rotate_on_a_signal_and_old_tokens_stay_good() {
    let place = Place::new();
    let running = place.start();
    let password = running.person("ada")["password"].as_str().unwrap().to_owned();
    let log_in = [("grant_type", "password"), ("username", "ada"), ("password", password.as_str())];
    let old = text(&running.token(&log_in).await, "access_token");
    signal(running.pid(), "USR1");
    let new = loop {
        // A signal has no answer: asked until it has worked.
        let new = text(&running.token(&log_in).await, "access_token");
        if header(&new) != header(&old) {
            break new;
        }
    };
    for token in [old, new] {
        let body = json!({ "query": "{ me { username } }" });
        let answer = running.client.post(running.text("graphql")).bearer_auth(&token).json(&body).send().await.unwrap();
        assert_eq!(answer.json::<Value>().await.unwrap()["data"]["me"]["username"], "ada");
    }
    let me = running.ask("{ me { username } }", json!({})).await.unwrap();
    assert_eq!(me["data"]["me"]["username"], "phadmin", "an API token outlives the key that it was signed with");
}

fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

/// The first part of a token, which names its key.
fn header(token: &str) -> &str {
    token.split('.').next().unwrap()
}
