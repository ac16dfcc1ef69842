//! Writes of groups.

use std::collections::BTreeSet;
use std::sync::Arc;

use primehub_core::identity::{Conflict, Group, GroupEdit, IdentityError, Key, NewGroup, values};
use primehub_core::names::GroupId;

use super::super::draft::Draft;
use super::super::realm::new_id;

impl Draft<'_> {
    pub(in super::super) fn create_group(&mut self, new: NewGroup) -> Result<Arc<Group>, IdentityError> {
        if let Some(limit) = new.at_most
            && self.directory.group_count() as u64 >= limit
        {
            return Err(IdentityError::LimitReached { limit });
        }
        values::check_group_attributes(&new.attributes, &self.rules.limits)?;
        if self.directory.groups_with_path(&new.name.path()).next().is_some() {
            return Err(IdentityError::Conflict(Conflict::GroupName));
        }
        let mut group = Group::new(GroupId::new(new_id()), new.name.as_str());
        group.attributes = new.attributes;
        Ok(self.store_group(group))
    }

    pub(in super::super) fn edit_group(&mut self, id: &GroupId, edit: &GroupEdit) -> Result<Arc<Group>, IdentityError> {
        let before = self.group(id)?;
        values::check_group_attribute_edits(&before.attributes, &edit.attributes, &self.rules.limits)?;
        if edit.expecting.iter().any(|(name, values)| before.attributes.all(name) != values) {
            return Err(IdentityError::Conflict(Conflict::Expectation));
        }
        let mut group = Group::clone(&before);
        group.attributes.apply(&edit.attributes);
        Ok(if group == *before { before } else { self.store_group(group) })
    }

    /// Deletes a group, with the nested groups that a realm which was read from files may have.
    pub(in super::super) fn delete_group(&mut self, id: &GroupId) -> Result<Arc<Group>, IdentityError> {
        let group = self.group(id)?;
        for id in self.with_nested(id) {
            let members: Vec<Key> = self.directory.members(&id).map(|user| Key::User(user.id.clone())).collect();
            self.touched.extend(members);
            if self.directory.realm().default_groups.contains(&id) {
                self.touch(Key::Realm);
            }
            self.touch(Key::Group(id));
        }
        self.directory.remove_group(id);
        Ok(group)
    }

    /// The group and all that are nested in it, however deep.
    fn with_nested(&self, id: &GroupId) -> BTreeSet<GroupId> {
        let (mut found, mut next) = (BTreeSet::new(), vec![id.clone()]);
        while let Some(id) = next.pop() {
            if found.insert(id.clone()) {
                next.extend(self.directory.nested_groups(&id).map(|group| group.id.clone()));
            }
        }
        found
    }

    fn store_group(&mut self, group: Group) -> Arc<Group> {
        let id = group.id.clone();
        let stored = Arc::new(group.clone());
        self.directory.put_group(group);
        self.touch(Key::Group(id.clone()));
        self.directory.group(&id).cloned().unwrap_or(stored)
    }
}
