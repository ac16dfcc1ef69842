//! Announcements: what administrators let people know.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::root_schema;

/// What people are told, and for how long. Read by the API.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "Announcement",
    namespaced,
    schema = "manual",
    derive = "PartialEq",
    doc = "What administrators let people know."
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What people are told, and for how long.")]
pub struct AnnouncementSpec {
    /// The text, as HTML.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Until when it is shown, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expiry_date: Option<i64>,
    /// Whether people are sent it as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub send_email: Option<bool>,
    /// Whether people see it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<AnnouncementStatus>,
}

/// Whether people see an announcement.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AnnouncementStatus {
    /// They do.
    Published,
    /// Administrators alone do.
    Draft,
}

root_schema!(Announcement, "What administrators let people know.", false, AnnouncementSpec);
