//! Changing groups.

use async_graphql::{Context, Object};

use super::input::{GroupCreateInput, GroupUpdateInput, GroupWhereUniqueInput};
use super::node::GroupNode;
use crate::error::ApiError;
use crate::operations::group::{create_group, delete_group};
use crate::operations::group_update::update_group;
use crate::request::Request;

/// Mutations of groups.
#[derive(Default)]
pub(crate) struct GroupMutation;

#[Object]
impl GroupMutation {
    /// Creates a group with its members, or nothing at all.
    async fn create_group(&self, context: &Context<'_>, data: GroupCreateInput) -> Result<GroupNode, ApiError> {
        Request::mutation(context, |request| async move {
            let administrator = request.access(&request.directory()).platform_administrator()?;
            let group = create_group(&request, administrator, data.try_into()?).await?;
            Ok(GroupNode::new(&request, &request.directory(), group))
        })
        .await
    }

    /// Changes settings, administrators and members of a group, and answers it as it is afterwards.
    async fn update_group(
        &self,
        context: &Context<'_>,
        data: GroupUpdateInput,
        #[graphql(name = "where")] which: GroupWhereUniqueInput,
    ) -> Option<Result<GroupNode, ApiError>> {
        let outcome = Request::mutation(context, |request| async move {
            let administrator = request.access(&request.directory()).administrator_of(&which.group())?;
            let (directory, group) = update_group(&request, &administrator, &data.try_into()?).await?;
            Ok(GroupNode::changed_by(&request, &administrator, &directory, group))
        });
        Some(outcome.await)
    }

    /// Deletes a group and answers it as it was.
    async fn delete_group(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] which: GroupWhereUniqueInput,
    ) -> Option<Result<GroupNode, ApiError>> {
        let outcome = Request::mutation(context, |request| async move {
            let administrator = request.access(&request.directory()).platform_administrator()?;
            let (directory, group) = delete_group(&request, administrator, &which.group()).await?;
            Ok(GroupNode::new(&request, &directory, group))
        });
        Some(outcome.await)
    }
}
