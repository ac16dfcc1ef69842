//! How the picture follows, in numbers.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Numbers of one mirror.
#[derive(Clone, Debug, Default)]
pub(crate) struct MirrorMetrics {
    /// Seconds since the picture was last known to be true.
    pub(crate) age: Gauge,
    /// 0: no picture yet, 1: follows events, 2: events are missing, 3: Keycloak cannot be reached.
    pub(crate) mode: Gauge,
    /// Complete readings.
    pub(crate) refreshes: Counter,
    /// Complete readings that did not come to their end.
    pub(crate) failed_refreshes: Counter,
    /// Objects that a complete reading found different although events were followed.
    pub(crate) differences: Counter,
    /// Events, each counted once.
    pub(crate) events: Counter,
    /// Events that became visible after later ones.
    pub(crate) late_events: Counter,
    /// Objects that were read again by themselves.
    pub(crate) rereadings: Counter,
    /// Objects that cannot be read, counted whenever one is met.
    pub(crate) broken: Counter,
    /// What is wrong with the realm although it can be followed.
    pub(super) misconfigured: Family<WarningLabel, Gauge>,
}

/// What a warning is about.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
pub(super) struct WarningLabel {
    pub(super) what: &'static str,
}

impl MirrorMetrics {
    pub(crate) fn register(&self, registry: &mut Registry) {
        registry.register(
            "realm_misconfigured",
            "1 for what an operator has to repair about the realm or the settings; the log says how",
            self.misconfigured.clone(),
        );
        let registry = registry.sub_registry_with_prefix("mirror");
        registry.register("age_seconds", "Seconds since the picture was last known to be true", self.age.clone());
        registry.register(
            "mode",
            "0: no picture yet, 1: follows events, 2: events are missing, 3: Keycloak cannot be reached",
            self.mode.clone(),
        );
        registry.register("refreshes", "Complete readings of the realm", self.refreshes.clone());
        registry.register("failed_refreshes", "Complete readings that failed", self.failed_refreshes.clone());
        registry.register(
            "differences",
            "Objects that a complete reading found different although events were followed",
            self.differences.clone(),
        );
        registry.register("events", "Events of Keycloak that were followed", self.events.clone());
        registry.register("late_events", "Events that became visible after later ones", self.late_events.clone());
        registry.register("rereadings", "Objects that were read again by themselves", self.rereadings.clone());
        registry.register("broken_objects", "Objects met that cannot be read", self.broken.clone());
    }
}
