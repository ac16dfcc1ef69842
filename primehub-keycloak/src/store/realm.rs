//! Writes of the realm's settings.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use primehub_core::identity::{Actor, Edit, IdentityError, Key, PASSWORD_MASK, Realm, RealmEdit, Written, values};
use serde_json::{Map, Value};

use super::rewrite::{Rewrite, rewrite};
use super::{Store, by};
use crate::admin::{Full, RealmRow};
use crate::transport::{By, CallError};

impl Store {
    pub(super) async fn edit_realm(
        &self,
        actor: &Actor,
        edit: RealmEdit,
    ) -> Result<Written<Arc<Realm>>, IdentityError> {
        self.writable()?;
        values::check_realm_edit(&edit)?;
        let _guard = self.mirror.lock(&[Key::Realm]).await;
        let target = EditedRealm { store: self, by: by(actor), edit: &edit, password_stored: AtomicBool::new(false) };
        let (row, ended) = rewrite(&target, None).await.split::<RealmRow>();
        let revision = self.mirror.publish(|draft| row.into_iter().for_each(|row| draft.put_realm_row(row)));
        self.settle(&Key::Realm, ended).await?;
        Ok(Written { value: Arc::new(self.mirror.directory().realm().clone()), revision })
    }
}

struct EditedRealm<'a> {
    store: &'a Store,
    by: By<'a>,
    edit: &'a RealmEdit,
    /// A password can be written and never be read: it is sent until that was accepted once.
    password_stored: AtomicBool,
}

