//! How often one may try: by account, by address, and by what is tried.

use std::time::Duration;

use primehub_tests::Page;
use reqwest::RequestBuilder;
use serde_json::json;

use super::answers::check;
use super::scene::{Person, Scene, json as body};
use super::site::invite;

const HERE: &str = "198.51.100.7";
const THERE: &str = "198.51.100.8";

/// A platform behind a proxy on this machine.
async fn behind_a_proxy() -> Scene {
    Scene::start_with(|options| options.trusted_proxies.push("127.0.0.1".parse().unwrap())).await
}

async fn send(scene: &Scene, from: &str, request: RequestBuilder) -> Page {
    let page = scene.browser().exchange(request.header("x-forwarded-for", from)).await;
    check(scene, &page);
    page
}

async fn log_in(scene: &Scene, from: &str, username: &str, password: &str) -> Page {
    let mut browser = scene.browser();
    let page = browser.open(scene.authorization(&[]).as_str()).await;
    let entries = [("username", username), ("password", password)];
    let request = browser.submission(&page, &page.form("password"), &entries);
    send(scene, from, request).await
}

async fn gets_in(scene: &Scene, from: &str, person: &Person) -> bool {
    let page = log_in(scene, from, &person.username, &person.password).await;
    page.returned("code").is_some()
}

#[tokio::test]
async fn ten_wrong_passwords_in_a_row_make_a_name_wait_wherever_they_come_from() {
    let scene = behind_a_proxy().await;
    let (person, other) = (scene.person().await, scene.person().await);
    for attempt in 0..10 {
        let from = if attempt % 2 == 0 { HERE } else { THERE };
        let page = log_in(&scene, from, &person.username, "wrong").await;
        assert_eq!(page.status, 200, "{}", page.text);
    }
    assert!(!gets_in(&scene, HERE, &person).await && !gets_in(&scene, THERE, &person).await);
    assert!(gets_in(&scene, HERE, &other).await, "others are not concerned");
    scene.wait(Duration::from_secs(1));
    assert!(gets_in(&scene, THERE, &person).await);
}

#[tokio::test]
async fn an_address_has_a_hundred_failures_and_then_one_every_two_seconds() {
    let scene = behind_a_proxy().await;
    let person = scene.person().await;
    let mut failures = 0;
    let refused = loop {
        let page = log_in(&scene, HERE, &format!("nobody-{failures}"), "wrong").await;
        if page.status != 200 {
            break page;
        }
        failures += 1;
        assert!(failures < 200, "there is no limit");
    };
    assert_eq!(refused.status, 429, "{}", refused.text);
    assert!((100..=101).contains(&failures), "{failures}");
    assert_eq!(refused.alert().as_deref(), Some("Too many attempts. Please wait a little and try again."));
    assert!(!gets_in(&scene, HERE, &person).await, "the right password waits as well");
    let fields = [("grant_type", "password"), ("username", &*person.username), ("password", &person.password)];
    let client = send(&scene, HERE, scene.as_client("token", &fields)).await;
    assert_eq!((client.status, &body(&client)["error"]), (429, &"temporarily_unavailable".into()));
    let wait: u64 = client.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=3).contains(&wait), "{wait}");
    assert!(gets_in(&scene, THERE, &person).await, "another client is not concerned");
    scene.wait(Duration::from_secs(3));
    assert!(gets_in(&scene, HERE, &person).await);
}

#[tokio::test]
async fn who_is_no_trusted_proxy_cannot_say_where_it_comes_from() {
    let scene = Scene::start().await;
    for number in 0..=101 {
        log_in(&scene, &format!("198.51.100.{number}"), &format!("nobody-{number}"), "wrong").await;
    }
    assert_eq!(log_in(&scene, THERE, "nobody", "wrong").await.status, 429);
}

/// Sends the same until it is refused; says how often it was not, and checks that time and other clients help.
async fn exhaust(scene: &Scene, request: impl Fn(usize) -> RequestBuilder) -> usize {
    let mut sent = 0;
    let refused = loop {
        let page = send(scene, HERE, request(sent)).await;
        if page.status == 429 {
            break page;
        }
        sent += 1;
        assert!(sent < 200, "there is no limit");
    };
    let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((1..=60).contains(&wait), "{wait}");
    assert_ne!(send(scene, THERE, request(0)).await.status, 429, "another client is not concerned");
    assert_eq!(send(scene, HERE, request(0)).await.status, 429);
    scene.wait(Duration::from_secs(wait));
    assert_ne!(send(scene, HERE, request(0)).await.status, 429);
    sent
}

#[tokio::test]
async fn codes_for_api_tokens_are_handed_in_thirty_times_a_minute() {
    let scene = behind_a_proxy().await;
    let places = ["", "/console"].map(|prefix| format!("{}{prefix}/oidc/auth-flow/exchange", scene.platform.base));
    let http = &scene.platform.client;
    let sent = exhaust(&scene, |number| http.post(&places[number % 2]).form(&[("code", "guess")])).await;
    assert_eq!(sent, 30, "below both prefixes together");
}

#[tokio::test]
async fn invitations_are_tried_thirty_times_a_minute() {
    let scene = behind_a_proxy().await;
    let token = invite(&scene).await;
    let http = &scene.platform.client;
    let base = format!("{}/invite", scene.platform.base);
    let sent = exhaust(&scene, |number| match number % 4 {
        0 => http.get(format!("{base}/guess-{number}")),
        1 => http.post(format!("{base}/guess-{number}")).form(&[("username", "somebody")]),
        2 => http.post(&base).json(&json!({ "invitationToken": "guess", "username": "somebody" })),
        _ => http.get(format!("{}/console/invite/guess", scene.platform.base)),
    })
    .await;
    assert_eq!(sent, 30, "in all ways together");
    assert_eq!(send(&scene, THERE, http.get(format!("{base}/{token}"))).await.status, 200);
}
