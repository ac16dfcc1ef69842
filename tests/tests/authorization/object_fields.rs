//! Every field below the root, for everybody who gets to see its object.

use std::fmt::Write as _;

use primehub_tests::schema::{Type, Types};
use primehub_tests::{Caller, Platform};

use super::outcome::outcome;
use super::scene::Scene;
use super::table::aligned;

/// Somebody who looks at an object.
struct View {
    title: &'static str,
    caller: Caller,
    /// The document that leads to the object; `FIELD` stands for the field in question.
    document: &'static str,
    /// Where the object is in the answer.
    object: &'static str,
}

const fn view(title: &'static str, caller: Caller, document: &'static str, object: &'static str) -> View {
    View { title, caller, document, object }
}

const SYSTEM: [Caller; 2] = [Caller::Server, Caller::PlatformAdministrator];

/// Who looks at objects of which type, and how they get there.
const VIEWS: &[(&str, &[View])] = &[
    (
        "User",
        &[
            view("self", Caller::Member, "{ me { FIELD } }", "/me"),
            view("co-member", Caller::Member, r#"{ user(where: { id: "USER" }) { FIELD } }"#, "/user"),
            view(
                "group administrator",
                Caller::GroupAdministrator,
                r#"{ user(where: { id: "USER" }) { FIELD } }"#,
                "/user",
            ),
            view(
                "in the group's list",
                Caller::Member,
                r#"{ group(where: { id: "GROUP" }) { users { FIELD } } }"#,
                "/group/users/0",
            ),
            view("stranger", Caller::Stranger, r#"{ user(where: { id: "USER" }) { FIELD } }"#, "/user"),
            view(
                "platform administrator",
                Caller::PlatformAdministrator,
                r#"{ user(where: { id: "USER" }) { FIELD } }"#,
                "/user",
            ),
            view("server", Caller::Server, r#"{ user(where: { id: "USER" }) { FIELD } }"#, "/user"),
        ],
    ),
    (
        "Group",
        &[
            view("member", Caller::Member, r#"{ group(where: { id: "GROUP" }) { FIELD } }"#, "/group"),
            view(
                "its administrator",
                Caller::GroupAdministrator,
                r#"{ group(where: { id: "GROUP" }) { FIELD } }"#,
                "/group",
            ),
            view("outsider", Caller::OutsideMember, r#"{ group(where: { id: "GROUP" }) { FIELD } }"#, "/group"),
            view("everyone's, anybody", Caller::Stranger, "{ me { groups { FIELD } } }", "/me/groups/0"),
            view(
                "platform administrator",
                Caller::PlatformAdministrator,
                r#"{ group(where: { id: "GROUP" }) { FIELD } }"#,
                "/group",
            ),
            view(
                "everyone's, pl. adm.",
                Caller::PlatformAdministrator,
                r#"{ group(where: { id: "EVERYONE" }) { FIELD } }"#,
                "/group",
            ),
            view("server", Caller::Server, r#"{ group(where: { id: "GROUP" }) { FIELD } }"#, "/group"),
        ],
    ),
    (
        "MLflowSetting",
        &[
            view(
                "member",
                Caller::Member,
                r#"{ group(where: { id: "GROUP" }) { mlflow { FIELD } } }"#,
                "/group/mlflow",
            ),
            view(
                "its administrator",
                Caller::GroupAdministrator,
                r#"{ group(where: { id: "GROUP" }) { mlflow { FIELD } } }"#,
                "/group/mlflow",
            ),
            view(
                "everyone's, anybody",
                Caller::Stranger,
                "{ me { groups { mlflow { FIELD } } } }",
                "/me/groups/0/mlflow",
            ),
            view(
                "platform administrator",
                Caller::PlatformAdministrator,
                r#"{ group(where: { id: "GROUP" }) { mlflow { FIELD } } }"#,
                "/group/mlflow",
            ),
            view(
                "server",
                Caller::Server,
                r#"{ group(where: { id: "GROUP" }) { mlflow { FIELD } } }"#,
                "/group/mlflow",
            ),
        ],
    ),
    (
        "EnvVar",
        &[
            view(
                "member",
                Caller::Member,
                r#"{ group(where: { id: "GROUP" }) { mlflow { trackingEnvs { FIELD } } } }"#,
                "/group/mlflow/trackingEnvs/0",
            ),
            view(
                "outsider",
                Caller::OutsideMember,
                r#"{ group(where: { id: "GROUP" }) { mlflow { trackingEnvs { FIELD } } } }"#,
                "/group/mlflow/trackingEnvs/0",
            ),
            view(
                "server",
                Caller::Server,
                r#"{ group(where: { id: "GROUP" }) { mlflow { trackingEnvs { FIELD } } } }"#,
                "/group/mlflow/trackingEnvs/0",
            ),
        ],
    ),
    (
        "System",
        &[
            view("server", SYSTEM[0], "{ system { FIELD } }", "/system"),
            view("platform administrator", SYSTEM[1], "{ system { FIELD } }", "/system"),
        ],
    ),
    (
        "Org",
        &[
            view("server", SYSTEM[0], "{ system { org { FIELD } } }", "/system/org"),
            view("platform administrator", SYSTEM[1], "{ system { org { FIELD } } }", "/system/org"),
        ],
    ),
    (
        "CannerImage",
        &[
            view("server", SYSTEM[0], "{ system { org { logo { FIELD } } } }", "/system/org/logo"),
            view("platform administrator", SYSTEM[1], "{ system { org { logo { FIELD } } } }", "/system/org/logo"),
        ],
    ),
    (
        "Smtp",
        &[
            view("server", SYSTEM[0], "{ system { smtp { FIELD } } }", "/system/smtp"),
            view("platform administrator", SYSTEM[1], "{ system { smtp { FIELD } } }", "/system/smtp"),
        ],
    ),
    (
        "Timezone",
        &[
            view("stranger", Caller::Stranger, "{ timezone { FIELD } }", "/timezone"),
            view("server", Caller::Server, "{ system { timezone { FIELD } } }", "/system/timezone"),
            view(
                "platform administrator",
                Caller::PlatformAdministrator,
                "{ system { timezone { FIELD } } }",
                "/system/timezone",
            ),
        ],
    ),
    (
        "License",
        &[
            view("stranger", Caller::Stranger, "{ license { FIELD } }", "/license"),
            view("server", Caller::Server, "{ system { license { FIELD } } }", "/system/license"),
        ],
    ),
    (
        "LicenseUsage",
        &[
            view("stranger", Caller::Stranger, "{ license { usage { FIELD } } }", "/license/usage"),
            view("server", Caller::Server, "{ license { usage { FIELD } } }", "/license/usage"),
        ],
    ),
    (
        "UserConnection",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            "{ usersConnection { FIELD } }",
            "/usersConnection",
        )],
    ),
    (
        "UserEdge",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            "{ usersConnection { edges { FIELD } } }",
            "/usersConnection/edges/0",
        )],
    ),
    (
        "GroupConnection",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            "{ groupsConnection { FIELD } }",
            "/groupsConnection",
        )],
    ),
    (
        "GroupEdge",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            "{ groupsConnection { edges { FIELD } } }",
            "/groupsConnection/edges/0",
        )],
    ),
    (
        "PageInfo",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            "{ groupsConnection { pageInfo { FIELD } } }",
            "/groupsConnection/pageInfo",
        )],
    ),
    (
        "GroupResourcesToBeDeleted",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            r#"{ groupResourcesToBeDeleted(where: { id: "GROUP" }) { FIELD } }"#,
            "/groupResourcesToBeDeleted",
        )],
    ),
    (
        "UserActionResponse",
        &[view("stranger", Caller::Stranger, "mutation { revokeApiToken { FIELD } }", "/revokeApiToken")],
    ),
    (
        "UserMultiEmailResponse",
        &[view(
            "platform administrator",
            Caller::PlatformAdministrator,
            r#"mutation { sendMultiEmail(in: ["USER"]) { FIELD } }"#,
            "/sendMultiEmail",
        )],
    ),
    (
        "Invitation",
        &[view(
            "group administrator",
            Caller::GroupAdministrator,
            r#"mutation { createInvitation(data: { groupId: "GROUP" }) { FIELD } }"#,
            "/createInvitation",
        )],
    ),
    (
        "InvitationQueryResult",
        &[view(
            "server",
            Caller::Server,
            r#"{ invitation(data: { invitationToken: "INVITATION" }) { FIELD } }"#,
            "/invitation",
        )],
    ),
    (
        "InvitationResult",
        &[view(
            "server",
            Caller::Server,
            r#"mutation { createUserFromInvitation(data: { invitationToken: "INVITATION", username: "invited-NUMBER" }) { FIELD } }"#,
            "/createUserFromInvitation",
        )],
    ),
];

