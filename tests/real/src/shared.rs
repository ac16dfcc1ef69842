//! One server of each kind for many tests.

use std::path::PathBuf;

use tokio::sync::OnceCell;

use crate::endpoint::Endpoint;
use crate::error::ServerError;
use crate::instance::Options;
use crate::keycloak::Keycloak;
use crate::kubernetes::{Kubernetes, KubernetesOptions, KubernetesProgram};
use crate::peers::Peers;
use crate::prepared::{PrepareError, Prepared};

/// Why there is no shared server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SharedError {
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It could not be started.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// The servers that tests of one program share, each test in realms and namespaces of its own: those that `PRIMEHUB_KEYCLOAK_URL` and
/// `PRIMEHUB_KUBECONFIG` name, or else ones that are started when somebody first asks, and that end with this value (or the program). What nobody
/// asks for is neither prepared nor started.
///
/// Who asks first starts it, the others wait, from whatever thread and runtime.
#[derive(Debug)]
pub struct Shared {
    peers: Peers,
    prepared: OnceCell<Prepared>,
    keycloak: OnceCell<Keycloak>,
    program: OnceCell<KubernetesProgram>,
    kubernetes: OnceCell<Kubernetes>,
}

impl Shared {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self {
            peers,
            prepared: OnceCell::new(),
            keycloak: OnceCell::new(),
            program: OnceCell::new(),
            kubernetes: OnceCell::new(),
        }
    }

    /// Where the shared Keycloak is, and who administers it.
    ///
    /// # Errors
    ///
    /// [`SharedError`] says why it cannot be started; the next who asks tries again.
    pub async fn keycloak(&self) -> Result<Endpoint, SharedError> {
        if let Some(running) = &self.peers.running {
            return Ok(running.clone());
        }
        let prepared = self.prepared().await?;
        let start = || Keycloak::start(prepared, Options::default());
        Ok(self.keycloak.get_or_try_init(start).await?.endpoint())
    }

    /// The tree, for tests that need an instance of Keycloak for themselves because they stop, pause or kill it.
    ///
    /// # Errors
    ///
    /// [`SharedError::Prepare`] says why there is none.
    pub async fn prepared(&self) -> Result<&Prepared, SharedError> {
        Ok(self.prepared.get_or_try_init(|| Prepared::prepare(&self.peers)).await?)
    }

    /// The file that tells clients of the shared Kubernetes. Its current context is the administrator's; the user of context `jane` has no rights.
    ///
    /// # Errors
    ///
    /// [`SharedError`] says why it cannot be started; the next who asks tries again.
    pub async fn kubeconfig(&self) -> Result<PathBuf, SharedError> {
        if let Some(running) = &self.peers.kubeconfig {
            return Ok(running.clone());
        }
        let program = self.program().await?;
        let start = || Kubernetes::start(program, KubernetesOptions::default());
        Ok(self.kubernetes.get_or_try_init(start).await?.kubeconfig())
    }

    /// The program, for tests that need an instance of Kubernetes for themselves, or its `kubectl`.
    ///
    /// # Errors
    ///
    /// [`SharedError::Prepare`] says why there is none.
    pub async fn program(&self) -> Result<&KubernetesProgram, SharedError> {
        Ok(self.program.get_or_try_init(|| KubernetesProgram::prepare(&self.peers)).await?)
    }
}
