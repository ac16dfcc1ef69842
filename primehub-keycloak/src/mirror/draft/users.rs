//! Facts about users: who they are, where they are members, which roles they hold by themselves.

use std::collections::BTreeSet;

use primehub_core::identity::{Key, RoleKey, Subject, User};
use primehub_core::names::{GroupId, UserId};

use super::Draft;
use crate::admin::UserRow;
use crate::mirror::rows;
use crate::mirror::target::Target;

impl Draft<'_> {
    /// Adds a user, or replaces what the row says of one.
    pub(crate) fn put_user(&mut self, row: UserRow) {
        let user = rows::user(row);
        let key = Key::User(user.id.clone());
        if !self.hears(&key) {
            return;
        }
        let old = self.picture.directory.user(&user.id);
        if old.is_some_and(|old| **old == user) {
            return;
        }
        self.question_namesakes(&user);
        self.picture.directory.put_user(user);
        self.changed.insert(key);
    }

    /// Takes a user out, with memberships and role grants.
    pub(crate) fn remove_user(&mut self, id: &UserId) {
        let key = Key::User(id.clone());
        if self.hears(&key) && self.picture.directory.remove_user(id).is_some() {
            self.changed.insert(key);
        }
    }

    /// Replaces the groups that the user is a member of. If some are not known, the user is to be read again.
    pub(crate) fn set_memberships(&mut self, user: &UserId, groups: BTreeSet<GroupId>) {
        let old: Vec<GroupId> = self.picture.directory.groups_of(user).map(|group| group.id.clone()).collect();
        for group in old.iter().filter(|group| !groups.contains(*group)) {
            self.leave(user, group);
        }
        // Also for a user without any: the fact is that there are none.
        self.hears(&Key::User(user.clone()));
        for group in groups {
            self.join(user, &group);
        }
    }

    /// Makes the user a member. If one of the two is not known, the user is to be read again.
    pub(crate) fn join(&mut self, user: &UserId, group: &GroupId) {
        let key = Key::User(user.clone());
        if !self.hears(&key) {
            return;
        }
        let directory = &mut self.picture.directory;
        if directory.user(user).is_none() || directory.group(group).is_none() {
            self.again.insert(Target::User(user.clone()));
        } else if directory.join(user, group) {
            self.changed.insert(key);
        }
    }

    /// Ends a membership.
    pub(crate) fn leave(&mut self, user: &UserId, group: &GroupId) {
        let key = Key::User(user.clone());
        if self.hears(&key) && self.picture.directory.leave(user, group) {
            self.changed.insert(key);
        }
    }

    /// Replaces the roles that the user holds directly, as far as they make administrators: others are not followed for single users.
    pub(crate) fn set_user_grants(&mut self, user: &UserId, roles: BTreeSet<RoleKey>) {
        let subject = Subject::User(user.clone());
        let old: Vec<RoleKey> = self.picture.directory.roles_of_user(user).cloned().collect();
        for role in old.iter().filter(|role| !roles.contains(*role)) {
            self.revoke(&subject, role);
        }
        self.hears(&Key::User(user.clone()));
        for role in roles {
            self.grant(&subject, &role);
        }
    }

    /// Who has another's login name or address has replaced it. An import that overwrites deletes the old account without an event.
    fn question_namesakes(&mut self, user: &User) {
        let others: Vec<UserId> = self.namesakes(&user.id, &user.username, user.email.as_deref()).cloned().collect();
        self.again.extend(others.into_iter().map(Target::User));
    }

    fn namesakes(&self, id: &UserId, username: &str, email: Option<&str>) -> impl Iterator<Item = &UserId> {
        let directory = &self.picture.directory;
        let same_name = directory.user_named(username);
        let same_email = email.and_then(|email| directory.user_with_email(email));
        same_name.into_iter().chain(same_email).map(|user| &user.id).filter(move |other| *other != id)
    }
}
