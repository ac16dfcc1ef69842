use futures::{FutureExt as _, StreamExt as _};
use primehub_core::identity::{
    AttributeEdit, Binding, Change, Conflict, GroupEdit, IdentityError, IdentityStore as _, Key, RoleKey, Subject,
};
use primehub_core::names::GroupId;
use rstest::rstest;

use super::*;

fn set(name: &str, value: &str) -> GroupEdit {
    let mut edit = GroupEdit::default();
    edit.attributes.set(name, value);
    edit
}

#[rstest]
#[case::same("Team_A", "Team_A")]
#[case::case_differs("Team_A", "team_a")]
#[case::dash_for_underscore("Team_A", "team-a")]
#[case::everyone("research", "Everyone")]
#[tokio::test]
async fn names_with_the_same_path_are_refused(#[case] first: &str, #[case] second: &str) {
    let store = store();
    add_group(&store, first).await;
    let before = store.directory();
    let error = store.create_group(&service(), new_group(second)).await.unwrap_err();
    assert_eq!(error, IdentityError::Conflict(Conflict::GroupName));
    assert!(unchanged(&before, &store));
}

#[tokio::test]
async fn no_more_groups_than_allowed_and_everyone_does_not_count() {
    let store = store();
    let limited = |name: &str| {
        let mut new = new_group(name);
        new.at_most = Some(1);
        new
    };
    store.create_group(&service(), limited("one")).await.unwrap();
    let error = store.create_group(&service(), limited("two")).await.unwrap_err();
    assert_eq!(error, IdentityError::LimitReached { limit: 1 });
}

#[rstest]
#[case::fits(255, None)]
#[case::too_long(256, Some("displayName"))]
#[tokio::test]
async fn a_value_of_a_group_has_at_most_255_characters(#[case] length: usize, #[case] field: Option<&str>) {
    let store = store();
    let value = "組".repeat(length);
    let mut new = new_group("made");
    new.attributes = attributes("displayName", &[&value]);
    let made = store.create_group(&service(), new).await;
    assert_eq!(made.as_ref().err().and_then(field_of), field);
    let group = add_group(&store, "edited").await;
    let edited = store.edit_group(&service(), &group.id, set("displayName", &value)).await;
    assert_eq!(edited.as_ref().err().and_then(field_of), field);
    assert_eq!(made.is_ok(), edited.is_ok());
}

#[tokio::test]
async fn an_edit_keeps_what_it_does_not_name() {
    let store = store();
    let mut new = new_group("research");
    new.attributes = attributes("from-elsewhere", &["a", "b"]);
    let group = store.create_group(&service(), new).await.unwrap().value;
    let mut edit = set("quota-cpu", "2");
    edit.attributes.put("admins", AttributeEdit::Set(texts(&[""])));
    edit.attributes.put("note", AttributeEdit::Set(texts(&["c", "", "a", " ", "a"])));
    let group = store.edit_group(&service(), &group.id, edit).await.unwrap().value;
    assert_eq!(group.attributes.all("from-elsewhere"), ["a", "b"]);
    // Unlike those of users, attributes of groups keep blank texts.
    assert_eq!(group.attributes.all("admins"), [""]);
    assert_eq!(group.attributes.all("note"), ["c", "", "a", " ", "a"]);
    let mut edit = GroupEdit::default();
    edit.attributes.clear("quota-cpu");
    let group = store.edit_group(&service(), &group.id, edit).await.unwrap().value;
    assert_eq!(group.attributes.first("quota-cpu"), None);
    assert_eq!(store.directory().group_named("research"), Some(&group));
}

#[rstest]
#[case::as_expected(&[("admins", "amy")], true)]
#[case::absent_as_expected(&[("quota-cpu", "")], true)]
#[case::another_value(&[("admins", "bob")], false)]
#[case::absent_after_all(&[("admins", "")], false)]
#[case::one_of_two(&[("admins", "amy"), ("quota-cpu", "1")], false)]
#[tokio::test]
async fn an_edit_that_expects_something_else_changes_nothing(#[case] expected: &[(&str, &str)], #[case] met: bool) {
    let store = store();
    let mut new = new_group("research");
    new.attributes = attributes("admins", &["amy"]);
    let group = store.create_group(&service(), new).await.unwrap().value;
    let before = store.directory();
    let mut edit = set("admins", "zoe");
    let values = |value: &str| if value.is_empty() { Vec::new() } else { texts(&[value]) };
    edit.expecting = expected.iter().map(|(name, value)| ((*name).to_owned(), values(value))).collect();
    match store.edit_group(&service(), &group.id, edit).await {
        Ok(written) => assert!(met && written.value.attributes.all("admins") == ["zoe"]),
        Err(error) => {
            assert_eq!((error, met), (IdentityError::Conflict(Conflict::Expectation), false));
            assert!(unchanged(&before, &store));
        }
    }
}

