//! API tokens: the offline sessions of PrimeHub's client.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use primehub_core::identity::{Actor, Applied, IdentityError, Key};
use primehub_core::names::UserId;

use super::{Store, by};

/// How many users are asked about at once.
const AT_ONCE: usize = 8;

impl Store {
    /// Costs one call for each user: Keycloak lists the offline sessions of a user at a client, or all of a client's.
    pub(super) async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
        let client = self.own_client()?;
        let directory = self.mirror.directory();
        let known = users.iter().filter(|id| directory.user(id).is_some());
        let asked: Vec<_> = known.map(|id| self.api_token_count(id, &client)).collect();
        let counts: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(counts.into_iter().flatten().collect())
    }

    async fn api_token_count(&self, id: &UserId, client: &str) -> Result<Option<(UserId, u32)>, IdentityError> {
        match self.keycloak.users().offline_sessions(id, client).await {
            Ok(sessions) => Ok(Some((id.clone(), u32::try_from(sessions.len()).unwrap_or(u32::MAX)))),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error.into_identity(None)),
        }
    }

    pub(super) async fn revoke_api_tokens(&self, actor: &Actor, user: &UserId) -> Result<Applied, IdentityError> {
        self.writable()?;
        let client = &self.keycloak.settings().client_id;
        match self.keycloak.users().revoke_consent(by(actor), user, client).await {
            Ok(()) => Ok(Applied::Changed),
            Err(error)
                if error.is_absent() && !error.refusal().is_some_and(|refusal| refusal.says("user not found")) =>
            {
                Ok(Applied::Unchanged)
            }
            Err(error) => Err(error.into_identity(Some(&Key::User(user.clone())))),
        }
    }

    fn own_client(&self) -> Result<String, IdentityError> {
        let facts = self.mirror.facts().and_then(|facts| facts.own_client);
        facts.ok_or_else(|| IdentityError::Unavailable {
            cause: format!("the client {} is not known to exist", self.keycloak.settings().client_id),
        })
    }
}
