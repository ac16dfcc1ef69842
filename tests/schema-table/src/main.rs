//! Writes the tables of built-in types and kinds that `primehub-memory` reads.
//!
//! ```text
//! cargo run -p schema-table -- --server https://127.0.0.1:6443 --token admin-token --any-certificate
//! ```
//!
//! Types, defaults and merge rules come from the `OpenAPI` documents of a running API server, field numbers from the `.proto` files of the Go
//! modules of the same version (`go` fetches them), kinds from discovery, and their columns and field selectors from asking for them.

mod kinds;
mod proto;
mod server;
mod types;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use clap::Parser;
use serde_json::Value;

use crate::server::Server;

/// The groups whose kinds are served, in the order of discovery; autoscaling has the type of scales only.
const GROUPS: [&str; 14] = [
    "",
    "apps",
    "events.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "autoscaling",
    "batch",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
];

/// Types that no kind contains, but requests and answers do.
const EXTRA_TYPES: [&str; 6] = [
    "meta.v1.DeleteOptions",
    "meta.v1.ListMeta",
    "meta.v1.Status",
    "autoscaling.v1.Scale",
    "policy.v1.Eviction",
    "authentication.v1.TokenRequest",
];

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// Where the API server is.
    #[arg(long)]
    server: String,
    /// A bearer token of somebody who may list everything.
    #[arg(long)]
    token: String,
    /// Trust whatever certificate the server shows.
    #[arg(long)]
    any_certificate: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let server = Server::new(arguments.server, arguments.token, arguments.any_certificate)?;
    let version = server.get("/version", "application/json").await?;
    let version = version["gitVersion"].as_str().context("the server names no version")?.to_owned();
    let modules = version.replacen("v1.", "v0.", 1);

    let mut schemas = BTreeMap::new();
    for group in GROUPS {
        let path =
            if group.is_empty() { "/openapi/v3/api/v1".to_owned() } else { format!("/openapi/v3/apis/{group}/v1") };
        let document = server.get(&path, "application/json").await?;
        let found = document["components"]["schemas"].as_object().context("a document without schemas")?;
        schemas.extend(found.iter().map(|(name, schema)| (types::short(name), schema.clone())));
    }
    let mut messages = BTreeMap::new();
    for module in ["api", "apimachinery", "apiextensions-apiserver"] {
        proto::read_module(&format!("k8s.io/{module}@{modules}"), &mut messages)?;
    }

    let kinds = kinds::find(&server).await?;
    for kind in &kinds {
        let list = kind.type_name() + "List";
        anyhow::ensure!(!kind.lists() || schemas.contains_key(&list), "there is no {list}");
    }
    let roots = kinds.iter().map(kinds::Kind::type_name).chain(EXTRA_TYPES.map(str::to_owned));
    let types = types::write(&schemas, &messages, roots.collect())?;
    let kinds = kinds::write(&server, &kinds).await?;

    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../primehub-memory/src/kubernetes");
    let head = format!("# Kubernetes {version}. Written by `cargo run -p schema-table`.\n");
    for (file, text) in [("schema/builtin.txt", types), ("kinds/builtin.txt", kinds)] {
        let path = target.join(file);
        std::fs::write(&path, head.clone() + &text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

/// The text at `key`, empty if there is none.
fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The texts in the list at `key`.
fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
