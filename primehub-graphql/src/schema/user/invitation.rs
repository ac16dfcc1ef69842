//! Inviting people who have no account yet.

use std::sync::Arc;

use async_graphql::{Context, InputObject, Object, SimpleObject};
use secrecy::{ExposeSecret as _, SecretString};

use crate::error::ApiError;
use crate::operations::invitation::{check_invitation, create_invitation, create_user_from_invitation};
use crate::request::Request;

/// Root fields that read invitations.
#[derive(Default)]
pub(crate) struct InvitationQuery;

#[Object]
impl InvitationQuery {
    /// Whether an invitation can be used; an error says why not.
    async fn invitation(
        &self,
        context: &Context<'_>,
        data: InvitationQueryInput,
    ) -> Option<Result<InvitationQueryResult, ApiError>> {
        Some(Request::query(context).and_then(|request| {
            check_invitation(&request.directory(), &data.invitation_token, request.services().clock.now())?;
            Ok(InvitationQueryResult { validation: true })
        }))
    }
}

/// Root fields that make and use invitations.
#[derive(Default)]
pub(crate) struct InvitationMutation;

#[Object]
impl InvitationMutation {
    /// Invites somebody into a group. The token is shown this once.
    async fn create_invitation(
        &self,
        context: &Context<'_>,
        data: InvitationCreateInput,
    ) -> Result<Invitation, ApiError> {
        let create = |request: Arc<Request>| async move {
            let token = create_invitation(request, data.group_id.as_str().into()).await?;
            Ok(Invitation { invitation_token: token.expose_secret().to_owned(), group_id: data.group_id })
        };
        Request::mutation(context, create).await
    }

    /// Uses an invitation: creates an account and shows its first password, this once.
    async fn create_user_from_invitation(
        &self,
        context: &Context<'_>,
        data: InvitationApplyInput,
    ) -> Result<InvitationResult, ApiError> {
        let create = |request: Arc<Request>| async move {
            let token = SecretString::from(data.invitation_token);
            let created = create_user_from_invitation(request, token, &data.username).await?;
            Ok(InvitationResult { username: created.username, password: created.password.expose_secret().to_owned() })
        };
        Request::mutation(context, create).await
    }
}

/// Names an invitation.
#[derive(InputObject)]
pub(crate) struct InvitationQueryInput {
    /// Its token.
    invitation_token: String,
}

/// Whether an invitation can be used.
#[derive(SimpleObject)]
pub(crate) struct InvitationQueryResult {
    /// Always true; an invitation that cannot be used is an error.
    validation: bool,
}

/// An invitation to make.
#[derive(InputObject)]
pub(crate) struct InvitationCreateInput {
    /// The group that the invited person joins.
    group_id: String,
}

/// A new invitation.
#[derive(SimpleObject)]
pub(crate) struct Invitation {
    /// What the invited person shows.
    invitation_token: String,
    /// The group that the invited person joins.
    group_id: String,
}

/// An invitation to use.
#[derive(InputObject)]
pub(crate) struct InvitationApplyInput {
    /// Its token.
    invitation_token: String,
    /// The login name that the person wants.
    username: String,
}

/// A new account.
#[derive(SimpleObject)]
pub(crate) struct InvitationResult {
    /// Its login name.
    username: String,
    /// Its password, to be changed at the first login.
    password: String,
}
