//! The writes, one file per kind of object: each is a plain function on a [`Draft`](super::draft::Draft).

mod bindings;
mod groups;
mod invitations;
mod realm;
mod roles;
mod users;
