//! A realm of a real Keycloak as a backend of the suite.

use std::sync::Arc;

use async_trait::async_trait;
use primehub_conformance::{Backend, Failure, OtherHand};
use primehub_core::identity::{Actor, IdentityStore};
use primehub_keycloak::KeycloakIdentityStore;
use real_peers::Shared;
use secrecy::SecretString;

use super::hand::KeycloakHand;
use super::mail::MailSink;
use super::realm::Realm;

/// The store on one bootstrapped realm.
pub(crate) struct KeycloakBackend {
    store: KeycloakIdentityStore,
    hand: Arc<KeycloakHand>,
    administrator: Actor,
    plain_person: Actor,
}

impl KeycloakBackend {
    pub(super) async fn start(shared: &Shared) -> Self {
        let realm = Arc::new(Realm::bootstrapped(shared, "conformance").await);
        let (administrator, plain) = ("conformance-administrator", "conformance-person");
        let mut people = Vec::new();
        for name in [administrator, plain] {
            let password = format!("Pass-word of {name}");
            let id = realm.person(name, &password).await;
            if name == administrator {
                realm.administrates(&id).await;
            }
            people.push((id, realm.log_in(name, &password.into()).await.unwrap().expect("nobody is refused")));
        }
        let [(_, administrator), (reader, plain_person)] = people.try_into().unwrap();
        let store = realm.store().await;
        let hand = Arc::new(KeycloakHand::new(realm, MailSink::start().await, reader));
        Self { store, hand, administrator, plain_person }
    }

    pub(super) async fn end(&self) {
        self.hand.realm.end().await;
    }
}

#[async_trait]
impl Backend for KeycloakBackend {
    fn store(&self) -> Arc<dyn IdentityStore> {
        Arc::new(self.store.clone())
    }

    fn hand(&self) -> Arc<dyn OtherHand> {
        self.hand.clone()
    }

    fn administrator(&self) -> Actor {
        self.administrator.clone()
    }

    fn plain_person(&self) -> Actor {
        self.plain_person.clone()
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<Option<Actor>, Failure> {
        self.hand.realm.log_in(username, password).await
    }

    fn does_not_arise(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }
}
