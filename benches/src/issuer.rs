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
    exchanges: AtomicUsize,
    others: AtomicUsize,
}

/// Calls by what they ask for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    /// Exchanges of API tokens.
    pub(crate) exchanges: usize,
    others: usize,
}

impl Calls {
    pub(crate) fn all(self) -> usize {
        self.exchanges + self.others
    }
}

impl<I> CountedIssuer<I> {
    /// Counts the calls to `inner` from now on.
    pub(crate) fn new(inner: Arc<I>) -> Self {
        Self { inner, exchanges: AtomicUsize::new(0), others: AtomicUsize::new(0) }
    }

    /// The calls since the last time somebody asked.
    pub(crate) fn take(&self) -> Calls {
        let take = |count: &AtomicUsize| count.swap(0, Ordering::Relaxed);
        Calls { exchanges: take(&self.exchanges), others: take(&self.others) }
    }
}

#[async_trait]
impl<I: TokenIssuer> TokenIssuer for CountedIssuer<I> {
    async fn verification_keys<'a>(
        &'a self,
        wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        self.others.fetch_add(1, Ordering::Relaxed);
        self.inner.verification_keys(wanted).await
    }

    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
        // Like an issuer behind a network, it lets others run before it answers.
        tokio::task::yield_now().await;
        self.inner.exchange_api_token(api_token).await
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        self.others.fetch_add(1, Ordering::Relaxed);
        self.inner.log_in(username, password).await
    }
}
