//! The login page, sent back: a name and a password.

use std::sync::Arc;

use axum::response::Response;
use primehub_core::identity::User;
use secrecy::SecretString;

use super::Outcome;
use super::visitor::{Visitor, not_kept};
use crate::oidc::authorization::AuthorizationError;
use crate::oidc::forms::{Goal, LoginForm, Stage};
use crate::oidc::logins::LoginFailure;
use crate::oidc::pages::{Failure, LoginProblem};
use crate::sessions::SessionId;

pub(super) async fn authenticate(visitor: Visitor) -> Response {
    let outcome = visitor.authenticate().await;
    visitor.answer(outcome)
}

impl Visitor {
    async fn authenticate(&self) -> Outcome {
        let session = self.session();
        let username = self.parameters.get("username").unwrap_or_default().trim();
        let LoginForm { goal, seen, stage } = match self.form::<LoginForm>()? {
            Ok(form) => form,
            Err(old) => return self.login_page(&old.goal, session.as_ref(), username, Some(LoginProblem::Expired)),
        };
        let Stage::Password = stage else { return Err(Failure::ForeignForm) };
        let password = SecretString::from(self.parameters.get("password").unwrap_or_default());
        let problem = match self.inner().check_password(username, &password, self.address).await {
            Ok(user) if user.enabled => return self.continue_login(user, goal, seen).await,
            Ok(_) => LoginProblem::Disabled,
            Err(LoginFailure::WrongCredentials) => LoginProblem::WrongCredentials,
            Err(LoginFailure::AddressWaits(_)) => LoginProblem::TryAgainLater,
            Err(LoginFailure::Busy) => return Err(Failure::Unavailable),
        };
        self.login_page(&goal, session.as_ref(), username, Some(problem))
    }

    /// Who they are has just been shown: asks for what the account has to do first, or lets them in.
    async fn continue_login(&self, user: Arc<User>, goal: Goal, seen: Option<SessionId>) -> Outcome {
        self.next_action_or_in(user, goal, seen, self.inner().now()).await
    }

    /// Logs the browser in, and sends it where it wanted.
    pub(super) async fn let_in(&self, user: &User, goal: &Goal, seen: Option<&SessionId>) -> Outcome {
        if let Goal::Client(request) = goal
            && !self.is_meant(request, user)
        {
            let error = AuthorizationError::login_required();
            return self.redirect(&request.back.with_error(&error, &self.inner().issuer));
        }
        let before = self.session();
        if let Some(before) = &before
            && before.user.id != user.id
            && seen != Some(&before.id)
        {
            return self.other_account_page(goal, before);
        }
        let client = match goal {
            Goal::Client(request) => &request.client_id,
            Goal::Account => super::account::CLIENT,
        };
        let login = self.log_in(user, client, before.as_ref()).await.map_err(|error| not_kept(&error))?;
        match goal {
            Goal::Client(request) => self.with_code(user, request, login),
            Goal::Account => {
                let mut response = self.redirect(&self.address_of(goal))?;
                self.add(&mut response, login.cookie);
                Ok(response)
            }
        }
    }
}
