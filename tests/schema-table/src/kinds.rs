//! Writes the table of kinds. Its format stands in `primehub-memory/src/kubernetes/kinds/builtin.rs`.

use std::fmt::Write as _;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::server::Server;
use crate::{GROUPS, text, texts};

const DISCOVERY: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// Fields that selectors may know, where they stand if it is not where the name says, and the value of an absent one.
const CANDIDATES: [(&str, &str, &str); 34] = [
    // Both kinds of events show the same objects, by other names: each field of the one has to stand where it stands in the other.
    ("involvedObject.kind", "", ""),
    ("involvedObject.namespace", "", ""),
    ("involvedObject.name", "", ""),
    ("involvedObject.uid", "", ""),
    ("involvedObject.apiVersion", "", ""),
    ("involvedObject.resourceVersion", "", ""),
    ("involvedObject.fieldPath", "", ""),
    ("regarding.kind", ".involvedObject.kind", ""),
    ("regarding.namespace", ".involvedObject.namespace", ""),
    ("regarding.name", ".involvedObject.name", ""),
    ("regarding.uid", ".involvedObject.uid", ""),
    ("regarding.apiVersion", ".involvedObject.apiVersion", ""),
    ("regarding.resourceVersion", ".involvedObject.resourceVersion", ""),
    ("regarding.fieldPath", ".involvedObject.fieldPath", ""),
    ("reason", "", ""),
    ("reportingComponent", "", ""),
    ("reportingController", ".reportingComponent", ""),
    ("type", "", ""),
    ("source", ".source.component", ""),
    ("spec.nodeName", "", ""),
    ("spec.host", ".spec.nodeName", ""),
    ("spec.restartPolicy", "", ""),
    ("spec.schedulerName", "", ""),
    ("spec.serviceAccountName", "", ""),
    ("spec.hostNetwork", "", "false"),
    ("spec.unschedulable", "", "false"),
    ("spec.clusterIP", "", ""),
    ("spec.type", "", ""),
    ("status.phase", "", ""),
    ("status.podIP", "", ""),
    ("status.podIPs", ".status.podIP", ""),
    ("status.nominatedNodeName", "", ""),
    ("status.successful", ".status.succeeded", "0"),
    ("status.replicas", "", "0"),
];

/// A kind as discovery shows it.
pub(crate) struct Kind {
    group: String,
    resource: Value,
}

impl Kind {
    fn name(&self) -> &str {
        text(&self.resource["responseKind"], "kind")
    }

    /// Its type, such as `core.v1.Pod`.
    pub(crate) fn type_name(&self) -> String {
        let package = self.group.split('.').next().filter(|package| !package.is_empty()).unwrap_or("core");
        format!("{package}.v1.{}", self.name())
    }

    fn path(&self) -> String {
        let resource = text(&self.resource, "resource");
        if self.group.is_empty() {
            format!("/api/v1/{resource}")
        } else {
            format!("/apis/{}/v1/{resource}", self.group)
        }
    }

    /// Whether objects are kept, and not only answered.
    pub(crate) fn lists(&self) -> bool {
        texts(&self.resource, "verbs").contains(&"list")
    }
}

/// The kinds of all groups, in their order.
pub(crate) async fn find(server: &Server) -> Result<Vec<Kind>> {
    let mut kinds = Vec::new();
    let (core, others) = (server.get("/api", DISCOVERY).await?, server.get("/apis", DISCOVERY).await?);
    let groups: Vec<_> = [&core, &others].into_iter().filter_map(|list| list["items"].as_array()).flatten().collect();
    // Of autoscaling only the type of scales is served.
    for wanted in GROUPS.into_iter().filter(|group| *group != "autoscaling") {
        let group = groups
            .iter()
            .find(|group| text(&group["metadata"], "name") == wanted)
            .with_context(|| format!("no group {wanted:?}"))?;
        let version =
            group["versions"].as_array().into_iter().flatten().find(|version| text(version, "version") == "v1");
        let resources =
            version.and_then(|version| version["resources"].as_array()).context("a version without resources")?;
        // Component statuses come from asking etcd and the controllers; there are none of these here.
        let kept = resources.iter().filter(|resource| text(resource, "resource") != "componentstatuses");
        kinds.extend(kept.map(|resource| Kind { group: wanted.to_owned(), resource: resource.clone() }));
    }
    Ok(kinds)
}

/// The table of `kinds`.
pub(crate) async fn write(server: &Server, kinds: &[Kind]) -> Result<String> {
    let mut out = String::new();
    for kind in kinds {
        let (group, resource) = (&kind.group, &kind.resource);
        let slash = if group.is_empty() { "" } else { "/" };
        let (plural, singular) = (text(resource, "resource"), text(resource, "singularResource"));
        let scope = text(resource, "scope").to_ascii_lowercase();
        let verbs = verbs(&texts(resource, "verbs"))?;
        write!(out, "@{group}{slash}v1 {} {plural}/{singular} {scope} {verbs} {}", kind.name(), generation(plural))?;
        for (key, names) in [("short", "shortNames"), ("in", "categories")] {
            let names = texts(resource, names);
            if !names.is_empty() {
                write!(out, " {key}={}", names.join(","))?;
            }
        }
        out += "\n";
        for sub in resource["subresources"].as_array().into_iter().flatten() {
            writeln!(out, "/{}", text(sub, "subresource"))?;
        }
        if kind.lists() {
            details(server, kind, &mut out).await?;
        }
    }
    Ok(out)
}

async fn details(server: &Server, kind: &Kind, out: &mut String) -> Result<()> {
    let path = kind.path();
    for (label, place, absent) in CANDIDATES {
        if server.accepts(&format!("{path}?limit=1&fieldSelector={label}%3D")).await? {
            let place = if place.is_empty() { String::new() } else { format!(" {place}") };
            let absent = if absent.is_empty() { String::new() } else { format!(" ={absent}") };
            writeln!(out, "?{label}{place}{absent}")?;
        }
    }
    let table = server.get(&format!("{path}?limit=1"), TABLE).await?;
    for column in table["columnDefinitions"].as_array().context("a table without columns")? {
        writeln!(
            out,
            "|{}|{}|{}|{}",
            text(column, "name"),
            text(column, "type"),
            text(column, "format"),
            column["priority"]
        )?;
    }
    Ok(())
}

fn verbs(given: &[&str]) -> Result<&'static str> {
    Ok(match given {
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] => "all",
        ["create", "delete", "get", "list", "patch", "update", "watch"] => "nocollection",
        ["create"] => "create",
        other => bail!("nobody serves only {other:?}"),
    })
}

/// When `metadata.generation` moves. The server does not say it: this is what the strategies of its registry do.
fn generation(plural: &str) -> &'static str {
    match plural {
        "pods"
        | "replicationcontrollers"
        | "daemonsets"
        | "replicasets"
        | "statefulsets"
        | "cronjobs"
        | "jobs"
        | "ingresses"
        | "ingressclasses"
        | "networkpolicies"
        | "poddisruptionbudgets"
        | "customresourcedefinitions" => "spec",
        "deployments" => "annotations",
        "podtemplates" | "endpointslices" => "content",
        _ => "never",
    }
}
