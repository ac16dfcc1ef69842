//! Single sign-on: the session that a browser is logged in to.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use primehub_core::identity::{IdentityError, IdentityStore as _, User};
use primehub_core::names::UserId;

use super::visitor::Visitor;
use crate::oidc::cookies::Cookie;
use crate::random::random_text;
use crate::sessions::{BrowserSecret, Session, SessionId, SessionKind};

/// A login that the browser has shown the secret of.
pub(in crate::oidc) struct BrowserSession {
    pub(in crate::oidc) user: Arc<User>,
    pub(in crate::oidc) id: SessionId,
    pub(in crate::oidc) session: Arc<Session>,
}

/// A login that has just been made, or shown anew.
pub(super) struct Login {
    pub(super) id: SessionId,
    /// When the password was shown, in Unix seconds.
    pub(super) at: i64,
    pub(super) cookie: Option<HeaderValue>,
}

impl Visitor {
    /// The session that this browser is logged in to, if its account may be.
    pub(in crate::oidc) fn session(&self) -> Option<BrowserSession> {
        let (user, id, secret) = parts(Cookie::Session.read(&self.headers)?)?;
        let inner = self.inner();
        let session = inner.sessions().get(&user, &id).filter(|session| session.kind == SessionKind::Online)?;
        if !session.browser.as_ref()?.matches(secret) {
            return None;
        }
        let user = inner.store.directory().user(&user).filter(|user| user.enabled).cloned()?;
        Some(BrowserSession { user, id, session })
    }

    /// Logs this browser in to the account, for a client: in the session that it has with the account already, or in a new one.
    ///
    /// The browser gets a new secret in any case, so that nobody goes on with one that was known before the password was shown.
    pub(super) async fn log_in(
        &self,
        user: &User,
        client: &str,
        before: Option<&BrowserSession>,
    ) -> Result<Login, IdentityError> {
        let inner = self.inner();
        let now = inner.clock.now();
        let secret = random_text::<32>();
        let (browser, origin) = (BrowserSecret::of(&secret), self.origin());
        let mut login = Login { id: SessionId::random(), at: now.as_second(), cookie: None };
        let mut renewed = false;
        if let Some(before) = before.filter(|before| before.user.id == user.id) {
            let (browser, origin) = (browser.clone(), origin.clone());
            let change = |session: &mut Session| {
                session.join(client, now);
                session.authenticated = now;
                session.browser = Some(browser);
                session.origin = origin;
            };
            renewed = inner.sessions().change(&user.id, &before.id, change).await?;
            if renewed {
                inner.sessions().touch(&user.id, &before.id, SessionKind::Online);
                login.id = before.id.clone();
            }
        }
        if !renewed {
            if let Some(before) = before {
                inner.sessions().end(&before.user.id, &before.id).await?;
            }
            let mut session = Session::new(SessionKind::Online, client, now);
            session.browser = Some(browser);
            session.origin = origin;
            login.id = inner.sessions().start(&user.id, session).await?;
        }
        tracing::info!(user.id = %user.id, client.id = client, "logged in");
        let user = URL_SAFE_NO_PAD.encode(user.id.as_str());
        login.cookie = inner.cookies.set(Cookie::Session, &format!("{user}.{}.{secret}", login.id));
        Ok(login)
    }

    /// Goes on in the session, with another client or the same.
    pub(super) async fn go_on(&self, session: &BrowserSession, client: &str) -> Result<bool, IdentityError> {
        let (sessions, now) = (self.inner().sessions(), self.inner().clock.now());
        let alive = sessions.touch(&session.user.id, &session.id, SessionKind::Online).is_some();
        if alive && !session.session.has(client) {
            return sessions.change(&session.user.id, &session.id, |session| session.join(client, now)).await;
        }
        Ok(alive)
    }

    /// `Set-Cookie` that makes the browser forget its session.
    pub(super) fn forget_session(&self) -> Option<HeaderValue> {
        self.inner().cookies.clear(Cookie::Session)
    }
}

/// Account, session and secret of a cookie.
fn parts(cookie: &str) -> Option<(UserId, SessionId, &str)> {
    let mut parts = cookie.split('.');
    let (user, id, secret) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let user = String::from_utf8(URL_SAFE_NO_PAD.decode(user).ok()?).ok()?;
    Some((UserId::new(user), SessionId::from(id), secret))
}
