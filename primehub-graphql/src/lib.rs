//! PrimeHub's GraphQL server as a library: give it an identity store and whoever issues its tokens, and it returns a router.
//!
//! ```
//! use std::sync::Arc;
//!
//! use primehub_core::identity::token::TokenPolicy;
//! use primehub_graphql::{PlatformConfig, Server};
//! use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
//! use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let realm = RealmSettings::new("primehub", "admin-ui");
//! let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", "a secret".into());
//! let store = Arc::new(MemoryIdentityStore::new(realm));
//! let provider = OpenIdProvider::start(store.clone(), settings).await?;
//!
//! let policy = TokenPolicy::new(provider.issuer(), "admin-ui");
//! let server =
//!     Server::builder(store, Arc::new(provider), PlatformConfig::new("admin-ui"), policy).prefix("/api").build();
//! let routes: axum::Router = server.router();
//! # let _ = routes;
//! # Ok(())
//! # }
//! ```
//!
//! * [`Server`] makes the routers: that of the API, at `<prefix>/graphql`, and that of health and metrics for a management port.
//!   [`Server::surround`] gives other routes the same edge, [`serve`] serves them until it is told to stop.
//! * [`Site`] adds what people need before they have logged in: invitation pages, and the way by which a command line gets its API token.
//!   Both speak English and German, work without scripts, and have limits per client ([`SiteLimits`]).
//! * [`PlatformConfig`] holds what the answers depend on besides the identity provider, [`Limits`] what a request may cost.
//! * [`AuditSink`] receives one [`AuditRecord`] for every mutation.
//! * [`sdl`] prints the schema.
//!
//! A caller is looked up in the present picture of the identity store at every operation; every root field asks the authorization matrix of
//! [`primehub_core::access`]; reads cost no call to the provider.

mod audit;
mod authentication;
mod config;
mod error;
mod http;
mod operations;
mod request;
mod schema;
mod ticks;

pub use audit::{AuditRecord, AuditResult, AuditSink, TracingAudit};
pub use config::{License, LicenseStatus, PlatformConfig};
pub use error::Code;
pub use http::{
    InvalidNetwork, InvalidSite, LOOPBACK_HOSTS, Limits, Listener, Network, Prefix, Server, ServerBuilder, Site,
    SiteLimits, Tls, TlsError, TlsFiles, serve,
};
pub use schema::sdl;

/// Routers come from this crate, and go into its services.
pub use axum;
/// Numbers of other parts join the server's in one of its registries ([`ServerBuilder::registry`]).
pub use prometheus_client;
/// The shared secret is handed over as one of its types.
pub use secrecy;
