//! Every text of every page, once for each language: a text that is missing in one of them does not compile.

mod english;
mod german;

use primehub_pages::Language;

/// A text as it stands.
type Text = &'static str;
/// A text about something that has a name.
type About = fn(&str) -> String;

pub(crate) struct Texts {
    /// Name of the switch between languages.
    pub(super) language: Text,
    /// Points in time, in the notation of `strftime`, in UTC and saying so.
    pub(super) moment: Text,
    pub(super) login: Login,
    pub(super) password: Password,
    pub(super) required_action: RequiredAction,
    pub(super) failure: Failure,
    pub(super) logout: Logout,
    pub(super) account: Account,
}

impl Texts {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &english::TEXTS,
            Language::German => &german::TEXTS,
        }
    }
}

pub(super) struct Login {
    pub(super) heading: Text,
    /// About an application.
    pub(super) continue_to: About,
    pub(super) username: Text,
    pub(super) password: Text,
    pub(super) submit: Text,
    pub(super) wrong_credentials: Text,
    pub(super) disabled: Text,
    pub(super) try_again_later: Text,
    pub(super) expired: Text,
    pub(super) again_heading: Text,
    pub(super) again: Text,
    pub(super) again_submit: Text,
    pub(super) somebody_else: Text,
    pub(super) other_heading: Text,
    /// About a user.
    pub(super) other: About,
    /// About a user.
    pub(super) go_on_as: About,
}

pub(super) struct Password {
    pub(super) heading: Text,
    pub(super) required: Text,
    pub(super) current: Text,
    pub(super) new: Text,
    pub(super) confirm: Text,
    pub(super) submit: Text,
    pub(super) empty: Text,
    pub(super) mismatch: Text,
    /// About a number of characters.
    pub(super) too_short: fn(usize) -> String,
    pub(super) too_long: Text,
    pub(super) same_as_username: Text,
    pub(super) same_as_current: Text,
    pub(super) wrong_current: Text,
    pub(super) try_again_later: Text,
}

pub(super) struct RequiredAction {
    pub(super) terms_heading: Text,
    pub(super) terms: Text,
    pub(super) accept: Text,
    pub(super) decline: Text,
    pub(super) unsupported_heading: Text,
    /// Followed by one of the next three, or by an action's name.
    pub(super) unsupported: Text,
    pub(super) verify_email: Text,
    pub(super) update_profile: Text,
    pub(super) configure_totp: Text,
    pub(super) ask: Text,
}

pub(super) struct Failure {
    pub(super) heading: Text,
    pub(super) not_found_heading: Text,
    pub(super) session_expired_heading: Text,
    pub(super) not_logged_in_heading: Text,
    pub(super) invalid_request: Text,
    pub(super) client_not_found: Text,
    pub(super) not_found: Text,
    pub(super) session_expired: Text,
    pub(super) cookie_missing: Text,
    pub(super) foreign_form: Text,
    pub(super) account_disabled: Text,
    pub(super) terms_declined: Text,
    pub(super) read_only: Text,
    pub(super) unavailable: Text,
    pub(super) internal: Text,
    pub(super) restart: Text,
    /// About an application.
    pub(super) back: About,
}

pub(super) struct Logout {
    pub(super) confirm_heading: Text,
    pub(super) confirm: Text,
    /// About a user.
    pub(super) confirm_as: About,
    pub(super) submit: Text,
    pub(super) done_heading: Text,
    pub(super) done: Text,
}

pub(super) struct Account {
    pub(super) heading: Text,
    pub(super) username: Text,
    pub(super) name: Text,
    pub(super) email: Text,
    pub(super) groups: Text,
    pub(super) change_password: Text,
    pub(super) sessions: Text,
    pub(super) no_sessions: Text,
    pub(super) this_browser: Text,
    /// Followed by a point in time.
    pub(super) started: Text,
    /// Followed by a point in time.
    pub(super) created: Text,
    pub(super) last_used: Text,
    pub(super) applications: Text,
    pub(super) application: Text,
    pub(super) address: Text,
    pub(super) browser: Text,
    pub(super) end_session: Text,
    pub(super) end_other_sessions: Text,
    pub(super) api_tokens: Text,
    pub(super) no_api_tokens: Text,
    pub(super) revoke: Text,
    pub(super) password_changed: Text,
    pub(super) session_ended: Text,
    pub(super) other_sessions_ended: Text,
    pub(super) api_token_revoked: Text,
    pub(super) expired: Text,
    pub(super) not_saved: Text,
}
