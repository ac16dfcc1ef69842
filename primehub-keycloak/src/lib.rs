//! Keycloak as PrimeHub's identity provider.

mod admin;
mod connection;
mod settings;
mod token;
mod transport;

pub use connection::Keycloak;
pub use settings::{Following, InvalidSettings, KeycloakSettings, Patience};
pub use transport::KeycloakMetrics;
