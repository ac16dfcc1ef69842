//! Managed fields as a real server (1.36.3) sets them: `recorded.json` has its answers to sequences of writes.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::kinds::builtin;
use crate::kubernetes::patch;
use crate::kubernetes::schema::structural;

const TIME: &str = "T";

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

/// The entries without what every one of them has.
fn managed(object: &Value) -> Value {
    let mut entries = object["metadata"]["managedFields"].clone();
    for entry in entries.as_array_mut().into_iter().flatten() {
        assert_eq!(entry.as_object_mut().unwrap().remove("fieldsType"), Some(json!("FieldsV1")));
    }
    if entries.is_null() { json!([]) } else { entries }
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
    let cases: Vec<Value> = serde_json::from_str(include_str!("recorded.json")).unwrap();
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
                        (Ok(object), Some(stored)) if before.as_ref().is_some_and(|before| same_but_times(before, stored)) => {
                            (json!(same_but_times(&object, stored)), json!(true))
                        }
                        (Ok(object), _) => (managed(&object), step["managed"].clone()),
                    }
                }
                _ => {
                    let mut new = step["object"].clone();
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
                    (managed(&new), step["managed"].clone())
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
