//! What resolvers call: operations of several steps, in the words of [`primehub_core`].

pub(crate) mod administrators;
pub(crate) mod api_token;
pub(crate) mod group;
pub(crate) mod group_list;
pub(crate) mod group_members;
pub(crate) mod group_update;
pub(crate) mod invitation;
pub(crate) mod license;
pub(crate) mod secret;
pub(crate) mod steps;
pub(crate) mod system;
pub(crate) mod user;
