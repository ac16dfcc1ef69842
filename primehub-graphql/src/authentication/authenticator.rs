//! The algorithm: credentials to caller.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Digest, SHA256, digest};
use http::HeaderMap;
use jiff::Timestamp;
use primehub_core::access::Caller;
use primehub_core::clock::Clock;
use primehub_core::identity::token::{TokenIssuer, TokenPolicy, TokenShape};
use primehub_core::identity::{Directory, IdentityStore};
use primehub_core::names::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use super::access_tokens::{AccessTokens, CheckedToken};
use super::api_tokens::ApiTokens;
use super::credentials::Credentials;
use super::passwords::Passwords;
use super::picture::Picture;
use super::{AuthenticationError, AuthenticationMetrics};
use crate::http::rate_limit::Client;

/// What an [`Authenticator`] is built from.
pub(crate) struct AuthenticatorSettings {
    pub(crate) store: Arc<dyn IdentityStore>,
    pub(crate) issuer: Arc<dyn TokenIssuer>,
    pub(crate) policy: TokenPolicy,
    /// What servers show instead of a token of their own. `None`, or an empty text: nobody is taken for a server.
    pub(crate) shared_secret: Option<SecretString>,
    /// Whether a user name and password are accepted.
    pub(crate) basic: bool,
    /// How long answers are given from what was last known of an identity provider that cannot be reached.
    pub(crate) stale_max: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: AuthenticationMetrics,
}

/// Finds out who calls.
pub(crate) struct Authenticator {
    access_tokens: Arc<AccessTokens>,
    api_tokens: ApiTokens,
    /// `None` if user names and passwords are not accepted.
    passwords: Option<Passwords>,
    picture: Picture,
    shared_secret: Option<Digest>,
    metrics: AuthenticationMetrics,
}

/// A caller, and the picture in which they were found.
pub(crate) struct Authenticated {
    pub(crate) caller: Caller,
    pub(crate) directory: Arc<Directory>,
    /// Since when the picture may be out of date, if it may.
    pub(crate) stale_since: Option<Timestamp>,
}

impl Authenticator {
    pub(crate) fn new(settings: AuthenticatorSettings) -> Self {
        let AuthenticatorSettings { store, issuer, policy, shared_secret, basic, stale_max, clock, metrics } = settings;
        let access_tokens = Arc::new(AccessTokens::new(issuer.clone(), policy, clock.clone(), metrics.clone()));
        let shared_secret = shared_secret.filter(|secret| !secret.expose_secret().is_empty());
        Self {
            api_tokens: ApiTokens::new(
                issuer.clone(),
                access_tokens.clone(),
                clock.clone(),
                metrics.clone(),
                stale_max,
            ),
            passwords: basic.then(|| Passwords::new(issuer, &clock, metrics.clone())),
            picture: Picture::new(store, clock, metrics.clone(), stale_max),
            shared_secret: shared_secret.map(|secret| digest(&SHA256, secret.expose_secret().as_bytes())),
            access_tokens,
            metrics,
        }
    }

    /// The caller behind the headers of a request by `client`. Never anonymous: whoever is nobody is an error.
    pub(crate) async fn authenticate(
        &self,
        headers: &HeaderMap,
        client: Client,
    ) -> Result<Authenticated, AuthenticationError> {
        let (kind, result) = match Credentials::of(headers) {
            Ok(Credentials::Bearer(token)) => self.bearer(token).await,
            Ok(Credentials::Basic(encoded)) => ("basic", self.password(encoded, client).await),
            Err(error) => ("none", Err(error)),
        };
        self.metrics.attempt(kind, result.as_ref().map_or_else(|error| error.label(), |_| "ok"));
        result
    }

    /// A caller found before, as the newest picture shows them: an account may have been disabled since.
    pub(crate) fn again(&self, caller: &Caller) -> Result<Authenticated, AuthenticationError> {
        let trusted = self.picture.trusted()?;
        let caller = caller.again_in(&trusted.directory).ok_or(AuthenticationError::InvalidToken)?;
        Ok(Authenticated { caller, directory: trusted.directory, stale_since: trusted.stale_since })
    }

    /// Forgets what is known of the API tokens of a user: after they were revoked, or the account was disabled, enabled
    /// or deleted.
    pub(crate) fn forget(&self, user: &UserId) {
        self.api_tokens.forget(user);
    }

    /// What operators should know although questions can be answered, as the end of a sentence.
    ///
    /// # Errors
    /// When there is no picture that could be answered from.
    pub(crate) fn readiness(&self) -> Result<Option<String>, AuthenticationError> {
        self.picture.remark()
    }

    /// Brings the numbers that are not counted as they change up to date.
    pub(crate) async fn update_metrics(&self) {
        self.picture.update_metrics();
        self.metrics.remembered(self.api_tokens.remembered().await);
    }

    async fn bearer(&self, token: &str) -> (&'static str, Result<Authenticated, AuthenticationError>) {
        if self.is_shared_secret(token) {
            return ("shared_secret", self.server());
        }
        match TokenShape::of(token) {
            TokenShape::Access { .. } => {
                let checked = self.access_tokens.check(SecretString::from(token)).await;
                ("access_token", self.person(checked.as_ref().map_err(|error| *error)).await)
            }
            TokenShape::Opaque => {
                let checked = self.api_tokens.access_token(token).await;
                ("api_token", self.person(checked.as_deref().map_err(|error| *error)).await)
            }
            // A refresh token; and a shape that nobody has thought of is no credential either.
            _ => ("refresh_token", Err(AuthenticationError::InvalidToken)),
        }
    }

    async fn password(&self, encoded: &str, client: Client) -> Result<Authenticated, AuthenticationError> {
        let passwords = self.passwords.as_ref().ok_or(AuthenticationError::NotAuthorized)?;
        let checked = self.access_tokens.check(passwords.token(encoded, client).await?).await;
        self.person(checked.as_ref().map_err(|error| *error)).await
    }

    async fn person(
        &self,
        checked: Result<&CheckedToken, AuthenticationError>,
    ) -> Result<Authenticated, AuthenticationError> {
        let (person, trusted) = self.picture.person(checked?).await?;
        Ok(Authenticated {
            caller: Caller::Person(person),
            directory: trusted.directory,
            stale_since: trusted.stale_since,
        })
    }

    fn server(&self) -> Result<Authenticated, AuthenticationError> {
        let trusted = self.picture.trusted()?;
        Ok(Authenticated {
            caller: Caller::SharedSecret,
            directory: trusted.directory,
            stale_since: trusted.stale_since,
        })
    }

    /// Compares digests, so that the time taken says nothing about the secret, its length included.
    fn is_shared_secret(&self, token: &str) -> bool {
        self.shared_secret
            .as_ref()
            .is_some_and(|secret| bool::from(secret.as_ref().ct_eq(digest(&SHA256, token.as_bytes()).as_ref())))
    }
}

#[cfg(test)]
mod tests;
