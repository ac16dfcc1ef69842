//! Changing accounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use primehub_core::access::{Caller, Denied, PlatformAdministrator};
use primehub_core::identity::{
    Binding, Capabilities, Directory, Edit, GroupEdit, Subject, User, UserEdit, UserSettingsEdit,
};
use primehub_core::names::{GroupId, UserId};

use super::rules::{acceptable_username, administrator_replaced, existing_user, keeps_administrators};
use crate::error::ApiError;
use crate::operations::administrators::{apply, check_administrator_remains};
use crate::operations::group_list::existing_group;
use crate::operations::steps::Steps;
use crate::request::Request;

/// What a client wants changed about an account. What is not named stays.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct AccountEdit {
    pub(crate) username: Option<String>,
    pub(crate) email: Edit<String>,
    pub(crate) first_name: Edit<String>,
    pub(crate) last_name: Edit<String>,
    pub(crate) enabled: Option<bool>,
    pub(crate) settings: UserSettingsEdit,
    /// Whether the person administers the platform from now on.
    pub(crate) administrator: Option<bool>,
    /// Whether one-time-password generators are taken away.
    pub(crate) remove_one_time_passwords: bool,
    pub(crate) connect: BTreeSet<GroupId>,
    pub(crate) disconnect: BTreeSet<GroupId>,
}

impl AccountEdit {
    fn may_remove_an_administrator(&self, directory: &Directory) -> bool {
        self.enabled == Some(false)
            || self.administrator == Some(false)
            || self.disconnect.iter().any(|group| directory.grants_administration(group))
    }

    fn is_of_predefined_envs_alone(&self) -> bool {
        let predefined_envs = self.settings.predefined_envs.clone();
        *self
            == Self { settings: UserSettingsEdit { predefined_envs, ..UserSettingsEdit::default() }, ..Self::default() }
    }
}

/// How much of an account the caller may change.
#[derive(Clone, Copy, Debug)]
enum Right {
    /// Everything.
    Administrator(PlatformAdministrator),
    /// What the notebook spawner remembers for the person.
    PredefinedEnvs,
}

/// Changes an account, and answers it as it is afterwards.
///
/// # Errors
/// An unknown user, a taken name or address, a value that cannot be stored, an unknown group: nothing is written. Taking the rights away
/// from oneself or the last administrator, leaving the group of everyone: refused. A failure after the first write says what was done.
pub(crate) async fn update_user(request: Arc<Request>, id: UserId, edit: AccountEdit) -> Result<Arc<User>, ApiError> {
    // Taken before looking, so that what is seen stays true until it is written.
    let turn = if edit.may_remove_an_administrator(&request.directory()) {
        Some(request.administrators_turn().await?)
    } else {
        None
    };
    let directory = if turn.is_some() { request.read_again() } else { request.directory() };
    let right = match request.caller() {
        Caller::SharedSecret => Right::PredefinedEnvs,
        _ => Right::Administrator(request.access(&directory).platform_administrator()?),
    };
    let caller = request.caller().person().map(|person| &person.user().id);
    let writes = Writes::plan(&directory, right, caller, &id, edit, &request.store().capabilities())?;
    let outcome = writes.carry_out(&request, &directory, &id).await;
    let after = request.read_again();
    outcome?;
    existing_user(&after, &id).cloned()
}

/// Everything that an update writes, in the order of the fields.
#[derive(Debug, Default, PartialEq)]
struct Writes {
    account: UserEdit,
    remove_one_time_passwords: bool,
    /// A name that is given up must not stay in a list of administrators, where its next owner would find it.
    administrators: Vec<(GroupId, GroupEdit)>,
    bindings: Vec<Binding>,
}

