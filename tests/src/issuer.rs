//! A token issuer that counts what it is asked for, and can be away.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError, VerificationKeys};
use primehub_memory::oidc::OpenIdProvider;
use secrecy::SecretString;

/// The provider behind a counter.
#[derive(Debug)]
pub struct ObservedIssuer {
    inner: OpenIdProvider,
    away: AtomicBool,
    exchanges: AtomicUsize,
}

impl ObservedIssuer {
    /// Counts from now on.
    pub fn new(inner: OpenIdProvider) -> Self {
        Self { inner, away: AtomicBool::new(false), exchanges: AtomicUsize::new(0) }
    }

    /// Whether the issuer cannot be reached.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
    }

    /// Exchanges of API tokens since the last time somebody asked, failed ones included.
    pub fn take_exchanges(&self) -> usize {
        self.exchanges.swap(0, Ordering::Relaxed)
    }

    fn reach(&self) -> Result<&OpenIdProvider, TokenIssuerError> {
        if self.away.load(Ordering::Relaxed) {
            return Err(TokenIssuerError::Unavailable { cause: "the issuer is away for a test".into() });
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl TokenIssuer for ObservedIssuer {
    async fn verification_keys<'a>(
        &'a self,
        wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        self.reach()?.verification_keys(wanted).await
    }

    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        self.reach()?.exchange_api_token(api_token).await
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.reach()?.log_in(username, password).await
    }
}
