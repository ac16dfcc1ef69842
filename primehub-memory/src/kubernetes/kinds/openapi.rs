//! The schemas as `OpenAPI` documents. Built-in types have no descriptions; custom resources keep theirs.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value, json};

use super::{Kind, Kinds};
use crate::kubernetes::schema::builtin::types;
use crate::kubernetes::schema::{Cursor, Field, ListKind, NodeId, Schema, Shape};

const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const INT_OR_STRING: &str = "io.k8s.apimachinery.pkg.util.intstr.IntOrString";

/// `/openapi/v3`: where the document of each version is. The address changes with the document.
#[must_use]
pub fn index(kinds: &Kinds) -> Value {
    let paths: Map<String, Value> = kinds
        .versions()
        .map(|(group, version)| {
            let path = root(group, version);
            let address = format!("/openapi/v3/{path}?hash={}", tag(kinds, group, version));
            (path, json!({ "serverRelativeURL": address }))
        })
        .collect();
    json!({ "paths": paths })
}

/// `/openapi/v3/api/v1` and `/openapi/v3/apis/{group}/{version}`, with a tag that changes with it. `None` if there is no such version.
#[must_use]
pub fn document(kinds: &Kinds, group: &str, version: &str) -> Option<(String, String)> {
    kinds.has_version(group, version).then_some(())?;
    let (mut paths, mut schemas) = (Map::new(), Components::default());
    for kind in kinds.of_version(group, version) {
        let schema = schemas.kind(kind);
        operations(kind, &schema, &mut paths);
    }
    let document = json!({
        "openapi": "3.0.0",
        "info": { "title": "Kubernetes", "version": "unversioned" },
        "paths": paths,
        "components": { "schemas": schemas.done },
    });
    Some((document.to_string(), tag(kinds, group, version)))
}

/// `/openapi/v2`, for clients that only look which kinds there are: those that want fields read the third version.
#[must_use]
pub fn v2(kinds: &Kinds) -> Value {
    let definitions: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            (
                component(kind),
                json!({ "type": "object", "x-kubernetes-group-version-kind": [identity(kind, &kind.kind)] }),
            )
        })
        .collect();
    json!({ "swagger": "2.0", "info": { "title": "Kubernetes", "version": "unversioned" }, "paths": {}, "definitions": definitions })
}

/// What the document of a version is made from, as a hash: telling that nothing has changed takes no document.
fn tag(kinds: &Kinds, group: &str, version: &str) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(env!("CARGO_PKG_VERSION").as_bytes());
    for kind in kinds.of_version(group, version) {
        for part in [
            &*kind.group,
            &*kind.version,
            &*kind.kind,
            &*kind.list_kind,
            &*kind.plural,
            if kind.namespaced() { "n" } else { "c" },
        ] {
            hash.update(part.as_bytes());
            hash.update(b"\n");
        }
        hash.update(kind.definition.as_deref().unwrap_or_default());
    }
    hash.finish().as_ref().iter().fold(String::new(), |mut text, byte| {
        _ = write!(text, "{byte:02X}");
        text
    })
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn identity(kind: &Kind, name: &str) -> Value {
    json!({ "group": kind.group, "version": kind.version, "kind": name })
}

/// The name of a kind's schema.
fn component(kind: &Kind) -> String {
    if kind.custom {
        let reversed: Vec<_> = kind.group.rsplit('.').collect();
        return format!("{}.{}.{}", reversed.join("."), kind.version, kind.kind);
    }
    let package = kind.group.split('.').next().filter(|package| !package.is_empty()).unwrap_or("core");
    full_name(&format!("{package}.{}.{}", kind.version, kind.kind))
}

