//! Pods and services as they stand within other objects.
//!
//! Only what every version of Kubernetes asks for is declared. Everything else is kept as it is, so that what is new there needs no new
//! schema here; it is checked when a Deployment or Service is made of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::FreeForm;

/// The pods of an app.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PodTemplate {
    /// Spec of the pods (core/v1 PodSpec).
    pub spec: EmbeddedPodSpec,
}

/// A `core/v1` `PodSpec`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(description = "A core/v1 PodSpec.")]
pub struct EmbeddedPodSpec {
    /// Its containers; environment variables that people give go to the first.
    pub containers: Vec<EmbeddedContainer>,
    /// Everything else in it.
    #[serde(flatten)]
    pub rest: FreeForm,
}

/// A `core/v1` `Container`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(description = "A core/v1 Container.")]
pub struct EmbeddedContainer {
    /// Its name.
    pub name: String,
    /// Everything else in it.
    #[serde(flatten)]
    pub rest: FreeForm,
}

/// The service in front of an app.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct ServiceTemplate {
    /// Spec of the service (core/v1 ServiceSpec).
    pub spec: EmbeddedServiceSpec,
}

/// A `core/v1` `ServiceSpec`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(description = "A core/v1 ServiceSpec.")]
pub struct EmbeddedServiceSpec {
    /// Its ports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<EmbeddedServicePort>>,
    /// Everything else in it.
    #[serde(flatten)]
    pub rest: FreeForm,
}

/// A `core/v1` `ServicePort`.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(description = "A core/v1 ServicePort.")]
pub struct EmbeddedServicePort {
    /// The port.
    pub port: i32,
    /// Its protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("default" = "TCP"))]
    pub protocol: Option<String>,
    /// Everything else in it.
    #[serde(flatten)]
    pub rest: FreeForm,
}
