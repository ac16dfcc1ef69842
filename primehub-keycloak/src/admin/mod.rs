//! The calls of the admin interface that are needed, typed. One file per kind of object; each call is one request, or one request per
//! page.

mod representation;

pub(crate) use representation::{
    AdminEvent, ClientRow, Full, GroupRow, MemberRow, OfflineSession, RealmRow, RoleReference, RoleRow, UserEvent,
    UserRow,
};
