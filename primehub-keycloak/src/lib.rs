//! Keycloak 26 as PrimeHub's identity provider: people, groups, roles and settings behind the seams of [`primehub_core::identity`].
//!
//! ```
//! use std::sync::Arc;
//!
//! use primehub_core::clock::SystemClock;
//! use primehub_core::identity::{Freshness, IdentityStore};
//! use primehub_keycloak::{Keycloak, KeycloakIdentityStore, KeycloakSettings, KeycloakTokens};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = KeycloakSettings::new("http://127.0.0.1:8080".parse()?, "primehub", "admin-ui", "its secret".into());
//! let keycloak = Keycloak::new(settings)?;
//! // Both go into `primehub_graphql::Server::builder`. Neither needs Keycloak to be there yet.
//! let store = KeycloakIdentityStore::start(keycloak.clone(), Arc::new(SystemClock));
//! let tokens = KeycloakTokens::new(&keycloak);
//! assert_eq!(store.freshness(), Freshness::NotLoaded);
//! # let _ = tokens;
//! # Ok(())
//! # }
//! ```
//!
//! * [`Keycloak`] is the connection: one realm, the service account of one client, limits on time and numbers, and [`KeycloakMetrics`].
//! * [`KeycloakIdentityStore`] reads from a mirror that follows the realm, and writes field by field.
//! * [`KeycloakTokens`] publishes the realm's keys, exchanges API tokens (offline tokens) and codes, and checks passwords.
//! * [`Bootstrap`] makes a realm what PrimeHub needs, or says what it would do. Realms of the original PrimeHub are taken as they are.
//! * [`check()`] says of an installation what is reachable, permitted and configured, each line with advice.
//!
//! The service account needs the roles `manage-users`, `view-users`, `query-groups`, `manage-realm`, `view-realm`, `view-clients` and
//! `view-events` of the client `realm-management`; making administrators is done with an administrator's own token.

mod admin;
mod bootstrap;
mod check;
mod connection;
mod invitations;
mod mirror;
mod settings;
mod store;
mod token;
mod transport;

pub use bootstrap::{
    AdminLogin, Bootstrap, BootstrapError, BootstrapRequest, ClientRequest, DEFAULT_WAIT, FirstAdministrator,
    FirstGroup, Flag, Flags, Outcome, Plan, SslRequired, Step, Verdict,
};
pub use check::{CheckOptions, Finding, FindingState, Report, check};
pub use connection::Keycloak;
pub use mirror::RealmWarning;
pub use settings::{Following, InvalidSettings, KeycloakSettings, Patience};
pub use store::KeycloakIdentityStore;
pub use token::{IssuerProbeError, KeycloakTokens};
pub use transport::KeycloakMetrics;
