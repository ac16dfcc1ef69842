//! The instance that trials may stop, kill and freeze, one after the other.

use std::sync::Arc;

use real_peers::{Keycloak, Options, Shared};
use tokio::sync::{Mutex, MutexGuard};

/// Started when somebody first asks for it.
pub(super) struct Own {
    shared: Arc<Shared>,
    keycloak: Mutex<Option<Keycloak>>,
}

/// A running Keycloak that is nobody else's meanwhile.
pub(super) struct Turn<'a>(MutexGuard<'a, Option<Keycloak>>);

impl Own {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        Self { shared: Arc::clone(shared), keycloak: Mutex::default() }
    }

    /// Waits for the turn, and for Keycloak: an earlier trial may have failed and left it in whatever state.
    pub(super) async fn turn(&self) -> Turn<'_> {
        let mut turn = self.keycloak.lock().await;
        if let Some(keycloak) = &*turn {
            if keycloak.is_running().unwrap() {
                keycloak.resume().unwrap();
            }
            keycloak.launch_again().unwrap();
            keycloak.ready().await.unwrap();
        } else {
            let prepared = self.shared.prepared().await.unwrap();
            *turn = Some(Keycloak::start(prepared, Options::default()).await.unwrap());
        }
        Turn(turn)
    }
}

impl std::ops::Deref for Turn<'_> {
    type Target = Keycloak;

    fn deref(&self) -> &Keycloak {
        self.0.as_ref().unwrap()
    }
}
