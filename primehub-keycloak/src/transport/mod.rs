//! One call to Keycloak: what it is, how it is sent, what comes back.

mod call;
mod client;
mod error;
mod metrics;

pub(crate) use call::{Body, By, Call, Class, Kind};
pub(crate) use client::{Answer, Transport};
pub(crate) use error::{CallError, Refusal, Violation};
pub use metrics::KeycloakMetrics;
