//! A Keycloak realm, and the account by which the platform acts in it.

use std::sync::Arc;

use secrecy::SecretString;
use tokio::time::Instant;

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
        let transport = Transport::new(Arc::new(settings.within_a_year()), KeycloakMetrics::default())?;
        Ok(Self { service: Arc::new(ServiceToken::new(transport.for_upkeep())), transport })
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

    /// The same connection, for calls that nobody asks for.
    pub(crate) fn for_upkeep(&self) -> Self {
        Self { transport: self.transport.for_upkeep(), service: self.service.clone() }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// Sends a call with the rights that it names. If Keycloak does not accept the service account's token any more, the token is renewed and
    /// the call repeated, once. All of it together has the time limit of the call.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Answer, CallError> {
        let deadline = self.transport.deadline(call.kind.class);
        let token = match call.by {
            By::Nobody => return self.transport.send_before(call, None, deadline).await,
            By::Token(token) => return self.transport.send_before(call, Some(token), deadline).await,
            By::Service => before(deadline, call, self.service.get()).await?,
        };
        match self.transport.send_before(call, Some(&token), deadline).await {
            Err(error) if error.status() == Some(401) => {
                let token = before(deadline, call, self.service.get_instead_of(&token)).await?;
                let answer = self.transport.send_before(call, Some(&token), deadline).await;
                answer.map_err(|error| self.not_the_persons_fault(call, error))
            }
            answer => answer,
        }
    }

    /// A token of the platform's that Keycloak does not accept although it has just been issued is nothing that the person can help on
    /// whose behalf the call is made.
    fn not_the_persons_fault(&self, call: &Call<'_>, error: CallError) -> CallError {
        if error.status() != Some(401) {
            return error;
        }
        let client = &self.settings().client_id;
        let cause = format!(
            "Keycloak does not accept the client {client}: it refuses the service account's token that it has just issued"
        );
        tracing::error!(call = call.kind.name, cause);
        CallError::Unavailable { call: call.kind.name, cause }
    }
}

/// Waits for the token of a call, until the call's time is over.
async fn before(
    deadline: Instant,
    call: &Call<'_>,
    token: impl Future<Output = Result<SecretString, CallError>>,
) -> Result<SecretString, CallError> {
    let late = |_| Err(CallError::Unavailable { call: call.kind.name, cause: "no token for it in time".to_owned() });
    tokio::time::timeout_at(deadline, token).await.unwrap_or_else(late)
}

impl std::fmt::Debug for Keycloak {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keycloak").field("settings", self.settings()).finish_non_exhaustive()
    }
}