impl Rewrite for EditedRealm<'_> {
    fn key(&self) -> Key {
        Key::Realm
    }

    async fn read(&self) -> Result<Option<Full>, CallError> {
        match self.store.keycloak.realm().full().await {
            Ok(full) => Ok(Some(full)),
            Err(error) if error.is_absent() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn edited(&self, stored: &Full, _first: bool) -> Result<Full, IdentityError> {
        let mut wanted = edited(stored, self.edit)?;
        if !self.password_stored.load(Ordering::Relaxed) {
            set_password(&mut wanted, self.edit);
        }
        Ok(wanted)
    }

    async fn put(&self, stored: &Full, wanted: &Full) -> Result<(), CallError> {
        let sent = changed(stored, wanted);
        self.store.keycloak.realm().put(self.by, &sent).await?;
        let password = sent.0.get(SMTP).and_then(|smtp| smtp.get(PASSWORD)).and_then(Value::as_str);
        if password.is_some() && password == new_password(self.edit) {
            self.password_stored.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn refused(&self, error: CallError) -> IdentityError {
        error.into_identity(Some(&Key::Realm))
    }

    fn unseen(&self) -> Vec<String> {
        let stored = self.password_stored.load(Ordering::Relaxed);
        stored.then(|| "the mail server's password".to_owned()).into_iter().collect()
    }
}

const SMTP: &str = "smtpServer";
const PASSWORD: &str = "password";

/// Carries the edit out. An empty text and an absent one are the same; the mail settings are replaced as a whole by Keycloak, so they go
/// back whole, with the mask in place of the stored password, which keeps it.
fn edited(stored: &Full, edit: &RealmEdit) -> Result<Full, IdentityError> {
    let mut wanted = stored.clone();
    for (name, edit) in [("displayName", &edit.display_name), ("displayNameHtml", &edit.display_name_html)] {
        let is = stored.0.get(name).and_then(Value::as_str).unwrap_or_default();
        match edit {
            Edit::Keep => {}
            Edit::Set(text) if text == is => {}
            Edit::Clear if is.is_empty() => {}
            Edit::Set(text) => wanted.set(name, text.as_str()),
            Edit::Clear => wanted.set(name, ""),
        }
    }
    if edit.smtp.is_empty() {
        return Ok(wanted);
    }
    let stored_smtp = stored.0.get(SMTP).and_then(Value::as_object);
    let texts = stored_smtp.into_iter().flatten().map(|(key, value)| (key.clone(), text_of(value)));
    let mut smtp: BTreeMap<String, String> = texts.collect();
    for (key, edit) in &edit.smtp {
        match edit {
            Edit::Keep => {}
            // Shown as a mask, whatever it is.
            Edit::Set(value) if key == PASSWORD && !value.is_empty() => {
                if value != PASSWORD_MASK {
                    smtp.insert(key.clone(), PASSWORD_MASK.to_owned());
                }
            }
            Edit::Set(value) if key != PASSWORD => drop(smtp.insert(key.clone(), value.clone())),
            Edit::Set(_) | Edit::Clear => drop(smtp.remove(key)),
        }
    }
    values::settle_mail_settings(&mut smtp)?;
    let smtp: Map<String, Value> = smtp.into_iter().map(|(key, value)| (key, value.into())).collect();
    if stored_smtp.map_or(!smtp.is_empty(), |stored| *stored != smtp) {
        wanted.set(SMTP, Value::Object(smtp));
    }
    Ok(wanted)
}

/// Mail settings are texts, also where somebody has sent a number or a truth value.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn new_password(edit: &RealmEdit) -> Option<&str> {
    match edit.smtp.get(PASSWORD) {
        Some(Edit::Set(password)) if password != PASSWORD_MASK && !password.is_empty() => Some(password),
        _ => None,
    }
}

fn set_password(wanted: &mut Full, edit: &RealmEdit) {
    // Without a login there is no place for it.
    let place = wanted.0.get_mut(SMTP).and_then(|smtp| smtp.get_mut(PASSWORD));
    if let Some((place, password)) = place.zip(new_password(edit)) {
        *place = password.into();
    }
}

/// The top-level fields that differ: those that are not sent stay as they are.
fn changed(stored: &Full, wanted: &Full) -> Full {
    let differs = |(name, value): &(&String, &Value)| stored.0.get(*name) != Some(*value);
    Full(wanted.0.iter().filter(differs).map(|(name, value)| (name.clone(), value.clone())).collect())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn stored() -> Full {
        serde_json::from_value(json!({
            "id": "r", "realm": "primehub", "displayName": "PrimeHub",
            "smtpServer": {"host": "mail", "from": "a@b.example", "auth": "true", "password": PASSWORD_MASK}, "attributes": {"frontendUrl": "https://x"}
        }))
        .unwrap()
    }

    fn smtp(edits: &[(&str, Edit<String>)]) -> RealmEdit {
        RealmEdit {
            smtp: edits.iter().map(|(key, edit)| ((*key).to_owned(), edit.clone())).collect(),
            ..RealmEdit::default()
        }
    }

    #[rstest]
    #[case::nothing(RealmEdit::default(), json!({}))]
    #[case::same_name(RealmEdit { display_name: Edit::Set("PrimeHub".into()), ..RealmEdit::default() }, json!({}))]
    #[case::name(RealmEdit { display_name: Edit::Set("X".into()), ..RealmEdit::default() }, json!({"displayName": "X"}))]
    #[case::no_name(RealmEdit { display_name: Edit::Clear, ..RealmEdit::default() }, json!({"displayName": ""}))]
    #[case::absent_stays_absent(RealmEdit { display_name_html: Edit::Clear, ..RealmEdit::default() }, json!({}))]
    #[case::one_key_of_mail(
        smtp(&[("host", Edit::Set("other".into()))]),
        json!({"smtpServer": {"host": "other", "from": "a@b.example", "auth": "true", "password": PASSWORD_MASK}}))]
    #[case::mask_keeps_the_password(smtp(&[("password", Edit::Set(PASSWORD_MASK.into()))]), json!({}))]
    #[case::password_away(
        smtp(&[("password", Edit::Clear)]),
        json!({"smtpServer": {"host": "mail", "from": "a@b.example", "auth": "true"}}))]
    #[case::password_without_login(
        smtp(&[("auth", Edit::Clear), ("password", Edit::Set("new".into()))]),
        json!({"smtpServer": {"host": "mail", "from": "a@b.example"}}))]
    fn only_what_the_edit_names_changes(#[case] edit: RealmEdit, #[case] expected: Value) {
        let mut wanted = edited(&stored(), &edit).unwrap();
        assert_eq!(edited(&wanted, &edit).unwrap(), wanted);
        set_password(&mut wanted, &edit);
        assert_eq!(serde_json::to_value(changed(&stored(), &wanted)).unwrap(), expected);
    }

    #[test]
    fn a_new_password_is_sent_with_the_rest_of_the_mail_settings() {
        let edit = smtp(&[("password", Edit::Set("new".into()))]);
        let mut wanted = edited(&stored(), &edit).unwrap();
        assert_eq!(wanted, stored());
        set_password(&mut wanted, &edit);
        let sent = serde_json::to_value(changed(&stored(), &wanted)).unwrap();
        let smtp = json!({"host": "mail", "from": "a@b.example", "auth": "true", "password": "new"});
        assert_eq!(sent, json!({"smtpServer": smtp}));
    }

    #[rstest]
    #[case::no_sender(smtp(&[("from", Edit::Clear)]), "from")]
    #[case::no_address(smtp(&[("replyTo", Edit::Set("bad".into()))]), "replyTo")]
    fn what_the_server_would_refuse_is_named_before_anything_is_sent(#[case] edit: RealmEdit, #[case] field: &str) {
        let error = edited(&stored(), &edit).unwrap_err();
        assert!(matches!(&error, IdentityError::Invalid { field: found, .. } if found == field), "{error:?}");
    }
}
