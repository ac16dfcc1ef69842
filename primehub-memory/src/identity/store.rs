//! The store: one writer at a time, one picture for all readers.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use primehub_core::clock::Clock;
use primehub_core::identity::{
    Actor, Applied, Binding, Capabilities, Change, Directory, Freshness, Group, GroupEdit, IdentityError,
    IdentityStore, Invitation, InvitationId, Key, NewGroup, NewInvitation, NewPassword, NewUser, Outcome, Realm,
    RealmEdit, RequiredActionsEmail, Revision, Role, RoleKey, SmtpSettings, User, UserEdit, Written, values,
};
use primehub_core::names::{GroupId, UserId};
use secrecy::SecretString;

use super::draft::{Draft, Rules};
use super::fingerprint::PasswordFingerprint;
use super::line::{Kept, Line, Proposal};
use super::outbox::{Outbox, OutgoingMessage};
use super::passwords::{PasswordCheck, PasswordHasher};
use super::realm::RealmSettings;
use super::rights::check_rights;
use super::sessions::Sessions;
use super::state::{MAIL_PASSWORD, Record, State};
use crate::sessions::SessionKind;

/// An [`IdentityStore`] that holds everything in memory and behaves like a Keycloak 26 that PrimeHub's bootstrap has set up: the same
/// conflicts, limits and answers, so that nothing outside knows the difference.
///
/// * Reads never wait: they get the present picture. Writers take turns; each makes the next picture from the present one, which costs
///   microseconds whatever the number of users, and publishes it whole or not at all.
/// * [Opened](MemoryIdentityStore::open) on a folder, it keeps what was written there, before anybody sees it.
/// * A person may write as long as the present picture shows the account enabled and an administrator; the platform may always.
/// * Passwords are hashed with Argon2id, two at a time and outside the lock.
/// * Mail is not sent. [`MemoryIdentityStore::outbox`] shows what would have been.
/// * Nested groups, federated accounts and roles of clients other than those of a new realm do not arise here.
pub struct MemoryIdentityStore {
    client_id: String,
    clock: Arc<dyn Clock>,
    pub(super) rules: Rules,
    hasher: PasswordHasher,
    line: Line,
    outbox: Outbox,
}

impl MemoryIdentityStore {
    /// A store over the states of `line`.
    pub(super) fn of(settings: RealmSettings, line: Line) -> Self {
        let default_role = settings.default_role();
        Self {
            rules: Rules { limits: Capabilities::keycloak(), default_role, default_actions: settings.default_actions },
            hasher: PasswordHasher::new(settings.password_cost),
            line,
            outbox: Outbox::default(),
            client_id: settings.client_id,
            clock: settings.clock,
        }
    }

