//! Invitations: each lets one person create one account in one group, within a day.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::access::{Access, Denied};
use primehub_core::identity::{
    Binding, Directory, IdentityError, Invitation, InvitationId, NewInvitation, NewPassword, NewUser, User,
    UserSettings,
};
use primehub_core::names::{GroupId, UserName};
use secrecy::{ExposeSecret as _, SecretString};

use super::secret::random_secret;
use super::user::{acceptable_username, bind_all, create_whole};
use crate::error::{ApiError, Code};
use crate::request::Request;

/// Creates an invitation into a group and answers its token, which is stored nowhere.
///
/// # Errors
/// Refused to whoever may not invite into the group; an unknown group; the licence.
pub(crate) async fn create_invitation(request: Arc<Request>, group: GroupId) -> Result<SecretString, ApiError> {
    let directory = request.directory();
    let may_invite = |user: &User| UserSettings::of(&user.attributes).enable_invite_users;
    let access = request.access(&directory);
    let into = access.inviter_into(&group, may_invite).map_err(|denied| refusal(access, &directory, &group, denied))?;
    if directory.group(into.group()).is_none_or(|group| group.parent.is_some()) {
        return Err(ApiError::new(Code::ResourceNotFound, format!("invalid groupId: {group}")));
    }
    request.config().license.admits_one_more_user(&directory)?;
    let now = request.services().clock.now();
    // Only beyond the end of representable time does a day not fit.
    let expires_at = now.checked_add(LIFETIME).unwrap_or(jiff::Timestamp::MAX);
    let token = random_secret()?;
    let id = InvitationId::of_token(token.expose_secret());
    let mut new = NewInvitation::new(Invitation::new(id, into.group().clone(), expires_at));
    new.at_most = Some(OPEN_INVITATIONS);
    let written = request.store().put_invitation(&request.actor(), new).await;
    request.read_again();
    match written {
        Err(IdentityError::LimitReached { limit }) => {
            let message = format!("the group has {limit} open invitations already; they expire within a day");
            Err(ApiError::new(Code::ExceedQuota, message))
        }
        written => Ok(written.map(|_| token)?),
    }
}

/// Tells whoever cannot invite into a group why, as far as the group is theirs.
fn refusal(access: Access<'_>, directory: &Directory, group: &GroupId, denied: Denied) -> ApiError {
    if group == directory.everyone_id() {
        return ApiError::new(Code::NotAuth, "nobody can be invited into the group of everyone");
    }
    if access.member_of(group).is_err() {
        return denied.into();
    }
    let why = if directory.grants_administration(group) {
        "only a platform administrator may invite into a group that makes administrators"
    } else {
        "your account may not invite"
    };
    ApiError::new(Code::NotAuth, format!("{denied}: {why}"))
}

/// Checks that an invitation can be used.
///
/// # Errors
/// [`Code::InvalidToken`], [`Code::ExpiredToken`].
pub(crate) fn check_invitation(
    directory: &Directory,
    token: &str,
    now: jiff::Timestamp,
) -> Result<Invitation, ApiError> {
    let found = directory.invitation(&InvitationId::of_token(token)).ok_or_else(invalid_token)?;
    // It leads nowhere any more.
    directory.group(&found.group).ok_or_else(invalid_token)?;
    if found.is_expired(now) { Err(named(Code::ExpiredToken)) } else { Ok(Invitation::clone(found)) }
}

/// An account as its owner first learns of it.
#[derive(Debug)]
pub(crate) struct NewCredentials {
    pub(crate) username: String,
    /// Has to be changed at the first login.
    pub(crate) password: SecretString,
}

/// Creates the account of an invited person, without e-mail address and with a password to change.
///
/// The invitation is taken away first, so that of simultaneous uses one wins, and put back if the account cannot be created.
///
/// # Errors
/// The licence; [`Code::InvalidToken`] and [`Code::ExpiredToken`]; [`Code::BadUsername`] for every reason that lies in the account;
/// [`Code::ApiUnavailable`] when the identity provider is away.
pub(crate) async fn create_user_from_invitation(
    request: Arc<Request>,
    token: SecretString,
    username: &str,
) -> Result<NewCredentials, ApiError> {
    let directory = request.directory();
    request.config().license.admits_one_more_user(&directory)?;
    let id = check_invitation(&directory, token.expose_secret(), request.services().clock.now())?.id;
    let username = acceptable_username(username).map_err(|_| named(Code::BadUsername))?;
    let invitation = match request.store().take_invitation(&request.actor(), &id).await {
        Ok(written) => written.value,
        Err(IdentityError::Absent(_)) => return Err(invalid_token()),
        Err(error) => return Err(error.into()),
    };
    let outcome = join_new_user(&request, username, invitation.group.clone()).await;
    if outcome.is_err() {
        put_back(&request, invitation).await;
    }
    request.read_again();
    outcome
}

async fn join_new_user(request: &Request, username: UserName, group: GroupId) -> Result<NewCredentials, ApiError> {
    let password = random_secret()?;
    let credentials = NewCredentials { username: username.to_string(), password: password.clone() };
    let finish = |user| async move {
        let secret = NewPassword::temporary(password);
        request.store().set_password(&request.actor(), &user, secret).await?;
        // Last: until the password is there, the group has no new member.
        bind_all(request, &[Binding::Join { user, group }]).await
    };
    match create_whole(request, NewUser::new(username), finish).await {
        Ok(_) => Ok(credentials),
        Err(error) => {
            tracing::info!(error = error.message, "an invited user could not be created");
            Err(match error.code {
                Code::ExceedQuota | Code::ApiUnavailable => error,
                _ => named(Code::BadUsername),
            })
        }
    }
}

async fn put_back(request: &Request, invitation: Invitation) {
    if let Err(error) = request.store().put_invitation(&request.actor(), NewInvitation::new(invitation)).await {
        tracing::error!(%error, "an unused invitation could not be put back");
    }
}

fn invalid_token() -> ApiError {
    named(Code::InvalidToken)
}

/// An error whose text is its code: the invitation page decides by the text.
fn named(code: Code) -> ApiError {
    ApiError::new(code, code.as_str())
}

const LIFETIME: Duration = Duration::from_hours(24);
/// Most invitations of one group that can be used at a time.
const OPEN_INVITATIONS: u64 = 1000;
