//! Who calls: from the `Authorization` header to a caller in the current picture of the identity provider.

mod access_tokens;
mod api_tokens;
mod authenticator;
mod credentials;
mod error;
mod keys;
mod metrics;
mod misconfiguration;
mod passwords;
mod picture;
mod remembered;
#[cfg(test)]
pub(crate) mod testing;

pub(crate) use authenticator::{Authenticated, Authenticator, AuthenticatorSettings};
pub(crate) use error::AuthenticationError;
pub(crate) use metrics::AuthenticationMetrics;
