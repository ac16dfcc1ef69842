//! What Keycloak answers, as far as it is read.

use std::collections::BTreeMap;

use primehub_core::identity::Attributes;
use primehub_core::names::{GroupId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A user of a list, or alone.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserRow {
    pub(crate) id: UserId,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) email_verified: bool,
    #[serde(default)]
    pub(crate) first_name: Option<String>,
    #[serde(default)]
    pub(crate) last_name: Option<String>,
    #[serde(default)]
    pub(crate) enabled: bool,
    #[serde(default)]
    pub(crate) totp: bool,
    #[serde(default)]
    pub(crate) created_timestamp: Option<i64>,
    #[serde(default)]
    pub(crate) federation_link: Option<String>,
    #[serde(default)]
    pub(crate) required_actions: Vec<String>,
    #[serde(default)]
    pub(crate) attributes: Attributes,
}

/// A group with its attributes and the roles mapped on it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupRow {
    pub(crate) id: GroupId,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) parent_id: Option<GroupId>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    #[serde(default)]
    pub(crate) sub_group_count: u64,
    #[serde(default)]
    pub(crate) attributes: Attributes,
    #[serde(default)]
    pub(crate) realm_roles: Vec<String>,
    /// Client id to names of roles.
    #[serde(default)]
    pub(crate) client_roles: BTreeMap<String, Vec<String>>,
}

/// A member of a group, in brief.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct MemberRow {
    pub(crate) id: UserId,
    pub(crate) username: String,
}

/// A realm role, or one of a client.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RoleRow {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) composite: bool,
    #[serde(default)]
    pub(crate) client_role: bool,
    /// The realm's id, or the client's.
    #[serde(default)]
    pub(crate) container_id: Option<String>,
    #[serde(default)]
    pub(crate) attributes: Attributes,
}

/// How a role is named where it is mapped: both must be right.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct RoleReference {
    pub(crate) id: String,
    pub(crate) name: String,
}

impl From<&RoleRow> for RoleReference {
    fn from(role: &RoleRow) -> Self {
        Self { id: role.id.clone(), name: role.name.clone() }
    }
}

/// A password or a second factor of a user: that it exists.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct CredentialRow {
    pub(crate) id: String,
    /// `password`, `otp`, `webauthn`, …
    #[serde(rename = "type")]
    pub(crate) kind: String,
}

/// A client, as far as it is looked up.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClientRow {
    /// Keycloak's own id of the client, which its addresses contain.
    pub(crate) id: String,
    pub(crate) client_id: String,
}

/// Settings of the realm, as far as the picture shows them or following depends on them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RealmRow {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) display_name_html: Option<String>,
    #[serde(default)]
    pub(crate) smtp_server: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) edit_username_allowed: bool,
    #[serde(default)]
    pub(crate) admin_events_enabled: bool,
    #[serde(default)]
    pub(crate) events_enabled: bool,
    /// Which acts of people are recorded, if not all of them.
    #[serde(default)]
    pub(crate) enabled_event_types: Vec<String>,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Something that was changed through the admin interface.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AdminEvent {
    #[serde(default)]
    pub(crate) id: Option<String>,
    /// Milliseconds since the epoch, by Keycloak's clock, taken before the change was committed.
    pub(crate) time: i64,
    #[serde(default)]
    pub(crate) operation_type: String,
    #[serde(default)]
    pub(crate) resource_type: String,
    #[serde(default)]
    pub(crate) resource_path: Option<String>,
}

/// Something that a person did by themselves.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserEvent {
    #[serde(default)]
    pub(crate) id: Option<String>,
    pub(crate) time: i64,
    #[serde(default, rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) user_id: Option<UserId>,
}

/// One API token of a user.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct OfflineSession {
    pub(crate) id: String,
}

/// An object as a whole, to be changed in places and sent back: Keycloak clears what a client that knows fewer fields leaves out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct Full(pub(crate) Map<String, Value>);

impl Full {
    /// Reads the part of it that a row has.
    pub(crate) fn row<T: serde::de::DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_value(Value::Object(self.0.clone()))
    }

    /// Sets a field.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Sets the attributes as a whole, as lists of texts.
    pub(crate) fn set_attributes(&mut self, attributes: &Attributes) {
        let attributes = attributes.iter().map(|(name, values)| (name.to_owned(), values.into())).collect();
        self.0.insert("attributes".to_owned(), Value::Object(attributes));
    }
}
