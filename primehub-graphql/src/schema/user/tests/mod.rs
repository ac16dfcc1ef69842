//! Documents about users, sent to a platform in memory.

mod administrators;
mod create;
mod delete;
mod invitation;
mod messages;
mod read;
mod service_accounts;
mod tokens;
mod update;
