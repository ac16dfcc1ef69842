//! Requests in numbers. Labels come from closed sets.

use std::time::Duration;

use async_graphql::parser::types::OperationType;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// Counts requests to the GraphQL endpoint, and what in the picture they read an operator should look at.
pub(super) struct RequestMetrics {
    requests: Family<Request, Counter>,
    seconds: Family<Operation, Histogram>,
    running: Gauge,
    path_collisions: Gauge,
}

/// What a request asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Only reads.
    Query,
    /// At least one write.
    Mutation,
    /// It was refused before that was known.
    Unknown,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ended {
    /// Answered without errors.
    Ok,
    /// Answered, with errors of single fields.
    FieldErrors,
    /// The schema, a limit or the form of the request did not allow it.
    Refused,
    /// Nobody we know.
    Unauthenticated,
    /// Something could not be reached, or there was too much to do.
    Unavailable,
    /// Our fault.
    Failed,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Request {
    operation: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct Operation {
    operation: &'static str,
}

impl Kind {
    /// The kind of a request that holds an operation of kind `kind` besides others.
    pub(super) fn with(self, kind: OperationType) -> Self {
        match (self, kind) {
            (Self::Mutation, _) | (_, OperationType::Mutation) => Self::Mutation,
            _ => Self::Query,
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Unknown => "unknown",
        }
    }
}

impl Ended {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::FieldErrors => "field_errors",
            Self::Refused => "refused",
            Self::Unauthenticated => "unauthenticated",
            Self::Unavailable => "unavailable",
            Self::Failed => "failed",
        }
    }
}

impl RequestMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let seconds = || Histogram::new(exponential_buckets(0.000_25, 2.0, 16));
        let metrics = Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(seconds),
            running: Gauge::default(),
            path_collisions: Gauge::default(),
        };
        registry.register("requests", "Requests by kind of operation and result", metrics.requests.clone());
        registry.register("request_seconds", "How long requests take", metrics.seconds.clone());
        registry.register("requests_running", "Requests in work", metrics.running.clone());
        registry.register(
            "group_path_collisions",
            "Paths that several groups share, made at the identity provider itself: their files and volumes would mix",
            metrics.path_collisions.clone(),
        );
        metrics
    }

    pub(super) fn count(&self, kind: Kind, ended: Ended, took: Duration) {
        self.requests.get_or_create(&Request { operation: kind.label(), result: ended.label() }).inc();
        self.seconds.get_or_create(&Operation { operation: kind.label() }).observe(took.as_secs_f64());
    }

    pub(super) fn running(&self, count: usize) {
        self.running.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    pub(super) fn path_collisions(&self, count: usize) {
        self.path_collisions.set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}
