//! A Kubernetes API in memory: starts in milliseconds, and answers as a real API server does.
//!
//! For tests of operators, and for trying things without a cluster. It is a [`tower::Service`], so a client stands on it without a network; over
//! HTTP it serves `kubectl` and every other client. Behaviour is that of the release named by [`RELEASE`], as a suite shows that runs on both.
//!
//! ```
//! use primehub_memory::kubernetes::ApiServer;
//! use tower::ServiceExt as _;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let server = ApiServer::new().await?;
//! let request = http::Request::post("/api/v1/namespaces/default/configmaps")
//!     .body(r#"{ "metadata": { "name": "colours" }, "data": { "sky": "blue" } }"#.to_owned())?;
//! let answer = server.oneshot(request).await?;
//! assert_eq!(answer.status(), 201);
//! # Ok(())
//! # }
//! ```
//!
//! A program of the `kube` crate gets its client by `kube::Client::new(server, "default")`.
//!
//! * Kinds are data. Built-in ones come from tables that are generated from a real server; custom ones from their definitions, at run time.
//! * What a controller manager does without being asked is done here too: namespaces are emptied, objects without owners go. No pod runs,
//!   nothing is scheduled, and no controller makes pods of deployments.
//! * What is not supported is answered with 501 and named; nothing pretends to have happened.
//!
//! Everything is forgotten when the last clone is dropped, unless the [store](store::Store) was opened on a folder.

pub(crate) mod access;
mod documents;
pub mod kinds;
mod kubeconfig;
mod lifecycle;
pub(crate) mod ownership;
pub(crate) mod patch;
pub(crate) mod render;
pub(crate) mod request;
pub(crate) mod rules;
pub mod schema;
mod serve;
mod server;
pub mod status;
pub mod store;
pub(crate) mod verbs;

pub use access::{Caller, Token};
pub use documents::RELEASE;
pub use kubeconfig::kubeconfig;
pub use request::Body;
pub use serve::{ServeError, Serving};
pub use server::{ApiServer, Builder};
