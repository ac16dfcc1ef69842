//! The GraphQL server over HTTP: routes, bodies, limits, and everything around them.

mod admission;
mod body;
mod cors;
mod document;
mod edge;
mod endpoint;
mod host;
mod lexical;
mod limits;
mod management;
mod metrics;
mod numbers;
mod operation;
mod peer;
mod prefix;
mod refusal;
mod request_id;
mod router;
mod serve;
mod server;
mod syntax;

pub use host::LOOPBACK_HOSTS;
pub use limits::Limits;
pub use peer::{InvalidNetwork, Network};
pub use prefix::Prefix;
pub use serve::serve;
pub use server::{Server, ServerBuilder};
