//! What can be read again by itself.

use primehub_core::identity::{Key, RoleKey};
use primehub_core::names::{GroupId, UserId};

use crate::invitations;

/// A part of the realm that one reading covers.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) enum Target {
    /// Everything, before long: nothing less would show what has happened.
    Everything,
    /// A user who has replaced another one by an import. Keycloak does not say which.
    Imported(UserId),
    /// A user, with memberships and with the roles that make administrators.
    User(UserId),
    /// A group, with the roles mapped on it.
    Group(GroupId),
    /// The groups nested directly in this one: which they are, and each of them.
    Children(GroupId),
    /// The top-level groups: which they are, and each of them.
    TopLevel,
    /// A realm role and what it contains.
    Role(RoleKey),
    /// All realm roles, and the invitations that some of them are.
    Roles,
    /// The realm's settings and its default groups.
    Realm,
}

impl Target {
    /// What has to be read to know this object.
    pub(super) fn of(key: &Key) -> Self {
        match key {
            Key::User(id) => Self::User(id.clone()),
            Key::Group(id) => Self::Group(id.clone()),
            Key::Role(RoleKey::Realm(name)) if invitations::is_storage(name) => Self::Roles,
            Key::Role(role) => Self::Role(role.clone()),
            // Invitations are roles; which of the older ones count depends on others.
            Key::Invitation(_) => Self::Roles,
            // A kind of object that this crate does not know is no part of the picture; the settings are read at the least cost.
            _ => Self::Realm,
        }
    }

    /// The one object that this is about.
    pub(super) fn key(&self) -> Option<Key> {
        match self {
            Self::User(id) | Self::Imported(id) => Some(Key::User(id.clone())),
            Self::Group(id) => Some(Key::Group(id.clone())),
            Self::Role(role) => Some(Key::Role(role.clone())),
            Self::Realm => Some(Key::Realm),
            Self::Everything | Self::Children(_) | Self::TopLevel | Self::Roles => None,
        }
    }
}
