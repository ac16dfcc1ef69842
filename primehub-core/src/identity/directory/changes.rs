//! Edits of a picture. Each keeps the objects and every index in step, and is idempotent.

use std::hash::Hash;
use std::sync::Arc;

use imbl::HashMap;

use super::super::{ADMINS, Group, Invitation, InvitationId, Realm, Revision, Role, RoleKey, Subject, User};
use super::Directory;
use super::small_set::Set;
use crate::names::{GroupId, GroupPath, UserId};

impl Directory {
    /// Numbers the picture as the next one, and says its number.
    pub fn advance(&mut self) -> Revision {
        self.revision = Revision(self.revision.0 + 1);
        self.revision
    }

    /// Makes `id` the group that stands for all users. An installation may get that group after the picture was made.
    pub fn put_everyone(&mut self, id: GroupId) {
        self.everyone = id;
    }

    /// Adds a user, or replaces the one with the same id; memberships and role grants stay.
    pub fn put_user(&mut self, user: User) {
        let user = Arc::new(user);
        // Most edits touch no index: at a hundred thousand people that is what keeps them cheap.
        let Some(old) = self.users.insert(user.id.clone(), user.clone()) else {
            self.index_name(&user);
            self.index_email(&user);
            return;
        };
        if (&old.username, &old.service_account_of) != (&user.username, &user.service_account_of) {
            self.unindex_name(&old);
            self.index_name(&user);
            self.rename_member(&old, &user);
        }
        if old.email != user.email {
            self.unindex_email(&old);
            self.index_email(&user);
        }
    }

    /// Takes a user out with memberships and role grants.
    pub fn remove_user(&mut self, id: &UserId) -> Option<Arc<User>> {
        let user = self.users.remove(id)?;
        self.unindex_name(&user);
        self.unindex_email(&user);
        let named = (user.username.clone(), id.clone());
        for (_, group) in &self.memberships.remove(id).unwrap_or_default() {
            take(&mut self.members, group, &named);
        }
        for role in &self.user_roles.remove(id).unwrap_or_default() {
            take(&mut self.role_users, role, id);
        }
        Some(user)
    }

    /// Adds a group, or replaces the one with the same id; memberships and role grants stay.
    pub fn put_group(&mut self, group: Group) {
        let old = self.groups.get(&group.id).cloned();
        if let Some(old) = &old {
            self.unindex_group(old);
        }
        if let Some(parent) = &group.parent {
            self.children.entry(parent.clone()).or_default().insert(group.id.clone());
        } else {
            self.top_level.insert((group.name.clone(), group.id.clone()));
            self.paths.entry(path_of(&group)).or_default().insert(group.id.clone());
        }
        for admin in group.attributes.all(ADMINS).iter().filter(|admin| !admin.is_empty()) {
            self.administered.entry(admin.as_str().into()).or_default().insert(group.id.clone());
        }
        if let Some(old) = old.filter(|old| old.name != group.name) {
            let (was, is) = ((old.name.clone(), old.id.clone()), (group.name.clone(), group.id.clone()));
            for (_, user) in self.members.get(&group.id).cloned().unwrap_or_default() {
                if let Some(groups) = self.memberships.get_mut(&user) {
                    groups.remove(&was);
                    groups.insert(is.clone());
                }
            }
        }
        self.groups.insert(group.id.clone(), Arc::new(group));
    }

    /// Takes a group out with the groups nested in it, memberships and role grants.
    pub fn remove_group(&mut self, id: &GroupId) -> Option<Arc<Group>> {
        // Taken out first: nested groups that go round in a circle must not either.
        let group = self.groups.remove(id)?;
        for child in self.children.get(id).cloned().unwrap_or_default() {
            self.remove_group(&child);
        }
        self.unindex_group(&group);
        let named = (group.name.clone(), id.clone());
        for (_, user) in self.members.remove(id).unwrap_or_default() {
            take(&mut self.memberships, &user, &named);
        }
        for role in self.group_roles.remove(id).unwrap_or_default() {
            take(&mut self.role_groups, &role, id);
        }
        if self.realm.default_groups.contains(id) {
            Arc::make_mut(&mut self.realm).default_groups.remove(id);
        }
        Some(group)
    }

    /// Makes the user a member. False if nothing changed: also when one of the two does not exist.
    pub fn join(&mut self, user: &UserId, group: &GroupId) -> bool {
        let (Some(user), Some(group)) = (self.users.get(user), self.groups.get(group)) else { return false };
        let joined =
            self.memberships.entry(user.id.clone()).or_default().insert((group.name.clone(), group.id.clone()));
        self.members.entry(group.id.clone()).or_default().insert((user.username.clone(), user.id.clone()));
        joined
    }

    /// Ends a membership. False if there was none.
    pub fn leave(&mut self, user: &UserId, group: &GroupId) -> bool {
        let (Some(user), Some(group)) = (self.users.get(user), self.groups.get(group)) else { return false };
        let named = (user.username.clone(), user.id.clone());
        take(&mut self.members, &group.id, &named)
            && take(&mut self.memberships, &user.id, &(group.name.clone(), group.id.clone()))
    }

    /// Adds a role, or replaces it; grants stay.
    pub fn put_role(&mut self, role: Role) {
        let contains = |role: &Role| !role.composites.is_empty();
        let containing = contains(&role) || self.roles.get(&role.key).is_some_and(|old| contains(old));
        self.roles.insert(role.key.clone(), Arc::new(role));
        if containing {
            self.index_administrator_roles();
        }
    }

