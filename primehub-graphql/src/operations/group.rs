//! Creating and deleting groups, and what goes with them.

use std::collections::BTreeSet;
use std::sync::Arc;

use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::{
    AdminsEdit, AttributeLimits, Attributes, Binding, Directory, Group, GroupSettings, GroupSettingsEdit,
    IdentityError, NewGroup,
};
use primehub_core::names::{GroupId, GroupName, UserId};

use super::administrators::check_administrator_remains;
use super::group_list::existing_group;
use super::group_members::{check_new_admins, check_users_exist};
use super::steps::all_bound;
use crate::error::{ApiError, Code};
use crate::request::Request;

/// A group as a client asks for it.
#[derive(Clone, Debug)]
pub(crate) struct GroupCreation {
    /// Its name.
    pub(crate) name: GroupName,
    /// Its settings.
    pub(crate) settings: GroupSettingsEdit,
    /// Its first members.
    pub(crate) connect: BTreeSet<UserId>,
}

/// Creates a group with its members: wholly or, if a member cannot be connected, not at all.
///
/// # Errors
/// A taken name, the licence, settings or members that do not fit. A shared volume needs Kubernetes.
pub(crate) async fn create_group(
    request: &Request,
    _administrator: PlatformAdministrator,
    wanted: GroupCreation,
) -> Result<Arc<Group>, ApiError> {
    let limits = request.store().capabilities().group_attributes;
    let attributes = first_attributes(&request.directory(), &wanted, request.config().deploy_mode, limits)?;
    let mut new = NewGroup::new(wanted.name);
    new.attributes = attributes;
    new.at_most = request.config().license.max_groups.map(u64::from);
    let created = request.store().create_group(&request.actor(), new).await.map_err(of_group_creation)?.value;
    request.record_created(created.id.as_str());
    let joins: Vec<_> =
        wanted.connect.into_iter().map(|user| Binding::Join { user, group: created.id.clone() }).collect();
    let directory = request.read_again();
    if !joins.is_empty() {
        let outcomes = request.store().bind(&request.actor(), &joins).await;
        if let Err(failure) = all_bound(&directory, &joins, outcomes) {
            return Err(undo_creation(request, &created, failure).await);
        }
    }
    let directory = request.read_again();
    existing_group(&directory, &created.id).cloned()
}

/// The attributes of a new group, if everything about it is in order.
fn first_attributes(
    directory: &Directory,
    wanted: &GroupCreation,
    deploy_mode: bool,
    limits: AttributeLimits,
) -> Result<Attributes, ApiError> {
    check_users_exist(directory, &wanted.connect)?;
    if let Some(AdminsEdit::Replace(names)) = &wanted.settings.admins {
        check_new_admins(directory, names, |user| wanted.connect.contains(user))?;
    }
    let settings = wanted.settings.clone().for_creation(deploy_mode);
    let edits = settings.attributes();
    limits.check(&Attributes::default(), &edits)?;
    let read = settings.apply_to(&Attributes::default());
    read.validate()?;
    if read.enabled_shared_volume {
        return Err(ApiError::change_needs_kubernetes("a shared volume"));
    }
    let mut attributes = Attributes::default();
    attributes.apply(&edits);
    Ok(attributes)
}

/// Takes a group away whose members could not be connected: with it in the way, trying again would fail for its name.
async fn undo_creation(request: &Request, created: &Group, failure: ApiError) -> ApiError {
    let undone = request.store().delete_group(&request.actor(), &created.id).await;
    request.read_again();
    let ApiError { code, message } = failure;
    match undone {
        Ok(_) | Err(IdentityError::Absent(_)) => {
            ApiError::new(code, format!("group {} was not created: {message}", created.name))
        }
        Err(error) => {
            tracing::error!(group.id = %created.id, %error, "a group that was created in part could not be deleted");
            let message = format!("done: creating group {}; failed: {message}; deleting the group again", created.name);
            ApiError::new(Code::PartialFailure, message)
        }
    }
}

/// Deletes a group, and answers it as it was, with the last picture that shows it.
///
/// # Errors
/// An absent group, the group of everyone, one of which the last platform administrator is one. A group with a shared volume needs Kubernetes: the volume would stay, and become that of a
/// later group of the same name.
pub(crate) async fn delete_group(
    request: &Request,
    _administrator: PlatformAdministrator,
    id: &GroupId,
) -> Result<(Arc<Directory>, Arc<Group>), ApiError> {
    // Taken before looking, so that what is seen stays true until it is written.
    let turn =
        if request.directory().grants_administration(id) { Some(request.administrators_turn().await?) } else { None };
    let directory = if turn.is_some() { request.read_again() } else { request.directory() };
    let group = existing_group(&directory, id)?;
    if id == directory.everyone_id() {
        return Err(ApiError::invalid("where.id", "is the group of everyone, which cannot be deleted"));
    }
    if GroupSettings::of(&group.attributes).enabled_shared_volume {
        return Err(ApiError::change_needs_kubernetes("deleting a group with a shared volume"));
    }
    let delete = |after: &mut Directory| {
        after.remove_group(id);
    };
    check_administrator_remains(&directory, delete, "delete this group")?;
    let deleted = request.store().delete_group(&request.actor(), id).await?.value;
    request.read_again();
    Ok((directory, deleted))
}

/// The error of creating a group: as everywhere, except that a reached limit is the licence's, with the text that clients show.
fn of_group_creation(error: IdentityError) -> ApiError {
    match error {
        IdentityError::LimitReached { .. } => {
            ApiError::new(Code::ExceedQuota, "Number of groups exceeds license limitation")
        }
        other => other.into(),
    }
}
