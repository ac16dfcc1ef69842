//! Accounts of clients look like absent users: whoever took the platform's own one apart would take the platform apart.

use primehub_core::access::Caller;
use primehub_core::identity::{Actor, Binding};
use primehub_core::names::UserId;
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::Harness;

const ABSENT_USER: &str = "USER_NOT_EXIST: user does not exist";

/// The account of a client, which somebody has put into the lab.
async fn harness() -> (Harness, UserId) {
    let harness = Harness::new().await;
    let client = harness.memory.ensure_service_account(&Actor::service(), "hub").await.unwrap().value.id.clone();
    harness.bind(Binding::Join { user: client.clone(), group: harness.group_id("lab") }).await;
    (harness, client)
}

#[rstest]
#[case::changed(r#"mutation { updateUser(where: {id: "CLIENT"}, data: {enabled: false}) { id } }"#)]
#[case::deleted(r#"mutation { deleteUser(where: {id: "CLIENT"}) { id } }"#)]
#[case::locked_out(r#"mutation { resetPassword(id: "CLIENT", password: "known") { id } }"#)]
#[case::written_to(r#"mutation { sendEmail(id: "CLIENT") { id } }"#)]
#[tokio::test]
async fn the_account_of_a_client_is_not_touched(#[case] document: &str) {
    let (harness, client) = harness().await;
    let before = harness.directory().user(&client).cloned();
    let run = |id: &str| document.replace("CLIENT", id);
    assert_eq!(harness.run_as("amy", &run(client.as_str())).await.error(), ABSENT_USER);
    assert_eq!(harness.run_as("amy", &run("nobody")).await.error(), ABSENT_USER, "as for everybody who is not there");
    assert!(harness.store.take_calls().is_empty());
    assert_eq!(harness.directory().user(&client).cloned(), before);
}

#[tokio::test]
async fn servers_do_not_write_to_it_either() {
    let (harness, client) = harness().await;
    let document =
        format!(r#"mutation {{ updateUser(where: {{id: "{client}"}}, data: {{predefinedEnvs: "x"}}) {{ id }} }}"#);
    assert_eq!(harness.run_as_server(&document).await.error(), ABSENT_USER);
}

#[tokio::test]
async fn several_messages_leave_it_out() {
    let (harness, client) = harness().await;
    harness.add_mail_server().await;
    let document = format!(r#"mutation {{ sendMultiEmail(in: ["{client}"]) {{ status }} }}"#);
    assert_eq!(harness.run_as("amy", &document).await.data(), json!({ "sendMultiEmail": { "status": false } }));
    assert!(harness.store.take_calls().is_empty());
}

#[rstest]
#[case::joins_a_new_group(r#"mutation { createGroup(data: {name: "new", users: {connect: {id: "CLIENT"}}}) { id } }"#)]
#[case::joins(r#"mutation { updateGroup(where: {id: "LAB"}, data: {users: {connect: {id: "CLIENT"}}}) { id } }"#)]
#[case::leaves(r#"mutation { updateGroup(where: {id: "LAB"}, data: {users: {disconnect: {id: "CLIENT"}}}) { id } }"#)]
#[tokio::test]
async fn it_does_not_join_or_leave(#[case] document: &str) {
    let (harness, client) = harness().await;
    let document = document.replace("CLIENT", client.as_str()).replace("LAB", harness.group_id("lab").as_str());
    let error = harness.run_as("amy", &document).await.error();
    assert_eq!(error, format!("RESOURCE_NOT_FOUND: there is no user with id {client}"));
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn nobody_finds_it() {
    let (harness, client) = harness().await;
    let user = "query ($id: ID!) { user(where: {id: $id}) { id } }";
    for caller in [harness.caller("amy"), harness.caller("bob"), Caller::SharedSecret] {
        let data = harness.run(caller, user, json!({ "id": client.as_str() })).await.data();
        assert_eq!(data, json!({ "user": null }));
    }
    let list = "query ($id: ID) { usersConnection(where: {id: $id}) { edges { cursor }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    for id in [client.as_str(), "nobody"] {
        let data = harness.run(harness.caller("amy"), list, json!({ "id": id })).await.data();
        let info = json!({ "hasNextPage": false, "hasPreviousPage": false, "startCursor": id, "endCursor": id });
        assert_eq!(data["usersConnection"], json!({ "edges": [], "pageInfo": info }));
    }
}

#[tokio::test]
async fn it_is_in_no_list_of_members() {
    let (harness, _) = harness().await;
    let names = |users: &Value| {
        let users = users.as_array().unwrap().iter();
        users.map(|user| user["username"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (group, expected) in [("lab", &["bob", "cat"][..]), ("everyone", &["amy", "bob", "cat", "dan"])] {
        let id = harness.group_id(group);
        let document = format!(r#"{{ group(where: {{id: "{id}"}}) {{ users {{ username }} }} }}"#);
        let data = harness.run_as("amy", &document).await.data();
        assert_eq!(names(&data["group"]["users"]), expected);
    }
}

#[tokio::test]
async fn a_client_that_calls_reads_its_own_account() {
    let (harness, client) = harness().await;
    let data = harness.run_as("service-account-hub", "{ me { id } }").await.data();
    assert_eq!(data["me"]["id"], client.as_str());
}
