//! The provider itself: what it is made of, and how answers with tokens are put together.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::clock::Clock;
use primehub_core::identity::{IdentityError, IdentityStore as _, User};
use primehub_core::names::UserId;
use secrecy::SecretString;
use serde::Serialize;
use tokio::sync::Semaphore;

use super::authorization::Codes;
use super::claims::{AccessToken, IdToken, Issue, RefreshToken, RefreshType, ServiceClaims};
use super::client::Client;
use super::cookies::CookieJar;
use super::error::TokenError;
use super::guard::Guard;
use super::keys::{KeyError, KeyUse, Keys};
use super::revoked::RevokedTokens;
use super::scope::{Scope, Scopes};
use crate::identity::{MemoryIdentityStore, Sessions};
use crate::sessions::{Session, SessionId, SessionKind};

/// An OpenID provider in front of a [`MemoryIdentityStore`], with the paths, claims, lifetimes and errors of a Keycloak realm.
///
/// Cheap to clone; all clones are the same provider. [`OpenIdProvider::router`] serves it over HTTP, and within the process it is a
/// [`TokenIssuer`](primehub_core::identity::token::TokenIssuer).
///
/// * Access and ID tokens live for five minutes. A login ends after 30 minutes without a refresh, and after ten hours in any case.
/// * An API token is an offline token: it has no end of its own. It stops working when it is revoked, when its account is deleted or
///   disabled (and works again when the account is enabled), or when it was not used for 30 days.
/// * Accounts are read from the store's present picture at every exchange, so what changes there shows in the next token.
/// * People log in to clients on a page, with the authorization code flow and PKCE, and stay logged in to the browser for as long as a login
///   lasts. Pages need no scripts and exist in English and German.
#[derive(Clone)]
pub struct OpenIdProvider(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) realm: String,
    pub(super) issuer: String,
    /// The issuer's path as browsers see it, percent-encoded, such as `/realms/primehub`.
    pub(super) path: String,
    /// The issuer's scheme, host and port as browsers spell them: where forms of the provider's own pages come from.
    pub(super) origin: String,
    pub(super) cookies: CookieJar,
    pub(super) store: Arc<MemoryIdentityStore>,
    pub(super) clock: Arc<dyn Clock>,
    /// By client id.
    pub(super) clients: BTreeMap<String, Client>,
    /// The client that PrimeHub itself is.
    pub(super) own_client: String,
    /// What people accept who are asked to.
    pub(super) terms: Option<String>,
    pub(super) keys: Keys,
    pub(super) revoked: RevokedTokens,
    /// One for each login whose password is being compared or waits for it.
    pub(super) logins: Semaphore,
    pub(super) guard: Guard,
    pub(super) codes: Codes,
}

impl fmt::Debug for OpenIdProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenIdProvider").field("issuer", &self.0.issuer).finish_non_exhaustive()
    }
}

/// How long an access token is good for.
pub(super) const ACCESS_TOKEN_LIFESPAN: Duration = Duration::from_mins(5);

/// How many logins may wait for their password to be compared; more are turned away at once, so that a flood of them costs little memory
/// and an honest one never waits for minutes.
pub(super) const LOGINS_AT_ONCE: usize = 64;

/// An answer of the token endpoint. The fields stand in Keycloak's order.
#[derive(Clone, Serialize)]
pub(super) struct TokenAnswer {
    pub(super) access_token: String,
    expires_in: i64,
    /// 0 for a token without end, and for none.
    refresh_expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refresh_token: Option<String>,
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id_token: Option<String>,
    #[serde(rename = "not-before-policy")]
    not_before_policy: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_state: Option<String>,
    scope: String,
}

// Whoever reads a token has it.
impl fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("expires_in", &self.expires_in)
            .field("refresh_expires_in", &self.refresh_expires_in)
            .field("session_state", &self.session_state)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// For whom, and on what occasion, tokens are made.
pub(super) struct Occasion<'a> {
    pub(super) user: &'a User,
    pub(super) client: &'a Client,
    /// What the access token is good for.
    pub(super) scopes: &'a Scopes,
    /// How the tokens came about, for their ids: Keycloak's two letters for the grant.
    pub(super) grant: &'static str,
    pub(super) session: OccasionSession<'a>,
    pub(super) login: BrowserLogin<'a>,
}

