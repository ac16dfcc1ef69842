//! Who sees what of a group.

use std::sync::Arc;

use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};
use primehub_core::access::GroupView;
use primehub_core::identity::{Attributes, Directory, Group, attribute};
use rstest::rstest;
use serde_json::json;

use crate::schema::group::GroupNode;
use crate::schema::harness::Harness;

#[tokio::test]
async fn do_better_3_6_1_each_group_field_is_judged_by_its_own_argument() {
    let harness = Harness::new().await;
    let (own, other) = (harness.group_id("lab"), harness.group_id("ops"));
    for (first, second) in [(&own, &other), (&other, &own)] {
        let document = format!(
            "{{ a: group(where: {{id: {:?}}}) {{ name }} b: group(where: {{id: {:?}}}) {{ name }} }}",
            first.as_str(),
            second.as_str()
        );
        let seen = |id| if id == &own { json!({"name": "lab"}) } else { json!(null) };
        assert_eq!(harness.run_as("cat", &document).await.data(), json!({"a": seen(first), "b": seen(second)}));
    }
}

#[tokio::test]
async fn do_better_3_6_2_a_hidden_group_looks_like_an_absent_one() {
    let harness = Harness::new().await;
    for id in [harness.group_id("lab").as_str(), "nobody"] {
        let document = format!("{{ group(where: {{id: {id:?}}}) {{ id name admins }} }}");
        assert_eq!(harness.run_as("dan", &document).await.data(), json!({"group": null}));
    }
}

#[rstest]
#[case::an_administrator("amy", true)]
#[case::a_member("cat", false)]
#[case::somebody_in_no_other_group("dan", false)]
#[tokio::test]
async fn do_better_3_6_2_members_of_everyone_are_listed_for_administrators_only(
    #[case] caller: &str,
    #[case] listed: bool,
) {
    let harness = Harness::new().await;
    let everyone = harness.directory().everyone_id().clone();
    let document =
        format!("{{ group(where: {{id: {:?}}}) {{ name displayName users {{ id email }} }} }}", everyone.as_str());
    let data = harness.run_as(caller, &document).await.data();
    assert_eq!(data["group"]["name"], "everyone");
    assert_eq!(data["group"]["users"].as_array().unwrap().len(), if listed { 4 } else { 0 });
}

#[rstest]
#[case::an_administrator("amy")]
#[case::the_groups_administrator("bob")]
#[case::a_member("cat")]
#[tokio::test]
async fn do_better_3_6_2_credentials_of_a_group_are_for_its_people(#[case] caller: &str) {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", attribute::MLFLOW_ARTIFACT_ENVS, &["SECRET=s3"]).await;
    let document = format!(
        "{{ group(where: {{id: {:?}}}) {{ mlflow {{ artifactEnvs {{ value }} }} }} }}",
        harness.group_id("lab").as_str()
    );
    let data = harness.run_as(caller, &document).await.data();
    assert_eq!(data["group"]["mlflow"]["artifactEnvs"], json!([{"value": "s3"}]));
}

#[tokio::test]
async fn do_better_3_6_2_credentials_of_everyone_are_for_nobody_but_administrators() {
    let harness = Harness::new().await;
    harness.set_group_attribute("everyone", attribute::MLFLOW_TRACKING_ENVS, &["SECRET=s3"]).await;
    harness.set_group_attribute("everyone", attribute::ADMINS, &["bob"]).await;
    let everyone = harness.directory().everyone_id().clone();
    let document = format!(
        "{{ group(where: {{id: {:?}}}) {{ mlflow {{ trackingUri trackingEnvs {{ value }} }} }} }}",
        everyone.as_str()
    );
    for (caller, seen) in [("cat", json!([])), ("bob", json!([{"value": "s3"}])), ("amy", json!([{"value": "s3"}]))] {
        let data = harness.run_as(caller, &document).await.data();
        assert_eq!(data["group"]["mlflow"], json!({"trackingUri": null, "trackingEnvs": seen}), "{caller}");
    }
    // The published client throws an answer away that has any error.
    let data =
        harness.run_as("dan", "{ me { groups { mlflow { trackingEnvs { name } artifactEnvs { name } } } } }").await;
    assert_eq!(data.data()["me"]["groups"], json!([{"mlflow": {"trackingEnvs": [], "artifactEnvs": []}}]));
}

