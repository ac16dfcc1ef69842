//! Every field at the root, for every caller.

use primehub_tests::{Caller, Platform};

use super::outcome::outcome;
use super::scene::Scene;
use super::table::aligned;

/// One row of the table.
pub(crate) struct Case {
    /// `Query.me`.
    pub(crate) field: &'static str,
    /// What is special about it, if the field has several cases.
    title: &'static str,
    document: &'static str,
}

const fn case(field: &'static str, title: &'static str, document: &'static str) -> Case {
    Case { field, title, document }
}

/// The rows.
pub(crate) const CASES: &[Case] = &[
    case("Query.group", "of the caller", r#"{ group(where: { id: "GROUP" }) { id } }"#),
    case("Query.group", "of others", r#"{ group(where: { id: "OTHER" }) { id } }"#),
    case("Query.group", "of everyone", r#"{ group(where: { id: "EVERYONE" }) { id } }"#),
    case("Query.group", "absent", r#"{ group(where: { id: "none" }) { id } }"#),
    case(
        "Query.groupResourcesToBeDeleted",
        "",
        r#"{ groupResourcesToBeDeleted(where: { id: "GROUP" }) { __typename } }"#,
    ),
    case("Query.groups", "", "{ groups(first: 1) { id } }"),
    case("Query.groupsConnection", "", "{ groupsConnection(first: 1) { __typename } }"),
    case("Query.invitation", "", r#"{ invitation(data: { invitationToken: "INVITATION" }) { validation } }"#),
    case("Query.license", "", "{ license { __typename } }"),
    case("Query.me", "", "{ me { id } }"),
    case("Query.system", "", "{ system { __typename } }"),
    case("Query.timezone", "", "{ timezone { __typename } }"),
    case("Query.user", "", r#"{ user(where: { id: "USER" }) { id username } }"#),
    case("Query.user", "absent", r#"{ user(where: { id: "none" }) { id } }"#),
    case("Query.users", "", "{ users(first: 1) { id } }"),
    case("Query.usersConnection", "", "{ usersConnection(first: 1) { __typename } }"),
    case("Mutation.createGroup", "", r#"mutation { createGroup(data: { name: "created-NUMBER" }) { id } }"#),
    case(
        "Mutation.createInvitation",
        "own group",
        r#"mutation { createInvitation(data: { groupId: "GROUP" }) { groupId } }"#,
    ),
    case(
        "Mutation.createInvitation",
        "group of others",
        r#"mutation { createInvitation(data: { groupId: "OTHER" }) { groupId } }"#,
    ),
    case(
        "Mutation.createInvitation",
        "group of everyone",
        r#"mutation { createInvitation(data: { groupId: "EVERYONE" }) { groupId } }"#,
    ),
    case(
        "Mutation.createInvitation",
        "absent group",
        r#"mutation { createInvitation(data: { groupId: "none" }) { groupId } }"#,
    ),
    case("Mutation.createUser", "", r#"mutation { createUser(data: { username: "created-NUMBER" }) { id } }"#),
    case(
        "Mutation.createUserFromInvitation",
        "",
        r#"mutation { createUserFromInvitation(data: { invitationToken: "INVITATION", username: "invited-NUMBER" }) { username } }"#,
    ),
    case("Mutation.deleteGroup", "", r#"mutation { deleteGroup(where: { id: "GROUP" }) { id } }"#),
    case("Mutation.deleteGroup", "of everyone", r#"mutation { deleteGroup(where: { id: "EVERYONE" }) { id } }"#),
    case("Mutation.deleteGroup", "absent", r#"mutation { deleteGroup(where: { id: "none" }) { id } }"#),
    case("Mutation.deleteUser", "", r#"mutation { deleteUser(where: { id: "USER" }) { id } }"#),
    case("Mutation.deleteUser", "absent", r#"mutation { deleteUser(where: { id: "none" }) { id } }"#),
    case(
        "Mutation.notifyNotebookEvent",
        "",
        r#"mutation { notifyNotebookEvent(data: { notebookStatus: "Running" }) }"#,
    ),
    case(
        "Mutation.resetPassword",
        "",
        r#"mutation { resetPassword(id: "USER", password: "long enough 1", temporary: false) { id } }"#,
    ),
    case("Mutation.revokeApiToken", "", r#"mutation { revokeApiToken(userId: "USER") { id } }"#),
    case(
        "Mutation.sendEmail",
        "",
        r#"mutation { sendEmail(id: "USER", resetActions: ["VERIFY_EMAIL"], expiresIn: 60) { id } }"#,
    ),
    case(
        "Mutation.sendMultiEmail",
        "",
        r#"mutation { sendMultiEmail(in: ["USER"], resetActions: ["VERIFY_EMAIL"], expiresIn: 60) { status } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "MLflow",
        r#"mutation { updateGroup(where: { id: "GROUP" }, data: { trackingUri: "http://mlflow" }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "job deadline",
        r#"mutation { updateGroup(where: { id: "GROUP" }, data: { jobDefaultActiveDeadlineSeconds: 60 }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "members",
        r#"mutation { updateGroup(where: { id: "GROUP" }, data: { users: { connect: [{ id: "USER" }] } }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "admins",
        r#"mutation { updateGroup(where: { id: "GROUP" }, data: { admins: "ada,grace" }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "quota",
        r#"mutation { updateGroup(where: { id: "GROUP" }, data: { quotaCpu: 1 }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "display name",
        r#"mutation { updateGroup(where: { id: "GROUP" }, data: { displayName: "New" }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "of others",
        r#"mutation { updateGroup(where: { id: "OTHER" }, data: { trackingUri: "http://x" }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "of everyone",
        r#"mutation { updateGroup(where: { id: "EVERYONE" }, data: { jobDefaultActiveDeadlineSeconds: 60 }) { id } }"#,
    ),
    case(
        "Mutation.updateGroup",
        "absent",
        r#"mutation { updateGroup(where: { id: "none" }, data: { trackingUri: "http://x" }) { id } }"#,
    ),
    case(
        "Mutation.updateSystem",
        "",
        r#"mutation { updateSystem(data: { org: { name: "Example" } }) { __typename } }"#,
    ),
    case(
        "Mutation.updateUser",
        "",
        r#"mutation { updateUser(where: { id: "USER" }, data: { firstName: "New" }) { id } }"#,
    ),
    case(
        "Mutation.updateUser",
        "predefinedEnvs",
        r#"mutation { updateUser(where: { id: "USER" }, data: { predefinedEnvs: "[]" }) { id } }"#,
    ),
    case(
        "Mutation.updateUser",
        "absent",
        r#"mutation { updateUser(where: { id: "none" }, data: { predefinedEnvs: "[]" }) { id } }"#,
    ),
];

/// The part of the golden table about root fields.
pub(crate) async fn table(platform: &Platform) -> String {
    let mut rows = Vec::new();
    for Case { field, title, document } in CASES {
        let name = field.split_once('.').unwrap().1;
        let label = if title.is_empty() { (*field).to_owned() } else { format!("{field}, {title}") };
        let mut row = vec![label];
        for caller in Caller::ALL {
            let scene = Scene::new(platform).await;
            let answer = platform.query(caller, &scene.fill(platform, document).await).await;
            row.push(outcome(&answer, &format!("/{name}")));
        }
        rows.push(row);
    }
    let heading: Vec<&str> = std::iter::once("root field").chain(Caller::ALL.map(Caller::label)).collect();
    aligned(&heading, &rows)
}
