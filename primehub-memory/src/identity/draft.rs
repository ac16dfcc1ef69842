//! A write in the making: the next picture and what it touches. Nobody sees it before it is complete.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use primehub_core::identity::{Capabilities, Directory, Group, IdentityError, Key, RoleKey, User};
use primehub_core::names::{GroupId, UserId};
use secrecy::SecretString;

use super::passwords::PasswordHash;

/// What the store knows and no picture shows.
#[derive(Default)]
pub(super) struct Secrets {
    pub(super) passwords: HashMap<UserId, PasswordHash>,
    pub(super) mail_password: Option<SecretString>,
}

/// The next picture. A write checks everything first and edits then: a failed one leaves the draft, and above all the secrets, as
/// they were.
pub(super) struct Draft<'a> {
    pub(super) directory: Directory,
    pub(super) touched: BTreeSet<Key>,
    pub(super) secrets: &'a mut Secrets,
    pub(super) rules: &'a Rules,
    pub(super) now: Timestamp,
}

/// What writes go by and what never changes.
pub(super) struct Rules {
    /// How much fits into a value.
    pub(super) limits: Capabilities,
    /// The role that every new account gets.
    pub(super) default_role: RoleKey,
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
}
