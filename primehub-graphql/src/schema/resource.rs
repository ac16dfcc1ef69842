//! What groups are given: instance types, images and datasets.
//!
//! They are custom resources, so a server without Kubernetes has none: their types have no values, and nothing can be invented. A group without
//! such roles has empty lists; one with roles answers that it needs Kubernetes, because which of them still stand for something is not known.

use std::convert::Infallible;

use async_graphql::{ID, Json, Object, SimpleObject};
use primehub_core::access::{effective_resources, resources_of_group};
use primehub_core::identity::Directory;
use primehub_core::names::{GroupId, ResourceKind, RolePrefix, UserId};

use crate::error::ApiError;

macro_rules! resource {
    ($(#[$doc:meta])* $node:ident, $name:literal, { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$doc])*
        pub(crate) struct $node(Infallible);

        impl $node {
            /// Any field of a value that cannot exist.
            fn field<T>(&self) -> T {
                match self.0 {}
            }
        }

        #[Object(name = $name)]
        impl $node {
            $(async fn $field(&self) -> $type {
                self.field()
            })*
        }
    };
}

resource! {
    /// A shape of machine that notebooks and jobs run on.
    InstanceTypeNode, "InstanceType", {
        id: ID, name: String, display_name: Option<String>, description: Option<String>, cpu_limit: Option<f64>,
        cpu_request: Option<f64>, memory_limit: Option<f64>, memory_request: Option<f64>, gpu_limit: Option<i32>,
        gpu_resource_name: Option<String>, global: Option<bool>, tolerations: Vec<Option<TolerationNode>>,
        node_selector: Option<Json<serde_json::Value>>, spec: Option<Json<serde_json::Value>>,
    }
}

resource! {
    /// A container image that notebooks and jobs start from.
    ImageNode, "Image", {
        id: ID, name: String, display_name: Option<String>, description: Option<String>, r#type: Option<String>,
        url: Option<String>, url_for_gpu: Option<String>, use_image_pull_secret: Option<String>,
        group_name: Option<String>, is_ready: Option<bool>, global: Option<bool>, log_endpoint: Option<String>,
        spec: Option<Json<serde_json::Value>>,
    }
}

resource! {
    /// A volume of data that is mounted into notebooks and jobs.
    DatasetNode, "Dataset", {
        id: ID, name: String, display_name: Option<String>, description: Option<String>, r#type: Option<String>,
        global: Option<bool>, url: Option<String>, volume_name: Option<String>, volume_size: Option<f64>,
        writable: Option<bool>, mount_root: Option<String>, home_symlink: Option<bool>, launch_group_only: Option<bool>,
        enable_upload_server: Option<bool>, upload_server_link: Option<String>, host_path: Option<String>,
        nfs_server: Option<String>, nfs_path: Option<String>, pv_provisioning: Option<String>,
        spec: Option<Json<serde_json::Value>>, variables: Option<Json<serde_json::Value>>,
    }
}

/// Which tainted nodes an instance type may use.
#[derive(SimpleObject)]
#[graphql(name = "Toleration")]
pub(crate) struct TolerationNode {
    operator: String,
    key: Option<String>,
    value: Option<String>,
    effect: Option<String>,
}

resource! {
    /// What the pods of a group use together.
    ResourceStatusNode, "ResourceStatus", {
        group_id: Option<String>, cpu_usage: Option<String>, gpu_usage: Option<String>, mem_usage: Option<String>,
    }
}

/// Whose resources are listed.
#[derive(Clone, Copy)]
pub(crate) struct Holder<'a> {
    /// The group.
    pub(crate) group: &'a GroupId,
    /// The member for whom the resources shared with everyone, and those of the member's other groups, are merged in.
    pub(crate) member: Option<&'a UserId>,
}

/// The resources of one kind: none, or not to be told without Kubernetes.
pub(crate) fn list<T>(
    directory: &Directory,
    holder: Holder<'_>,
    kind: ResourceKind,
    prefix: Option<&RolePrefix>,
) -> Result<Vec<Option<T>>, ApiError> {
    let roles = match holder.member {
        // Whether a dataset is for its own groups alone stands in the custom resource; any that might be there counts.
        Some(member) => effective_resources(directory, member, holder.group, kind, prefix, |_| false),
        None => resources_of_group(directory, holder.group, kind, prefix),
    };
    if roles.is_empty() { Ok(Vec::new()) } else { Err(ApiError::needs_kubernetes("listing the resources of a group")) }
}
