//! Keycloak as PrimeHub's identity provider.

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
    AdminLogin, Bootstrap, BootstrapError, BootstrapRequest, ClientRequest, DEFAULT_WAIT, FirstAdministrator, FirstGroup, Flag,
    Flags, Outcome, Plan, SslRequired, Step, Verdict,
};
pub use check::{CheckOptions, Finding, FindingState, Report, check};
pub use connection::Keycloak;
pub use settings::{Following, InvalidSettings, KeycloakSettings, Patience};
pub use store::KeycloakIdentityStore;
pub use token::{IssuerProbeError, KeycloakTokens};
pub use transport::KeycloakMetrics;