    /// Takes a role out, with its grants and out of the roles that contain it.
    pub fn remove_role(&mut self, key: &RoleKey) -> Option<Arc<Role>> {
        let role = self.roles.remove(key)?;
        for user in self.role_users.remove(key).unwrap_or_default() {
            take(&mut self.user_roles, &user, key);
        }
        for group in self.role_groups.remove(key).unwrap_or_default() {
            take(&mut self.group_roles, &group, key);
        }
        let containing: Vec<_> = self.roles.values().filter(|role| role.composites.contains(key)).cloned().collect();
        for mut role in containing {
            Arc::make_mut(&mut role).composites.remove(key);
            self.roles.insert(role.key.clone(), role);
        }
        self.index_administrator_roles();
        Some(role)
    }

    /// Grants a role. False if nothing changed: also when one of the two does not exist.
    pub fn grant(&mut self, to: &Subject, role: &RoleKey) -> bool {
        if !self.roles.contains_key(role) {
            return false;
        }
        match to {
            Subject::User(id) if self.users.contains_key(id) => {
                self.role_users.entry(role.clone()).or_default().insert(id.clone());
                self.user_roles.entry(id.clone()).or_default().insert(role.clone())
            }
            Subject::Group(id) if self.groups.contains_key(id) => {
                self.role_groups.entry(role.clone()).or_default().insert(id.clone());
                self.group_roles.entry(id.clone()).or_default().insert(role.clone()).is_none()
            }
            Subject::User(_) | Subject::Group(_) => false,
        }
    }

    /// Takes a role away. False if it was not granted.
    pub fn revoke(&mut self, from: &Subject, role: &RoleKey) -> bool {
        match from {
            Subject::User(id) => take(&mut self.role_users, role, id) && take(&mut self.user_roles, id, role),
            Subject::Group(id) => take(&mut self.role_groups, role, id) && take(&mut self.group_roles, id, role),
        }
    }

    /// Replaces the realm's settings.
    pub fn put_realm(&mut self, realm: Realm) {
        self.realm = Arc::new(realm);
    }

    /// Adds an invitation, or replaces it.
    pub fn put_invitation(&mut self, invitation: Invitation) {
        self.remove_invitation(&invitation.id);
        let entry = (invitation.expires_at, invitation.id);
        self.expiries.insert(entry);
        self.group_invitations.entry(invitation.group.clone()).or_default().insert(entry);
        self.invitations.insert(invitation.id, Arc::new(invitation));
    }

    /// Takes an invitation out.
    pub fn remove_invitation(&mut self, id: &InvitationId) -> Option<Arc<Invitation>> {
        let invitation = self.invitations.remove(id)?;
        let entry = (invitation.expires_at, invitation.id);
        self.expiries.remove(&entry);
        take(&mut self.group_invitations, &invitation.group, &entry);
        Some(invitation)
    }

    fn index_name(&mut self, user: &User) {
        let named = (user.username.clone(), user.id.clone());
        self.usernames.insert(user.username.clone(), user.id.clone());
        if user.service_account_of.is_none()
            && let Err(position) = self.people.binary_search(&named)
        {
            self.people.insert(position, named);
        }
    }

    fn index_email(&mut self, user: &User) {
        if let Some(email) = &user.email {
            self.emails.insert(email.to_lowercase().into(), user.id.clone());
        }
    }

    fn rename_member(&mut self, old: &User, new: &User) {
        if old.username == new.username {
            return;
        }
        let (was, is) = ((old.username.clone(), old.id.clone()), (new.username.clone(), new.id.clone()));
        for (_, group) in self.memberships.get(&new.id).into_iter().flatten() {
            if let Some(members) = self.members.get_mut(group) {
                members.remove(&was);
                members.insert(is.clone());
            }
        }
    }

    fn unindex_name(&mut self, user: &User) {
        // Another account may have taken the name meanwhile: a provider's changes need not arrive in order.
        if self.usernames.get(&user.username) == Some(&user.id) {
            self.usernames.remove(&user.username);
        }
        if let Ok(position) = self.people.binary_search(&(user.username.clone(), user.id.clone())) {
            self.people.remove(position);
        }
    }

    fn unindex_email(&mut self, user: &User) {
        let Some(email) = user.email.as_ref().map(|email| email.to_lowercase()) else { return };
        if self.emails.get(email.as_str()) == Some(&user.id) {
            self.emails.remove(email.as_str());
        }
    }

    fn unindex_group(&mut self, group: &Group) {
        if let Some(parent) = &group.parent {
            take(&mut self.children, parent, &group.id);
        } else {
            self.top_level.remove(&(group.name.clone(), group.id.clone()));
            let path = path_of(group);
            if let Some(ids) = self.paths.get_mut(&path) {
                ids.remove(&group.id);
                if ids.is_empty() {
                    self.paths.remove(&path);
                }
            }
        }
        for admin in group.attributes.all(ADMINS) {
            take(&mut self.administered, &Arc::from(admin.as_str()), &group.id);
        }
    }
}

fn path_of(group: &Group) -> Arc<str> {
    GroupPath::of(&group.name).as_str().into()
}

/// Takes `value` out of the set of `key`, and the set out of the index once it is empty.
fn take<K: Clone + Eq + Hash, S: Set<V>, V>(index: &mut HashMap<K, S>, key: &K, value: &V) -> bool {
    let Some(values) = index.get_mut(key) else { return false };
    let taken = values.remove(value);
    if values.is_empty() {
        index.remove(key);
    }
    taken
}
