//! Values that cannot be stored, objects that are not there, and what must not be done.

use primehub_tests::{Caller, Platform};
use rstest::rstest;

/// A document in which words in capital letters stand for ids and long texts, what it is answered with, and what the message contains.
type Case = (&'static str, &'static str, &'static str);

const USERS: &[Case] = &[
    // Taken.
    (r#"mutation { createUser(data: { username: "grace" }) { id } }"#, "USER_CONFLICT_USERNAME", "exists"),
    (
        r#"mutation { createUser(data: { username: "new", email: "grace@example.com" }) { id } }"#,
        "USER_CONFLICT_EMAIL",
        "email",
    ),
    (
        r#"mutation { createUser(data: { username: "new", email: "GRACE@example.com" }) { id } }"#,
        "USER_CONFLICT_EMAIL",
        "email",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { username: "grace" }) { id } }"#,
        "USER_CONFLICT_USERNAME",
        "username",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { email: "grace@example.com" }) { id } }"#,
        "USER_CONFLICT_EMAIL",
        "User exists with same email",
    ),
    // Names.
    (r#"mutation { createUser(data: { username: "" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "-dash" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "two words" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "jürgen" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "аda" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "a\u0000" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "a\nb" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (r#"mutation { createUser(data: { username: "TEXT256" }) { id } }"#, "REQUEST_BODY_INVALID", "username"),
    (
        r#"mutation { createUser(data: { username: "new", email: "no address" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "email",
    ),
    (
        r#"mutation { createUser(data: { username: "new", firstName: "TEXT256" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "firstName",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { username: "" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "username",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { lastName: "TEXT256" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "lastName",
    ),
    // Numbers and long texts. `predefinedEnvs` is declared at the identity provider with a length of its own.
    (
        r#"mutation { createUser(data: { username: "new", volumeCapacity: -1 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "volumeCapacity",
    ),
    (
        r#"mutation { createUser(data: { username: "new", volumeCapacity: 2147483648 }) { id } }"#,
        "BAD_USER_INPUT",
        "Int",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { volumeCapacity: -1 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "volumeCapacity",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { predefinedEnvs: "TEXT100001" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "predefinedEnvs",
    ),
    // Not there.
    (
        r#"mutation { updateUser(where: { id: "GONE" }, data: { firstName: "New" }) { id } }"#,
        "USER_NOT_EXIST",
        "user does not exist",
    ),
    (
        r#"mutation { updateUser(where: { id: "" }, data: { firstName: "New" }) { id } }"#,
        "USER_NOT_EXIST",
        "user does not exist",
    ),
    (r#"mutation { deleteUser(where: { id: "GONE" }) { id } }"#, "USER_NOT_EXIST", "user does not exist"),
    (
        r#"mutation { resetPassword(id: "GONE", password: "new password") { id } }"#,
        "USER_NOT_EXIST",
        "user does not exist",
    ),
    (r#"mutation { sendEmail(id: "GONE") { id } }"#, "USER_NOT_EXIST", "user does not exist"),
    (r#"mutation { sendEmail(id: "SILENT") { id } }"#, "USER_EMAIL_NOT_EXIST", "user email not defined"),
    (r#"mutation { resetPassword(password: "new password") { id } }"#, "BAD_USER_INPUT", "id"),
    (r#"mutation { resetPassword(id: "ADA", password: "") { id } }"#, "REQUEST_BODY_INVALID", "password"),
    (
        r#"mutation { sendEmail(id: "ADA", resetActions: ["FORMAT_DISK"]) { id } }"#,
        "REQUEST_BODY_INVALID",
        "FORMAT_DISK",
    ),
    (r#"mutation { sendEmail(id: "ADA", expiresIn: -1) { id } }"#, "BAD_USER_INPUT", "expiresIn"),
    (r"mutation { sendMultiEmail(in: []) { status } }", "BAD_USER_INPUT", "in must name"),
    (
        r#"mutation { createUser(data: { username: "new", groups: { connect: [{ id: "GONE" }] } }) { id } }"#,
        "RESOURCE_NOT_FOUND",
        "there is no group with id ",
    ),
    (r#"{ usersConnection(after: "-1") { edges { cursor } } }"#, "BAD_USER_INPUT", "after"),
    (r#"{ users(before: "abc") { id } }"#, "BAD_USER_INPUT", "before"),
    (
        r#"mutation { createUser(data: { username: "service-account-new" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "reserved",
    ),
    // Must not be done.
    (r#"mutation { deleteUser(where: { id: "PHADMIN" }) { id } }"#, "NOT_AUTH", "your own account"),
    (
        r#"mutation { updateUser(where: { id: "PHADMIN" }, data: { isAdmin: false }) { id } }"#,
        "NOT_AUTH",
        "your own account",
    ),
    (
        r#"mutation { updateUser(where: { id: "PHADMIN" }, data: { enabled: false }) { id } }"#,
        "NOT_AUTH",
        "your own account",
    ),
];

const GROUPS: &[Case] = &[
    // Taken: names with the same path share files.
    (
        r#"mutation { createGroup(data: { name: "research" }) { id } }"#,
        "GROUP_CONFLICT_NAME",
        "Group exists with same name",
    ),
    (
        r#"mutation { createGroup(data: { name: "Research" }) { id } }"#,
        "GROUP_CONFLICT_NAME",
        "Group exists with same name",
    ),
    (
        r#"mutation { createGroup(data: { name: "Everyone" }) { id } }"#,
        "GROUP_CONFLICT_NAME",
        "Group exists with same name",
    ),
    (
        r#"mutation { createGroup(data: { name: "two-words" }) { id } }"#,
        "GROUP_CONFLICT_NAME",
        "Group exists with same name",
    ),
    // Names.
    (r#"mutation { createGroup(data: { name: "" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "-a" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "a-" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "two words" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "größe" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "a/b" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "a\u0007b" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "a\n" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    (r#"mutation { createGroup(data: { name: "TEXT51" }) { id } }"#, "REQUEST_BODY_INVALID", "name"),
    // Quotas.
    (r#"mutation { createGroup(data: { name: "new", quotaCpu: -0.5 }) { id } }"#, "REQUEST_BODY_INVALID", "quotaCpu"),
    (r#"mutation { createGroup(data: { name: "new", quotaGpu: -1 }) { id } }"#, "REQUEST_BODY_INVALID", "quotaGpu"),
    (
        r#"mutation { createGroup(data: { name: "new", quotaMemory: -1 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "quotaMemory",
    ),
    (
        r#"mutation { createGroup(data: { name: "new", projectQuotaCpu: -1 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "projectQuotaCpu",
    ),
    (r#"mutation { createGroup(data: { name: "new", maxDeploy: -1 }) { id } }"#, "REQUEST_BODY_INVALID", "maxDeploy"),
    (r#"mutation { createGroup(data: { name: "new", quotaCpu: 1e30 }) { id } }"#, "REQUEST_BODY_INVALID", "quotaCpu"),
    (
        r#"mutation { createGroup(data: { name: "new", quotaMemory: 1e300 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "quotaMemory",
    ),
    (r#"mutation { createGroup(data: { name: "new", quotaGpu: 2147483648 }) { id } }"#, "BAD_USER_INPUT", "Int"),
    (
        r#"mutation { createGroup(data: { name: "new", quotaGpu: 0.5 }) { id } }"#,
        "GRAPHQL_VALIDATION_FAILED",
        "quotaGpu",
    ),
    (
        r#"mutation { createGroup(data: { name: "new", quotaCpu: 2, projectQuotaCpu: 1 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "uota",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { quotaCpu: 17 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "uota",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { projectQuotaGpu: 0 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "uota",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { quotaGpu: -1 }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "quotaGpu",
    ),
    // Long texts.
    (
        r#"mutation { createGroup(data: { name: "new", displayName: "TEXT256" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "displayName",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { displayName: "TEXT256" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "displayName",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { trackingUri: "TEXT256" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "trackingUri",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { trackingEnvs: [{ name: "A", value: "TEXT256" }] }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "trackingEnvs",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { trackingEnvs: "no list" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "trackingEnvs",
    ),
    // Administrators and members.
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { admins: "ada,nobody" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "nobody",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { admins: "ada,alan" }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "alan",
    ),
    (
        r#"mutation { updateGroup(where: { id: "EVERYONE" }, data: { users: { disconnect: [{ id: "ADA" }] } }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "everyone",
    ),
    (
        r#"mutation { updateUser(where: { id: "ADA" }, data: { groups: { disconnect: [{ id: "EVERYONE" }] } }) { id } }"#,
        "REQUEST_BODY_INVALID",
        "everyone",
    ),
    (r#"mutation { deleteGroup(where: { id: "EVERYONE" }) { id } }"#, "REQUEST_BODY_INVALID", "everyone"),
    // Volumes need Kubernetes.
    (
        r#"mutation { createGroup(data: { name: "new", enabledSharedVolume: true }) { id } }"#,
        "INTERNAL_SERVER_ERROR",
        "sharedVolumeCapacity should not be null",
    ),
    (
        r#"mutation { createGroup(data: { name: "new", enabledSharedVolume: true, sharedVolumeCapacity: 5 }) { id } }"#,
        "API_UNAVAILABLE",
        "Kubernetes",
    ),
    (
        r#"mutation { updateGroup(where: { id: "RESEARCH" }, data: { enabledSharedVolume: true, sharedVolumeCapacity: 5 }) { id } }"#,
        "API_UNAVAILABLE",
        "Kubernetes",
    ),
    // Not there.
    (r#"mutation { updateGroup(where: { id: "GONE" }, data: { quotaCpu: 1 }) { id } }"#, "RESOURCE_NOT_FOUND", "GONE"),
    (r#"mutation { deleteGroup(where: { id: "GONE" }) { id } }"#, "RESOURCE_NOT_FOUND", "GONE"),
    (r#"{ groupResourcesToBeDeleted(where: { id: "GONE" }) { apps } }"#, "RESOURCE_NOT_FOUND", "GONE"),
];

const OTHERS: &[Case] = &[
    (r#"mutation { createInvitation(data: { groupId: "GONE" }) { groupId } }"#, "", "invalid groupId: "),
    (r#"{ invitation(data: { invitationToken: "guessed" }) { validation } }"#, "INVALID_TOKEN", "INVALID_TOKEN"),
    (
        r#"mutation { createUserFromInvitation(data: { invitationToken: "guessed", username: "new" }) { username } }"#,
        "INVALID_TOKEN",
        "INVALID_TOKEN",
    ),
    (
        r#"mutation { createUserFromInvitation(data: { invitationToken: "", username: "new" }) { username } }"#,
        "INVALID_TOKEN",
        "INVALID_TOKEN",
    ),
    (r"{ users(first: -1) { id } }", "BAD_USER_INPUT", ""),
    (r"{ users(page: -1) { id } }", "BAD_USER_INPUT", ""),
    (r"{ groupsConnection(last: -1) { edges { cursor } } }", "BAD_USER_INPUT", ""),
    (r"{ groupsConnection(page: -1) { edges { cursor } } }", "BAD_USER_INPUT", ""),
    (r#"{ groups(orderBy: { name: "up" }) { id } }"#, "", "order value (up) not valid. Should be 'asc' or 'desc'"),
    (
        r#"mutation { updateSystem(data: { org: { logo: { url: "javascript:alert(1)" } } }) { __typename } }"#,
        "REQUEST_BODY_INVALID",
        "logo",
    ),
    (r#"mutation { updateSystem(data: { org: { name: "TEXT256" } }) { __typename } }"#, "REQUEST_BODY_INVALID", "name"),
    (r"mutation { updateSystem(data: { smtp: { port: 70000 } }) { __typename } }", "REQUEST_BODY_INVALID", "port"),
    (
        r"mutation { updateSystem(data: { defaultUserVolumeCapacity: -5 }) { __typename } }",
        "REQUEST_BODY_INVALID",
        "defaultUserVolumeCapacity",
    ),
];

async fn platform() -> Platform {
    let platform = Platform::start().await;
    platform.add_mail_server().await;
    platform.add_user("silent").await;
    platform.add_group("Two_Words", &[], &[]).await;
    platform
}

fn fill(platform: &Platform, document: &str) -> String {
    let gone = platform.person("grace").id.as_str().chars().rev().collect::<String>();
    document
        .replace("TEXT100001", &"x".repeat(100_001))
        .replace("TEXT256", &"x".repeat(256))
        .replace("TEXT51", &"x".repeat(51))
        .replace("PHADMIN", platform.person("phadmin").id.as_str())
        .replace("ADA", platform.person("ada").id.as_str())
        .replace("SILENT", platform.user("silent").id.as_str())
        .replace("RESEARCH", platform.group("research").id.as_str())
        .replace("EVERYONE", platform.everyone().as_str())
        .replace("GONE", &gone)
}

#[rstest]
#[case::users(USERS)]
#[case::groups(GROUPS)]
#[case::others(OTHERS)]
#[tokio::test]
async fn each_has_its_answer_and_changes_nothing(#[case] cases: &[Case]) {
    let platform = platform().await;
    let before = platform.picture();
    let mut wrong = Vec::new();
    for (document, code, message) in cases {
        let answer = platform.query(Caller::PlatformAdministrator, &fill(&platform, document)).await;
        let message = message.replace("GONE", &fill(&platform, "GONE"));
        let as_expected = (code.is_empty() || answer.code() == *code)
            && !answer.message().is_empty()
            && answer.message().contains(&message);
        if !as_expected {
            wrong.push(format!(
                "{document}\n    expected {code} …{message}…\n    got {} {}",
                answer.status, answer.text
            ));
        }
        if platform.picture() != before {
            wrong.push(format!("{document} changed something: {}", answer.text));
            break;
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[tokio::test]
async fn names_and_texts_at_their_limits_are_taken() {
    let platform = platform().await;
    let documents = [
        format!(r#"mutation {{ createGroup(data: {{ name: "{}", displayName: "{}" }}) {{ id }} }}"#, "g".repeat(50), "ü".repeat(255)),
        r#"mutation { createGroup(data: { name: "0", quotaCpu: 0, quotaGpu: 0, quotaMemory: 0, maxDeploy: 0 }) { id } }"#.into(),
        r#"mutation { createGroup(data: { name: "A.b_c-9", quotaCpu: 0.5, projectQuotaCpu: 0.5, quotaGpu: 2147483647 }) { id } }"#.into(),
        r#"mutation { createUser(data: { username: "0-_.@" , firstName: "李", lastName: "O'Neil-Świątek" }) { id } }"#.into(),
        format!(r#"mutation {{ updateUser(where: {{ id: "ADA" }}, data: {{ predefinedEnvs: "{}" }}) {{ id }} }}"#, "x".repeat(100_000)),
    ];
    for document in documents {
        platform.query(Caller::PlatformAdministrator, &fill(&platform, &document)).await.data();
    }
}

#[tokio::test]
async fn what_was_deleted_cannot_be_changed() {
    let platform = platform().await;
    let run = async |document: String| platform.query(Caller::PlatformAdministrator, &document).await;
    let (user, group) = (platform.person("alan").id.clone(), platform.group("teaching").id.clone());
    run(format!(r#"mutation {{ deleteUser(where: {{ id: "{user}" }}) {{ id }} }}"#)).await.data();
    run(format!(r#"mutation {{ deleteGroup(where: {{ id: "{group}" }}) {{ id }} }}"#)).await.data();
    let before = platform.picture();
    let update_user =
        run(format!(r#"mutation {{ updateUser(where: {{ id: "{user}" }}, data: {{ isAdmin: true }}) {{ id }} }}"#))
            .await;
    let update_group =
        run(format!(r#"mutation {{ updateGroup(where: {{ id: "{group}" }}, data: {{ quotaCpu: 1 }}) {{ id }} }}"#))
            .await;
    assert_eq!((update_user.code(), update_group.code()), ("USER_NOT_EXIST", "RESOURCE_NOT_FOUND"));
    assert_eq!(platform.picture(), before);
}
