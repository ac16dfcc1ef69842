//! Deployments: a model that answers requests.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::environment::EnvironmentVariable;
use super::schema::root_schema;
use super::stored_time::StoredTime;
use super::text::open_text;

/// Which model answers, and to whom. Written by the API, read by the controller of deployments.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "PhDeployment",
    namespaced,
    schema = "manual",
    status = "PhDeploymentStatus",
    derive = "PartialEq",
    doc = "A model that answers requests.",
    printcolumn = r#"{"name": "Status", "type": "string", "jsonPath": ".status.phase"}"#,
    printcolumn = r#"{"name": "Replicas", "type": "integer", "jsonPath": ".status.replicas"}"#,
    printcolumn = r#"{"name": "Available", "type": "integer", "jsonPath": ".status.availableReplicas"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "Which model answers, and to whom.")]
pub struct PhDeploymentSpec {
    /// Name shown to people.
    pub display_name: String,
    /// Id of who made the latest change.
    pub user_id: String,
    /// Name of who made the latest change.
    pub user_name: String,
    /// Id of the group that it runs for.
    pub group_id: String,
    /// Name of that group.
    pub group_name: String,
    /// Explanation shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What the latest change is about, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_message: Option<String>,
    /// Whether it is to stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop: Option<bool>,
    /// Environment variables of the model's container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub env: Option<Vec<EnvironmentVariable>>,
    /// Who may ask the model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<Endpoint>,
    /// The models; exactly one is used, named predictor1.
    pub predictors: Vec<Predictor>,
}

/// Who may ask a model.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// Who may: public for everybody, private for the clients.
    pub access_type: AccessType,
    /// Who may if it is private.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Vec<EndpointClient>>,
}

open_text! {
    /// Who may ask a model.
    AccessType {
        /// Everybody.
        Public = "public",
        /// The clients that are named.
        Private = "private",
    }
}

/// Who may ask a private model.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct EndpointClient {
    /// User name.
    pub name: String,
    /// Hash of the password, as a htpasswd file has it.
    pub token: String,
}

/// A model and how it is run.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Predictor {
    /// Its name: predictor1.
    pub name: String,
    /// How many pods run it.
    pub replicas: i64,
    /// Where the image of the model server is pulled from.
    pub model_image: String,
    /// Secret that the image is pulled with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_pull_secret: Option<String>,
    /// Name of the InstanceType of each pod.
    pub instance_type: String,
    /// Where the model is fetched from; absent if the image has it.
    #[serde(rename = "modelURI", skip_serializing_if = "Option::is_none")]
    pub model_uri: Option<String>,
    /// Whatever people want to be shown with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<BTreeMap<String, String>>,
}

/// How the deployment fares. Written by the controller of deployments.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PhDeploymentStatus {
    /// How it fares: Deploying, Deployed, Stopping, Stopped or Failed.
    pub phase: PhDeploymentPhase,
    /// The same for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How many pods there are to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replicas: Option<i64>,
    /// How many of them answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub available_replicas: Option<i64>,
    /// Where the model is asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// What it was like before, newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<HistoryEntry>>,
}

/// What a deployment was like at some time.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct HistoryEntry {
    /// Since when.
    pub time: StoredTime,
    /// The whole spec.
    pub spec: PhDeploymentSpec,
}

open_text! {
    /// How a deployment fares.
    PhDeploymentPhase {
        /// Pods are being made or replaced.
        Deploying = "Deploying",
        /// All pods answer.
        Deployed = "Deployed",
        /// Pods are going.
        Stopping = "Stopping",
        /// There are no pods, as asked for.
        Stopped = "Stopped",
        /// It cannot be run; the message says why.
        Failed = "Failed",
    }
}

root_schema!(PhDeployment, "A model that answers requests.", false, PhDeploymentSpec, PhDeploymentStatus);
