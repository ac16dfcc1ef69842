//! Real servers for tests: a Keycloak, started with nothing but the package registries.
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
//!   that an instance of it is ready in seconds.
//! * [`Keycloak`] is an instance with a database and ports of its own. It can be stopped, killed, paused and started again, and it ends with
//!   the program that started it, however that ends.
//! * [`Shared`] is the one instance that many tests use, each with a realm of its own.
//! * [`Admin`] changes a server by its admin REST interface and knows nothing of PrimeHub: somebody else's hand.
//! * [`Population`] makes realms of a certain size, and [`PlatformRealm::fetch`] tells how fast they can be read at all.
//! * [`up`], [`down`] and [`test`](fn@test) are the commands of the binary.

mod admin;
mod endpoint;
mod fetch;
mod instance;
mod java;
mod keycloak;
mod layout;
mod lock;
mod maven;
mod peers;
mod population;
mod ports;
mod prepared;
mod process;
mod run;
mod shared;
mod up;

pub use admin::{Admin, AdminError, Answer};
pub use endpoint::{Administrator, Endpoint};
pub use fetch::Fetched;
pub use instance::{Database, Options};
pub use java::JavaError;
pub use keycloak::{Keycloak, KeycloakError};
pub use layout::VERSION as KEYCLOAK_VERSION;
pub use maven::MavenError;
pub use peers::{Peers, PeersError};
pub use population::{PlatformRealm, Population};
pub use prepared::{PrepareError, Prepared};
pub use run::{RunError, test};
pub use shared::{Shared, SharedError};
pub use up::{UpError, UpRecord, down, up};
