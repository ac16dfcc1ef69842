//! Who holds which role.

use std::collections::BTreeSet;
use std::sync::Arc;

use imbl::OrdSet;

use super::super::{Role, RoleKey, User};
use super::Directory;
use crate::names::{GroupId, UserId};

impl Directory {
    /// A role by its key.
    #[must_use]
    pub fn role(&self, key: &RoleKey) -> Option<&Arc<Role>> {
        self.roles.get(key)
    }

    /// All roles.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    /// Roles granted to the group itself.
    pub fn roles_of_group(&self, group: &GroupId) -> impl Iterator<Item = &RoleKey> {
        self.group_roles.get(group).into_iter().flatten()
    }

    /// Roles granted to the user directly.
    pub fn roles_of_user(&self, user: &UserId) -> impl Iterator<Item = &RoleKey> {
        self.user_roles.get(user).into_iter().flatten()
    }

    /// Groups to which the role is granted.
    pub fn groups_with_role(&self, role: &RoleKey) -> impl Iterator<Item = &GroupId> {
        self.role_groups.get(role).into_iter().flatten()
    }

    /// Users to whom the role is granted directly.
    pub fn users_with_role(&self, role: &RoleKey) -> impl Iterator<Item = &UserId> {
        self.role_users.get(role).into_iter().flatten()
    }

    /// Whether the group itself has the role.
    #[must_use]
    pub fn group_has_role(&self, group: &GroupId, role: &RoleKey) -> bool {
        self.group_roles.get(group).is_some_and(|roles| roles.contains(role))
    }

    /// Every role that the user holds: directly, through groups and the groups around them, and inside other roles.
    #[must_use]
    pub fn effective_roles(&self, user: &UserId) -> BTreeSet<RoleKey> {
        let mut open: Vec<&RoleKey> = self.roles_of_user(user).collect();
        for group in self.groups_around(user) {
            open.extend(self.roles_of_group(group));
        }
        let mut held = BTreeSet::new();
        while let Some(role) = open.pop() {
            if held.insert(role.clone())
                && let Some(role) = self.roles.get(role)
            {
                open.extend(&role.composites);
            }
        }
        held
    }

    /// Whether the user effectively holds the administrator role. Costs a look-up per group of the user, not per role.
    #[must_use]
    pub fn is_administrator(&self, user: &UserId) -> bool {
        let own = self.user_roles.get(user);
        own.is_some_and(|roles| self.administrator_roles.iter().any(|role| roles.contains(role)))
            || self
                .groups_around(user)
                .any(|group| self.administrator_roles.iter().any(|role| self.group_has_role(group, role)))
    }

    /// The administrator role and every role that contains it.
    pub fn administrator_roles(&self) -> impl Iterator<Item = &RoleKey> {
        self.administrator_roles.iter()
    }

    /// Everyone who effectively holds the administrator role: directly, through a group, or through a role that contains it.
    pub fn administrators(&self) -> impl Iterator<Item = &Arc<User>> {
        let mut ids = BTreeSet::new();
        let mut groups: Vec<&GroupId> = Vec::new();
        for role in &self.administrator_roles {
            ids.extend(self.users_with_role(role));
            groups.extend(self.groups_with_role(role));
        }
        // Members of nested groups inherit the roles of the groups around them.
        while let Some(group) = groups.pop() {
            ids.extend(self.members.get(group).into_iter().flatten().map(|(_, id)| id));
            groups.extend(self.children.get(group).into_iter().flatten());
        }
        ids.into_iter().filter_map(|id| self.users.get(id))
    }

    /// Whether every member of the group is a platform administrator: the group, or one around it, holds the administrator role or a role
    /// that contains it. Whoever may let people into such a group could make administrators.
    #[must_use]
    pub fn grants_administration(&self, group: &GroupId) -> bool {
        self.with_parents(group)
            .any(|group| self.administrator_roles.iter().any(|role| self.group_has_role(group, role)))
    }

    /// The administrators who can log in: enabled people, not the accounts of services.
    pub fn people_who_administer(&self) -> impl Iterator<Item = &Arc<User>> {
        self.administrators().filter(|user| user.enabled && user.service_account_of.is_none())
    }

    /// Whether anybody can administer the platform. To be asked of the picture that an edit would lead to: without such a person nobody
    /// could undo it.
    #[must_use]
    pub fn administrator_remains(&self) -> bool {
        self.people_who_administer().next().is_some()
    }

    /// Whether somebody besides `without` can administer the platform.
    #[must_use]
    pub fn other_administrator_remains(&self, without: &UserId) -> bool {
        self.people_who_administer().any(|user| user.id != *without)
    }

    /// The user's groups and, around nested ones, their parents.
    fn groups_around(&self, user: &UserId) -> impl Iterator<Item = &GroupId> {
        self.groups_of(user).flat_map(|group| self.with_parents(&group.id))
    }

    /// The group and those around it.
    fn with_parents<'a>(&'a self, group: &'a GroupId) -> impl Iterator<Item = &'a GroupId> {
        std::iter::successors(Some(group), |id| self.groups.get(*id)?.parent.as_ref())
    }

    /// Finds the roles that contain the administrator role anew: after a role has changed.
    pub(super) fn index_administrator_roles(&mut self) {
        let mut found = OrdSet::unit(self.administrator.clone());
        loop {
            let before = found.len();
            for (key, role) in &self.roles {
                if role.composites.iter().any(|inner| found.contains(inner)) {
                    found.insert(key.clone());
                }
            }
            if found.len() == before {
                break;
            }
        }
        self.administrator_roles = found;
    }
}
