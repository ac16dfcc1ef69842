//! Groups: what clients read, list and change of them.

mod input;
mod mutation;
mod node;
mod query;

#[cfg(test)]
mod tests;

pub(crate) use input::{GroupCreateInput, GroupWhereUniqueInput};
pub(crate) use mutation::GroupMutation;
pub(crate) use node::GroupNode;
pub(in crate::schema) use node::whole_gigabytes;
pub(crate) use query::GroupQuery;
