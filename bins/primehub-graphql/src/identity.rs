//! Keycloak in the places that a server has for an identity provider.

use std::sync::Arc;

use primehub_core::clock::SystemClock;
use primehub_core::identity::token::TokenPolicy;
use primehub_graphql::prometheus_client::registry::Registry;
use primehub_graphql::{PlatformConfig, Server, ServerBuilder};
use primehub_keycloak::{InvalidSettings, Keycloak, KeycloakIdentityStore, KeycloakSettings, KeycloakTokens};

/// A realm that is followed from now on, and whoever issues its tokens.
#[derive(Clone)]
pub struct KeycloakIdentity {
    /// The connection.
    pub keycloak: Keycloak,
    /// People, groups and roles.
    pub store: KeycloakIdentityStore,
    /// Tokens, and logins.
    pub tokens: Arc<KeycloakTokens>,
}

impl KeycloakIdentity {
    /// Follows the realm, in the background. It need not be there yet. Within a runtime.
    ///
    /// # Errors
    /// Settings with which no call could be made.
    pub fn follow(settings: KeycloakSettings) -> Result<Self, InvalidSettings> {
        let keycloak = Keycloak::new(settings)?;
        let store = KeycloakIdentityStore::start(keycloak.clone(), Arc::new(SystemClock));
        Ok(Self { store, tokens: Arc::new(KeycloakTokens::new(&keycloak)), keycloak })
    }

    /// Starts to put a server together over it. The numbers of the connection are among the server's metrics.
    #[must_use]
    pub fn server(&self, platform: PlatformConfig) -> ServerBuilder {
        let settings = self.keycloak.settings();
        let policy = TokenPolicy::new(settings.issuer(), &settings.client_id);
        let mut registry = Registry::default();
        self.keycloak.metrics().register(registry.sub_registry_with_prefix("primehub"));
        Server::builder(Arc::new(self.store.clone()), self.tokens.clone(), platform, policy).registry(registry)
    }
}
