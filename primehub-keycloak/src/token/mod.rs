//! Tokens: the service account's own, and those of people.

mod endpoint;
mod issuer;
mod login;
mod probe;
mod service;

pub(crate) use endpoint::Grant;
pub use issuer::KeycloakTokens;
pub use probe::IssuerProbeError;
pub(crate) use service::{Fresh, ServiceToken, Source};

#[cfg(test)]
mod tests;
