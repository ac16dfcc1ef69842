//! Everything a realm consists of, as one immutable value: what a write replaces as a whole, and what a data folder keeps.

use std::sync::Arc;

use imbl::{HashMap, OrdMap};
use primehub_core::identity::{Directory, Key};
use primehub_core::names::UserId;
use secrecy::SecretString;

use super::passwords::PasswordHash;
use crate::sessions::{SessionId, SessionTable};

/// One state of a realm. Cheap to clone: its parts are persistent structures.
#[derive(Clone)]
pub(crate) struct State {
    /// Name of the realm.
    pub(crate) realm: Arc<str>,
    /// What everybody may read.
    pub(crate) directory: Arc<Directory>,
    /// What nobody may read.
    pub(crate) secrets: Secrets,
    /// Who is logged in.
    pub(crate) sessions: SessionTable,
}

/// What the store knows and no picture shows.
#[derive(Clone, Default)]
pub(crate) struct Secrets {
    pub(crate) passwords: HashMap<UserId, PasswordHash>,
    /// Secrets of the deployment by name: that of the mail server, of clients, signing keys.
    pub(crate) named: OrdMap<Arc<str>, SecretString>,
}

/// Name of the mail server's password among the secrets.
pub(crate) const MAIL_PASSWORD: &str = "mail-password";

/// A part of a state that is stored by itself.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Record {
    /// An object of the picture, with memberships and role grants.
    Object(Key),
    /// The hash of an account's password.
    Password(UserId),
    /// A secret of the deployment.
    Secret(Arc<str>),
    /// A session.
    Session(UserId, SessionId),
}
