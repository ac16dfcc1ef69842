//! The keys with which the realm signs change.

use std::sync::Arc;
use std::time::Duration;

use real_peers::Shared;
use serde_json::json;

use super::house::House;
use super::realm::Realm;

const ME: &str = "{ me { username } }";

pub(super) async fn rotated(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "keys").await;
    let house = House::ready(realm.settings()).await;
    let old = realm.log_in("phadmin").await;
    house.query(&old, ME).await.data();
    let components = realm.get("components?type=org.keycloak.keys.KeyProvider").await;
    let key = components.as_array().unwrap().iter().find(|row| row["providerId"] == "rsa-generated").unwrap();
    let key = key["id"].as_str().unwrap().to_owned();

    let newer = json!({
        "name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider",
        "config": { "priority": ["200"], "enabled": ["true"], "active": ["true"], "algorithm": ["RS256"], "keySize": ["2048"] },
    });
    realm.admin.post(&realm.path("components"), &newer).await.unwrap();
    let new = realm.log_in("phadmin").await;
    assert_ne!(key_id(&old), key_id(&new));
    // The new one is followed at once, and the old one goes on counting.
    assert_eq!(house.query(&new, ME).await.data()["me"]["username"], "phadmin");
    assert_eq!(house.query(&old, ME).await.data()["me"]["username"], "phadmin");

    let asked = house.keycloak.metrics().calls_of("token.service");
    realm.admin.delete(&realm.path(&format!("components/{key}"))).await.unwrap();
    // The service account's own token was signed with it.
    realm.add_user("after-rotation").await;
    house.shows_user("after-rotation", true).await;
    assert_eq!(house.keycloak.metrics().calls_of("token.service"), asked + 1);
    house.becomes_live().await;
    // A withdrawn key stops counting when the keys are read again.
    house.clock.skew(Duration::from_secs(5 * 60 + 1));
    let refused = house.query(&old, ME).await;
    assert_eq!((refused.status, refused.code()), (401, "UNAUTHENTICATED"), "{refused:?}");
    assert_eq!(house.query(&new, ME).await.data()["me"]["username"], "phadmin");
    realm.end().await;
}

/// The first part of a token names its key.
fn key_id(token: &str) -> &str {
    token.split('.').next().unwrap()
}
