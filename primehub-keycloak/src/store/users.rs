//! Writes of users that exist.

use std::sync::Arc;

use primehub_core::identity::{
    Actor, Conflict, IdentityError, Key, NewPassword, RequiredActionsEmail, User, UserEdit, Written, values,
};
use primehub_core::names::UserId;

use super::rewrite::{Rewrite, rewrite};
use super::{Store, by, user_edit};
use crate::admin::{Full, UserRow};
use crate::connection::Keycloak;
use crate::transport::{By, CallError, Refusal};

/// What Keycloak calls the credentials that make one-time passwords.
const ONE_TIME_PASSWORD: &str = "otp";

impl Store {
    pub(super) async fn edit_user(
        &self,
        actor: &Actor,
        id: &UserId,
        edit: UserEdit,
    ) -> Result<Written<Arc<User>>, IdentityError> {
        self.writable()?;
        let target = EditedUser { store: self, by: by(actor), id, edit };
        let _guard = self.mirror.lock(&[target.key()]).await;
        let (row, ended) = rewrite(&target, None).await.split();
        let revision = self.mirror.publish(|draft| row.into_iter().for_each(|row| draft.put_user(row)));
        self.settle(&target.key(), ended).await?;
        self.written_user(id, revision)
    }

    pub(super) async fn delete_user(&self, actor: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        self.writable()?;
        let key = Key::User(id.clone());
        let before = self.known_user(id).await?;
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let before = self.mirror.directory().user(id).cloned().unwrap_or(before);
        let users = self.keycloak.users();
        match users.delete(by(actor), id).await {
            Ok(()) => {}
            // Several at once: one of them did it.
            Err(error) if error.status() == Some(500) && matches!(users.get(id).await, Ok(None)) => {}
            Err(error) => {
                if error.is_absent() {
                    self.mirror.publish(|draft| draft.remove_user(id));
                }
                return Err(error.into_identity(Some(&key)));
            }
        }
        let revision = self.mirror.publish(|draft| draft.remove_user(id));
        Ok(Written { value: before, revision })
    }

    pub(super) async fn set_password(
        &self,
        actor: &Actor,
        id: &UserId,
        password: &NewPassword,
    ) -> Result<(), IdentityError> {
        self.writable()?;
        values::check_password(password)?;
        let key = Key::User(id.clone());
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let users = self.keycloak.users();
        if let Err(error) = users.set_password(by(actor), id, &password.value, password.temporary).await {
            return Err(match error.refusal() {
                // The realm's policy, in Keycloak's words.
                Some(refusal) if refusal.status == 400 => IdentityError::invalid("password", words(refusal)),
                _ => error.into_identity(Some(&key)),
            });
        }
        self.reread_user(id).await
    }

    pub(super) async fn remove_one_time_passwords(
        &self,
        actor: &Actor,
        id: &UserId,
    ) -> Result<Written<Arc<User>>, IdentityError> {
        self.writable()?;
        let key = Key::User(id.clone());
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let users = self.keycloak.users();
        let absent = |error: CallError| error.into_identity(Some(&key));
        for credential in users.credentials(by(actor), id).await.map_err(absent)? {
            if credential.kind != ONE_TIME_PASSWORD {
                continue;
            }
            match users.remove_credential(by(actor), id, &credential.id).await {
                Ok(()) => {}
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(absent(error)),
            }
        }
        self.reread_user(id).await?;
        self.written_user(id, self.mirror.directory().revision())
    }

    pub(super) async fn send_required_actions(
        &self,
        actor: &Actor,
        id: &UserId,
        email: &RequiredActionsEmail,
    ) -> Result<(), IdentityError> {
        self.writable()?;
        values::check_required_actions(&email.actions)?;
        let user = self.known_user(id).await?;
        if user.email.is_none() {
            return Err(IdentityError::invalid("email", "is not defined"));
        }
        if !user.enabled {
            return Err(IdentityError::invalid("user", "is disabled"));
        }
        match self.keycloak.users().send_actions(by(actor), id, &email.actions, email.lifespan).await {
            Ok(()) => Ok(()),
            Err(error) => Err(match error.refusal() {
                Some(refusal) if refusal.status == 400 && refusal.says("email missing") => {
                    IdentityError::invalid("email", "is not defined")
                }
                Some(refusal) if refusal.status == 500 => IdentityError::Unavailable { cause: error.to_string() },
                _ => error.into_identity(Some(&Key::User(id.clone()))),
            }),
        }
    }

    /// A user of the picture, or one that it does not know yet. To be asked before any lock is taken: it may take the user's.
    pub(super) async fn known_user(&self, id: &UserId) -> Result<Arc<User>, IdentityError> {
        let key = Key::User(id.clone());
        if self.mirror.directory().user(id).is_none() {
            self.mirror.refresh(std::slice::from_ref(&key)).await.map_err(|error| error.into_identity(None))?;
        }
        self.mirror.directory().user(id).cloned().ok_or(IdentityError::Absent(key))
    }

