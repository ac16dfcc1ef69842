//! Real servers for tests: a Keycloak and a Kubernetes, started with nothing but the package registries.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use real_peers::{Admin, Keycloak, Options, Peers, Prepared};
//! use serde_json::json;
//!
//! # #[allow(clippy::disallowed_methods)]
//! let peers = Peers::from_variables(|name| std::env::var(name).ok())?;
//! let prepared = Prepared::prepare(&peers).await?;
//! let keycloak = Keycloak::start(&prepared, Options::default()).await?;
//! let admin = Admin::new(&keycloak.endpoint())?;
//! admin.create_realm("demo", json!({})).await?;
//! # Ok(()) }
//! ```
//!
//! * [`Prepared`] is a tree of Keycloak, built once and kept in a folder of the user's cache: its own database is there already, so
//!   that an instance of it is ready in seconds. [`KubernetesProgram`] is the same for Kubernetes: all servers of a control plane, scheduler and
//!   pretended machines included, and `kubectl`, as one program.
//! * [`Keycloak`] and [`Kubernetes`] are instances with data and ports of their own. They can be stopped, killed and started again, and they end with
//!   the program that started them, however that ends.
//! * [`Shared`] has the instances that many tests use, each with a realm or namespaces of its own.
//! * [`Admin`] changes a Keycloak by its admin REST interface and knows nothing of PrimeHub: somebody else's hand.
//! * [`Population`] makes realms of a certain size, and [`PlatformRealm::fetch`] tells how fast they can be read at all.
//! * [`prepare`], [`up`], [`down`] and [`test`](fn@test) are the commands of the binary.
//!
//! There are no containers: a pod runs as soon as it is scheduled to a `Node` that somebody has made. It ends by itself if its annotation
//! [`FINISH_AFTER`] says when, with the exit code that [`FINISH_WITH`] says.

mod admin;
mod endpoint;
mod error;
mod fetch;
mod files;
mod instance;
mod java;
mod keycloak;
mod kubernetes;
mod layout;
mod lock;
mod maven;
mod peers;
mod population;
mod ports;
mod prepared;
mod process;
mod run;
mod server;
mod shared;
mod up;

pub use admin::{Admin, AdminError, Answer};
pub use endpoint::{Administrator, Endpoint};
pub use error::ServerError;
pub use fetch::Fetched;
pub use instance::{Database, Options};
pub use java::JavaError;
pub use keycloak::Keycloak;
pub use kubernetes::{
    FINISH_AFTER, FINISH_WITH, GoError, KUBERNETES_VERSION, Kubernetes, KubernetesMemory, KubernetesOptions,
    KubernetesProgram, Servers,
};
pub use layout::VERSION as KEYCLOAK_VERSION;
pub use maven::MavenError;
pub use peers::{Peers, PeersError};
pub use population::{PlatformRealm, Population};
pub use prepared::{PrepareError, Prepared};
pub use run::{RunError, prepare, test};
pub use server::Server;
pub use shared::{Shared, SharedError};
pub use up::{UpError, UpProcess, UpRecord, down, up};
