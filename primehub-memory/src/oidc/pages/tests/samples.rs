//! Every page in every state, with any text in all places that take one.

use http::Response;
use jiff::Timestamp;

use crate::oidc::pages::*;

/// All pages, with `text` wherever a page takes a text, and below a path where it takes an address.
pub(super) fn with_all(text: &str, mut look: impl FnMut(&str, &dyn Content)) {
    let address = format!("/{}{text}", "x?");
    let hidden = [("session_code", text), ("csrf", text)];
    let form = PostForm { action: &address, hidden: &hidden };
    let application = Application { name: text, href: &address };
    let back = Some(application);

    look("login, quiet", &LoginPage { form, ..LoginPage::default() });
    look("login, hint", &LoginPage { form, username: text, client_name: Some(text), ..LoginPage::default() });
    for problem in LOGIN_PROBLEMS {
        let problem = Some(problem);
        look("login, problem", &LoginPage { form, username: text, problem, client_name: Some(text) });
        let again =
            ReauthenticationPage { form, username: text, problem, client_name: Some(text), somebody_else: None };
        look("reauthentication, problem", &again);
    }
    let again = ReauthenticationPage { form, username: text, somebody_else: Some(&address), ..Default::default() };
    look("reauthentication", &again);
    look("other account", &OtherAccountPage { username: text, log_out: form, go_on: Some(&address) });

    look("update password", &UpdatePasswordPage { form, username: text, problem: None });
    for problem in PASSWORD_PROBLEMS {
        let problem = Some(problem);
        look("update password, problem", &UpdatePasswordPage { form, username: text, problem });
    }
    look("terms, unnamed", &TermsPage { form, text: None });
    look("terms", &TermsPage { form, text: Some(text) });
    for action in ["VERIFY_EMAIL", "UPDATE_PROFILE", "CONFIGURE_TOTP", text] {
        look("unsupported action", &UnsupportedActionPage { action, back });
    }

    for failure in failures(text) {
        look("error", &ErrorPage { failure, restart: Some(&address), back });
        look("error, nowhere to go", &ErrorPage { failure, ..ErrorPage::default() });
    }
    look("logout", &ConfirmLogoutPage { form, username: None, back: None });
    look("logout, known", &ConfirmLogoutPage { form, username: Some(text), back });
    look("logged out", &LoggedOutPage::default());
    look("logged out, known", &LoggedOutPage { back });
    with_account(text, &address, look);
}

fn with_account(text: &str, address: &str, mut look: impl FnMut(&str, &dyn Content)) {
    look("account, quiet", &AccountPage { csrf: ("csrf", "c"), ..AccountPage::default() });
    let names = [text, text];
    let session = SessionRow {
        id: text,
        clients: &names,
        address: Some(text),
        user_agent: Some(text),
        this_browser: true,
        last_used: AT,
        started: AT,
    };
    let sessions = [session, SessionRow { id: text, ..SessionRow::default() }];
    let tokens = [ApiTokenRow { id: text, client: Some(text), started: AT, last_used: AT }];
    let page = AccountPage {
        person: Person { username: text, name: text, email: text, groups: &names },
        csrf: ("csrf", text),
        notice: None,
        change_password: ChangePassword { action: address, problem: None },
        sessions: &sessions,
        end_session: address,
        end_other_sessions: address,
        api_tokens: &tokens,
        revoke_api_token: address,
        log_out: address,
    };
    look("account", &page);
    for notice in NOTICES {
        look("account, notice", &AccountPage { notice: Some(notice), ..page });
    }
    for problem in PASSWORD_PROBLEMS {
        let change_password = ChangePassword { problem: Some(problem), ..page.change_password };
        look("account, problem", &AccountPage { change_password, ..page });
    }
}

/// The frame of all pages.
pub(super) fn page(language: Language, realm_name: &str, href: &str, content: &dyn Content) -> Response<String> {
    let languages = Language::ALL.map(|language| (language, format!("?ui_locales={}&{href}", language.tag())));
    Frame { language, languages: &languages, realm_path: "/realms/primehub", realm_name }.page(content)
}

/// 24 November 2026, 09:53:26 UTC.
const AT: Timestamp = Timestamp::constant(1_795_514_006, 0);

const LOGIN_PROBLEMS: [LoginProblem; 4] =
    [LoginProblem::WrongCredentials, LoginProblem::Disabled, LoginProblem::TryAgainLater, LoginProblem::Expired];

const PASSWORD_PROBLEMS: [PasswordProblem; 8] = [
    PasswordProblem::Empty,
    PasswordProblem::Mismatch,
    PasswordProblem::TooShort(12),
    PasswordProblem::TooLong,
    PasswordProblem::SameAsUsername,
    PasswordProblem::SameAsCurrent,
    PasswordProblem::WrongCurrent,
    PasswordProblem::TryAgainLater,
];

const NOTICES: [AccountNotice; 6] = [
    AccountNotice::PasswordChanged,
    AccountNotice::SessionEnded,
    AccountNotice::OtherSessionsEnded,
    AccountNotice::ApiTokenRevoked,
    AccountNotice::Expired,
    AccountNotice::NotSaved,
];

fn failures(text: &str) -> [Failure<'_>; 11] {
    [
        Failure::InvalidRequest(text),
        Failure::ClientNotFound,
        Failure::NotFound,
        Failure::SessionExpired,
        Failure::CookieMissing,
        Failure::ForeignForm,
        Failure::AccountDisabled,
        Failure::TermsDeclined,
        Failure::ReadOnly,
        Failure::Unavailable,
        Failure::Internal,
    ]
}