    /// Reads the user's own fields anew, under the lock that the caller holds.
    async fn reread_user(&self, id: &UserId) -> Result<(), IdentityError> {
        let row = self.keycloak.users().get(id).await.map_err(|error| error.into_identity(None))?;
        match row {
            Some(row) if self.mirror.directory().user(id).is_some() => {
                self.mirror.publish(|draft| draft.put_user(row));
            }
            // Memberships and grants are not known either.
            Some(_) => {
                self.mirror.reread(&[Key::User(id.clone())]).await.map_err(|error| error.into_identity(None))?;
            }
            None => {
                self.mirror.publish(|draft| draft.remove_user(id));
            }
        }
        Ok(())
    }

    pub(super) fn written_user(
        &self,
        id: &UserId,
        revision: primehub_core::identity::Revision,
    ) -> Result<Written<Arc<User>>, IdentityError> {
        let user = self.mirror.directory().user(id).cloned();
        let value = user.ok_or_else(|| IdentityError::Absent(Key::User(id.clone())))?;
        Ok(Written { value, revision })
    }
}

/// A user, and an edit of it.
pub(super) struct EditedUser<'a> {
    pub(super) store: &'a Store,
    pub(super) by: By<'a>,
    pub(super) id: &'a UserId,
    pub(super) edit: UserEdit,
}

impl Rewrite for EditedUser<'_> {
    fn key(&self) -> Key {
        Key::User(self.id.clone())
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        self.store.keycloak.users().full(self.id).await
    }

    fn edited(&self, stored: &Full, _first: bool) -> Result<Full, IdentityError> {
        user_edit::edited(stored, &self.edit, &self.store.capabilities())
    }

    async fn put(&self, _stored: &Full, wanted: &Full) -> Result<(), CallError> {
        self.store.keycloak.users().put(self.by, self.id, &user_edit::to_send(wanted)).await
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        let username = self.edit.username.as_ref().map(primehub_core::names::UserName::as_str);
        let email = match &self.edit.email {
            primehub_core::identity::Edit::Set(email) => Some(email.as_str()),
            _ => None,
        };
        refused(&self.store.keycloak, error, username, email, Some(self.id)).await
    }
}

/// What the refusal of a creation or edit means. Where Keycloak does not say which value is taken, it is looked up.
pub(super) async fn refused(
    keycloak: &Keycloak,
    error: CallError,
    username: Option<&str>,
    email: Option<&str>,
    own: Option<&UserId>,
) -> IdentityError {
    let Some(refusal) = error.refusal() else { return error.into_identity(own.cloned().map(Key::User).as_ref()) };
    if refusal.status == 400
        && refusal.violations.iter().any(|found| found.message.as_deref() == Some("error-user-attribute-read-only"))
    {
        return IdentityError::Unsupported { operation: "changing a username" };
    }
    if refusal.status != 409 {
        return error.into_identity(own.cloned().map(Key::User).as_ref());
    }
    if let Some(conflict) = named_conflict(refusal) {
        return IdentityError::Conflict(conflict);
    }
    let users = keycloak.users();
    let is_other = |found: &UserRow| Some(&found.id) != own;
    if let Some(email) = email
        && let Ok(Some(found)) = users.find_by_email_exact(email).await
        && is_other(&found)
    {
        return IdentityError::Conflict(Conflict::Email);
    }
    if let Some(username) = username
        && let Ok(Some(found)) = users.find_exact(username).await
        && is_other(&found)
    {
        return IdentityError::Conflict(Conflict::Username);
    }
    IdentityError::Conflict(Conflict::UsernameOrEmail)
}

/// The value that Keycloak's words name.
fn named_conflict(refusal: &Refusal) -> Option<Conflict> {
    if refusal.says("username or email") {
        None
    } else if refusal.says("same email") {
        Some(Conflict::Email)
    } else if refusal.says("same username") {
        Some(Conflict::Username)
    } else {
        None
    }
}

fn words(refusal: &Refusal) -> String {
    let words = refusal.message.clone().or_else(|| refusal.error.clone());
    format!("was not accepted: {}", words.unwrap_or_else(|| "no reason given".to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::transport::{Class, Kind};

    #[rstest]
    #[case::username(r#"{"errorMessage":"User exists with same username"}"#, Some(Conflict::Username))]
    #[case::email(r#"{"errorMessage":"User exists with same email"}"#, Some(Conflict::Email))]
    #[case::either(r#"{"errorMessage":"User exists with same username or email"}"#, None)]
    #[case::race(r#"{"error":"conflict","error_description":"Duplicate resource error"}"#, None)]
    fn conflicts_by_their_words(#[case] body: &str, #[case] expected: Option<Conflict>) {
        let refusal = Refusal::read(Kind::new("users.create", Class::Write, "manage-users"), 409, body.as_bytes());
        assert_eq!(named_conflict(&refusal), expected);
    }
}
