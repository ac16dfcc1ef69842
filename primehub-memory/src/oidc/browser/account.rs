//! The account page: one's own password, sessions and API tokens.

use axum::response::Response;
use primehub_core::identity::IdentityStore as _;
use secrecy::SecretString;

use super::Outcome;
use super::session::BrowserSession;
use super::visitor::{FORM, Visitor, Wishes, not_kept};
use crate::oidc::client::{Client, full_path};
use crate::oidc::end_session::AfterLogout;
use crate::oidc::forms::{AccountForm, Goal};
use crate::oidc::logins::LoginFailure;
use crate::oidc::pages::{
    AccountNotice, AccountPage, ApiTokenRow, ChangePassword, Failure, PasswordProblem, Person, SessionRow,
};
use crate::sessions::{Session, SessionId, SessionKind};

/// What sessions call the account page among their clients, as Keycloak does.
pub(super) const CLIENT: &str = "account";

pub(super) async fn show(visitor: Visitor) -> Response {
    let outcome = match visitor.session() {
        Some(session) => visitor.show_account(&session),
        None => visitor.login_page(&Goal::Account, None, "", None),
    };
    visitor.answer(outcome)
}

pub(super) async fn change_password(visitor: Visitor) -> Response {
    let outcome = visitor.change_own_password().await;
    visitor.answer(outcome)
}

pub(super) async fn end_session(visitor: Visitor) -> Response {
    let chosen = visitor.parameters.get("session").map(SessionId::from);
    let ends = |id: &SessionId, session: &Session| session.kind == SessionKind::Online && Some(id) == chosen.as_ref();
    let outcome = visitor.end_of_account(AccountNotice::SessionEnded, ends).await;
    visitor.answer(outcome)
}

pub(super) async fn end_other_sessions(visitor: Visitor) -> Response {
    let own = visitor.session().map(|session| session.id);
    let ends = |id: &SessionId, session: &Session| session.kind == SessionKind::Online && Some(id) != own.as_ref();
    let outcome = visitor.end_of_account(AccountNotice::OtherSessionsEnded, ends).await;
    visitor.answer(outcome)
}

pub(super) async fn revoke_token(visitor: Visitor) -> Response {
    let chosen = visitor.parameters.get("token").map(SessionId::from);
    let ends = |id: &SessionId, session: &Session| session.kind == SessionKind::Offline && Some(id) == chosen.as_ref();
    let outcome = visitor.end_of_account(AccountNotice::ApiTokenRevoked, ends).await;
    visitor.answer(outcome)
}

pub(super) async fn log_out(visitor: Visitor) -> Response {
    let outcome = async {
        if let Err(answer) = visitor.account_form()? {
            return Ok(answer);
        }
        visitor.end_own_session().await?;
        visitor.logged_out(&AfterLogout::default())
    };
    let outcome = outcome.await;
    visitor.answer(outcome)
}

impl Visitor {
    fn show_account(&self, session: &BrowserSession) -> Outcome {
        self.inner().sessions().touch(&session.user.id, &session.id, SessionKind::Online);
        self.account_page(session, None, None)
    }

