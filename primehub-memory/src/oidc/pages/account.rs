//! The account page: who one is, the password, and where one is logged in.

use http::StatusCode;
use jiff::Timestamp;
use maud::{Markup, html};

use super::form::{PostForm, hidden, problem};
use super::frame::Content;
use super::login::fixed_username;
use super::password::{PasswordProblem, current_password, new_password};
use super::texts::Texts;

/// Everything about one's own account. Each button is a form of its own.
#[derive(Clone, Copy, Default)]
pub(crate) struct AccountPage<'a> {
    /// Whose account it is.
    pub(crate) person: Person<'a>,
    /// Name and value of the token against forged requests, sent with every form besides its own hidden fields.
    pub(crate) csrf: (&'a str, &'a str),
    /// What became of the form that led here.
    pub(crate) notice: Option<AccountNotice>,
    /// Takes a new password: fields `password` (the present one), `password-new` and `password-confirm`.
    pub(crate) change_password: ChangePassword<'a>,
    /// The browsers that are logged in.
    pub(crate) sessions: &'a [SessionRow<'a>],
    /// Takes the session to end, as `session`.
    pub(crate) end_session: &'a str,
    /// Ends all sessions but the browser's own. Offered if there are others.
    pub(crate) end_other_sessions: &'a str,
    /// The API tokens, without the tokens themselves: nobody knows them but their owner.
    pub(crate) api_tokens: &'a [ApiTokenRow<'a>],
    /// Takes the API token to revoke, as `token`.
    pub(crate) revoke_api_token: &'a str,
    /// Logs this browser out.
    pub(crate) log_out: &'a str,
}

/// Whose account it is. What is empty is not shown.
#[derive(Clone, Copy, Default)]
pub(crate) struct Person<'a> {
    /// The name that one logs in with.
    pub(crate) username: &'a str,
    /// First and last name.
    pub(crate) name: &'a str,
    /// E-mail address.
    pub(crate) email: &'a str,
    /// Names or paths of the groups.
    pub(crate) groups: &'a [&'a str],
}

/// The form that changes the password.
#[derive(Clone, Copy, Default)]
pub(crate) struct ChangePassword<'a> {
    /// Takes the form.
    pub(crate) action: &'a str,
    /// Why the last one was not taken.
    pub(crate) problem: Option<PasswordProblem>,
}

/// A browser that is logged in.
#[derive(Clone, Copy, Default)]
pub(crate) struct SessionRow<'a> {
    /// What `end_session` is sent; not shown.
    pub(crate) id: &'a str,
    /// When the login was.
    pub(crate) started: Timestamp,
    /// When it was last used.
    pub(crate) last_used: Timestamp,
    /// Names of the applications that were opened with it.
    pub(crate) clients: &'a [&'a str],
    /// Where it was made.
    pub(crate) address: Option<&'a str>,
    /// The browser, in its own words.
    pub(crate) user_agent: Option<&'a str>,
    /// It is the one that looks at the page.
    pub(crate) this_browser: bool,
}

/// An API token.
#[derive(Clone, Copy, Default)]
pub(crate) struct ApiTokenRow<'a> {
    /// What `revoke_api_token` is sent; not shown.
    pub(crate) id: &'a str,
    /// When it was made.
    pub(crate) started: Timestamp,
    /// When it was last used.
    pub(crate) last_used: Timestamp,
    /// Name of the application that it is for.
    pub(crate) client: Option<&'a str>,
}

/// What became of a form of the account page.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AccountNotice {
    /// The password is changed.
    PasswordChanged,
    /// The session has ended.
    SessionEnded,
    /// All other sessions have ended.
    OtherSessionsEnded,
    /// The API token is no longer valid.
    ApiTokenRevoked,
    /// The form was too old, or not from this page; nothing was done.
    Expired,
    /// Nothing can be written at present; nothing was done.
    NotSaved,
}

impl AccountNotice {
    /// The text, and whether it is good news.
    const fn text(self, texts: &Texts) -> (&'static str, bool) {
        let texts = &texts.account;
        match self {
            Self::PasswordChanged => (texts.password_changed, true),
            Self::SessionEnded => (texts.session_ended, true),
            Self::OtherSessionsEnded => (texts.other_sessions_ended, true),
            Self::ApiTokenRevoked => (texts.api_token_revoked, true),
            Self::Expired => (texts.expired, false),
            Self::NotSaved => (texts.not_saved, false),
        }
    }