    /// Who has logged in: for the OpenID provider in front of this store.
    pub(crate) fn sessions(&self) -> Sessions<'_> {
        Sessions(self)
    }

    /// Everything, as readers see it.
    pub(crate) fn state(&self) -> Arc<State> {
        self.line.state()
    }

    pub(super) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Compares a password with that of the account with this login name or e-mail address. The answer takes as long for an account
    /// that does not exist.
    ///
    /// # Errors
    /// [`IdentityError::Unavailable`] while the process shuts down.
    pub async fn verify_password(&self, login: &str, password: &SecretString) -> Result<PasswordCheck, IdentityError> {
        self.verify_password_of(self.account(login).map(|user| user.id.clone()), password).await
    }

    /// The account that logs in by this name or e-mail address; an address comes before a name that looks like one.
    pub(crate) fn account(&self, login: &str) -> Option<Arc<User>> {
        let login = login.to_lowercase();
        let directory = self.directory();
        let by_email = if login.contains('@') { directory.user_with_email(&login) } else { None };
        by_email.or_else(|| directory.user_named(&login)).cloned()
    }

    /// Compares a password with that of the account; of none, the answer is no, after the same time.
    pub(crate) async fn verify_password_of(
        &self,
        id: Option<UserId>,
        password: &SecretString,
    ) -> Result<PasswordCheck, IdentityError> {
        let password_of = |id: &UserId| self.state().secrets.passwords.get(id).cloned();
        let stored = id.as_ref().and_then(password_of);
        let correct = self.hasher.verify(stored.clone(), password).await?;
        // Looked at again: the account or its password may have gone while the hash was computed.
        let unchanged = id.as_ref().is_some_and(|id| password_of(id) == stored);
        match id.and_then(|id| self.directory().user(&id).cloned()) {
            Some(user) if correct && unchanged => Ok(PasswordCheck::Correct(user)),
            _ => Ok(PasswordCheck::Wrong),
        }
    }

    /// What tells the present password of the account from any other.
    pub(crate) fn password_fingerprint(&self, id: &UserId) -> Option<PasswordFingerprint> {
        self.state().secrets.passwords.get(id).map(PasswordFingerprint::of)
    }

    /// The account of a client that acts by itself, `service-account-<client>`; made unless it is there. It joins the default groups like
    /// everybody, and is not listed among people.
    ///
    /// # Errors
    /// [`IdentityError::Conflict`] when a person has that login name; [`IdentityError::Denied`].
    pub async fn ensure_service_account(&self, by: &Actor, client: &str) -> Result<Written<Arc<User>>, IdentityError> {
        self.write(by, |draft| draft.ensure_service_account(client)).await
    }

    /// Notes that a person has done what the required action asks for. False if it was not open.
    pub(crate) async fn complete_action(&self, id: &UserId, action: &str) -> Result<bool, IdentityError> {
        Ok(self.write(&Actor::service(), |draft| draft.complete_action(id, action)).await?.value)
    }

    /// A secret of this deployment, such as what a client proves itself with: kept with everything else, and made by `make` the first
    /// time it is asked for.
    ///
    /// # Errors
    /// [`IdentityError::NotWritable`] when a new one cannot be kept.
    pub async fn ensure_secret(
        &self,
        name: &str,
        make: impl FnOnce() -> SecretString + Send,
    ) -> Result<SecretString, IdentityError> {
        let by = Actor::service();
        let written = self.write(&by, |draft| {
            if let Some(secret) = draft.secrets.named.get(name) {
                return Ok(secret.clone());
            }
            let secret = make();
            draft.set_secret(name, Some(secret.clone()));
            Ok(secret)
        });
        Ok(written.await?.value)
    }

    /// Takes a secret of this deployment out; none of that name is no error.
    ///
    /// # Errors
    /// [`IdentityError::NotWritable`].
    pub async fn remove_secret(&self, name: &str) -> Result<(), IdentityError> {
        self.change_secrets(vec![(name.into(), None)]).await
    }

    /// The secrets whose names begin with `prefix`, in the order of their names.
    pub(crate) fn secrets_under(&self, prefix: &str) -> Vec<(Arc<str>, SecretString)> {
        let state = self.state();
        let named = state.secrets.named.iter().filter(|(name, _)| name.starts_with(prefix));
        named.map(|(name, secret)| (name.clone(), secret.clone())).collect()
    }

    /// Stores secrets and takes others out, all at once.
    pub(crate) async fn change_secrets(
        &self,
        changes: Vec<(Arc<str>, Option<SecretString>)>,
    ) -> Result<(), IdentityError> {
        let by = Actor::service();
        let written = self.write(&by, |draft| {
            for (name, secret) in changes {
                draft.set_secret(&name, secret);
            }
            Ok(())
        });
        written.await.map(drop)
    }

    /// How many passwords were hashed or compared since the start: what logins cost. That of an account which does not exist counts as well.
    #[must_use]
    pub fn password_hashes(&self) -> u64 {
        self.hasher.computed()
    }

    /// How many logins of the account are alive, in browsers and at clients. Its API tokens are none of them: see
    /// [`api_token_counts`](IdentityStore::api_token_counts).
    #[must_use]
    pub fn login_count(&self, user: &UserId) -> usize {
        self.sessions().of_user(user).iter().filter(|(_, session)| session.kind == SessionKind::Online).count()
    }

    /// The last 256 messages that a provider with a mail server would have sent, oldest first.
    #[must_use]
    pub fn outbox(&self) -> Vec<OutgoingMessage> {
        self.outbox.messages()
    }

    /// The password of the outgoing mail server, for whoever sends what is in the [outbox](Self::outbox). No picture shows it.
    #[must_use]
    pub fn mail_password(&self) -> Option<SecretString> {
        self.state().secrets.named.get(MAIL_PASSWORD).cloned()
    }

    /// The one way to write: checks the rights, lets `edit` make the next state, and returns once it is kept and visible.
    pub(super) async fn write<T: Send>(
        &self,
        by: &Actor,
        edit: impl FnOnce(&mut Draft<'_>) -> Result<T, IdentityError> + Send,
    ) -> Result<Written<T>, IdentityError> {
        let (written, kept) = self.propose(by, edit);
        // Also for a refusal: it may rest on a state that nobody reads yet, and perhaps never will.
        kept.wait().await?;
        written
    }

    fn propose<T>(
        &self,
        by: &Actor,
        edit: impl FnOnce(&mut Draft<'_>) -> Result<T, IdentityError>,
    ) -> (Result<Written<T>, IdentityError>, Kept) {
        let turn = self.line.turn();
        let tip = turn.tip().clone();
        let mut draft = Draft::of(&tip, &self.rules, self.clock.now());
        let value = match check_rights(by, &tip.directory).and_then(|()| edit(&mut draft)) {
            Ok(value) => value,
            Err(refusal) => return (Err(refusal), turn.settle()),
        };
        match draft.finish(&tip) {
            None => (Ok(Written { value, revision: tip.directory.revision() }), turn.settle()),
            Some(proposal) => {
                let revision = proposal.state.directory.revision();
                (Ok(Written { value, revision }), turn.propose(proposal))
            }
        }
    }

    /// Has a record stored as it is by then; nobody waits for it.
    pub(super) fn store_later(&self, record: Record) {
        let turn = self.line.turn();
        let state = State::clone(turn.tip());
        drop(turn.propose(Proposal { state, records: [record].into(), touched: [].into() }));
    }

    /// Leaves an account as a realm's import may leave it: without the role that every new account gets.
    #[cfg(test)]
    pub(crate) async fn take_default_role(&self, id: &UserId) {
        let by = Actor::service();
        let taken = self.write(&by, |draft| {
            let holder = primehub_core::identity::Subject::User(id.clone());
            let role = draft.rules.default_role.clone();
            draft.touch(Key::User(id.clone()));
            Ok(draft.directory.revoke(&holder, &role))
        });
        assert!(taken.await.unwrap().value);
    }

    fn present_user(&self, by: &Actor, id: &UserId) -> Result<Arc<User>, IdentityError> {
        let directory = self.directory();
        check_rights(by, &directory)?;
        directory.user(id).cloned().ok_or_else(|| IdentityError::Absent(Key::User(id.clone())))
    }
}

#[async_trait]
impl IdentityStore for MemoryIdentityStore {
    fn directory(&self) -> Arc<Directory> {
        self.line.state().directory.clone()
    }

    fn freshness(&self) -> Freshness {
        Freshness::Live
    }

    fn capabilities(&self) -> Capabilities {
        self.rules.limits.clone()
    }

    fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
        self.line.changes(since)
    }

    async fn refresh(&self, _keys: &[Key]) -> Result<Revision, IdentityError> {
        Ok(self.directory().revision())
    }

    async fn create_user(&self, by: &Actor, new: NewUser) -> Result<Written<Arc<User>>, IdentityError> {
        self.write(by, |draft| draft.create_user(new)).await
    }

    async fn edit_user(&self, by: &Actor, id: &UserId, edit: UserEdit) -> Result<Written<Arc<User>>, IdentityError> {
        self.write(by, |draft| draft.edit_user(id, edit)).await
    }

    async fn delete_user(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        self.write(by, |draft| draft.delete_user(id)).await
    }

    async fn set_password(&self, by: &Actor, id: &UserId, password: NewPassword) -> Result<(), IdentityError> {
        // Whoever may not do this does not get a processor to work for it.
        self.present_user(by, id)?;
        values::check_password(&password)?;
        let hash = self.hasher.hash(&password.value).await?;
        self.write(by, |draft| draft.set_password(id, hash, password.temporary)).await?;
        Ok(())
    }

    async fn remove_one_time_passwords(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        self.write(by, |draft| draft.set_one_time_password(id, false)).await
    }

    async fn send_required_actions(
        &self,
        by: &Actor,
        id: &UserId,
        email: RequiredActionsEmail,
    ) -> Result<(), IdentityError> {
        let user = self.present_user(by, id)?;
        let Some(to) = user.email.clone() else { return Err(IdentityError::invalid("email", "is not defined")) };
        if !user.enabled {
            return Err(IdentityError::invalid("user", "is disabled"));
        }
        values::check_required_actions(&email.actions)?;
        let smtp = SmtpSettings::of(&self.directory().realm().smtp);
        let (Some(_), Some(from)) = (smtp.host, smtp.from) else {
            return Err(IdentityError::Unavailable { cause: "no outgoing mail server is configured".to_owned() });
        };
        let written_at = self.clock.now();
        let expires_at = written_at.checked_add(email.lifespan).unwrap_or(jiff::Timestamp::MAX);
        let user = id.clone();
        self.outbox.put(OutgoingMessage { user, to, from, actions: email.actions, written_at, expires_at });
        Ok(())
    }

    async fn create_group(&self, by: &Actor, new: NewGroup) -> Result<Written<Arc<Group>>, IdentityError> {
        self.write(by, |draft| draft.create_group(new)).await
    }

    async fn edit_group(
        &self,
        by: &Actor,
        id: &GroupId,
        edit: GroupEdit,
    ) -> Result<Written<Arc<Group>>, IdentityError> {
        self.write(by, |draft| draft.edit_group(id, &edit)).await
    }

    async fn delete_group(&self, by: &Actor, id: &GroupId) -> Result<Written<Arc<Group>>, IdentityError> {
        self.write(by, |draft| draft.delete_group(id)).await
    }

    async fn bind(&self, by: &Actor, edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError> {
        let written = self.write(by, |draft| Ok(edits.iter().map(|edit| draft.bind(edit)).collect()));
        Ok(written.await?.value)
    }

    async fn ensure_role(&self, by: &Actor, role: Role) -> Result<Written<Applied>, IdentityError> {
        self.write(by, |draft| draft.ensure_role(role)).await
    }

    async fn delete_role(&self, by: &Actor, role: &RoleKey) -> Result<Written<Applied>, IdentityError> {
        self.write(by, |draft| draft.delete_role(role)).await
    }

    async fn edit_realm(&self, by: &Actor, edit: RealmEdit) -> Result<Written<Arc<Realm>>, IdentityError> {
        self.write(by, |draft| draft.edit_realm(edit)).await
    }

    async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
        let directory = self.directory();
        let known = users.iter().filter(|user| directory.user(user).is_some());
        Ok(known.map(|user| (user.clone(), self.sessions().offline_count(user, &self.client_id))).collect())
    }

    async fn revoke_api_tokens(&self, by: &Actor, user: &UserId) -> Result<Applied, IdentityError> {
        let revoked = self.sessions().revoke_offline(by, user, &self.client_id).await?;
        Ok(if revoked { Applied::Changed } else { Applied::Unchanged })
    }

    async fn put_invitation(&self, by: &Actor, new: NewInvitation) -> Result<Written<()>, IdentityError> {
        self.write(by, |draft| draft.put_invitation(new)).await
    }

    async fn take_invitation(&self, by: &Actor, id: &InvitationId) -> Result<Written<Invitation>, IdentityError> {
        self.write(by, |draft| draft.take_invitation(id)).await
    }
}
