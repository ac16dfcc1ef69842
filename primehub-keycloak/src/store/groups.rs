//! Writes of groups.

use std::sync::Arc;

use primehub_core::identity::{
    Actor, AttributeEdit, Conflict, Group, GroupEdit, IdentityError, Key, NewGroup, Revision, Written, values,
};
use primehub_core::names::GroupId;

use super::rewrite::{Rewrite, rewrite};
use super::{Store, by, created, user_edit};
use crate::admin::{Full, GroupRow};
use crate::transport::{By, CallError};

/// What is done when a creation has succeeded.
const CREATED: &str = "the group was created";

impl Store {
    pub(super) async fn create_group(
        &self,
        actor: &Actor,
        new: NewGroup,
    ) -> Result<Written<Arc<Group>>, IdentityError> {
        self.writable()?;
        values::check_group_name(new.name.as_str())?;
        values::check_group_attributes(&new.attributes, &self.capabilities())?;
        // One at a time: Keycloak takes names that differ in case, whose files would mix.
        let _turn = self.group_creations.lock().await;
        let directory = self.mirror.directory();
        if let Some(limit) = new.at_most
            && directory.group_count() as u64 >= limit
        {
            return Err(IdentityError::LimitReached { limit });
        }
        if directory.groups_with_path(&new.name.path()).next().is_some() {
            return Err(IdentityError::Conflict(Conflict::GroupName));
        }
        let mut full = Full::default();
        full.set("name", new.name.as_str());
        full.set_attributes(&new.attributes);
        let id = match self.keycloak.groups().create(by(actor), &full).await {
            Ok(id) => id,
            // After a lost answer: whoever made a group of that name, if there is one now, cannot be told.
            Err(error) if error.status() == Some(409) => return Err(IdentityError::Conflict(Conflict::GroupName)),
            Err(error) => return Err(error.into_identity(None)),
        };
        let mut edit = GroupEdit::default();
        for (name, values) in new.attributes.iter() {
            edit.attributes.put(name, AttributeEdit::Set(values.to_vec()));
        }
        let target = EditedGroup { store: self, by: by(actor), id: &id, edit: &edit };
        let key = Key::Group(id.clone());
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let full = self.keycloak.groups().full(&id).await.map_err(|error| {
            tracing::warn!(%error, "a group was created and cannot be read");
            created(CREATED, IdentityError::Unavailable { cause: format!("reading it: {error}") })
        })?;
        let full = full.ok_or_else(|| IdentityError::Absent(key.clone()))?;
        // What was made is compared with what was asked for, and what is missing sent again.
        let (row, ended) = rewrite(&target, Some(full)).await.split();
        let revision = self.mirror.publish(|draft| row.into_iter().for_each(|row| draft.put_group(row)));
        self.settle(&key, ended).await.map_err(|error| created(CREATED, error))?;
        self.written_group(&id, revision)
    }

    pub(super) async fn edit_group(
        &self,
        actor: &Actor,
        id: &GroupId,
        edit: &GroupEdit,
    ) -> Result<Written<Arc<Group>>, IdentityError> {
        self.writable()?;
        let target = EditedGroup { store: self, by: by(actor), id, edit };
        let _guard = self.mirror.lock(&[target.key()]).await;
        let (row, ended) = rewrite(&target, None).await.split();
        let revision = self.mirror.publish(|draft| row.into_iter().for_each(|row| draft.put_group(row)));
        self.settle(&target.key(), ended).await?;
        self.written_group(id, revision)
    }

    pub(super) async fn delete_group(&self, actor: &Actor, id: &GroupId) -> Result<Written<Arc<Group>>, IdentityError> {
        self.writable()?;
        let key = Key::Group(id.clone());
        let before = self.known_group(id).await?;
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let before = self.mirror.directory().group(id).cloned().unwrap_or(before);
        let groups = self.keycloak.groups();
        match groups.delete(by(actor), id).await {
            Ok(()) => {}
            // Several at once: one of them did it.
            Err(error) if error.status() == Some(500) && matches!(groups.get(id).await, Ok(None)) => {}
            Err(error) => {
                if error.is_absent() {
                    self.mirror.publish(|draft| draft.remove_group(id));
                }
                return Err(error.into_identity(Some(&key)));
            }
        }
        let revision = self.mirror.publish(|draft| draft.remove_group(id));
        Ok(Written { value: before, revision })
    }

    /// A group of the picture, or one that it does not know yet. To be asked before any lock is taken: it may take the group's.
    pub(super) async fn known_group(&self, id: &GroupId) -> Result<Arc<Group>, IdentityError> {
        let key = Key::Group(id.clone());
        if self.mirror.directory().group(id).is_none() {
            self.mirror.refresh(std::slice::from_ref(&key)).await.map_err(|error| error.into_identity(None))?;
        }
        self.mirror.directory().group(id).cloned().ok_or(IdentityError::Absent(key))
    }

