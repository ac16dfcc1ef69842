//! Choosing a new password: the fields, and what may be wrong with them.

use std::borrow::Cow;

use maud::{Markup, html};

use super::form::{Field, FieldKind};
use super::texts::Texts;

/// Why a new password was not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PasswordProblem {
    /// No new password was given.
    Empty,
    /// The repetition differs.
    Mismatch,
    /// The password has fewer characters than this.
    TooShort(usize),
    /// The password has more bytes than anybody types.
    TooLong,
    /// Everybody would guess it.
    SameAsUsername,
    /// Nothing would change.
    SameAsCurrent,
    /// The present password, which the account page asks for, is not right.
    WrongCurrent,
    /// Too many wrong ones.
    TryAgainLater,
}

impl PasswordProblem {
    pub(super) fn text(self, texts: &Texts) -> Cow<'static, str> {
        let texts = &texts.password;
        match self {
            Self::Empty => texts.empty.into(),
            Self::Mismatch => texts.mismatch.into(),
            Self::TooShort(least) => (texts.too_short)(least).into(),
            Self::TooLong => texts.too_long.into(),
            Self::SameAsUsername => texts.same_as_username.into(),
            Self::SameAsCurrent => texts.same_as_current.into(),
            Self::WrongCurrent => texts.wrong_current.into(),
            Self::TryAgainLater => texts.try_again_later.into(),
        }
    }

    /// The form field that it is about.
    const fn field(self) -> &'static str {
        match self {
            Self::Empty | Self::TooShort(_) | Self::TooLong | Self::SameAsUsername | Self::SameAsCurrent => NEW,
            Self::Mismatch => CONFIRM,
            Self::WrongCurrent | Self::TryAgainLater => CURRENT,
        }
    }
}

/// The new password, twice.
pub(super) fn new_password(texts: &Texts, problem: Option<PasswordProblem>, focus: bool) -> Markup {
    html! {
        (field(NEW, texts.password.new, "new-password", problem, focus))
        (field(CONFIRM, texts.password.confirm, "new-password", problem, false))
    }
}

/// The present password.
pub(super) fn current_password(texts: &Texts, problem: Option<PasswordProblem>) -> Markup {
    field(CURRENT, texts.password.current, "current-password", problem, false)
}

fn field(name: &str, label: &str, autocomplete: &str, problem: Option<PasswordProblem>, focus: bool) -> Markup {
    let wrong = problem.is_some_and(|problem| problem.field() == name);
    Field { name, label, autocomplete, kind: FieldKind::Password, focus, wrong }.render()
}

// Keycloak's names: password managers and scripts know them.
const NEW: &str = "password-new";
const CONFIRM: &str = "password-confirm";
const CURRENT: &str = "password";
