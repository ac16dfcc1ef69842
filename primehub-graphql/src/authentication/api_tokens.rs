//! API tokens: exchanged for access tokens, and remembered for a moment.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use moka::future::Cache;
use primehub_core::clock::Clock;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError};
use primehub_core::names::UserId;
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::access_tokens::{AccessTokens, CheckedToken};
use super::remembered::Remembered;
use super::{AuthenticationError, AuthenticationMetrics};

/// Most tokens that are remembered.
const CAPACITY: u64 = 1024;
/// How long a successful exchange counts, unless the access token ends sooner.
const GOOD_FOR: Duration = Duration::from_secs(30);
/// How long a refusal counts.
const REFUSED_FOR: Duration = Duration::from_secs(5);
/// While the issuer is away: how long until it is asked again about a token that was good before.
const STALE_FOR: Duration = Duration::from_secs(5);
/// Exchanges at the same time; more wait. So a flood of invented tokens cannot become a flood at the issuer. Tokens that were good a while
/// ago have as many turns of their own, which such a flood leaves alone. Both together, and the checks of passwords, are fewer than the 80
/// calls that a connection to Keycloak makes at once by default: nobody who has a turn here waits for one there, and other calls go on.
const CONCURRENT: usize = 32;
/// How long an exchange waits for its turn.
const WAIT: Duration = Duration::from_secs(1);
/// For at least this long a token counts as one that was good.
const KNOWN_FOR: Duration = Duration::from_mins(10);
/// A token itself is kept nowhere, only what it hashes to.
type TokenHash = [u8; 32];

/// The access tokens behind API tokens.
pub(super) struct ApiTokens {
    issuer: Arc<dyn TokenIssuer>,
    access_tokens: Arc<AccessTokens>,
    clock: Arc<dyn Clock>,
    metrics: AuthenticationMetrics,
    stale_max: Duration,
    exchanges: Remembered<TokenHash, Exchange>,
    /// The last good exchange of each token, for the time when the issuer is away.
    last_good: Cache<TokenHash, Arc<Exchanged>>,
    revocations: Revocations,
    turns: Semaphore,
    turns_of_known: Semaphore,
}

#[derive(Clone, Debug)]
enum Exchange {
    Good(Arc<Exchanged>),
    /// A failure, and when it was asked for.
    Failed(AuthenticationError, Epoch),
}

/// A successful exchange.
#[derive(Debug)]
struct Exchanged {
    checked: Arc<CheckedToken>,
    at: Timestamp,
    begun: Epoch,
}

impl ApiTokens {
    pub(super) fn new(
        issuer: Arc<dyn TokenIssuer>,
        access_tokens: Arc<AccessTokens>,
        clock: Arc<dyn Clock>,
        metrics: AuthenticationMetrics,
        stale_max: Duration,
    ) -> Self {
        Self {
            issuer,
            access_tokens,
            exchanges: Remembered::new(CAPACITY, GOOD_FOR, clock.clone()),
            last_good: Cache::builder().max_capacity(CAPACITY).time_to_live(stale_max.max(KNOWN_FOR)).build(),
            revocations: Revocations::default(),
            turns: Semaphore::new(CONCURRENT),
            turns_of_known: Semaphore::new(CONCURRENT),
            clock,
            metrics,
            stale_max,
        }
    }

    /// The access token behind `api_token`. Simultaneous questions about one token cost one exchange.
    pub(super) async fn access_token(&self, api_token: &str) -> Result<Arc<CheckedToken>, AuthenticationError> {
        let mut hash = TokenHash::default();
        hash.copy_from_slice(digest(&SHA256, api_token.as_bytes()).as_ref());
        let usable = |exchange: &Exchange| match exchange {
            Exchange::Good(exchanged) => self.revocations.allow(exchanged),
            // Of a refused token nobody knows whose it is: it may be that of somebody who has just been let in again.
            Exchange::Failed(_, begun) => *begun == self.revocations.now(),
        };
        let ask = || self.exchange(&hash, SecretString::from(api_token));
        let (exchange, asked) = self.exchanges.answer(&hash, usable, ask).await;
        self.metrics.api_token(!asked, self.exchanges.len());
        match exchange {
            Exchange::Good(exchanged) => Ok(exchanged.checked.clone()),
            Exchange::Failed(error, _) => Err(error),
        }
    }

