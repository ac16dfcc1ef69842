//! What events say: not what is true now, only what may have changed. Pure.

use std::collections::BTreeSet;

use primehub_core::identity::RoleKey;
use primehub_core::names::{GroupId, UserId};

use super::cursor::Stamped;
use super::target::Target;
use crate::admin::{AdminEvent, UserEvent};

/// What an event asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Hint {
    /// These are to be read again.
    Read(BTreeSet<Target>),
    /// Something of which no single reading would show the effect.
    Everything,
    /// Who may change what about people is to be looked at.
    Profile,
    /// Nothing that is mirrored.
    Nothing,
}

/// Parts of the admin interface whose changes touch nothing that is mirrored.
const ELSEWHERE: [&str; 13] = [
    "admin-events",
    "attack-detection",
    "authentication",
    "client-policies",
    "client-registration-policy",
    "client-scopes",
    "client-templates",
    "events",
    "identity-provider",
    "keys",
    "localization",
    "required-actions",
    "sessions",
];

/// What a change through the admin interface asks for. `management` is Keycloak's id of the client `realm-management`.
pub(super) fn of_admin(event: &AdminEvent, management: &str) -> Hint {
    let Some(path) = event.resource_path.as_deref().filter(|path| !path.is_empty()) else {
        // The realm itself, which has no path.
        return read([Target::Realm]);
    };
    let steps: Vec<&str> = path.split('/').collect();
    match steps.as_slice() {
        ["users", "profile", ..] => Hint::Profile,
        ["users", id] if event.resource_type == "REALM" && event.operation_type == "UPDATE" => {
            read([Target::Imported(UserId::new(*id))])
        }
        ["users", id, ..] => read([Target::User(UserId::new(*id))]),
        ["groups"] => read([Target::TopLevel]),
        // A child is not named. It was made here, or has come here from elsewhere.
        ["groups", id, "children", ..] => read([Target::Children(GroupId::new(*id))]),
        ["groups", id, ..] => read([Target::Group(GroupId::new(*id))]),
        ["default-groups", ..] => read([Target::Realm]),
        ["roles", ..] => role(path, &event.operation_type),
        ["roles-by-id", ..] => read([Target::Roles]),
        ["clients", id] if *id == management => Hint::Everything,
        ["clients", id, "roles", ..] if *id == management => Hint::Everything,
        ["clients", ..] => Hint::Nothing,
        // Where accounts come from has changed: there are no events for those.
        ["components", ..] => Hint::Everything,
        [elsewhere, ..] if ELSEWHERE.contains(elsewhere) => Hint::Nothing,
        _ => {
            tracing::debug!(path, kind = event.resource_type, "an event of an unknown kind");
            read([Target::Realm])
        }
    }
}

/// A role is named in the path as it is, slashes included. Only what is certain is taken for a name.
fn role(path: &str, operation: &str) -> Hint {
    let name = path.strip_prefix("roles/").unwrap_or_default();
    let name = name.strip_suffix("/composites").unwrap_or(name);
    let certain = !name.is_empty() && !name.contains('/') && !crate::invitations::is_storage(name);
    // An update may have been a new name, under which the role is not in the path.
    if certain && operation != "UPDATE" { read([Target::Role(RoleKey::realm(name))]) } else { read([Target::Roles]) }
}

/// What people do by themselves, as far as it never changes an account that is known.
const HARMLESS: [&str; 17] = [
    "AUTHREQID_TO_TOKEN",
    "CLIENT_INFO",
    "CLIENT_LOGIN",
    "CODE_TO_TOKEN",
    "GRANT_CONSENT",
    "IMPERSONATE",
    "INTROSPECT_TOKEN",
    "LOGIN",
    "LOGOUT",
    "OAUTH2_DEVICE_CODE_TO_TOKEN",
    "PERMISSION_TOKEN",
    "REFRESH_TOKEN",
    "RESTART_AUTHENTICATION",
    "REVOKE_GRANT",
    "TOKEN_EXCHANGE",
    "USER_INFO_REQUEST",
    "VALIDATE_ACCESS_TOKEN",
];

