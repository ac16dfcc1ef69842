//! What must not happen to accounts and memberships, whoever asks.

use std::sync::Arc;

use primehub_core::identity::{AdminsEdit, Directory, GroupEdit, GroupSettingsEdit, User};
use primehub_core::names::{InvalidName, UserId, UserName};

use crate::error::{ApiError, Code};

/// The user with that id. The account of a client is none: without it, or with another password, the platform itself could not work.
///
/// # Errors
/// [`Code::UserNotExist`].
pub(super) fn existing_user<'a>(directory: &'a Directory, id: &UserId) -> Result<&'a Arc<User>, ApiError> {
    directory.person(id).ok_or_else(|| ApiError::new(Code::UserNotExist, "user does not exist"))
}

/// A username that a new or renamed account may have.
///
/// Not one of a client's account: whoever had it would stand in the way of the client, or be taken for it.
///
/// # Errors
/// [`Code::RequestBodyInvalid`].
pub(crate) fn acceptable_username(text: &str) -> Result<UserName, ApiError> {
    let refused = |why: &str| ApiError::invalid("username", format_args!("cannot be {text:?}: {why}"));
    if text.starts_with(CLIENT_ACCOUNTS) {
        return Err(refused("names that begin with service-account- are reserved for clients"));
    }
    text.parse().map_err(|error: InvalidName| refused(error.reason()))
}

/// How the usernames of clients' accounts begin at every identity provider.
const CLIENT_ACCOUNTS: &str = "service-account-";

/// Refuses what would lock people out of the platform: doing `what` to one's own account, or to the last administrator who can log in.
///
/// # Errors
/// [`Code::NotAuth`]: the console shows its text to the person.
pub(super) fn keeps_administrators(
    directory: &Directory,
    caller: Option<&UserId>,
    target: &UserId,
    what: &str,
) -> Result<(), ApiError> {
    if caller == Some(target) {
        return Err(ApiError::new(Code::NotAuth, format!("you cannot {what} your own account")));
    }
    if directory.is_administrator(target) && !directory.other_administrator_remains(target) {
        return Err(ApiError::new(Code::NotAuth, format!("you cannot {what} the last administrator")));
    }
    Ok(())
}

/// The edit after which `username` is no administrator of a group, and `successor`, if any, is one instead.
pub(super) fn administrator_replaced(username: &str, successor: Option<&str>) -> GroupEdit {
    let add = successor.map(str::to_owned).into_iter().collect();
    let admins = Some(AdminsEdit::Change { add, remove: vec![username.to_owned()] });
    GroupEdit {
        attributes: GroupSettingsEdit { admins, ..GroupSettingsEdit::default() }.attributes(),
        ..GroupEdit::default()
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::{Role, RoleKey, Subject};
    use rstest::rstest;

    use super::*;

    /// Amy, the disabled Zoe and a service account are administrators, bob is not.
    fn directory() -> Directory {
        let role = RoleKey::administrator("primehub");
        let mut directory = Directory::new("everyone".into(), role.clone());
        directory.put_role(Role::new(role.clone()));
        for name in ["amy", "bob", "zoe", "service-account-admin-ui"] {
            let mut user = User::new(name.into(), name);
            user.enabled = name != "zoe";
            user.service_account_of = (name == "service-account-admin-ui").then(|| "admin-ui".into());
            directory.put_user(user);
        }
        for name in ["amy", "zoe", "service-account-admin-ui"] {
            directory.grant(&Subject::User(name.into()), &role);
        }
        directory
    }

    #[rstest]
    #[case::oneself(Some("amy"), "amy", Some("you cannot delete your own account"))]
    #[case::the_last_one_who_can_log_in(None, "amy", Some("you cannot delete the last administrator"))]
    #[case::a_disabled_administrator(Some("amy"), "zoe", None)]
    #[case::somebody_else(Some("amy"), "bob", None)]
    fn somebody_is_left_to_administer(
        #[case] caller: Option<&str>,
        #[case] target: &str,
        #[case] refused: Option<&str>,
    ) {
        let caller = caller.map(UserId::from);
        let error = keeps_administrators(&directory(), caller.as_ref(), &target.into(), "delete").err();
        assert_eq!(error, refused.map(|text| ApiError::new(Code::NotAuth, text)));
    }

    #[rstest]
    #[case::upper_case("Bob", r#"cannot be "Bob": only the letters a-z, digits, '-', '_', '.' and '@' are allowed"#)]
    #[case::a_clients(
        "service-account-x",
        r#"cannot be "service-account-x": names that begin with service-account- are reserved for clients"#
    )]
    fn a_username_that_cannot_be_is_shown_with_the_reason(#[case] name: &str, #[case] reason: &str) {
        assert_eq!(acceptable_username(name).unwrap_err(), ApiError::invalid("username", reason));
        assert!(acceptable_username("service-accountant").is_ok());
    }

    #[test]
    fn the_account_of_a_client_is_no_user() {
        assert!(existing_user(&directory(), &"amy".into()).is_ok());
        let error = existing_user(&directory(), &"service-account-admin-ui".into()).unwrap_err();
        assert_eq!(error, ApiError::new(Code::UserNotExist, "user does not exist"));
    }
}
