//! Images: what notebooks and jobs run in, found in a registry or built by the platform.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{CustomResource, CustomResourceExt};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::root_schema;
use super::stored_time::StoredTime;
use super::text::open_text;

/// Where an image is found, who may use it, and how it is built. (Not to be taken for an `ImageSpec`, which is a kind of its own.)
/// Read by the spawner of notebooks and the controllers of jobs and images.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "Image",
    namespaced,
    schema = "manual",
    status = "ImageStatus",
    derive = "PartialEq",
    doc = "A container image that notebooks and jobs run in.",
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type"}"#,
    printcolumn = r#"{"name": "Group", "type": "string", "jsonPath": ".spec.groupName"}"#,
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.jobCondition.phase"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "Where the image is found, who may use it, and how it is built.")]
pub struct ImageDetails {
    /// Name shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Explanation shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the image is made for: cpu, gpu or both.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub image_type: Option<ImageType>,
    /// Where it is pulled from for pods without GPU; empty until a build has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Where it is pulled from for pods with GPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url_for_gpu: Option<String>,
    /// Secret that it is pulled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// Name of the group that it belongs to; absent for an image of the whole platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_name: Option<String>,
    /// How the platform builds it; absent for an image that was built elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_spec: Option<CustomBuild>,
}

open_text! {
    /// What an image is made for.
    ImageType {
        /// Pods without GPU.
        Cpu = "cpu",
        /// Pods with GPU.
        Gpu = "gpu",
        /// Either; shown to people as "Universal".
        Both = "both",
    }
}

/// How the platform builds an image, as people have asked for it. Written by the API, read by the controller of images.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CustomBuild {
    /// Image to start from.
    pub base_image: String,
    /// Secret that the base image is pulled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pull_secret: Option<String>,
    /// What is installed on top of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packages: Option<Packages>,
    /// When the build was asked for; later than that of its job, it is built anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_time: Option<StoredTime>,
    /// Whether the build is to be given up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cancel: Option<bool>,
}

/// Packages that are installed on top of a base image, by who installs them.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Packages {
    /// Debian packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apt: Option<Vec<String>>,
    /// Conda packages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conda: Option<Vec<String>>,
    /// Packages of the Python Package Index.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pip: Option<Vec<String>>,
}

/// How far the build of the image has come. Written by the controller of images.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageStatus {
    /// The job that builds it.
    pub job_condition: JobCondition,
}

/// The job that builds an image.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobCondition {
    /// The image that was built; empty before.
    pub image: String,
    /// Name of the ImageSpecJob, which is the image's own.
    pub job_name: String,
    /// Succeeded, Failed and Cancelled are final; anything else means that it is being built.
    pub phase: BuildPhase,
}

open_text! {
    /// How far a build has come. Anything but [`Succeeded`](Self::Succeeded), [`Failed`](Self::Failed) and
    /// [`Cancelled`](Self::Cancelled) means that it is going on.
    BuildPhase {
        /// The pod waits to run.
        Pending = "Pending",
        /// The pod runs.
        Running = "Running",
        /// The image is in the registry.
        Succeeded = "Succeeded",
        /// The build has failed.
        Failed = "Failed",
        /// Somebody has asked to give it up.
        Cancelled = "Cancelled",
        /// The node does not say.
        Unknown = "Unknown",
    }
}

root_schema!(Image, "A container image that notebooks and jobs run in.", false, ImageDetails, ImageStatus);

impl Image {
    /// The definition of the kind: without status subresource, unlike what [`CustomResourceExt`] derives.
    ///
    /// Builders of images write `status`, `spec.url` and `spec.pullSecret` in one ordinary update. With the subresource the API server would
    /// drop their status without a word, and objects stored before could never show one.
    #[must_use]
    pub fn crd() -> CustomResourceDefinition {
        let mut definition = <Self as CustomResourceExt>::crd();
        for version in &mut definition.spec.versions {
            version.subresources = None;
        }
        definition
    }
}
