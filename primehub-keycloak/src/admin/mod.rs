//! The calls of the admin interface that are needed, typed. One file per kind of object; each method is one request, or one request per
//! page.
//!
//! Reads are made with the rights of the view ([`Keycloak::admin`](crate::Keycloak)), writes with those that they are given. Something
//! that does not exist is `None` where one thing is read, and a refusal with the status 404 elsewhere.

mod clients;
mod credentials;
mod events;
mod groups;
mod memberships;
mod paging;
mod realm;
mod representation;
mod roles;
#[cfg(test)]
mod tests;
mod users;
mod view;

pub(crate) use clients::Clients;
pub(crate) use events::Events;
pub(crate) use groups::Groups;
pub(crate) use realm::RealmView;
pub(crate) use representation::{
    AdminEvent, ClientRow, CredentialRow, Full, GroupRow, MemberRow, OfflineSession, RealmRow, RoleReference, RoleRow,
    UserEvent, UserRow,
};
pub(crate) use roles::Roles;
pub(crate) use users::Users;
pub(crate) use view::Admin;
