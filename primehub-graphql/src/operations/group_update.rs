//! Changing groups.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use primehub_core::access::{Denied, GroupAdministrator};
use primehub_core::identity::{
    AttributeLimits, Binding, Conflict, Directory, Edit, Group, GroupEdit, GroupSettings, GroupSettingsEdit,
    IdentityError,
};
use primehub_core::names::{GroupId, UserId};

use super::administrators::{apply, check_administrator_remains};
use super::group_list::existing_group;
use super::group_members::{admins_change, check_users_exist};
use super::steps::Steps;
use crate::error::{ApiError, Code};
use crate::request::Request;

/// What a client wants to change about a group.
#[derive(Clone, Debug, Default)]
pub(crate) struct GroupUpdate {
    /// Its settings.
    pub(crate) settings: GroupSettingsEdit,
    /// Who joins.
    pub(crate) connect: BTreeSet<UserId>,
    /// Who leaves; stronger than joining.
    pub(crate) disconnect: BTreeSet<UserId>,
}

/// How often an update is decided anew because somebody else changed what the decision rested on.
const ATTEMPTS: usize = 5;

/// Changes a group: first its settings and administrators, then its members. What was done when a later part fails stands in the error.
///
/// Answers the group as it is afterwards.
///
/// # Errors
/// An absent group; a setting that the caller may not change; settings or users that do not fit, before anything is written. Switching a
/// shared volume on needs Kubernetes. Only platform administrators let people into a group whose members are such, and one of them must
/// be left.
pub(crate) async fn update_group(
    request: &Request,
    administrator: &GroupAdministrator,
    update: &GroupUpdate,
) -> Result<(Arc<Directory>, Arc<Group>), ApiError> {
    let id = administrator.group();
    let may_remove_an_administrator = !update.disconnect.is_empty() && request.directory().grants_administration(id);
    // Taken before looking, so that what is seen stays true until it is written.
    let _turn = if may_remove_an_administrator {
        let turn = request.administrators_turn().await?;
        request.read_again();
        Some(turn)
    } else {
        None
    };
    let mut steps = Steps::default();
    let plan = write_settings(request, administrator, update, &mut steps).await?;
    if !plan.bindings.is_empty() {
        let outcomes = request.store().bind(&request.actor(), &plan.bindings).await;
        let directory = request.read_again();
        steps.record_bindings(&directory, &plan.bindings, outcomes)?;
    }
    let directory = request.read_again();
    let group = existing_group(&directory, id)?.clone();
    Ok((directory, group))
}

/// Decides and writes the settings; decides anew as long as they change under the decision.
async fn write_settings(
    request: &Request,
    administrator: &GroupAdministrator,
    update: &GroupUpdate,
    steps: &mut Steps,
) -> Result<Plan, ApiError> {
    let id = administrator.group();
    let limits = request.store().capabilities().group_attributes;
    let mut administrator = administrator.clone();
    for _ in 0..ATTEMPTS {
        let directory = request.directory();
        if !update.connect.is_empty() {
            request.access(&directory).may_add_members(&administrator).map_err(|denied| {
                let why = "only a platform administrator may add members to a group that makes administrators";
                ApiError::new(Code::NotAuth, format!("{denied}: {why}"))
            })?;
        }
        let plan = plan(&directory, &administrator, update, limits)?;
        if plan.edit.attributes.is_empty() {
            return Ok(plan);
        }
        let written = request.store().edit_group(&request.actor(), id, plan.edit.clone()).await;
        let directory = request.read_again();
        match written {
            Err(IdentityError::Conflict(Conflict::Expectation)) => {
                administrator = request.access(&directory).administrator_of(id)?;
            }
            outcome => return steps.record("settings", outcome).map(|_| plan),
        }
    }
    Err(ApiError::new(Code::ResourceConflict, "the group keeps changing; nothing was changed by this call"))
}

/// What carries an update out.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Plan {
    edit: GroupEdit,
    bindings: Vec<Binding>,
}

