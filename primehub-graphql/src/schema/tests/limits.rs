//! How much one operation may ask for.

use std::sync::Arc;

use primehub_core::identity::{Directory, Group, User};
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::Harness;

/// The picture of the harness with more members in `lab`, and more groups.
fn grown(harness: &Harness, members: usize, groups: usize) -> Arc<Directory> {
    let mut directory = Directory::clone(&harness.directory());
    let lab = harness.group_id("lab");
    for number in 0..members {
        let id = format!("member-{number:05}");
        directory.put_user(User::new(id.as_str().into(), id.as_str()));
        directory.join(&id.as_str().into(), &lab);
    }
    for number in 0..groups {
        let id = format!("group-{number:05}");
        directory.put_group(Group::new(id.as_str().into(), id.as_str()));
    }
    Arc::new(directory)
}

/// The members of `lab`, asked for several times.
fn members(harness: &Harness, times: usize, fields: &str) -> String {
    let lists: Vec<_> = (0..times).map(|number| format!("list{number}: users {{ {fields} }}")).collect();
    format!("{{ group(where: {{ id: {:?} }}) {{ {} }} }}", harness.group_id("lab").as_str(), lists.join(" "))
}

#[tokio::test]
async fn an_administrator_reads_a_large_group_and_all_groups_at_once() {
    let harness = Harness::new().await;
    let directory = grown(&harness, 10_000, 5_000);
    let document = members(&harness, 1, "id username");
    let data = harness.run_in(directory.clone(), harness.caller("amy"), &document, json!({})).await.data();
    assert_eq!(data["group"]["list0"].as_array().unwrap().len(), 10_002);
    let document = "{ groupsConnection { edges { node { id name displayName } } } }";
    let data = harness.run_in(directory, harness.caller("amy"), document, json!({})).await.data();
    assert_eq!(data["groupsConnection"]["edges"].as_array().unwrap().len(), 5_002);
}

#[tokio::test]
async fn one_answer_has_only_so_many_rows() {
    let harness = Harness::new().await;
    let directory = grown(&harness, 3_998, 0);
    let document = members(&harness, 50, "id");
    let answer = harness.run_in(directory, harness.caller("amy"), &document, json!({})).await;
    let error = answer.error();
    assert!(error.starts_with("BAD_USER_INPUT: ask for fewer rows: an answer has at most 20000"), "{error}");
    let lists = answer.partial_data()["group"].as_object().unwrap();
    assert_eq!(lists.values().filter(|list| list.is_array()).count(), 5);
}

#[tokio::test]
async fn lists_within_lists_count() {
    let harness = Harness::new().await;
    let directory = grown(&harness, 200, 0);
    // Each of 202 members is in the group of the 202.
    let mut with_groups = Directory::clone(&directory);
    for number in 0..200 {
        with_groups.join(&format!("member-{number:05}").as_str().into(), &harness.group_id("lab"));
    }
    let document = "{ users(first: 300) { groups { users { id } } } }";
    let answer = harness.run_in(Arc::new(with_groups), harness.caller("amy"), document, json!({})).await;
    assert!(answer.error().starts_with("BAD_USER_INPUT: ask for fewer rows"), "{:?}", answer.errors());
}

#[tokio::test]
async fn one_answer_has_only_so_many_errors() {
    let harness = Harness::new().await;
    let directory = grown(&harness, 98, 0);
    let document = members(&harness, 20, "isAdmin");
    let answer = harness.run_in(directory, harness.caller("cat"), &document, json!({})).await;
    let errors = answer.errors();
    assert_eq!(errors.len(), 1_000);
    assert_eq!(errors[0], "NOT_AUTH: user not auth");
    assert_eq!(errors[999], "NOT_AUTH: user not auth (further errors are left out)");
    // Nothing is told instead of an error.
    let lists = answer.partial_data()["group"].as_object().unwrap().values().flat_map(|list| list.as_array().unwrap());
    let (own, others): (Vec<_>, Vec<_>) = lists.map(|row| &row["isAdmin"]).partition(|value| !value.is_null());
    assert_eq!((own.len(), others.len()), (20, 20 * 99));
}

#[rstest]
#[case::people("users", "username_contains")]
#[case::people_by_address("users", "email_contains")]
#[case::people_by_words("users", "search")]
#[case::groups("groups", "name_contains")]
#[case::groups_by_display_name("groups", "displayName_contains")]
#[case::groups_by_words("groups", "search")]
#[tokio::test]
async fn what_is_searched_is_short(#[case] list: &str, #[case] condition: &str) {
    let harness = Harness::new().await;
    let document = |text: &str| format!("{{ {list}(where: {{ {condition}: {text:?} }}) {{ id }} }}");
    harness.run_as("amy", &document(&"x".repeat(255))).await.data();
    let error = harness.run_as("amy", &document(&"x".repeat(256))).await.error();
    assert_eq!(error, format!("BAD_USER_INPUT: {condition} must not have more than 255 characters"));
}

#[rstest]
#[case::members(
    "mutation ($ids: [UserWhereUniqueInput!]) { updateGroup(where: { id: \"LAB\" }, data: { users: { connect: $ids } }) { id } }",
    "users.connect"
)]
#[case::leavers(
    "mutation ($ids: [UserWhereUniqueInput!]) { updateGroup(where: { id: \"LAB\" }, data: { users: { disconnect: $ids } }) { id } }",
    "users.disconnect"
)]
#[case::first_members(
    "mutation ($ids: [UserWhereUniqueInput!]) { createGroup(data: { name: \"new\", users: { connect: $ids } }) { id } }",
    "users.connect"
)]
#[case::groups(
    "mutation ($ids: [GroupWhereUniqueInput!]) { updateUser(where: { id: \"BOB\" }, data: { groups: { connect: $ids } }) { id } }",
    "groups.connect"
)]
#[case::groups_left(
    "mutation ($ids: [GroupWhereUniqueInput!]) { updateUser(where: { id: \"BOB\" }, data: { groups: { disconnect: $ids } }) { id } }",
    "groups.disconnect"
)]
#[case::first_groups(
    "mutation ($ids: [GroupWhereUniqueInput!]) { createUser(data: { username: \"eve\", groups: { connect: $ids } }) { id } }",
    "groups.connect"
)]
#[tokio::test]
async fn a_list_of_ids_has_an_end(#[case] document: &str, #[case] field: &str) {
    let harness = Harness::new().await;
    let document =
        document.replace("LAB", harness.group_id("lab").as_str()).replace("BOB", harness.user_id("bob").as_str());
    let ids: Vec<Value> = (0..1_001).map(|number| json!({ "id": number.to_string() })).collect();
    let error = harness.run(harness.caller("amy"), &document, json!({ "ids": ids })).await.error();
    assert_eq!(error, format!("BAD_USER_INPUT: {field} must not have more than 1000 entries"));
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn an_e_mail_goes_to_only_so_many() {
    let harness = Harness::new().await;
    let ids: Vec<_> = (0..1_001).map(|number| number.to_string()).collect();
    let document = "mutation ($ids: [String]) { sendMultiEmail(in: $ids) { status } }";
    let error = harness.run(harness.caller("amy"), document, json!({ "ids": ids })).await.error();
    assert_eq!(error, "BAD_USER_INPUT: in must not have more than 1000 entries");
}
