//! What was wrong once and must not come back, as far as it shows over HTTP only.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use primehub_core::identity::{Actor, Binding, IdentityStore as _};
use primehub_tests::{Caller, Platform};
use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

#[tokio::test]
async fn do_better_12_a_request_reads_what_it_has_written() {
    let platform = Platform::start().await;
    let group = platform.group("research").id.clone();
    let update = |number: u32| {
        format!(
            r#"u{number}: updateGroup(where: {{ id: "{group}" }}, data: {{ maxDeploy: {number} }}) {{ maxDeploy }}"#
        )
    };
    let answer =
        platform.query(Caller::PlatformAdministrator, &format!("mutation {{ {} {} }}", update(1), update(2))).await;
    assert_eq!(*answer.data(), json!({ "u1": { "maxDeploy": 1 }, "u2": { "maxDeploy": 2 } }));
}

#[tokio::test]
async fn do_better_12_whoever_is_taken_out_of_a_group_loses_access_at_once() {
    let platform = Platform::start().await;
    let (group, grace) = (platform.group("research").id.clone(), platform.person("grace").id.clone());
    let read = format!(r#"{{ group(where: {{ id: "{group}" }}) {{ name }} me {{ effectiveGroups {{ name }} }} }}"#);
    let before = json!({ "group": { "name": "research" }, "me": { "effectiveGroups": [{ "name": "research" }] } });
    assert_eq!(*platform.query(Caller::Member, &read).await.data(), before);
    let remove = format!(
        r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ users: {{ disconnect: [{{ id: "{grace}" }}] }} }}) {{ id }} }}"#
    );
    platform.query(Caller::GroupAdministrator, &remove).await.data();
    let after = json!({ "group": null, "me": { "effectiveGroups": [] } });
    assert_eq!(*platform.query(Caller::Member, &read).await.data(), after);
}

#[tokio::test]
async fn do_better_12_no_list_is_cut_off() {
    const MEMBERS: usize = 10_001;
    let platform = Platform::start().await;
    let group = platform.group("teaching").id.clone();
    let mut joins = Vec::new();
    for number in 0..MEMBERS - 1 {
        let user = platform.add_user(&format!("u{number:05}")).await;
        joins.push(Binding::Join { user, group: group.clone() });
    }
    platform.memory.bind(&Actor::service(), &joins).await.unwrap();
    let answer = platform
        .query(Caller::Server, &format!(r#"{{ group(where: {{ id: "{group}" }}) {{ users {{ id }} }} }}"#))
        .await;
    assert_eq!(answer.data()["group"]["users"].as_array().unwrap().len(), MEMBERS);
    let last = platform
        .query(Caller::PlatformAdministrator, "{ usersConnection(page: 1001) { edges { node { username } } } }")
        .await;
    assert_eq!(last.data()["usersConnection"]["edges"].as_array().unwrap().len(), 5);
}

/// The console sends the masked password back with the form: it must stay the one that is stored, and never be seen.
#[tokio::test]
async fn the_mail_password_is_stored_and_never_shown() {
    let platform = Platform::start().await;
    let update = async |smtp: Value| {
        let document = "mutation ($data: SystemUpdateInput!) { updateSystem(data: $data) { smtp { host password } } }";
        let answer = platform.run(Caller::PlatformAdministrator, document, json!({ "data": { "smtp": smtp } })).await;
        answer.data()["updateSystem"]["smtp"].clone()
    };
    let stored = || platform.memory.mail_password().map(|password| password.expose_secret().to_owned());
    let masked = json!({ "host": "mail.example.com", "password": "**********" });
    let form = json!({
        "host": "mail.example.com", "from": "primehub@example.com", "enableAuth": true, "password": "confidential"
    });
    assert_eq!(update(form).await, masked);
    assert_eq!(update(json!({ "host": "mail.example.com", "password": "**********" })).await, masked);
    assert_eq!(update(json!({ "fromDisplayName": "PrimeHub" })).await, masked);
    assert_eq!(stored().as_deref(), Some("confidential"));
    update(json!({ "password": null })).await;
    assert_eq!(stored(), None);
}

/// The SDK discards data that comes with errors, so there must be none for what a client usually asks.
#[tokio::test]
async fn the_questions_of_the_sdk_are_answered_without_soft_errors() {
    let platform = Platform::start().await;
    for caller in [Caller::Stranger, Caller::Member, Caller::GroupAdministrator, Caller::PlatformAdministrator] {
        for document in [
            "{ me { id username firstName lastName email isAdmin } }",
            "{ me { effectiveGroups { id name displayName admins quotaCpu quotaGpu quotaMemory projectQuotaCpu projectQuotaGpu projectQuotaMemory } } }",
            "{ me { effectiveGroups { id admins users { id username firstName lastName email } } } }",
            "{ me { effectiveGroups { name images { id name } instanceTypes { id name } datasets { id name } } } }",
        ] {
            let answer = platform.query(caller, document).await;
            let groups = answer.data()["me"]["effectiveGroups"].as_array().cloned().unwrap_or_default();
            assert!(groups.iter().all(|group| group.get("admins").is_none_or(Value::is_string)), "{}", answer.text);
        }
    }
}

/// Adding an administrator with the SDK sends the old text, a comma and the name: it may begin with a comma.
#[tokio::test]
async fn lists_of_administrators_are_cleaned() {
    let platform = Platform::start().await;
    let group = platform.group("research").id.clone();
    for (sent, stored) in [(",grace", "grace"), (" ada , grace,,ada", "ada,grace"), ("", "")] {
        let document = format!(
            r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ admins: "{sent}" }}) {{ admins }} }}"#
        );
        let answer = platform.query(Caller::PlatformAdministrator, &document).await;
        // A set in the platform's own order.
        let mut names: Vec<&str> = answer.data()["updateGroup"]["admins"].as_str().unwrap().split(',').collect();
        names.sort_unstable();
        assert_eq!(names.join(","), stored, "{sent:?}");
    }
}