    /// Forgets what is known of the user's tokens, and everybody's refused ones: the next use of each asks the issuer, however far an
    /// exchange has got meanwhile.
    pub(super) fn forget(&self, user: &UserId) {
        let keep = self.stale_max.saturating_add(Duration::from_mins(10));
        self.revocations.revoke(user, self.clock.now(), keep);
    }

    /// How many tokens are remembered.
    pub(super) async fn remembered(&self) -> u64 {
        self.exchanges.settle().await;
        self.exchanges.len()
    }

    async fn exchange(&self, hash: &TokenHash, api_token: SecretString) -> (Exchange, Duration) {
        let turns = if self.last_good.contains_key(hash) { &self.turns_of_known } else { &self.turns };
        let Ok(_turn) = tokio::time::timeout(WAIT, turns.acquire()).await else {
            tracing::warn!("an API token is not exchanged: there are too many others");
            return self.without_issuer(hash).await;
        };
        let begun = self.revocations.now();
        let checked = match self.metrics.upstream("exchange", self.issuer.exchange_api_token(&api_token)).await {
            Ok(access_token) => self.access_tokens.check(access_token).await,
            Err(TokenIssuerError::Rejected { reason }) => {
                tracing::debug!(%reason, "an API token is refused");
                Err(AuthenticationError::InvalidToken)
            }
            Err(error) => {
                tracing::warn!(%error, "an API token cannot be exchanged");
                Err(AuthenticationError::Unavailable)
            }
        };
        let at = self.clock.now();
        match checked {
            Ok(checked) => {
                let expires_at = checked.claims.expires_at.and_then(|at| Timestamp::from_second(at).ok()).unwrap_or(at);
                let left = Duration::try_from(expires_at.duration_since(at)).unwrap_or_default();
                let exchanged = Arc::new(Exchanged { checked: Arc::new(checked), at, begun });
                self.last_good.insert(*hash, exchanged.clone()).await;
                (Exchange::Good(exchanged), left.min(GOOD_FOR))
            }
            Err(AuthenticationError::Unavailable) => self.without_issuer(hash).await,
            Err(error) => {
                self.last_good.invalidate(hash).await;
                (Exchange::Failed(error, begun), REFUSED_FOR)
            }
        }
    }

    /// What counts while the issuer cannot be asked.
    async fn without_issuer(&self, hash: &TokenHash) -> (Exchange, Duration) {
        match self.stale(hash, self.clock.now()).await {
            Some((exchanged, left)) => (Exchange::Good(exchanged), left.min(STALE_FOR)),
            None => (Exchange::Failed(AuthenticationError::Unavailable, self.revocations.now()), Duration::ZERO),
        }
    }

    /// The last good exchange, if it may still be used without the issuer, and for how long.
    async fn stale(&self, hash: &TokenHash, now: Timestamp) -> Option<(Arc<Exchanged>, Duration)> {
        let exchanged = self.last_good.get(hash).await.filter(|exchanged| self.revocations.allow(exchanged))?;
        let age = now.duration_since(exchanged.at).unsigned_abs();
        let left = self.stale_max.checked_sub(age).filter(|left| !left.is_zero())?;
        Some((exchanged, left))
    }
}

/// A point in the order of revocations.
type Epoch = u64;

/// Which users' tokens have been revoked, and when: an exchange counts only if it began afterwards.
#[derive(Default)]
struct Revocations {
    epoch: AtomicU64,
    users: RwLock<HashMap<UserId, (Epoch, Timestamp)>>,
}

impl Revocations {
    fn now(&self) -> Epoch {
        self.epoch.load(Ordering::SeqCst)
    }

    fn revoke(&self, user: &UserId, now: Timestamp, keep: Duration) {
        let mut users = self.users.write().unwrap_or_else(PoisonError::into_inner);
        // What was remembered back then has long been forgotten.
        users.retain(|_, (_, at)| now.duration_since(*at).unsigned_abs() < keep);
        let epoch = self.epoch.fetch_add(1, Ordering::SeqCst) + 1;
        users.insert(user.clone(), (epoch, now));
    }

    fn allow(&self, exchanged: &Exchanged) -> bool {
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        users.get(&exchanged.checked.subject).is_none_or(|(revoked, _)| exchanged.begun >= *revoked)
    }
}
