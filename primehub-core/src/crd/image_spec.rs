//! Image specifications: images that the platform builds, in a kind of their own. An older way; [`Image`](super::Image) has builds within.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::image::{BuildPhase, Packages};
use super::schema::root_schema;
use super::stored_time::StoredTime;

/// What is to be built. Read by the controller of image specifications, which makes an `ImageSpecJob` of it.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "ImageSpec",
    namespaced,
    schema = "manual",
    status = "ImageSpecStatus",
    derive = "PartialEq",
    doc = "An image that the platform builds.",
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What is to be built.")]
pub struct ImageSpecSpec {
    /// Image to start from.
    pub base_image: String,
    /// What is installed on top of it.
    pub packages: Packages,
    /// Secret that the base image is pulled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// When the build was asked for; later than that of its job, it is built anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<StoredTime>,
}

/// How far the build has come.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageSpecStatus {
    /// The image that was built; empty before.
    pub image: String,
    /// Name of the ImageSpecJob.
    pub job_name: String,
    /// Succeeded, Failed and Cancelled are final; anything else means that it is being built.
    pub phase: BuildPhase,
}

root_schema!(ImageSpec, "An image that the platform builds.", false, ImageSpecSpec, ImageSpecStatus);
