//! The grants: what a client shows, and what tokens it gets for it.

use std::net::IpAddr;
use std::sync::Arc;

use primehub_core::identity::{IdentityStore as _, User};
use secrecy::SecretString;

use super::claims::{RefreshToken, RefreshType, ServiceClaims, offline_access};
use super::client::Client;
use super::error::TokenError;
use super::provider::{BrowserLogin, Inner, Occasion, OccasionSession, TokenAnswer};
use super::scope::{Scope, Scopes};
use crate::identity::PasswordCheck;
use crate::sessions::{Session, SessionId, SessionKind};

impl Inner {
    /// A person's name, or e-mail address, and password. The answer to an unknown name takes as long as that to a wrong password.
    pub(super) async fn password_grant(
        &self,
        client: &Client,
        username: &str,
        password: &SecretString,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, TokenError> {
        if !client.direct_access_grants {
            return Err(TokenError::NoDirectAccess);
        }
        let scopes = Scopes::parse(scope).map_err(TokenError::InvalidScope)?;
        let user = self.log_in(username, password).await?;
        let kind = if scopes.contains(Scope::OfflineAccess) { SessionKind::Offline } else { SessionKind::Online };
        if kind == SessionKind::Offline && !self.may_have_offline_tokens(&user) {
            return Err(TokenError::OfflineNotAllowed);
        }
        let id = self.sessions().start(&user.id, Session::new(kind, &client.id, self.clock.now())).await?;
        let session = OccasionSession::Running { id: &id, kind, lasts: kind.idle(), granted: &scopes };
        self.answer(&Occasion {
            user: &user,
            client,
            scopes: &scopes,
            grant: "ro",
            session,
            login: BrowserLogin::default(),
        })
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<Arc<User>, TokenError> {
        let Ok(_waiting) = self.logins.try_acquire() else { return Err(TokenError::Busy) };
        let user = match self.store.verify_password(username, password).await {
            Ok(PasswordCheck::Correct(user)) => user,
            Ok(PasswordCheck::Wrong) => return Err(TokenError::InvalidCredentials),
            Err(error) => {
                tracing::error!(%error, "a password could not be compared");
                return Err(TokenError::Busy);
            }
        };
        if !user.enabled {
            return Err(TokenError::AccountDisabled);
        }
        if !user.required_actions.is_empty() {
            return Err(TokenError::AccountNotSetUp);
        }
        Ok(user)
    }

    pub(super) fn may_have_offline_tokens(&self, user: &User) -> bool {
        self.store.directory().effective_roles(&user.id).contains(&offline_access())
    }

    /// The client's own account. It gets no refresh token, whatever it asks for: it can always ask again.
    pub(super) fn client_credentials_grant(
        &self,
        client: &Client,
        scope: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<TokenAnswer, TokenError> {
        if !client.service_account || client.secret.is_none() {
            return Err(TokenError::NoServiceAccount);
        }
        let scopes = Scopes::parse(scope).map_err(TokenError::InvalidScope)?.without(Scope::OfflineAccess);
        let directory = self.store.directory();
        let user = directory.user_named(&client.service_account_name()).ok_or(TokenError::NoServiceAccount)?;
        if !user.enabled {
            return Err(TokenError::AccountDisabled);
        }
        let session = OccasionSession::None(ServiceClaims::of(client, from));
        self.answer(&Occasion { user, client, scopes: &scopes, grant: "cc", session, login: BrowserLogin::default() })
    }

    /// A refresh or offline token. It can be used again and again; each answer carries a new one of the same session.
    pub(super) fn refresh_grant(
        &self,
        client: &Client,
        token: &str,
        scope: Option<&str>,
    ) -> Result<TokenAnswer, TokenError> {
        let token = self.read_refresh_token(token)?;
        self.check_refresh_token(&token, client)?;
        let granted = Scopes::parse(Some(&token.scope)).map_err(|_| TokenError::InvalidRefreshToken)?;
        let scopes = match scope {
            None => granted.clone(),
            Some(scope) => Scopes::parse(Some(scope))
                .ok()
                .filter(|scopes| scopes.is_within(&granted))
                .ok_or_else(|| TokenError::InvalidScope(scope.to_owned()))?,
        };
        let (kind, no_session) = match token.typ {
            RefreshType::Refresh => (SessionKind::Online, TokenError::SessionNotActive),
            RefreshType::Offline => (SessionKind::Offline, TokenError::OfflineSessionNotFound),
        };
        let directory = self.store.directory();
        // A deleted account has taken its sessions along.
        let Some(user) = directory.user(&token.sub) else { return Err(no_session) };
        if !user.enabled {
            return Err(TokenError::UserDisabled);
        }
        let id = SessionId::from(token.sid.as_str());
        let lasts = self.sessions().touch(&token.sub, &id, kind).ok_or(no_session)?;
        let session = OccasionSession::Running { id: &id, kind, lasts, granted: &granted };
        self.answer(&Occasion { user, client, scopes: &scopes, grant: "rt", session, login: BrowserLogin::default() })
    }

    /// Reads a refresh token that this provider signed under its present name. Not yet whether it is still good, and for whom.
    pub(super) fn read_refresh_token(&self, token: &str) -> Result<RefreshToken, TokenError> {
        let token: RefreshToken = self.keys.ring().read_private(token).ok_or(TokenError::InvalidRefreshToken)?;
        if token.iss != self.issuer {
            return Err(TokenError::WrongIssuer { expected: self.issuer.clone() });
        }
        Ok(token)
    }

    /// Whether the token is the client's, and in time.
    pub(super) fn check_refresh_token(&self, token: &RefreshToken, client: &Client) -> Result<(), TokenError> {
        if token.exp.is_some_and(|at| self.now() >= at) {
            return Err(TokenError::RefreshTokenExpired);
        }
        if token.azp != client.id {
            return Err(TokenError::RefreshTokenOfOtherClient);
        }
        Ok(())
    }
}
