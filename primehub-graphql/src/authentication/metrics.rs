//! What authentication costs and how it ends, in numbers. Labels come from closed sets.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use primehub_core::identity::IdentityError;
use primehub_core::identity::token::TokenIssuerError;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// How long one call may take: well below the time of a whole request, so that there is an answer from what was last known while the
/// identity provider takes calls and does not answer them.
const CALL_TIME: Duration = Duration::from_secs(3);

/// Counts authentication. Clones count into the same numbers.
#[derive(Clone)]
pub(crate) struct AuthenticationMetrics {
    attempts: Family<Attempt, Counter>,
    api_tokens: Family<Lookup, Counter>,
    remembered: Gauge,
    picture: Family<Picture, Gauge>,
    behind: Gauge<f64, AtomicU64>,
    upstream_calls: Family<UpstreamCall, Counter>,
    upstream_seconds: Family<Upstream, Histogram>,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Attempt {
    credentials: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Lookup {
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Picture {
    freshness: &'static str,
}

/// How far the picture of the identity provider can be trusted: one of these at a time.
const FRESHNESS: [&str; 4] = ["live", "delayed", "stale", "not_loaded"];

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct UpstreamCall {
    call: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Upstream {
    call: &'static str,
}

/// How a call to the identity provider ended.
pub(super) trait UpstreamResult {
    /// `ok`, `refused` or `unavailable`.
    fn label(&self) -> &'static str;

    /// The result of a call that took too long.
    fn unavailable(cause: String) -> Self;
}

impl<T> UpstreamResult for Result<T, TokenIssuerError> {
    fn label(&self) -> &'static str {
        match self {
            Ok(_) => "ok",
            Err(TokenIssuerError::Rejected { .. }) => "refused",
            Err(_) => "unavailable",
        }
    }

    fn unavailable(cause: String) -> Self {
        Err(TokenIssuerError::Unavailable { cause })
    }
}

impl<T> UpstreamResult for Result<T, IdentityError> {
    fn label(&self) -> &'static str {
        match self {
            Ok(_) => "ok",
            Err(error) if error.is_transient() => "unavailable",
            Err(_) => "refused",
        }
    }

    fn unavailable(cause: String) -> Self {
        Err(IdentityError::Unavailable { cause })
    }
}

impl AuthenticationMetrics {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.001, 2.0, 13));
        let metrics = Self {
            attempts: Family::default(),
            api_tokens: Family::default(),
            remembered: Gauge::default(),
            picture: Family::default(),
            behind: Gauge::default(),
            upstream_calls: Family::default(),
            upstream_seconds: Family::new_with_constructor(seconds),
        };
        registry.register("authentications", "Authentications by credentials and result", metrics.attempts.clone());
        registry.register("api_token_lookups", "Look-ups of API tokens in the memory", metrics.api_tokens.clone());
        registry.register("api_tokens_remembered", "API tokens in the memory", metrics.remembered.clone());
        registry.register(
            "identity_picture",
            "Whether the picture of the identity provider is live, delayed, stale or not loaded",
            metrics.picture.clone(),
        );
        registry.register(
            "identity_picture_behind_seconds",
            "How far the picture may be behind the identity provider",
            metrics.behind.clone(),
        );
        let calls = metrics.upstream_calls.clone();
        registry.register("identity_provider_calls", "Calls to the identity provider by authentication", calls);
        let seconds = metrics.upstream_seconds.clone();
        registry.register("identity_provider_call_seconds", "How long such calls take", seconds);
        metrics
    }

    pub(super) fn attempt(&self, credentials: &'static str, result: &'static str) {
        self.attempts.get_or_create(&Attempt { credentials, result }).inc();
    }

    pub(super) fn api_token(&self, hit: bool, remembered: u64) {
        self.api_tokens.get_or_create(&Lookup { result: if hit { "hit" } else { "miss" } }).inc();
        self.remembered(remembered);
    }

    pub(super) fn remembered(&self, count: u64) {
        self.remembered.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(super) fn picture(&self, freshness: &'static str, behind: Duration) {
        for state in FRESHNESS {
            self.picture.get_or_create(&Picture { freshness: state }).set(i64::from(state == freshness));
        }
        self.behind.set(behind.as_secs_f64());
    }

    /// Counts and times one call to the identity provider, and gives it up when it takes too long.
    pub(super) async fn upstream<R: UpstreamResult>(&self, call: &'static str, work: impl Future<Output = R>) -> R {
        let started = Instant::now();
        let result = tokio::time::timeout(CALL_TIME, work).await;
        let result = result.unwrap_or_else(|_| R::unavailable(format!("no answer within {} s", CALL_TIME.as_secs())));
        self.upstream_seconds.get_or_create(&Upstream { call }).observe(started.elapsed().as_secs_f64());
        self.upstream_calls.get_or_create(&UpstreamCall { call, result: result.label() }).inc();
        result
    }
}
