//! A Keycloak realm, and the account by which the platform acts in it.

use std::sync::Arc;

use crate::settings::{InvalidSettings, KeycloakSettings};
use crate::token::ServiceToken;
use crate::transport::{Answer, By, Call, CallError, KeycloakMetrics, Transport};

/// The connection to one realm of a Keycloak. Making it costs no call; clones share connections, the service account's token, limits and
/// metrics.
#[derive(Clone)]
pub struct Keycloak {
    transport: Transport,
    service: Arc<ServiceToken>,
}

impl Keycloak {
    /// A connection with `settings`. Nothing is asked of Keycloak yet.
    ///
    /// # Errors
    /// Settings with which no call could be made.
    pub fn new(settings: KeycloakSettings) -> Result<Self, InvalidSettings> {
        let transport = Transport::new(Arc::new(settings), KeycloakMetrics::default())?;
        Ok(Self { service: Arc::new(ServiceToken::new(transport.clone())), transport })
    }

    /// Where the realm is.
    #[must_use]
    pub fn settings(&self) -> &KeycloakSettings {
        self.transport.settings()
    }

    /// What the calls have cost so far.
    #[must_use]
    pub fn metrics(&self) -> &KeycloakMetrics {
        self.transport.metrics()
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Sends a call with the rights that it names. The service account's token is renewed once if Keycloak does not accept it any more.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Answer, CallError> {
        let token = match call.by {
            By::Nobody => return self.transport.send(call, None).await,
            By::Token(token) => return self.transport.send(call, Some(token)).await,
            By::Service => self.service.get().await?,
        };
        match self.transport.send(call, Some(&token)).await {
            Err(error) if error.status() == Some(401) => {
                let token = self.service.get_instead_of(&token).await?;
                self.transport.send(call, Some(&token)).await
            }
            answer => answer,
        }
    }
}

impl std::fmt::Debug for Keycloak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keycloak").field("settings", self.settings()).finish_non_exhaustive()
    }
}
