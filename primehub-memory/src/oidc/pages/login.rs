//! Logging in, and proving again who one is.

use http::StatusCode;
use maud::{Markup, html};

use super::form::{Field, FieldKind, PostForm, link, problem, submit};
use super::frame::Content;
use super::texts::Texts;

/// Asks for username and password, as the form fields `username` and `password`, Keycloak's names.
#[derive(Clone, Copy, Default)]
pub(crate) struct LoginPage<'a> {
    /// Takes the form.
    pub(crate) form: PostForm<'a>,
    /// What stands in the first field: the application's hint, or what was typed before.
    pub(crate) username: &'a str,
    /// Why the page is shown again.
    pub(crate) problem: Option<LoginProblem>,
    /// The name of the application that the login leads to.
    pub(crate) client_name: Option<&'a str>,
}

/// Why somebody is not logged in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LoginProblem {
    /// The account does not exist, the password is not right, or the account is locked after too many wrong ones: nobody shall learn which.
    WrongCredentials,
    /// The account is disabled. To be said only to those who know its password.
    Disabled,
    /// Too many attempts from one place, whatever the accounts.
    TryAgainLater,
    /// The page was open for too long, or what it began has come to an end elsewhere.
    Expired,
}

impl LoginProblem {
    const fn status(self) -> StatusCode {
        match self {
            Self::TryAgainLater => StatusCode::TOO_MANY_REQUESTS,
            // A page that asks again is what a browser wanted, as in Keycloak.
            Self::WrongCredentials | Self::Disabled | Self::Expired => StatusCode::OK,
        }
    }

    const fn text(self, texts: &Texts) -> &'static str {
        match self {
            Self::WrongCredentials => texts.login.wrong_credentials,
            Self::Disabled => texts.login.disabled,
            Self::TryAgainLater => texts.login.try_again_later,
            Self::Expired => texts.login.expired,
        }
    }

    fn is_with_the_fields(problem: Option<Self>) -> bool {
        problem == Some(Self::WrongCredentials)
    }
}

impl Content for LoginPage<'_> {
    fn status(&self) -> StatusCode {
        self.problem.map_or(StatusCode::OK, LoginProblem::status)
    }

    fn heading(&self, texts: &Texts) -> String {
        texts.login.heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        let wrong = LoginProblem::is_with_the_fields(self.problem);
        let fields = html! {
            (Field {
                name: "username",
                label: texts.login.username,
                autocomplete: "username",
                kind: FieldKind::Text(self.username),
                focus: self.username.is_empty(),
                wrong,
            }.render())
            (password(texts, !self.username.is_empty(), wrong))
            (submit(texts.login.submit))
        };
        html! {
            @if let Some(client) = self.client_name { p.lead { ((texts.login.continue_to)(client)) } }
            (problem(self.problem.map(|problem| problem.text(texts))))
            (self.form.render(&fields))
        }
    }
}

/// Asks somebody who is logged in for the password again: the application wants a fresh login (`prompt=login`, `max_age`).
#[derive(Clone, Copy, Default)]
pub(crate) struct ReauthenticationPage<'a> {
    /// Takes the form, with the same fields as [`LoginPage`].
    pub(crate) form: PostForm<'a>,
    /// Who is logged in. Shown, and sent with the form; it cannot be changed on the page.
    pub(crate) username: &'a str,
    /// Why the page is shown again.
    pub(crate) problem: Option<LoginProblem>,
    /// The name of the application that asks.
    pub(crate) client_name: Option<&'a str>,
    /// Where somebody else logs in instead.
    pub(crate) somebody_else: Option<&'a str>,
}

impl Content for ReauthenticationPage<'_> {
    fn status(&self) -> StatusCode {
        self.problem.map_or(StatusCode::OK, LoginProblem::status)
    }

    fn heading(&self, texts: &Texts) -> String {
        texts.login.again_heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        let fields = html! {
            (fixed_username(texts, self.username))
            (password(texts, true, LoginProblem::is_with_the_fields(self.problem)))
            (submit(texts.login.again_submit))
        };
        html! {
            p.lead { (texts.login.again) }
            @if let Some(client) = self.client_name { p { ((texts.login.continue_to)(client)) } }
            (problem(self.problem.map(|problem| problem.text(texts))))
            (self.form.render(&fields))
            @if let Some(href) = self.somebody_else { div.actions { (link(href, texts.login.somebody_else)) } }
        }
    }
}

/// Tells that this browser is logged in as somebody else than who is wanted.
#[derive(Clone, Copy, Default)]
pub(crate) struct OtherAccountPage<'a> {
    /// Who is logged in.
    pub(crate) username: &'a str,
    /// Logs out, after which the login can begin again.
    pub(crate) log_out: PostForm<'a>,
    /// Where to go on as the one who is logged in.
    pub(crate) go_on: Option<&'a str>,
}

impl Content for OtherAccountPage<'_> {
    fn status(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn heading(&self, texts: &Texts) -> String {
        texts.login.other_heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        html! {
            p { ((texts.login.other)(self.username)) }
            (self.log_out.render(&submit(texts.logout.submit)))
            @if let Some(href) = self.go_on {
                div.actions { (link(href, &(texts.login.go_on_as)(self.username))) }
            }
        }
    }
}

/// Who a form is about: seen by the person, and by password managers, which file a password under it.
pub(super) fn fixed_username(texts: &Texts, username: &str) -> Markup {
    let kind = FieldKind::Fixed(username);
    let label = texts.account.username;
    Field { name: "username", label, autocomplete: "username", kind, focus: false, wrong: false }.render()
}

fn password(texts: &Texts, focus: bool, wrong: bool) -> Markup {
    let label = texts.login.password;
    let kind = FieldKind::Password;
    Field { name: "password", label, autocomplete: "current-password", kind, focus, wrong }.render()
}