impl Writes {
    fn plan(
        directory: &Directory,
        right: Right,
        caller: Option<&UserId>,
        id: &UserId,
        edit: AccountEdit,
        capabilities: &Capabilities,
    ) -> Result<Self, ApiError> {
        if matches!(right, Right::PredefinedEnvs) && !edit.is_of_predefined_envs_alone() {
            return Err(Denied::Object.into());
        }
        let user = existing_user(directory, id)?;
        for group in edit.connect.iter().chain(&edit.disconnect) {
            existing_group(directory, group)?;
        }
        if edit.disconnect.contains(directory.everyone_id()) {
            return Err(ApiError::invalid(
                "groups.disconnect",
                "must not name the group of everyone: nobody can leave it",
            ));
        }
        if edit.enabled == Some(false) {
            keeps_administrators(directory, caller, id, "disable")?;
        }
        let right = right_change(directory, caller, user, edit.administrator)?;
        let account = UserEdit {
            username: edit
                .username
                .filter(|name| **name != *user.username)
                .map(|name| acceptable_username(&name))
                .transpose()?,
            email: edit.email,
            first_name: edit.first_name,
            last_name: edit.last_name,
            enabled: edit.enabled,
            attributes: edit.settings.attributes()?,
        };
        if account.username.is_some() && !capabilities.renames_users {
            return Err(ApiError::invalid("username", "cannot be changed at this identity provider"));
        }

        let renamed = account.username.as_ref().map(AsRef::as_ref);
        let administrators = directory
            .groups_administered_by(&user.username)
            .filter(|group| renamed.is_some() || edit.disconnect.contains(&group.id))
            .map(|group| {
                let successor = renamed.filter(|_| !edit.disconnect.contains(&group.id));
                (group.id.clone(), administrator_replaced(&user.username, successor))
            })
            .collect();
        let joins = edit.connect.into_iter().map(|group| Binding::Join { user: id.clone(), group });
        let leaves = edit.disconnect.into_iter().map(|group| Binding::Leave { user: id.clone(), group });
        let bindings: Vec<_> = right.into_iter().chain(joins).chain(leaves).collect();
        check_administrator_remains(directory, |after| apply(after, &bindings), "take this user out of these groups")?;
        Ok(Self { account, remove_one_time_passwords: edit.remove_one_time_passwords, administrators, bindings })
    }

    async fn carry_out(self, request: &Request, directory: &Directory, id: &UserId) -> Result<(), ApiError> {
        let (store, by) = (request.store(), request.actor());
        // No `..`: a new kind of write must not compile until it is carried out here.
        let Self { account, remove_one_time_passwords, administrators, bindings } = self;
        let mut steps = Steps::default();
        if !account.is_empty() {
            // What the issuer said of the account's tokens it said of an account that could, or could not, log in.
            let may_log_in_changed = account.enabled.is_some();
            steps.record("changing the account", store.edit_user(&by, id, account).await)?;
            if may_log_in_changed {
                request.services().authenticator.forget(id);
            }
        }
        if remove_one_time_passwords {
            steps.record("removing one-time passwords", store.remove_one_time_passwords(&by, id).await)?;
        }
        for (group, edit) in administrators {
            let name = directory.group(&group).map_or_else(|| group.to_string(), |group| group.name.to_string());
            let step = format!("changing the administrators of group {name}");
            steps.record(&step, store.edit_group(&by, &group, edit).await)?;
        }
        if !bindings.is_empty() {
            steps.record_bindings(directory, &bindings, store.bind(&by, &bindings).await)?;
        }
        Ok(())
    }
}

/// The binding that makes or unmakes an administrator; none if it is so already, as when a form sends back all it has read.
fn right_change(
    directory: &Directory,
    caller: Option<&UserId>,
    user: &User,
    administrator: Option<bool>,
) -> Result<Option<Binding>, ApiError> {
    let role = directory.administrator_role().clone();
    let subject = Subject::User(user.id.clone());
    match administrator {
        Some(wanted) if wanted == directory.is_administrator(&user.id) => Ok(None),
        None => Ok(None),
        Some(true) => Ok(Some(Binding::Grant { to: subject, role })),
        Some(false) => {
            keeps_administrators(directory, caller, &user.id, "take the administrator's rights from")?;
            let mut without = directory.clone();
            without.revoke(&subject, &role);
            if without.is_administrator(&user.id) {
                let reason = "cannot be taken away here: it comes from a group or from another role";
                return Err(ApiError::invalid("isAdmin", reason));
            }
            Ok(Some(Binding::Revoke { from: subject, role }))
        }
    }
}
