//! Access tokens: checked with the issuer's keys.

use std::sync::Arc;

use primehub_core::clock::Clock;
use primehub_core::identity::token::{AccessClaims, TokenIssuer, TokenPolicy, TokenShape, check_access_token};
use primehub_core::names::UserId;
use secrecy::{ExposeSecret as _, SecretString};

use super::keys::KeyCache;
use super::misconfiguration::Misconfigurations;
use super::{AuthenticationError, AuthenticationMetrics};

/// A believed access token.
#[derive(Debug)]
pub(super) struct CheckedToken {
    /// The account.
    pub(super) subject: UserId,
    /// Everything else the token says.
    pub(super) claims: AccessClaims,
    /// The token itself, for writes at the identity provider.
    pub(super) token: SecretString,
}

/// Checks access tokens.
pub(super) struct AccessTokens {
    keys: KeyCache,
    policy: TokenPolicy,
    clock: Arc<dyn Clock>,
    misconfigurations: Misconfigurations,
}

impl AccessTokens {
    pub(super) fn new(
        issuer: Arc<dyn TokenIssuer>,
        policy: TokenPolicy,
        clock: Arc<dyn Clock>,
        metrics: AuthenticationMetrics,
    ) -> Self {
        let misconfigurations = Misconfigurations::new(&policy, &clock);
        Self { keys: KeyCache::new(issuer, clock.clone(), metrics), policy, clock, misconfigurations }
    }

    /// Believes `token`, or not.
    pub(super) async fn check(&self, token: SecretString) -> Result<CheckedToken, AuthenticationError> {
        let TokenShape::Access { key_id: Some(key_id) } = TokenShape::of(token.expose_secret()) else {
            return Err(AuthenticationError::InvalidToken);
        };
        let keys = self.keys.for_key(&key_id).await.map_err(|_| AuthenticationError::Unavailable)?;
        let checked = check_access_token(token.expose_secret(), &keys, &self.policy, self.clock.now());
        let claims = checked.map_err(|rejection| {
            tracing::debug!(reason = %rejection, "an access token is refused");
            self.misconfigurations.tell(&rejection, token.expose_secret());
            AuthenticationError::InvalidToken
        })?;
        let subject = claims.subject.clone().ok_or(AuthenticationError::InvalidToken)?;
        Ok(CheckedToken { subject, claims, token })
    }
}
