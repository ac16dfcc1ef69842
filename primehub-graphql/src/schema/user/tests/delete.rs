use serde_json::json;

use crate::schema::harness::{Answer, Harness};

async fn delete(harness: &Harness, id: &str) -> Answer {
    const DELETE: &str = "mutation DeleteUser($where: UserWhereUniqueInput!) { deleteUser(where: $where) { id username email enabled } }";
    harness.run(harness.caller("amy"), DELETE, json!({ "where": { "id": id } })).await
}

#[tokio::test]
async fn the_answer_is_the_user_who_was() {
    let harness = Harness::new().await;
    let id = harness.user_id("cat");
    let data = delete(&harness, id.as_str()).await.data();
    assert_eq!(data["deleteUser"], json!({ "id": id.as_str(), "username": "cat", "email": null, "enabled": true }));
    assert!(harness.directory().user(&id).is_none());
    assert_eq!(delete(&harness, id.as_str()).await.error(), "USER_NOT_EXIST: user does not exist");
}

#[tokio::test]
async fn do_better_6_7_8_nobody_deletes_themselves() {
    let harness = Harness::new().await;
    let error = delete(&harness, harness.user_id("amy").as_str()).await.error();
    assert_eq!(error, "NOT_AUTH: you cannot delete your own account");
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn a_group_that_cannot_be_cleaned_keeps_the_user() {
    let harness = Harness::new().await;
    harness.store.fail_unavailable("edit_group");
    let error = delete(&harness, harness.user_id("bob").as_str()).await.error();
    assert_eq!(error, "API_UNAVAILABLE: the identity provider is not available; nothing was changed");
    assert_eq!(harness.store.take_calls(), ["edit_group"]);
    harness.store.fail_unavailable("delete_user");
    let error = delete(&harness, harness.user_id("bob").as_str()).await.error();
    let expected = "PARTIAL_FAILURE: done: removing bob from the administrators of group lab; \
        failed: deleting the user: the identity provider is not available";
    assert_eq!(error, expected);
}

#[tokio::test]
async fn only_administrators_delete_users() {
    let harness = Harness::new().await;
    let document = format!("mutation {{ deleteUser(where: {{ id: \"{}\" }}) {{ id }} }}", harness.user_id("cat"));
    for answer in [harness.run_as("bob", &document).await, harness.run_as_server(&document).await] {
        assert_eq!(answer.error(), "NOT_AUTH: Not Authorised!");
        assert_eq!(answer.partial_data(), &json!({ "deleteUser": null }));
    }
}
