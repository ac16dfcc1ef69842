//! Managed fields as a real server (1.36.3) sets them: `recorded.json` has its answers to sequences of writes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::kinds::builtin;
use crate::kubernetes::patch;
use crate::kubernetes::schema::{structural, typed};

/// What stands for every recorded time.
const TIME: &str = "2026-01-01T00:00:00Z";

/// The kind of the recorded custom objects: each way in which lists and maps can merge.
fn custom() -> Kind {
    let strings = json!({"type": "array", "items": {"type": "string"}});
    let mut set = strings.clone();
    set["x-kubernetes-list-type"] = json!("set");
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "size": {"type": "integer"},
            "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"], "items": {
                "type": "object", "required": ["k"],
                "properties": {"k": {"type": "string"}, "p": {"type": "string", "default": "x"}, "v": {"type": "string"}}}},
            "tags": set,
            "plain": strings,
            "unit": {"type": "object", "x-kubernetes-map-type": "atomic", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
            "map": {"type": "object", "additionalProperties": {"type": "string"}},
            "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {
                "known": {"type": "object", "properties": {"x": {"type": "integer"}}}}},
            "deep": {"type": "object", "properties": {"leaf": {"type": "object", "properties": {"x": {"type": "string"}}}}},
        }},
        "status": {"type": "object", "properties": {"phase": {"type": "string"}, "n": {"type": "integer"}}},
    }});
    let mut kind = builtin().into_iter().find(|kind| &*kind.kind == "Deployment").unwrap();
    kind.group = Arc::from("own.example.com");
    kind.kind = Arc::from("Rec");
    kind.custom = true;
    kind.schema = structural::compile(&schema, "schema").unwrap();
    kind
}

fn kind(name: &str) -> Kind {
    if name == "Rec" {
        return custom();
    }
    builtin().into_iter().find(|kind| &*kind.kind == name && !kind.group.contains("events")).unwrap()
}

/// Times are not recorded, so neither is the order.
fn sorted(mut entries: Value) -> Value {
    let key = |entry: &Value| ["operation", "manager", "subresource"].map(|name| entry[name].to_string());
    if let Some(entries) = entries.as_array_mut() {
        entries.sort_by_key(key);
    }
    entries
}

/// The entries without what every one of them has.
fn managed(object: &Value) -> Value {
    let mut entries = object["metadata"]["managedFields"].clone();
    for entry in entries.as_array_mut().into_iter().flatten() {
        assert_eq!(entry.as_object_mut().unwrap().remove("fieldsType"), Some(json!("FieldsV1")));
    }
    if entries.is_null() { json!([]) } else { sorted(entries) }
}

/// What a real server sets only after it has settled who owns what.
const SET_LATER: [&str; 11] = [
    "/spec/clusterIP",
    "/spec/clusterIPs",
    "/spec/ipFamilies",
    "/spec/ipFamilyPolicy",
    "/spec/selector/matchLabels/batch.kubernetes.io~1controller-uid",
    "/spec/priority",
    "/spec/preemptionPolicy",
    "/spec/template/metadata/labels/job-name",
    "/metadata/labels/job-name",
    "/metadata/finalizers/0",
    "/spec/template/metadata/labels/controller-uid",
];

/// The object as it was when the owners were settled.
fn settled(kind: &Kind, mut object: Value) -> Value {
    typed::normalize(kind, &mut object).unwrap();
    for pointer in SET_LATER {
        let (mut parent, mut name) = pointer.rsplit_once('/').unwrap();
        let value = object.pointer(pointer).cloned().unwrap_or_default();
        // Labels and selectors of jobs are all of the server's making, with the maps that they stand in.
        if pointer.contains("labels") || pointer.contains("matchLabels") {
            (parent, name) = parent.rsplit_once('/').unwrap();
            if name == "matchLabels" {
                (parent, name) = parent.rsplit_once('/').unwrap();
            }
        }
        if name == "0" {
            (parent, name) = parent.rsplit_once('/').unwrap();
            if value != "kubernetes.io/pvc-protection" {
                continue;
            }
        }
        if !value.is_null()
            && let Some(parent) = object.pointer_mut(parent)
        {
            parent.as_object_mut().unwrap().remove(name);
        }
    }
    object
}

