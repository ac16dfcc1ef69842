//! Keycloak does not tell what changes.

use std::sync::Arc;
use std::time::Duration;

use primehub_keycloak::KeycloakSettings;
use real_peers::Shared;
use serde_json::json;

use super::house::House;
use super::realm::Realm;

const DELAYED: &str = r#"primehub_graphql_identity_picture{freshness="delayed"}"#;

/// Without events everything is read every second.
fn settings(realm: &Realm) -> KeycloakSettings {
    let mut settings = realm.settings();
    settings.following.refresh_without_events = Duration::from_secs(1);
    settings
}

pub(super) async fn cleared(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "cleared").await;
    let house = House::ready(realm.settings()).await;
    realm.add_user("before").await;
    house.shows_user("before", true).await;
    let refreshes = house.metric("keycloak_mirror_refreshes_total").await;

    // Nothing tells of the second user: the events are gone before anybody can look. The next complete reading is ten minutes away.
    realm.add_user("unheard-of").await;
    realm.admin.delete(&realm.path("admin-events")).await.unwrap();
    house.shows_user("unheard-of", true).await;
    assert!(house.metric("keycloak_mirror_refreshes_total").await <= refreshes + 2);
    house.becomes_live().await;
    // And the ones from then on are followed.
    realm.add_user("after").await;
    house.shows_user("after", true).await;
    realm.end().await;
}

/// That the picture is behind is said, and it is not far behind.
async fn is_delayed(house: &House, realm: &Realm, because: &str) {
    let cause = house.becomes_delayed().await;
    assert!(cause.contains(because), "{because} in {cause}");
    let (status, text) = house.operators("/readyz").await;
    assert!(status == 200 && text.contains(because) && text.contains("after up to 1 s"), "{status} {text}");
    assert_eq!(house.metric(DELAYED).await, 1);
    assert_eq!(house.metric("keycloak_mirror_mode").await, 2);
    realm.add_user("late").await;
    house.shows_user("late", true).await;
    // Our own changes show at once, and nobody is told that answers are old.
    let token = realm.log_in("phadmin").await;
    let renamed = house.rename(&token, &realm.group("research").await, "Own").await;
    assert_eq!((renamed.data()["updateGroup"]["displayName"].as_str(), &renamed.stale), (Some("Own"), &None));
}

pub(super) async fn switched_off(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "switched-off").await;
    let house = House::ready(settings(&realm)).await;
    realm.set(json!({ "adminEventsEnabled": false })).await;
    is_delayed(&house, &realm, "records no admin events").await;
    realm.set(json!({ "adminEventsEnabled": true })).await;
    house.becomes_live().await;
    assert_eq!(house.operators("/readyz").await, (200, "OK".to_owned()));
    assert_eq!(house.metric(DELAYED).await, 0);
    realm.add_user("heard-of").await;
    house.shows_user("heard-of", true).await;

    realm.set(json!({ "eventsEnabled": false })).await;
    let cause = house.becomes_delayed().await;
    assert!(cause.contains("records no user events"), "{cause}");
    realm.end().await;
}

pub(super) async fn not_permitted(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "not-permitted").await;
    let account = realm.service_account().await;
    // From the start, and after it was permitted.
    realm.set_right(&account, "view-events", false).await;
    let house = House::start(settings(&realm)).await;
    is_delayed(&house, &realm, "view-events").await;
    realm.set_right(&account, "view-events", true).await;
    house.becomes_live().await;
    realm.add_user("permitted").await;
    house.shows_user("permitted", true).await;
    realm.set_right(&account, "view-events", false).await;
    let cause = house.becomes_delayed().await;
    assert!(cause.contains("view-events"), "{cause}");
    realm.add_user("not-permitted-any-more").await;
    house.shows_user("not-permitted-any-more", true).await;
    realm.end().await;
}
