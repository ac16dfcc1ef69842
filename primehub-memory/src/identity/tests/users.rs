use std::sync::Arc;

use primehub_core::identity::{
    AttributeEdit, AttributeEdits, Conflict, Edit, IdentityError, IdentityStore as _, Key, RoleKey, UserEdit,
};
use primehub_core::names::UserId;
use rstest::rstest;

use super::*;

#[tokio::test]
async fn a_new_user_is_enabled_and_belongs_to_everyone() {
    let store = store();
    let mut new = with_email("amy", "Amy@Example.com");
    new.first_name = Some("Amy".into());
    new.last_name = Some(String::new());
    new.attributes = attributes("volumeCapacity", &["20G"]);
    let written = store.create_user(&service(), new).await.unwrap();
    let directory = store.directory();
    assert_eq!(directory.revision(), written.revision);
    let amy = directory.user_named("amy").unwrap();
    assert_eq!(*amy, written.value);
    assert_eq!((amy.email.as_deref(), amy.first_name.as_deref()), (Some("amy@example.com"), Some("Amy")));
    assert_eq!((amy.last_name.as_deref(), amy.enabled, amy.email_verified), (None, true, false));
    assert_eq!(amy.attributes.first("volumeCapacity"), Some("20G"));
    assert!(directory.is_member(&amy.id, directory.everyone_id()));
    assert!(directory.effective_roles(&amy.id).contains(&RoleKey::realm("offline_access")));
    assert!(!directory.is_administrator(&amy.id));
}

#[rstest]
#[case::username(with_email("amy", "other@example.com"), Conflict::Username)]
#[case::email(with_email("bob", "AMY@example.com"), Conflict::Email)]
#[case::both_name_the_email(with_email("amy", "amy@example.com"), Conflict::Email)]
#[tokio::test]
async fn taken_names_are_refused(#[case] new: NewUser, #[case] conflict: Conflict) {
    let store = store();
    store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap();
    let before = store.directory();
    assert_eq!(store.create_user(&service(), new).await.unwrap_err(), IdentityError::Conflict(conflict));
    assert!(unchanged(&before, &store));
}

/// People log in by name or by address, so one must not be the other of somebody else.
#[rstest]
#[case::name_that_is_an_address(new_user("amy@example.com"), Conflict::Username)]
#[case::address_that_is_a_name(with_email("bob", "ZOE@example.com"), Conflict::Email)]
#[case::both(with_email("amy@example.com", "zoe@example.com"), Conflict::Email)]
#[tokio::test]
async fn names_and_addresses_are_not_those_of_others(#[case] new: NewUser, #[case] conflict: Conflict) {
    let store = store();
    store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap();
    add_user(&store, "zoe@example.com").await;
    assert_eq!(store.create_user(&service(), new.clone()).await.unwrap_err(), IdentityError::Conflict(conflict));
    let bob = add_user(&store, "bob-to-be").await;
    let edit = UserEdit {
        username: Some(new.username),
        email: new.email.map_or(Edit::Keep, Edit::Set),
        ..UserEdit::default()
    };
    let refused = store.edit_user(&service(), &bob.id, edit).await.unwrap_err();
    assert_eq!(refused, IdentityError::Conflict(conflict));
}

#[tokio::test]
async fn a_name_may_be_the_own_address() {
    let store = store();
    store.create_user(&service(), with_email("amy@example.com", "amy@example.com")).await.unwrap();
    let bob = store.create_user(&service(), with_email("bob", "bob@example.com")).await.unwrap().value;
    let edit = UserEdit { username: Some("bob@example.com".parse().unwrap()), ..UserEdit::default() };
    assert_eq!(&*store.edit_user(&service(), &bob.id, edit).await.unwrap().value.username, "bob@example.com");
}

#[tokio::test]
async fn what_collides_already_stands_in_the_way_of_nothing_else() {
    let store = store();
    add_user(&store, "zoe@example.com").await;
    let amy = add_user(&store, "amy").await;
    collide(&store, &amy, "zoe@example.com").await;
    let edit = UserEdit { first_name: Edit::Set("Amy".into()), ..UserEdit::default() };
    assert_eq!(store.edit_user(&service(), &amy.id, edit).await.unwrap().value.first_name.as_deref(), Some("Amy"));
}

#[tokio::test]
async fn a_name_is_free_again_after_its_user_is_deleted() {
    let store = store();
    let first = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    store.delete_user(&service(), &first.id).await.unwrap();
    let second = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    assert_ne!(first.id, second.id);
}

