//! Tokens: the service account's own, and those of people.

mod endpoint;
mod service;

pub(crate) use endpoint::Grant;
pub(crate) use service::ServiceToken;
