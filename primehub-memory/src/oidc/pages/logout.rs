//! Logging out.

use maud::{Markup, html};

use super::form::{Application, PostForm};
use super::frame::Content;
use super::texts::Texts;

/// Asks whether somebody really wants to log out: whoever sent the browser here has not shown that it may.
#[derive(Clone, Copy, Default)]
pub(crate) struct ConfirmLogoutPage<'a> {
    /// Takes the form.
    pub(crate) form: PostForm<'a>,
    /// Who is logged in.
    pub(crate) username: Option<&'a str>,
    /// The application that the person came from, if it is known for sure.
    pub(crate) back: Option<Application<'a>>,
}

impl Content for ConfirmLogoutPage<'_> {
    fn heading(&self, texts: &Texts) -> String {
        texts.logout.confirm_heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        let buttons = html! {
            div.actions {
                button type="submit" { (texts.logout.submit) }
                @if let Some(application) = self.back {
                    (application.link(&(texts.failure.back)(application.name)))
                }
            }
        };
        html! {
            p.lead {
                @match self.username {
                    Some(username) => ((texts.logout.confirm_as)(username)),
                    None => (texts.logout.confirm),
                }
            }
            (self.form.render(&buttons))
        }
    }
}

/// Says that the session has ended.
#[derive(Clone, Copy, Default)]
pub(crate) struct LoggedOutPage<'a> {
    /// The application that the person came from, if it is known for sure.
    pub(crate) back: Option<Application<'a>>,
}

impl Content for LoggedOutPage<'_> {
    fn heading(&self, texts: &Texts) -> String {
        texts.logout.done_heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        html! {
            p { (texts.logout.done) }
            @if let Some(application) = self.back {
                div.actions { (application.link(&(texts.failure.back)(application.name))) }
            }
        }
    }
}