/// What is known of a login in a browser; nothing of any other.
#[derive(Clone, Copy, Default)]
pub(super) struct BrowserLogin<'a> {
    /// When the password was shown, in Unix seconds.
    pub(super) at: Option<i64>,
    /// The `nonce` of the authorization request, for the answer to its code.
    pub(super) nonce: Option<&'a str>,
}

/// What stands behind the tokens.
pub(super) enum OccasionSession<'a> {
    /// A session that has just been used, and goes on for `lasts` without another use. Its refresh token keeps `granted`, however
    /// little the access token was asked to be good for.
    Running { id: &'a SessionId, kind: SessionKind, lasts: Duration, granted: &'a Scopes },
    /// None: a client's own account asks again instead.
    None(ServiceClaims),
}

impl OpenIdProvider {
    /// The issuer that tokens name: `<base URL>/realms/<realm>`.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer
    }

    /// The realm's name.
    #[must_use]
    pub fn realm(&self) -> &str {
        &self.0.realm
    }

    /// Signs with a new key from now on. Tokens of the keys before it stay good until [`OpenIdProvider::retire_keys`].
    ///
    /// # Errors
    /// When no key can be made; the present ones stay in use.
    pub async fn rotate_keys(&self, which: KeyUse) -> Result<(), KeyError> {
        self.0.keys.rotate(&self.0.store, which, self.0.clock.now()).await
    }

    /// Forgets all keys but the newest that were replaced `overlap` ago or earlier. Tokens that were signed with them are refused from now
    /// on: of retired [`KeyUse::RefreshTokens`] keys, every API token that has not been exchanged since the rotation. What
    /// [`KeyUse::AccessTokens`] keys sign is of use for [`OpenIdProvider::SIGNATURE_OVERLAP`] at most; API tokens live for ever.
    ///
    /// # Errors
    /// When the store cannot keep the change; the keys stay in use.
    pub async fn retire_keys(&self, which: KeyUse, overlap: Duration) -> Result<(), KeyError> {
        self.0.keys.retire(&self.0.store, which, overlap, self.0.clock.now()).await
    }

    /// After this time nothing that an old key of [`KeyUse::AccessTokens`] has signed is of use any more: access tokens have long expired, and
    /// the login is over at whose end an ID token would be shown.
    pub const SIGNATURE_OVERLAP: Duration = SessionKind::ONLINE_LONGEST;

    /// Makes an API token of PrimeHub's client for the account, as a login that asks for `openid offline_access` would: a session that
    /// [`api_token_counts`](primehub_core::identity::IdentityStore::api_token_counts) counts and
    /// [`revoke_api_tokens`](primehub_core::identity::IdentityStore::revoke_api_tokens) ends. For demonstration data and tests, which have
    /// nobody to log in.
    ///
    /// # Errors
    /// When the account does not exist, may not log in, or the token cannot be signed.
    pub async fn mint_api_token(&self, user: &UserId) -> Result<SecretString, MintError> {
        let inner = &self.0;
        let directory = inner.store.directory();
        let user = directory.user(user).ok_or_else(|| MintError::NoSuchUser(user.clone()))?;
        if !user.enabled {
            return Err(MintError::Disabled(user.id.clone()));
        }
        if !inner.may_have_offline_tokens(user) {
            return Err(MintError::NotAllowed(user.id.clone()));
        }
        let session = Session::new(SessionKind::Offline, &inner.own_client, inner.clock.now());
        let id = inner.sessions().start(&user.id, session).await.map_err(MintError::NotKept)?;
        let signed = inner.own_client().and_then(|client| {
            let scopes = Scopes::parse(Some("openid offline_access")).map_err(TokenError::InvalidScope)?;
            let now = inner.now();
            let issue = Issue {
                directory: &directory,
                issuer: &inner.issuer,
                user,
                client,
                scopes: &scopes,
                session: Some(id.as_str()),
                auth_time: None,
                issued_at: now,
                expires_at: now,
            };
            let token = RefreshToken::new(&issue, id.as_str(), RefreshType::Offline, None);
            Ok(inner.keys.ring().sign_private(&token)?)
        });
        match signed {
            Ok(token) => Ok(token.into()),
            Err(error) => {
                inner.sessions().end(&user.id, &id).await.map_err(MintError::NotKept)?;
                Err(MintError::NotSigned(error.to_string()))
            }
        }
    }
}

