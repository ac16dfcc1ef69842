//! Definitions of custom resources: what the server makes of them, and the kinds that come of them.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{
    Cell, Column, Conversion, Generation, Kind, Kinds, Scope, Selectable, Storage, Subresource, Verbs, json_path,
};
use crate::kubernetes::schema::structural;
use crate::kubernetes::status::{Cause, Causes, Status};

pub(crate) use super::definition_check::check;

/// The finalizer that keeps a definition until its objects are gone.
pub(crate) const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

fn text<'a>(object: &'a Value, path: &str) -> &'a str {
    object.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

fn texts(object: &Value, path: &str) -> Vec<Arc<str>> {
    object
        .pointer(path)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(Arc::from)
        .collect()
}

fn versions(definition: &Value) -> impl Iterator<Item = &Value> {
    definition.pointer("/spec/versions").and_then(Value::as_array).into_iter().flatten()
}

/// Fills in what follows from the rest: further names, and that versions are not converted.
pub(crate) fn default(definition: &mut Value) {
    let Some(spec) = definition.get_mut("spec").and_then(Value::as_object_mut) else { return };
    if spec.get("conversion").is_none_or(Value::is_null) {
        spec.insert("conversion".to_owned(), json!({ "strategy": "None" }));
    }
    let Some(names) = spec.get_mut("names").and_then(Value::as_object_mut) else { return };
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    for (field, value) in [("singular", kind.to_lowercase()), ("listKind", format!("{kind}List"))] {
        let empty = names.get(field).and_then(Value::as_str).is_none_or(str::is_empty);
        if empty && !kind.is_empty() {
            names.insert(field.to_owned(), json!(value));
        }
    }
}

/// Whether the definition asks for nothing that only a real server has.
///
/// # Errors
///
/// 501 for versions that a webhook converts.
pub(crate) fn check_supported(definition: &Value) -> Result<(), Status> {
    match text(definition, "/spec/conversion/strategy") {
        "Webhook" => {
            Err(Status::not_implemented("conversion of custom resources by webhooks (spec.conversion.strategy)"))
        }
        _ => Ok(()),
    }
}

/// The status is the server's; it notes in which versions objects have been stored.
pub(crate) fn prepare(definition: &mut Value, live: Option<&Value>) {
    let mut status = live.and_then(|live| live.get("status")).cloned().unwrap_or_else(|| json!({}));
    let stored = versions(definition).find(|version| version["storage"] == true).map(|version| version["name"].clone());
    let mut all = status["storedVersions"].as_array().cloned().unwrap_or_default();
    all.extend(stored.filter(|name| !all.contains(name)));
    status["storedVersions"] = Value::Array(all);
    definition["status"] = status;
}

