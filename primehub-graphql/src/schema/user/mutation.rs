//! Changing users.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::NewPassword;
use primehub_core::names::UserId;

use super::input::{NotebookNotifyEventInput, UserCreateInput, UserUpdateInput, UserWhereUniqueInput};
use super::node::UserNode;
use crate::error::{ApiError, Code};
use crate::operations::{api_token, user};
use crate::request::Request;
use crate::schema::ids;

/// Root fields that change users.
#[derive(Default)]
pub(crate) struct UserMutation;

#[Object]
impl UserMutation {
    /// Creates a user.
    async fn create_user(&self, context: &Context<'_>, data: UserCreateInput) -> Result<UserNode, ApiError> {
        Request::mutation(context, |request| async move {
            let user = user::create_user(request.clone(), administrator(&request)?, data.try_into()?).await?;
            Ok(UserNode::new(&request, &request.directory(), user))
        })
        .await
    }

    /// Changes a user, and answers the user as they are afterwards.
    async fn update_user(
        &self,
        context: &Context<'_>,
        data: UserUpdateInput,
        #[graphql(name = "where")] condition: UserWhereUniqueInput,
    ) -> Option<Result<UserNode, ApiError>> {
        let update = |request: Arc<Request>| async move {
            let user = user::update_user(request.clone(), condition.id.0.into(), data.try_into()?).await?;
            Ok(UserNode::new(&request, &request.directory(), user))
        };
        Some(Request::mutation(context, update).await)
    }

    /// Deletes a user, and answers the user as they were.
    async fn delete_user(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] condition: UserWhereUniqueInput,
    ) -> Option<Result<UserNode, ApiError>> {
        let delete = |request: Arc<Request>| async move {
            let before = request.directory();
            let user = user::delete_user(request.clone(), administrator(&request)?, condition.id.0.into()).await?;
            Ok(UserNode::new(&request, &before, user))
        };
        Some(Request::mutation(context, delete).await)
    }

    /// Asks a user by e-mail to do something at the identity provider.
    async fn send_email(
        &self,
        context: &Context<'_>,
        id: Option<String>,
        reset_actions: Option<Vec<Option<String>>>,
        expires_in: Option<i32>,
    ) -> Option<Result<UserActionResponse, ApiError>> {
        let send = |request: Arc<Request>| async move {
            let email = user::required_actions(reset_actions, expires_in)?;
            user::send_email(request.clone(), administrator(&request)?, required(id)?, email)
                .await
                .map(UserActionResponse::of)
        };
        Some(Request::mutation(context, send).await)
    }

    /// Asks several users by e-mail, and says whether all e-mails were sent.
    async fn send_multi_email(
        &self,
        context: &Context<'_>,
        #[graphql(name = "in")] ids: Option<Vec<Option<String>>>,
        reset_actions: Option<Vec<Option<String>>>,
        expires_in: Option<i32>,
    ) -> Option<Result<UserMultiEmailResponse, ApiError>> {
        let send = |request: Arc<Request>| async move {
            let email = user::required_actions(reset_actions, expires_in)?;
            let ids: Vec<_> = ids::ids("in", ids, |id| id.map(UserId::from))?.into_iter().flatten().collect();
            if ids.is_empty() {
                return Err(ApiError::new(Code::BadUserInput, "in must name at least one user"));
            }
            let sent = user::send_emails(request.clone(), administrator(&request)?, ids, email).await;
            Ok(UserMultiEmailResponse { status: Some(sent) })
        };
        Some(Request::mutation(context, send).await)
    }

    /// Gives a user a password.
    async fn reset_password(
        &self,
        context: &Context<'_>,
        id: Option<String>,
        password: Option<String>,
        temporary: Option<bool>,
    ) -> Option<Result<UserActionResponse, ApiError>> {
        let reset = |request: Arc<Request>| async move {
            let new = if temporary.unwrap_or_default() { NewPassword::temporary } else { NewPassword::lasting };
            let password = new(password.unwrap_or_default().into());
            user::reset_password(request.clone(), administrator(&request)?, required(id)?, password)
                .await
                .map(UserActionResponse::of)
        };
        Some(Request::mutation(context, reset).await)
    }

    /// Makes the caller's own API tokens worthless; whatever user is named.
    async fn revoke_api_token(
        &self,
        context: &Context<'_>,
        #[graphql(name = "userId")] _user_id: Option<String>,
    ) -> Option<Result<UserActionResponse, ApiError>> {
        let revoke = |request| async move { api_token::revoke_api_tokens(request).await.map(UserActionResponse::of) };
        Some(Request::mutation(context, revoke).await)
    }

    /// Takes note of a notebook that has started or stopped. The answer is always 0.
    async fn notify_notebook_event(
        &self,
        context: &Context<'_>,
        #[graphql(name = "data")] _event: NotebookNotifyEventInput,
    ) -> Option<Result<i32, ApiError>> {
        Some(Request::mutation(context, |_| async { Ok(0) }).await)
    }
}

/// Whom an operation concerned.
#[derive(SimpleObject)]
pub(crate) struct UserActionResponse {
    /// Id of the user.
    id: Option<String>,
}

impl UserActionResponse {
    fn of(id: UserId) -> Self {
        Self { id: Some(id.to_string()) }
    }
}

/// Whether e-mails were sent.
#[derive(SimpleObject)]
pub(crate) struct UserMultiEmailResponse {
    /// Whether all were.
    status: Option<bool>,
}

fn administrator(request: &Request) -> Result<PlatformAdministrator, ApiError> {
    Ok(request.access(&request.directory()).platform_administrator()?)
}

fn required(id: Option<String>) -> Result<UserId, ApiError> {
    id.map(UserId::from).ok_or_else(|| ApiError::new(Code::BadUserInput, "id must not be null"))
}
