//! Somebody is always left who can administer the platform.

use primehub_core::identity::{Binding, Directory};

use crate::error::{ApiError, Code};

/// Refuses a change after which nobody could administer the platform, and so nobody could undo it. Decide it in the turn of
/// [`crate::request::Request::administrators_turn`].
///
/// # Errors
/// [`Code::NotAuth`]: the console shows its text to the person. `what` is what the person wanted to do.
pub(crate) fn check_administrator_remains(
    directory: &Directory,
    change: impl FnOnce(&mut Directory),
    what: &str,
) -> Result<(), ApiError> {
    let mut after = directory.clone();
    change(&mut after);
    // Where nobody could before, nothing is taken away.
    if after.administrator_remains() || !directory.administrator_remains() {
        return Ok(());
    }
    Err(ApiError::new(Code::NotAuth, format!("you cannot {what}: nobody would be left to administer the platform")))
}

/// Carries bindings out in a picture, to see what they lead to.
pub(crate) fn apply(directory: &mut Directory, bindings: &[Binding]) {
    for binding in bindings {
        match binding {
            Binding::Join { user, group } => directory.join(user, group),
            Binding::Leave { user, group } => directory.leave(user, group),
            Binding::Grant { to, role } => directory.grant(to, role),
            Binding::Revoke { from, role } => directory.revoke(from, role),
        };
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::{Group, Role, RoleKey, Subject, User};
    use rstest::rstest;

    use super::*;

    /// Members of the staff administer the platform: amy, the disabled zoe and a service account; bob is in no group.
    fn directory() -> Directory {
        let role = RoleKey::administrator("primehub");
        let mut directory = Directory::new("everyone".into(), role.clone());
        directory.put_role(Role::new(role.clone()));
        for name in ["amy", "bob", "zoe", "service"] {
            let mut user = User::new(name.into(), name);
            user.enabled = name != "zoe";
            user.service_account_of = (name == "service").then(|| "client".into());
            directory.put_user(user);
        }
        directory.put_group(Group::new("staff".into(), "staff"));
        directory.grant(&Subject::Group("staff".into()), &role);
        for name in ["amy", "zoe", "service"] {
            directory.join(&name.into(), &"staff".into());
        }
        directory
    }

    fn leave(user: &str) -> Binding {
        Binding::Leave { user: user.into(), group: "staff".into() }
    }

    #[rstest]
    #[case::the_last_one_leaves(vec![leave("amy")], false)]
    #[case::others_leave(vec![leave("zoe"), leave("service")], true)]
    #[case::a_successor_joins(vec![Binding::Join { user: "bob".into(), group: "staff".into() }, leave("amy")], true)]
    #[case::the_group_loses_the_role(
        vec![Binding::Revoke { from: Subject::Group("staff".into()), role: RoleKey::administrator("primehub") }],
        false
    )]
    fn somebody_is_left(#[case] bindings: Vec<Binding>, #[case] allowed: bool) {
        let checked = check_administrator_remains(&directory(), |after| apply(after, &bindings), "do this");
        let message = "you cannot do this: nobody would be left to administer the platform";
        assert_eq!(checked, if allowed { Ok(()) } else { Err(ApiError::new(Code::NotAuth, message)) });
    }

    #[test]
    fn a_platform_without_administrators_can_be_changed() {
        let mut directory = directory();
        apply(&mut directory, &[leave("amy")]);
        assert_eq!(check_administrator_remains(&directory, |after| apply(after, &[leave("zoe")]), "do this"), Ok(()));
    }
}