/// Why no API token was made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MintError {
    /// Nobody has the id.
    #[error("user {0} does not exist")]
    NoSuchUser(UserId),
    /// The account may not log in.
    #[error("user {0} is disabled")]
    Disabled(UserId),
    /// The account lacks the realm role `offline_access`.
    #[error("user {0} may not have API tokens")]
    NotAllowed(UserId),
    /// The cryptographic library failed.
    #[error("the token could not be signed: {0}")]
    NotSigned(String),
    /// The store could not keep it.
    #[error("the token could not be kept")]
    NotKept(#[source] IdentityError),
}

impl Inner {
    /// Unix seconds.
    pub(super) fn now(&self) -> i64 {
        self.clock.now().as_second()
    }

    pub(super) fn sessions(&self) -> Sessions<'_> {
        self.store.sessions()
    }

    /// The address of an OpenID endpoint.
    pub(super) fn endpoint(&self, name: &str) -> String {
        format!("{}/protocol/openid-connect/{name}", self.issuer)
    }

    pub(super) fn own_client(&self) -> Result<&Client, TokenError> {
        self.clients.get(&self.own_client).ok_or(TokenError::UnknownClient)
    }

    /// Makes the tokens that the occasion calls for.
    pub(super) fn answer(&self, occasion: &Occasion<'_>) -> Result<TokenAnswer, TokenError> {
        let Occasion { user, client, scopes, grant, ref session, login } = *occasion;
        let directory = self.store.directory();
        let ring = self.keys.ring();
        let now = self.now();
        let (id, kind, lifespan) = match session {
            OccasionSession::Running { id, kind, lasts, .. } => {
                (Some(id.as_str()), Some(*kind), ACCESS_TOKEN_LIFESPAN.min(*lasts))
            }
            OccasionSession::None(_) => (None, None, ACCESS_TOKEN_LIFESPAN),
        };
        let issue = Issue {
            directory: &directory,
            issuer: &self.issuer,
            user,
            client,
            scopes,
            session: id,
            auth_time: login.at,
            issued_at: now,
            expires_at: now.saturating_add(seconds(lifespan)),
        };
        let (service, made) = match session {
            OccasionSession::None(service) => (Some(service.clone()), "tr"),
            OccasionSession::Running { kind: SessionKind::Online, .. } => (None, "on"),
            OccasionSession::Running { kind: SessionKind::Offline, .. } => (None, "of"),
        };
        let access_token = ring.sign_public(&AccessToken::new(&issue, &format!("{made}rt{grant}"), service))?;
        let id_token = if scopes.contains(Scope::OpenId) {
            Some(ring.sign_public(&IdToken::new(&issue, login.nonce, access_token_hash(&access_token)))?)
        } else {
            None
        };
        let (refresh_token, refresh_expires_in) = match session {
            OccasionSession::None(_) => (None, 0),
            OccasionSession::Running { id, kind, lasts, granted } => {
                let (typ, lasts) = match kind {
                    SessionKind::Online => (RefreshType::Refresh, Some(seconds(*lasts))),
                    SessionKind::Offline => (RefreshType::Offline, None),
                };
                let issue = Issue { scopes: granted, ..issue };
                let token = RefreshToken::new(&issue, id.as_str(), typ, lasts.map(|lasts| now.saturating_add(lasts)));
                (Some(ring.sign_private(&token)?), lasts.unwrap_or(0))
            }
        };
        tracing::debug!(user.id = %user.id, client.id = %client.id, grant, offline = kind == Some(SessionKind::Offline), "tokens issued");
        Ok(TokenAnswer {
            access_token,
            expires_in: seconds(lifespan),
            refresh_expires_in,
            refresh_token,
            token_type: "Bearer",
            id_token,
            not_before_policy: 0,
            session_state: id.map(str::to_owned),
            scope: scopes.to_string(),
        })
    }
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// The `at_hash` of OpenID Connect for RS256: the left half of the SHA-256.
fn access_token_hash(token: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
    let bytes = digest.as_ref();
    URL_SAFE_NO_PAD.encode(&bytes[..bytes.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_not_printed() {
        let secret = || "a-token".to_owned();
        let answer = TokenAnswer {
            access_token: secret(),
            expires_in: 300,
            refresh_expires_in: 0,
            refresh_token: Some(secret()),
            token_type: "Bearer",
            id_token: Some(secret()),
            not_before_policy: 0,
            session_state: None,
            scope: "openid".to_owned(),
        };
        assert!(!format!("{answer:?}").contains("a-token"));
    }
}
