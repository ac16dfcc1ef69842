//! The seam to whoever issues tokens.
#![cfg_attr(feature = "mock", expect(clippy::ref_option_ref, reason = "in the code that mockall generates"))]

use std::sync::Arc;

use async_trait::async_trait;
use secrecy::SecretString;

use super::VerificationKeys;

/// Issues access tokens and publishes the keys to check them with. Callers cache; implementations answer truly each time.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait TokenIssuer: Send + Sync + 'static {
    /// The keys published at the moment: an implementation over a network asks each time, and keeps nothing. `wanted` is the key id that
    /// the caller has met and does not hold, if there is one; for the log.
    ///
    /// Callers cache. They ask for one thing once at a time (single-flight) and at a bounded rate, so that neither many requests nor a flood
    /// of unknown key ids reach the issuer; `primehub-graphql` does.
    ///
    /// # Errors
    /// [`TokenIssuerError::Unavailable`].
    async fn verification_keys<'a>(
        &'a self,
        wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError>;

    /// Exchanges an API token (an offline token) for an access token.
    ///
    /// # Errors
    /// [`TokenIssuerError::Rejected`] when the token is unknown, revoked, another client's, or its account is disabled.
    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError>;

    /// Exchanges a login name and a password for an access token.
    ///
    /// # Errors
    /// [`TokenIssuerError::Rejected`] when they do not belong together or the account may not log in.
    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError>;
}

/// Why no token was issued.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenIssuerError {
    /// The issuer said no. May be remembered for a moment.
    #[error("the token issuer refused: {reason}")]
    Rejected {
        /// The issuer's words, for the log.
        reason: String,
    },
    /// The issuer could not be asked. Says nothing about the token and must not be remembered as a refusal.
    #[error("the token issuer is not available: {cause}")]
    Unavailable {
        /// What happened, for the log.
        cause: String,
    },
}
