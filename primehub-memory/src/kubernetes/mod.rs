//! A Kubernetes API in memory, as a [`tower::Service`] and over HTTP.
//!
//! Knows nothing of PrimeHub.

pub mod kinds;
pub mod schema;
pub mod status;
pub mod store;