/// Decides an update on one picture.
fn plan(
    directory: &Directory,
    administrator: &GroupAdministrator,
    update: &GroupUpdate,
    limits: AttributeLimits,
) -> Result<Plan, ApiError> {
    let id = administrator.group();
    let group = existing_group(directory, id)?;
    let stored = &group.attributes;
    let mut settings = update.settings.clone();
    if !administrator.is_platform_administrator() {
        let beyond = settings.changes_beyond_group_admin(stored);
        if !beyond.is_empty() {
            let message = format!("{}: only a platform administrator may change {}", Denied::Object, beyond.join(", "));
            return Err(ApiError::new(Code::NotAuth, message));
        }
    }
    if id == directory.everyone_id() && !update.disconnect.is_empty() {
        return Err(ApiError::invalid("users.disconnect", "cannot take anybody out of the group of everyone"));
    }
    check_users_exist(directory, &update.connect)?;
    check_users_exist(directory, &update.disconnect)?;
    let bindings = bindings(id, update);
    check_administrator_remains(directory, |after| apply(after, &bindings), "take these members out of the group")?;
    settings.admins = admins_change(directory, group, settings.admins.as_ref(), &update.connect, &update.disconnect)?;
    let relied_on = settings.relied_on();
    let before = GroupSettings::of(stored);
    if administrator.is_platform_administrator() {
        settings = settings.for_update(&before);
    }
    settings.validate(stored)?;
    if settings.enabled_shared_volume == Edit::Set(true) && !before.enabled_shared_volume {
        return Err(ApiError::change_needs_kubernetes("a shared volume"));
    }
    let attributes = settings.effective_attributes(stored);
    limits.check(stored, &attributes)?;
    let expecting: BTreeMap<_, _> =
        relied_on.into_iter().map(|name| (name.to_owned(), stored.all(name).to_vec())).collect();
    Ok(Plan { edit: GroupEdit { attributes, expecting }, bindings })
}

/// Joins and leaves, each user once. They may be carried out in any order, so nobody is in both.
fn bindings(id: &GroupId, update: &GroupUpdate) -> Vec<Binding> {
    let joins = update.connect.iter().filter(|user| !update.disconnect.contains(*user));
    let joins = joins.map(|user| Binding::Join { user: user.clone(), group: id.clone() });
    let leaves = update.disconnect.iter().map(|user| Binding::Leave { user: user.clone(), group: id.clone() });
    joins.chain(leaves).collect()
}

#[cfg(test)]
mod tests {
    use primehub_core::access::{Access, Caller, Person};
    use primehub_core::identity::{ADMINS, AdminsEdit, Attributes, Role, RoleKey, Subject, User, attribute};
    use secrecy::SecretString;

    use super::*;

    /// amy administers the platform; bob administers the lab and is in it, as cat is.
    fn directory() -> Directory {
        let role = RoleKey::administrator("primehub");
        let mut directory = Directory::new("everyone".into(), role.clone());
        directory.put_role(Role::new(role.clone()));
        for name in ["amy", "bob", "cat", "dan"] {
            directory.put_user(User::new(name.into(), name));
        }
        directory.grant(&Subject::User("amy".into()), &role);
        let mut lab = Group::new("lab".into(), "lab");
        lab.attributes.set_one(ADMINS, "bob");
        lab.attributes.set_one(attribute::QUOTA_CPU, "2");
        directory.put_group(lab);
        for name in ["bob", "cat"] {
            directory.join(&name.into(), &"lab".into());
        }
        directory
    }

    fn planned(directory: &Directory, caller: &str, update: &GroupUpdate) -> Result<Plan, ApiError> {
        let id: UserId = caller.into();
        let person =
            Person::in_directory(directory, &id, directory.is_administrator(&id), SecretString::from("token")).unwrap();
        let caller = Caller::Person(person);
        let administrator = Access::new(&caller, directory).administrator_of(&"lab".into())?;
        plan(directory, &administrator, update, AttributeLimits::of_length(255))
    }

    fn admins(text: &str) -> GroupUpdate {
        let settings =
            GroupSettingsEdit { admins: Some(AdminsEdit::parse(text).unwrap()), ..GroupSettingsEdit::default() };
        GroupUpdate { settings, ..GroupUpdate::default() }
    }

