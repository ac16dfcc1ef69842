//! Who joins and leaves a group, and who of them administers it.

use std::collections::BTreeSet;

use primehub_core::identity::{AdminsEdit, Directory, Group, GroupSettings};
use primehub_core::names::UserId;

use crate::error::{ApiError, Code};

/// Checks that every id is somebody's, before anything is written.
///
/// # Errors
/// [`Code::ResourceNotFound`] for the first one that is not.
pub(crate) fn check_users_exist(directory: &Directory, ids: &BTreeSet<UserId>) -> Result<(), ApiError> {
    match ids.iter().find(|id| directory.person(id).is_none()) {
        Some(id) => Err(ApiError::new(Code::ResourceNotFound, format!("there is no user with id {id}"))),
        None => Ok(()),
    }
}

/// Checks that everybody who is to administer a group is in it: otherwise a later account of that name would administer it.
///
/// # Errors
/// The first name that is nobody's, or that of somebody outside.
pub(crate) fn check_new_admins(
    directory: &Directory,
    names: &[String],
    is_inside: impl Fn(&UserId) -> bool,
) -> Result<(), ApiError> {
    for name in names {
        let why = match directory.user_named(name).filter(|user| directory.person(&user.id).is_some()) {
            None => "is not the login name of a user",
            Some(user) if !is_inside(&user.id) => "is not a member of the group",
            Some(_) => continue,
        };
        let message = format!("{name} {why}, so cannot be in admins");
        return Err(ApiError::new(Code::RequestBodyInvalid, message));
    }
    Ok(())
}

/// What a client's list of administrators, and who leaves, means for the stored list: additions and removals, not a list.
///
/// Clients send the whole list, which they read a moment before. Written as it is, it would undo what somebody else has changed meanwhile;
/// its difference from the list in the picture does not. Whoever leaves the group is taken out of the list in any case. Names that are
/// stored already are not questioned: only whoever comes to the list must be in the group.
///
/// # Errors
/// A new name that is nobody's, or that of somebody outside.
pub(crate) fn admins_change(
    directory: &Directory,
    group: &Group,
    given: Option<&AdminsEdit>,
    connect: &BTreeSet<UserId>,
    disconnect: &BTreeSet<UserId>,
) -> Result<Option<AdminsEdit>, ApiError> {
    let leaving: Vec<String> =
        disconnect.iter().filter_map(|id| directory.user(id)).map(|user| user.username.to_string()).collect();
    let stored = GroupSettings::of(&group.attributes).admins;
    let change = match given {
        None if leaving.is_empty() => return Ok(None),
        None => AdminsEdit::Change { add: Vec::new(), remove: leaving },
        Some(AdminsEdit::Replace(wanted)) => {
            AdminsEdit::Change { add: missing_from(&stored, wanted), remove: missing_from(wanted, &stored) }
                .without(&leaving)
        }
        Some(change) => change.clone().without(&leaving),
    };
    if let AdminsEdit::Change { add, .. } = &change {
        check_new_admins(directory, add, |user| connect.contains(user) || directory.is_member(user, &group.id))?;
    }
    Ok(Some(change))
}

/// The names that are not in `list`, in their order.
fn missing_from(list: &[String], names: &[String]) -> Vec<String> {
    let list: BTreeSet<&String> = list.iter().collect();
    names.iter().filter(|name| !list.contains(name)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::{ADMINS, RoleKey, User};
    use rstest::rstest;

    use super::*;

    /// amy, bob and the account of a client are in the lab, which lists amy and a name that has no account any more; cat is outside.
    fn directory() -> Directory {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        let mut lab = Group::new("lab".into(), "lab");
        lab.attributes.set(ADMINS, vec!["amy".into(), "gone".into()]);
        directory.put_group(lab);
        for name in ["amy", "bob", "cat"] {
            directory.put_user(User::new(name.into(), name));
        }
        let mut client = User::new("hub".into(), "service-account-hub");
        client.service_account_of = Some("hub".into());
        directory.put_user(client);
        for id in ["amy", "bob", "hub"] {
            directory.join(&id.into(), &"lab".into());
        }
        directory
    }

    fn change(given: Option<&str>, connect: &[&str], disconnect: &[&str]) -> Result<Option<(String, String)>, String> {
        let directory = directory();
        let group = directory.group(&"lab".into()).unwrap();
        let ids = |names: &[&str]| names.iter().map(|name| UserId::from(*name)).collect::<BTreeSet<_>>();
        let given = given.map(|text| AdminsEdit::parse(text).unwrap());
        match admins_change(&directory, group, given.as_ref(), &ids(connect), &ids(disconnect)) {
            Ok(Some(AdminsEdit::Change { add, remove })) => Ok(Some((add.join(","), remove.join(",")))),
            Ok(other) => {
                assert_eq!(other, None);
                Ok(None)
            }
            Err(error) => Err(error.message),
        }
    }

    #[rstest]
    #[case::the_list_as_it_is(Some("amy,gone"), &[], &[], "", "")]
    #[case::one_more(Some("amy,gone,bob"), &[], &[], "bob", "")]
    #[case::a_leading_comma(Some(",amy,gone,bob"), &[], &[], "bob", "")]
    #[case::one_less(Some("amy"), &[], &[], "", "gone")]
    #[case::nobody(Some(""), &[], &[], "", "amy,gone")]
    #[case::joins_and_administers(Some("amy,gone,cat"), &["cat"], &[], "cat", "")]
    #[case::leaves(None, &[], &["amy"], "", "amy")]
    #[case::leaves_although_listed(Some("amy,gone,bob"), &[], &["bob", "amy"], "", "amy,bob")]
    fn a_list_becomes_a_change(
        #[case] given: Option<&str>,
        #[case] connect: &[&str],
        #[case] disconnect: &[&str],
        #[case] add: &str,
        #[case] remove: &str,
    ) {
        assert_eq!(change(given, connect, disconnect), Ok(Some((add.to_owned(), remove.to_owned()))));
    }

    #[test]
    fn without_list_and_leavers_nothing_changes() {
        assert_eq!(change(None, &["cat"], &[]), Ok(None));
    }

    #[rstest]
    #[case::nobody("amy,dan", "dan is not the login name of a user, so cannot be in admins")]
    #[case::outsider("amy,cat", "cat is not a member of the group, so cannot be in admins")]
    #[case::login_names_are_lower_case("Bob", "Bob is not the login name of a user, so cannot be in admins")]
    #[case::a_client(
        "amy,service-account-hub",
        "service-account-hub is not the login name of a user, so cannot be in admins"
    )]
    fn new_administrators_are_members(#[case] given: &str, #[case] message: &str) {
        assert_eq!(change(Some(given), &[], &[]), Err(message.to_owned()));
    }

    #[rstest]
    #[case::nobody("7")]
    #[case::a_client("hub")]
    fn users_are_looked_up_before_anything_is_written(#[case] id: &str) {
        let error = check_users_exist(&directory(), &["amy".into(), id.into()].into()).unwrap_err();
        assert_eq!(error, ApiError::new(Code::ResourceNotFound, format!("there is no user with id {id}")));
    }
}
