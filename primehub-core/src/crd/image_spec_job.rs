//! Jobs that build an image.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::{BuildPhase, Packages};
use super::schema::root_schema;
use super::stored_time::StoredTime;

/// What is built and where it goes. Written by the controllers of images and image specifications, read by the one that runs the builder.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "ImageSpecJob",
    namespaced,
    schema = "manual",
    status = "ImageSpecJobStatus",
    derive = "PartialEq",
    doc = "One build of an image.",
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What is built and where it goes.")]
pub struct ImageSpecJobSpec {
    /// Image to start from.
    pub base_image: String,
    /// What is installed on top of it.
    pub packages: Packages,
    /// Secret that the base image is pulled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// Secret that the built image is pushed with.
    pub push_secret: String,
    /// Registry and path that stand before the name of the built image.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repo_prefix: Option<String>,
    /// Name and tag of the built image.
    pub target_image: String,
    /// When the build was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<StoredTime>,
}

/// How far the build has come.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageSpecJobStatus {
    /// Phase of the builder's pod.
    pub phase: BuildPhase,
    /// The builder's pod, whose log is the log of the build.
    pub pod_name: String,
    /// When the pod began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_time: Option<StoredTime>,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_time: Option<StoredTime>,
}

root_schema!(ImageSpecJob, "One build of an image.", false, ImageSpecJobSpec, ImageSpecJobStatus);