#[tokio::test]
async fn whoever_changes_the_credentials_of_everyone_sees_them() {
    let harness = Harness::new().await;
    harness.set_group_attribute("everyone", attribute::ADMINS, &["bob"]).await;
    let document = format!(
        "mutation {{ updateGroup(where: {{id: {:?}}}, data: {{trackingEnvs: [{{name: \"A\", value: \"1\"}}]}})
            {{ users {{ id }} mlflow {{ trackingEnvs {{ value }} }} }} }}",
        harness.directory().everyone_id().as_str()
    );
    let expected = json!({"users": [], "mlflow": {"trackingEnvs": [{"value": "1"}]}});
    assert_eq!(harness.run_as("bob", &document).await.data()["updateGroup"], expected);
}

/// A group as somebody sees it who has nothing to do with it.
struct HiddenGroup(Arc<Directory>);

#[Object]
impl HiddenGroup {
    async fn group(&self) -> GroupNode {
        let mut group = Group::new("lab".into(), "lab");
        let mut attributes = Attributes::default();
        attributes.set_one(attribute::DISPLAY_NAME, "The lab");
        group.attributes = attributes;
        GroupNode::with_view(&Arc::default(), &self.0, Arc::new(group), GroupView::Nothing)
    }
}

#[tokio::test]
async fn do_better_3_6_2_of_a_group_of_others_only_id_and_name_are_seen() {
    let harness = Harness::new().await;
    let schema = Schema::new(HiddenGroup(harness.directory()), EmptyMutation, EmptySubscription);
    let fields = [
        "displayName",
        "quotaCpu",
        "quotaGpu",
        "quotaMemory",
        "projectQuotaCpu",
        "projectQuotaGpu",
        "projectQuotaMemory",
        "userVolumeCapacity",
        "enabledSharedVolume",
        "sharedVolumeCapacity",
        "homeSymlink",
        "launchGroupOnly",
        "enabledDeployment",
        "maxDeploy",
        "jobDefaultActiveDeadlineSeconds",
        "admins",
        "mlflow { trackingUri }",
        "users { id }",
    ];
    let response = schema.execute(format!("{{ group {{ id name {} }} }}", fields.join(" "))).await;
    assert_eq!(response.errors.len(), fields.len());
    let codes = response.errors.iter().filter_map(|error| error.extensions.as_ref()?.get("code").cloned());
    assert!(codes.eq(std::iter::repeat_n("NOT_AUTH".into(), fields.len())));
    let data = response.data.into_json().unwrap();
    assert_eq!((&data["group"]["id"], &data["group"]["name"]), (&json!("lab"), &json!("lab")));
    assert!(data["group"].as_object().unwrap().values().filter(|value| value.is_null()).count() == fields.len());
}

#[tokio::test]
async fn do_better_3_6_8_a_denied_root_field_says_not_auth() {
    let harness = Harness::new().await;
    let denied = "NOT_AUTH: Not Authorised!";
    assert_eq!(harness.run_as("bob", "{ groups { id } }").await.error(), denied);
    assert_eq!(harness.run_as("bob", "{ groupsConnection { edges { cursor } } }").await.error(), denied);
    assert_eq!(harness.run_as_server("{ groupsConnection { edges { cursor } } }").await.error(), denied);
    assert_eq!(
        harness.run_as("bob", "{ groupResourcesToBeDeleted(where: {id: \"x\"}) { datasets } }").await.error(),
        denied
    );
    assert_eq!(harness.run_as("bob", "mutation { createGroup(data: {name: \"new\"}) { id } }").await.error(), denied);
    assert_eq!(harness.run_as("bob", "mutation { deleteGroup(where: {id: \"x\"}) { id } }").await.error(), denied);
    assert_eq!(
        harness.run_as_server("mutation { updateGroup(where: {id: \"x\"}, data: {}) { id } }").await.error(),
        denied
    );
}

#[tokio::test]
async fn do_better_3_6_11_administrators_and_servers_read_groups_that_they_are_not_in() {
    let harness = Harness::new().await;
    let document = format!("{{ group(where: {{id: {:?}}}) {{ name admins }} }}", harness.group_id("ops").as_str());
    let expected = json!({"group": {"name": "ops", "admins": ""}});
    assert_eq!(harness.run_as("amy", &document).await.data(), expected);
    assert_eq!(harness.run_as_server(&document).await.data(), expected);
}

#[tokio::test]
async fn an_administrator_of_a_group_reads_it_without_being_a_member() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::ADMINS, &["dan"]).await;
    let document = format!("{{ group(where: {{id: {:?}}}) {{ name admins }} }}", harness.group_id("ops").as_str());
    assert_eq!(harness.run_as("dan", &document).await.data(), json!({"group": {"name": "ops", "admins": "dan"}}));
}
