//! The tests against real servers, as one command.

use std::ffi::{OsStr, OsString};
use std::io;
use std::process::{Command, ExitStatus};

use secrecy::ExposeSecret as _;

use crate::admin::{Admin, AdminError};
use crate::error::ServerError;
use crate::instance::Options;
use crate::keycloak::Keycloak;
use crate::kubernetes::{KUBERNETES_VERSION, Kubernetes, KubernetesOptions, KubernetesProgram};
use crate::peers::{KEYCLOAK_ADMIN, KEYCLOAK_ADMIN_PASSWORD, KEYCLOAK_URL, KUBECONFIG, ONLY, Peers};
use crate::prepared::{PrepareError, Prepared};
use crate::server::Server;

/// Why the tests could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A server could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// A server could not be started or stopped.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A server could not be asked for its version.
    #[error(transparent)]
    Admin(#[from] AdminError),
    /// Cargo could not be run.
    #[error("cargo could not be run")]
    Cargo(#[source] io::Error),
}

/// Makes what `server` is started from, unless it is there, and says where it is.
///
/// # Errors
///
/// [`PrepareError`] says what to install, or what failed.
pub async fn prepare(peers: &Peers, server: Server) -> Result<String, PrepareError> {
    Ok(match server {
        Server::Keycloak => {
            let prepared = Prepared::prepare(peers).await?;
            format!("Keycloak {} is in {}", prepared.version(), prepared.tree().display())
        }
        Server::Kubernetes => {
            let program = KubernetesProgram::prepare(peers).await?;
            format!("Kubernetes {KUBERNETES_VERSION} is {}", program.executable().display())
        }
    })
}

/// Starts the servers, or `only` one, runs the tests of this package that are about them by `cargo`, with `arguments` for the test programs, stops the
/// servers, and returns how the tests ended. `say` gets a line about each server as soon as they run.
///
/// # Errors
///
/// [`RunError`] if the tests could not be run; failed tests are no error here.
pub async fn test(
    peers: &Peers,
    only: Option<Server>,
    cargo: &OsStr,
    arguments: &[OsString],
    mut say: impl FnMut(&str),
) -> Result<ExitStatus, RunError> {
    let wanted = |server| only.is_none_or(|only| only == server);
    // Each in a task of its own, as preparing one holds its thread up.
    let keycloak = tokio::spawn(start_keycloak(peers.clone(), wanted(Server::Keycloak)));
    let kubernetes = start_kubernetes(peers, wanted(Server::Kubernetes)).await;
    let keycloak = keycloak.await.map_err(io::Error::from).map_err(ServerError::Io)??;
    let kubernetes = kubernetes?;

    let mut command = Command::new(cargo);
    command.args(["test", "-p", "real-peers", "--features", "real", "--"]).args(arguments);
    if let Some(server) = only {
        command.env(ONLY, server.name());
    }
    if let Some(keycloak) = &keycloak {
        let version = Admin::new(&keycloak.endpoint())?.server_version().await?;
        say(&format!("Keycloak {version} runs at {}", keycloak.base_url()));
        command
            .env(KEYCLOAK_URL, keycloak.base_url())
            .env(KEYCLOAK_ADMIN, keycloak.admin_name())
            .env(KEYCLOAK_ADMIN_PASSWORD, keycloak.admin_password().expose_secret());
    }
    if let Some(kubernetes) = &kubernetes {
        say(&format!("Kubernetes {KUBERNETES_VERSION} runs at {}", kubernetes.url()));
        command.env(KUBECONFIG, kubernetes.kubeconfig());
    }
    // Waiting must not hold up the runtime.
    let status = tokio::task::spawn_blocking(move || command.status())
        .await
        .map_err(io::Error::from)
        .flatten()
        .map_err(RunError::Cargo)?;
    if let Some(keycloak) = keycloak {
        keycloak.stop().await?;
    }
    if let Some(kubernetes) = kubernetes {
        kubernetes.stop().await?;
    }
    Ok(status)
}

async fn start_keycloak(peers: Peers, wanted: bool) -> Result<Option<Keycloak>, RunError> {
    if !wanted {
        return Ok(None);
    }
    let prepared = Prepared::prepare(&peers).await?;
    Ok(Some(Keycloak::start(&prepared, Options::default()).await?))
}

async fn start_kubernetes(peers: &Peers, wanted: bool) -> Result<Option<Kubernetes>, RunError> {
    if !wanted {
        return Ok(None);
    }
    let program = KubernetesProgram::prepare(peers).await?;
    Ok(Some(Kubernetes::start(&program, KubernetesOptions::default()).await?))
}
