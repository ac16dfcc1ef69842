//! A Keycloak that is starting answers everything with a text.

use primehub_core::identity::{Freshness, IdentityStore as _};
use wiremock::{Request, ResponseTemplate};

use crate::house::{House, eventually};
use crate::realm::FakeKeycloak;

const TEXT: &str = "Bootstrap in progress. Retry in 17 seconds.";

#[expect(clippy::unnecessary_wraps, reason = "the shape of a fault")]
fn starting(_: &Request) -> Option<ResponseTemplate> {
    let answer = ResponseTemplate::new(503).insert_header("retry-after", "1").insert_header("refresh", "1");
    Some(answer.set_body_raw(TEXT, "text/plain"))
}

#[tokio::test]
async fn bootstrap_in_progress_means_not_yet() {
    let keycloak = FakeKeycloak::start().await;
    keycloak.fails(starting);
    let house = House::start(&keycloak).await;
    eventually("Keycloak was asked", async || keycloak.state().faulty >= 3).await;
    assert_eq!(house.store.freshness(), Freshness::NotLoaded);
    assert_eq!(house.operators("/readyz").await.0, 503);
    assert_eq!(house.operators("/healthz").await, (200, "OK".to_owned()));
    for answer in [house.groups().await, house.me().await, house.rename("early").await] {
        answer.assert_unavailable();
        assert_eq!(answer.status, 503);
    }
    keycloak.works();
    house.heals().await;

    // Restarted: its keys and tokens are asked for in vain, and nobody takes the text for an answer about them.
    keycloak.fails(starting);
    house.becomes_stale("status 503: Bootstrap in progress").await;
    house.goes_on_from_the_last_picture().await;
    keycloak.works();
    house.heals().await;
}