fn with_managed(mut object: Value, managed: &Value) -> Value {
    let mut managed = managed.clone();
    for entry in managed.as_array_mut().unwrap() {
        entry["fieldsType"] = json!("FieldsV1");
    }
    if managed != json!([]) {
        object["metadata"]["managedFields"] = managed;
    }
    object
}

#[test]
fn as_recorded() {
    let cases: Vec<Value> =
        serde_json::from_str(&include_str!("recorded.json").replace("\"time\":\"T\"", &format!("\"time\":{TIME:?}")))
            .unwrap();
    assert!(cases.len() >= 18);
    let mut wrong = Vec::new();
    for case in &cases {
        let kind = kind(case["kind"].as_str().unwrap());
        let mut live: Option<Value> = None;
        for (index, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            let subresource = step["subresource"].as_str().unwrap_or_default();
            let operation = if step["op"] == "apply" { Operation::Apply } else { Operation::Update };
            let name = step["manager"].as_str().unwrap();
            let manager = Manager { name, operation, api_version: &kind.api_version(), subresource, time: TIME };
            let before = live.take();
            let stored = step.get("object").map(|object| with_managed(object.clone(), &step["managed"]));
            let (found, expected) = match step["op"].as_str().unwrap() {
                "given" => (Value::Null, Value::Null),
                "apply" => {
                    let force = step["force"] == true;
                    match (apply(&kind, before.as_ref(), &step["applied"], &manager, force), stored.as_ref()) {
                        (Err(status), _) => (json!([status.code, status.message]), step["error"].clone()),
                        (Ok(object), Some(stored))
                            if before.as_ref().is_some_and(|before| same_but_times(before, stored)) =>
                        {
                            (json!(same_but_times(&object, stored)), json!(true))
                        }
                        (Ok(object), _) => (managed(&object), sorted(step["managed"].clone())),
                    }
                }
                _ => {
                    let mut new = settled(&kind, step["object"].clone());
                    if let (Some(patch), Some(before)) = (step.get("patch"), &before) {
                        let patched = match patch {
                            Value::Array(_) => patch::json(before, patch.to_string().as_bytes()).unwrap(),
                            _ => patch::merge(before.clone(), patch.clone()),
                        };
                        new["metadata"]["managedFields"] = patched["metadata"]["managedFields"].clone();
                    } else if let Some(before) = &before {
                        new = with_managed(new, &managed(before));
                    }
                    update(&kind, before.as_ref(), &mut new, &manager);
                    (managed(&new), sorted(step["managed"].clone()))
                }
            };
            if found != expected {
                wrong.push(format!("{} step {index}\n  found    {found}\n  expected {expected}", case["name"]));
            }
            live = stored.or(before);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_oldest_entry_comes_first_and_what_was_applied_before_all() {
    let kind = kind("ConfigMap");
    let manager = |name, operation, time| Manager { name, operation, api_version: "v1", subresource: "", time };
    let mut object = json!({"metadata": {"name": "a"}, "data": {"a": "1"}});
    update(&kind, None, &mut object, &manager("z", Operation::Update, "2026-01-01T00:00:00Z"));
    let mut next = object.clone();
    next["data"]["b"] = json!("2");
    update(&kind, Some(&object), &mut next, &manager("a", Operation::Update, "2026-01-02T00:00:00Z"));
    let configuration = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"c": "3"}});
    let applier = manager("m", Operation::Apply, "2026-01-03T00:00:00Z");
    let object = apply(&kind, Some(&next), &configuration, &applier, false).unwrap();
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    let order: Vec<_> = entries.iter().map(|entry| entry["manager"].as_str().unwrap()).collect();
    assert_eq!(order, ["m", "z", "a"]);
    assert_eq!(object["data"], json!({"a": "1", "b": "2", "c": "3"}));

    let later = manager("m", Operation::Apply, "2026-01-04T00:00:00Z");
    let again = apply(&kind, Some(&object), &configuration, &later, false).unwrap();
    assert_eq!(again, object, "nothing changes, not even the time");
    let gone = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}});
    let object = apply(&kind, Some(&again), &gone, &later, false).unwrap();
    assert_eq!(object["data"], json!({"a": "1", "b": "2"}));
    assert_eq!(object["metadata"]["managedFields"].as_array().unwrap().len(), 2);
}

