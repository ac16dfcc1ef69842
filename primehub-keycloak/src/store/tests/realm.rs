//! Edits of the realm beside those of others, and mail passwords.

use primehub_core::identity::{Actor, Edit, IdentityError, IdentityStore as _, RealmEdit};
use serde_json::{Value, json};

use super::place::{Place, denied, lost};

const PUT: &str = "PUT ";

fn name() -> RealmEdit {
    RealmEdit { display_name: Edit::Set("New".into()), ..RealmEdit::default() }
}

fn mail(values: &[(&str, &str)]) -> RealmEdit {
    let smtp = values.iter().map(|(key, value)| ((*key).to_owned(), Edit::Set((*value).to_owned()))).collect();
    RealmEdit { smtp, ..RealmEdit::default() }
}

#[tokio::test]
async fn only_the_field_that_differs_is_sent() {
    let place = Place::start().await;
    // Somebody changes the other one in the console between the reading and the write.
    place.on(PUT, |state, request, _| {
        state.realm["displayNameHtml"] = json!("theirs");
        state.realm["smtpServer"]["host"] = json!("theirs");
        assert_eq!(request.body_json::<Value>().unwrap(), json!({ "displayName": "New" }));
        None
    });
    let realm = place.store.edit_realm(&Actor::service(), name()).await.unwrap().value;
    assert_eq!(realm.display_name.as_deref(), Some("New"));
    assert_eq!(realm.display_name_html.as_deref(), Some("theirs"));
    assert_eq!(realm.smtp["host"], "theirs");
}

#[tokio::test]
async fn the_realm_is_read_before_it_is_sent_again() {
    let place = Place::start().await;
    place.on(PUT, |state, _, count| {
        if count > 0 {
            return None;
        }
        state.realm["smtpServer"]["host"] = json!("theirs");
        Some(lost())
    });
    let realm = place.store.edit_realm(&Actor::service(), mail(&[("from", "c@d.example")])).await.unwrap().value;
    assert_eq!((realm.smtp["host"].as_str(), realm.smtp["from"].as_str()), ("theirs", "c@d.example"));
}

/// The passwords that the requests with them hold.
fn note_passwords(place: &Place, lost_at_first: usize) -> std::sync::mpsc::Receiver<String> {
    let (sender, passwords) = std::sync::mpsc::channel();
    place.on(PUT, move |state, request, count| {
        let body: Value = request.body_json().unwrap();
        sender.send(body["smtpServer"]["password"].as_str().unwrap_or("none").to_owned()).unwrap();
        if count < lost_at_first {
            return Some(lost());
        }
        Some(state.answer(request))
    });
    passwords
}

#[tokio::test]
async fn a_password_is_sent_until_that_was_accepted_once() {
    let place = Place::start().await;
    let passwords = note_passwords(&place, 1);
    let edit = mail(&[("password", "new"), ("host", "other")]);
    let realm = place.store.edit_realm(&Actor::service(), edit).await.unwrap().value;
    assert_eq!(realm.smtp["host"], "other");
    assert_eq!(passwords.try_iter().collect::<Vec<_>>(), ["new", "new"]);
    assert_eq!(place.count(PUT), 2);
}

#[tokio::test]
async fn a_password_that_was_stored_is_told_although_the_rest_fails() {
    let place = Place::start().await;
    place.on(PUT, |state, request, count| {
        if count > 0 {
            return Some(denied());
        }
        let answer = state.answer(request);
        state.realm["smtpServer"]["host"] = json!("theirs");
        Some(answer)
    });
    let edit = mail(&[("password", "new"), ("host", "other")]);
    let error = place.store.edit_realm(&Actor::service(), edit).await.unwrap_err();
    let IdentityError::Partial { done, failed } = &error else { panic!("{error:?}") };
    assert_eq!(*done, ["the mail server's password was stored"]);
    assert_eq!(failed, "smtpServer.host: the acting account lacks the role manage-realm");
    assert!(!error.to_string().contains("new"), "{error}");
    assert_eq!(place.store.directory().realm().smtp["host"], "theirs");
}
