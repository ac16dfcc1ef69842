//! What an account has to do before a login goes on.

use http::StatusCode;
use maud::{Markup, html};

use super::form::{Application, PostForm, problem, submit};
use super::frame::Content;
use super::login::fixed_username;
use super::password::{PasswordProblem, new_password};
use super::texts::Texts;

/// `UPDATE_PASSWORD`: asks for a new password, as `password-new` and `password-confirm`.
#[derive(Clone, Copy, Default)]
pub(crate) struct UpdatePasswordPage<'a> {
    /// Takes the form.
    pub(crate) form: PostForm<'a>,
    /// Whose password it is.
    pub(crate) username: &'a str,
    /// Why the page is shown again.
    pub(crate) problem: Option<PasswordProblem>,
}

impl Content for UpdatePasswordPage<'_> {
    fn heading(&self, texts: &Texts) -> String {
        texts.password.heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        let fields = html! {
            (fixed_username(texts, self.username))
            (new_password(texts, self.problem, true))
            (submit(texts.password.submit))
        };
        html! {
            p.lead { (texts.password.required) }
            (problem(self.problem.map(|problem| problem.text(texts)).as_deref()))
            (self.form.render(&fields))
        }
    }
}

/// `TERMS_AND_CONDITIONS`: accepted with a button named `accept`, declined with one named `cancel`, Keycloak's names.
#[derive(Clone, Copy, Default)]
pub(crate) struct TermsPage<'a> {
    /// Takes the form.
    pub(crate) form: PostForm<'a>,
    /// The terms in plain text, paragraphs separated by empty lines. Without them the page says that the operator's terms are to be accepted.
    pub(crate) text: Option<&'a str>,
}

impl Content for TermsPage<'_> {
    fn heading(&self, texts: &Texts) -> String {
        texts.required_action.terms_heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        let texts = &texts.required_action;
        let buttons = html! {
            div.actions {
                button type="submit" name="accept" value="true" { (texts.accept) }
                button.quiet type="submit" name="cancel" value="true" { (texts.decline) }
            }
        };
        html! {
            p.lead { (texts.terms) }
            @if let Some(text) = self.text {
                // A region that scrolls is reached with the keyboard only if it takes the focus.
                div.terms role="region" aria-label=(texts.terms_heading) tabindex="0" {
                    @for paragraph in paragraphs(text) { p { (paragraph) } }
                }
            }
            (self.form.render(&buttons))
        }
    }
}

/// An action that is not offered here: says which, and whom to ask.
#[derive(Clone, Copy, Default)]
pub(crate) struct UnsupportedActionPage<'a> {
    /// The action's name in Keycloak, such as `CONFIGURE_TOTP`.
    pub(crate) action: &'a str,
    /// Where the login came from.
    pub(crate) back: Option<Application<'a>>,
}

impl Content for UnsupportedActionPage<'_> {
    fn status(&self) -> StatusCode {
        StatusCode::FORBIDDEN
    }

    fn heading(&self, texts: &Texts) -> String {
        texts.required_action.unsupported_heading.to_owned()
    }

    fn body(&self, texts: &Texts) -> Markup {
        let words = &texts.required_action;
        html! {
            p {
                (words.unsupported) " "
                strong {
                    @match self.action {
                        "VERIFY_EMAIL" => (words.verify_email),
                        "UPDATE_PROFILE" | "VERIFY_PROFILE" => (words.update_profile),
                        "CONFIGURE_TOTP" => (words.configure_totp),
                        other => code { (other) },
                    }
                }
            }
            p { (words.ask) }
            @if let Some(application) = self.back {
                div.actions { (application.link(&(texts.failure.back)(application.name))) }
            }
        }
    }
}

fn paragraphs(text: &str) -> Vec<String> {
    let mut paragraphs = vec![String::new()];
    for line in text.lines().map(str::trim) {
        match paragraphs.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(line);
            }
            _ => paragraphs.push(String::new()),
        }
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    #[rstest]
    #[case::empty("", &[])]
    #[case::blank(" \n\t\n", &[])]
    #[case::one("a\nb", &["a b"])]
    #[case::two("a\n\n b \r\n", &["a", "b"])]
    #[case::many_empty_lines("\n\na\n\r\n\n\nb", &["a", "b"])]
    fn paragraphs(#[case] text: &str, #[case] expected: &[&str]) {
        assert_eq!(super::paragraphs(text), expected);
    }
}
