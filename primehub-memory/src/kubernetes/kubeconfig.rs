//! How clients are told where the server is and who they are.

use serde_json::{Value, json};

/// A kubeconfig for one user of one server: JSON, which every reader of kubeconfigs takes as YAML. It contains the token.
///
/// `name` names cluster, user and context.
#[must_use]
pub fn kubeconfig(name: &str, url: &str, token: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": { "server": url } }],
        "users": [{ "name": name, "user": { "token": token } }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name, "namespace": "default" } }],
        "current-context": name,
    })
}
