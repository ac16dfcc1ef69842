//! How many calls operations cost, while the realm is followed.

use std::collections::BTreeMap;
use std::sync::Arc;

use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{Actor, AttributeEdit, Binding, GroupEdit, IdentityStore as _, NewGroup, NewUser};
use primehub_core::names::{GroupId, UserId};
use primehub_keycloak::{Keycloak, KeycloakTokens};
use real_peers::Shared;
use secrecy::SecretString;

use super::realm::Realm;

/// Runs `operation`, and says which calls it cost.
async fn cost<T>(keycloak: &Keycloak, operation: impl Future<Output = T>) -> (T, BTreeMap<&'static str, u64>) {
    let before = keycloak.metrics().calls_for_requests();
    let value = operation.await;
    let mut calls = keycloak.metrics().calls_for_requests();
    for (kind, number) in before {
        *calls.entry(kind).or_default() -= number;
    }
    calls.retain(|_, number| *number > 0);
    (value, calls)
}

fn at_most(what: &str, limit: u64, calls: &BTreeMap<&'static str, u64>) {
    println!("{what}: {} calls of at most {limit}: {calls:?}", calls.values().sum::<u64>());
    assert!(calls.values().sum::<u64>() <= limit, "{what}: {calls:?}");
}

/// Warm reads cost nothing, an account with three groups at most six calls, ten changed members of a group at most thirteen, an exchange one.
pub(super) async fn counted(shared: Arc<Shared>) {
    let realm = Realm::bootstrapped(&shared, "price").await;
    let password = SecretString::from("Pass-word-1");
    let id = realm.person("administrator", "Pass-word-1").await;
    realm.administrates(&id).await;
    let administrator = realm.log_in("administrator", &password).await.unwrap().unwrap();
    let keycloak = realm.keycloak();
    let store = Realm::store_on(keycloak.clone()).await;
    let upkeep = keycloak.metrics().total_calls();
    assert!(upkeep > 0 && keycloak.metrics().calls_for_requests().is_empty(), "the first reading is upkeep");

    let mut groups: Vec<GroupId> = Vec::new();
    for name in ["one", "two", "three"] {
        let new = NewGroup::new(name.parse().unwrap());
        groups.push(store.create_group(&Actor::service(), new).await.unwrap().value.id.clone());
    }
    let mut people: Vec<UserId> = Vec::new();
    for number in 0..10 {
        let new = NewUser::new(format!("person-{number}").parse().unwrap());
        people.push(store.create_user(&Actor::service(), new).await.unwrap().value.id.clone());
    }

    let ((), calls) = cost(&keycloak, async {
        let directory = store.directory();
        for user in directory.people_from(0) {
            assert!(directory.groups_of(&user.id).count() > 0);
        }
        assert_eq!(directory.groups().count(), 4);
    })
    .await;
    at_most("warm reads", 0, &calls);

    let (user, calls) = cost(&keycloak, async {
        let mut new = NewUser::new("amy".parse().unwrap());
        new.email = Some("amy@example.com".into());
        new.attributes.set_one("volumeCapacity", "20G");
        let user = store.create_user(&administrator, new).await.unwrap().value;
        let joins: Vec<_> =
            groups.iter().map(|group| Binding::Join { user: user.id.clone(), group: group.clone() }).collect();
        for outcome in store.bind(&administrator, &joins).await.unwrap() {
            outcome.unwrap();
        }
        user
    })
    .await;
    at_most("an account with three groups", 6, &calls);
    assert_eq!(store.directory().groups_of(&user.id).count(), 4);

    let ((), calls) = cost(&keycloak, async {
        let mut edit = GroupEdit::default();
        edit.attributes.set("quota-cpu", "2");
        edit.attributes.put("admins", AttributeEdit::Change { add: vec!["amy".into()], remove: Vec::new() });
        store.edit_group(&administrator, &groups[0], edit).await.unwrap();
        let group = &groups[0];
        let mut bindings: Vec<_> =
            people.iter().take(9).map(|user| Binding::Join { user: user.clone(), group: group.clone() }).collect();
        bindings.push(Binding::Leave { user: user.id.clone(), group: group.clone() });
        for outcome in store.bind(&administrator, &bindings).await.unwrap() {
            outcome.unwrap();
        }
    })
    .await;
    at_most("a group with ten members changed", 13, &calls);
    assert_eq!(store.directory().member_count(&groups[0]), 9);

    let tokens = realm.with_password("administrator", &password, "openid offline_access").await.unwrap().unwrap();
    let api_token = SecretString::from(tokens["refresh_token"].as_str().unwrap());
    let issuer = KeycloakTokens::new(&keycloak);
    let (access, calls) = cost(&keycloak, issuer.exchange_api_token(&api_token)).await;
    access.unwrap();
    at_most("an exchange", 1, &calls);
    assert_eq!(calls.values().sum::<u64>(), 1, "{calls:?}");
    realm.end().await;
}
