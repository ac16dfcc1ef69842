//! Objects that cases of several areas make.

use serde_json::{Value, json};

use crate::cluster::path;
use crate::{Cluster, Failure};

/// What a name has to look like.
pub(super) const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

pub(super) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

/// A secret with the label `n`. Nothing else makes secrets in a namespace.
pub(super) fn secret(name: &str, n: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": {"n": n}}})
}

/// A pod that no node fits.
pub(super) fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {
            "containers": [{"name": "c", "image": "i"}], "nodeSelector": {"no": "node"},
            "terminationGracePeriodSeconds": 7,
        },
    })
}

/// A deployment without replicas.
pub(super) fn deployment(name: &str, label: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"a": label}},
            "template": {
                "metadata": {"labels": {"a": label}},
                "spec": {"containers": [{"name": "c", "image": "i"}]},
            },
        },
    })
}

/// The path of the secrets of a new namespace with `s0`, `s1`, … in it, labelled by their numbers.
pub(super) async fn secrets(cluster: &Cluster, count: usize) -> Result<String, Failure> {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    for n in 0..count {
        cluster.create(&secrets, &secret(&format!("s{n}"), &n.to_string())).await?.expect(201)?;
    }
    Ok(secrets)
}
