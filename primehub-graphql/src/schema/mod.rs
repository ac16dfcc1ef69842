//! The GraphQL schema: one module per domain, resolvers of a few lines.

mod edit;
mod group;
#[cfg(test)]
pub(crate) mod harness;
mod ids;
mod paging;
mod resource;
mod rows;
mod system;
#[cfg(test)]
mod tests;
mod user;

use async_graphql::{EmptySubscription, MergedObject, SchemaBuilder};

/// Everything that can be asked.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub(crate) struct Query(group::GroupQuery, system::SystemQuery, user::UserQuery, user::InvitationQuery);

/// Everything that can be done.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub(crate) struct Mutation(group::GroupMutation, system::SystemMutation, user::UserMutation, user::InvitationMutation);

/// The executable schema.
pub(crate) type Schema = async_graphql::Schema<Query, Mutation, EmptySubscription>;

/// A schema without limits or extensions: whoever serves it adds them.
pub(crate) fn builder() -> SchemaBuilder<Query, Mutation, EmptySubscription> {
    Schema::build(Query::default(), Mutation::default(), EmptySubscription)
}

/// The schema in the schema definition language, types and fields sorted by name.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().sorted_fields().sorted_arguments().sorted_enum_items();
    builder().finish().sdl_with_options(options)
}
