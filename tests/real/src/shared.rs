//! One server for many tests.

use tokio::sync::OnceCell;

use crate::endpoint::Endpoint;
use crate::instance::Options;
use crate::keycloak::{Keycloak, KeycloakError};
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
    Keycloak(#[from] KeycloakError),
}

/// The server that tests of one program share, each in realms of its own: the one that `PRIMEHUB_KEYCLOAK_URL` names, or else one that is started
/// when somebody first asks, and that ends with this value (or the program).
///
/// Who asks first starts it, the others wait, from whatever thread and runtime.
#[derive(Debug)]
pub struct Shared {
    peers: Peers,
    prepared: OnceCell<Prepared>,
    keycloak: OnceCell<Keycloak>,
}

impl Shared {
    /// Nothing is started yet.
    #[must_use]
    pub fn new(peers: Peers) -> Self {
        Self { peers, prepared: OnceCell::new(), keycloak: OnceCell::new() }
    }

    /// Where the shared server is, and who administers it.
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

    /// The tree, for tests that need an instance for themselves because they stop, pause or kill it.
    ///
    /// # Errors
    ///
    /// [`SharedError::Prepare`] says why there is none.
    pub async fn prepared(&self) -> Result<&Prepared, SharedError> {
        Ok(self.prepared.get_or_try_init(|| Prepared::prepare(&self.peers)).await?)
    }
}
