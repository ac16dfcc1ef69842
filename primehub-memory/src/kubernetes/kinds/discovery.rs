//! The documents by which clients find out what there is. `storageVersionHash` is left out everywhere: it says in which encoding a server keeps
//! objects, and only the migrator of stored versions reads it.

use serde_json::{Value, json};

use super::{Kind, Kinds, Subresource, Verbs};

const ALL: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

impl Verbs {
    /// The verbs by name.
    #[must_use]
    pub fn names(self) -> &'static [&'static str] {
        match self {
            Self::All => ALL,
            Self::NoDeleteCollection => &["create", "delete", "get", "list", "patch", "update", "watch"],
            Self::Create => &["create"],
        }
    }
}

/// `/api`.
#[must_use]
pub fn versions() -> Value {
    json!({ "kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [] })
}

/// `/apis`.
#[must_use]
pub fn groups(kinds: &Kinds) -> Value {
    let groups: Vec<_> =
        names(kinds).into_iter().filter(|group| !group.is_empty()).map(|group| entry(kinds, group)).collect();
    json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
}

/// `/apis/{group}`, if there is such a group.
#[must_use]
pub fn group(kinds: &Kinds, group: &str) -> Option<Value> {
    names(kinds).contains(&group).then_some(())?;
    let mut answer = entry(kinds, group);
    answer["kind"] = "APIGroup".into();
    answer["apiVersion"] = "v1".into();
    Some(answer)
}

/// `/api/v1` and `/apis/{group}/{version}`, if there is such a version.
#[must_use]
pub fn resources(kinds: &Kinds, group: &str, version: &str) -> Option<Value> {
    kinds.has_version(group, version).then_some(())?;
    let mut resources = Vec::new();
    for kind in kinds.of_version(group, version) {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular, "namespaced": kind.namespaced(), "kind": kind.kind, "verbs": kind.verbs.names(),
        });
        if kind.custom {
            // In the order of the server of custom resources.
            resource["verbs"] =
                json!(["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]);
        }
        names_into(kind, &mut resource);
        resources.push(resource);
        for sub in if kind.custom { kind.subresources.iter().collect() } else { sorted(kind) } {
            let (api, name, verbs) = described(kind, sub);
            let full = format!("{}/{}", kind.plural, sub.name());
            let mut resource = json!({ "name": full, "singularName": "", "namespaced": kind.namespaced(), "kind": name, "verbs": verbs });
            if let Some((group, version)) = api {
                resource["group"] = group.into();
                resource["version"] = version.into();
            }
            resources.push(resource);
        }
    }
    let version = group_version(group, version);
    let mut list = json!({ "kind": "APIResourceList", "groupVersion": version, "resources": resources });
    if !group.is_empty() {
        list["apiVersion"] = "v1".into();
    }
    Some(list)
}

/// `/api` (`core`) and `/apis` in their aggregated form, as `apidiscovery.k8s.io` of this version.
#[must_use]
pub fn aggregated(kinds: &Kinds, core: bool, version: &str) -> Value {
    let items: Vec<_> =
        names(kinds).into_iter().filter(|group| group.is_empty() == core).map(|group| item(kinds, group)).collect();
    json!({ "kind": "APIGroupDiscoveryList", "apiVersion": format!("apidiscovery.k8s.io/{version}"), "metadata": {}, "items": items })
}

fn item(kinds: &Kinds, group: &str) -> Value {
    let versions = kinds.versions().filter(|(known, _)| *known == group);
    let versions: Vec<_> = versions
        .map(|(_, version)| {
            let resources: Vec<_> = kinds.of_version(group, version).into_iter().map(|kind| discovered(kind)).collect();
            json!({ "version": version, "resources": resources, "freshness": "Current" })
        })
        .collect();
    let metadata = if group.is_empty() { json!({}) } else { json!({ "name": group }) };
    json!({ "metadata": metadata, "versions": versions })
}

fn discovered(kind: &Kind) -> Value {
    // What a resource answers with is written in full for custom resources, and left empty where it is of the same group and version.
    let (group, version) = if kind.custom { (&*kind.group, &*kind.version) } else { ("", "") };
    let mut resource = json!({
        "resource": kind.plural,
        "responseKind": { "group": group, "version": version, "kind": kind.kind },
        "scope": if kind.namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular,
        "verbs": kind.verbs.names(),
    });
    names_into(kind, &mut resource);
    let subresources: Vec<_> = sorted(kind)
        .into_iter()
        .map(|sub| {
            let (api, name, verbs) = described(kind, sub);
            let (group, version) = api.unwrap_or((group, version));
            json!({ "subresource": sub.name(), "responseKind": { "group": group, "version": version, "kind": name }, "verbs": verbs })
        })
        .collect();
    if !subresources.is_empty() {
        resource["subresources"] = subresources.into();
    }
    resource
}

/// Group and version of what a subresource exchanges, unless they are the resource's own; its kind; and its verbs.
fn described<'a>(kind: &'a Kind, sub: &'a Subresource) -> (Option<(&'a str, &'a str)>, String, &'a [&'a str]) {
    const CHANGE: &[&str] = &["get", "patch", "update"];
    let own = || kind.kind.to_string();
    match sub {
        Subresource::Status => (None, own(), CHANGE),
        Subresource::Scale { .. } => (Some(("autoscaling", "v1")), "Scale".to_owned(), CHANGE),
        Subresource::Log => (None, own(), &["get"]),
        Subresource::Eviction => (Some(("policy", "v1")), "Eviction".to_owned(), &["create"]),
        Subresource::Binding => (None, "Binding".to_owned(), &["create"]),
        Subresource::Token => (Some(("authentication.k8s.io", "v1")), "TokenRequest".to_owned(), &["create"]),
        Subresource::Finalize => (None, own(), &["update"]),
        Subresource::Unsupported(name) => match &**name {
            "attach" => (None, format!("{}AttachOptions", kind.kind), &["create", "get"]),
            "exec" => (None, format!("{}ExecOptions", kind.kind), &["create", "get"]),
            "portforward" => (None, format!("{}PortForwardOptions", kind.kind), &["create", "get"]),
            "proxy" => (None, format!("{}ProxyOptions", kind.kind), &["create", "delete", "get", "patch", "update"]),
            _ => (None, own(), CHANGE),
        },
    }
}

fn sorted(kind: &Kind) -> Vec<&Subresource> {
    let mut all: Vec<_> = kind.subresources.iter().collect();
    all.sort_by_key(|sub| sub.name());
    all
}

fn names_into(kind: &Kind, resource: &mut Value) {
    for (key, names) in [("shortNames", &kind.short_names), ("categories", &kind.categories)] {
        if !names.is_empty() {
            resource[key] = names.iter().map(|name| &**name).collect();
        }
    }
}

/// The groups, each once.
fn names(kinds: &Kinds) -> Vec<&str> {
    let mut groups: Vec<_> = kinds.versions().map(|(group, _)| group).collect();
    groups.dedup();
    groups
}

fn entry(kinds: &Kinds, group: &str) -> Value {
    let versions = kinds.versions().filter(|(known, _)| *known == group);
    let versions: Vec<_> = versions
        .map(|(_, version)| json!({ "groupVersion": group_version(group, version), "version": version }))
        .collect();
    json!({ "name": group, "preferredVersion": versions.first(), "versions": versions })
}

fn group_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}
