//! Rights that come and go with accounts.

use primehub_core::identity::{Actor, Binding, IdentityStore as _, NewUser, Subject, attribute};
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::{Answer, Harness};

async fn update(harness: &Harness, username: &str, data: Value) -> Answer {
    const UPDATE: &str = "mutation ($data: UserUpdateInput!, $where: UserWhereUniqueInput!) \
        { updateUser(data: $data, where: $where) { id isAdmin } }";
    let variables = json!({ "data": data, "where": { "id": harness.user_id(username).as_str() } });
    harness.run(harness.caller("amy"), UPDATE, variables).await
}

/// Dan administers the platform because the members of `ops` do.
async fn with_administrators_by_group() -> Harness {
    let harness = Harness::new().await;
    let role = harness.directory().administrator_role().clone();
    harness.bind(Binding::Grant { to: Subject::Group(harness.group_id("ops")), role }).await;
    harness.bind(Binding::Join { user: harness.user_id("dan"), group: harness.group_id("ops") }).await;
    harness
}

#[tokio::test]
async fn do_better_3_6_10_an_administrator_through_a_group_is_one_everywhere() {
    let harness = with_administrators_by_group().await;
    let data = harness.run_as("dan", "{ me { isAdmin } users { username isAdmin } }").await.data();
    assert_eq!(data["me"]["isAdmin"], true);
    assert_eq!(data["users"][3], json!({ "username": "dan", "isAdmin": true }));
    harness.run_as("dan", "mutation { createUser(data: { username: \"eve\", isAdmin: true }) { id } }").await.data();
}

#[rstest]
#[case::demoting(json!({ "isAdmin": false }), "NOT_AUTH: you cannot take the administrator's rights from your own account")]
#[case::disabling(json!({ "enabled": false }), "NOT_AUTH: you cannot disable your own account")]
#[tokio::test]
async fn do_better_6_7_8_nobody_locks_themselves_out(#[case] data: Value, #[case] error: &str) {
    let harness = Harness::new().await;
    assert_eq!(update(&harness, "amy", data).await.error(), error);
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn rights_are_given_and_taken() {
    let harness = Harness::new().await;
    assert_eq!(update(&harness, "dan", json!({ "isAdmin": true })).await.data()["updateUser"]["isAdmin"], true);
    assert_eq!(update(&harness, "dan", json!({ "isAdmin": false })).await.data()["updateUser"]["isAdmin"], false);
    assert_eq!(harness.store.take_calls(), ["bind", "bind"]);
}

#[tokio::test]
async fn a_form_that_sends_back_what_it_has_read_changes_no_rights() {
    let harness = with_administrators_by_group().await;
    update(&harness, "dan", json!({ "isAdmin": true })).await.data();
    update(&harness, "bob", json!({ "isAdmin": false })).await.data();
    update(&harness, "bob", json!({ "isAdmin": null })).await.data();
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn rights_that_come_from_a_group_cannot_be_taken_from_one_member() {
    let harness = with_administrators_by_group().await;
    let error = update(&harness, "dan", json!({ "isAdmin": false, "lastName": "D" })).await.error();
    let expected =
        "REQUEST_BODY_INVALID: isAdmin cannot be taken away here: it comes from a group or from another role";
    assert_eq!(error, expected);
    assert!(harness.store.take_calls().is_empty());
}

/// Only dan administers the platform, through `ops`.
async fn with_the_last_administrator_in_ops() -> Harness {
    let harness = with_administrators_by_group().await;
    let role = harness.directory().administrator_role().clone();
    harness.bind(Binding::Revoke { from: Subject::User(harness.user_id("amy")), role }).await;
    harness
}

#[rstest]
#[case::the_user_leaves(
    r#"mutation { updateUser(where: { id: "DAN" }, data: { groups: { disconnect: { id: "OPS" } } }) { id } }"#,
    "take this user out of these groups"
)]
#[case::the_group_lets_the_user_go(
    r#"mutation { updateGroup(where: { id: "OPS" }, data: { users: { disconnect: { id: "DAN" } } }) { id } }"#,
    "take these members out of the group"
)]
#[case::the_group_is_deleted(r#"mutation { deleteGroup(where: { id: "OPS" }) { id } }"#, "delete this group")]
#[tokio::test]
async fn the_last_administrator_stays_in_the_group_that_makes_one(#[case] document: &str, #[case] what: &str) {
    let harness = with_the_last_administrator_in_ops().await;
    let ids = |document: &str| {
        document.replace("DAN", harness.user_id("dan").as_str()).replace("OPS", harness.group_id("ops").as_str())
    };
    let error = harness.run_as("dan", &ids(document)).await.error();
    assert_eq!(error, format!("NOT_AUTH: you cannot {what}: nobody would be left to administer the platform"));
    assert!(harness.store.take_calls().is_empty());
    let role = harness.directory().administrator_role().clone();
    harness.bind(Binding::Grant { to: Subject::User(harness.user_id("bob")), role }).await;
    harness.run_as("dan", &ids(document)).await.data();
}

