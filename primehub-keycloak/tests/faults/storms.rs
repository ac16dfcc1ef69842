//! Keycloak answers everything with an error.

use futures::future::join_all;
use serde_json::json;
use wiremock::{Request, ResponseTemplate};

use crate::house::House;
use crate::realm::FakeKeycloak;

const WRITES: usize = 100;

/// A hundred writes, before anybody knows that they are in vain. Answers how many requests Keycloak got meanwhile.
async fn storm(keycloak: &FakeKeycloak, house: &House) -> usize {
    let before = keycloak.state().requests;
    let names: Vec<String> = (0..WRITES).map(|number| format!("storm {number}")).collect();
    for write in join_all(names.iter().map(|name| house.rename(name))).await {
        write.assert_unavailable();
    }
    keycloak.state().requests - before
}

#[tokio::test]
async fn a_storm_of_500_costs_each_write_as_many_calls_as_alone() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |_| {}).await;
    keycloak.fails(|request: &Request| {
        let body =
            json!({ "error": "unknown_error", "error_description": "For more on this error consult the server log." });
        request.url.path().starts_with("/admin").then(|| ResponseTemplate::new(500).set_body_json(body))
    });
    let asked = storm(&keycloak, &house).await;
    // Three times for the reading with which a write begins. The rest is the mirror's.
    assert!(asked <= 3 * WRITES + 100, "{asked}");
    house.becomes_stale("status 500").await;
    house.goes_on_from_the_last_picture().await;
    let calm = keycloak.state().requests;
    storm(&keycloak, &house).await;
    assert!(keycloak.state().requests - calm <= 100, "writes are refused without asking");
    keycloak.works();
    house.heals().await;
}

#[tokio::test]
async fn a_storm_of_429_is_answered_with_silence() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |_| {}).await;
    keycloak.fails(|_| Some(ResponseTemplate::new(429).insert_header("retry-after", "1").set_body_string("slow down")));
    let asked = storm(&keycloak, &house).await;
    // As many as run at once, and the few after it that look whether it is over.
    assert!(asked <= 100, "{asked}");
    house.becomes_stale("status 429: slow down").await;
    house.goes_on_from_the_last_picture().await;
    keycloak.works();
    house.heals().await;
}
