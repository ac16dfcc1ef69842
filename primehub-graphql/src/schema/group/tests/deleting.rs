//! `deleteGroup` and what it would take along.

use primehub_core::identity::attribute;
use serde_json::json;

use crate::schema::harness::Harness;

fn delete(id: &str) -> String {
    format!("mutation {{ deleteGroup(where: {{id: {id:?}}}) {{ id name displayName users {{ username }} }} }}")
}

#[tokio::test]
async fn the_deleted_group_is_answered_as_it_was() {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", attribute::DISPLAY_NAME, &["The lab"]).await;
    let id = harness.group_id("lab");
    let expected = json!({"deleteGroup": {
        "id": id, "name": "lab", "displayName": "The lab", "users": [{"username": "bob"}, {"username": "cat"}],
    }});
    assert_eq!(harness.run_as("amy", &delete(id.as_str())).await.data(), expected);
    assert!(harness.directory().group(&id).is_none());
}

#[tokio::test]
async fn do_better_7_8_8_an_unknown_group_is_not_found() {
    let harness = Harness::new().await;
    let not_found = "RESOURCE_NOT_FOUND: there is no group with id x";
    assert_eq!(harness.run_as("amy", &delete("x")).await.error(), not_found);
    let document = "{ groupResourcesToBeDeleted(where: {id: \"x\"}) { datasets } }";
    assert_eq!(harness.run_as("amy", document).await.error(), not_found);
    let document = "mutation { updateGroup(where: {id: \"x\"}, data: {}) { id } }";
    assert_eq!(harness.run_as("amy", document).await.error(), not_found);
    // Whoever may not know learns nothing.
    assert_eq!(harness.run_as("bob", document).await.error(), "NOT_AUTH: user not auth");
}

#[tokio::test]
async fn do_better_7_8_8_the_group_of_everyone_cannot_be_deleted() {
    let harness = Harness::new().await;
    let id = harness.directory().everyone_id().clone();
    let error = harness.run_as("amy", &delete(id.as_str())).await.error();
    assert_eq!(error, "REQUEST_BODY_INVALID: where.id is the group of everyone, which cannot be deleted");
    assert!(harness.directory().everyone().is_some());
}

#[tokio::test]
async fn do_better_7_8_1_a_group_whose_volume_would_stay_behind_is_not_deleted() {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", attribute::ENABLED_SHARED_VOLUME, &["true"]).await;
    let error = harness.run_as("amy", &delete(harness.group_id("lab").as_str())).await.error();
    assert!(error.starts_with("API_UNAVAILABLE: deleting a group with a shared volume needs Kubernetes"), "{error}");
    assert!(harness.directory().group_named("lab").is_some());
}

#[tokio::test]
async fn without_store_and_kubernetes_only_what_lies_in_the_store_can_be_counted() {
    let harness = Harness::new().await;
    let fields = "apps datasets sharedFiles jobs schedules deployments";
    let document = format!(
        "{{ groupResourcesToBeDeleted(where: {{id: {:?}}}) {{ {fields} }} }}",
        harness.group_id("lab").as_str()
    );
    let answer = harness.run_as("amy", &document).await;
    let expected =
        json!({"apps": null, "datasets": 0, "sharedFiles": 0, "jobs": null, "schedules": null, "deployments": null});
    assert_eq!(answer.partial_data()["groupResourcesToBeDeleted"], expected);
    let errors = answer.errors();
    assert_eq!(errors.len(), 4);
    assert!(errors.iter().all(|error| error.starts_with("API_UNAVAILABLE: counting ")), "{errors:?}");
}
