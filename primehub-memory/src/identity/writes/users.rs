//! Writes of users.

use std::sync::Arc;

use primehub_core::identity::{Conflict, Edit, IdentityError, Key, NewUser, RoleKey, Subject, User, UserEdit, values};
use primehub_core::names::UserId;

use super::super::draft::Draft;
use super::super::passwords::PasswordHash;
use super::super::realm::new_id;

/// The required action of an account whose password somebody else knows.
pub(in super::super) const UPDATE_PASSWORD: &str = "UPDATE_PASSWORD";

/// What a person has to accept, once asked to.
const TERMS_AND_CONDITIONS: &str = "TERMS_AND_CONDITIONS";

impl Draft<'_> {
    /// Creates a person, who joins the default groups and gets the default role.
    pub(in super::super) fn create_user(&mut self, new: NewUser) -> Result<Arc<User>, IdentityError> {
        if let Some(limit) = new.at_most
            && self.directory.people_count() as u64 >= limit
        {
            return Err(IdentityError::LimitReached { limit });
        }
        let mut user = User::new(UserId::new(new_id()), new.username.as_str());
        user.email = new.email.as_deref().map_or(Ok(None), values::check_email)?;
        user.first_name =
            new.first_name.as_deref().map_or(Ok(None), |name| values::check_person_name("firstName", name))?;
        user.last_name =
            new.last_name.as_deref().map_or(Ok(None), |name| values::check_person_name("lastName", name))?;
        values::check_user_attributes(&new.attributes, &self.rules.limits)?;
        user.attributes = values::without_blank(new.attributes);
        user.enabled = new.enabled;
        user.created_at = self.now;
        user.required_actions.clone_from(&self.rules.default_actions);
        self.check_unique(&user, None)?;
        Ok(self.add_user(user))
    }

    /// The account of a client that acts by itself; made unless it is there.
    pub(in super::super) fn ensure_service_account(&mut self, client: &str) -> Result<Arc<User>, IdentityError> {
        values::check_text("client", client)?;
        let username = format!("service-account-{}", client.to_lowercase());
        if let Some(user) = self.directory.user_named(&username) {
            return match user.service_account_of.as_deref() {
                Some(of) if of == client => Ok(user.clone()),
                _ => Err(IdentityError::Conflict(Conflict::Username)),
            };
        }
        let mut user = User::new(UserId::new(new_id()), username);
        user.service_account_of = Some(client.to_owned());
        user.created_at = self.now;
        Ok(self.add_user(user))
    }

    pub(in super::super) fn edit_user(&mut self, id: &UserId, edit: UserEdit) -> Result<Arc<User>, IdentityError> {
        let before = self.user(id)?;
        let mut user = User::clone(&before);
        if let Some(username) = edit.username {
            user.username = username.as_str().into();
        }
        set(&mut user.email, edit.email, values::check_email)?;
        set(&mut user.first_name, edit.first_name, |name| values::check_person_name("firstName", name))?;
        set(&mut user.last_name, edit.last_name, |name| values::check_person_name("lastName", name))?;
        if user.email != before.email {
            // Nobody has shown that the new address is theirs.
            user.email_verified = false;
        }
        user.enabled = edit.enabled.unwrap_or(user.enabled);
        if !edit.attributes.is_empty() {
            values::check_user_attribute_edits(&before.attributes, &edit.attributes, &self.rules.limits)?;
            user.attributes.apply(&edit.attributes);
            user.attributes = values::without_blank(user.attributes);
        }
        self.check_unique(&user, Some(&before))?;
        Ok(self.replace_user(before, user))
    }

    pub(in super::super) fn delete_user(&mut self, id: &UserId) -> Result<Arc<User>, IdentityError> {
        let absent = || IdentityError::Absent(Key::User(id.clone()));
        let user = self.directory.remove_user(id).ok_or_else(absent)?;
        self.remove_password(id);
        self.end_sessions(id, |_, _| true);
        self.touch(Key::User(id.clone()));
        Ok(user)
    }

    /// Stores a password. Who gets one that has to be changed is told so at the next login.
    pub(in super::super) fn set_password(
        &mut self,
        id: &UserId,
        password: PasswordHash,
        temporary: bool,
    ) -> Result<(), IdentityError> {
        let before = self.user(id)?;
        let mut user = User::clone(&before);
        user.required_actions.retain(|action| action != UPDATE_PASSWORD);
        if temporary {
            user.required_actions.push(UPDATE_PASSWORD.to_owned());
        }
        self.replace_user(before, user);
        self.put_password(id, password);
        Ok(())
    }

    /// Notes that the person has done what the action asks for. False if it was not open. Accepting terms leaves the time in the attribute
    /// where Keycloak has it.
    pub(in super::super) fn complete_action(&mut self, id: &UserId, action: &str) -> Result<bool, IdentityError> {
        let before = self.user(id)?;
        if !before.required_actions.iter().any(|open| open == action) {
            return Ok(false);
        }
        let mut user = User::clone(&before);
        user.required_actions.retain(|open| open != action);
        if action == TERMS_AND_CONDITIONS {
            user.attributes.set_one("terms_and_conditions", self.now.as_second().to_string());
        }
        self.replace_user(before, user);
        Ok(true)
    }

    pub(in super::super) fn set_one_time_password(
        &mut self,
        id: &UserId,
        registered: bool,
    ) -> Result<Arc<User>, IdentityError> {
        let before = self.user(id)?;
        let mut user = User::clone(&before);
        user.has_one_time_password = registered;
        Ok(self.replace_user(before, user))
    }

    fn add_user(&mut self, user: User) -> Arc<User> {
        let id = user.id.clone();
        let added = Arc::new(user.clone());
        self.directory.put_user(user);
        for group in self.directory.realm().default_groups.clone() {
            self.directory.join(&id, &group);
        }
        let default_role: &RoleKey = &self.rules.default_role;
        self.directory.grant(&Subject::User(id.clone()), default_role);
        self.touch(Key::User(id.clone()));
        self.directory.user(&id).cloned().unwrap_or(added)
    }

    /// Whether nobody else has the name or address of `user`, as far as it is new. People log in by either, so one account must not have
    /// as name what another has as address. The address is looked at first, as Keycloak does.
    fn check_unique(&self, user: &User, before: Option<&User>) -> Result<(), IdentityError> {
        let is_taken = |text: &str| {
            let found = [self.directory.user_with_email(text), self.directory.user_named(text)];
            found.into_iter().flatten().any(|found| found.id != user.id)
        };
        let new_email =
            user.email.as_deref().filter(|email| before.and_then(|before| before.email.as_deref()) != Some(*email));
        if new_email.is_some_and(is_taken) {
            return Err(IdentityError::Conflict(Conflict::Email));
        }
        if before.is_none_or(|before| before.username != user.username) && is_taken(&user.username) {
            return Err(IdentityError::Conflict(Conflict::Username));
        }
        Ok(())
    }
}

fn set(
    field: &mut Option<String>,
    edit: Edit<String>,
    check: impl FnOnce(&str) -> Result<Option<String>, IdentityError>,
) -> Result<(), IdentityError> {
    match edit {
        Edit::Keep => {}
        Edit::Set(text) => *field = check(&text)?,
        Edit::Clear => *field = None,
    }
    Ok(())
}
