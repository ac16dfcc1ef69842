//! What an account has to do before its owner is let in.

use std::sync::Arc;

use axum::response::Response;
use primehub_core::identity::{IdentityStore as _, User};

use super::Outcome;
use super::visitor::{FORM, Visitor, Wishes, not_kept};
use crate::oidc::authorization::AuthorizationError;
use crate::oidc::client::Client;
use crate::oidc::forms::{Goal, LoginForm, Stage};
use crate::oidc::pages::{
    Application, Failure, LoginProblem, PasswordProblem, PostForm, TermsPage, UnsupportedActionPage, UpdatePasswordPage,
};
use crate::sessions::SessionId;

/// An action that there is a page for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Action {
    UpdatePassword,
    Terms,
}

impl Action {
    fn named(name: &str) -> Option<Self> {
        match name {
            "UPDATE_PASSWORD" => Some(Self::UpdatePassword),
            "TERMS_AND_CONDITIONS" => Some(Self::Terms),
            _ => None,
        }
    }
}

pub(super) async fn required_action(visitor: Visitor) -> Response {
    let outcome = visitor.required_action().await;
    visitor.answer(outcome)
}

impl Visitor {
    /// Asks for the next action that is open, or lets the person in. `at` is when the password was shown, in Unix seconds.
    pub(super) async fn next_action_or_in(
        &self,
        user: Arc<User>,
        goal: Goal,
        seen: Option<SessionId>,
        at: i64,
    ) -> Outcome {
        let open = || user.required_actions.iter();
        // First what can be done here.
        let next = open().find(|name| Action::named(name).is_some()).or_else(|| open().next());
        let Some(name) = next.cloned() else { return self.let_in(&user, &goal, seen.as_ref()).await };
        match Action::named(&name) {
            Some(action) => {
                let password = self.inner().store.password_fingerprint(&user.id);
                let stage = Stage::Action { user: user.id.clone(), at, action: name, password };
                self.action_page(action, &user, &LoginForm { goal, seen, stage }, None)
            }
            None => Ok(self.unsupported_page(&name, &goal)),
        }
    }

    async fn required_action(&self) -> Outcome {
        let form = match self.form::<LoginForm>()? {
            Ok(form) => form,
            Err(old) => return self.login_again(&old.goal),
        };
        let Stage::Action { user: id, at, action: name, password } = &form.stage else {
            return Err(Failure::ForeignForm);
        };
        let action = Action::named(name).ok_or(Failure::ForeignForm)?;
        let user = self.inner().store.directory().user(id).cloned();
        let is_shown = || self.inner().store.password_fingerprint(id) == *password;
        let Some(user) = user.filter(|user| user.required_actions.contains(name) && is_shown()) else {
            // Done already, perhaps in another window, or the password is another by now. This form stands for a password that was shown;
            // it must not be good for more.
            return self.login_again(&form.goal);
        };
        if !user.enabled {
            return Err(Failure::AccountDisabled);
        }
        match action {
            Action::UpdatePassword => {
                if let Err(problem) = self.take_new_password(&user).await? {
                    return self.action_page(action, &user, &form, Some(problem));
                }
            }
            Action::Terms if self.parameters.get("accept").is_some() => {
                self.inner().store.complete_action(id, name).await.map_err(|error| not_kept(&error))?;
            }
            Action::Terms if self.parameters.get("cancel").is_some() => return self.declined(&form.goal),
            Action::Terms => return self.action_page(action, &user, &form, None),
        }
        let user = self.inner().store.directory().user(id).cloned().ok_or(Failure::AccountDisabled)?;
        let at = *at;
        let LoginForm { goal, seen, .. } = form;
        self.next_action_or_in(user, goal, seen, at).await
    }

    fn action_page(&self, action: Action, user: &User, form: &LoginForm, problem: Option<PasswordProblem>) -> Outcome {
        let field = self.field(form.clone())?;
        let (hidden, address) = ([(FORM, &*field)], self.path("login-actions/required-action"));
        let post = PostForm { action: &address, hidden: &hidden };
        let wishes = Wishes { ui_locales: form.goal.ui_locales(), address: None };
        Ok(match action {
            Action::UpdatePassword => {
                self.page(wishes, &UpdatePasswordPage { form: post, username: &user.username, problem })
            }
            Action::Terms => self.page(wishes, &TermsPage { form: post, text: self.inner().terms.as_deref() }),
        })
    }

    fn login_again(&self, goal: &Goal) -> Outcome {
        self.login_page(goal, self.session().as_ref(), "", Some(LoginProblem::Expired))
    }

    /// Terms were not accepted: the client is told, and nobody is let in.
    fn declined(&self, goal: &Goal) -> Outcome {
        match goal {
            Goal::Client(request) => {
                let error = AuthorizationError::new("access_denied", "User denied access");
                self.redirect(&request.back.with_error(&error, &self.inner().issuer))
            }
            Goal::Account => Err(Failure::TermsDeclined),
        }
    }

    fn unsupported_page(&self, action: &str, goal: &Goal) -> Response {
        let wishes = Wishes { ui_locales: goal.ui_locales(), address: None };
        let Goal::Client(request) = goal else {
            return self.page(wishes, &UnsupportedActionPage { action, back: None });
        };
        let error = AuthorizationError::new("access_denied", "Account is not fully set up");
        let href = request.back.with_error(&error, &self.inner().issuer);
        let name = self.inner().clients.get(&request.client_id).map_or(&*request.client_id, Client::display_name);
        self.page(wishes, &UnsupportedActionPage { action, back: Some(Application { name, href: &href }) })
    }
}