    fn after(attributes: &Attributes, plans: &[&Plan]) -> Attributes {
        let mut attributes = attributes.clone();
        for plan in plans {
            attributes.apply(&plan.edit.attributes);
        }
        attributes
    }

    #[test]
    fn do_better_7_8_2_simultaneous_edits_of_the_administrators_add_up() {
        let directory = directory();
        let stored = &directory.group(&"lab".into()).unwrap().attributes;
        // Both have read the list when bob stood in it alone.
        let adds = planned(&directory, "amy", &admins("bob,cat")).unwrap();
        let removes = planned(&directory, "bob", &admins("")).unwrap();
        let settings = |plans: &[&Plan]| GroupSettings::of(&after(stored, plans)).admins;
        assert_eq!(settings(&[&adds, &removes]), ["cat"]);
        assert_eq!(settings(&[&removes, &adds]), ["cat"]);
    }

    #[test]
    fn do_better_7_8_2_an_edit_expects_what_it_was_compared_with() {
        let settings =
            GroupSettingsEdit { project_quota_cpu: Edit::Set("4".parse().unwrap()), ..GroupSettingsEdit::default() };
        let plan = planned(&directory(), "amy", &GroupUpdate { settings, ..GroupUpdate::default() }).unwrap();
        let expecting = BTreeMap::from([(attribute::QUOTA_CPU.to_owned(), vec!["2".to_owned()])]);
        assert_eq!(plan.edit.expecting, expecting);
    }

    #[test]
    fn whoever_joins_and_leaves_in_one_call_leaves() {
        let update = GroupUpdate {
            connect: ["dan", "amy"].map(UserId::from).into(),
            disconnect: ["dan", "bob"].map(UserId::from).into(),
            ..GroupUpdate::default()
        };
        let plan = planned(&directory(), "amy", &update).unwrap();
        let group = || GroupId::from("lab");
        let expected = [
            Binding::Join { user: "amy".into(), group: group() },
            Binding::Leave { user: "bob".into(), group: group() },
            Binding::Leave { user: "dan".into(), group: group() },
        ];
        assert_eq!(plan.bindings, expected);
        let stored = &directory().group(&"lab".into()).unwrap().attributes.clone();
        assert_eq!(GroupSettings::of(&after(stored, &[&plan])).admins, Vec::<String>::new());
    }

    #[test]
    fn a_groups_administrator_does_not_link_the_shared_volume_by_sending_the_form_back() {
        let mut directory = directory();
        let mut lab = Group::clone(directory.group(&"lab".into()).unwrap());
        lab.attributes.set_one(attribute::ENABLED_SHARED_VOLUME, "true");
        lab.attributes.set_one(attribute::SHARED_VOLUME_CAPACITY, "5G");
        directory.put_group(lab);
        let settings = GroupSettingsEdit { enabled_shared_volume: Edit::Set(true), ..GroupSettingsEdit::default() };
        let update = GroupUpdate { settings, ..GroupUpdate::default() };
        assert!(planned(&directory, "bob", &update).unwrap().edit.attributes.is_empty());
        assert!(!planned(&directory, "amy", &update).unwrap().edit.attributes.is_empty());
    }

    #[test]
    fn the_last_administrator_is_not_taken_out_of_the_group_that_makes_one() {
        let mut directory = directory();
        let role = RoleKey::administrator("primehub");
        directory.grant(&Subject::Group("lab".into()), &role);
        let everybody = ["bob", "cat"].map(UserId::from).into();
        let update = GroupUpdate { disconnect: everybody, ..GroupUpdate::default() };
        assert!(planned(&directory, "amy", &update).is_ok(), "amy is left");
        directory.revoke(&Subject::User("amy".into()), &role);
        let error = planned(&directory, "bob", &update).unwrap_err();
        let message = "you cannot take these members out of the group: nobody would be left to administer the platform";
        assert_eq!(error, ApiError::new(Code::NotAuth, message));
    }

    #[test]
    fn a_stranger_gets_no_plan() {
        assert_eq!(planned(&directory(), "dan", &admins("dan")).unwrap_err(), ApiError::from(Denied::Object));
    }
}