#[test]
fn lists_keep_the_order_of_the_configuration() {
    let kind = kind("Rec");
    let merged = |old: &[&str], new: &[&str]| {
        let items = |keys: &[&str]| keys.iter().map(|key| json!({"k": key})).collect::<Value>();
        let (old, new) = (json!({"spec": {"items": items(old)}}), json!({"spec": {"items": items(new)}}));
        let merged = merge(kind.schema.root(), Some(&old), Some(&new)).unwrap();
        let keys =
            merged["spec"]["items"].as_array().unwrap().iter().map(|item| item["k"].as_str().unwrap().to_owned());
        keys.collect::<Vec<_>>().concat()
    };
    assert_eq!(merged(&["a", "b"], &["c"]), "abc");
    assert_eq!(merged(&["a", "b", "c"], &["c", "a"]), "bca");
    assert_eq!(merged(&["a", "b", "c"], &["a", "x", "c"]), "abxc");
    assert_eq!(merged(&["a"], &["b", "a"]), "ba");
    assert_eq!(merged(&["x", "a", "b"], &["b", "x"]), "abx");
}

#[test]
fn configurations_that_the_schema_does_not_allow() {
    let table = [
        (
            json!({"data": {"a": 5}, "foo": {"b": 1}}),
            "errors:\n  .data.a: expected string, got &value.valueUnstructured{Value:5}\n  .foo: field not declared in schema",
        ),
        (json!({"data": [1]}), ".data: expected map, got &{[1]}"),
        (
            json!({"data": {"a": {"b": 1}}}),
            ".data.a: expected string, got &value.valueUnstructured{Value:map[string]interface {}{\"b\":1}}",
        ),
        (
            json!({"metadata": {"name": "n", "finalizers": ["a/b", "a/b", {}]}}),
            "errors:\n  .metadata.finalizers: duplicate entries for key [=\"a/b\"]\n  .metadata.finalizers: element 2: associative list without keys has an element that's a map type",
        ),
        (json!({"immutable": "x"}), ".immutable: expected boolean, got &{x}"),
        (
            json!({"metadata": {"name": "n", "generation": "5"}}),
            ".metadata.generation: expected numeric (int or float), got string",
        ),
        (
            json!({"metadata": {"name": "n", "ownerReferences": 5}}),
            ".metadata.ownerReferences: expected list, got &{5}",
        ),
    ];
    let kind = kind("ConfigMap");
    let manager = Manager { name: "a", operation: Operation::Apply, api_version: "v1", subresource: "", time: TIME };
    for (fields, expected) in table {
        let mut configuration = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}});
        configuration.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let status = apply(&kind, None, &configuration, &manager, false).unwrap_err();
        let prefix = "failed to create typed patch object (/n; /v1, Kind=ConfigMap): ";
        assert_eq!((status.code, status.message), (500, format!("{prefix}{expected}")));
    }
    for (configuration, code, message) in [
        (json!({"apiVersion": "v2", "kind": "ConfigMap"}), 400, "invalid object type: /v2, Kind=ConfigMap"),
        (json!({}), 400, "invalid object type: /, Kind="),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"managedFields": []}}),
            400,
            "metadata.managedFields must be nil",
        ),
    ] {
        let status = apply(&kind, None, &configuration, &manager, false).unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (code, message));
    }
}
