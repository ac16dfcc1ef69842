//! Reading and listing.

use primehub_core::access::Caller;
use primehub_core::identity::attribute;
use rstest::rstest;
use serde_json::json;

use crate::schema::harness::Harness;

#[tokio::test]
async fn every_setting_of_a_group_is_read() {
    let harness = Harness::new().await;
    let stored = [
        (attribute::DISPLAY_NAME, "The lab"),
        (attribute::QUOTA_CPU, "10.5"),
        (attribute::QUOTA_GPU, "0"),
        (attribute::QUOTA_MEMORY, "8G"),
        (attribute::PROJECT_QUOTA_CPU, "20"),
        (attribute::PROJECT_QUOTA_GPU, "4"),
        (attribute::PROJECT_QUOTA_MEMORY, "100.5G"),
        (attribute::USER_VOLUME_CAPACITY, "20G"),
        (attribute::ENABLED_SHARED_VOLUME, "true"),
        (attribute::SHARED_VOLUME_CAPACITY, "512Mi"),
        (attribute::HOME_SYMLINK, "true"),
        (attribute::LAUNCH_GROUP_ONLY, "false"),
        (attribute::ENABLED_DEPLOYMENT, "true"),
        (attribute::MAX_DEPLOY, "3"),
        (attribute::JOB_DEFAULT_ACTIVE_DEADLINE_SECONDS, "86400"),
        (attribute::MLFLOW_TRACKING_URI, "http://mlflow:5000"),
        (attribute::MLFLOW_UI_URL, "https://site/mlflow"),
    ];
    for (name, value) in stored {
        harness.set_group_attribute("lab", name, &[value]).await;
    }
    harness.set_group_attribute("lab", attribute::MLFLOW_TRACKING_ENVS, &["A=x=y", "B="]).await;
    let document = format!(
        "{{ group(where: {{id: {:?}}}) {{ name displayName quotaCpu quotaGpu quotaMemory projectQuotaCpu projectQuotaGpu projectQuotaMemory
            userVolumeCapacity enabledSharedVolume sharedVolumeCapacity homeSymlink launchGroupOnly enabledDeployment maxDeploy
            jobDefaultActiveDeadlineSeconds admins writable users {{ username }}
            mlflow {{ trackingUri uiUrl trackingEnvs {{ name value }} artifactEnvs {{ name value }} }} }} }}",
        harness.group_id("lab").as_str()
    );
    let expected = json!({"group": {
        "name": "lab", "displayName": "The lab", "quotaCpu": 10.5, "quotaGpu": 0, "quotaMemory": 8.0, "projectQuotaCpu": 20.0,
        "projectQuotaGpu": 4, "projectQuotaMemory": 100.5, "userVolumeCapacity": 20, "enabledSharedVolume": true,
        "sharedVolumeCapacity": 0, "homeSymlink": true, "launchGroupOnly": false, "enabledDeployment": true, "maxDeploy": 3,
        "jobDefaultActiveDeadlineSeconds": 86400, "admins": "bob", "writable": null,
        "users": [{"username": "bob"}, {"username": "cat"}],
        "mlflow": {
            "trackingUri": "http://mlflow:5000", "uiUrl": "https://site/mlflow",
            "trackingEnvs": [{"name": "A", "value": "x=y"}, {"name": "B", "value": ""}], "artifactEnvs": [],
        },
    }});
    assert_eq!(harness.run_as("cat", &document).await.data(), expected);
    assert_eq!(harness.run_as_server(&document).await.data(), expected);
}

#[tokio::test]
async fn absent_and_malformed_settings_are_null_but_for_admins_and_mlflow() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::QUOTA_GPU, &["99999999999"]).await;
    harness.set_group_attribute("ops", attribute::QUOTA_CPU, &["much"]).await;
    let fields = "quotaGpu quotaCpu enabledSharedVolume homeSymlink admins users { id } mlflow { trackingUri trackingEnvs { name } }";
    let document = format!("{{ group(where: {{id: {:?}}}) {{ {fields} }} }}", harness.group_id("ops").as_str());
    let expected = json!({"group": {
        "quotaGpu": null, "quotaCpu": null, "enabledSharedVolume": false, "homeSymlink": null, "admins": "", "users": [],
        "mlflow": {"trackingUri": null, "trackingEnvs": []},
    }});
    assert_eq!(harness.run_as("amy", &document).await.data(), expected);
}

#[rstest]
#[case::no_arguments("", "lab ops")]
#[case::null_is_absent(
    "(where: null, orderBy: null, page: null, first: null, last: null, before: null, after: null)",
    "lab ops"
)]
#[case::empty_objects("(where: {}, orderBy: {})", "lab ops")]
#[case::null_conditions("(where: {id: null, search: null}, orderBy: {name: null})", "lab ops")]
#[case::sorted("(orderBy: {name: \"desc\"})", "ops lab")]
#[case::the_first_key_as_written("(orderBy: {projectQuotaCpu: \"asc\", name: \"desc\"})", "lab ops")]
#[case::the_first_key_as_written_is_another("(orderBy: {name: \"desc\", projectQuotaCpu: \"asc\"})", "ops lab")]
#[case::part_of_a_name("(where: {name_contains: \"op\"})", "ops")]
#[case::past_the_end("(page: 2)", "")]
#[case::first("(first: 1)", "lab")]
#[tokio::test]
async fn groups_are_listed_in_both_shapes(#[case] arguments: &str, #[case] expected: &str) {
    let harness = Harness::new().await;
    let document =
        format!("{{ groups{arguments} {{ name }} groupsConnection{arguments} {{ edges {{ node {{ name }} }} }} }}");
    let data = harness.run_as("amy", &document).await.data();
    let names = |rows: &serde_json::Value, pointer: &str| {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row.pointer(pointer).unwrap().as_str().unwrap()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(&data["groups"], "/name"), expected);
    assert_eq!(names(&data["groupsConnection"]["edges"], "/node/name"), expected);
}

