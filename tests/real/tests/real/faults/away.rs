//! Keycloak is not there, or not yet, or has lost the realm.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Freshness, IdentityStore as _};
use real_peers::Shared;
use reqwest::Client;

use super::gate::Gate;
use super::house::{House, eventually};
use super::own::Own;
use super::realm::Realm;

/// "At once": without waiting for anything, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(3);
const GROUPS: &str = "{ groups { name } }";
const ME: &str = "{ me { username } }";

pub(super) async fn at_the_start(own: Arc<Own>) {
    let keycloak = own.turn().await;
    let realm = Realm::create(&keycloak.endpoint(), "away-at-start").await;
    let token = realm.log_in("phadmin").await;
    keycloak.stop().await.unwrap();
    let house = House::start(realm.settings()).await;
    not_ready(&house, &token).await;

    keycloak.launch_again().unwrap();
    let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let certificates = format!("{}/realms/{}/protocol/openid-connect/certs", keycloak.base_url(), realm.name);
    eventually("Keycloak says that it is starting", async || {
        let Ok(answer) = client.get(&certificates).send().await else { return false };
        assert_ne!(answer.status(), 200, "Keycloak has started without saying so");
        answer.status() == 503 && answer.text().await.is_ok_and(|text| text.starts_with("Bootstrap in progress"))
    })
    .await;
    not_ready(&house, &token).await;

    // Nobody does anything about it.
    house.becomes_live().await;
    assert_eq!(house.operators("/readyz").await, (200, "OK".to_owned()));
    assert_eq!(house.query(&token, ME).await.data()["me"]["username"], "phadmin");
    let group = realm.group("research").await;
    house.rename(&token, &group, "Awake").await.data();
    realm.end().await;
}

async fn not_ready(house: &House, token: &str) {
    assert_eq!(house.store.freshness(), Freshness::NotLoaded);
    assert_eq!(house.operators("/healthz").await, (200, "OK".to_owned()));
    let (status, text) = house.operators("/readyz").await;
    assert!(status == 503 && text.contains("API_UNAVAILABLE"), "{status} {text}");
    assert_eq!(house.metric(r#"primehub_graphql_identity_picture{freshness="not_loaded"}"#).await, 1);
    house.ask(GROUPS).await.assert_unavailable();
    house.query(token, ME).await.assert_unavailable();
    house.rename(token, "any", "Any").await.assert_unavailable();
}

pub(super) async fn for_long(shared: Arc<Shared>) {
    let endpoint = shared.keycloak().await.unwrap();
    let realm = Realm::create(&endpoint, "away-for-long").await;
    let gate = Gate::to(&endpoint.base_url).await;
    let house = House::ready(realm.settings_at(&gate.base)).await;
    let token = realm.log_in("phadmin").await;
    let (known, never_seen) = (realm.api_token("ada").await, realm.api_token("grace").await);
    let group = realm.group("research").await;
    assert_eq!(house.query(&token, ME).await.stale, None);
    assert_eq!(house.query(&known, ME).await.data()["me"]["username"], "ada");

    gate.cut();
    house.becomes_stale("").await;
    // Longer than an exchange is remembered while all is well.
    house.clock.skew(Duration::from_secs(31));
    for (credentials, document) in [(super::house::SHARED, GROUPS), (&*token, ME), (&*known, ME)] {
        let answer = house.query(credentials, document).await;
        answer.data();
        assert!(answer.stale.is_some(), "{answer:?}");
    }
    for answer in [house.query(&never_seen, ME).await, house.rename(&token, &group, "Lost").await] {
        answer.assert_unavailable();
        assert!(answer.took < AT_ONCE, "{answer:?}");
    }
    let (status, text) = house.operators("/readyz").await;
    assert!(status == 200 && text.contains("has been away since"), "{status} {text}");
    assert_eq!(house.metric(r#"primehub_graphql_identity_picture{freshness="stale"}"#).await, 1);
    assert!(house.metric("primehub_graphql_identity_picture_behind_seconds").await >= 31);

    // As long as the last picture counts, and no longer.
    house.clock.skew(Duration::from_mins(10));
    for credentials in [super::house::SHARED, &*token, &*known] {
        house.query(credentials, GROUPS).await.assert_unavailable();
    }
    assert_eq!(house.operators("/readyz").await.0, 503);
    assert_eq!(house.operators("/healthz").await.0, 200);

    gate.mend();
    house.becomes_live().await;
    assert_eq!(house.operators("/readyz").await, (200, "OK".to_owned()));
    assert_eq!(house.query(&token, ME).await.stale, None);
    assert_eq!(house.query(&known, ME).await.data()["me"]["username"], "ada");
    assert_eq!(house.query(&never_seen, ME).await.data()["me"]["username"], "grace");
    let renamed = house.rename(&token, &group, "Found").await;
    assert_eq!(renamed.data()["updateGroup"]["displayName"], "Found");
    realm.end().await;
}

pub(super) async fn realm_deleted(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "deleted").await;
    let house = House::ready(realm.settings()).await;
    let token = realm.log_in("phadmin").await;
    assert_eq!(house.query(&token, ME).await.data()["me"]["username"], "phadmin");

    realm.end().await;
    house.becomes_stale("realm").await;
    let answer = house.query(&token, ME).await;
    assert_eq!(answer.data()["me"]["username"], "phadmin");
    assert!(answer.stale.is_some());
    house.rename(&token, "any", "Any").await.assert_unavailable();
    house.clock.skew(Duration::from_mins(11));
    house.query(&token, ME).await.assert_unavailable();
    house.clock.skew_back(Duration::from_mins(11));

    // A realm of the same name is another one: nothing of the old picture is left.
    realm.make().await;
    let (user, group) = (realm.user("ada").await, realm.group("research").await);
    house.becomes_live().await;
    eventually("the new realm is shown", async || {
        let directory = house.store.directory();
        let user_is_new = directory.user_named("ada").is_some_and(|found| found.id.as_str() == user);
        user_is_new && directory.group_named("research").is_some_and(|found| found.id.as_str() == group)
    })
    .await;
    let token = realm.log_in("phadmin").await;
    // Its keys are new as well.
    let renamed = house.rename(&token, &group, "New").await;
    assert_eq!(renamed.data()["updateGroup"]["displayName"], "New");
    assert_eq!(house.store.directory().people_count(), 3);
    realm.end().await;
}
