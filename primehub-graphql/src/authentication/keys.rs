//! The issuer's published keys, kept between requests.

use std::num::NonZeroU32;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use primehub_core::clock::Clock;
use primehub_core::identity::token::{TokenIssuer, VerificationKeys};
use tokio::sync::Mutex;
use tracing::Instrument as _;

use super::AuthenticationMetrics;
use crate::ticks::Ticks;

/// After this time the keys are asked for anew, so that a withdrawn key stops counting.
const MAXIMUM_AGE: Duration = Duration::from_mins(5);
/// However many unknown key ids arrive, the issuer is not asked more often than this, apart from the burst. Nor is one that failed.
const PAUSE: Duration = Duration::from_secs(2);
/// [`PAUSE`] as a rate.
const PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// How often the issuer may be asked without a pause, once there were enough of them: keys may be rotated right after somebody has asked, and
/// people who log in then must not be refused.
const BURST: NonZeroU32 = NonZeroU32::new(3).unwrap();

/// The issuer cannot be asked for its keys, and the ones at hand do not settle the matter.
#[derive(Debug)]
pub(super) struct KeysUnavailable;

/// Keeps the issuer's keys. Clones keep the same ones.
#[derive(Clone)]
pub(super) struct KeyCache(Arc<Shared>);

struct Shared {
    issuer: Arc<dyn TokenIssuer>,
    clock: Arc<dyn Clock>,
    metrics: AuthenticationMetrics,
    held: RwLock<Held>,
    asking: Mutex<()>,
    allowance: RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>,
}

#[derive(Clone, Default)]
struct Held {
    keys: Option<Arc<VerificationKeys>>,
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    failed: bool,
    /// How often the issuer has been asked, the answer that is on its way included.
    askings: u64,
}

type Answer = Result<Arc<VerificationKeys>, KeysUnavailable>;

impl KeyCache {
    pub(super) fn new(issuer: Arc<dyn TokenIssuer>, clock: Arc<dyn Clock>, metrics: AuthenticationMetrics) -> Self {
        let quota = Quota::per_minute(PER_MINUTE).allow_burst(BURST);
        let allowance = RateLimiter::direct_with_clock(quota, Ticks::new(clock.clone()));
        let (held, asking) = (RwLock::default(), Mutex::default());
        Self(Arc::new(Shared { issuer, clock, metrics, held, asking, allowance }))
    }

    /// The keys, which hold `wanted` if the issuer has published it. Asks the issuer at most once, together with everybody who waits.
    pub(super) async fn for_key(&self, wanted: &str) -> Answer {
        let held = self.0.held();
        if let Some(settled) = self.0.settled(&held, wanted) {
            return settled;
        }
        // Somebody is asking: a key that was published until now counts until the answer is there.
        if self.0.asking.try_lock().is_err()
            && let Some(keys) = held.keys.filter(|keys| keys.contains(wanted))
        {
            return Ok(keys);
        }
        // On its own: a client that goes away must not leave the question unanswered, to be asked again by the next one.
        let (shared, wanted) = (self.0.clone(), wanted.to_owned());
        let asking = async move { shared.ask(&wanted, held.askings).await };
        tokio::spawn(asking.in_current_span()).await.unwrap_or(Err(KeysUnavailable))
    }
}

impl Shared {
    /// Asks the issuer, unless that was done after the first `before` times, or was done too often.
    async fn ask(&self, wanted: &str, before: u64) -> Answer {
        let _turn = self.asking.lock().await;
        let held = self.held();
        if let Some(settled) = self.settled(&held, wanted) {
            return settled;
        }
        // An answer that was asked for since says all there is to say.
        if held.askings > before || self.allowance.check().is_err() {
            return held.answer(wanted);
        }
        self.change(|held| held.askings += 1);
        let answer = self.metrics.upstream("keys", self.issuer.verification_keys(Some(wanted))).await;
        let now = self.clock.now();
        match answer {
            Ok(keys) => {
                self.change(|held| {
                    (held.asked_at, held.read_at, held.failed) = (Some(now), Some(now), false);
                    held.keys = Some(keys.clone());
                });
                Ok(keys)
            }
            // While the issuer is away, the keys it had published go on counting.
            Err(error) => {
                tracing::warn!(%error, "the issuer's keys cannot be read");
                self.change(|held| (held.asked_at, held.failed) = (Some(now), true));
                held.keys.filter(|keys| keys.contains(wanted)).ok_or(KeysUnavailable)
            }
        }
    }

    fn held(&self) -> Held {
        self.held.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Held)) {
        change(&mut self.held.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// What can be said without asking: the keys at hand hold the wanted one and are fresh, or the issuer has only just failed.
    fn settled(&self, held: &Held, wanted: &str) -> Option<Answer> {
        let now = self.clock.now();
        let within = |since: Option<Timestamp>, span: Duration| {
            since.is_some_and(|since| now.duration_since(since).unsigned_abs() < span)
        };
        let just_failed = held.failed && within(held.asked_at, PAUSE);
        let known = held.keys.as_ref().filter(|keys| keys.contains(wanted));
        match known {
            Some(keys) if within(held.read_at, MAXIMUM_AGE) || just_failed => Some(Ok(keys.clone())),
            None if just_failed => Some(Err(KeysUnavailable)),
            _ => None,
        }
    }
}

impl Held {
    /// What is at hand, whether it holds the wanted key or not. After a failure a key that it does not hold may well be a good one, and must
    /// not be judged.
    fn answer(self, wanted: &str) -> Answer {
        self.keys.filter(|keys| !self.failed || keys.contains(wanted)).ok_or(KeysUnavailable)
    }
}

#[cfg(test)]
mod tests;