#[tokio::test]
async fn a_server_finds_a_group_by_name_and_everybody_by_id() {
    let harness = Harness::new().await;
    let data = harness.run_as_server("{ groups(where: {name_contains: \"lab\"}) { id name } }").await.data();
    assert_eq!(data, json!({"groups": [{"id": harness.group_id("lab"), "name": "lab"}]}));
    let everyone = harness.directory().everyone_id().clone();
    let document = format!("{{ groups(where: {{id: {:?}}}) {{ name }} }}", everyone.as_str());
    assert_eq!(harness.run_as_server(&document).await.data(), json!({"groups": [{"name": "everyone"}]}));
}

#[tokio::test]
async fn the_order_may_be_a_variable() {
    let harness = Harness::new().await;
    let document = "query ($orderBy: GroupOrderByInput, $where: GroupWhereInput, $page: Int) {
        group: groupsConnection(page: $page, orderBy: $orderBy, where: $where) { edges { cursor node { name } } pageInfo { currentPage totalPage } }
    }";
    let ask = |variables| harness.run(harness.caller("amy"), document, variables);
    let data = ask(json!({"orderBy": {}, "where": {}, "page": 1})).await.data();
    assert_eq!(data["group"]["pageInfo"], json!({"currentPage": 1, "totalPage": 1}));
    assert_eq!(data["group"]["edges"][0], json!({"cursor": harness.group_id("lab"), "node": {"name": "lab"}}));
    assert_eq!(ask(json!({"orderBy": {}, "where": {}, "page": 2})).await.data()["group"]["edges"], json!([]));
    assert_eq!(ask(json!({"orderBy": {"name": "desc"}})).await.data()["group"]["edges"][0]["node"]["name"], "ops");
    let error = ask(json!({"orderBy": {"name": "DESC"}})).await.error();
    assert_eq!(error, "BAD_USER_INPUT: order value (DESC) not valid. Should be 'asc' or 'desc'");
}

#[tokio::test]
async fn do_better_5_2_every_field_of_page_info_is_filled_in_both_modes() {
    let harness = Harness::new().await;
    let info = "pageInfo { currentPage totalPage hasNextPage hasPreviousPage startCursor endCursor }";
    for arguments in ["(page: 1)", ""] {
        let data = harness.run_as("amy", &format!("{{ groupsConnection{arguments} {{ {info} }} }}")).await.data();
        let expected = json!({
            "currentPage": 1, "totalPage": 1, "hasNextPage": false, "hasPreviousPage": false,
            "startCursor": harness.group_id("lab"), "endCursor": harness.group_id("ops"),
        });
        assert_eq!(data["groupsConnection"]["pageInfo"], expected, "{arguments}");
    }
}

#[rstest]
#[case::past_the_end(2, false, true)]
#[case::before_the_first(0, true, false)]
#[tokio::test]
async fn do_better_5_2_an_empty_page_knows_its_neighbours(
    #[case] page: i32,
    #[case] next: bool,
    #[case] previous: bool,
) {
    let harness = Harness::new().await;
    let document = "query ($page: Int) { groupsConnection(page: $page) { edges { cursor } pageInfo { hasNextPage hasPreviousPage } } }";
    let data = harness.run(harness.caller("amy"), document, json!({ "page": page })).await.data();
    let info = json!({ "hasNextPage": next, "hasPreviousPage": previous });
    assert_eq!(data["groupsConnection"], json!({ "edges": [], "pageInfo": info }));
}

#[tokio::test]
async fn what_cannot_be_counted_does_not_speak_of_changes() {
    let harness = Harness::new().await;
    let document =
        format!("{{ groupResourcesToBeDeleted(where: {{id: {:?}}}) {{ jobs }} }}", harness.group_id("lab").as_str());
    let error = harness.run_as("amy", &document).await.error();
    assert_eq!(error, "API_UNAVAILABLE: counting jobs needs Kubernetes, and this server is not connected to any");
}

#[tokio::test]
async fn do_better_5_2_negative_numbers_are_refused() {
    let harness = Harness::new().await;
    let error = harness.run_as("amy", "{ groups(first: -1) { id } }").await.error();
    assert_eq!(error, "BAD_USER_INPUT: first must not be negative");
}

#[tokio::test]
async fn do_better_5_6_a_part_of_the_display_name_finds_a_group_without_search_and_order() {
    let harness = Harness::new().await;
    harness.set_group_attribute("ops", attribute::DISPLAY_NAME, &["Operations"]).await;
    let data = harness.run_as("amy", "{ groups(where: {displayName_contains: \"Oper\"}) { name } }").await.data();
    assert_eq!(data, json!({"groups": [{"name": "ops"}]}));
}

#[tokio::test]
async fn a_list_costs_no_call_to_the_identity_provider() {
    let harness = Harness::new().await;
    harness.store.take_calls();
    let document =
        "{ groupsConnection(orderBy: {quotaCpu: \"asc\"}) { edges { node { name admins users { username } } } } }";
    harness.run(Caller::SharedSecret, "{ groups { name } }", json!({})).await.data();
    harness.run_as("amy", document).await.data();
    assert_eq!(harness.store.take_calls(), Vec::<&str>::new());
}