#[rstest]
#[case::email(|new: &mut NewUser| new.email = Some("bad".into()), "email")]
#[case::long_email(|new: &mut NewUser| new.email = Some(format!("{}@x", "a".repeat(254))), "email")]
#[case::first_name(|new: &mut NewUser| new.first_name = Some("x".repeat(256)), "firstName")]
#[case::last_name(|new: &mut NewUser| new.last_name = Some("a\0".into()), "lastName")]
#[case::attribute(|new: &mut NewUser| new.attributes = attributes("big", &[&"x".repeat(2049)]), "big")]
#[case::two_values(|new: &mut NewUser| new.attributes = attributes("predefinedEnvs", &["a", "b"]), "predefinedEnvs")]
#[tokio::test]
async fn values_that_do_not_fit_are_refused(#[case] spoil: fn(&mut NewUser), #[case] field: &str) {
    let store = store();
    let before = store.directory();
    let mut new = new_user("amy");
    spoil(&mut new);
    let error = store.create_user(&service(), new).await.unwrap_err();
    assert_eq!(field_of(&error), Some(field));
    assert!(unchanged(&before, &store));
}

#[tokio::test]
async fn no_more_users_than_allowed() {
    let store = store();
    let limited = |username: &str| {
        let mut new = new_user(username);
        new.at_most = Some(1);
        new
    };
    store.ensure_service_account(&service(), "admin-ui").await.unwrap();
    store.create_user(&service(), limited("amy")).await.unwrap();
    let error = store.create_user(&service(), limited("bob")).await.unwrap_err();
    assert_eq!(error, IdentityError::LimitReached { limit: 1 });
    assert_eq!(store.directory().people_count(), 1);
}

#[tokio::test]
async fn an_edit_changes_what_it_names() {
    let store = store();
    let mut new = with_email("amy", "amy@example.com");
    new.last_name = Some("Lee".into());
    new.attributes = attributes("from-elsewhere", &["c", "a", "b", "a"]);
    let amy = store.create_user(&service(), new).await.unwrap().value;

    let mut edit = UserEdit { first_name: Edit::Set("Amy".into()), enabled: Some(false), ..UserEdit::default() };
    edit.attributes.set("volumeCapacity", "30G");
    let amy = store.edit_user(&service(), &amy.id, edit).await.unwrap().value;
    assert_eq!((amy.first_name.as_deref(), amy.last_name.as_deref()), (Some("Amy"), Some("Lee")));
    assert_eq!((amy.email.as_deref(), amy.enabled), (Some("amy@example.com"), false));
    assert_eq!(amy.attributes.all("from-elsewhere"), ["c", "a", "b", "a"]);
    assert_eq!(amy.attributes.first("volumeCapacity"), Some("30G"));

    let edit = UserEdit { last_name: Edit::Clear, email: Edit::Set(String::new()), ..UserEdit::default() };
    let amy = store.edit_user(&service(), &amy.id, edit).await.unwrap().value;
    assert_eq!((amy.last_name.as_deref(), amy.email.as_deref(), amy.first_name.as_deref()), (None, None, Some("Amy")));
    assert!(store.directory().user_with_email("amy@example.com").is_none());
}

#[rstest]
#[case::no_edit(UserEdit::default())]
#[case::same_values(UserEdit { email: Edit::Set("AMY@example.com".into()), enabled: Some(true), ..UserEdit::default() })]
#[tokio::test]
async fn an_edit_without_effect_makes_no_new_picture(#[case] edit: UserEdit) {
    let store = store();
    let written = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap();
    let before = store.directory();
    let again = store.edit_user(&service(), &written.value.id, edit).await.unwrap();
    assert_eq!(again, written);
    assert!(unchanged(&before, &store));
}

#[rstest]
#[case::email(UserEdit { email: Edit::Set("Bob@example.com".into()), ..UserEdit::default() }, Conflict::Email)]
#[case::username(UserEdit { username: Some("bob".parse().unwrap()), ..UserEdit::default() }, Conflict::Username)]
#[case::both(
    UserEdit { username: Some("bob".parse().unwrap()), email: Edit::Set("bob@example.com".into()), ..UserEdit::default() },
    Conflict::Email
)]
#[tokio::test]
async fn an_edit_does_not_take_what_others_have(#[case] edit: UserEdit, #[case] conflict: Conflict) {
    let store = store();
    store.create_user(&service(), with_email("bob", "bob@example.com")).await.unwrap();
    let amy = add_user(&store, "amy").await;
    let before = store.directory();
    assert_eq!(store.edit_user(&service(), &amy.id, edit).await.unwrap_err(), IdentityError::Conflict(conflict));
    assert!(unchanged(&before, &store));
}

#[rstest]
#[case::email(UserEdit { email: Edit::Set("bad".into()), ..UserEdit::default() }, "email")]
#[case::first_name(UserEdit { first_name: Edit::Set("<".into()), ..UserEdit::default() }, "firstName")]
#[case::last_name(UserEdit { last_name: Edit::Set("x".repeat(256)), ..UserEdit::default() }, "lastName")]
#[case::second_value(
    UserEdit { attributes: change("volumeCapacity", "2G"), enabled: Some(false), ..UserEdit::default() },
    "volumeCapacity"
)]
#[tokio::test]
async fn an_edit_that_does_not_fit_changes_nothing(#[case] edit: UserEdit, #[case] field: &str) {
    let store = store();
    let mut new = new_user("amy");
    new.attributes = attributes("volumeCapacity", &["1G"]);
    let amy = store.create_user(&service(), new).await.unwrap().value;
    let before = store.directory();
    let error = store.edit_user(&service(), &amy.id, edit).await.unwrap_err();
    assert_eq!(field_of(&error), Some(field));
    assert!(unchanged(&before, &store));
}

