//! `updateGroup`.

use primehub_core::identity::{Conflict, IdentityError, Key, attribute};
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::{Answer, Harness, LAST_BINDING};

async fn update(harness: &Harness, caller: &str, group: &str, data: &str) -> Answer {
    let fields = "name displayName quotaCpu maxDeploy admins jobDefaultActiveDeadlineSeconds users { username }
        mlflow { trackingUri uiUrl trackingEnvs { name value } artifactEnvs { name value } }";
    let id = harness.group_id(group);
    let document =
        format!("mutation {{ updateGroup(where: {{id: {:?}}}, data: {{{data}}}) {{ {fields} }} }}", id.as_str());
    harness.run_as(caller, &document).await
}

fn users(answer: &Value) -> String {
    let users = answer["updateGroup"]["users"].as_array().unwrap().iter();
    users.map(|user| user["username"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

fn connect(harness: &Harness, names: &[&str]) -> String {
    list(harness, "connect", names)
}

fn list(harness: &Harness, kind: &str, names: &[&str]) -> String {
    let ids: Vec<_> = names.iter().map(|name| format!("{{id: {:?}}}", harness.user_id(name).as_str())).collect();
    format!("{kind}: [{}]", ids.join(", "))
}

#[tokio::test]
async fn absent_stays_null_is_unset_and_the_name_is_ignored() {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", attribute::DISPLAY_NAME, &["The lab"]).await;
    harness.set_group_attribute("lab", attribute::QUOTA_CPU, &["2"]).await;
    let data = update(&harness, "amy", "lab", "name: \"renamed\", quotaCpu: null, maxDeploy: 3").await.data();
    let group = &data["updateGroup"];
    assert_eq!((&group["name"], &group["displayName"]), (&json!("lab"), &json!("The lab")));
    assert_eq!((&group["quotaCpu"], &group["maxDeploy"]), (&json!(null), &json!(3)));
}

#[tokio::test]
async fn the_sdk_adds_an_administrator_with_a_leading_comma_and_removes_a_user() {
    let harness = Harness::new().await;
    let data = format!("users: {{{}}}, admins: \",dan\"", connect(&harness, &["dan"]));
    let answer = update(&harness, "amy", "ops", &data).await.data();
    assert_eq!((users(&answer).as_str(), &answer["updateGroup"]["admins"]), ("dan", &json!("dan")));
    let data = format!("users: {{connect: [], {}}}", list(&harness, "disconnect", &["dan"]));
    let answer = update(&harness, "amy", "ops", &data).await.data();
    assert_eq!((users(&answer).as_str(), &answer["updateGroup"]["admins"]), ("", &json!("")));
}

#[tokio::test]
async fn the_sdk_sets_and_unsets_mlflow() {
    let harness = Harness::new().await;
    let set = "trackingUri: \"http://m\", uiUrl: \"\", trackingEnvs: [{name: \"A\", value: \"1\"}], artifactEnvs: []";
    let mlflow = update(&harness, "bob", "lab", set).await.data()["updateGroup"]["mlflow"].clone();
    assert_eq!(mlflow["trackingUri"], "http://m");
    assert_eq!((&mlflow["trackingEnvs"], &mlflow["artifactEnvs"]), (&json!([{"name": "A", "value": "1"}]), &json!([])));
    let unset = "trackingUri: null, uiUrl: null, trackingEnvs: [], artifactEnvs: []";
    let mlflow = update(&harness, "bob", "lab", unset).await.data()["updateGroup"]["mlflow"].clone();
    assert_eq!(mlflow, json!({"trackingUri": null, "uiUrl": null, "trackingEnvs": [], "artifactEnvs": []}));
}

#[rstest]
#[case("displayName: \"x\"", "displayName")]
#[case("quotaCpu: 1", "quotaCpu")]
#[case("quotaGpu: 1", "quotaGpu")]
#[case("quotaMemory: 1", "quotaMemory")]
#[case("projectQuotaCpu: 1", "projectQuotaCpu")]
#[case("projectQuotaGpu: 1", "projectQuotaGpu")]
#[case("projectQuotaMemory: 1", "projectQuotaMemory")]
#[case("userVolumeCapacity: 1", "userVolumeCapacity")]
#[case("enabledSharedVolume: true, sharedVolumeCapacity: 1", "enabledSharedVolume, sharedVolumeCapacity")]
#[case("homeSymlink: true", "homeSymlink")]
#[case("launchGroupOnly: false", "launchGroupOnly")]
#[case("enabledDeployment: true", "enabledDeployment")]
#[case("maxDeploy: 1, jobDefaultActiveDeadlineSeconds: 5", "maxDeploy")]
#[tokio::test]
async fn do_better_3_6_3_a_groups_administrator_cannot_raise_its_limits(#[case] data: &str, #[case] fields: &str) {
    let harness = Harness::new().await;
    harness.store.take_calls();
    let error = update(&harness, "bob", "lab", data).await.error();
    assert_eq!(error, format!("NOT_AUTH: user not auth: only a platform administrator may change {fields}"));
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}

#[tokio::test]
async fn do_better_3_6_3_a_groups_administrator_changes_what_is_its_own() {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", attribute::QUOTA_CPU, &["2"]).await;
    // A form sends everything back; what is as stored is no change.
    let data = format!(
        "quotaCpu: 2, displayName: null, enabledSharedVolume: false, jobDefaultActiveDeadlineSeconds: 60, admins: \"bob,dan\", users: {{{}}}",
        connect(&harness, &["dan"])
    );
    let answer = update(&harness, "bob", "lab", &data).await.data();
    assert_eq!(users(&answer), "bob cat dan");
    assert_eq!(answer["updateGroup"]["admins"], "bob,dan");
    assert_eq!(answer["updateGroup"]["jobDefaultActiveDeadlineSeconds"], 60);
}

#[rstest]
#[case::a_member("cat")]
#[case::a_stranger("dan")]
#[tokio::test]
async fn do_better_3_6_3_others_change_nothing(#[case] caller: &str) {
    let harness = Harness::new().await;
    let error = update(&harness, caller, "lab", "trackingUri: \"http://evil\"").await.error();
    assert_eq!(error, "NOT_AUTH: user not auth");
}

#[tokio::test]
async fn whoever_leaves_the_group_still_gets_the_answer() {
    let harness = Harness::new().await;
    let data = format!("users: {{{}}}", list(&harness, "disconnect", &["bob"]));
    let answer = update(&harness, "bob", "lab", &data).await.data();
    assert_eq!((users(&answer).as_str(), &answer["updateGroup"]["admins"]), ("cat", &json!("")));
}

#[tokio::test]
async fn do_better_7_8_2_an_edit_is_decided_anew_when_what_it_rested_on_has_changed() {
    let harness = Harness::new().await;
    harness.store.fail("edit_group", IdentityError::Conflict(Conflict::Expectation));
    harness.store.take_calls();
    let data = update(&harness, "amy", "lab", "quotaCpu: 1").await.data();
    assert_eq!(data["updateGroup"]["quotaCpu"], 1.0);
    assert_eq!(harness.store.take_calls(), ["edit_group", "edit_group"]);
    for _ in 0..5 {
        harness.store.fail("edit_group", IdentityError::Conflict(Conflict::Expectation));
    }
    let error = update(&harness, "amy", "lab", "quotaCpu: 2").await.error();
    assert_eq!(error, "RESOURCE_CONFLICT: the group keeps changing; nothing was changed by this call");
}

#[tokio::test]
async fn do_better_7_8_3_a_value_may_contain_an_equals_sign() {
    let harness = Harness::new().await;
    let envs = "trackingEnvs: [{name: \"TOKEN\", value: \"a=b==\"}, {name: \"EMPTY\", value: null}]";
    let data = update(&harness, "bob", "lab", envs).await.data();
    let expected = json!([{"name": "TOKEN", "value": "a=b=="}, {"name": "EMPTY", "value": ""}]);
    assert_eq!(data["updateGroup"]["mlflow"]["trackingEnvs"], expected);
    assert_eq!(harness.group_attribute("lab", attribute::MLFLOW_TRACKING_ENVS), ["TOKEN=a=b==", "EMPTY="]);
}

#[tokio::test]
async fn do_better_7_8_4_the_answer_is_fresh_and_members_cost_one_call() {
    let harness = Harness::new().await;
    harness.store.take_calls();
    let data = format!(
        "displayName: \"New\", users: {{{}, {}}}",
        connect(&harness, &["amy", "dan", "dan"]),
        list(&harness, "disconnect", &["cat"])
    );
    let answer = update(&harness, "amy", "lab", &data).await.data();
    assert_eq!((users(&answer).as_str(), &answer["updateGroup"]["displayName"]), ("amy bob dan", &json!("New")));
    assert_eq!(harness.store.take_calls(), ["edit_group", "bind"]);
}

#[tokio::test]
async fn do_better_7_8_4_a_member_that_cannot_be_connected_is_reported() {
    let harness = Harness::new().await;
    harness.store.fail(LAST_BINDING, IdentityError::Absent(Key::User("gone".into())));
    let data = format!("displayName: \"New\", users: {{{}}}", connect(&harness, &["dan"]));
    let error = update(&harness, "amy", "lab", &data).await.error();
    assert!(error.starts_with("PARTIAL_FAILURE: done: settings; failed: dan joining group lab: "), "{error}");
    assert_eq!(harness.group_attribute("lab", attribute::DISPLAY_NAME), ["New"]);
}

#[rstest]
#[case::negative("quotaMemory: -1", "quotaMemory must not be negative")]
#[case::negative_deadline(
    "jobDefaultActiveDeadlineSeconds: -1",
    "jobDefaultActiveDeadlineSeconds must not be negative"
)]
#[case::above_the_stored_group_quota("quotaCpu: 9", "quotaCpu must not be larger than projectQuotaCpu")]
#[case::below_the_stored_user_quota("projectQuotaCpu: 1", "quotaCpu must not be larger than projectQuotaCpu")]
#[case::stranger_as_administrator("admins: \"bob,dan\"", "dan is not a member of the group, so cannot be in admins")]
#[case::malformed_list("trackingEnvs: {}", "trackingEnvs must be a list of objects with name and value")]
#[tokio::test]
async fn do_better_7_8_5_the_merged_state_is_validated(#[case] data: &str, #[case] message: &str) {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", attribute::QUOTA_CPU, &["2"]).await;
    harness.set_group_attribute("lab", attribute::PROJECT_QUOTA_CPU, &["4"]).await;
    harness.store.take_calls();
    assert_eq!(update(&harness, "amy", "lab", data).await.error(), format!("REQUEST_BODY_INVALID: {message}"));
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}

#[rstest]
#[case::connect("connect")]
#[case::disconnect("disconnect")]
#[tokio::test]
async fn an_unknown_user_stops_the_whole_update(#[case] list: &str) {
    let harness = Harness::new().await;
    harness.store.take_calls();
    let error = update(&harness, "bob", "lab", &format!("users: {{{list}: [{{id: \"7\"}}]}}")).await.error();
    assert_eq!(error, "RESOURCE_NOT_FOUND: there is no user with id 7");
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}

#[tokio::test]
async fn do_better_7_8_7_what_the_schema_does_not_know_survives() {
    let harness = Harness::new().await;
    harness.set_group_attribute("lab", "from-elsewhere", &["a", "b"]).await;
    update(&harness, "amy", "lab", "displayName: \"New\"").await.data();
    assert_eq!(harness.group_attribute("lab", "from-elsewhere"), ["a", "b"]);
}

#[tokio::test]
async fn do_better_7_8_8_nobody_is_taken_out_of_the_group_of_everyone() {
    let harness = Harness::new().await;
    let data = format!("users: {{{}}}", list(&harness, "disconnect", &["dan"]));
    let error = update(&harness, "amy", "everyone", &data).await.error();
    assert_eq!(error, "REQUEST_BODY_INVALID: users.disconnect cannot take anybody out of the group of everyone");
    assert_eq!(harness.groups_of("dan"), ["everyone"]);
}

#[tokio::test]
async fn a_shared_volume_needs_kubernetes_to_begin_with() {
    let harness = Harness::new().await;
    let error = update(&harness, "amy", "lab", "enabledSharedVolume: true").await.error();
    assert_eq!(error, "INTERNAL_SERVER_ERROR: sharedVolumeCapacity should not be null");
    let error =
        update(&harness, "amy", "lab", "enabledSharedVolume: true, sharedVolumeCapacity: 5, displayName: \"New\"")
            .await
            .error();
    assert!(error.starts_with("API_UNAVAILABLE: a shared volume needs Kubernetes"), "{error}");
    assert_eq!(harness.group_attribute("lab", attribute::DISPLAY_NAME), Vec::<String>::new());
    // One that is there already stands in nobody's way.
    harness.set_group_attribute("lab", attribute::ENABLED_SHARED_VOLUME, &["true"]).await;
    harness.set_group_attribute("lab", attribute::SHARED_VOLUME_CAPACITY, &["5G"]).await;
    update(&harness, "amy", "lab", "enabledSharedVolume: true, sharedVolumeCapacity: 6").await.data();
    assert_eq!(harness.group_attribute("lab", attribute::SHARED_VOLUME_CAPACITY), ["6G"]);
    assert_eq!(harness.group_attribute("lab", attribute::LAUNCH_GROUP_ONLY), Vec::<String>::new());
    let error = update(&harness, "amy", "lab", "sharedVolumeCapacity: null").await.error();
    assert_eq!(error, "INTERNAL_SERVER_ERROR: sharedVolumeCapacity should not be null");
    update(&harness, "amy", "lab", "enabledSharedVolume: false").await.data();
    assert_eq!(harness.group_attribute("lab", attribute::SHARED_VOLUME_CAPACITY), ["6G"]);
}

#[tokio::test]
async fn what_is_stored_already_is_not_written_again() {
    let harness = Harness::new().await;
    harness.store.take_calls();
    update(&harness, "amy", "lab", "admins: \"bob\", quotaCpu: null").await.data();
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}
