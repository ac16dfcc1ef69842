//! The grants: what a client shows, and what tokens it gets for it.

use std::net::IpAddr;
use std::sync::Arc;

use primehub_core::identity::{IdentityStore as _, User};
use secrecy::SecretString;

use super::authorization::{CodeRefusal, IssuedCode, Presented};
use super::claims::{RefreshToken, RefreshType, ServiceClaims, offline_access};
use super::client::Client;
use super::error::TokenError;
use super::provider::{BrowserLogin, Inner, Occasion, OccasionSession, TokenAnswer};
use super::scope::{Scope, Scopes};
use crate::sessions::{Session, SessionId, SessionKind};

impl Inner {
    /// A person's name, or e-mail address, and password. The answer to an unknown name takes as long as that to a wrong password.
    pub(super) async fn password_grant(
        &self,
        client: &Client,
        username: &str,
        password: &SecretString,
        scope: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<TokenAnswer, TokenError> {
        if !client.direct_access_grants {
            return Err(TokenError::NoDirectAccess);
        }
        let scopes = Scopes::parse(scope).map_err(TokenError::InvalidScope)?;
        let user = self.log_in(username, password, from).await?;
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

    async fn log_in(
        &self,
        username: &str,
        password: &SecretString,
        from: Option<IpAddr>,
    ) -> Result<Arc<User>, TokenError> {
        let user = self.check_password(username, password, from).await?;
        if !user.enabled {
            return Err(TokenError::AccountDisabled);
        }
        if !user.required_actions.is_empty() {
            return Err(TokenError::AccountNotSetUp);
        }
        Ok(user)
    }

    /// A code that a browser has brought back from a login.
    pub(super) async fn code_grant(
        &self,
        client: &Client,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: Option<&str>,
    ) -> Result<TokenAnswer, TokenError> {
        if !client.standard_flow {
            return Err(TokenError::NoStandardFlow);
        }
        let presented = Presented { client_id: &client.id, redirect_uri, verifier };
        let issued = match self.codes.redeem(code, &presented, self.now()) {
            Ok(issued) => issued,
            Err(CodeRefusal::Refused(error)) => return Err(error),
            Err(CodeRefusal::Replayed { user, sessions }) => {
                tracing::warn!(user.id = %user, client.id = %client.id, "a code was shown twice: its sessions end");
                self.sessions().end_those(&user, |id, _| sessions.contains(id)).await?;
                return Err(TokenError::CodeNotValid);
            }
        };
        let directory = self.store.directory();
        let user = directory.user(&issued.user).ok_or(TokenError::CodeNotValid)?;
        if !user.enabled {
            return Err(TokenError::UserDisabled);
        }
        // Logged out again meanwhile.
        let lasts = self.sessions().touch(&user.id, &issued.session, SessionKind::Online);
        let lasts = lasts.ok_or(TokenError::CodeNotValid)?;
        let scopes = &issued.scopes;
        let login = BrowserLogin { at: Some(issued.auth_time), nonce: issued.nonce.as_deref() };
        if !scopes.contains(Scope::OfflineAccess) {
            let session =
                OccasionSession::Running { id: &issued.session, kind: SessionKind::Online, lasts, granted: scopes };
            return self.answer(&Occasion { user, client, scopes, grant: "ac", session, login });
        }
        if !self.may_have_offline_tokens(user) {
            return Err(TokenError::OfflineNotAllowed);
        }
        let id = self.start_offline(&issued, client).await?;
        if !self.codes.began(code, &id) {
            self.sessions().end(&user.id, &id).await?;
            return Err(TokenError::CodeNotValid);
        }
        let kind = SessionKind::Offline;
        let session = OccasionSession::Running { id: &id, kind, lasts: kind.idle(), granted: scopes };
        self.answer(&Occasion { user, client, scopes, grant: "ac", session, login })
    }

    /// Begins the session of an API token. It is recognised by where its owner logged in.
    async fn start_offline(&self, issued: &IssuedCode, client: &Client) -> Result<SessionId, TokenError> {
        let mut session = Session::new(SessionKind::Offline, &client.id, self.clock.now());
        if let Some(login) = self.sessions().get(&issued.user, &issued.session) {
            session.authenticated = login.authenticated;
            session.origin = login.origin.clone();
        }
        Ok(self.sessions().start(&issued.user, session).await?)
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
        if !self.is_logged_in(&token.sub, &id, &client.id, token.iat) {
            return Err(no_session);
        }
        let lasts = self.sessions().touch(&token.sub, &id, kind).ok_or(no_session)?;
        let session = OccasionSession::Running { id: &id, kind, lasts, granted: &granted };
        let login = BrowserLogin { at: token.auth_time, nonce: None };
        self.answer(&Occasion { user, client, scopes: &scopes, grant: "rt", session, login })
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
