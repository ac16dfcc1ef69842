//! What facts change, whom they touch, and what they ask for.

use std::collections::BTreeSet;

use primehub_core::identity::{Invitation, InvitationId, Key, RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};
use rstest::rstest;
use serde_json::{Value, json};

use super::{Draft, Drafted};
use crate::mirror::picture::Picture;
use crate::mirror::target::Target;

fn row<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

fn user(id: &str) -> UserId {
    UserId::new(id)
}

fn group(id: &str) -> GroupId {
    GroupId::new(id)
}

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

fn administrator() -> RoleKey {
    RoleKey::administrator("primehub")
}

fn invitation(expires: i64) -> Invitation {
    let at = jiff::Timestamp::from_second(expires).unwrap();
    Invitation::new(InvitationId::of_token("t"), group("lab"), at)
}

/// Amy and Bob in the lab, which has a room with Bob in it; `ops` contains the administrator role, Amy holds it.
fn picture() -> Picture {
    let mut draft = Draft::new(Picture::new("primehub", None));
    draft.put_role_as(primehub_core::identity::Role::new(administrator()), "ra".into());
    draft.put_role(row(json!({"id": "r1", "name": "cpu"})), BTreeSet::new());
    draft.put_role(row(json!({"id": "r2", "name": "ops"})), set([administrator()]));
    draft.put_group(row(json!({"id": "lab", "name": "lab", "realmRoles": ["cpu"]})));
    draft.put_group(row(json!({"id": "room", "name": "room", "parentId": "lab"})));
    draft.put_user(row(json!({"id": "amy", "username": "amy", "email": "amy@example.com", "enabled": true})));
    draft.put_user(row(json!({"id": "bob", "username": "bob", "enabled": true})));
    draft.join(&user("amy"), &group("lab"));
    draft.join(&user("bob"), &group("room"));
    draft.grant(&Subject::User(user("amy")), &RoleKey::realm("ops"));
    draft.put_invitation(invitation(1));
    draft.set_default_groups(set([group("lab")]));
    draft.finish().picture
}

type Facts = fn(&mut Draft<'_>);

fn key_of(name: &str) -> Key {
    match name {
        "amy" | "bob" | "cyd" => Key::User(user(name)),
        "lab" | "room" => Key::Group(group(name)),
        "realm" => Key::Realm,
        "invitation" => Key::Invitation(InvitationId::of_token("t")),
        role => Key::Role(RoleKey::realm(role)),
    }
}

#[rstest]
#[case::same_user(|draft: &mut Draft<'_>| draft.put_user(row(json!({"id": "bob", "username": "bob", "enabled": true}))), &[])]
#[case::other_user(|draft: &mut Draft<'_>| draft.put_user(row(json!({"id": "bob", "username": "bob"}))), &["bob"])]
#[case::new_user(|draft: &mut Draft<'_>| draft.put_user(row(json!({"id": "cyd", "username": "cyd"}))), &["cyd"])]
#[case::user_gone(|draft: &mut Draft<'_>| draft.remove_user(&user("bob")), &["bob"])]
#[case::nobody_gone(|draft: &mut Draft<'_>| draft.remove_user(&user("cyd")), &[])]
#[case::same_memberships(|draft: &mut Draft<'_>| draft.set_memberships(&user("amy"), set([group("lab")])), &[])]
#[case::no_memberships(|draft: &mut Draft<'_>| draft.set_memberships(&user("amy"), set([])), &["amy"])]
#[case::joins_again(|draft: &mut Draft<'_>| draft.join(&user("amy"), &group("lab")), &[])]
#[case::leaves(|draft: &mut Draft<'_>| draft.leave(&user("amy"), &group("lab")), &["amy"])]
#[case::leaves_what_it_is_not_in(|draft: &mut Draft<'_>| draft.leave(&user("bob"), &group("lab")), &[])]
#[case::same_group(|draft: &mut Draft<'_>| draft.put_group(row(json!({"id": "lab", "name": "lab", "realmRoles": ["cpu"]}))), &[])]
#[case::group_without_roles(|draft: &mut Draft<'_>| draft.put_group(row(json!({"id": "lab", "name": "lab"}))), &["lab"])]
#[case::group_renamed(
    |draft: &mut Draft<'_>| draft.put_group(row(json!({"id": "lab", "name": "Lab", "realmRoles": ["cpu"]}))), &["lab", "amy"])]
#[case::roles_of_other_clients(
    |draft: &mut Draft<'_>| draft.put_group(row(json!({"id": "lab", "name": "lab", "realmRoles": ["cpu"], "clientRoles": {"x": ["y"]}}))),
    &[])]
#[case::group_gone_with_what_is_in_it(|draft: &mut Draft<'_>| draft.remove_group(&group("lab")), &["lab", "room", "amy", "bob", "realm"])]
#[case::role_gone(|draft: &mut Draft<'_>| draft.remove_role(&RoleKey::realm("cpu")), &["cpu", "lab"])]
#[case::role_of_administrators_gone(|draft: &mut Draft<'_>| draft.remove_role(&RoleKey::realm("ops")), &["ops", "amy"])]
#[case::role_without_contents(
    |draft: &mut Draft<'_>| draft.put_role(row(json!({"id": "r2", "name": "ops"})), BTreeSet::new()), &["ops", "amy"])]
#[case::role_renamed(
    |draft: &mut Draft<'_>| draft.put_role(row(json!({"id": "r1", "name": "gpu"})), BTreeSet::new()), &["cpu", "gpu", "lab"])]
#[case::role_of_invitations(
    |draft: &mut Draft<'_>| draft.put_role(row(json!({"id": "r3", "name": "invitation"})), BTreeSet::new()), &[])]
