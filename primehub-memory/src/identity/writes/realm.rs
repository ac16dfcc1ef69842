//! Writes of the realm's settings.

use std::sync::Arc;

use primehub_core::identity::{Edit, IdentityError, Key, PASSWORD_MASK, Realm, RealmEdit, values};
use secrecy::SecretString;

use super::super::draft::Draft;
use super::super::state::MAIL_PASSWORD;

/// Where the realm's mail settings keep the password.
const PASSWORD: &str = "password";

impl Draft<'_> {
    /// Changes the realm's settings. The password of the mail server goes to the secrets; the picture shows a mask in its place.
    pub(in super::super) fn edit_realm(&mut self, edit: RealmEdit) -> Result<Arc<Realm>, IdentityError> {
        values::check_realm_edit(&edit)?;
        let mut realm = self.directory.realm().clone();
        edit.display_name.apply(&mut realm.display_name);
        edit.display_name_html.apply(&mut realm.display_name_html);
        for name in [&mut realm.display_name, &mut realm.display_name_html] {
            name.take_if(|name| name.is_empty());
        }
        let edits_mail = !edit.smtp.is_empty();
        for (key, edit) in edit.smtp {
            let shown = if key == PASSWORD { self.edit_mail_password(edit) } else { edit };
            match shown {
                Edit::Keep => {}
                Edit::Set(value) => drop(realm.smtp.insert(key, value)),
                Edit::Clear => drop(realm.smtp.remove(&key)),
            }
        }
        if edits_mail {
            values::settle_mail_settings(&mut realm.smtp)?;
            if !realm.smtp.contains_key(PASSWORD) {
                self.set_secret(MAIL_PASSWORD, None);
            }
        }
        if realm != *self.directory.realm() {
            self.directory.put_realm(realm.clone());
            self.touch(Key::Realm);
        }
        Ok(Arc::new(realm))
    }

    /// Stores the password, and answers what happens to its place in the picture. An empty password is none.
    fn edit_mail_password(&mut self, edit: Edit<String>) -> Edit<String> {
        match edit {
            Edit::Set(password) if password == PASSWORD_MASK => Edit::Keep,
            Edit::Set(password) if !password.is_empty() => {
                self.set_secret(MAIL_PASSWORD, Some(SecretString::from(password)));
                Edit::Set(PASSWORD_MASK.to_owned())
            }
            Edit::Keep => Edit::Keep,
            Edit::Set(_) | Edit::Clear => {
                self.set_secret(MAIL_PASSWORD, None);
                Edit::Clear
            }
        }
    }
}
