//! What is known of a realm: what everybody reads, and what only calls to Keycloak need.

use std::collections::BTreeMap;
use std::sync::Arc;

use primehub_core::identity::{Directory, RoleKey};
use primehub_core::names::GroupId;

use crate::admin::{RealmRow, RoleReference};

/// Name of the group that stands for everybody, where the settings do not name one that exists.
pub(super) const EVERYONE: &str = "everyone";

/// What later calls need, without asking again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Facts {
    /// The realm's id, which is not its name.
    pub(crate) realm_id: String,
    /// Keycloak's id of the client `realm-management`; empty in the realm `master`, which has none.
    pub(crate) realm_management: String,
    /// Keycloak's id of the client by which the platform acts, if it exists.
    pub(crate) own_client: Option<String>,
    /// Whether login names can be changed.
    pub(crate) edit_username_allowed: bool,
    /// The role that makes administrators, as mappings name it; absent if the realm has none.
    pub(crate) administrator: Option<RoleReference>,
}

/// Whether Keycloak records what happens, and for how long.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct EventSettings {
    pub(super) admin_events: bool,
    pub(super) user_events: bool,
    /// Seconds after which an admin event is thrown away.
    pub(super) expire_after: Option<u64>,
}

impl EventSettings {
    pub(super) fn of(row: &RealmRow) -> Self {
        let expiry = row.attributes.get("adminEventsExpiration").and_then(|seconds| seconds.parse().ok());
        Self {
            admin_events: row.admin_events_enabled,
            user_events: row.events_enabled,
            expire_after: expiry.filter(|seconds| *seconds > 0),
        }
    }

    /// Whether changes by administrators, and acts of people, are recorded.
    pub(super) fn switches(self) -> (bool, bool) {
        (self.admin_events, self.user_events)
    }

    /// Why some changes are not told, if so.
    pub(super) fn missing(self) -> Option<&'static str> {
        match self.switches() {
            (true, true) => None,
            (false, false) => Some("the realm records no events; switch on both kinds of events in its settings"),
            (false, true) => Some("the realm records no admin events; switch them on in its settings"),
            (true, false) => Some("the realm records no user events; switch them on in its settings"),
        }
    }
}

/// Everything that is known of a realm at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) directory: Directory,
    /// Keycloak's ids of the roles in the directory: mappings name both, and a renamed role keeps its id.
    pub(super) role_ids: Arc<BTreeMap<RoleKey, Arc<str>>>,
    /// What the settings say is the group that stands for everybody.
    pub(super) everyone: Option<GroupId>,
    /// Absent until the realm has been read.
    pub(super) facts: Option<Arc<Facts>>,
    pub(super) events: EventSettings,
}

impl Picture {
    /// A picture of a realm of which nothing is known yet.
    pub(super) fn new(realm: &str, everyone: Option<GroupId>) -> Self {
        let id = everyone.clone().unwrap_or_else(|| GroupId::new(""));
        Self {
            directory: Directory::new(id, RoleKey::administrator(realm)),
            role_ids: Arc::default(),
            everyone,
            facts: None,
            events: EventSettings::default(),
        }
    }

    /// Keycloak's id of the client whose roles are rights in the realm, if the realm has it.
    pub(super) fn management(&self) -> Option<&str> {
        self.facts.as_ref().map(|facts| facts.realm_management.as_str()).filter(|id| !id.is_empty())
    }
}