#[tokio::test]
async fn a_groups_administrator_makes_no_administrators_of_the_platform() {
    let harness = with_administrators_by_group().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["bob"]).await;
    let document = format!(
        "mutation {{ updateGroup(where: {{ id: \"{}\" }}, data: {{ users: {{ connect: {{ id: \"{}\" }} }} }}) {{ id }} }}",
        harness.group_id("ops"),
        harness.user_id("cat")
    );
    let why = "only a platform administrator may add members to a group that makes administrators";
    assert_eq!(harness.run_as("bob", &document).await.error(), format!("NOT_AUTH: user not auth: {why}"));
    assert!(!harness.directory().is_administrator(&harness.user_id("cat")));
    harness.run_as("amy", &document).await.data();
    assert!(harness.directory().is_administrator(&harness.user_id("cat")));
}

#[tokio::test]
async fn do_better_6_7_8_whoever_leaves_a_group_stops_to_administer_it() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["bob", "cat"]).await;
    harness.set_group_attribute("lab", attribute::ADMINS, &["cat", "bob"]).await;
    let lab = harness.group_id("lab");
    update(&harness, "bob", json!({ "groups": { "disconnect": [{ "id": lab.as_str() }] } })).await.data();
    assert_eq!(harness.group_attribute("lab", attribute::ADMINS), ["cat"]);
    assert_eq!(harness.group_attribute("ops", attribute::ADMINS), ["bob", "cat"]);
    assert_eq!(harness.groups_of("bob"), ["everyone"]);
}

#[tokio::test]
async fn do_better_6_7_8_a_new_name_takes_over_the_administrators_lists() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["bob", "cat"]).await;
    let lab = harness.group_id("lab");
    update(&harness, "bob", json!({ "username": "rob", "groups": { "disconnect": [{ "id": lab.as_str() }] } }))
        .await
        .data();
    assert_eq!(harness.group_attribute("ops", attribute::ADMINS), ["cat", "rob"]);
    assert!(harness.group_attribute("lab", attribute::ADMINS).is_empty());
}

#[tokio::test]
async fn a_name_that_new_accounts_cannot_have_is_kept() {
    let harness = Harness::new().await;
    harness.add_user("service-account-hub").await;
    update(&harness, "service-account-hub", json!({ "username": "service-account-hub", "lastName": "H" })).await.data();
    for name in ["Dan", "service-account-dan"] {
        let error = update(&harness, "dan", json!({ "username": name })).await.error();
        assert!(error.starts_with(&format!("REQUEST_BODY_INVALID: username cannot be {name:?}")), "{error}");
    }
}

#[tokio::test]
async fn do_better_6_7_8_the_next_owner_of_a_name_inherits_nothing() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["cat", "bob"]).await;
    let document = format!("mutation {{ deleteUser(where: {{ id: \"{}\" }}) {{ id }} }}", harness.user_id("bob"));
    harness.run_as("amy", &document).await.data();
    assert_eq!(harness.store.take_calls(), ["edit_group", "edit_group", "delete_user"]);
    harness.memory.create_user(&Actor::service(), NewUser::new("bob".parse().unwrap())).await.unwrap();
    assert_eq!(harness.directory().groups_administered_by("bob").count(), 0);
    assert_eq!(harness.group_attribute("ops", attribute::ADMINS), ["cat"]);
}

#[tokio::test]
async fn two_administrators_cannot_take_the_rights_from_each_other_at_once() {
    let harness = Harness::new().await;
    update(&harness, "dan", json!({ "isAdmin": true })).await.data();
    let document = "mutation($id: ID!) { updateUser(where: {id: $id}, data: {isAdmin: false}) { id } }";
    let demote = |by: &str, whom: &str| {
        harness.run(harness.caller(by), document, json!({ "id": harness.user_id(whom).as_str() }))
    };
    // Both callers were let in while both were administrators.
    let (one, other) = tokio::join!(demote("amy", "dan"), demote("dan", "amy"));
    assert_eq!([one, other].iter().filter(|answer| !answer.errors().is_empty()).count(), 1);
    assert_eq!(harness.directory().administrators().count(), 1);
}

#[tokio::test]
async fn a_name_that_somebody_left_behind_elsewhere_gives_no_rights() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["cat", "eve"]).await;
    harness.run_as("amy", r#"mutation { createUser(data: {username: "eve"}) { id } }"#).await.data();
    assert_eq!(harness.group_attribute("ops", attribute::ADMINS), ["cat"]);
    let record = harness.audit().pop().unwrap();
    assert_eq!(record.targets, [harness.user_id("eve").to_string()], "the record names what was created");
}

#[tokio::test]
async fn an_account_that_is_not_created_takes_no_rights_away() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["cat", "eve"]).await;
    harness.store.fail_unavailable("create_user");
    harness.run_as("amy", r#"mutation { createUser(data: {username: "eve"}) { id } }"#).await.error();
    assert_eq!(harness.group_attribute("ops", attribute::ADMINS), ["cat", "eve"]);
}

#[tokio::test]
async fn an_account_that_would_inherit_rights_is_not_created() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["cat", "eve"]).await;
    harness.store.fail_unavailable("edit_group");
    let error = harness.run_as("amy", r#"mutation { createUser(data: {username: "eve"}) { id } }"#).await.error();
    assert!(error.starts_with("API_UNAVAILABLE: user eve was not created: "), "{error}");
    assert!(harness.directory().user_named("eve").is_none());
}
