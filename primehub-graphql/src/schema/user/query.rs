//! Reading users.

use std::sync::Arc;

use async_graphql::{Context, Object};
use primehub_core::access::Denied;
use primehub_core::identity::{Directory, User};
use primehub_core::names::UserId;

use super::connection::{UserConnection, people_page};
use super::input::{UserWhereInput, UserWhereUniqueInput, UsersOrderBy};
use super::node::UserNode;
use crate::error::ApiError;
use crate::request::Request;
use crate::schema::paging::{Page, PageArguments};
use crate::schema::rows::{Rows, rows, will_look_at};

/// Root fields that read users.
#[derive(Default)]
pub(crate) struct UserQuery;

#[Object]
impl UserQuery {
    /// The caller's own account.
    async fn me(&self, context: &Context<'_>) -> Option<Result<UserNode, ApiError>> {
        Some(Request::query(context).and_then(|request| {
            let directory = request.directory();
            let person = request.caller().person().ok_or(Denied::Field)?;
            let user = directory.user(&person.user().id).ok_or(Denied::Object)?.clone();
            Ok(UserNode::new(request, &directory, user))
        }))
    }

    /// One user.
    async fn user(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] condition: UserWhereUniqueInput,
    ) -> Option<Result<UserNode, ApiError>> {
        let request = match Request::query(context) {
            Ok(request) => request,
            Err(error) => return Some(Err(error)),
        };
        let directory = request.directory();
        let user = directory.person(&UserId::from(condition.id.0))?.clone();
        Some(Ok(UserNode::new(request, &directory, user)))
    }

    /// The users of one page, by login name.
    #[expect(clippy::too_many_arguments, reason = "the shape of a field with these arguments")]
    async fn users(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] condition: Option<UserWhereInput>,
        before: Option<String>,
        after: Option<String>,
        page: Option<i32>,
        first: Option<i32>,
        last: Option<i32>,
        #[graphql(name = "userOrderBy")] _order: Option<UsersOrderBy>,
    ) -> Result<Rows<UserNode>, ApiError> {
        let (request, directory, page) =
            read(context, condition, &PageArguments { page, first, last, before, after }).await?;
        let node = |user| UserNode::new(request, &directory, user);
        rows(request.budget(), page.rows.len(), page.rows.into_iter().map(node)).await
    }

    /// The users of one page with their place in the list. Cursors are page numbers from 0.
    #[expect(clippy::too_many_arguments, reason = "the shape of a field with these arguments")]
    async fn users_connection(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] condition: Option<UserWhereInput>,
        before: Option<String>,
        after: Option<String>,
        page: Option<i32>,
        first: Option<i32>,
        last: Option<i32>,
        #[graphql(name = "userOrderBy")] _order: Option<UsersOrderBy>,
    ) -> Result<UserConnection, ApiError> {
        let (request, directory, page) =
            read(context, condition, &PageArguments { page, first, last, before, after }).await?;
        UserConnection::new(request, &directory, page).await
    }
}

type Read<'a> = (&'a Request, Arc<Directory>, Page<Arc<User>>);

async fn read<'a>(
    context: &Context<'a>,
    condition: Option<UserWhereInput>,
    arguments: &PageArguments,
) -> Result<Read<'a>, ApiError> {
    let request = Request::query(context)?;
    let directory = request.directory();
    will_look_at(directory.people_count()).await;
    let page = people_page(&directory, condition, arguments)?;
    Ok((request, directory, page))
}