fn full_name(name: &str) -> String {
    let prefix = match name.split('.').next() {
        Some("meta") => "io.k8s.apimachinery.pkg.apis",
        Some("apiextensions") => "io.k8s.apiextensions-apiserver.pkg.apis",
        _ => "io.k8s.api",
    };
    format!("{prefix}.{name}")
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// The paths of a kind. Clients look for its verbs, for what they exchange, and whether unknown fields can be refused.
fn operations(kind: &Kind, schema: &str, paths: &mut Map<String, Value>) {
    let namespace = if kind.namespaced() { "namespaces/{namespace}/" } else { "" };
    let all = format!("/{}/{namespace}{}", root(&kind.group, &kind.version), kind.plural);
    let query =
        |name: &str| json!({ "name": name, "in": "query", "schema": { "type": "string", "uniqueItems": true } });
    let operation = |action: &str, answer: &str, parameters: &[&str]| {
        json!({
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": identity(kind, &kind.kind),
            "parameters": parameters.iter().copied().map(query).collect::<Vec<_>>(),
            "responses": { "200": { "description": "OK", "content": { "application/json": { "schema": reference(answer) } } } },
        })
    };
    let write = ["dryRun", "fieldManager", "fieldValidation"];
    let mut one = Map::new();
    let mut many = Map::new();
    for verb in kind.verbs.names() {
        let (target, method, action, parameters): (_, _, _, &[&str]) = match *verb {
            "create" => (&mut many, "post", "post", &write),
            "list" => (&mut many, "get", "list", &["fieldSelector", "labelSelector", "limit", "continue"]),
            "deletecollection" => (&mut many, "delete", "deletecollection", &["fieldSelector", "labelSelector"]),
            "get" => (&mut one, "get", "get", &[]),
            "update" => (&mut one, "put", "put", &write),
            "patch" => (&mut one, "patch", "patch", &["dryRun", "fieldManager", "fieldValidation", "force"]),
            "delete" => (&mut one, "delete", "delete", &["dryRun", "propagationPolicy"]),
            _ => continue,
        };
        let answer = if *verb == "list" { format!("{schema}List") } else { schema.to_owned() };
        target.insert(method.to_owned(), operation(action, &answer, parameters));
    }
    let place = |name: &str| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string", "uniqueItems": true } });
    let mut places = if kind.namespaced() { vec![place("namespace")] } else { Vec::new() };
    many.insert("parameters".into(), places.clone().into());
    paths.insert(all.clone(), many.into());
    if !one.is_empty() {
        places.push(place("name"));
        one.insert("parameters".into(), places.into());
        paths.insert(format!("{all}/{{name}}"), one.into());
    }
}

/// The schemas of a document.
#[derive(Default)]
struct Components {
    done: BTreeMap<String, Value>,
    /// The names of the built-in types.
    names: HashMap<NodeId, String>,
}

impl Components {
    /// Adds the schemas of a kind and of its lists, and returns the name of the first.
    fn kind(&mut self, kind: &Kind) -> String {
        let name = component(kind);

        if self.names.is_empty() {
            self.names = types().names.iter().map(|(name, id)| (*id, full_name(name))).collect();
            self.done.insert(QUANTITY.to_owned(), json!({ "oneOf": [{ "type": "string" }, { "type": "number" }] }));
            self.done.insert(
                INT_OR_STRING.to_owned(),
                json!({ "format": "int-or-string", "oneOf": [{ "type": "integer" }, { "type": "string" }] }),
            );
        }
        if kind.custom {
            let metadata = self.builtin("meta.v1.ObjectMeta");
            self.done.insert(name.clone(), definition(kind, &metadata));
        } else {
            let Schema { root, .. } = kind.schema;
            self.expression(kind.schema.root().at(root), Some(root));
        }
        if let Some(schema) = self.done.get_mut(&name) {
            schema["x-kubernetes-group-version-kind"] = json!([identity(kind, &kind.kind)]);
        }
        if kind.verbs.names().contains(&"list") {
            let metadata = self.builtin("meta.v1.ListMeta");
            let list = json!({
                "type": "object",
                "required": ["items"],
                "properties": {
                    "apiVersion": { "type": "string" },
                    "items": { "type": "array", "items": { "default": {}, "allOf": [reference(&name)] } },
                    "kind": { "type": "string" },
                    "metadata": metadata,
                },
                "x-kubernetes-group-version-kind": [identity(kind, &kind.list_kind)],
            });
            self.done.insert(format!("{name}List"), list);
        }
        name
    }

    /// A reference to a built-in type, which is added.
    fn builtin(&mut self, name: &str) -> Value {
        let types = types();
        types.names.get(name).map_or(Value::Null, |&id| self.expression(types.at(id), Some(id)))
    }

    /// The schema of a node: a reference if it has a name, and then its type is added.
    fn expression(&mut self, node: Cursor<'_>, id: Option<NodeId>) -> Value {
        let Shape::Struct(object) = node.shape() else { return self.plain(node) };
        let name = id.and_then(|id| self.names.get(&id)).cloned();
        if let Some(name) = &name {
            if self.done.contains_key(name) {
                return reference(name);
            }
            // Types may contain themselves.
            self.done.insert(name.clone(), Value::Null);
        }
        let mut schema = json!({ "type": "object" });
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for (field_name, field) in object.fields.iter().filter(|(_, field)| !field.inline) {
            let value = self.expression(node.at(field.node), Some(field.node));
            properties.insert(field_name.to_string(), with_field(value, field));
            if field.required {
                required.push(&**field_name);
            }
        }
        if !properties.is_empty() {
            schema["properties"] = properties.into();
        }
        if !required.is_empty() {
            schema["required"] = required.into();
        }
        if node.node().atomic {
            schema["x-kubernetes-map-type"] = "atomic".into();
        }
        let Some(name) = name else { return schema };
        let result = reference(&name);
        self.done.insert(name, schema);
        result
    }

    fn plain(&mut self, node: Cursor<'_>) -> Value {
        match node.shape() {
            Shape::Any | Shape::Struct(_) => {
                if node.node().nullable {
                    json!({})
                } else {
                    json!({ "type": "object" })
                }
            }
            Shape::String => json!({ "type": "string" }),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::Int32 => json!({ "type": "integer", "format": "int32" }),
            Shape::Int64 => json!({ "type": "integer", "format": "int64" }),
            Shape::Double => json!({ "type": "number", "format": "double" }),
            Shape::Time { .. } => json!({ "type": "string", "format": "date-time" }),
            Shape::Bytes => json!({ "type": "string", "format": "byte" }),
            Shape::IntOrString => reference(INT_OR_STRING),
            Shape::Quantity => reference(QUANTITY),
            Shape::Map(value) => {
                let mut schema =
                    json!({ "type": "object", "additionalProperties": self.expression(node.at(*value), Some(*value)) });
                if node.node().atomic {
                    schema["x-kubernetes-map-type"] = "atomic".into();
                }
                schema
            }
            Shape::List { item, kind } => {
                let mut schema = json!({ "type": "array", "items": self.expression(node.at(*item), Some(*item)) });
                let name = match kind {
                    ListKind::Atomic => "atomic",
                    ListKind::Set => "set",
                    ListKind::Map(keys) => {
                        schema["x-kubernetes-list-map-keys"] = keys.iter().map(|key| &**key).collect();
                        "map"
                    }
                };
                schema["x-kubernetes-list-type"] = name.into();
                schema
            }
        }
    }
}

/// What a field adds to its type. Nothing can stand beside a reference: it moves into a list of one.
fn with_field(mut schema: Value, field: &Field) -> Value {
    let merge = &field.merge;
    let strategy: Vec<_> = [(merge.items, "merge"), (merge.retain_keys, "retainKeys"), (merge.replace, "replace")]
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| name)
        .collect();
    let mut more = Map::new();
    if !strategy.is_empty() {
        more.insert("x-kubernetes-patch-strategy".to_owned(), strategy.join(",").into());
    }
    if let Some(key) = &merge.key {
        more.insert("x-kubernetes-patch-merge-key".to_owned(), (**key).into());
    }
    if let Some(default) = &field.default {
        more.insert("default".to_owned(), default.clone());
    }
    if !field.values.is_empty() {
        more.insert("enum".to_owned(), field.values.iter().map(|value| &**value).collect());
    }
    if !more.is_empty() && schema.get("$ref").is_some() {
        schema = json!({ "allOf": [schema] });
    }
    if let Some(schema) = schema.as_object_mut() {
        schema.extend(more);
    }
    schema
}

/// The schema of a custom resource: the definition's own, and what every object has.
fn definition(kind: &Kind, metadata: &Value) -> Value {
    let given = kind.definition.as_deref().and_then(|json| serde_json::from_slice(json).ok());
    let Some(Value::Object(mut schema)) = given else {
        return json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    };
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Some(properties) = properties.as_object_mut() {
        for (name, description) in [
            ("apiVersion", "APIVersion defines the versioned schema of this representation of an object."),
            ("kind", "Kind is a string value representing the REST resource this object represents."),
        ] {
            properties.insert(name.to_owned(), json!({ "type": "string", "description": description }));
        }
        properties.insert(
            "metadata".to_owned(),
            json!({ "description": "Standard object's metadata.", "allOf": [metadata] }),
        );
    }
    schema.into()
}
