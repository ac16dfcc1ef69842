//! Creating users.

use std::sync::Arc;

use primehub_core::identity::{
    Actor, AttributeEdit, Edit, IdentityError, Key, NewUser, User, UserEdit, Written, values,
};
use primehub_core::names::UserId;
use serde_json::Value;

use super::rewrite::rewrite;
use super::users::{EditedUser, refused};
use super::{Store, by, created, user_edit};
use crate::admin::{Full, UserRow};
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
            Err(error) => self.not_created(&new, &representation, error).await?,
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

    /// What a refused or lost creation means. A creation whose answer was lost is looked for: it counts if an account as it was asked for
    /// is there now and none was before.
    async fn not_created(&self, new: &NewUser, asked: &Full, error: CallError) -> Result<UserId, IdentityError> {
        let CallError::Unknown { call, .. } = &error else {
            return Err(refused(&self.keycloak, error, Some(new.username.as_str()), new.email.as_deref(), None).await);
        };
        let unknown = IdentityError::OutcomeUnknown { operation: call };
        if self.mirror.directory().user_named(new.username.as_str()).is_some() {
            return Err(unknown);
        }
        match self.keycloak.users().find_exact(new.username.as_str()).await {
            Ok(Some(found)) if is_as_asked(&found, asked) => Ok(found.id),
            // Nothing there, now that the connection works again: it was not carried out.
            Ok(None) => Err(IdentityError::Unavailable { cause: error.to_string() }),
            // Somebody else's, for all that can be told.
            Ok(Some(_)) | Err(_) => Err(unknown),
        }
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

/// Whether an account is what the body asks for, in every value.
fn is_as_asked(found: &UserRow, asked: &Full) -> bool {
    let mut asked = asked.clone();
    asked.set("id", found.id.as_str());
    asked.row::<UserRow>().is_ok_and(|asked| {
        (&asked.email, &asked.first_name, &asked.last_name, asked.enabled)
            == (&found.email, &found.first_name, &found.last_name, found.enabled)
            && user_edit::same(&asked.attributes, &found.attributes)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
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

    #[rstest]
    #[case::the_same(json!({}), true)]
    #[case::other_address(json!({"email": "b@example.com"}), false)]
    #[case::a_name(json!({"firstName": "Amy"}), false)]
    #[case::disabled(json!({"enabled": false}), false)]
    #[case::other_attribute(json!({"attributes": {"volumeCapacity": ["30G"]}}), false)]
    #[case::another_attribute(json!({"attributes": {"volumeCapacity": ["20G"], "x": ["1"]}}), false)]
    #[case::no_attributes(json!({"attributes": {}}), false)]
    fn an_account_is_ours_if_every_value_is(#[case] change: serde_json::Value, #[case] ours: bool) {
        let mut stored = representation(&amy()).unwrap();
        stored.set("id", "u1");
        for (name, value) in change.as_object().unwrap() {
            stored.set(name, value.clone());
        }
        assert_eq!(is_as_asked(&stored.row().unwrap(), &representation(&amy()).unwrap()), ours);
    }
}
