//! The clock of the platform and that of Keycloak are a minute apart.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Freshness, IdentityStore as _};
use real_peers::Shared;
use serde_json::json;

use super::house::House;
use super::realm::Realm;

const MINUTE: Duration = Duration::from_mins(1);
const ME: &str = "{ me { username } }";

pub(super) async fn a_minute_off(shared: Arc<Shared>) {
    let realm = Realm::create(&shared.keycloak().await.unwrap(), "clock").await;
    let group = realm.group("research").await;
    for ahead in [true, false] {
        let house = House::start(realm.settings()).await;
        if ahead {
            house.clock.skew(MINUTE);
        } else {
            house.clock.skew_back(MINUTE);
        }
        house.becomes_live().await;
        // Tokens of now, of either kind, count; so does what is done with them.
        let token = realm.log_in("phadmin").await;
        assert_eq!(house.query(&token, ME).await.data()["me"]["username"], "phadmin");
        assert_eq!(house.query(&realm.api_token("ada").await, ME).await.data()["me"]["username"], "ada");
        house.rename(&token, &group, "Off").await.data();
        // Following and the account's own token ask no clock of ours.
        let name = format!("seen-{ahead}");
        realm.add_user(&name).await;
        house.shows_user(&name, true).await;
        assert_eq!(house.store.freshness(), Freshness::Live);
        assert_eq!(house.keycloak.metrics().calls_of("token.service"), 1);
        assert!(house.metric("keycloak_mirror_age_seconds").await < 60);
    }

    // Whose clock is ahead does not take a token of a minute for one that has ended, and not for long for one that has not.
    realm.set(json!({ "accessTokenLifespan": MINUTE.as_secs() })).await;
    let house = House::ready(realm.settings()).await;
    let token = realm.log_in("phadmin").await;
    house.clock.skew(MINUTE);
    assert_eq!(house.query(&token, ME).await.data()["me"]["username"], "phadmin");
    house.clock.skew(MINUTE);
    let ended = house.query(&token, ME).await;
    assert_eq!((ended.status, ended.code()), (401, "UNAUTHENTICATED"), "{ended:?}");
    realm.end().await;
}