#[tokio::test]
async fn an_edit_without_effect_makes_no_new_picture() {
    let store = store();
    let group = add_group(&store, "research").await;
    store.edit_group(&service(), &group.id, set("quota-cpu", "2")).await.unwrap();
    let before = store.directory();
    store.edit_group(&service(), &group.id, set("quota-cpu", "2")).await.unwrap();
    assert!(unchanged(&before, &store));
}

#[tokio::test]
async fn a_deleted_group_takes_memberships_and_grants_along() {
    let store = store();
    let (amy, group) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let administrator = RoleKey::administrator("primehub");
    let bindings = [
        Binding::Join { user: amy.id.clone(), group: group.id.clone() },
        Binding::Grant { to: Subject::Group(group.id.clone()), role: administrator.clone() },
    ];
    store.bind(&service(), &bindings).await.unwrap();
    assert!(store.directory().is_administrator(&amy.id));
    let deleted = store.delete_group(&service(), &group.id).await.unwrap();
    assert_eq!(deleted.value, group);
    let directory = store.directory();
    assert!(!directory.is_administrator(&amy.id) && directory.groups_with_role(&administrator).next().is_none());
    assert_eq!(directory.groups_of(&amy.id).count(), 1);
    add_group(&store, "research").await;
}

#[tokio::test]
async fn a_deleted_group_takes_nested_ones_along() {
    let store = store();
    let (amy, parent) = (add_user(&store, "amy").await, add_group(&store, "research").await);
    let nest = |id: &str, within: &str| {
        let mut group = Group::new(GroupId::new(id), id);
        group.parent = Some(GroupId::new(within));
        group
    };
    let (nested, deep) = (nest("nested", parent.id.as_str()), nest("deep", "nested"));
    let (nested_id, deep_id) = (nested.id.clone(), deep.id.clone());
    let imported = |draft: &mut crate::identity::draft::Draft<'_>| {
        draft.directory.put_group(nested);
        draft.directory.put_group(deep);
        draft.directory.join(&amy.id, &deep_id);
        draft.touch(Key::Group(deep_id.clone()));
        Ok(())
    };
    store.write(&service(), imported).await.unwrap();
    let mut changes = store.changes(None);
    let written = store.delete_group(&service(), &parent.id).await.unwrap();
    let directory = store.directory();
    assert!(directory.group(&nested_id).is_none() && directory.group(&deep_id).is_none());
    assert_eq!(directory.groups_of(&amy.id).count(), 1);
    let Some(Some(Change::Touched { revision, mut keys })) = changes.next().now_or_never() else { panic!("no change") };
    let mut expected =
        [Key::User(amy.id.clone()), Key::Group(parent.id.clone()), Key::Group(nested_id), Key::Group(deep_id)];
    keys.sort();
    expected.sort();
    assert_eq!((revision, keys.as_slice()), (written.revision, &expected[..]));
}

#[tokio::test]
async fn a_deleted_default_group_is_joined_by_nobody() {
    let store = store();
    let everyone = store.directory().everyone_id().clone();
    store.delete_group(&service(), &everyone).await.unwrap();
    assert!(store.directory().realm().default_groups.is_empty());
    let amy = add_user(&store, "amy").await;
    assert_eq!(store.directory().groups_of(&amy.id).count(), 0);
}

#[tokio::test]
async fn what_is_not_there_is_absent() {
    let store = store();
    let nothing = GroupId::new("nothing");
    let absent = IdentityError::Absent(Key::Group(nothing.clone()));
    assert_eq!(store.edit_group(&service(), &nothing, set("quota-cpu", "1")).await.unwrap_err(), absent);
    assert_eq!(store.delete_group(&service(), &nothing).await.unwrap_err(), absent);
}
