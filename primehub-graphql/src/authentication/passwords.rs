//! User names and passwords: each costs the issuer a check that is slow on purpose.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use primehub_core::clock::Clock;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError};
use prometheus_client::metrics::counter::Counter;
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::credentials::user_and_password;
use super::{AuthenticationError, AuthenticationMetrics};
use crate::http::rate_limit::{Client, RateLimit, TooFast};

/// Passwords per minute from one address, and as many in a burst. An issuer on a small machine checks 5 in a second; people behind one
/// address share this.
const PER_MINUTE_OF_A_CLIENT: NonZeroU32 = NonZeroU32::new(60).unwrap();
/// Passwords per minute for one login name, wherever they come from. Whoever works with a password alone sends it with every request.
const PER_MINUTE_OF_A_NAME: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// Checks at the same time. More would not be faster.
const CONCURRENT: usize = 4;
/// How long a check waits for its turn.
const WAIT: Duration = Duration::from_secs(1);

/// Checks passwords, within limits.
pub(super) struct Passwords {
    issuer: Arc<dyn TokenIssuer>,
    metrics: AuthenticationMetrics,
    of_clients: RateLimit,
    of_names: RateLimit,
    turns: Semaphore,
}

impl Passwords {
    pub(super) fn new(issuer: Arc<dyn TokenIssuer>, clock: &Arc<dyn Clock>, metrics: AuthenticationMetrics) -> Self {
        // Refusals are among the attempts that are counted anyway.
        let limit = |per_minute| RateLimit::new(per_minute, clock.clone(), Counter::default());
        Self {
            issuer,
            metrics,
            of_clients: limit(PER_MINUTE_OF_A_CLIENT),
            of_names: limit(PER_MINUTE_OF_A_NAME),
            turns: Semaphore::new(CONCURRENT),
        }
    }

    /// The access token of whoever the user name and password belong to, not checked yet.
    pub(super) async fn token(&self, encoded: &str, client: Client) -> Result<SecretString, AuthenticationError> {
        let (username, password) = user_and_password(encoded)?;
        // In this order: a client that is too fast already must not use up what is left to a name.
        self.of_clients.check(client)?;
        self.of_names.check(account(&username))?;
        let Ok(_turn) = tokio::time::timeout(WAIT, self.turns.acquire()).await else {
            return Err(AuthenticationError::TooFast { retry_after: 1 });
        };
        match self.metrics.upstream("log_in", self.issuer.log_in(&username, &password)).await {
            Ok(token) => Ok(token),
            Err(TokenIssuerError::Rejected { .. }) => Err(AuthenticationError::BasicInvalid),
            Err(error) => {
                tracing::warn!(%error, "a password cannot be checked");
                Err(AuthenticationError::Unavailable)
            }
        }
    }
}

impl From<TooFast> for AuthenticationError {
    fn from(TooFast { retry_after }: TooFast) -> Self {
        Self::TooFast { retry_after }
    }
}

/// Issuers take login names in any case.
fn account(username: &str) -> Client {
    let hash = digest(&SHA256, username.trim().to_lowercase().as_bytes());
    Client::Account(hash.as_ref().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests;
