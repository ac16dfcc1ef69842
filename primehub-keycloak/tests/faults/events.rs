//! Events come late, or are gone before they were seen.

use std::time::Duration;

use primehub_core::identity::{Freshness, IdentityStore as _};
use wiremock::{Request, ResponseTemplate};

use crate::house::{House, eventually};
use crate::realm::{FakeKeycloak, event, user};

#[tokio::test]
async fn an_event_that_becomes_visible_after_later_ones_is_followed() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |_| {}).await;
    let add = |name: &str, time| {
        let mut state = keycloak.state();
        state.users.insert(name.to_owned(), user(name));
        state.admin_events.push(event(name, time, &format!("users/{name}")));
    };
    add("prompt", 1_050_000);
    house.shows_user("prompt").await;
    assert_eq!(house.metric("keycloak_mirror_late_events_total").await, 0);
    let events = house.metric("keycloak_mirror_events_total").await;
    // Stamped before the other one, committed after it.
    add("late", 1_030_001);
    house.shows_user("late").await;
    assert_eq!(house.metric("keycloak_mirror_late_events_total").await, 1);
    // Each once: what was seen is not read again and again.
    assert_eq!(house.metric("keycloak_mirror_events_total").await, events + 1);
    assert_eq!(house.metric("keycloak_mirror_refreshes_total").await, 1);
}

#[tokio::test]
async fn events_that_have_expired_lead_to_a_complete_reading() {
    let keycloak = FakeKeycloak::start().await;
    let house = House::ready(&keycloak, |_| {}).await;
    {
        let mut state = keycloak.state();
        state.users.insert("unheard-of".to_owned(), user("unheard-of"));
        state.admin_events.clear();
    }
    house.shows_user("unheard-of").await;
    house.becomes_live().await;
    {
        let mut state = keycloak.state();
        state.users.insert("heard-of".to_owned(), user("heard-of"));
        state.admin_events.push(event("again", 2_000_000, "users/heard-of"));
    }
    house.shows_user("heard-of").await;
    house.heals().await;
}

/// The right to read events is taken away from a server that runs: that is no outage.
#[tokio::test]
async fn events_that_may_not_be_read_any_more_are_missing() {
    let keycloak = FakeKeycloak::start().await;
    let house =
        House::ready(&keycloak, |settings| settings.following.refresh_without_events = Duration::from_secs(1)).await;
    keycloak.fails(|request: &Request| {
        let body = serde_json::json!({ "error": "HTTP 403 Forbidden" });
        request.url.path().ends_with("events").then(|| ResponseTemplate::new(403).set_body_json(body))
    });
    let delayed =
        async || matches!(house.store.freshness(), Freshness::Delayed { cause, .. } if cause.contains("view-events"));
    eventually("events are missing", delayed).await;
    let (status, text) = house.operators("/readyz").await;
    assert!(status == 200 && text.contains("lacks the role view-events"), "{status} {text}");
    assert_eq!(house.metric(r#"primehub_graphql_identity_picture{freshness="delayed"}"#).await, 1);
    // Writes go on, and what others do is found by reading everything.
    assert_eq!(house.rename("delayed").await.stale, None);
    keycloak.state().users.insert("found".to_owned(), user("found"));
    house.shows_user("found").await;
    keycloak.works();
    house.heals().await;
}
