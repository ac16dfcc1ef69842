//! Codes at the token endpoint: each way to be refused, and what a replay ends.

use rstest::rstest;

use super::browser::{CHALLENGE, REDIRECT, VERIFIER, request};
use super::{ADMIN_UI, OTHER, TOKEN, World};
use crate::oidc::Client;

const NOT_VALID: (u16, &str, &str) = (400, "invalid_grant", "Code not valid");

#[rstest]
#[case::right(ADMIN_UI, Some(REDIRECT), Some(VERIFIER), (200, "", ""))]
#[case::no_verifier(ADMIN_UI, Some(REDIRECT), None, (400, "invalid_grant", "PKCE code verifier not specified"))]
#[case::wrong_verifier(ADMIN_UI, Some(REDIRECT), Some(CHALLENGE), (400, "invalid_grant", "PKCE verification failed: Code mismatch"))]
#[case::short_verifier(ADMIN_UI, Some(REDIRECT), Some("x"), (400, "invalid_grant", "PKCE verification failed: Invalid code verifier"))]
#[case::no_address(ADMIN_UI, None, Some(VERIFIER), (400, "invalid_grant", "Incorrect redirect_uri"))]
#[case::other_address(ADMIN_UI, Some("http://127.0.0.1:8080/console/"), Some(VERIFIER), (400, "invalid_grant", "Incorrect redirect_uri"))]
#[case::other_client(OTHER, Some(REDIRECT), Some(VERIFIER), (400, "invalid_grant", "Auth error"))]
#[case::wrong_secret(&[("client_id", "admin-ui"), ("client_secret", "x")], Some(REDIRECT), Some(VERIFIER), (401, "unauthorized_client", "Invalid client or Invalid client credentials"))]
#[tokio::test]
async fn who_gets_tokens(
    #[case] client: &[(&str, &str)],
    #[case] redirect_uri: Option<&str>,
    #[case] verifier: Option<&str>,
    #[case] expected: (u16, &str, &str),
) {
    let world = World::new().await;
    let code = world.browser().code(&[]).await;
    let mut grant = vec![("grant_type", "authorization_code"), ("code", &*code)];
    grant.extend(redirect_uri.map(|uri| ("redirect_uri", uri)));
    grant.extend(verifier.map(|verifier| ("code_verifier", verifier)));
    assert_eq!(world.post(TOKEN, &[client, &grant]).await.error(), expected);
}

#[tokio::test]
async fn a_verifier_without_a_challenge_is_refused() {
    let world = World::new().await;
    let code = world.browser().code(&[("code_challenge", ""), ("code_challenge_method", "")]).await;
    let error = "PKCE code verifier specified but challenge not present in authorization";
    assert_eq!(world.exchange(&code).await.error(), (400, "invalid_grant", error));
}

#[tokio::test]
async fn a_client_without_a_secret_proves_itself_by_the_verifier() {
    let mut client = Client::public("cli");
    client.redirect_uris = vec!["http://127.0.0.1/cb".to_owned()];
    let world = World::with(|settings| settings.other_clients.push(client)).await;
    let mut browser = world.browser();
    let own = [("client_id", "cli"), ("redirect_uri", "http://127.0.0.1:51004/cb")];
    let without = [&own[..], &[("code_challenge", ""), ("code_challenge_method", "")]].concat();
    let refused = browser.get(&request(&without)).await;
    assert_eq!(refused.parameter("error_description"), "Missing parameter: code_challenge");
    let code = browser.code(&own).await;
    let grant = [("grant_type", "authorization_code"), ("code", &*code), ("code_verifier", VERIFIER)];
    assert_eq!(world.post(TOKEN, &[&own, &grant]).await.status, 200);
}

#[rstest]
#[case::nonsense("nonsense", NOT_VALID)]
#[case::none("", (400, "invalid_request", "Missing parameter: code"))]
#[tokio::test]
async fn what_is_no_code(#[case] code: &str, #[case] expected: (u16, &str, &str)) {
    assert_eq!(World::new().await.exchange(code).await.error(), expected);
}

#[tokio::test]
async fn a_code_is_good_for_a_minute() {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code(&[]).await;
    world.advance(60);
    assert_eq!(world.exchange(&code).await.error(), NOT_VALID);
    let code = browser.get(&request(&[])).await.parameter("code");
    world.advance(59);
    assert_eq!(world.exchange(&code).await.status, 200);
}

#[rstest]
#[case::disabled("disabled", (400, "invalid_grant", "User disabled"))]
#[case::deleted("deleted", NOT_VALID)]
#[case::logged_out("logged out", NOT_VALID)]
#[tokio::test]
async fn the_account_must_still_be_there(#[case] what: &str, #[case] expected: (u16, &str, &str)) {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code(&[]).await;
    match what {
        "disabled" => world.enable_alice(false).await,
        "deleted" => world.delete_alice().await,
        _ => {
            let question = browser.get(super::LOGOUT).await;
            browser.submit(&question.form(), &[]).await;
        }
    }
    assert_eq!(world.exchange(&code).await.error(), expected);
}

#[rstest]
#[case::login("openid", "Session not active")]
#[case::api_token("openid offline_access", "Offline user session not found")]
#[tokio::test]
async fn a_replay_ends_what_the_code_began(#[case] scope: &str, #[case] ended: &str) {
    let world = World::new().await;
    let mut browser = world.browser();
    let code = browser.code(&[("scope", scope)]).await;
    let first = world.exchange(&code).await.text("refresh_token");
    assert_eq!(world.refresh(&first).await.status, 200);

    assert_eq!(world.exchange(&code).await.error(), NOT_VALID);
    assert_eq!(world.refresh(&first).await.error(), (400, "invalid_grant", ended));
    let silent = browser.get(&request(&[("prompt", "none")])).await;
    assert_eq!(silent.parameter("error"), "login_required", "the browser is logged out, too");
    assert_eq!(world.exchange(&code).await.error(), NOT_VALID);
}

#[tokio::test]
async fn a_client_that_may_not_exchange_codes_gets_none() {
    let world = World::with(|settings| settings.client.standard_flow = false).await;
    let refused = world.browser().get(&request(&[])).await;
    assert_eq!(refused.parameter("error"), "unauthorized_client");
    let error = (400, "unauthorized_client", "Client not allowed to exchange code");
    assert_eq!(world.exchange("x").await.error(), error);
}
