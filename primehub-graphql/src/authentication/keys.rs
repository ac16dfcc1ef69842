//! The issuer's published keys, kept between requests.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use primehub_core::clock::Clock;
use primehub_core::identity::token::{TokenIssuer, VerificationKeys};
use tokio::sync::Mutex;
use tracing::Instrument as _;

use super::AuthenticationMetrics;

/// After this time the keys are asked for anew, so that a withdrawn key stops counting.
const MAXIMUM_AGE: Duration = Duration::from_mins(5);
/// However many unknown key ids arrive, the issuer is not asked more often than this.
const PAUSE: Duration = Duration::from_secs(2);

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
}

#[derive(Clone, Default)]
struct Held {
    keys: Option<Arc<VerificationKeys>>,
    read_at: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    failed: bool,
}

type Answer = Result<Arc<VerificationKeys>, KeysUnavailable>;

impl KeyCache {
    pub(super) fn new(issuer: Arc<dyn TokenIssuer>, clock: Arc<dyn Clock>, metrics: AuthenticationMetrics) -> Self {
        Self(Arc::new(Shared { issuer, clock, metrics, held: RwLock::default(), asking: Mutex::default() }))
    }

    /// The keys, which hold `wanted` if the issuer has published it. Asks the issuer at most once, together with everybody who waits.
    pub(super) async fn for_key(&self, wanted: &str) -> Answer {
        if let Some(settled) = self.0.settled(wanted) {
            return settled;
        }
        // Somebody is asking: a key that was published until now counts until the answer is there.
        if self.0.asking.try_lock().is_err()
            && let Some(keys) = self.0.holding(wanted)
        {
            return Ok(keys);
        }
        // On its own: a client that goes away must not leave the question unanswered, to be asked again by the next one.
        let (shared, wanted) = (self.0.clone(), wanted.to_owned());
        tokio::spawn(async move { shared.ask(&wanted).await }.in_current_span()).await.unwrap_or(Err(KeysUnavailable))
    }
}

impl Shared {
    /// Asks the issuer, unless somebody has just done so.
    async fn ask(&self, wanted: &str) -> Answer {
        let _turn = self.asking.lock().await;
        if let Some(settled) = self.settled(wanted) {
            return settled;
        }
        let answer = self.metrics.upstream("keys", self.issuer.verification_keys(Some(wanted))).await;
        let now = self.clock.now();
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        held.asked_at = Some(now);
        held.failed = answer.is_err();
        match answer {
            Ok(keys) => {
                held.read_at = Some(now);
                held.keys = Some(keys.clone());
                Ok(keys)
            }
            // While the issuer is away, the keys it had published go on counting.
            Err(error) => {
                tracing::warn!(%error, "the issuer's keys cannot be read");
                held.keys.clone().filter(|keys| keys.contains(wanted)).ok_or(KeysUnavailable)
            }
        }
    }

    fn holding(&self, wanted: &str) -> Option<Arc<VerificationKeys>> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.keys.clone().filter(|keys| keys.contains(wanted))
    }

    /// What can be said without asking: the keys at hand hold the wanted one and are fresh, or the issuer has only just been asked.
    fn settled(&self, wanted: &str) -> Option<Answer> {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let within = |since: Option<Timestamp>, span: Duration| {
            since.is_some_and(|since| now.duration_since(since).unsigned_abs() < span)
        };
        let known = held.keys.as_ref().filter(|keys| keys.contains(wanted));
        match known {
            Some(keys) if within(held.read_at, MAXIMUM_AGE) || within(held.asked_at, PAUSE) => Some(Ok(keys.clone())),
            None if within(held.asked_at, PAUSE) => {
                // After a failure an unknown key may well be a good one.
                Some(held.keys.clone().filter(|_| !held.failed).ok_or(KeysUnavailable))
            }
            _ => None,
        }
    }
}
