//! The service account's token does not count any more.

use futures::future::join_all;
use wiremock::{Request, ResponseTemplate};

use crate::house::House;
use crate::realm::FakeKeycloak;

#[tokio::test]
async fn a_revoked_token_is_renewed_once_for_everybody() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |_| {}).await;
    let issued = {
        let mut state = keycloak.state();
        // As if another one had been issued since: the one at hand is refused.
        state.tokens += 1;
        state.tokens
    };
    let names: Vec<String> = (0..50).map(|number| format!("token {number}")).collect();
    for answer in join_all(names.iter().map(|name| house.rename(name))).await {
        answer.data();
    }
    assert_eq!(keycloak.state().tokens, issued + 1);
    house.heals().await;
    assert_eq!(keycloak.state().tokens, issued + 1);
}

/// Whoever refuses every token is not asked for ever: each call is repeated with one new token, and tokens are asked for when somebody needs
/// one.
#[tokio::test]
async fn a_keycloak_that_refuses_every_token_counts_as_away() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |_| {}).await;
    keycloak.fails(|request: &Request| {
        let body = serde_json::json!({ "error": "HTTP 401 Unauthorized" });
        request.url.path().starts_with("/admin").then(|| ResponseTemplate::new(401).set_body_json(body))
    });
    house.becomes_stale("does not accept the client admin-ui").await;
    let (tokens, requests) = {
        let state = keycloak.state();
        (state.tokens, state.requests)
    };
    assert!(tokens <= requests / 2, "{tokens} tokens for {requests} requests");
    house.goes_on_from_the_last_picture().await;
    keycloak.works();
    house.heals().await;
}