    fn written_group(&self, id: &GroupId, revision: Revision) -> Result<Written<Arc<Group>>, IdentityError> {
        let group = self.mirror.directory().group(id).cloned();
        let value = group.ok_or_else(|| IdentityError::Absent(Key::Group(id.clone())))?;
        Ok(Written { value, revision })
    }
}

struct EditedGroup<'a> {
    store: &'a Store,
    by: By<'a>,
    id: &'a GroupId,
    edit: &'a GroupEdit,
}

impl Rewrite for EditedGroup<'_> {
    fn key(&self) -> Key {
        Key::Group(self.id.clone())
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.store.keycloak.groups().full(self.id).await
    }

    fn edited(&self, stored: &Full, first: bool) -> Result<Full, IdentityError> {
        edited(stored, self.edit, first, &self.store.capabilities())
    }

    async fn put(&self, _stored: &Full, wanted: &Full) -> Result<(), CallError> {
        self.store.keycloak.groups().put(self.by, self.id, wanted).await
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        error.into_identity(Some(&self.key()))
    }
}

fn group_of(full: &Full) -> Result<GroupRow, IdentityError> {
    full.row().map_err(|error| IdentityError::Unavailable { cause: format!("a group cannot be read: {error}") })
}

/// Carries the edit out on the whole representation: a description that does not come back would be cleared.
///
/// Once something has been sent, values that are as the edit wants them are its own; only if something is left to change are the
/// expectations asked again.
fn edited(
    stored: &Full,
    edit: &GroupEdit,
    first: bool,
    limits: &primehub_core::identity::Capabilities,
) -> Result<Full, IdentityError> {
    let row = group_of(stored)?;
    let after = user_edit::applied(&row.attributes, &edit.attributes);
    let done = after == row.attributes;
    let as_expected = edit.expecting.iter().all(|(name, values)| row.attributes.all(name) == values);
    if !as_expected && (first || !done) {
        return Err(IdentityError::Conflict(Conflict::Expectation));
    }
    let mut wanted = stored.clone();
    if !done {
        values::check_group_attribute_edits(&row.attributes, &edit.attributes, limits)?;
        wanted.set_attributes(&after);
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::Capabilities;
    use serde_json::json;

    use super::*;

    fn stored() -> Full {
        serde_json::from_value(json!({
            "id": "g1", "name": "Team_A", "description": "a text", "path": "/Team_A", "subGroupCount": 2, "subGroups": [],
            "attributes": {"quota-cpu": ["1"], "admins": [""], "from-elsewhere": ["a", "b"]}, "realmRoles": ["it:cpu-1"], "clientRoles": {}
        }))
        .unwrap()
    }

    fn edit(name: &str, value: &str) -> GroupEdit {
        let mut edit = GroupEdit::default();
        edit.attributes.set(name, value);
        edit
    }

    #[test]
    fn everything_else_goes_back_as_it_was() {
        let wanted = edited(&stored(), &edit("quota-cpu", "2"), true, &Capabilities::keycloak()).unwrap();
        let mut expected = stored();
        expected.0["attributes"]["quota-cpu"] = json!(["2"]);
        assert_eq!(wanted, expected);
        assert_eq!(edited(&wanted, &edit("quota-cpu", "2"), false, &Capabilities::keycloak()).unwrap(), wanted);
    }

    #[test]
    fn expectations_are_asked_of_what_was_there_before() {
        let limits = Capabilities::keycloak();
        let mut asked = edit("quota-cpu", "2");
        asked.expecting.insert("quota-cpu".into(), vec!["1".into()]);
        let wanted = edited(&stored(), &asked, true, &limits).unwrap();
        // Read back: the edit's own value does not stand against it.
        assert_eq!(edited(&wanted, &asked, false, &limits).unwrap(), wanted);
        // Somebody else's does, and so does a value that was there before.
        let other = edited(&stored(), &edit("quota-cpu", "3"), true, &limits).unwrap();
        assert_eq!(edited(&other, &asked, false, &limits), Err(IdentityError::Conflict(Conflict::Expectation)));
        assert_eq!(edited(&wanted, &asked, true, &limits), Err(IdentityError::Conflict(Conflict::Expectation)));
    }

    #[test]
    fn members_of_lists_are_added_and_removed() {
        let mut asked = GroupEdit::default();
        asked.attributes.put("admins", AttributeEdit::Change { add: vec!["amy".into()], remove: vec![String::new()] });
        let wanted = edited(&stored(), &asked, true, &Capabilities::keycloak()).unwrap();
        assert_eq!(wanted.0["attributes"]["admins"], json!(["amy"]));
    }
}
