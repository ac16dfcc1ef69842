//! How clients are told where the server is and who they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// A kubeconfig for one user of one server: JSON, which every reader of kubeconfigs takes as YAML. It contains the token.
///
/// `name` names cluster, user and context; `certificate` is that of the server in PEM, unless somebody known vouches for it.
#[must_use]
pub fn kubeconfig(name: &str, url: &str, certificate: Option<&str>, token: &str) -> Value {
    let mut cluster = json!({ "server": url });
    if let Some(certificate) = certificate {
        cluster["certificate-authority-data"] = json!(STANDARD.encode(certificate));
    }
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": name, "cluster": cluster }],
        "users": [{ "name": name, "user": { "token": token } }],
        "contexts": [{ "name": name, "context": { "cluster": name, "user": name, "namespace": "default" } }],
        "current-context": name,
    })
}
