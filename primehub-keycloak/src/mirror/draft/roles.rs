//! Facts about roles: which there are, what they contain, who holds them.

use std::collections::BTreeSet;
use std::sync::Arc;

use primehub_core::identity::{Key, Role, RoleKey, Subject};
use primehub_core::names::UserId;

use super::{Draft, owner};
use crate::admin::RoleRow;
use crate::invitations;
use crate::mirror::target::Target;

impl Draft<'_> {
    /// Replaces the realm's roles by these, each with what it contains. Roles that are the storage of invitations are not shown.
    pub(crate) fn set_roles(&mut self, roles: Vec<(RoleRow, BTreeSet<RoleKey>)>) {
        // Renamed ones first, so that whoever holds them keeps them.
        for (row, contains) in roles.iter().cloned() {
            self.put_role(row, contains);
        }
        let present: BTreeSet<RoleKey> = roles.into_iter().map(|(row, _)| RoleKey::realm(row.name)).collect();
        let realm_roles = self.picture.directory.roles().map(|role| &role.key);
        let gone = realm_roles.filter(|key| matches!(key, RoleKey::Realm(_)) && !present.contains(*key));
        for key in gone.cloned().collect::<Vec<_>>() {
            // Not removed yet: a list may lack what could not be read. Its own reading tells.
            self.again.insert(Target::Role(key));
        }
    }

    /// Adds a realm role, or replaces it, with what it contains.
    pub(crate) fn put_role(&mut self, row: RoleRow, contains: BTreeSet<RoleKey>) {
        if invitations::is_storage(&row.name) {
            return;
        }
        let mut role = Role::new(RoleKey::realm(row.name));
        role.attributes = row.attributes;
        role.composites = contains;
        self.put_role_as(role, row.id.into());
    }

    /// The same with a role of any kind.
    pub(in super::super) fn put_role_as(&mut self, role: Role, id: Arc<str>) {
        let name = role.key.clone();
        let key = Key::Role(name.clone());
        if !self.hears(&key) {
            return;
        }
        if self.picture.role_ids.get(&name).is_some_and(|known| *known != id) {
            // Another role of the same name: nobody holds it yet, or their own readings will say so.
            self.read_holders_again(&name);
            self.forget(&name);
        }
        let administrators = self.administrator_roles();
        if self.picture.directory.role(&name).map(|old| &**old) != Some(&role) {
            self.picture.directory.put_role(role);
            self.changed.insert(key);
        }
        let mut others = self.picture.role_ids.iter();
        let former = others.find(|(other, known)| **known == id && **other != name).map(|(former, _)| former.clone());
        if let Some(former) = former {
            self.rename(&former, &name);
        }
        if self.picture.role_ids.get(&name) != Some(&id) {
            Arc::make_mut(&mut self.picture.role_ids).insert(name, id);
        }
        self.follow_administrator_roles(&administrators);
    }

    /// Replaces the users who hold a role directly: facts about each who gets or loses it by this.
    pub(in super::super) fn set_holders(&mut self, role: &RoleKey, holders: &BTreeSet<UserId>) {
        let old: BTreeSet<UserId> = self.picture.directory.users_with_role(role).cloned().collect();
        for user in old.difference(holders) {
            self.revoke(&Subject::User(user.clone()), role);
        }
        for user in holders.difference(&old) {
            if self.picture.directory.user(user).is_none() {
                self.again.insert(Target::User(user.clone()));
            }
            self.grant(&Subject::User(user.clone()), role);
        }
    }

    /// Takes a role out, with its grants and out of the roles that contain it.
    pub(crate) fn remove_role(&mut self, key: &RoleKey) {
        if self.hears(&Key::Role(key.clone())) {
            self.forget(key);
        }
    }

    /// Grants a role. To a user only one that makes administrators: others are not followed for single users.
    pub(crate) fn grant(&mut self, to: &Subject, role: &RoleKey) {
        let key = owner(to);
        let followed = match to {
            Subject::User(_) => self.picture.directory.administrator_roles().any(|known| known == role),
            Subject::Group(_) => true,
        };
        if self.hears(&key) && followed && self.picture.directory.grant(to, role) {
            self.changed.insert(key);
        }
    }

    /// Takes a role away.
    pub(crate) fn revoke(&mut self, from: &Subject, role: &RoleKey) {
        let key = owner(from);
        if self.hears(&key) && self.picture.directory.revoke(from, role) {
            self.changed.insert(key);
        }
    }

    fn administrator_roles(&self) -> BTreeSet<RoleKey> {
        self.picture.directory.administrator_roles().cloned().collect()
    }

    /// After roles have changed what they contain: who holds one that makes administrators now has to be read, and who holds one that
    /// does not any more is not followed.
    fn follow_administrator_roles(&mut self, before: &BTreeSet<RoleKey>) {
        let now = self.administrator_roles();
        self.again.extend(now.difference(before).cloned().map(Target::Role));
        for role in before.difference(&now) {
            let holders: Vec<UserId> = self.picture.directory.users_with_role(role).cloned().collect();
            for user in holders {
                self.picture.directory.revoke(&Subject::User(user.clone()), role);
                self.changed.insert(Key::User(user));
            }
        }
    }

    /// Whoever holds the role holds it under its new name. Their own readings confirm it.
    fn rename(&mut self, former: &RoleKey, name: &RoleKey) {
        self.read_holders_again(former);
        let directory = &mut self.picture.directory;
        let users: Vec<_> = directory.users_with_role(former).cloned().map(Subject::User).collect();
        let groups: Vec<_> = directory.groups_with_role(former).cloned().map(Subject::Group).collect();
        for holder in users.into_iter().chain(groups) {
            if directory.grant(&holder, name) {
                self.changed.insert(owner(&holder));
            }
        }
        self.told.insert(Key::Role(former.clone()));
        self.forget(former);
    }

    fn read_holders_again(&mut self, role: &RoleKey) {
        let directory = &self.picture.directory;
        self.again.extend(directory.groups_with_role(role).cloned().map(Target::Group));
        self.again.extend(directory.users_with_role(role).cloned().map(Target::User));
    }

    /// Takes a role out without asking.
    fn forget(&mut self, key: &RoleKey) {
        if self.picture.role_ids.contains_key(key) {
            Arc::make_mut(&mut self.picture.role_ids).remove(key);
        }
        let directory = &mut self.picture.directory;
        if directory.role(key).is_none() {
            return;
        }
        self.changed.insert(Key::Role(key.clone()));
        self.changed.extend(directory.users_with_role(key).cloned().map(Key::User));
        self.changed.extend(directory.groups_with_role(key).cloned().map(Key::Group));
        let containing = directory.roles().filter(|role| role.composites.contains(key));
        self.changed.extend(containing.map(|role| Key::Role(role.key.clone())));
        let administrators = self.administrator_roles();
        self.picture.directory.remove_role(key);
        self.follow_administrator_roles(&administrators);
    }
}
