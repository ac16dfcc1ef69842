//! The tests against real servers, as one command.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Command, ExitStatus};

use secrecy::ExposeSecret as _;

use crate::admin::{Admin, AdminError};
use crate::instance::Options;
use crate::keycloak::{Keycloak, KeycloakError};
use crate::peers::{KEYCLOAK_ADMIN, KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_URL, Peers};
use crate::prepared::{PrepareError, Prepared};

/// Why the tests could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The server could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The server could not be started or stopped.
    #[error(transparent)]
    Keycloak(#[from] KeycloakError),
    /// The server could not be asked for its version.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Cargo could not be run.
    #[error("cargo could not be run")]
    Cargo(#[source] io::Error),
}

/// Starts a server, runs the tests of this package against it by `cargo`, with `arguments` for the test programs, stops the server, and returns how the
/// tests ended. `say` gets a line about the server as soon as it runs.
///
/// # Errors
///
/// [`RunError`] if the tests could not be run; failed tests are no error here.
pub async fn test(
    peers: &Peers,
    cargo: &OsStr,
    arguments: &[OsString],
    say: impl FnOnce(&str),
) -> Result<ExitStatus, RunError> {
    let prepared = Prepared::prepare(peers).await?;
    let keycloak = Keycloak::start(&prepared, Options::default()).await?;
    let version = Admin::new(&keycloak.endpoint())?.server_version().await?;
    say(&format!("Keycloak {version} runs at {}", keycloak.base_url()));
    let mut command = Command::new(cargo);
    command
        .args(["test", "-p", "real-peers", "--features", "real", "--"])
        .args(arguments)
        .env(KEYCLOAK_URL, keycloak.base_url())
        .env(KEYCLOAK_ADMIN, keycloak.admin_name())
        .env(KEYCLOAK_ADMIN_PASSWORD, keycloak.admin_password().expose_secret());
    // Waiting must not hold up the runtime.
    let status = tokio::task::spawn_blocking(move || command.status())
        .await
        .map_err(io::Error::from)
        .flatten()
        .map_err(RunError::Cargo)?;
    keycloak.stop().await?;
    Ok(status)
}
