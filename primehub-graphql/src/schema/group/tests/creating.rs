//! `createGroup`.

use primehub_core::identity::{Conflict, IdentityError, Key, attribute};
use rstest::rstest;
use serde_json::json;

use crate::schema::harness::{Harness, LAST_BINDING};

fn create(data: &str) -> String {
    format!(
        "mutation {{ createGroup(data: {{{data}}}) {{ name displayName quotaCpu quotaGpu enabledDeployment homeSymlink admins users {{ username }} }} }}"
    )
}

#[tokio::test]
async fn a_group_is_created_with_its_members_and_administrators() {
    let harness = Harness::new().await;
    let data = format!(
        "name: \"new\", displayName: \"New\", quotaCpu: 0.5, quotaGpu: 0, quotaMemory: null, admins: \"cat\", homeSymlink: true, writable: true,
         datasets: {{set: []}}, images: {{set: [null]}}, instanceTypes: {{set: [\"cpu-1\"]}},
         users: {{create: [], connect: [{{id: {:?}}}]}}",
        harness.user_id("cat").as_str()
    );
    let expected = json!({"createGroup": {
        "name": "new", "displayName": "New", "quotaCpu": 0.5, "quotaGpu": 0, "enabledDeployment": null, "homeSymlink": null,
        "admins": "cat", "users": [{"username": "cat"}],
    }});
    assert_eq!(harness.run_as("amy", &create(&data)).await.data(), expected);
    assert_eq!(harness.group_attribute("new", attribute::QUOTA_CPU), ["0.5"]);
    assert_eq!(harness.group_attribute("new", attribute::QUOTA_MEMORY), Vec::<String>::new());
    assert!(harness.groups_of("cat").contains(&"new".to_owned()));
}

#[tokio::test]
async fn the_sdk_sends_no_administrators() {
    let harness = Harness::new().await;
    let data = harness.run_as("amy", &create("name: \"new\", admins: \"\"")).await.data();
    assert_eq!(data["createGroup"]["admins"], "");
}

#[tokio::test]
async fn where_models_are_served_every_new_group_may_deploy() {
    let harness = Harness::configured(|config| config.deploy_mode = true).await;
    let data = harness.run_as("amy", &create("name: \"new\", enabledDeployment: false")).await.data();
    assert_eq!(data["createGroup"]["enabledDeployment"], true);
}

#[tokio::test]
async fn the_licence_limits_the_number_of_groups() {
    let harness = Harness::configured(|config| config.license.max_groups = Some(3)).await;
    harness.run_as("amy", &create("name: \"third\"")).await.data();
    let error = harness.run_as("amy", &create("name: \"fourth\"")).await.error();
    assert_eq!(error, "EXCEED_QUOTA: Number of groups exceeds license limitation");
    assert!(harness.directory().group_named("fourth").is_none());
}

#[rstest]
#[case::the_same("lab")]
#[case::other_case("LAB")]
#[case::everyone("Everyone")]
#[tokio::test]
async fn do_better_7_8_6_names_with_the_same_path_are_the_same(#[case] name: &str) {
    let harness = Harness::new().await;
    let error = harness.run_as("amy", &create(&format!("name: {name:?}"))).await.error();
    assert_eq!(error, "GROUP_CONFLICT_NAME: Group exists with same name");
}

#[rstest]
#[case::no_name("name: \"\"", r#"name cannot be "": it is empty"#)]
#[case::space(
    "name: \"a b\"",
    r#"name cannot be "a b": only the letters A-Z and a-z, digits, '.', '_' and '-' are allowed"#
)]
#[case::too_long("name: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", "longer than 50")]
#[case::negative("name: \"new\", quotaCpu: -0.5", "quotaCpu must not be negative")]
#[case::negative_count("name: \"new\", maxDeploy: -1", "maxDeploy must not be negative")]
#[case::member_above_group(
    "name: \"new\", quotaGpu: 2, projectQuotaGpu: 1",
    "quotaGpu must not be larger than projectQuotaGpu"
)]
#[case::not_a_member("name: \"new\", admins: \"bob\"", ": bob is not a member of the group, so cannot be in admins")]
#[case::nobody("name: \"new\", admins: \"zoe\"", ": zoe is not the login name of a user, so cannot be in admins")]
#[tokio::test]
async fn do_better_7_8_5_input_is_validated_before_anything_is_written(#[case] data: &str, #[case] message: &str) {
    let harness = Harness::new().await;
    harness.store.take_calls();
    let error = harness.run_as("amy", &create(data)).await.error();
    assert!(error.starts_with("REQUEST_BODY_INVALID: ") && error.contains(message), "{error}");
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}

