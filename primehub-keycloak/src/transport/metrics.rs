//! What the calls to Keycloak cost, in numbers. Labels come from closed sets.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counts what is asked of Keycloak, and how the picture of the realm follows it. Clones count into the same numbers.
#[derive(Clone, Debug)]
pub struct KeycloakMetrics {
    calls: Family<CallLabels, Counter>,
    seconds: Family<KindLabel, Histogram>,
    repeats: Family<KindLabel, Counter>,
    in_flight: Gauge,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CallLabels {
    call: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct KindLabel {
    call: &'static str,
}

impl Default for KeycloakMetrics {
    fn default() -> Self {
        Self {
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.001, 2.0, 15))),
            repeats: Family::default(),
            in_flight: Gauge::default(),
        }
    }
}

impl KeycloakMetrics {
    /// Makes the numbers part of `registry`, under names that begin with `keycloak_`.
    pub fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("keycloak");
        registry.register("calls", "Calls to Keycloak by kind and result", self.calls.clone());
        registry.register("call_seconds", "How long calls to Keycloak take, repeats included", self.seconds.clone());
        registry.register("call_repeats", "Calls to Keycloak that were sent again", self.repeats.clone());
        registry.register("calls_in_flight", "Calls to Keycloak at the moment", self.in_flight.clone());
    }

    /// How many calls there have been, of all kinds and results, the repeats not counted.
    #[must_use]
    pub fn calls_of(&self, kind: &'static str) -> u64 {
        ["ok", "refused", "unavailable", "unknown"]
            .into_iter()
            .map(|result| self.calls.get_or_create(&CallLabels { call: kind, result }).get())
            .sum()
    }

    pub(crate) fn began(&self) {
        self.in_flight.inc();
    }

    pub(crate) fn ended(&self, call: &'static str, result: &'static str, took: Duration) {
        self.in_flight.dec();
        self.calls.get_or_create(&CallLabels { call, result }).inc();
        self.seconds.get_or_create(&KindLabel { call }).observe(took.as_secs_f64());
    }

    pub(crate) fn repeated(&self, call: &'static str) {
        self.repeats.get_or_create(&KindLabel { call }).inc();
    }
}