#[case::a_users_ordinary_role_is_not_followed(
    |draft: &mut Draft<'_>| draft.grant(&Subject::User(user("bob")), &RoleKey::realm("cpu")), &[])]
#[case::a_user_becomes_administrator(|draft: &mut Draft<'_>| draft.grant(&Subject::User(user("bob")), &administrator()), &["bob"])]
#[case::grants_replaced(|draft: &mut Draft<'_>| draft.set_user_grants(&user("amy"), set([])), &["amy"])]
#[case::same_grants(|draft: &mut Draft<'_>| draft.set_user_grants(&user("amy"), set([RoleKey::realm("ops")])), &[])]
#[case::same_invitation(|draft: &mut Draft<'_>| draft.put_invitation(invitation(1)), &[])]
#[case::other_invitation(|draft: &mut Draft<'_>| draft.put_invitation(invitation(2)), &["invitation"])]
#[case::no_invitations(|draft: &mut Draft<'_>| draft.set_invitations([].into()), &["invitation"])]
#[case::realm_renamed(
    |draft: &mut Draft<'_>| draft.put_realm_row(row(json!({"id": "realm", "displayName": "X"}))), &["realm"])]
#[case::same_realm(|draft: &mut Draft<'_>| draft.put_realm_row(row(json!({"id": "realm"}))), &[])]
#[case::no_default_groups(|draft: &mut Draft<'_>| draft.set_default_groups(set([])), &["realm"])]
fn what_looks_different_is_what_has_changed(#[case] facts: Facts, #[case] changed: &[&str]) {
    let mut draft = Draft::new(picture());
    facts(&mut draft);
    let Drafted { picture, changed: found, .. } = draft.finish();
    assert_eq!(found, changed.iter().map(|name| key_of(name)).collect());
    // The same facts again are nothing new.
    let mut draft = Draft::new(picture);
    facts(&mut draft);
    assert_eq!(draft.finish().changed, BTreeSet::new());
}

#[rstest]
#[case::same_name(
    |draft: &mut Draft<'_>| draft.put_user(row(json!({"id": "new", "username": "bob"}))), &[Target::User(user("bob"))])]
#[case::same_email(
    |draft: &mut Draft<'_>| draft.put_user(row(json!({"id": "new", "username": "n", "email": "Amy@example.com"}))),
    &[Target::User(user("amy"))])]
#[case::unknown_group(|draft: &mut Draft<'_>| draft.join(&user("amy"), &group("new")), &[Target::User(user("amy"))])]
#[case::unknown_user(|draft: &mut Draft<'_>| draft.join(&user("new"), &group("lab")), &[Target::User(user("new"))])]
#[case::unknown_role(
    |draft: &mut Draft<'_>| draft.put_group(row(json!({"id": "room", "name": "room", "parentId": "lab", "realmRoles": ["new"]}))),
    &[Target::Group(group("room")), Target::Role(RoleKey::realm("new"))])]
#[case::unknown_parent(
    |draft: &mut Draft<'_>| draft.put_group(row(json!({"id": "room", "name": "room", "parentId": "new"}))),
    &[Target::Group(group("new")), Target::Group(group("room"))])]
#[case::another_role_of_the_same_name(
    |draft: &mut Draft<'_>| draft.put_role(row(json!({"id": "r9", "name": "cpu"})), BTreeSet::new()), &[Target::Group(group("lab"))])]
#[case::a_role_that_makes_administrators_now(
    |draft: &mut Draft<'_>| draft.put_role(row(json!({"id": "r1", "name": "cpu"})), set([RoleKey::realm("ops")])),
    &[Target::Role(RoleKey::realm("cpu"))])]
#[case::roles_that_a_list_lacks(
    |draft: &mut Draft<'_>| draft.set_roles(vec![(row(json!({"id": "r1", "name": "cpu"})), BTreeSet::new())]),
    &[Target::Role(RoleKey::realm("ops"))])]
fn what_is_named_and_not_known_is_read(#[case] facts: Facts, #[case] again: &[Target]) {
    let mut draft = Draft::new(picture());
    facts(&mut draft);
    assert_eq!(draft.finish().again, again.iter().cloned().collect());
}

#[test]
fn what_is_not_admitted_changes_nothing_and_is_read() {
    let mut draft = Draft::admitting(picture(), |key| *key != Key::User(user("bob")));
    draft.put_user(row(json!({"id": "bob", "username": "robert"})));
    draft.set_memberships(&user("bob"), set([group("lab")]));
    draft.leave(&user("amy"), &group("lab"));
    let drafted = draft.finish();
    assert_eq!(drafted.changed, set([Key::User(user("amy"))]));
    assert_eq!(drafted.again, set([Target::User(user("bob"))]));
    assert_eq!(&*drafted.picture.directory.user(&user("bob")).unwrap().username, "bob");
}

#[test]
fn the_group_of_everybody_is_that_of_the_settings_or_the_one_with_the_name() {
    let everyone = |draft: Draft<'_>| {
        let picture = draft.finish().picture;
        (picture.directory.everyone_id().to_string(), picture)
    };
    let mut draft = Draft::new(Picture::new("primehub", Some(group("chosen"))));
    draft.put_group(row(json!({"id": "g1", "name": "everyone"})));
    let (id, picture) = everyone(draft);
    assert_eq!(id, "g1");
    let mut draft = Draft::new(picture);
    draft.put_group(row(json!({"id": "chosen", "name": "all"})));
    let (id, picture) = everyone(draft);
    assert_eq!(id, "chosen");
    let mut draft = Draft::new(picture);
    draft.remove_group(&group("chosen"));
    assert_eq!(everyone(draft).0, "g1");
}
