//! Reading and changing the platform's settings.

use async_graphql::{Context, Object};

use super::input::SystemUpdateInput;
use super::node::{LicenseNode, SystemNode, TimezoneNode};
use crate::error::ApiError;
use crate::operations::system::update_system;
use crate::request::Request;

/// Queries about the platform as a whole.
#[derive(Default)]
pub(crate) struct SystemQuery;

#[Object]
impl SystemQuery {
    /// Settings of the platform.
    #[expect(clippy::unused_async, reason = "the shape of a field")]
    async fn system(&self, context: &Context<'_>) -> Result<SystemNode, ApiError> {
        let request = Request::query(context)?;
        Ok(SystemNode::of(&request.directory(), request.config()))
    }

    /// The time zone to work with.
    #[expect(clippy::unused_async, reason = "the shape of a field")]
    async fn timezone(&self, context: &Context<'_>) -> Result<TimezoneNode, ApiError> {
        let request = Request::query(context)?;
        Ok(TimezoneNode::effective(&request.directory(), request.config()))
    }

    /// What the installation may be used for.
    async fn license(&self, context: &Context<'_>) -> Option<Result<LicenseNode, ApiError>> {
        Some(Request::query(context).map(|request| LicenseNode::of(&request.config().license, &request.directory())))
    }
}

/// Mutations of the platform as a whole.
#[derive(Default)]
pub(crate) struct SystemMutation;

#[Object]
impl SystemMutation {
    /// Changes settings of the platform, and answers all of them.
    async fn update_system(
        &self,
        context: &Context<'_>,
        data: SystemUpdateInput,
    ) -> Option<Result<SystemNode, ApiError>> {
        let outcome = Request::mutation(context, |request| async move {
            let administrator = request.access(&request.directory()).platform_administrator()?;
            let directory = update_system(&request, administrator, &data.try_into()?).await?;
            Ok(SystemNode::of(&directory, request.config()))
        });
        Some(outcome.await)
    }
}
