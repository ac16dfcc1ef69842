//! One call to Keycloak: what it is, how it is sent, what comes back.

mod answer;
mod call;
mod client;
mod error;
mod failure;
mod http_client;
mod metrics;
mod outage;
mod places;

pub(crate) use answer::Answer;
pub(crate) use call::{Body, By, Call, Class, Kind};
pub(crate) use client::Transport;
pub(crate) use error::{CallError, Refusal};
pub use metrics::KeycloakMetrics;

#[cfg(test)]
pub(crate) mod tests;
