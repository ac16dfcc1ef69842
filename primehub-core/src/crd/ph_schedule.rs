//! Schedules: jobs that are made again and again.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ph_job::PhJobSpec;
use super::schema::{FreeForm, free_form, root_schema};
use super::stored_time::StoredTime;

/// Label of a job that names the schedule which has made it.
pub const SCHEDULED_BY_LABEL: &str = "phjob.primehub.io/scheduledBy";

/// When jobs are made, and which. Written by the API, read by the controller of schedules.
#[derive(Clone, CustomResource, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "PhSchedule",
    namespaced,
    schema = "manual",
    status = "PhScheduleStatus",
    derive = "PartialEq",
    doc = "Jobs that are made again and again.",
    printcolumn = r#"{"name": "User", "type": "string", "jsonPath": ".spec.jobTemplate.spec.userName"}"#,
    printcolumn = r#"{"name": "Group", "type": "string", "jsonPath": ".spec.jobTemplate.spec.groupName"}"#,
    printcolumn = r#"{"name": "Invalid", "type": "boolean", "jsonPath": ".status.invalid"}"#,
    printcolumn = r#"{"name": "NextRun", "type": "string", "jsonPath": ".status.nextRunTime"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "When jobs are made, and which.")]
pub struct PhScheduleSpec {
    /// When jobs are made.
    pub recurrence: Recurrence,
    /// What they are like.
    pub job_template: JobTemplate,
}

/// When jobs are made.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Recurrence {
    /// How often.
    #[serde(rename = "type")]
    pub recurrence_type: RecurrenceType,
    /// Cron expression of five fields, for the type custom alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
}

/// How often jobs are made.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecurrenceType {
    /// Never, but by hand.
    Inactive,
    /// Every day.
    Daily,
    /// Every week.
    Weekly,
    /// Every month.
    Monthly,
    /// As the cron expression says.
    Custom,
}

/// What the jobs of a schedule are like.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct JobTemplate {
    /// Labels and annotations for the jobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free_form")]
    pub metadata: Option<FreeForm>,
    /// What each of them runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spec: Option<PhJobSpec>,
}

/// What the controller of schedules makes of it.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhScheduleStatus {
    /// Whether no job can be made of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalid: Option<bool>,
    /// Why not; empty if one can.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// When the next job will be made, in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_run_time: Option<StoredTime>,
}

root_schema!(PhSchedule, "Jobs that are made again and again.", false, PhScheduleSpec, PhScheduleStatus);
