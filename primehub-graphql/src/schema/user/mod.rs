//! People: accounts, API tokens, invitations.

mod connection;
mod input;
mod invitation;
mod mutation;
mod node;
mod query;
#[cfg(test)]
mod tests;

pub(crate) use input::{UserCreateInput, UserWhereUniqueInput};
pub(crate) use invitation::{InvitationMutation, InvitationQuery};
pub(crate) use mutation::UserMutation;
pub(crate) use node::UserNode;
pub(crate) use query::UserQuery;
