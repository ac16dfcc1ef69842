//! Events come late, or are gone before they were seen.

use crate::house::House;
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