/// The status of a definition among the kinds that there are: whether its names are free, and its kinds are served.
#[must_use]
pub(crate) fn status(definition: &Value, taken: &Kinds, now: &str) -> Value {
    let names = &definition["spec"]["names"];
    let accepted =
        definition.pointer("/status/acceptedNames").cloned().unwrap_or_else(|| json!({ "kind": "", "plural": "" }));
    let (group, plural) = (text(definition, "/spec/group"), text(names, "/plural"));
    let others: Vec<_> = taken
        .iter()
        .filter(|kind| *kind.storage.group == *group && kind.custom && *kind.storage.resource != *plural)
        .collect();
    let is_resource = |name: &str| {
        others.iter().any(|kind| {
            [&kind.plural, &kind.singular].into_iter().chain(&kind.short_names).any(|known| **known == *name)
        })
    };
    let is_kind = |name: &str| others.iter().any(|kind| *kind.kind == *name || *kind.list_kind == *name);
    let in_use = |name: &str| format!("{name:?} is already in use");

    let mut conflict = None;
    let mut next = Map::new();
    for (field, reason) in NAMES {
        let wanted = &names[field];
        let is_taken: &dyn Fn(&str) -> bool =
            if field.to_lowercase().ends_with("kind") { &is_kind } else { &is_resource };
        let refused: Vec<_> = match wanted {
            Value::Array(list) => list
                .iter()
                .filter(|name| accepted[field].as_array().is_none_or(|known| !known.contains(name)))
                .filter_map(Value::as_str)
                .filter(|name| is_taken(name))
                .map(in_use)
                .collect(),
            name => name
                .as_str()
                .filter(|_| *name != accepted[field])
                .filter(|name| is_taken(name))
                .map(in_use)
                .into_iter()
                .collect(),
        };
        let value = if refused.is_empty() { wanted } else { &accepted[field] };
        if !value.is_null() {
            next.insert(field.to_owned(), value.clone());
        }
        match refused.as_slice() {
            [] => {}
            [one] => conflict = Some((reason, one.clone())),
            several => conflict = Some((reason, format!("[{}]", several.join(", ")))),
        }
    }
    if !names["categories"].is_null() {
        next.insert("categories".to_owned(), names["categories"].clone());
    }
    let names_accepted = match &conflict {
        None => ("NamesAccepted", true, "NoConflicts", "no conflicts found"),
        Some((reason, message)) => ("NamesAccepted", false, *reason, message.as_str()),
    };
    let old = definition.pointer("/status/conditions").and_then(Value::as_array).cloned().unwrap_or_default();
    let is_established =
        old.iter().any(|condition| condition["type"] == "Established" && condition["status"] == "True");
    let established = if conflict.is_none() || is_established {
        ("Established", true, "InitialNamesAccepted", "the initial names have been accepted")
    } else {
        ("Established", false, "NotAccepted", "not all names are accepted")
    };
    let mut conditions = old.clone();
    for (name, holds, reason, message) in [names_accepted, established] {
        let holds = if holds { "True" } else { "False" };
        let before = old.iter().find(|condition| condition["type"] == name);
        let since = before
            .filter(|condition| condition["status"] == holds)
            .map_or_else(|| json!(now), |condition| condition["lastTransitionTime"].clone());
        let condition =
            json!({ "type": name, "status": holds, "lastTransitionTime": since, "reason": reason, "message": message });
        match conditions.iter_mut().find(|condition| condition["type"] == name) {
            Some(place) => *place = condition,
            None => conditions.push(condition),
        }
    }
    json!({ "acceptedNames": next, "conditions": conditions, "storedVersions": definition["status"]["storedVersions"] })
}

const NAMES: [(&str, &str); 5] = [
    ("plural", "PluralConflict"),
    ("singular", "SingularConflict"),
    ("shortNames", "ShortNamesConflict"),
    ("kind", "KindConflict"),
    ("listKind", "ListKindConflict"),
];

/// What is wrong with the numbers of replicas of a custom resource that can be scaled.
pub(crate) fn check_scale(kind: &Kind, object: &Value) -> Causes {
    let paths = kind.subresources.iter().filter(|_| kind.custom).find_map(|subresource| match subresource {
        Subresource::Scale { spec, status, .. } => Some([spec, status]),
        _ => None,
    });
    let mut causes = Causes::new();
    for path in paths.into_iter().flatten() {
        let Some(replicas) = json_path::get(object, path).and_then(|replicas| replicas.as_i64()) else { continue };
        let mut refuse = |why: &str| causes.push(Cause::invalid(path.as_str(), &json!(replicas), why));
        if replicas < 0 {
            refuse("should be a non-negative integer");
        } else if replicas > i64::from(i32::MAX) {
            refuse("should be less than or equal to 2147483647");
        }
    }
    causes
}

/// The kinds of a definition: one for each version that is served, once the names are accepted.
#[must_use]
pub(crate) fn kinds(definition: &Value) -> Vec<Kind> {
    let conditions = definition.pointer("/status/conditions").and_then(Value::as_array);
    let served = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True");
    if !served {
        return Vec::new();
    }
    versions(definition)
        .filter(|version| version["served"] == true)
        .filter_map(|version| kind(definition, version))
        .collect()
}

