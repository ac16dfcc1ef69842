//! Who is logged in where: the sessions behind browsers, refresh tokens and API tokens, with Keycloak's lifetimes.

mod session;
mod table;

pub(crate) use session::{BrowserSecret, Origin, Session, SessionId, SessionKind};
pub(crate) use table::SessionTable;
