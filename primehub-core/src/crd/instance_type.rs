//! Instance types: how much of a machine a notebook, job, deployment or app gets.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::schema::{FreeForm, free_form, free_form_list, root_schema};
use crate::quantity::{Decimal, ParseQuantityError};

/// What an instance type gives, and where it runs. Read by the spawner of notebooks, by the controllers of jobs, deployments and apps, and by
/// the accounting of quotas.
///
/// The dots in `limits.cpu` and its like are part of the key. Unknown keys beside `spec` are kept by the API server but are no part of
/// [`InstanceType`]: change an object by patch, not by replacing it.
#[derive(Clone, CustomResource, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "InstanceType",
    namespaced,
    schema = "manual",
    derive = "PartialEq",
    doc = "How much of a machine a notebook, job, deployment or app gets."
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "What the instance type gives, and where it runs.")]
pub struct InstanceTypeSpec {
    /// Name shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Explanation shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Cores that a pod may use; may be fractional.
    #[serde(rename = "limits.cpu")]
    pub limits_cpu: Number,
    /// Memory that a pod may use, such as 2G. G, M and K are powers of 1024 here.
    #[serde(rename = "limits.memory")]
    pub limits_memory: String,
    /// Cores that a pod is guaranteed; as many as the limit if absent.
    #[serde(rename = "requests.cpu", skip_serializing_if = "Option::is_none")]
    pub requests_cpu: Option<Number>,
    /// Memory that a pod is guaranteed; as much as the limit if absent. G, M and K are powers of 1024 here.
    #[serde(rename = "requests.memory", skip_serializing_if = "Option::is_none")]
    pub requests_memory: Option<String>,
    /// Number of GPUs; counts only together with gpuResourceName.
    #[serde(rename = "limits.gpu", skip_serializing_if = "Option::is_none")]
    pub limits_gpu: Option<i64>,
    /// Extended resource that the GPUs are requested as, such as nvidia.com/gpu; empty without GPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gpu_resource_name: Option<String>,
    /// Number of GPUs in instance types of old; counts where limits.gpu or gpuResourceName is absent.
    #[serde(rename = "limits.nvidia.com/gpu", skip_serializing_if = "Option::is_none")]
    pub limits_nvidia_gpu: Option<i64>,
    /// Labels that a node must have. Values are kept as they were written, numbers too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free_form")]
    pub node_selector: Option<FreeForm>,
    /// Taints of nodes that a pod may run on nevertheless: key, operator, value and effect as in a pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free_form_list")]
    pub tolerations: Option<Vec<FreeForm>>,
}

impl InstanceTypeSpec {
    /// The cores that a pod may use, exactly.
    ///
    /// # Errors
    /// When the number is beyond what quotas reckon with.
    pub fn cpu_limit(&self) -> Result<Decimal, ParseQuantityError> {
        self.limits_cpu.to_string().parse()
    }

    /// The cores that a pod is guaranteed, exactly, if that is said.
    ///
    /// # Errors
    /// When the number is beyond what quotas reckon with.
    pub fn cpu_request(&self) -> Result<Option<Decimal>, ParseQuantityError> {
        self.requests_cpu.as_ref().map(|cores| cores.to_string().parse()).transpose()
    }
}

root_schema!(InstanceType, "How much of a machine a notebook, job, deployment or app gets.", true, InstanceTypeSpec);
