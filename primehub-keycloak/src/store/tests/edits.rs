//! Edits that are stored in part, and edits whose answers are lost.

use primehub_core::identity::{Actor, Edit, GroupEdit, IdentityError, IdentityStore as _, UserEdit};
use serde_json::json;

use super::place::{Place, lost};

fn user_edit() -> UserEdit {
    let mut edit = UserEdit { email: Edit::Set("a@new.example".into()), ..UserEdit::default() };
    edit.attributes.set("volumeCapacity", "99G");
    edit
}

#[tokio::test]
async fn an_address_without_the_attributes_beside_it_is_half_an_edit() {
    let place = Place::start().await;
    place.on("PUT /users/amy", |state, request, _| {
        let attributes = state.users["amy"]["attributes"].clone();
        let answer = state.answer(request);
        state.users.get_mut("amy").unwrap()["attributes"] = attributes;
        Some(answer)
    });
    let error = place.store.edit_user(&Actor::service(), &"amy".into(), user_edit()).await.unwrap_err();
    let IdentityError::Partial { done, failed } = &error else { panic!("{error:?}") };
    assert_eq!(*done, ["email was stored", "emailVerified was stored"]);
    assert!(failed.contains("attribute volumeCapacity is not") && failed.contains("user profile"), "{failed}");
    assert_eq!(place.count("PUT /users/amy"), 4);
    // What was stored shows, although the edit has failed.
    let directory = place.store.directory();
    let amy = directory.user_named("amy").unwrap();
    assert_eq!((amy.email.as_deref(), amy.attributes.first("volumeCapacity")), (Some("a@new.example"), Some("20G")));
}

#[tokio::test]
async fn what_others_write_meanwhile_shows_although_nothing_was_stored() {
    let place = Place::start().await;
    place.on("PUT /users/amy", |state, _, _| {
        state.users.get_mut("amy").unwrap()["lastName"] = json!("Theirs");
        Some(wiremock::ResponseTemplate::new(204))
    });
    let error = place.store.edit_user(&Actor::service(), &"amy".into(), user_edit()).await.unwrap_err();
    assert!(matches!(error, IdentityError::Unavailable { .. }), "{error:?}");
    assert_eq!(place.store.directory().user_named("amy").unwrap().last_name.as_deref(), Some("Theirs"));
}

#[tokio::test]
async fn an_account_is_read_before_it_is_sent_again() {
    let place = Place::start().await;
    place.on("PUT /users/amy", |state, _, count| {
        if count > 0 {
            return None;
        }
        state.users.get_mut("amy").unwrap()["lastName"] = json!("Theirs");
        Some(lost())
    });
    let user = place.store.edit_user(&Actor::service(), &"amy".into(), user_edit()).await.unwrap().value;
    assert_eq!((user.email.as_deref(), user.last_name.as_deref()), (Some("a@new.example"), Some("Theirs")));
}

#[tokio::test]
async fn a_group_is_read_before_it_is_sent_again() {
    let place = Place::start().await;
    place.on("PUT /groups/lab", |state, _, count| {
        if count > 0 {
            return None;
        }
        state.groups.get_mut("lab").unwrap()["attributes"]["admins"] = json!(["eve"]);
        Some(lost())
    });
    let mut edit = GroupEdit::default();
    edit.attributes.set("quota-cpu", "2");
    let group = place.store.edit_group(&Actor::service(), &"lab".into(), edit).await.unwrap().value;
    assert_eq!((group.attributes.first("quota-cpu"), group.attributes.first("admins")), (Some("2"), Some("eve")));
}
