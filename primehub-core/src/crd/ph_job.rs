//! Jobs: a command that runs to its end.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::root_schema;
use super::stored_time::StoredTime;

/// What is to run, for whom. Written by the API and by the controller of schedules, read by the controller of jobs.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "PhJob",
    namespaced,
    schema = "manual",
    status = "PhJobStatus",
    derive = "PartialEq",
    doc = "A command that runs to its end.",
    printcolumn = r#"{"name": "User", "type": "string", "jsonPath": ".spec.userName"}"#,
    printcolumn = r#"{"name": "Group", "type": "string", "jsonPath": ".spec.groupName"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What is to run, for whom.")]
pub struct PhJobSpec {
    /// Name shown to people.
    pub display_name: String,
    /// Id of the owner at the identity provider.
    pub user_id: String,
    /// Name of the owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_name: Option<String>,
    /// Id of the group that it runs for.
    pub group_id: String,
    /// Name of that group, which decides the queue, the quota and the volumes; empty for everyone.
    pub group_name: String,
    /// Name of the Image, not where it is pulled from.
    pub image: String,
    /// Name of the InstanceType.
    pub instance_type: String,
    /// Shell text, of any number of lines.
    pub command: String,
    /// Whether the job is to be given up. Means nothing once it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
    /// Seconds that it may run for; the group's or the platform's setting if absent or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub active_deadline_seconds: Option<i64>,
    /// Seconds that the pod is kept for after the end; the platform's setting if absent or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl_seconds_after_finished: Option<i32>,
    /// How often it may be put back into the queue; the platform's setting if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requeue_limit: Option<i32>,
}

/// How far the job has come. Written by the controller of jobs.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhJobStatus {
    /// How far the job has come.
    pub phase: PhJobPhase,
    /// Name of its pod.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod_name: Option<String>,
    /// Why it stands where it stands, in one word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How often it was put back into the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requeued: Option<i32>,
    /// When it began to run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<StoredTime>,
    /// When it ended, also if it never ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_time: Option<StoredTime>,
}

/// How far a job has come.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
pub enum PhJobPhase {
    /// It waits in the queue.
    Pending,
    /// Its pod is made, and does not run yet.
    Preparing,
    /// Its pod runs.
    Running,
    /// The command has ended well.
    Succeeded,
    /// The command has ended otherwise, or could not be run.
    Failed,
    /// Somebody has given it up.
    Cancelled,
    /// The node of its pod does not answer.
    Unknown,
}

impl PhJobPhase {
    /// Whether nothing comes after it.
    #[must_use]
    pub fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
            Self::Pending | Self::Preparing | Self::Running | Self::Unknown => false,
        }
    }
}

root_schema!(PhJob, "A command that runs to its end.", false, PhJobSpec, PhJobStatus);
