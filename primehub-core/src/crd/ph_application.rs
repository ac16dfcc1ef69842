//! Apps: a program with pages that a group works with.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embedded::{PodTemplate, ServiceTemplate};
use super::schema::root_schema;
use super::text::open_text;

/// Keys of the annotations that tell where an app comes from. All values are JSON texts; written and read by the API alone.
pub mod annotation {
    /// `metadata` and `spec` of the template that it was made of.
    pub const TEMPLATE: &str = "phapplication.primehub.io/template";
    /// What was asked for when it was made, and changed since.
    pub const TEMPLATE_DATA: &str = "phapplication.primehub.io/template-data";
    /// `metadata` and `spec` of its instance type.
    pub const INSTANCE_TYPE: &str = "phapplication.primehub.io/instance-type";
}

/// What runs, and who may open it. Written by the API, read by the controller of apps.
#[derive(Clone, CustomResource, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "PhApplication",
    namespaced,
    schema = "manual",
    status = "PhApplicationStatus",
    derive = "PartialEq",
    doc = "A program with pages that a group works with.",
    printcolumn = r#"{"name": "Group", "type": "string", "jsonPath": ".spec.groupName"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Message", "type": "string", "jsonPath": ".status.message"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What runs, and who may open it.")]
pub struct PhApplicationSpec {
    /// Name shown to people.
    pub display_name: String,
    /// Name of the group that it belongs to.
    pub group_name: String,
    /// Name of the InstanceType of its pod.
    pub instance_type: String,
    /// Who may open it: group for members of the group, primehub for everybody who can log in, public for everybody.
    pub scope: Scope,
    /// Whether it is to stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<bool>,
    /// Port of the service that the pages are at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_port: Option<i32>,
    /// Whether the program thinks that it is at /, so that the path of the app is to be taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<bool>,
    /// Folder that it keeps its files in; one in the group's shared files if absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_root: Option<String>,
    /// Its pod.
    pub pod_template: PodTemplate,
    /// The service in front of it.
    pub svc_template: ServiceTemplate,
}

open_text! {
    /// Who may open an app.
    Scope {
        /// Members of its group.
        Group = "group",
        /// Everybody who can log in.
        PrimeHub = "primehub",
        /// Everybody.
        Public = "public",
    }
}

/// How the app fares. Written by the controller of apps.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhApplicationStatus {
    /// How it fares: Starting, Ready, Updating, Stopping, Stopped or Error.
    pub phase: PhApplicationPhase,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Name of the service in front of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_name: Option<String>,
}

open_text! {
    /// How an app fares.
    PhApplicationPhase {
        /// Its pod is being made.
        Starting = "Starting",
        /// It can be opened.
        Ready = "Ready",
        /// Its pod is being replaced.
        Updating = "Updating",
        /// Its pod is going.
        Stopping = "Stopping",
        /// There is no pod, as asked for.
        Stopped = "Stopped",
        /// It cannot be run; the message says why.
        Error = "Error",
    }
}

root_schema!(
    PhApplication,
    "A program with pages that a group works with.",
    false,
    PhApplicationSpec,
    PhApplicationStatus
);
