//! The authorization endpoint: a code at once for whoever is logged in, a login page for everybody else.

use axum::response::Response;
use primehub_core::identity::User;
use secrecy::ExposeSecret as _;

use super::Outcome;
use super::session::{BrowserSession, Login};
use super::visitor::{FORM, Visitor, Wishes, not_kept};
use crate::oidc::authorization::{
    self, AuthorizationError, AuthorizationRequest, IssuedCode, PageError, Prompt, Refusal,
};
use crate::oidc::client::Client;
use crate::oidc::end_session::Hint;
use crate::oidc::forms::{Goal, LoginForm, Stage};
use crate::oidc::pages::{Failure, LoginPage, LoginProblem, OtherAccountPage, PostForm, ReauthenticationPage};

pub(super) async fn authorize(visitor: Visitor) -> Response {
    let outcome = visitor.authorize().await;
    visitor.answer(outcome)
}

impl Visitor {
    async fn authorize(&self) -> Outcome {
        let inner = self.inner();
        let mut request = match authorization::read(&self.parameters, &inner.clients) {
            Ok(request) => request,
            Err(Refusal::Page(PageError::ClientUnknown)) => return Err(Failure::ClientNotFound),
            Err(Refusal::Page(error)) => return Err(Failure::InvalidRequest(error.text())),
            Err(Refusal::Redirect { back, error }) => {
                return self.redirect(&back.with_error(&error, &inner.issuer));
            }
        };
        if let Some(chosen) = self.chosen_language() {
            request.ui_locales = Some(chosen.to_owned());
        }
        let session = self.session();
        let is_another = session.as_ref().is_some_and(|session| !self.is_meant(&request, &session.user));
        if let Some(session) = &session
            && !is_another
            && session.user.required_actions.is_empty()
            && request.accepts_login_of_age(inner.now().saturating_sub(session.session.authenticated.as_second()))
            && self.go_on(session, &request.client_id).await.map_err(|error| not_kept(&error))?
        {
            let at = session.session.authenticated.as_second();
            let login = Login { id: session.id.clone(), at, cookie: None };
            return self.with_code(&session.user, &request, login);
        }
        if request.prompt == Prompt::Never {
            let wants_interaction =
                !is_another && session.is_some_and(|session| !session.user.required_actions.is_empty());
            let error = if wants_interaction {
                AuthorizationError::interaction_required()
            } else {
                AuthorizationError::login_required()
            };
            return self.redirect(&request.back.with_error(&error, &inner.issuer));
        }
        if is_another {
            request.prompt = Prompt::OtherAccount;
        }
        let username = request.login_hint.clone().unwrap_or_default();
        self.login_page(&Goal::Client(Box::new(request)), session.as_ref(), &username, None)
    }

    /// Whether the account is the one that the request names with an ID token, if it names any. A token that cannot be read any more names
    /// nobody: then the person at the browser decides, or nobody can.
    pub(super) fn is_meant(&self, request: &AuthorizationRequest, user: &User) -> bool {
        let Some(token) = request.id_token_hint.as_deref() else { return true };
        let inner = self.inner();
        match Hint::read(&inner.keys.ring(), &inner.issuer, token) {
            Some(hint) => hint.user == user.id,
            None => request.prompt != Prompt::Never,
        }
    }

    /// Sends the browser back to the client with a code of the login.
    pub(super) fn with_code(&self, user: &User, request: &AuthorizationRequest, login: Login) -> Outcome {
        let inner = self.inner();
        let issued = IssuedCode {
            client_id: request.client_id.clone(),
            redirect_uri: request.back.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            nonce: request.nonce.clone(),
            scopes: request.scopes.clone(),
            user: user.id.clone(),
            session: login.id.clone(),
            auth_time: login.at,
        };
        let code = inner.codes.issue(issued, inner.now());
        let location = request.back.with_code(code.expose_secret(), login.id.as_str(), &inner.issuer);
        let mut response = self.redirect(&location)?;
        self.add(&mut response, login.cookie);
        Ok(response)
    }

    /// The page that asks for name and password, or for the password of whoever is logged in.
    pub(super) fn login_page(
        &self,
        goal: &Goal,
        session: Option<&BrowserSession>,
        username: &str,
        problem: Option<LoginProblem>,
    ) -> Outcome {
        let inner = self.inner();
        let seen = session.map(|session| session.id.clone());
        let field = self.field(LoginForm { goal: goal.clone(), seen, stage: Stage::Password })?;
        let (hidden, action) = ([(FORM, &*field)], self.path("login-actions/authenticate"));
        let form = PostForm { action: &action, hidden: &hidden };
        let address = self.address_of(goal);
        let wishes = Wishes { ui_locales: goal.ui_locales(), address: Some(&address) };
        match (goal, session) {
            (Goal::Client(request), Some(session)) if request.prompt != Prompt::OtherAccount => {
                let anybody = AuthorizationRequest { prompt: Prompt::OtherAccount, ..(**request).clone() };
                let anybody = anybody.address(&self.path(AUTHORIZATION));
                let page = ReauthenticationPage {
                    form,
                    username: &session.user.username,
                    problem,
                    client_name: inner.clients.get(&request.client_id).map(Client::display_name),
                    somebody_else: Some(&anybody),
                };
                Ok(self.page(wishes, &page))
            }
            _ => {
                let client_name = match goal {
                    Goal::Client(request) => inner.clients.get(&request.client_id).map(Client::display_name),
                    Goal::Account => None,
                };
                Ok(self.page(wishes, &LoginPage { form, username, problem, client_name }))
            }
        }
    }

    /// Says that this browser has meanwhile been logged in as somebody else, and lets the person choose.
    pub(super) fn other_account_page(&self, goal: &Goal, session: &BrowserSession) -> Outcome {
        let field = self.logout_field(goal)?;
        let (hidden, action) = ([(FORM, &*field)], self.path(super::log_out::CONFIRMATION));
        let address = self.address_of(goal);
        let page = OtherAccountPage {
            username: &session.user.username,
            log_out: PostForm { action: &action, hidden: &hidden },
            go_on: Some(&address),
        };
        Ok(self.page(Wishes { ui_locales: goal.ui_locales(), address: None }, &page))
    }

    /// Where a login for that goal begins.
    pub(super) fn address_of(&self, goal: &Goal) -> String {
        match goal {
            Goal::Client(request) => request.address(&self.path(AUTHORIZATION)),
            Goal::Account => self.path("account"),
        }
    }
}

impl Goal {
    /// The languages that the client asks for.
    pub(super) fn ui_locales(&self) -> Option<&str> {
        match self {
            Self::Client(request) => request.ui_locales.as_deref(),
            Self::Account => None,
        }
    }
}

const AUTHORIZATION: &str = "protocol/openid-connect/auth";
