//! Reading groups.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject, Value};
use primehub_core::access::GroupView;
use primehub_core::identity::{Directory, Group};

use super::super::paging::{Page, PageArguments, PageInfo, paginate};
use super::super::rows::{Rows, rows, will_look_at};
use super::input::{GroupOrderByInput, GroupWhereInput, GroupWhereUniqueInput};
use super::node::GroupNode;
use crate::error::ApiError;
use crate::operations::group_list::{GroupOrder, existing_group, find, list};
use crate::request::Request;

/// Queries about groups.
#[derive(Default)]
pub(crate) struct GroupQuery;

#[Object]
impl GroupQuery {
    /// One group. Null if there is none, or none that the caller may see.
    async fn group(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] which: GroupWhereUniqueInput,
    ) -> Option<Result<GroupNode, ApiError>> {
        let request = match Request::query(context) {
            Ok(request) => request,
            Err(error) => return Some(Err(error)),
        };
        let (directory, id) = (request.directory(), which.group());
        let visible = request.access(&directory).view_of_group(&id) != GroupView::Nothing;
        let group = find(&directory, &id).filter(|_| visible)?;
        Some(Ok(GroupNode::new(request, &directory, group.clone())))
    }

    /// Groups without the one of everyone, as a list.
    #[expect(clippy::too_many_arguments, reason = "the shape of a field with these arguments")]
    async fn groups(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] filter: Option<GroupWhereInput>,
        page: Option<i32>,
        #[graphql(name = "orderBy")] _order_by: Option<GroupOrderByInput>,
        before: Option<String>,
        after: Option<String>,
        first: Option<i32>,
        last: Option<i32>,
    ) -> Result<Rows<GroupNode>, ApiError> {
        let Found { request, directory, page } =
            groups(context, filter, &PageArguments { page, first, last, before, after }).await?;
        let node = |group| GroupNode::new(request, &directory, group);
        rows(request.budget(), page.rows.len(), page.rows.into_iter().map(node)).await
    }

    /// Groups without the one of everyone, page by page.
    #[expect(clippy::too_many_arguments, reason = "the shape of a field with these arguments")]
    async fn groups_connection(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] filter: Option<GroupWhereInput>,
        page: Option<i32>,
        #[graphql(name = "orderBy")] _order_by: Option<GroupOrderByInput>,
        before: Option<String>,
        after: Option<String>,
        first: Option<i32>,
        last: Option<i32>,
    ) -> Result<GroupConnection, ApiError> {
        let Found { request, directory, page } =
            groups(context, filter, &PageArguments { page, first, last, before, after }).await?;
        let edge = |group: Arc<Group>| GroupEdge {
            cursor: group.id.to_string(),
            node: GroupNode::new(request, &directory, group),
        };
        let edges = rows(request.budget(), page.rows.len(), page.rows.into_iter().map(edge)).await?;
        Ok(GroupConnection { edges, page_info: page.info })
    }

    /// What would be deleted together with a group.
    async fn group_resources_to_be_deleted(
        &self,
        context: &Context<'_>,
        #[graphql(name = "where")] which: GroupWhereUniqueInput,
    ) -> Option<Result<GroupResourcesToBeDeleted, ApiError>> {
        Some(Request::query(context).and_then(|request| {
            existing_group(&request.directory(), &which.group())?;
            Ok(GroupResourcesToBeDeleted::without_store_and_kubernetes())
        }))
    }
}

/// The wanted page of a list, for both of its shapes.
struct Found<'a> {
    request: &'a Request,
    directory: Arc<Directory>,
    page: Page<Arc<Group>>,
}

async fn groups<'a>(
    context: &Context<'a>,
    filter: Option<GroupWhereInput>,
    page: &PageArguments,
) -> Result<Found<'a>, ApiError> {
    let request = Request::query(context)?;
    let directory = request.directory();
    will_look_at(directory.group_count()).await;
    let rows = list(&directory, &filter.unwrap_or_default().try_into()?, order(context)?);
    let page = paginate(rows, page, |group: &Arc<Group>| group.id.as_str())?;
    Ok(Found { request, directory, page })
}

/// The order that the client asks for. It is read from the argument itself, because the parsed input no longer knows which of its fields
/// stood first.
fn order(context: &Context<'_>) -> Result<Option<GroupOrder>, ApiError> {
    let arguments = context.field().arguments().unwrap_or_default();
    let order_by = arguments.iter().find_map(|(name, value)| match value {
        Value::Object(fields) if name == "orderBy" => Some(fields),
        _ => None,
    });
    let fields = order_by.into_iter().flatten().map(|(name, value)| match value {
        Value::String(direction) => (name.as_str(), Some(direction.as_str())),
        _ => (name.as_str(), None),
    });
    GroupOrder::parse(fields)
}

/// A page of groups.
#[derive(SimpleObject)]
pub(crate) struct GroupConnection {
    /// Where the page stands in the list.
    page_info: PageInfo,
    /// The rows.
    edges: Rows<GroupEdge>,
}

/// A row of a page of groups.
#[derive(SimpleObject)]
pub(crate) struct GroupEdge {
    /// The group's id: `before` and `after` understand it.
    cursor: String,
    /// The group.
    node: GroupNode,
}

/// How many things would be deleted together with a group.
#[derive(SimpleObject)]
pub(crate) struct GroupResourcesToBeDeleted {
    /// Applications.
    apps: Option<Result<i32, ApiError>>,
    /// Datasets in the object store.
    datasets: Option<i32>,
    /// 1 if the group has a folder in the object store.
    shared_files: Option<i32>,
    /// Jobs.
    jobs: Option<Result<i32, ApiError>>,
    /// Schedules.
    schedules: Option<Result<i32, ApiError>>,
    /// Deployments.
    deployments: Option<Result<i32, ApiError>>,
}

impl GroupResourcesToBeDeleted {
    /// Without object store nothing lies in it; without Kubernetes nobody can tell what runs.
    fn without_store_and_kubernetes() -> Self {
        let unknown = |what| Some(Err(ApiError::needs_kubernetes(what)));
        Self {
            apps: unknown("counting applications"),
            datasets: Some(0),
            shared_files: Some(0),
            jobs: unknown("counting jobs"),
            schedules: unknown("counting schedules"),
            deployments: unknown("counting deployments"),
        }
    }
}
