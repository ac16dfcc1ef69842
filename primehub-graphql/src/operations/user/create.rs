//! Creating accounts: wholly, or not at all.

use std::collections::BTreeSet;
use std::sync::Arc;

use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::{
    Binding, Directory, IdentityError, NewUser, RequiredActionsEmail, Subject, User, UserSettingsEdit,
};
use primehub_core::names::{GroupId, UserId, UserName};

use super::rules::administrator_replaced;
use crate::error::{ApiError, Code};
use crate::operations::group_list::existing_group;
use crate::operations::license::of_user_creation;
use crate::operations::steps::all_bound;
use crate::request::Request;

/// An account to create.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) username: UserName,
    pub(crate) email: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) settings: UserSettingsEdit,
    /// Whether the person administers the platform.
    pub(crate) administrator: bool,
    /// Groups to join besides those that every new account joins by itself.
    pub(crate) groups: BTreeSet<GroupId>,
    /// What the person is asked by e-mail, if the account has an address.
    pub(crate) ask: Option<RequiredActionsEmail>,
}

/// Creates an account with its rights and memberships, and asks the person by e-mail in the background: whether a mail server takes the
/// message does not decide about the account.
///
/// # Errors
/// A taken name or address, a value that cannot be stored, an unknown group, the licence. No account is left behind.
pub(crate) async fn create_user(
    request: Arc<Request>,
    _administrator: PlatformAdministrator,
    account: NewAccount,
) -> Result<Arc<User>, ApiError> {
    let directory = request.directory();
    for group in &account.groups {
        existing_group(&directory, group)?;
    }
    let attributes = account.settings.attributes()?;

    let mut new = NewUser::new(account.username);
    new.email = account.email.filter(|email| !email.is_empty());
    new.first_name = account.first_name.filter(|name| !name.is_empty());
    new.last_name = account.last_name.filter(|name| !name.is_empty());
    new.attributes.apply(&attributes);
    let role = account.administrator.then(|| directory.administrator_role().clone());
    let (groups, bound) = (account.groups, request.clone());
    let user = create_whole(&request, new, |id| async move {
        let grant = role.map(|role| Binding::Grant { to: Subject::User(id.clone()), role });
        let joins = groups.into_iter().map(|group| Binding::Join { user: id.clone(), group });
        let bindings: Vec<Binding> = grant.into_iter().chain(joins).collect();
        bind_all(&bound, &bindings).await
    })
    .await?;
    if let Some(email) = account.ask.filter(|_| user.email.is_some()) {
        ask_in_background(request, user.id.clone(), email);
    }
    Ok(user)
}

/// Creates the account and finishes it; an account that cannot be finished is deleted again.
///
/// # Errors
/// Those of creating and of finishing. [`Code::PartialFailure`] only if the account could not be deleted either.
pub(crate) async fn create_whole<F>(
    request: &Request,
    mut new: NewUser,
    finish: impl FnOnce(UserId) -> F,
) -> Result<Arc<User>, ApiError>
where
    F: Future<Output = Result<(), ApiError>> + Send,
{
    let by = request.actor();
    new.at_most = request.config().license.most_users();
    let user = request.store().create_user(&by, new).await.map_err(of_user_creation)?.value;
    request.record_created(user.id.as_str());
    let directory = request.read_again();
    let finished = match remove_predecessor(request, &directory, &user).await {
        Ok(()) => finish(user.id.clone()).await,
        Err(error) => Err(error.into()),
    };
    let outcome = match finished {
        Ok(()) => Ok(user),
        Err(error) => Err(undo(request, &user, error).await),
    };
    request.read_again();
    outcome
}

/// Takes the name of somebody new out of every group's list of administrators, before anybody knows a password: an account that was deleted
/// elsewhere, at the identity provider itself, may have left it there.
async fn remove_predecessor(request: &Request, directory: &Directory, user: &User) -> Result<(), IdentityError> {
    for group in directory.groups_administered_by(&user.username) {
        let edit = administrator_replaced(&user.username, None);
        request.store().edit_group(&request.actor(), &group.id, edit).await?;
    }
    Ok(())
}

/// Carries out all the bindings.
///
/// # Errors
/// When one of them failed; the others are not undone.
pub(crate) async fn bind_all(request: &Request, bindings: &[Binding]) -> Result<(), ApiError> {
    if bindings.is_empty() {
        return Ok(());
    }
    let outcomes = request.store().bind(&request.actor(), bindings).await;
    all_bound(&request.directory(), bindings, outcomes)
}

async fn undo(request: &Request, user: &User, why: ApiError) -> ApiError {
    match request.store().delete_user(&request.actor(), &user.id).await {
        Ok(_) | Err(IdentityError::Absent(_)) => {
            ApiError::new(why.code, format!("user {} was not created: {}", user.username, why.message))
        }
        Err(error) => {
            tracing::error!(user.id = %user.id, %error, "an account that was created in part could not be deleted");
            ApiError::new(
                Code::PartialFailure,
                format!("done: creating user {}; failed: {}; deleting the user again", user.username, why.message),
            )
        }
    }
}

fn ask_in_background(request: Arc<Request>, id: UserId, email: RequiredActionsEmail) {
    tokio::spawn(async move {
        if let Err(error) = request.store().send_required_actions(&request.actor(), &id, email).await {
            tracing::warn!(user.id = %id, %error, "the e-mail to a new user could not be sent");
        }
    });
}