fn kind(definition: &Value, version: &Value) -> Option<Kind> {
    let schema = version.pointer("/schema/openAPIV3Schema")?;
    let names = definition.pointer("/status/acceptedNames")?;
    let group: Arc<str> = text(definition, "/spec/group").into();
    let plural: Arc<str> = text(names, "/plural").into();
    Some(Kind {
        schema: structural::compile(schema, "").ok()?,
        version: text(version, "/name").into(),
        kind: text(names, "/kind").into(),
        list_kind: text(names, "/listKind").into(),
        singular: text(names, "/singular").into(),
        short_names: texts(names, "/shortNames"),
        categories: texts(names, "/categories"),
        scope: if text(definition, "/spec/scope") == "Cluster" { Scope::Cluster } else { Scope::Namespaced },
        verbs: Verbs::All,
        custom: true,
        generation: Generation::Content,
        subresources: subresources(version),
        selectable: selectable(version),
        columns: columns(version),
        storage: Storage { group: Arc::clone(&group), resource: Arc::clone(&plural) },
        conversion: Conversion::Same,
        definition: Some(Bytes::from(schema.to_string())),
        deprecation: deprecation(definition, version),
        group,
        plural,
    })
}

/// What whoever uses a deprecated version is told.
fn deprecation(definition: &Value, version: &Value) -> Option<Arc<str>> {
    if version["deprecated"] != true {
        return None;
    }
    let (group, kind) = (text(definition, "/spec/group"), text(definition, "/spec/names/kind"));
    let told = || format!("{group}/{} {kind} is deprecated", text(version, "/name"));
    Some(version["deprecationWarning"].as_str().map_or_else(told, str::to_owned).into())
}

fn subresources(version: &Value) -> Vec<Subresource> {
    let mut all = Vec::new();
    if version.pointer("/subresources/status").is_some_and(Value::is_object) {
        all.push(Subresource::Status);
    }
    if let Some(scale) = version.pointer("/subresources/scale").filter(|scale| scale.is_object()) {
        let selector = text(scale, "/labelSelectorPath");
        all.push(Subresource::Scale {
            spec: text(scale, "/specReplicasPath").to_owned(),
            status: text(scale, "/statusReplicasPath").to_owned(),
            selector: Some(selector).filter(|selector| !selector.is_empty()).map(str::to_owned),
        });
    }
    all
}

fn selectable(version: &Value) -> Vec<Selectable> {
    let fields = version["selectableFields"].as_array().into_iter().flatten();
    fields
        .map(|field| {
            let path = text(field, "/jsonPath");
            Selectable { label: path.trim_start_matches('.').into(), path: path.into(), absent: "".into() }
        })
        .collect()
}

fn columns(version: &Value) -> Vec<Column> {
    let mut columns = vec![Column {
        name: "Name".into(),
        column_type: "string".into(),
        format: "name".into(),
        description: NAME.into(),
        priority: 0,
        cell: Cell::Path(".metadata.name".into()),
    }];
    let given = version["additionalPrinterColumns"].as_array().map(Vec::as_slice).unwrap_or_default();
    columns.extend(given.iter().map(|column| {
        let path = text(column, "/jsonPath");
        let description = text(column, "/description");
        Column {
            name: text(column, "/name").into(),
            column_type: text(column, "/type").into(),
            format: text(column, "/format").into(),
            description: if description.is_empty() {
                format!("Custom resource definition column (in JSONPath format): {path}").into()
            } else {
                description.into()
            },
            priority: column["priority"].as_i64().and_then(|priority| priority.try_into().ok()).unwrap_or_default(),
            cell: Cell::Path(path.into()),
        }
    }));
    if given.is_empty() {
        columns.push(Column {
            name: "Age".into(),
            column_type: "date".into(),
            format: "".into(),
            description: AGE.into(),
            priority: 0,
            cell: Cell::Path(".metadata.creationTimestamp".into()),
        });
    }
    columns
}

const NAME: &str = "Name must be unique within a namespace. Is required when creating resources, although some resources may allow a client to request the generation of an appropriate name automatically. Name is primarily intended for creation idempotence and configuration definition. Cannot be updated. More info: https://kubernetes.io/docs/concepts/overview/working-with-objects/names#names";

const AGE: &str = "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
