//! The account by which the platform acts loses its token, or its secret.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::IdentityStore as _;
use real_peers::Shared;
use serde_json::{Value, json};

use super::house::{House, eventually};
use super::realm::{CLIENT, Realm, SECRET};

const ME: &str = "{ me { username } }";

/// Makes all tokens of before void, as an administrator does who pushes `notBefore`. The second of the newest token has to be over.
async fn void_tokens(realm: &Realm) {
    let issued = SystemClock.now().as_second();
    eventually("the second is over", async || SystemClock.now().as_second() > issued).await;
    realm.set(json!({ "notBefore": SystemClock.now().as_second() })).await;
}

pub(super) async fn revoked(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "revoked").await;
    let house = House::ready(realm.settings()).await;
    let metrics = house.keycloak.metrics();
    let token = realm.log_in("phadmin").await;
    let api_token = realm.api_token("ada").await;
    house.query(&token, ME).await.data();
    house.query(&api_token, ME).await.data();
    let group = realm.group("research").await;

    void_tokens(&realm).await;
    let asked = metrics.calls_of("token.service");
    // Each of them needs the account, and so does the mirror: all of them together ask for one token.
    let counts = join_all((0..30).map(|_| house.query(&token, "{ users { username apiTokenCount } }"))).await;
    for answer in counts {
        let users = answer.data()["users"].as_array().unwrap();
        let ada = users.iter().find(|user| user["username"] == "ada").unwrap();
        assert_eq!(ada["apiTokenCount"], 1, "{answer:?}");
    }
    assert_eq!(metrics.calls_of("token.service"), asked + 1);
    house.becomes_live().await;
    // The person's own token is void as well, where it is shown to Keycloak.
    let refused = house.rename(&token, &group, "Void").await;
    assert_eq!(refused.code(), "NOT_AUTH", "{refused:?}");
    let token = realm.log_in("phadmin").await;
    house.rename(&token, &group, "Renewed").await.data();

    let asked = metrics.calls_of("token.service");
    realm.admin.post(&realm.path("logout-all"), &Value::Null).await.unwrap();
    realm.add_user("after-logout").await;
    house.shows_user("after-logout", true).await;
    assert!(metrics.calls_of("token.service") <= asked + 1);
    // That did end the API tokens: as soon as an exchange is not remembered any more.
    house.clock.skew(Duration::from_secs(31));
    let ended = house.query(&api_token, ME).await;
    assert_eq!((ended.status, ended.code()), (401, "UNAUTHENTICATED"), "{ended:?}");
    realm.end().await;
}

pub(super) async fn secret_changes(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "secret").await;
    let house = House::ready(realm.settings()).await;
    let token = realm.log_in("phadmin").await;
    house.query(&token, ME).await.data();
    let client = realm.client(CLIENT).await;

    realm.admin.post(&realm.path(&format!("clients/{client}/client-secret")), &json!({})).await.unwrap();
    // The token at hand goes on counting.
    realm.add_user("still-seen").await;
    house.shows_user("still-seen", true).await;
    let asked = house.keycloak.metrics().calls_of("token.service");
    void_tokens(&realm).await;
    house.becomes_stale(&format!("Keycloak does not accept the client {CLIENT:?} or its secret")).await;
    assert!(!format!("{:?}", house.store.freshness()).contains(SECRET));
    let answer = house.query(&token, ME).await;
    answer.data();
    assert!(answer.stale.is_some());
    house.rename(&token, "any", "Any").await.assert_unavailable();
    // Not more than one question a second, though the mirror wants to look five times.
    let questions = house.keycloak.metrics().calls_of("token.service") - asked;
    assert!((1..=30).contains(&questions), "{questions}");

    realm
        .admin
        .put(&realm.path(&format!("clients/{client}")), &json!({ "clientId": CLIENT, "secret": SECRET }))
        .await
        .unwrap();
    house.becomes_live().await;
    realm.add_user("seen-again").await;
    house.shows_user("seen-again", true).await;
    realm.end().await;
}
