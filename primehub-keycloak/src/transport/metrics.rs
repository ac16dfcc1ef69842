//! What the calls to Keycloak cost, in numbers. Labels come from closed sets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use tokio::time::Instant;

use crate::mirror::MirrorMetrics;

/// Counts what is asked of Keycloak. Clones count into the same numbers.
#[derive(Clone, Debug)]
pub struct KeycloakMetrics {
    calls: Family<CallLabels, Counter>,
    seconds: Family<KindLabel, Histogram>,
    repeats: Family<KindLabel, Counter>,
    held_back: Family<KindLabel, Counter>,
    in_flight: Gauge,
    by_kind: Arc<Mutex<BTreeMap<(Purpose, &'static str), u64>>>,
    pub(crate) mirror: MirrorMetrics,
}

/// What a call is made for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Purpose {
    /// Somebody asked for something.
    Request,
    /// The picture of the realm and the platform's own token are kept fresh, whether or not anybody asks.
    Upkeep,
}

impl Purpose {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Upkeep => "upkeep",
        }
    }
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CallLabels {
    purpose: &'static str,
    call: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct KindLabel {
    call: &'static str,
}

/// A call under way. If it is dropped, whoever asked has gone away.
pub(super) struct Running<'a> {
    metrics: &'a KeycloakMetrics,
    purpose: Purpose,
    call: &'static str,
    began: Instant,
    result: &'static str,
}

impl Default for KeycloakMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15))),
            repeats: Family::default(),
            held_back: Family::default(),
            in_flight: Gauge::default(),
            by_kind: Arc::default(),
            mirror: MirrorMetrics::default(),
        }
    }
}

impl KeycloakMetrics {
    /// Makes the numbers part of `registry`, under names that begin with `keycloak_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("keycloak");
        registry.register("calls", "Calls to Keycloak by purpose, kind and result", self.calls.clone());
        registry.register("call_seconds", "How long calls to Keycloak take, repeats included", self.seconds.clone());
        registry.register("call_repeats", "Calls to Keycloak that were sent again", self.repeats.clone());
        registry.register(
            "calls_held_back",
            "Calls to Keycloak that were not made, because it did not answer the ones before",
            self.held_back.clone(),
        );
        registry.register("calls_in_flight", "Calls to Keycloak at the moment", self.in_flight.clone());
        self.mirror.register(registry);
    }

    /// How many calls of a kind there have been, whatever came of them; a call that was sent again counts once, calls under way do not
    /// count yet.
    #[must_use]
    pub fn calls_of(&self, kind: &str) -> u64 {
        self.calls_by_kind().get(kind).copied().unwrap_or_default()
    }

    /// How many calls of all kinds there have been, counted like [`KeycloakMetrics::calls_of`].
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        self.calls_by_kind().values().sum()
    }

    /// The numbers of all kinds that have been called, counted like [`KeycloakMetrics::calls_of`]: says which calls an operation cost.
    #[must_use]
    pub fn calls_by_kind(&self) -> BTreeMap<&'static str, u64> {
        self.counted(|_| true)
    }

    /// The same without upkeep: what keeps the picture of the realm and the platform's own token fresh, whether or not anybody asks, does
    /// not count. Says what operations cost while the realm is followed.
    #[must_use]
    pub fn calls_for_requests(&self) -> BTreeMap<&'static str, u64> {
        self.counted(|purpose| purpose == Purpose::Request)
    }

    fn counted(&self, counts: impl Fn(Purpose) -> bool) -> BTreeMap<&'static str, u64> {
        let mut by_kind = BTreeMap::new();
        for ((purpose, call), number) in &*self.by_kind.lock().unwrap_or_else(PoisonError::into_inner) {
            if counts(*purpose) {
                *by_kind.entry(*call).or_default() += number;
            }
        }
        by_kind
    }

    #[cfg(test)]
    pub(super) fn repeats_of(&self, call: &'static str) -> u64 {
        self.repeats.get(&KindLabel { call }).map_or(0, |counter| counter.get())
    }

    pub(super) fn began(&self, call: &'static str, purpose: Purpose) -> Running<'_> {
        self.in_flight.inc();
        Running { metrics: self, purpose, call, began: Instant::now(), result: "abandoned" }
    }

    pub(super) fn repeated(&self, call: &'static str) {
        self.repeats.get_or_create(&KindLabel { call }).inc();
    }

    pub(super) fn held_back(&self, call: &'static str) {
        self.held_back.get_or_create(&KindLabel { call }).inc();
    }
}

impl Running<'_> {
    pub(super) fn ended(mut self, result: &'static str) {
        self.result = result;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let Self { metrics, purpose, call, began, result } = *self;
        metrics.in_flight.dec();
        metrics.calls.get_or_create(&CallLabels { purpose: purpose.as_str(), call, result }).inc();
        metrics.seconds.get_or_create(&KindLabel { call }).observe(began.elapsed().as_secs_f64());
        *metrics.by_kind.lock().unwrap_or_else(PoisonError::into_inner).entry((purpose, call)).or_default() += 1;
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[tokio::test]
    async fn calls_count_by_kind_and_result_also_when_nobody_waits_for_them_any_more() {
        let (metrics, mut registry) = (KeycloakMetrics::default(), Registry::default());
        metrics.register(&mut registry);
        metrics.began("user.read", Purpose::Request).ended("ok");
        metrics.began("user.read", Purpose::Upkeep).ended("refused");
        let running = metrics.began("group.read", Purpose::Request);
        drop(metrics.began("user.update", Purpose::Request));
        metrics.held_back("user.update");
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            r#"keycloak_calls_total{purpose="request",call="user.read",result="ok"} 1"#,
            r#"keycloak_calls_total{purpose="request",call="user.update",result="abandoned"} 1"#,
            r#"keycloak_calls_held_back_total{call="user.update"} 1"#,
            "keycloak_calls_in_flight 1",
        ] {
            assert!(text.contains(line), "{line} is missing in {text}");
        }
        drop(running);
        assert_eq!((metrics.calls_of("user.read"), metrics.calls_of("nothing"), metrics.total_calls()), (2, 0, 4));
        assert_eq!(metrics.calls_for_requests(), [("group.read", 1), ("user.read", 1), ("user.update", 1)].into());
    }
}