    const fn status(self) -> StatusCode {
        match self {
            Self::PasswordChanged | Self::SessionEnded | Self::OtherSessionsEnded | Self::ApiTokenRevoked => {
                StatusCode::OK
            }
            Self::Expired => StatusCode::FORBIDDEN,
            Self::NotSaved => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Content for AccountPage<'_> {
    fn status(&self) -> StatusCode {
        self.notice.map_or(StatusCode::OK, AccountNotice::status)
    }

    fn wide(&self) -> bool {
        true
    }

    fn heading(&self, texts: &Texts) -> String {
        texts.account.heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        html! {
            @if let Some(notice) = self.notice { (notice_markup(notice, texts)) }
            (self.person.render(texts))
            div.actions { (self.form(self.log_out, &[], &html! { button.quiet type="submit" { (texts.logout.submit) } })) }
            (self.password_section(texts))
            (self.sessions_section(texts))
            (self.api_tokens_section(texts))
        }
    }
}

impl AccountPage<'_> {
    fn form(&self, action: &str, fields: &[(&str, &str)], content: &Markup) -> Markup {
        PostForm { action, hidden: &[self.csrf] }.render(&html! { (hidden(fields)) (content) })
    }

    fn password_section(&self, texts: &Texts) -> Markup {
        let ChangePassword { action, problem: wrong } = self.change_password;
        let fields = html! {
            (fixed_username(texts, self.person.username))
            (current_password(texts, wrong))
            (new_password(texts, wrong, false))
            div.actions { button type="submit" { (texts.password.submit) } }
        };
        html! {
            section aria-labelledby="change-password" {
                h2 id="change-password" { (texts.account.change_password) }
                div.narrow {
                    (problem(wrong.map(|wrong| wrong.text(texts)).as_deref()))
                    (self.form(action, &[], &fields))
                }
            }
        }
    }

    fn sessions_section(&self, texts: &Texts) -> Markup {
        let words = &texts.account;
        let others = self.sessions.iter().any(|session| !session.this_browser);
        html! {
            section aria-labelledby="sessions" {
                h2 id="sessions" { (words.sessions) }
                @if self.sessions.is_empty() { p.muted { (words.no_sessions) } } @else {
                    ul.items {
                        @for session in self.sessions {
                            li {
                                (session.about(texts))
                                (self.form(self.end_session, &[("session", session.id)],
                                    &danger(words.end_session, &moment_text(session.started, texts))))
                            }
                        }
                    }
                }
                @if others {
                    div.actions {
                        (self.form(self.end_other_sessions, &[], &danger(words.end_other_sessions, "")))
                    }
                }
            }
        }
    }

    fn api_tokens_section(&self, texts: &Texts) -> Markup {
        let words = &texts.account;
        html! {
            section aria-labelledby="api-tokens" {
                h2 id="api-tokens" { (words.api_tokens) " (" (self.api_tokens.len()) ")" }
                @if self.api_tokens.is_empty() { p.muted { (words.no_api_tokens) } } @else {
                    ul.items {
                        @for token in self.api_tokens {
                            li {
                                (token.about(texts))
                                (self.form(self.revoke_api_token, &[("token", token.id)],
                                    &danger(words.revoke, &moment_text(token.started, texts))))
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Person<'_> {
    fn render(&self, texts: &Texts) -> Markup {
        let words = &texts.account;
        html! {
            dl {
                @for (term, value) in [(words.username, self.username), (words.name, self.name), (words.email, self.email)] {
                    @if !value.is_empty() { dt { (term) } dd { (value) } }
                }
                @if !self.groups.is_empty() { dt { (words.groups) } dd { (self.groups.join(", ")) } }
            }
        }
    }
}

impl SessionRow<'_> {
    fn about(&self, texts: &Texts) -> Markup {
        let words = &texts.account;
        html! {
            div.about {
                h3 { (words.started) " " (moment(self.started, texts)) }
                @if self.this_browser { p { span.badge { (words.this_browser) } } }
                dl {
                    dt { (words.last_used) } dd { (moment(self.last_used, texts)) }
                    @if !self.clients.is_empty() { dt { (words.applications) } dd { (self.clients.join(", ")) } }
                    @if let Some(address) = self.address { dt { (words.address) } dd { (address) } }
                    @if let Some(user_agent) = self.user_agent { dt { (words.browser) } dd { (user_agent) } }
                }
            }
        }
    }
}

impl ApiTokenRow<'_> {
    fn about(&self, texts: &Texts) -> Markup {
        let words = &texts.account;
        html! {
            div.about {
                h3 { (words.created) " " (moment(self.started, texts)) }
                dl {
                    dt { (words.last_used) } dd { (moment(self.last_used, texts)) }
                    @if let Some(client) = self.client { dt { (words.application) } dd { (client) } }
                }
            }
        }
    }
}

fn notice_markup(notice: AccountNotice, texts: &Texts) -> Markup {
    let (text, good) = notice.text(texts);
    html! {
        @if good { p.notice role="status" { (text) } } @else { p.alert role="alert" { (text) } }
    }
}

/// A button that takes something away; `which` tells those who hear the page one such button from another.
fn danger(text: &str, which: &str) -> Markup {
    html! {
        button.danger type="submit" {
            (text)
            @if !which.is_empty() { span.unseen { " (" (which) ")" } }
        }
    }
}

fn moment(at: Timestamp, texts: &Texts) -> Markup {
    html! { time datetime=(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()) { (moment_text(at, texts)) } }
}

/// In UTC: without scripts a page cannot know where its reader is.
fn moment_text(at: Timestamp, texts: &Texts) -> String {
    at.strftime(texts.moment).to_string()
}
