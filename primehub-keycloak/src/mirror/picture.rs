//! What is known of a realm: what everybody reads, and what only calls to Keycloak need.

use std::collections::BTreeMap;
use std::sync::Arc;

use primehub_core::identity::{Directory, RoleKey};
use primehub_core::names::GroupId;

use crate::admin::{RealmRow, RoleReference};
use crate::bootstrap::EVENT_TYPES;

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
    /// The first kind of acts that is needed and not recorded although acts of people are.
    pub(super) unrecorded: Option<&'static str>,
    /// Seconds after which an admin event is thrown away.
    pub(super) expire_after: Option<u64>,
}

impl EventSettings {
    pub(super) fn of(row: &RealmRow) -> Self {
        let expiry = row.attributes.get("adminEventsExpiration").and_then(|seconds| seconds.parse().ok());
        // None named means all.
        let recorded =
            |kind: &&str| row.enabled_event_types.is_empty() || row.enabled_event_types.iter().any(|is| is == kind);
        Self {
            admin_events: row.admin_events_enabled,
            user_events: row.events_enabled,
            unrecorded: EVENT_TYPES.into_iter().find(|kind| !recorded(kind)).filter(|_| row.events_enabled),
            expire_after: expiry.filter(|seconds| *seconds > 0),
        }
    }

    /// Whether changes by administrators, and acts of people, are recorded, and which of the latter are not.
    pub(super) fn switches(self) -> (bool, bool, Option<&'static str>) {
        (self.admin_events, self.user_events, self.unrecorded)
    }

    /// Why some changes are not told, if so.
    pub(super) fn missing(self) -> Option<String> {
        let what = match self.switches() {
            (true, true, None) => return None,
            (true, true, Some(kind)) => {
                return Some(format!(
                    "the realm records no user events of the type {kind}; save them too in its settings, or save all"
                ));
            }
            (false, false, _) => "the realm records no events; switch on both kinds of events in its settings",
            (false, true, _) => "the realm records no admin events; switch them on in its settings",
            (true, false, _) => "the realm records no user events; switch them on in its settings",
        };
        Some(what.to_owned())
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

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::all_by_naming_none(json!([]), None)]
    #[case::all_that_are_needed(json!(EVENT_TYPES), None)]
    #[case::logins_alone(json!(["LOGIN"]), Some("type REGISTER;"))]
    #[case::one_too_few(json!(EVENT_TYPES[..EVENT_TYPES.len() - 1]), Some("type USER_DISABLED_BY_PERMANENT_LOCKOUT;"))]
    fn kinds_of_acts_that_are_not_recorded_are_named(#[case] recorded: Value, #[case] named: Option<&str>) {
        let on = |events: bool| {
            let row = json!({
                "id": "realm", "adminEventsEnabled": true, "eventsEnabled": events, "enabledEventTypes": recorded,
            });
            EventSettings::of(&serde_json::from_value(row).unwrap())
        };
        let missing = on(true).missing();
        assert_eq!(missing.is_some(), named.is_some(), "{missing:?}");
        assert!(named.is_none_or(|named| missing.unwrap().contains(named)));
        assert_eq!(on(true).switches() == EventSettings { unrecorded: None, ..on(true) }.switches(), named.is_none());
        assert!(on(false).missing().unwrap().contains("no user events;"));
    }
}