    /// Takes back a form of the account page. The inner error is the answer to one that does nothing: it is too old, or nobody is logged in
    /// any more, or somebody else is.
    fn account_form(&self) -> Result<Result<BrowserSession, Response>, Failure<'static>> {
        let form = self.form::<AccountForm>()?;
        let Some(session) = self.session() else {
            return Ok(Err(self.login_page(&Goal::Account, None, "", None)?));
        };
        match form {
            Ok(form) if form.session == session.id => Ok(Ok(session)),
            _ => Ok(Err(self.account_page(&session, Some(AccountNotice::Expired), None)?)),
        }
    }

    async fn change_own_password(&self) -> Outcome {
        let session = match self.account_form()? {
            Ok(session) => session,
            Err(answer) => return Ok(answer),
        };
        let user = &session.user;
        let problem = |problem| self.account_page(&session, None, Some(problem));
        let current = SecretString::from(self.parameters.get("password").unwrap_or_default());
        match self.inner().check_password_of(user, &current, self.address).await {
            Ok(_) => {}
            Err(LoginFailure::WrongCredentials) => return problem(PasswordProblem::WrongCurrent),
            Err(LoginFailure::AddressWaits(_)) => return problem(PasswordProblem::TryAgainLater),
            Err(LoginFailure::Busy) => return Err(Failure::Unavailable),
        }
        match self.take_new_password(user).await {
            Ok(Ok(())) => self.account_page(&session, Some(AccountNotice::PasswordChanged), None),
            Ok(Err(wrong)) => problem(wrong),
            Err(Failure::ReadOnly) => self.account_page(&session, Some(AccountNotice::NotSaved), None),
            Err(failure) => Err(failure),
        }
    }

    /// Ends sessions or API tokens of one's own.
    async fn end_of_account(&self, done: AccountNotice, ends: impl Fn(&SessionId, &Session) -> bool + Send) -> Outcome {
        let session = match self.account_form()? {
            Ok(session) => session,
            Err(answer) => return Ok(answer),
        };
        let ended = self.inner().sessions().end_those(&session.user.id, ends).await;
        let notice = match ended.map_err(|error| not_kept(&error)) {
            Ok(_) => done,
            Err(Failure::ReadOnly) => AccountNotice::NotSaved,
            Err(failure) => return Err(failure),
        };
        if self.session().is_none() {
            // It was the session of this very browser.
            return self.logged_out(&AfterLogout::default());
        }
        self.account_page(&session, Some(notice), None)
    }

    fn account_page(
        &self,
        session: &BrowserSession,
        notice: Option<AccountNotice>,
        problem: Option<PasswordProblem>,
    ) -> Outcome {
        let inner = self.inner();
        let directory = inner.store.directory();
        let user = &session.user;
        let field = self.field(AccountForm { session: session.id.clone() })?;
        let name: Vec<&str> = [&user.first_name, &user.last_name].into_iter().filter_map(Option::as_deref).collect();
        let groups: Vec<String> = directory.groups_of(&user.id).map(|group| full_path(&directory, group)).collect();
        let groups: Vec<&str> = groups.iter().map(String::as_str).collect();
        let mut all = inner.sessions().of_user(&user.id);
        // The latest first.
        all.sort_by_key(|(_, session)| std::cmp::Reverse(session.used()));
        let rows: Vec<Row<'_>> = all.iter().map(|(id, session)| Row::of(id, session, &inner.clients)).collect();
        let of_kind = |kind: SessionKind| rows.iter().filter(move |row| row.session.kind == kind);
        let sessions: Vec<_> = of_kind(SessionKind::Online).map(|row| row.session(&session.id)).collect();
        let api_tokens: Vec<_> = of_kind(SessionKind::Offline).map(Row::api_token).collect();
        let path = |name: &str| self.path(&format!("account/{name}"));
        let (password, end, end_others) = (path("password"), path("sessions/end"), path("sessions/end-others"));
        let (revoke, log_out, address) = (path("tokens/revoke"), path("logout"), self.path("account"));
        let page = AccountPage {
            person: Person {
                username: &user.username,
                name: &name.join(" "),
                email: user.email.as_deref().unwrap_or_default(),
                groups: &groups,
            },
            csrf: (FORM, &field),
            notice,
            change_password: ChangePassword { action: &password, problem },
            sessions: &sessions,
            end_session: &end,
            end_other_sessions: &end_others,
            api_tokens: &api_tokens,
            revoke_api_token: &revoke,
            log_out: &log_out,
        };
        Ok(self.page(Wishes { ui_locales: None, address: Some(&address) }, &page))
    }
}

/// A session with the names that people know its clients by.
struct Row<'a> {
    id: &'a SessionId,
    session: &'a Session,
    clients: Vec<&'a str>,
    address: Option<String>,
}

impl<'a> Row<'a> {
    fn of(id: &'a SessionId, session: &'a Session, known: &'a std::collections::BTreeMap<String, Client>) -> Self {
        let named = |client: &'a str| known.get(client).map_or(client, Client::display_name);
        let clients = session.clients().filter(|client| *client != CLIENT).map(named).collect();
        Self { id, session, clients, address: session.origin.address.map(|address| address.to_string()) }
    }

    fn session(&self, own: &SessionId) -> SessionRow<'_> {
        SessionRow {
            id: self.id.as_str(),
            started: self.session.started,
            last_used: self.session.used(),
            clients: &self.clients,
            address: self.address.as_deref(),
            user_agent: self.session.origin.agent.as_deref(),
            this_browser: self.id == own,
        }
    }

    fn api_token(&self) -> ApiTokenRow<'_> {
        ApiTokenRow {
            id: self.id.as_str(),
            started: self.session.started,
            last_used: self.session.used(),
            client: self.clients.first().copied(),
        }
    }
}
