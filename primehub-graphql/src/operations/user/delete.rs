//! Deleting accounts.

use std::sync::Arc;

use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::{Directory, User};
use primehub_core::names::UserId;

use super::rules::{administrator_replaced, existing_user, keeps_administrators};
use crate::error::ApiError;
use crate::operations::steps::Steps;
use crate::request::Request;

/// Deletes an account, and answers it as it was.
///
/// Before, the name is taken out of every group's list of administrators: whoever gets it next must not inherit rights.
///
/// # Errors
/// An unknown user; oneself; the last administrator.
pub(crate) async fn delete_user(
    request: Arc<Request>,
    _administrator: PlatformAdministrator,
    id: UserId,
) -> Result<Arc<User>, ApiError> {
    // Taken before looking, so that what is seen stays true until it is written.
    let _turn = request.administrators_turn().await?;
    let directory = request.read_again();
    let user = existing_user(&directory, &id)?;
    keeps_administrators(&directory, request.caller().person().map(|person| &person.user().id), &id, "delete")?;
    let outcome = forget_and_delete(&request, &directory, user).await;
    request.services().authenticator.forget(&id);
    request.read_again();
    outcome
}

async fn forget_and_delete(request: &Request, directory: &Directory, user: &User) -> Result<Arc<User>, ApiError> {
    let (store, by) = (request.store(), request.actor());
    let mut steps = Steps::default();
    for group in directory.groups_administered_by(&user.username) {
        let step = format!("removing {} from the administrators of group {}", user.username, group.name);
        steps.record(&step, store.edit_group(&by, &group.id, administrator_replaced(&user.username, None)).await)?;
    }
    Ok(steps.record("deleting the user", store.delete_user(&by, &user.id).await)?.value)
}