/// Forms send every field they have, and null for what is empty.
#[rstest]
#[case::new_group("mutation { createGroup(data: { name: \"new\", displayName: null, quotaCpu: null, quotaGpu: null, quotaMemory: null,
    projectQuotaCpu: null, userVolumeCapacity: null, sharedVolumeCapacity: null, enabledSharedVolume: null, launchGroupOnly: null, maxDeploy: null,
    users: null, admins: null, datasets: null, images: null, instanceTypes: null, writable: null }) { id } }")]
#[case::new_user("mutation { createUser(data: { username: \"new\", email: null, firstName: null, lastName: null, isAdmin: null, groups: { connect: null },
    sendEmail: null, resetActions: { set: null }, expiresIn: null, volumeCapacity: null, totp: null, enabled: null }) { id } }")]
#[case::user(
    "mutation { updateUser(where: { id: \"GRACE\" }, data: { groups: null, isAdmin: null, enabled: null, totp: null, username: null }) { id } }"
)]
#[case::users_groups(
    "mutation { updateUser(where: { id: \"GRACE\" }, data: { groups: { connect: null, disconnect: null, create: null, delete: null } }) { id } }"
)]
#[case::group(
    "mutation { updateGroup(where: { id: \"RESEARCH\" }, data: { name: null, users: null, datasets: null, writable: null }) { id } }"
)]
#[case::groups_users(
    "mutation { updateGroup(where: { id: \"RESEARCH\" }, data: { users: { connect: [], disconnect: null, create: null, delete: [] } }) { id } }"
)]
#[case::system(
    "mutation { updateSystem(data: { org: null, smtp: null, timezone: null, defaultUserVolumeCapacity: null }) { __typename } }"
)]
#[case::parts_of_the_system(
    "mutation { updateSystem(data: { org: { name: null, logo: null }, timezone: { name: null, offset: null } }) { __typename } }"
)]
#[case::own_tokens("mutation { revokeApiToken(userId: null) { id } }")]
#[case::the_usual_message(
    "mutation { sendMultiEmail(in: [\"GRACE\"], resetActions: null, expiresIn: null) { status } }"
)]
#[tokio::test]
async fn null_in_an_input_is_no_error(#[case] document: &str) {
    let platform = Platform::start().await;
    let document = document
        .replace("GRACE", platform.person("grace").id.as_str())
        .replace("RESEARCH", platform.group("research").id.as_str());
    let rights = |platform: &Platform| {
        let grace = platform.user("grace");
        let groups = platform.directory().groups_of(&grace.id).map(|group| group.name.to_string()).collect::<Vec<_>>();
        (grace.enabled, groups, platform.group("research").attributes.clone())
    };
    let before = rights(&platform);
    platform.query(Caller::PlatformAdministrator, &document).await.data();
    assert_eq!(rights(&platform), before);
}
