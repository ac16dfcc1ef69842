//! Datasets, which people call volumes: data that is mounted into pods, or given to them as environment variables.

use std::fmt;

use kube::{CustomResource, ResourceExt as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{FreeForm, free_form, root_schema};

/// Where the data is. Read by the spawner of notebooks and by the controllers of jobs, apps, checkouts and upload servers.
///
/// More about a dataset stands in its [`annotation`]s. Unknown keys beside `spec` are kept by the API server but are no part of
/// [`Dataset`]: change an object by patch, not by replacing it.
#[derive(Clone, CustomResource, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[kube(
    group = "primehub.io",
    version = "v1alpha1",
    kind = "Dataset",
    namespaced,
    schema = "manual",
    derive = "PartialEq",
    doc = "Data that is mounted into pods, or given to them as environment variables.",
    printcolumn = r#"{"name": "Type", "type": "string", "jsonPath": ".spec.type"}"#,
    printcolumn = r#"{"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}"#
)]
#[serde(rename_all = "camelCase")]
#[schemars(description = "Where the data is.")]
pub struct DatasetSpec {
    /// Name shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Explanation shown to people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What kind of data it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub dataset_type: Option<DatasetType>,
    /// Type git: the repository; a branch or tag may follow after #.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Type pv: the claim is this with dataset- before it. In datasets of old, hostpath: and a path of the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume_name: Option<String>,
    /// Type env: the environment variables, named by the dataset, an underscore and the key, in upper case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "free_form")]
    pub variables: Option<FreeForm>,
    /// Type git: how the repository is fetched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gitsync: Option<Gitsync>,
    /// Type pv: where the claim comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pv: Option<PersistentVolume>,
    /// Type nfs: the export.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nfs: Option<NfsExport>,
    /// Type hostPath: the folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_path: Option<NodeFolder>,
    /// Whether people can upload to it. A text, not a boolean; means something for the types pv, nfs and hostPath.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_upload_server: Option<TextBoolean>,
}

/// What kind of data a dataset is.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum DatasetType {
    /// Environment variables.
    Env,
    /// A git repository that is kept checked out on nodes.
    Git,
    /// A persistent volume.
    Pv,
    /// A folder of the node.
    HostPath,
    /// An NFS export.
    Nfs,
}

impl DatasetType {
    /// Whether people can be let write to it.
    #[must_use]
    pub fn is_writable(self) -> bool {
        match self {
            Self::Pv | Self::HostPath | Self::Nfs => true,
            Self::Env | Self::Git => false,
        }
    }
}

/// How a git repository is fetched.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Gitsync {
    /// Secret with the key that it is fetched with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// Where the claim of a persistent volume comes from.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PersistentVolume {
    /// Who makes the claim; the platform if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provisioning: Option<Provisioning>,
}

/// Who makes the claim of a persistent volume.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Provisioning {
    /// The platform, and it deletes it with the dataset.
    #[default]
    Auto,
    /// An administrator.
    Manual,
}

/// An NFS export.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct NfsExport {
    /// Host name or address.
    pub server: String,
    /// Exported path.
    pub path: String,
}

/// A folder of the node.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct NodeFolder {
    /// Absolute path.
    pub path: String,
}

/// A boolean that is stored as text.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TextBoolean {
    /// Yes.
    True,
    /// No.
    False,
}

impl From<bool> for TextBoolean {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

impl From<TextBoolean> for bool {
    fn from(value: TextBoolean) -> Self {
        value == TextBoolean::True
    }
}

impl fmt::Display for TextBoolean {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        bool::from(*self).fmt(formatter)
    }
}

/// Keys of the annotations that say more about a dataset. All values are texts.
pub mod annotation {
    /// Folder that the data is mounted below.
    pub const MOUNT_ROOT: &str = "dataset.primehub.io/mountRoot";
    /// `true`: notebooks link the data into the home folder.
    pub const HOME_SYMLINK: &str = "dataset.primehub.io/homeSymlink";
    /// `true`: only pods of groups that it is connected with get it, not all pods of their members.
    pub const LAUNCH_GROUP_ONLY: &str = "dataset.primehub.io/launchGroupOnly";
    /// There: a checkout is kept on the nodes. The key has no prefix.
    pub const GITSYNC: &str = "primehub-gitsync";
    /// `true`: an upload server runs.
    pub const UPLOAD_SERVER: &str = "dataset.primehub.io/uploadServer";
    /// Secret with the password of the upload server.
    pub const UPLOAD_SERVER_AUTH_SECRET_NAME: &str = "dataset.primehub.io/uploadServerAuthSecretName";
    /// Folder of the node that checkouts are kept in.
    pub const GIT_SYNC_HOST_ROOT: &str = "dataset.primehub.io/gitSyncHostRoot";
    /// Folder of a pod that the checkouts are mounted at.
    pub const GIT_SYNC_ROOT: &str = "dataset.primehub.io/gitSyncRoot";
}