/// What an act of a person asks for. `knows` tells whether an account is in the picture: one that is not may come from a directory behind
/// Keycloak, which shows at the first login only.
pub(super) fn of_user(event: &UserEvent, knows: impl Fn(&UserId) -> bool) -> Hint {
    let Some(id) = &event.user_id else { return Hint::Nothing };
    // Failures change nothing, except that too many of them lock the account.
    let failed = event.kind.ends_with("_ERROR");
    if failed || (HARMLESS.contains(&event.kind.as_str()) && knows(id)) {
        Hint::Nothing
    } else {
        read([Target::User(id.clone())])
    }
}

fn read(targets: impl IntoIterator<Item = Target>) -> Hint {
    Hint::Read(targets.into_iter().collect())
}

impl Stamped for AdminEvent {
    fn time(&self) -> i64 {
        self.time
    }

    fn id(&self) -> String {
        let unnamed = || {
            let path = self.resource_path.as_deref().unwrap_or_default();
            format!("{} {} {} {path}", self.time, self.operation_type, self.resource_type)
        };
        self.id.clone().unwrap_or_else(unnamed)
    }
}

impl Stamped for UserEvent {
    fn time(&self) -> i64 {
        self.time
    }

    fn id(&self) -> String {
        let user = self.user_id.as_ref().map(UserId::as_str).unwrap_or_default();
        self.id.clone().unwrap_or_else(|| format!("{} {} {user}", self.time, self.kind))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn user(id: &str) -> Target {
        Target::User(UserId::new(id))
    }

    fn group(id: &str) -> Target {
        Target::Group(GroupId::new(id))
    }

    #[rstest]
    #[case::user_created("USER", "CREATE", "users/u", user("u"))]
    #[case::user_updated("USER", "UPDATE", "users/u", user("u"))]
    #[case::user_deleted("USER", "DELETE", "users/u", user("u"))]
    #[case::password_set("USER", "ACTION", "users/u/reset-password", user("u"))]
    #[case::joined("GROUP_MEMBERSHIP", "CREATE", "users/u/groups/g", user("u"))]
    #[case::left("GROUP_MEMBERSHIP", "DELETE", "users/u/groups/g", user("u"))]
    #[case::group_created("GROUP", "CREATE", "groups/g", group("g"))]
    #[case::group_updated_or_renamed("GROUP", "UPDATE", "groups/g", group("g"))]
    #[case::group_deleted("GROUP", "DELETE", "groups/g", group("g"))]
    #[case::child_created("GROUP", "CREATE", "groups/g/children", Target::Children(GroupId::new("g")))]
    #[case::moved_below("GROUP", "UPDATE", "groups/g/children", Target::Children(GroupId::new("g")))]
    #[case::moved_to_the_top("GROUP", "UPDATE", "groups", Target::TopLevel)]
    #[case::role_created("REALM_ROLE", "CREATE", "roles/it:cpu 1", Target::Role(RoleKey::realm("it:cpu 1")))]
    #[case::role_deleted("REALM_ROLE", "DELETE", "roles/it:cpu-1", Target::Role(RoleKey::realm("it:cpu-1")))]
    #[case::role_with_slash("REALM_ROLE", "DELETE", "roles/a/b", Target::Roles)]
    #[case::role_updated_or_renamed("REALM_ROLE", "UPDATE", "roles-by-id/r", Target::Roles)]
    #[case::role_updated_by_name("REALM_ROLE", "UPDATE", "roles/it:cpu-1", Target::Roles)]
    #[case::invitation("REALM_ROLE", "CREATE", "roles/invitation:00", Target::Roles)]
    #[case::role_got_contents("REALM_ROLE", "CREATE", "roles/ops/composites", Target::Role(RoleKey::realm("ops")))]
    #[case::role_got_contents_by_id("REALM_ROLE", "CREATE", "roles-by-id/r/composites", Target::Roles)]
    #[case::mapped_on_group("REALM_ROLE_MAPPING", "CREATE", "groups/g/role-mappings/realm", group("g"))]
    #[case::client_role_on_group("CLIENT_ROLE_MAPPING", "DELETE", "groups/g/role-mappings/clients/c", group("g"))]
    #[case::mapped_on_user("REALM_ROLE_MAPPING", "DELETE", "users/u/role-mappings/realm", user("u"))]
    #[case::client_role_on_user("CLIENT_ROLE_MAPPING", "CREATE", "users/u/role-mappings/clients/c", user("u"))]
    #[case::default_group("GROUP", "CREATE", "default-groups/g", Target::Realm)]
    #[case::imported_user("REALM", "CREATE", "users/u", user("u"))]
    #[case::overwritten_user("REALM", "UPDATE", "users/u", Target::Imported(UserId::new("u")))]
    #[case::imported_group("REALM", "CREATE", "groups/g", group("g"))]
    #[case::realm_without_path("REALM", "UPDATE", "", Target::Realm)]
    #[case::something_new("NEW_KIND", "CREATE", "unheard/of", Target::Realm)]
    fn a_change_dirties(#[case] kind: &str, #[case] operation: &str, #[case] path: &str, #[case] target: Target) {
        for path in [Some(path), None].into_iter().take(if path.is_empty() { 2 } else { 1 }) {
            assert_eq!(of_admin(&admin(kind, operation, path), "m"), read([target.clone()]));
        }
    }

    #[rstest]
    #[case::profile("USER_PROFILE", "users/profile", Hint::Profile)]
    #[case::client("CLIENT", "clients/c", Hint::Nothing)]
    #[case::role_of_a_client("CLIENT_ROLE", "clients/c/roles/r", Hint::Nothing)]
    #[case::role_of_the_administration("CLIENT_ROLE", "clients/m/roles/realm-admin/composites", Hint::Everything)]
    #[case::administration_deleted("CLIENT", "clients/m", Hint::Everything)]
    #[case::flow("AUTH_FLOW", "authentication/flows/f", Hint::Nothing)]
    #[case::directory_added("COMPONENT", "components/c", Hint::Everything)]
    fn a_change_elsewhere(#[case] kind: &str, #[case] path: &str, #[case] hint: Hint) {
        assert_eq!(of_admin(&admin(kind, "UPDATE", Some(path)), "m"), hint);
    }

    #[rstest]
    #[case::registered("REGISTER", false, true)]
    #[case::profile("UPDATE_PROFILE", true, true)]
    #[case::email("UPDATE_EMAIL", true, true)]
    #[case::verified("VERIFY_EMAIL", true, true)]
    #[case::deleted("DELETE_ACCOUNT", true, true)]
    #[case::locked("USER_DISABLED_BY_PERMANENT_LOCKOUT", true, true)]
    #[case::one_time_password("UPDATE_TOTP", true, true)]
    #[case::action_done("CUSTOM_REQUIRED_ACTION", true, true)]
    #[case::failed("UPDATE_PROFILE_ERROR", true, false)]
    #[case::login("LOGIN", true, false)]
    #[case::first_login_of_a_federated_account("LOGIN", false, true)]
    #[case::token("CODE_TO_TOKEN", true, false)]
    fn an_act_of_a_person(#[case] kind: &str, #[case] known: bool, #[case] dirty: bool) {
        let event = UserEvent { id: None, time: 1, kind: kind.to_owned(), user_id: Some(UserId::new("u")) };
        let expected = if dirty { read([user("u")]) } else { Hint::Nothing };
        assert_eq!(of_user(&event, |_| known), expected);
        assert_eq!(of_user(&UserEvent { user_id: None, ..event }, |_| known), Hint::Nothing);
    }

    fn admin(kind: &str, operation: &str, path: Option<&str>) -> AdminEvent {
        AdminEvent {
            id: None,
            time: 1,
            operation_type: operation.to_owned(),
            resource_type: kind.to_owned(),
            resource_path: path.map(ToOwned::to_owned),
        }
    }
}
