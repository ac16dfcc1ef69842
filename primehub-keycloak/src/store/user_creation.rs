//! Creating users.

use std::sync::Arc;

use primehub_core::identity::{
    Actor, AttributeEdit, Edit, IdentityError, Key, NewUser, User, UserEdit, Written, values,
};
use serde_json::Value;

use super::rewrite::rewrite;
use super::users::{EditedUser, refused};
use super::{Store, by, created};
use crate::admin::Full;
use crate::transport::CallError;

/// What is done when a creation has succeeded.
const CREATED: &str = "the account was created";

impl Store {
    /// Creates the account. Keycloak leaves out without a word what the realm's user profile does not allow: what it has made is compared
    /// with what was asked for, and what is missing sent again.
    pub(super) async fn create_user(&self, actor: &Actor, new: NewUser) -> Result<Written<Arc<User>>, IdentityError> {
        self.writable()?;
        let _turn = match new.at_most {
            Some(limit) => {
                let turn = self.user_creations.lock().await;
                if self.mirror.directory().people_count() as u64 >= limit {
                    return Err(IdentityError::LimitReached { limit });
                }
                Some(turn)
            }
            None => None,
        };
        let representation = representation(&new)?;
        let users = self.keycloak.users();
        let id = match users.create(by(actor), &representation).await {
            Ok(id) => id,
            // Whoever made an account of that name, if there is one now, cannot be told: it is not taken for this call's.
            Err(error @ CallError::Unknown { .. }) => return Err(error.into_identity(None)),
            Err(error) => {
                let (username, email) = (new.username.as_str(), new.email.as_deref());
                return Err(refused(&self.keycloak, error, Some(username), email, None).await);
            }
        };
        let target = EditedUser { store: self, by: by(actor), id: &id, edit: as_edit(&new, &representation) };
        let key = Key::User(id.clone());
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let read = async { Ok((users.full(&id).await?, users.groups(&id).await?)) };
        let (full, groups) = read.await.map_err(|error: CallError| {
            tracing::warn!(%error, "a user was created and cannot be read");
            created(CREATED, IdentityError::Unavailable { cause: format!("reading it: {error}") })
        })?;
        let full = full.ok_or_else(|| IdentityError::Absent(key.clone()))?;
        let (row, ended) = rewrite(&target, Some(full)).await.split();
        let groups = groups.into_iter().map(|group| group.id).collect();
        let revision = self.mirror.publish(|draft| {
            if let Some(row) = row {
                draft.put_user(row);
            }
            draft.set_memberships(&id, groups);
        });
        self.settle(&key, ended).await.map_err(|error| created(CREATED, error))?;
        self.written_user(&id, revision)
    }
}

/// The body that creates the user.
fn representation(new: &NewUser) -> Result<Full, IdentityError> {
    values::check_user_attributes(&new.attributes, &primehub_core::identity::Capabilities::keycloak())?;
    let mut full = Full::default();
    full.set("username", new.username.as_str());
    full.set("enabled", new.enabled);
    let email = new.email.as_deref().map_or(Ok(None), values::check_email)?;
    let first_name = new.first_name.as_deref().map_or(Ok(None), |name| values::check_person_name("firstName", name))?;
    let last_name = new.last_name.as_deref().map_or(Ok(None), |name| values::check_person_name("lastName", name))?;
    for (name, text) in [("email", email), ("firstName", first_name), ("lastName", last_name)] {
        if let Some(text) = text {
            full.set(name, text);
        }
    }
    full.set_attributes(&values::without_blank(new.attributes.clone()));
    Ok(full)
}

/// The edit that would make a new account what was asked for. What was not asked for may be there: a realm can have default values.
fn as_edit(new: &NewUser, asked: &Full) -> UserEdit {
    let given = |name| asked.0.get(name).and_then(Value::as_str).map_or(Edit::Keep, |text| Edit::Set(text.to_owned()));
    let mut edit = UserEdit {
        email: given("email"),
        first_name: given("firstName"),
        last_name: given("lastName"),
        enabled: Some(new.enabled),
        ..UserEdit::default()
    };
    for (name, values) in values::without_blank(new.attributes.clone()).iter() {
        edit.attributes.put(name, AttributeEdit::Set(values.to_vec()));
    }
    edit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn amy() -> NewUser {
        let mut new = NewUser::new("amy".parse().unwrap());
        new.email = Some("Amy@Example.com".into());
        new.attributes.set_one("volumeCapacity", "20G");
        new
    }

    #[test]
    fn a_new_user_is_enabled_and_complete() {
        let expected = json!({
            "username": "amy", "enabled": true, "email": "amy@example.com", "attributes": {"volumeCapacity": ["20G"]}
        });
        assert_eq!(serde_json::to_value(representation(&amy()).unwrap()).unwrap(), expected);
    }
}