/// Types of which no object can come into being yet, and why.
const WITHOUT_OBJECTS: &[(&str, &str)] = &[
    ("Dataset", IN_KUBERNETES),
    ("Image", IN_KUBERNETES),
    ("InstanceType", IN_KUBERNETES),
    ("ResourceStatus", IN_KUBERNETES),
    ("Toleration", IN_KUBERNETES),
    ("UserAnnouncement", IN_KUBERNETES),
];
const IN_KUBERNETES: &str = "they live in Kubernetes, which this server is not connected to";

/// Whether somebody looks at objects of the type, or there are none.
pub(crate) fn is_covered(name: &str) -> bool {
    VIEWS.iter().any(|(of, _)| *of == name) || WITHOUT_OBJECTS.iter().any(|(of, _)| *of == name)
}

/// Names of the types that have cases.
pub(crate) fn covered() -> impl Iterator<Item = &'static str> {
    VIEWS.iter().map(|(name, _)| *name).chain(WITHOUT_OBJECTS.iter().map(|(name, _)| *name))
}

/// The part of the golden table about fields of objects.
pub(crate) async fn tables(platform: &Platform, types: &Types) -> String {
    let scene = Scene::new(platform).await;
    let mut text = String::new();
    for (name, views) in VIEWS {
        let of = &types[*name];
        let mut rows = Vec::new();
        for field in of.fields.keys() {
            let mut row = vec![format!("{name}.{field}")];
            for view in *views {
                let document = view.document.replace("FIELD", &selection(of, field, types));
                let answer = platform.query(view.caller, &scene.fill(platform, &document).await).await;
                row.push(outcome(&answer, &format!("{}/{field}", view.object)));
            }
            rows.push(row);
        }
        let heading: Vec<&str> = std::iter::once(*name).chain(views.iter().map(|view| view.title)).collect();
        text.push('\n');
        text.push_str(&aligned(&heading, &rows));
    }
    text.push('\n');
    for (name, reason) in WITHOUT_OBJECTS {
        let fields: Vec<&str> = types[*name].fields.keys().map(String::as_str).collect();
        let _ = writeln!(text, "{name}: no objects, because {reason}\n    {}", fields.join(" "));
    }
    text
}

/// The field as it is selected: objects need something selected inside.
pub(crate) fn selection(of: &Type, field: &str, types: &Types) -> String {
    let is_object = types.get(of.fields[field].base()).is_some_and(|inner| inner.kind == "OBJECT");
    if is_object { format!("{field} {{ __typename }}") } else { field.to_owned() }
}