fn change(name: &str, value: &str) -> AttributeEdits {
    let mut edits = AttributeEdits::default();
    edits.put(name, AttributeEdit::Change { add: texts(&[value]), remove: Vec::new() });
    edits
}

#[tokio::test]
async fn a_renamed_user_keeps_groups_and_frees_the_name() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let edit = UserEdit { username: Some("zoe".parse().unwrap()), ..UserEdit::default() };
    let zoe = store.edit_user(&service(), &amy.id, edit).await.unwrap().value;
    let directory = store.directory();
    assert_eq!((&*zoe.username, &zoe.id), ("zoe", &amy.id));
    assert!(directory.user_named("amy").is_none());
    let members: Vec<_> = directory.members(directory.everyone_id()).map(|user| &*user.username).collect();
    assert_eq!(members, ["zoe"]);
}

#[tokio::test]
async fn a_new_email_address_has_to_be_verified_again() {
    let store = store();
    let amy = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    let verified = |draft: &mut crate::identity::draft::Draft<'_>| {
        let mut user = primehub_core::identity::User::clone(&amy);
        user.email_verified = true;
        Ok(draft.replace_user(amy.clone(), user))
    };
    store.write(&service(), verified).await.unwrap();
    let edit = |email: &str| UserEdit { email: Edit::Set(email.into()), ..UserEdit::default() };
    let kept = store.edit_user(&service(), &amy.id, edit("AMY@example.com")).await.unwrap().value;
    assert!(kept.email_verified);
    let changed = store.edit_user(&service(), &amy.id, edit("amy@example.org")).await.unwrap().value;
    assert!(!changed.email_verified);
}

#[rstest]
#[case::text(&["x"], &["x"])]
#[case::empty(&[""], &[])]
#[case::blanks(&[" ", "\t"], &[])]
#[case::among_texts(&["c", "", "a", " ", "a"], &["c", "a", "a"])]
#[tokio::test]
async fn blank_values_of_users_are_not_stored(#[case] given: &[&str], #[case] stored: &[&str]) {
    let store = store();
    let mut new = new_user("amy");
    new.attributes = attributes("note", given);
    let amy = store.create_user(&service(), new).await.unwrap().value;
    assert_eq!(amy.attributes.all("note"), stored);
    let bob = add_user(&store, "bob").await;
    let mut edit = UserEdit::default();
    edit.attributes.set("note", "before");
    store.edit_user(&service(), &bob.id, edit).await.unwrap();
    let mut edit = UserEdit { first_name: Edit::Set(" ".into()), ..UserEdit::default() };
    edit.attributes.put("note", AttributeEdit::Set(texts(given)));
    let bob = store.edit_user(&service(), &bob.id, edit).await.unwrap().value;
    assert_eq!((bob.attributes.all("note"), &bob.first_name), (&*texts(stored), &None));
}

#[tokio::test]
async fn a_deleted_user_is_gone_everywhere() {
    let store = store();
    let amy = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    let deleted = store.delete_user(&service(), &amy.id).await.unwrap();
    assert_eq!(deleted.value, amy);
    let directory = store.directory();
    assert!(directory.user(&amy.id).is_none() && directory.user_with_email("amy@example.com").is_none());
    assert_eq!((directory.people_count(), directory.member_count(directory.everyone_id())), (0, 0));
}

#[tokio::test]
async fn who_is_not_there_is_absent() {
    let store = store();
    let nobody = UserId::new("nobody");
    let absent = IdentityError::Absent(Key::User(nobody.clone()));
    let edit = UserEdit { enabled: Some(true), ..UserEdit::default() };
    assert_eq!(store.edit_user(&service(), &nobody, edit).await.unwrap_err(), absent);
    assert_eq!(store.delete_user(&service(), &nobody).await.unwrap_err(), absent);
    assert_eq!(store.remove_one_time_passwords(&service(), &nobody).await.unwrap_err(), absent);
    assert_eq!(store.revoke_api_tokens(&service(), &nobody).await.unwrap_err(), absent);
}

#[tokio::test]
async fn a_service_account_is_made_once_and_is_no_person() {
    let store = store();
    let account = store.ensure_service_account(&service(), "admin-ui").await.unwrap().value;
    let again = store.ensure_service_account(&service(), "admin-ui").await.unwrap().value;
    assert!(Arc::ptr_eq(&account, &again));
    let directory = store.directory();
    assert_eq!((&*account.username, directory.people_count()), ("service-account-admin-ui", 0));
    assert!(directory.is_member(&account.id, directory.everyone_id()));
    add_user(&store, "service-account-other").await;
    let error = store.ensure_service_account(&service(), "other").await.unwrap_err();
    assert_eq!(error, IdentityError::Conflict(Conflict::Username));
}
