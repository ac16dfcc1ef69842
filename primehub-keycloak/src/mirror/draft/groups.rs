//! Facts about groups: their attributes, where they stand, what is mapped on them, who is in them.

use std::collections::BTreeSet;

use primehub_core::identity::{Key, RoleKey, Subject};
use primehub_core::names::GroupId;

use super::Draft;
use crate::admin::GroupRow;
use crate::invitations;
use crate::mirror::rows;
use crate::mirror::target::Target;

impl Draft<'_> {
    /// Adds a group, or replaces it, with the roles that are mapped on it. Members stay. If roles or the group around it are not known,
    /// the group is to be read again.
    pub(crate) fn put_group(&mut self, row: GroupRow) {
        let (group, roles) = rows::group(row);
        let key = Key::Group(group.id.clone());
        if !self.hears(&key) {
            return;
        }
        let id = group.id.clone();
        let directory = &mut self.picture.directory;
        if let Some(parent) = group.parent.as_ref().filter(|parent| directory.group(parent).is_none()) {
            self.again.extend([Target::Group(parent.clone()), Target::Group(id.clone())]);
        }
        if directory.group(&id).map(|old| &**old) != Some(&group) {
            // A member's groups are listed by name.
            let renamed = directory.group(&id).is_some_and(|old| old.name != group.name);
            if renamed {
                self.changed.extend(directory.members(&id).map(|user| Key::User(user.id.clone())));
            }
            directory.put_group(group);
            self.changed.insert(key);
        }
        self.set_group_grants(&id, &roles);
    }

    /// Takes a group out, with the groups nested in it, memberships and role grants.
    pub(crate) fn remove_group(&mut self, id: &GroupId) {
        if !self.hears(&Key::Group(id.clone())) || self.picture.directory.group(id).is_none() {
            return;
        }
        let directory = &self.picture.directory;
        let gone = descendants(directory, id);
        if gone.iter().any(|id| directory.realm().default_groups.contains(id)) {
            self.changed.insert(Key::Realm);
        }
        for id in &gone {
            self.changed.extend(directory.members(id).map(|user| Key::User(user.id.clone())));
        }
        let keys = gone.into_iter().map(Key::Group);
        let keys: Vec<_> = keys.collect();
        self.told.extend(keys.iter().cloned());
        self.changed.extend(keys);
        self.picture.directory.remove_group(id);
    }

    fn set_group_grants(&mut self, id: &GroupId, roles: &BTreeSet<RoleKey>) {
        let directory = &self.picture.directory;
        let subject = Subject::Group(id.clone());
        let gone: Vec<RoleKey> = directory.roles_of_group(id).filter(|role| !roles.contains(*role)).cloned().collect();
        let mut unknown = Vec::new();
        let mut new = Vec::new();
        for role in roles.iter().filter(|role| !directory.group_has_role(id, role)) {
            match role {
                _ if directory.role(role).is_some() => new.push(role),
                RoleKey::Realm(name) if !invitations::is_storage(name) => unknown.push(role.clone()),
                // Roles of clients are not followed, except the one that makes administrators.
                RoleKey::Realm(_) | RoleKey::Client { .. } => {}
            }
        }
        for role in &gone {
            self.revoke(&subject, role);
        }
        for role in new {
            self.grant(&subject, role);
        }
        if !unknown.is_empty() {
            self.again.extend(unknown.into_iter().map(Target::Role));
            self.again.insert(Target::Group(id.clone()));
        }
    }
}

/// The group and everything nested in it.
fn descendants(directory: &primehub_core::identity::Directory, id: &GroupId) -> Vec<GroupId> {
    let mut found = vec![id.clone()];
    let mut next = 0;
    while let Some(parent) = found.get(next).cloned() {
        let nested = directory.all_groups().filter(|group| group.parent.as_ref() == Some(&parent));
        found.extend(nested.map(|group| group.id.clone()));
        next += 1;
    }
    found
}
