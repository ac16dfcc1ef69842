//! PrimeHub's GraphQL server as a library.

mod audit;
mod authentication;
mod config;
mod error;
mod http;
mod operations;
mod request;
mod schema;

pub use audit::{AuditRecord, AuditResult, AuditSink, TracingAudit};
pub use config::{License, LicenseStatus, PlatformConfig};
pub use error::{ApiError, Code};
pub use http::{InvalidNetwork, LOOPBACK_HOSTS, Limits, Network, Prefix, Server, ServerBuilder, serve};
pub use schema::sdl;

/// Routers come from this crate, and go into its services.
pub use axum;
/// The shared secret is handed over as one of its types.
pub use secrecy;