#[rstest]
#[case::unknown_user("users: {connect: [{id: \"7\"}]}", "RESOURCE_NOT_FOUND: there is no user with id 7")]
#[case::no_size("enabledSharedVolume: true", "INTERNAL_SERVER_ERROR: sharedVolumeCapacity should not be null")]
#[tokio::test]
async fn other_mistakes_have_codes_of_their_own(#[case] data: &str, #[case] expected: &str) {
    let harness = Harness::new().await;
    harness.store.take_calls();
    assert_eq!(harness.run_as("amy", &create(&format!("name: \"new\", {data}"))).await.error(), expected);
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}

#[tokio::test]
async fn a_text_that_the_identity_provider_could_not_store_is_refused() {
    let harness = Harness::new().await;
    let data = format!("name: \"new\", displayName: {:?}", "x".repeat(256));
    let error = harness.run_as("amy", &create(&data)).await.error();
    assert_eq!(error, "REQUEST_BODY_INVALID: displayName is longer than 255 characters");
}

#[tokio::test]
async fn do_better_7_8_1_a_shared_volume_that_cannot_be_made_leaves_no_group() {
    let harness = Harness::new().await;
    let error = harness
        .run_as("amy", &create("name: \"new\", enabledSharedVolume: true, sharedVolumeCapacity: 10"))
        .await
        .error();
    let message = "a shared volume needs Kubernetes, and this server is not connected to any; nothing was changed";
    assert_eq!(error, format!("API_UNAVAILABLE: {message}"));
    assert!(harness.directory().group_named("new").is_none());
}

#[tokio::test]
async fn do_better_7_8_1_a_group_whose_members_cannot_be_connected_does_not_stay() {
    let harness = Harness::new().await;
    let data = format!(
        "name: \"new\", users: {{connect: [{{id: {:?}}}, {{id: {:?}}}]}}",
        harness.user_id("cat").as_str(),
        harness.user_id("dan").as_str()
    );
    harness.store.fail(LAST_BINDING, IdentityError::Absent(Key::User(harness.user_id("dan"))));
    let error = harness.run_as("amy", &create(&data)).await.error();
    assert!(error.starts_with("USER_NOT_EXIST: group new was not created: "), "{error}");
    assert!(harness.directory().group_named("new").is_none());
    harness.run_as("amy", &create(&data)).await.data();
}

#[tokio::test]
async fn do_better_7_8_1_a_group_that_stays_in_part_is_told() {
    let harness = Harness::new().await;
    let data = format!("name: \"new\", users: {{connect: [{{id: {:?}}}]}}", harness.user_id("cat").as_str());
    harness.store.fail_unavailable("bind");
    harness.store.fail_unavailable("delete_group");
    let error = harness.run_as("amy", &create(&data)).await.error();
    assert!(error.starts_with("PARTIAL_FAILURE: done: creating group new; failed: "), "{error}");
    assert!(harness.directory().group_named("new").is_some());
}

#[tokio::test]
async fn a_name_taken_meanwhile_is_a_conflict() {
    let harness = Harness::new().await;
    harness.store.fail("create_group", IdentityError::Conflict(Conflict::GroupName));
    let error = harness.run_as("amy", &create("name: \"new\"")).await.error();
    assert_eq!(error, "GROUP_CONFLICT_NAME: Group exists with same name");
}
