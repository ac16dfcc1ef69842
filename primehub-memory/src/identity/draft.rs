//! A write in the making: the next state and what it touches. Nobody sees it before it is complete.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use primehub_core::identity::{Capabilities, Directory, Group, IdentityError, Key, RoleKey, User};
use primehub_core::names::{GroupId, UserId};
use secrecy::SecretString;

use super::line::Proposal;
use super::passwords::PasswordHash;
use super::state::{Record, Secrets, State};
use crate::sessions::{Session, SessionId, SessionTable};

/// The next state. A write that fails is thrown away with its draft.
pub(super) struct Draft<'a> {
    realm: Arc<str>,
    pub(super) directory: Directory,
    pub(super) secrets: Secrets,
    pub(super) sessions: SessionTable,
    pub(super) touched: BTreeSet<Key>,
    /// What has to be stored besides what is touched.
    records: BTreeSet<Record>,
    pub(super) rules: &'a Rules,
    pub(super) now: Timestamp,
}

/// What writes go by and what never changes.
pub(super) struct Rules {
    /// How much fits into a value.
    pub(super) limits: Capabilities,
    /// The role that every new account gets.
    pub(super) default_role: RoleKey,
    /// What every new person has to do at the first login.
    pub(super) default_actions: Vec<String>,
}

impl<'a> Draft<'a> {
    /// A draft of what comes after `state`.
    pub(super) fn of(state: &State, rules: &'a Rules, now: Timestamp) -> Self {
        Self {
            realm: state.realm.clone(),
            directory: Directory::clone(&state.directory),
            secrets: state.secrets.clone(),
            sessions: state.sessions.clone(),
            touched: BTreeSet::new(),
            records: BTreeSet::new(),
            rules,
            now,
        }
    }

    /// What the write comes to; `None` if it changes nothing. A picture that looks the same stays the same.
    pub(super) fn finish(self, before: &State) -> Option<Proposal> {
        let Self { realm, mut directory, secrets, sessions, touched, mut records, .. } = self;
        if touched.is_empty() && records.is_empty() {
            return None;
        }
        let directory = if touched.is_empty() {
            before.directory.clone()
        } else {
            directory.advance();
            records.extend(touched.iter().cloned().map(Record::Object));
            Arc::new(directory)
        };
        Some(Proposal { state: State { realm, directory, secrets, sessions }, records, touched })
    }
}

impl Draft<'_> {
    pub(super) fn user(&self, id: &UserId) -> Result<Arc<User>, IdentityError> {
        self.directory.user(id).cloned().ok_or_else(|| IdentityError::Absent(Key::User(id.clone())))
    }

    pub(super) fn group(&self, id: &GroupId) -> Result<Arc<Group>, IdentityError> {
        self.directory.group(id).cloned().ok_or_else(|| IdentityError::Absent(Key::Group(id.clone())))
    }

    /// Notes that `key` looks different now.
    pub(super) fn touch(&mut self, key: Key) {
        self.touched.insert(key);
    }

    /// Stores `user` if it differs from `before`, and answers what is stored.
    pub(super) fn replace_user(&mut self, before: Arc<User>, user: User) -> Arc<User> {
        if *before == user {
            return before;
        }
        let id = user.id.clone();
        self.directory.put_user(user);
        self.touch(Key::User(id.clone()));
        self.directory.user(&id).cloned().unwrap_or(before)
    }

    pub(super) fn put_password(&mut self, id: &UserId, password: PasswordHash) {
        self.secrets.passwords.insert(id.clone(), password);
        self.records.insert(Record::Password(id.clone()));
    }

    pub(super) fn remove_password(&mut self, id: &UserId) {
        if self.secrets.passwords.remove(id).is_some() {
            self.records.insert(Record::Password(id.clone()));
        }
    }

    /// Stores a secret of the deployment, or takes it out.
    pub(super) fn set_secret(&mut self, name: &str, secret: Option<SecretString>) {
        let name: Arc<str> = name.into();
        let changed = match secret {
            Some(secret) => {
                self.secrets.named.insert(name.clone(), secret);
                true
            }
            None => self.secrets.named.remove(&name).is_some(),
        };
        if changed {
            self.records.insert(Record::Secret(name));
        }
    }

    pub(super) fn put_session(&mut self, user: &UserId, id: SessionId, session: Session) {
        self.records.insert(Record::Session(user.clone(), id.clone()));
        let gone = self.sessions.put(user, id, Arc::new(session), self.now);
        self.records.extend(gone.into_iter().map(|(user, id)| Record::Session(user, id)));
    }

    /// Ends sessions, and says how many of them were alive.
    pub(super) fn end_sessions(&mut self, user: &UserId, ends: impl Fn(&SessionId, &Session) -> bool) -> usize {
        let alive = self.sessions.of_user(user, self.now).filter(|(id, session)| ends(id, session)).count();
        let gone = self.sessions.remove(user, ends);
        self.records.extend(gone.into_iter().map(|(user, id)| Record::Session(user, id)));
        alive
    }
}
