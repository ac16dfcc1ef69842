//! A token issuer that counts the calls it gets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError, VerificationKeys};
use secrecy::SecretString;

/// Passes every call on and counts it.
#[derive(Debug)]
pub(crate) struct CountedIssuer<I> {
    inner: Arc<I>,
    calls: AtomicUsize,
}

impl<I> CountedIssuer<I> {
    /// Counts the calls to `inner` from now on.
    pub(crate) fn new(inner: Arc<I>) -> Self {
        Self { inner, calls: AtomicUsize::new(0) }
    }

    /// The calls since the last time somebody asked.
    pub(crate) fn take(&self) -> usize {
        self.calls.swap(0, Ordering::Relaxed)
    }

    fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl<I: TokenIssuer> TokenIssuer for CountedIssuer<I> {
    async fn verification_keys<'a>(
        &'a self,
        wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        self.count();
        self.inner.verification_keys(wanted).await
    }

    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.count();
        self.inner.exchange_api_token(api_token).await
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.count();
        self.inner.log_in(username, password).await
    }
}