impl Dataset {
    /// Folder that the data is mounted below; empty if nobody has said, which pods read as `/datasets/`.
    #[must_use]
    pub fn mount_root(&self) -> &str {
        self.annotation(annotation::MOUNT_ROOT).unwrap_or_default()
    }

    /// Whether notebooks link the data into the home folder.
    #[must_use]
    pub fn home_symlink(&self) -> bool {
        self.annotation(annotation::HOME_SYMLINK) == Some("true")
    }

    /// Whether only pods of groups that it is connected with get it, not all pods of their members.
    #[must_use]
    pub fn launch_group_only(&self) -> bool {
        self.annotation(annotation::LAUNCH_GROUP_ONLY) == Some("true")
    }

    /// Whether a checkout is to be kept on the nodes: whatever the annotation says, if the dataset is a repository.
    #[must_use]
    pub fn keeps_checkout(&self) -> bool {
        self.spec.dataset_type == Some(DatasetType::Git) && self.annotation(annotation::GITSYNC).is_some()
    }

    /// Whether an upload server is to run.
    #[must_use]
    pub fn runs_upload_server(&self) -> bool {
        self.annotation(annotation::UPLOAD_SERVER) == Some("true")
    }

    /// Secret with the password of the upload server.
    #[must_use]
    pub fn upload_server_auth_secret_name(&self) -> Option<&str> {
        self.annotation(annotation::UPLOAD_SERVER_AUTH_SECRET_NAME)
    }

    /// Folder of the node that the checkout is kept in.
    #[must_use]
    pub fn git_sync_host_root(&self) -> &str {
        self.annotation(annotation::GIT_SYNC_HOST_ROOT).unwrap_or("/home/dataset")
    }

    /// Folder of a pod that the checkout is mounted at.
    #[must_use]
    pub fn git_sync_root(&self) -> &str {
        self.annotation(annotation::GIT_SYNC_ROOT).unwrap_or("/gitsync/")
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations().get(key).map(String::as_str)
    }
}

root_schema!(Dataset, "Data that is mounted into pods, or given to them as environment variables.", true, DatasetSpec);

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn dataset(annotations: serde_json::Value, spec: serde_json::Value) -> Dataset {
        serde_json::from_value(json!({"metadata": {"name": "d", "annotations": annotations}, "spec": spec})).unwrap()
    }

    #[test]
    fn without_annotations_the_defaults_hold() {
        let bare = dataset(json!({}), json!({"type": "git"}));
        assert_eq!(
            (bare.mount_root(), bare.git_sync_host_root(), bare.git_sync_root()),
            ("", "/home/dataset", "/gitsync/")
        );
        assert!(
            !bare.home_symlink() && !bare.launch_group_only() && !bare.keeps_checkout() && !bare.runs_upload_server()
        );
        assert_eq!(bare.upload_server_auth_secret_name(), None);
    }

    #[test]
    fn annotations_are_read() {
        let full = dataset(
            json!({
                "dataset.primehub.io/mountRoot": "/mnt", "dataset.primehub.io/homeSymlink": "true",
                "dataset.primehub.io/launchGroupOnly": "true", "primehub-gitsync": "no matter",
                "dataset.primehub.io/uploadServer": "true", "dataset.primehub.io/uploadServerAuthSecretName": "dataset-d",
                "dataset.primehub.io/gitSyncHostRoot": "/var/git", "dataset.primehub.io/gitSyncRoot": "/git",
            }),
            json!({"type": "git"}),
        );
        assert_eq!((full.mount_root(), full.git_sync_host_root(), full.git_sync_root()), ("/mnt", "/var/git", "/git"));
        assert!(full.home_symlink() && full.launch_group_only() && full.keeps_checkout() && full.runs_upload_server());
        assert_eq!(full.upload_server_auth_secret_name(), Some("dataset-d"));
    }

    #[test]
    fn only_the_exact_text_switches_an_upload_server_on_and_only_repositories_are_checked_out() {
        let other = dataset(
            json!({"dataset.primehub.io/uploadServer": "True", "primehub-gitsync": "true"}),
            json!({"type": "pv"}),
        );
        assert!(!other.runs_upload_server() && !other.keeps_checkout());
    }
}
