//! The GraphQL server over HTTP: routes, bodies, limits, and everything around them.

mod admission;
mod auth_flow;
mod body;
#[cfg(test)]
pub(crate) mod captured_log;
mod cors;
mod document;
mod edge;
mod endpoint;
mod host;
mod invite;
mod lexical;
mod limits;
mod management;
mod metrics;
mod numbers;
mod operation;
mod page;
mod peer;
mod prefix;
pub(crate) mod rate_limit;
mod refusal;
mod request_id;
mod router;
mod serve;
mod server;
mod site;
mod syntax;
mod tls;

pub use host::LOOPBACK_HOSTS;
pub use limits::Limits;
pub use peer::{InvalidNetwork, Network};
pub use prefix::Prefix;
pub use serve::{Listener, serve};
pub use server::{Server, ServerBuilder};
pub use site::{InvalidSite, Site, SiteLimits};
pub use tls::{Tls, TlsError, TlsFiles};
