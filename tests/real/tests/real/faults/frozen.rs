//! Keycloak is frozen: connections are accepted, and nothing is answered.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;

use super::house::{House, eventually};
use super::own::Own;
use super::realm::Realm;

const ME: &str = "{ me { username } }";

/// For as long as it takes to be noticed, which are three seconds.
pub(super) async fn for_a_moment(own: Arc<Own>) {
    let keycloak = own.turn().await;
    let realm = Realm::create(&keycloak.endpoint(), "frozen").await;
    let house = House::ready(realm.settings()).await;
    let token = realm.log_in("phadmin").await;
    let group = realm.group("research").await;
    house.query(&token, ME).await.data();

    keycloak.pause().unwrap();
    let meanwhile = async {
        house.becomes_stale("does not answer").await;
        let read = house.query(&token, ME).await;
        assert_eq!(read.data()["me"]["username"], "phadmin");
        assert!(read.stale.is_some(), "{read:?}");
        let refused = house.rename(&token, &group, "Refused").await;
        refused.assert_unavailable();
        assert!(refused.took < Duration::from_secs(3), "{refused:?}");
        keycloak.resume().unwrap();
    };
    // It had left before anybody knew, so it is carried out as soon as somebody is there again.
    let (waited, ()) = tokio::join!(house.rename(&token, &group, "Patient"), meanwhile);
    assert_eq!(waited.data()["updateGroup"]["displayName"], "Patient");
    house.becomes_live().await;
    assert_eq!(house.query(&token, ME).await.stale, None);
    assert_eq!(realm.get(&format!("groups/{group}")).await["attributes"]["displayName"][0], "Patient");
    realm.end().await;
}

/// For longer than calls and clients wait, while a hundred of them want something.
pub(super) async fn for_long(own: Arc<Own>) {
    let keycloak = own.turn().await;
    let realm = Realm::create(&keycloak.endpoint(), "frozen-long").await;
    let mut settings = realm.settings();
    let patience = &mut settings.patience;
    (patience.token, patience.admin, patience.page) =
        (Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(2));
    patience.calls = 8;
    let house = House::ready(settings).await;
    let token = realm.log_in("phadmin").await;
    let group = realm.group("research").await;
    house.query(&token, ME).await.data();

    keycloak.pause().unwrap();
    let requests = (0..100).map(async |number| match number % 2 {
        0 => house.query(&token, ME).await,
        _ => house.rename(&token, &group, &format!("Name {number}")).await,
    });
    for (number, answer) in join_all(requests).await.into_iter().enumerate() {
        // The limit of a request is nine seconds; the rest is for a busy machine.
        assert!(answer.took < Duration::from_secs(15), "{answer:?}");
        if number % 2 == 0 {
            assert_eq!(answer.data()["me"]["username"], "phadmin");
        } else {
            assert_eq!(answer.code(), "API_UNAVAILABLE", "{answer:?}");
        }
    }
    // Nothing has piled up: what is left is the one call that looks for the end of the outage, and the mirror's own.
    house.becomes_stale("").await;
    eventually("no request is left", async || house.metric("primehub_graphql_requests_running").await == 0).await;
    assert!(house.metric("keycloak_calls_in_flight").await <= 4);

    keycloak.resume().unwrap();
    house.becomes_live().await;
    let stored = || async {
        realm.get(&format!("groups/{group}")).await.pointer("/attributes/displayName/0").cloned().unwrap_or_default()
    };
    let shown = async || -> Value {
        let groups = house.query(&token, "{ groups { name displayName } }").await.data()["groups"].clone();
        let research = groups.as_array().unwrap().iter().find(|group| group["name"] == "research");
        research.unwrap()["displayName"].clone()
    };
    // Keycloak may go on with what it was asked before; what is shown in the end is what it has in the end.
    eventually("the picture is right", async || shown().await == stored().await).await;
    let renamed = house.rename(&token, &group, "Thawed").await;
    assert_eq!(renamed.data()["updateGroup"]["displayName"], "Thawed");
    eventually("the change stays", async || (stored().await, shown().await) == ("Thawed".into(), "Thawed".into()))
        .await;
    realm.end().await;
}
