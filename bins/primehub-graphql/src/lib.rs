//! What the program `primehub-graphql` is made of: its configuration from environment variables, the server on a Keycloak, and how a
//! process serves until it is told to stop. `primehub up` uses the last two as well.

mod config;
mod identity;
mod process;
mod server;
mod variables;

pub use config::{Config, LogSettings, proxy_from_vars};
pub use identity::KeycloakIdentity;
pub use process::{LogFormat, Stop, at_each, bind, log_to_standard_error, serve, stop};
pub use server::{AssemblyError, assemble, run, system_offset_minutes};
pub use variables::{ConfigErrors, Problem, Standing, Unset, Variable, reference, variables};
