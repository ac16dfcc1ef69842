//! Logging out in a browser.

use axum::response::Response;

use super::Outcome;
use super::session::BrowserSession;
use super::visitor::{FORM, Visitor, Wishes, not_kept};
use crate::oidc::authorization::{ResponseMode, with_fields};
use crate::oidc::client::{Client, enabled};
use crate::oidc::end_session::{self, AfterLogout, EndSession, Hint};
use crate::oidc::forms::{Goal, LogoutForm};
use crate::oidc::pages::{Application, ConfirmLogoutPage, ErrorPage, Failure, LoggedOutPage, PostForm};

/// Path of the answer to the question whether to log out, Keycloak's.
pub(super) const CONFIRMATION: &str = "protocol/openid-connect/logout/logout-confirm";

const LOGOUT: &str = "protocol/openid-connect/logout";

/// A client's request to log out, which a browser brings.
pub(in crate::oidc) async fn log_out(visitor: Visitor) -> Response {
    let outcome = visitor.log_out_for_client().await;
    visitor.answer(outcome)
}

/// The answer to the question whether to log out.
pub(super) async fn confirmed(visitor: Visitor) -> Response {
    let outcome = visitor.log_out_confirmed().await;
    visitor.answer(outcome)
}

impl Visitor {
    async fn log_out_for_client(&self) -> Outcome {
        let inner = self.inner();
        let ring = inner.keys.ring();
        let browser = self.session();
        let read = |token: &str| Hint::read(&ring, &inner.issuer, token);
        match end_session::decide(&self.parameters, &inner.clients, browser.as_ref().map(|session| &session.id), read) {
            EndSession::Refused(error) => Err(Failure::InvalidRequest(error.text())),
            EndSession::Confirm(then) => self.ask_whether_to_log_out(browser.as_ref(), &then),
            EndSession::End { user, session, then } => {
                if let Some(id) = &session {
                    inner.sessions().end(&user, id).await.map_err(|error| not_kept(&error))?;
                }
                self.logged_out(&then)
            }
        }
    }

    fn ask_whether_to_log_out(&self, session: Option<&BrowserSession>, then: &AfterLogout) -> Outcome {
        let field = self.field(LogoutForm { then: then.clone() })?;
        let (hidden, action) = ([(FORM, &*field)], self.path(CONFIRMATION));
        let address = self.logout_address(then);
        let page = ConfirmLogoutPage {
            form: PostForm { action: &action, hidden: &hidden },
            username: session.map(|session| &*session.user.username),
            back: self.application(then),
        };
        Ok(self.page(Wishes { ui_locales: then.ui_locales.as_deref(), address: address.as_deref() }, &page))
    }

    async fn log_out_confirmed(&self) -> Outcome {
        let then = match self.form::<LogoutForm>()? {
            Ok(form) => form.then,
            Err(old) => {
                let restart = self.path(LOGOUT);
                let page = ErrorPage {
                    failure: Failure::SessionExpired,
                    restart: Some(&restart),
                    back: self.application(&old.then),
                };
                return Ok(self.page(Wishes { ui_locales: old.then.ui_locales.as_deref(), address: None }, &page));
            }
        };
        self.end_own_session().await?;
        self.logged_out(&then)
    }

    /// Ends the session that this browser is logged in to, if it is.
    pub(super) async fn end_own_session(&self) -> Result<(), Failure<'static>> {
        if let Some(session) = self.session() {
            let ended = self.inner().sessions().end(&session.user.id, &session.id).await;
            ended.map_err(|error| not_kept(&error))?;
            tracing::info!(user.id = %session.user.id, "logged out");
        }
        Ok(())
    }

    /// Sends the browser where the client wants it, or says that it is logged out.
    pub(super) fn logged_out(&self, then: &AfterLogout) -> Outcome {
        let mut response = if let Some(location) = &then.location {
            self.redirect(location)?
        } else {
            let wishes = Wishes { ui_locales: then.ui_locales.as_deref(), address: None };
            self.page(wishes, &LoggedOutPage { back: self.application(then) })
        };
        // Whichever session has ended: if the browser's lives on, it keeps its cookie.
        if self.session().is_none() {
            self.add(&mut response, self.forget_session());
        }
        Ok(response)
    }

    /// The hidden field of a form that logs out, after which the login for `goal` begins again.
    pub(super) fn logout_field(&self, goal: &Goal) -> Result<String, Failure<'static>> {
        let then = AfterLogout {
            client_id: None,
            location: Some(self.address_of(goal)),
            ui_locales: goal.ui_locales().map(str::to_owned),
        };
        self.field(LogoutForm { then })
    }

    fn application(&self, then: &AfterLogout) -> Option<Application<'_>> {
        let client: &Client = enabled(&self.inner().clients, then.client_id.as_deref()?)?;
        Some(Application { name: client.display_name(), href: client.base_url.as_deref()? })
    }

    /// Where the same question is asked by `GET`, without what a client has said in confidence.
    fn logout_address(&self, then: &AfterLogout) -> Option<String> {
        // With a target, the state in it would be lost.
        if then.location.is_some() {
            return None;
        }
        let client = then.client_id.as_deref().map(|client| ("client_id", client));
        Some(with_fields(&self.path(LOGOUT), ResponseMode::Query, client))
    }
}
