//! Who asks, and what it costs to find that out.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use primehub_tests::{Answer, Caller, Platform};
use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::json;

const ME: &str = "{ me { username } }";

fn api_token(platform: &Platform, username: &str) -> String {
    platform.person(username).api_token.expose_secret().to_owned()
}

#[tokio::test]
async fn do_better_2_1_an_issuer_that_is_away_is_503_and_says_nothing_about_the_token() {
    let platform = Platform::start().await;
    let token = api_token(&platform, "grace");
    platform.issuer.set_away(true);
    for _ in 0..2 {
        let answer = platform.query_with(&token, ME).await;
        assert_eq!((answer.status, answer.code()), (503, "API_UNAVAILABLE"), "{}", answer.text);
        assert!(answer.headers.contains_key("retry-after"));
    }
    platform.issuer.set_away(false);
    assert_eq!(platform.query_with(&token, ME).await.data()["me"]["username"], "grace");
}

#[tokio::test]
async fn a_token_that_was_good_before_outlives_an_absence_of_the_issuer() {
    let platform = Platform::start().await;
    let (known, unknown) = (api_token(&platform, "grace"), api_token(&platform, "ada"));
    platform.query_with(&known, ME).await.data();
    platform.issuer.set_away(true);
    platform.clock.advance(Duration::from_mins(2));
    platform.query_with(&known, ME).await.data();
    assert_eq!(platform.query_with(&unknown, ME).await.status, 503);
    platform.clock.advance(Duration::from_mins(10));
    assert_eq!(platform.query_with(&known, ME).await.status, 503);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn do_better_2_1_simultaneous_requests_with_one_api_token_cost_one_exchange() {
    let platform = Arc::new(Platform::start().await);
    let token = api_token(&platform, "grace");
    let tasks = (0..32).map(|_| {
        let (platform, token) = (platform.clone(), token.clone());
        tokio::spawn(async move { platform.query_with(&token, ME).await })
    });
    for answer in join_all(tasks).await {
        answer.unwrap().data();
    }
    assert_eq!(platform.issuer.take_exchanges(), 1);
}

#[tokio::test]
async fn do_better_2_1_an_exchange_is_remembered_for_a_moment_only() {
    let platform = Platform::start().await;
    let token = api_token(&platform, "grace");
    for (wait, exchanges) in [(0, 1), (29, 0), (2, 1), (3600, 1)] {
        platform.clock.advance(Duration::from_secs(wait));
        platform.query_with(&token, ME).await.data();
        assert_eq!(platform.issuer.take_exchanges(), exchanges, "after {wait} s more");
    }
}

/// Nothing that was found out before outlives the change.
#[rstest]
#[case::disabled(false, 401)]
#[case::enabled(true, 200)]
#[tokio::test]
async fn whoever_may_log_in_or_no_longer_may_is_asked_about_again(#[case] enabled: bool, #[case] status: u16) {
    let platform = Platform::start().await;
    let (token, grace) = (api_token(&platform, "grace"), platform.user("grace").id.clone());
    platform.query_with(&token, ME).await.data();
    assert_eq!(platform.issuer.take_exchanges(), 1);
    let document =
        format!(r#"mutation {{ updateUser(where: {{ id: "{grace}" }}, data: {{ enabled: {enabled} }}) {{ id }} }}"#);
    platform.query(Caller::PlatformAdministrator, &document).await.data();
    assert_eq!(platform.query_with(&token, ME).await.status, status);
    assert_eq!(platform.issuer.take_exchanges(), 1);
}

#[tokio::test]
async fn a_refused_token_is_not_asked_about_again_at_once() {
    let platform = Platform::start().await;
    for _ in 0..10 {
        assert_eq!(platform.query_with("guessed", ME).await.status, 401);
    }
    assert_eq!(platform.issuer.take_exchanges(), 1);
    platform.clock.advance(Duration::from_secs(6));
    assert_eq!(platform.query_with("guessed", ME).await.status, 401);
    assert_eq!(platform.issuer.take_exchanges(), 1);
}

#[tokio::test]
async fn an_access_token_costs_no_exchange() {
    let platform = Platform::start().await;
    for caller in Caller::ALL {
        platform.query(caller, "{ timezone { name } }").await;
    }
    assert_eq!(platform.issuer.take_exchanges(), 0);
}

#[tokio::test]
async fn keys_may_change_while_the_platform_runs() {
    let mut platform = Platform::start().await;
    let old = platform.token(Caller::Member).to_owned();
    platform.provider.rotate_keys(primehub_memory::oidc::KeyUse::AccessTokens).await.unwrap();
    platform.log_in().await;
    assert_ne!(platform.token(Caller::Member), old);
    platform.query(Caller::Member, ME).await.data();
    platform.query_with(&old, ME).await.data();
}

#[rstest]
#[case::off(false, "phadmin", 401, "UNAUTHENTICATED")]
#[case::administrator(true, "phadmin", 200, "")]
#[case::everybody_else_is_no_administrator(true, "grace", 200, "NOT_AUTH")]
#[tokio::test]
async fn do_better_2_1_a_password_gives_the_rights_of_its_account(
    #[case] accepted: bool,
    #[case] username: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let platform = Platform::start_with(|options| options.password_login = accepted).await;
    let password = platform.person(username).password.expose_secret();
    let ask = async |password: &str| {
        let request = platform.client.post(platform.graphql()).basic_auth(username, Some(password));
        platform.send(request.json(&json!({ "query": "{ system { __typename } }" }))).await
    };
    let answer: Answer = ask(password).await;
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
    let wrong = ask("wrong").await;
    assert_eq!((wrong.status, wrong.code()), (401, "UNAUTHENTICATED"));
    assert!(!accepted || wrong.message().contains("basic auth not valid"), "{}", wrong.message());
}

#[tokio::test]
async fn the_shared_secret_is_a_server_and_nothing_near_it_is() {
    let platform = Platform::start().await;
    let document = "{ system { __typename } }";
    platform.query_with(Platform::SHARED_SECRET, document).await.data();
    let near = [
        Platform::SHARED_SECRET.to_uppercase(),
        format!("{}x", Platform::SHARED_SECRET),
        Platform::SHARED_SECRET[1..].to_owned(),
        String::new(),
    ];
    for secret in near {
        assert_eq!(platform.query_with(&secret, document).await.status, 401, "{secret:?}");
    }
}
