//! Templates that people make apps of.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::embedded::{PodTemplate, ServiceTemplate};
use super::schema::root_schema;

/// What apps of this template are like. Read by the API, which copies it into the apps.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "PhAppTemplate",
    namespaced,
    schema = "manual",
    derive = "PartialEq",
    doc = "A template that people make apps of."
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What apps of this template are like.")]
pub struct PhAppTemplateSpec {
    /// Name shown to people.
    pub name: String,
    /// Explanation shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Version of the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Address of the program's documentation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub doc_link: Option<String>,
    /// Address of a picture, or the picture itself as a data URI.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub icon: Option<String>,
    /// Environment variables that people are asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_envs: Option<Vec<DefaultVariable>>,
    /// What is copied into an app.
    pub template: AppTemplate,
}

/// An environment variable that people are asked for.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DefaultVariable {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_value: Option<String>,
    /// Whether it may be left empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// What is copied into an app.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AppTemplate {
    /// Parts of the app's spec.
    pub spec: AppTemplateSpec,
}

/// Parts of an app's spec.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppTemplateSpec {
    /// The pod.
    pub pod_template: PodTemplate,
    /// The service in front of it.
    pub svc_template: ServiceTemplate,
    /// Port of the service that the pages are at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_port: Option<i32>,
    /// Whether the program thinks that it is at /, so that the path of the app is to be taken away.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rewrite: Option<bool>,
    /// Folder that it keeps its files in; one in the group's shared files if absent or empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_root: Option<String>,
}

root_schema!(PhAppTemplate, "A template that people make apps of.", false, PhAppTemplateSpec);
