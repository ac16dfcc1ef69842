//! The service account's token: fetched when it is needed, by one caller for all, and renewed before it ends.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::Grant;
use crate::transport::{CallError, Transport};

/// From this part of its life on a token is renewed, while it still counts.
const EARLY: f64 = 0.8;

/// The token by which the platform acts. Its age is counted by a clock that nobody can set.
pub(crate) struct ServiceToken {
    transport: Transport,
    held: Mutex<Option<Held>>,
    asking: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Held {
    token: SecretString,
    renew_at: Instant,
    ends_at: Instant,
}

impl ServiceToken {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport, held: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }

    /// A token that counts. Costs a call only if there is none, or the one at hand is close to its end.
    pub(crate) async fn get(&self) -> Result<SecretString, CallError> {
        let now = Instant::now();
        match self.held() {
            Some(held) if now < held.renew_at => Ok(held.token),
            // One caller renews it; whoever comes meanwhile goes on with the present one.
            Some(held) if now < held.ends_at => match self.asking.try_lock() {
                Err(_) => Ok(held.token),
                Ok(_turn) => Ok(self.ask().await.unwrap_or(held.token)),
            },
            _ => {
                let _turn = self.asking.lock().await;
                match self.held() {
                    Some(held) if now < held.ends_at => Ok(held.token),
                    _ => self.ask().await,
                }
            }
        }
    }

    /// Another token than `refused`, which Keycloak did not accept.
    pub(crate) async fn get_instead_of(&self, refused: &SecretString) -> Result<SecretString, CallError> {
        let _turn = self.asking.lock().await;
        match self.held() {
            Some(held) if held.token.expose_secret() != refused.expose_secret() => Ok(held.token),
            _ => self.ask().await,
        }
    }

    async fn ask(&self) -> Result<SecretString, CallError> {
        let asked_at = Instant::now();
        let grant =
            Grant::ask(&self.transport, "token.service", vec![("grant_type", "client_credentials".into())]).await?;
        let lifetime = grant.lifetime().max(Duration::from_secs(1));
        let held = Held {
            token: grant.access_token,
            renew_at: asked_at + lifetime.mul_f64(EARLY),
            ends_at: asked_at + lifetime,
        };
        let token = held.token.clone();
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(held);
        Ok(token)
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
