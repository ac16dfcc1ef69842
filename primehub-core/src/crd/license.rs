//! Licences: how much of the platform may be used.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::root_schema;

/// The signed document. Read by the controller of licences.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "License",
    namespaced,
    schema = "manual",
    status = "LicenseStatus",
    derive = "PartialEq",
    doc = "How much of the platform may be used."
)]
#[schemars(description = "The signed document.")]
pub struct LicenseSpec {
    /// The terms in base64, a dot, and their signature.
    pub signed_license: String,
}

/// What the document says, and whether it counts. Written by the controller of licences.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct LicenseStatus {
    /// Who it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licensed_to: Option<String>,
    /// Since when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    /// Until when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired_at: Option<String>,
    /// Whether it holds: unexpired, expired or invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expired: Option<String>,
    /// Kind of platform that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_type: Option<String>,
    /// Why it is invalid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How many people there may be; any number if negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_user: Option<i64>,
    /// How many groups there may be; any number if negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_group: Option<i64>,
    /// How many nodes there may be; any number if negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_node: Option<i64>,
    /// How many deployments may run; any number if negative.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_model_deploy: Option<i64>,
}

root_schema!(License, "How much of the platform may be used.", false, LicenseSpec, LicenseStatus);
