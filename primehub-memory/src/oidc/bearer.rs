//! Access tokens that come back to the provider: to learn about their account, to be looked into, to be revoked.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::identity::token::{TokenPolicy, check_access_token};
use primehub_core::identity::{IdentityStore as _, User};
use primehub_core::names::UserId;
use serde_json::{Map, Value, json};

use super::claims::profile;
use super::client::{Client, TokenKind, enabled};
use super::error::{BearerError, TokenError};
use super::provider::Inner;
use super::scope::{Scope, Scopes};
use crate::sessions::SessionId;

/// An access token that is genuine and in time.
pub(super) struct Genuine {
    pub(super) claims: Map<String, Value>,
    user: UserId,
}

impl Genuine {
    fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }
}

impl Inner {
    /// Reads an access token of this provider that has not expired. Not yet whether its session and account are still there.
    fn read_access_token(&self, token: &str) -> Option<Genuine> {
        let clients = self.clients.keys().cloned().collect();
        let mut policy = TokenPolicy::new(&self.issuer, "");
        policy.clients = clients;
        policy.leeway = std::time::Duration::ZERO;
        let checked = check_access_token(token, self.keys.ring().verification(), &policy, self.clock.now()).ok()?;
        let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
        Some(Genuine { claims: serde_json::from_slice(&payload).ok()?, user: checked.subject? })
    }

    /// The account behind an access token that is still good.
    fn bearer(&self, token: &str) -> Result<(Genuine, Arc<User>), BearerError> {
        let token = self.read_access_token(token).ok_or(BearerError::Invalid)?;
        if token.text("jti").is_some_and(|id| self.revoked.contains(id)) {
            return Err(BearerError::Invalid);
        }
        // A client's own account has no session.
        let issued_at = token.claims.get("iat").and_then(Value::as_i64).unwrap_or_default();
        if let Some(id) = token.text("sid")
            && !self.is_logged_in(&token.user, &id.into(), token.text("azp").unwrap_or_default(), issued_at)
        {
            return Err(BearerError::SessionEnded);
        }
        let user = self.store.directory().user(&token.user).cloned().ok_or(BearerError::SessionEnded)?;
        if user.enabled { Ok((token, user)) } else { Err(BearerError::UserDisabled) }
    }

    /// What the account of an access token tells about its owner.
    pub(super) fn user_info(&self, token: &str) -> Result<Value, BearerError> {
        let (token, user) = self.bearer(token)?;
        let scopes = Scopes::parse(token.text("scope")).map_err(|_| BearerError::Invalid)?;
        if !scopes.contains(Scope::OpenId) {
            return Err(BearerError::InsufficientScope);
        }
        let client = token.text("azp").and_then(|id| enabled(&self.clients, id)).ok_or(BearerError::Invalid)?;
        let mut info = profile(TokenKind::UserInfo, &self.store.directory(), &user, client, &scopes);
        info.insert("sub".to_owned(), json!(user.id));
        Ok(Value::Object(info))
    }

    /// What a token says, if it is still good: an access token, or with the hint `refresh_token` one of those.
    pub(super) fn introspection(&self, token: &str, hint: Option<&str>) -> Value {
        let found =
            if hint == Some("refresh_token") { self.live_refresh_token(token) } else { self.live_access_token(token) };
        found.map_or_else(|| json!({ "active": false }), Value::Object)
    }

    fn live_access_token(&self, token: &str) -> Option<Map<String, Value>> {
        let (token, user) = self.bearer(token).ok()?;
        Some(with_activity(token.claims, &user))
    }

    fn live_refresh_token(&self, token: &str) -> Option<Map<String, Value>> {
        let token = self.read_refresh_token(token).ok()?;
        let user = self.store.directory().user(&token.sub).filter(|user| user.enabled).cloned()?;
        let in_time = token.exp.is_none_or(|at| self.now() < at);
        if !in_time || !self.is_logged_in(&token.sub, &token.sid.as_str().into(), &token.azp, token.iat) {
            return None;
        }
        let Ok(Value::Object(claims)) = serde_json::to_value(token) else { return None };
        Some(with_activity(claims, &user))
    }

    /// Revokes a token of the client (RFC 7009): a refresh or offline token with its session, an access token alone. A token that means
    /// nothing, or nothing any more, is revoked already.
    pub(super) async fn revoke(&self, client: &Client, token: &str) -> Result<(), TokenError> {
        if let Ok(token) = self.read_refresh_token(token) {
            if token.azp != client.id {
                return Err(TokenError::TokenOfOtherClient);
            }
            // One from before a logout is worthless, and says nothing about the login after it.
            let id = SessionId::from(token.sid.as_str());
            if self.is_logged_in(&token.sub, &id, &client.id, token.iat) {
                self.sessions().leave(&token.sub, &id, &client.id).await?;
            }
        } else if let Some(token) = self.read_access_token(token) {
            if token.text("azp") != Some(&client.id) {
                return Err(TokenError::TokenOfOtherClient);
            }
            if let (Some(id), Some(expires_at)) = (token.text("jti"), token.claims.get("exp").and_then(Value::as_i64)) {
                self.revoked.add(id, expires_at, self.now());
            }
        }
        Ok(())
    }

    /// Ends the session of a refresh or offline token, which may have expired. If the session has ended, or the client has left it, there is
    /// nothing to do.
    pub(super) async fn log_out(&self, client: &Client, token: &str) -> Result<(), TokenError> {
        let token = self.read_refresh_token(token)?;
        if token.azp != client.id {
            return Err(TokenError::RefreshTokenOfOtherClient);
        }
        let id = SessionId::from(token.sid.as_str());
        if self.is_logged_in(&token.sub, &id, &client.id, token.iat) {
            self.sessions().end(&token.sub, &id).await?;
        }
        Ok(())
    }

    /// Whether the session is alive, and the client has not left it since `issued_at`, in Unix seconds.
    pub(super) fn is_logged_in(&self, user: &UserId, id: &SessionId, client: &str, issued_at: i64) -> bool {
        self.sessions().get(user, id).is_some_and(|session| session.covers(client, issued_at))
    }
}

fn with_activity(mut claims: Map<String, Value>, user: &User) -> Map<String, Value> {
    if let Some(client) = claims.get("azp").cloned() {
        claims.insert("client_id".to_owned(), client);
    }
    claims.insert("username".to_owned(), json!(*user.username));
    claims.insert("token_type".to_owned(), claims.get("typ").cloned().unwrap_or(Value::Null));
    claims.insert("active".to_owned(), Value::Bool(true));
    claims
}
