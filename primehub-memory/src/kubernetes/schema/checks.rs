//! What makes a schema structural: every value has one declared type, and combinations only narrow it down.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::rules::{TYPES, fields, flag, list, regex, regex_fault, text};
use crate::kubernetes::status::{Cause, Causes};

/// What is wrong with a schema that stands at `path`.
pub(super) fn check(schema: &Value, path: &str) -> Causes {
    let mut unsupported = Causes::new();
    let mut faults = Causes::new();
    openapi(schema, path, Around { root: true, ..Around::default() }, &mut faults, &mut unsupported);
    let mut causes = Causes::new();
    // With keywords that it does not know, the real server cannot tell whether a schema is structural.
    if unsupported.is_empty() {
        invariants(schema, Level::Root, path, &mut causes);
        complete(schema, Some(schema), path, path, &mut causes);
        causes.sort_by_key(ToString::to_string);
    }
    causes.extend(unsupported);
    causes.extend(faults);
    causes
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

fn object<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    schema.get(name).filter(|value| value.is_object())
}

/// The structural part: types everywhere, nothing but value checks in combinations.
fn invariants(schema: &Value, level: Level, path: &str, causes: &mut Causes) {
    let kind = text(schema, "type");
    let at = |part: &str| format!("{path}.{part}");
    if kind == "array" && object(schema, "items").is_none() {
        causes.push(Cause::required(at("items"), "must be specified"));
    }
    if let Some(items) = object(schema, "items") {
        invariants(items, Level::Item, &at("items"), causes);
    }
    for (name, schema) in fields(schema, "properties") {
        invariants(schema, Level::Field, &format!("{path}.properties[{name}]"), causes);
    }
    if let Some(values) = schema.get("additionalProperties").filter(|values| !values.is_null()) {
        if level == Level::Root {
            causes.push(Cause::forbidden(at("additionalProperties"), "must not be used at the root"));
        }
        if values.is_object() {
            invariants(values, Level::Field, &at("additionalProperties"), causes);
        }
    }
    let int_or_string = flag(schema, "x-kubernetes-int-or-string");
    let preserve = flag(schema, "x-kubernetes-preserve-unknown-fields");
    let embedded = flag(schema, "x-kubernetes-embedded-resource");
    for name in ["x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"] {
        if int_or_string && flag(schema, name) {
            causes.push(Cause::invalid(at(name), &json!(true), "must be false if x-kubernetes-int-or-string is true"));
        }
    }
    let all_of = list(schema, "allOf");
    let free = is_int_or_string(list(schema, "anyOf"));
    let free_first = all_of.first().is_some_and(|first| is_int_or_string(list(first, "anyOf")));
    values(schema, free, free_first, path, causes);

    if embedded && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        causes.push(if kind.is_empty() {
            Cause::required(at("type"), why)
        } else {
            Cause::invalid(at("type"), &json!(kind), why)
        });
    } else if kind.is_empty() && !int_or_string && !preserve {
        let why = match level {
            Level::Root => "must not be empty at the root",
            Level::Item => "must not be empty for specified array items",
            Level::Field => "must not be empty for specified object fields",
        };
        causes.push(Cause::required(at("type"), why));
    }
    if embedded && schema.get("additionalProperties").is_some_and(|values| !values.is_null()) {
        causes.push(Cause::forbidden(
            at("additionalProperties"),
            "must not be used if x-kubernetes-embedded-resource is set",
        ));
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        causes.push(Cause::invalid(at("type"), &json!(kind), "must be object at the root"));
    }
    let properties = |name: &str| schema.get("properties").and_then(|properties| properties.get(name));
    if level == Level::Root || embedded {
        for (name, wanted) in [("kind", "string"), ("apiVersion", "string"), ("metadata", "object")] {
            if let Some(kind) = properties(name).map(|property| text(property, "type")).filter(|kind| *kind != wanted) {
                causes.push(Cause::invalid(
                    at(&format!("properties[{name}].type")),
                    &json!(kind),
                    format!("must be {wanted}"),
                ));
            }
        }
    }
    if let (Level::Root, Some(metadata)) = (level, properties("metadata")) {
        let known = |name: &String| name == "type" || name == "properties" || name == "description";
        let narrow = fields(metadata, "properties").all(|(name, _)| name == "name" || name == "generateName");
        if !narrow || !metadata.as_object().is_none_or(|fields| fields.keys().all(known)) {
            let why =
                "must not specify anything other than name and generateName, but metadata is implicitly specified";
            causes.push(Cause::forbidden(at("properties[metadata]"), why));
        }
    }
    if embedded && !preserve && fields(schema, "properties").next().is_none() {
        let why =
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
        causes.push(Cause::required(at("properties"), why));
    }
}

fn is_int_or_string(alternatives: &[Value]) -> bool {
    alternatives == [json!({"type": "integer"}), json!({"type": "string"})]
}

/// The combinations of a node. `free`: `anyOf` may tell whole numbers and texts apart; `free_first`: so may that of the first `allOf`.
fn values(schema: &Value, free: bool, free_first: bool, path: &str, causes: &mut Causes) {
    let parts = [("anyOf", free), ("allOf", false), ("oneOf", false)];
    for (name, _) in parts.iter().filter(|(_, skip)| !skip) {
        for (index, part) in list(schema, name).iter().enumerate() {
            nested(part, *name == "allOf" && free_first && index == 0, &format!("{path}.{name}[{index}]"), causes);
        }
    }
    if let Some(not) = object(schema, "not") {
        nested(not, false, &format!("{path}.not"), causes);
    }
    let pattern = text(schema, "pattern");
    if let Err(error) = regex(pattern) {
        let why = format!("must be a valid regular expression, but isn't: {}", regex_fault(pattern, &error));
        causes.push(Cause::invalid(format!("{path}.pattern"), &json!(pattern), why));
    }
}

/// What a combination must not say of a value.
const FORBIDDEN: [(&str, &str); 13] = [
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
];

fn nested(schema: &Value, free: bool, path: &str, causes: &mut Causes) {
    values(schema, free, false, path, causes);
    if let Some(items) = object(schema, "items") {
        nested(items, false, &format!("{path}.items"), causes);
    }
    for (name, schema) in fields(schema, "properties") {
        nested(schema, false, &format!("{path}.properties[{name}]"), causes);
    }
    for (name, why) in FORBIDDEN {
        let empty = [Value::Null, json!(false), json!(""), json!([])];
        let set = |value: &Value| !empty.contains(value) || name == "default" && !value.is_null();
        if schema.get(name).is_some_and(set) {
            causes.push(Cause::forbidden(format!("{path}.{name}"), why));
        }
    }
    if fields(schema, "properties").any(|(name, _)| name == "metadata") {
        causes.push(Cause::forbidden(
            format!("{path}.properties[metadata]"),
            "must not be specified in a nested context",
        ));
    }
}

/// Whatever a combination speaks of has to be declared outside of it.
fn complete(part: &Value, schema: Option<&Value>, schema_path: &str, path: &str, causes: &mut Causes) {
    let mut step = |part: &Value, path: &str| nested_complete(part, schema, schema_path, path, causes);
    if let Some(not) = object(part, "not") {
        step(not, &format!("{path}.not"));
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        for (index, part) in list(part, name).iter().enumerate() {
            step(part, &format!("{path}.{name}[{index}]"));
        }
    }
}

fn nested_complete(part: &Value, schema: Option<&Value>, schema_path: &str, path: &str, causes: &mut Causes) {
    let Some(known) = schema else {
        causes.push(Cause::required(schema_path, &format!("because it is defined in {path}")));
        return;
    };
    complete(part, schema, schema_path, path, causes);
    if let Some(items) = object(part, "items") {
        nested_complete(
            items,
            object(known, "items"),
            &format!("{schema_path}.items"),
            &format!("{path}.items"),
            causes,
        );
    }
    for (name, part) in fields(part, "properties") {
        let below = known.get("properties").and_then(|properties| properties.get(name));
        nested_complete(
            part,
            below,
            &format!("{schema_path}.properties[{name}]"),
            &format!("{path}.properties[{name}]"),
            causes,
        );
    }
}

/// What is around a node.
#[derive(Clone, Copy, Default)]
struct Around {
    root: bool,
    inside_metadata: bool,
    /// Why there may be no defaults.
    no_defaults: Option<&'static str>,
}

/// What can be said of single nodes. What is not supported at all goes to a list of its own.
fn openapi(schema: &Value, path: &str, around: Around, causes: &mut Causes, unsupported: &mut Causes) {
    let at = |part: &str| format!("{path}.{part}");
    let kind = text(schema, "type");
    if kind == "null" {
        causes.push(Cause::forbidden(at("type"), "type cannot be set to null, use nullable as an alternative"));
    }
    if !kind.is_empty() && !TYPES.contains(&kind) {
        causes.push(Cause::not_supported(at("type"), &json!(kind), &TYPES.map(str::to_owned)));
    }
    if let (Some(why), Some(_)) = (around.no_defaults, schema.get("default").filter(|default| !default.is_null())) {
        causes.push(Cause::forbidden(at("default"), format!("must not be set {why}")));
    }
    for name in ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref"] {
        if schema.get(name).is_some_and(|value| !value.is_null()) {
            unsupported.push(Cause::forbidden(at(name), format!("{name} is not supported")));
        }
    }
    if schema.get("items").is_some_and(Value::is_array) {
        unsupported.push(Cause::forbidden(at("items"), "items must be a schema object and not an array"));
    }
    if around.inside_metadata && flag(schema, "x-kubernetes-embedded-resource") {
        causes.push(Cause::forbidden(at("x-kubernetes-embedded-resource"), "must not be used inside of resource meta"));
    }
    if flag(schema, "uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        causes.push(Cause::forbidden(at("uniqueItems"), why));
    }
    if around.root && flag(schema, "nullable") {
        causes.push(Cause::forbidden(at("nullable"), "nullable cannot be true at the root"));
    }
    let below = Around { root: false, ..around };
    if let Some(values) = schema.get("additionalProperties").filter(|values| !values.is_null()) {
        if fields(schema, "properties").next().is_some() && *values != Value::Bool(true) {
            causes.push(Cause::forbidden(
                at("additionalProperties"),
                "additionalProperties and properties are mutual exclusive",
            ));
        }
        let why = around.inside_metadata.then_some("inside additionalProperties applying to object metadata");
        let below = Around { no_defaults: why.or(around.no_defaults), ..below };
        if values.is_object() {
            openapi(values, &at("additionalProperties"), below, causes, unsupported);
        }
    }
    let embedded = around.root || flag(schema, "x-kubernetes-embedded-resource");
    for (name, schema) in fields(schema, "properties") {
        let why = match name.as_str() {
            "metadata" => "in top-level metadata",
            "kind" => "in top-level kind",
            "apiVersion" => "in top-level apiVersion",
            _ => "",
        };
        let meta = embedded && !why.is_empty();
        let no_defaults = if meta && around.root { Some(why) } else { around.no_defaults };
        let below = Around { inside_metadata: around.inside_metadata || meta, no_defaults, ..below };
        openapi(schema, &format!("{path}.properties[{name}]"), below, causes, unsupported);
    }
    for name in ["allOf", "oneOf", "anyOf"] {
        for (index, part) in list(schema, name).iter().enumerate() {
            openapi(part, &format!("{path}.{name}[{index}]"), below, causes, unsupported);
        }
    }
    for name in ["not", "items"] {
        if let Some(part) = object(schema, name) {
            openapi(part, &at(name), below, causes, unsupported);
        }
    }
    if schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(false)) {
        causes.push(Cause::invalid(
            at("x-kubernetes-preserve-unknown-fields"),
            &json!(false),
            "must be true or undefined",
        ));
    }
    lists_and_maps(schema, path, causes);
    for (index, rule) in list(schema, "x-kubernetes-validations").iter().enumerate() {
        rule_texts(rule, &format!("{path}.x-kubernetes-validations[{index}]"), causes);
    }
}

fn lists_and_maps(schema: &Value, path: &str, causes: &mut Causes) {
    let at = |part: &str| format!("{path}.{part}");
    let (kind, list_type, map_type) =
        (text(schema, "type"), text(schema, "x-kubernetes-list-type"), text(schema, "x-kubernetes-map-type"));
    for (name, value, wanted) in [("map", map_type, "object"), ("list", list_type, "array")] {
        let why = format!("must be {wanted} if x-kubernetes-{name}-type is specified");
        if !value.is_empty() && kind.is_empty() {
            causes.push(Cause::required(at("type"), &why));
        } else if !value.is_empty() && kind != wanted {
            causes.push(Cause::invalid(at("type"), &json!(kind), why));
        }
    }
    if !matches!(map_type, "" | "atomic" | "granular") {
        causes.push(Cause::not_supported(
            at("x-kubernetes-map-type"),
            &json!(map_type),
            &["atomic", "granular"].map(str::to_owned),
        ));
    }
    if !matches!(list_type, "" | "atomic" | "set" | "map") {
        causes.push(Cause::not_supported(
            at("x-kubernetes-list-type"),
            &json!(list_type),
            &["atomic", "set", "map"].map(str::to_owned),
        ));
    }
    let keys = list(schema, "x-kubernetes-list-map-keys");
    if !keys.is_empty() && list_type != "map" {
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        let place = at("x-kubernetes-list-type");
        causes.push(if list_type.is_empty() {
            Cause::required(place, why)
        } else {
            Cause::invalid(place, &json!(list_type), why)
        });
    }
    let Some(items) = object(schema, "items") else {
        if list_type == "map" {
            causes.push(Cause::required(at("items"), "must have a schema if x-kubernetes-list-type is map"));
        }
        return;
    };
    let unit = match text(items, "type") {
        "array" if !matches!(text(items, "x-kubernetes-list-type"), "" | "atomic") => Some("x-kubernetes-list-type"),
        "object" if text(items, "x-kubernetes-map-type") != "atomic" => Some("x-kubernetes-map-type"),
        _ => None,
    };
    if let ("set", Some(name)) = (list_type, unit) {
        let shown = items.get("x-kubernetes-list-type").unwrap_or(&Value::Null);
        causes.push(Cause::invalid(
            at(&format!("items.{name}")),
            shown,
            "must be atomic as item of a list with x-kubernetes-list-type=set",
        ));
    }
    if matches!(list_type, "set" | "map") && flag(items, "nullable") {
        let why = format!("cannot be nullable when x-kubernetes-list-type is {list_type}");
        causes.push(Cause::forbidden(at("items.nullable"), why));
    }
    if list_type == "map" {
        map_keys(keys, items, path, causes);
    }
}

/// The fields that tell the items of a list apart.
fn map_keys(keys: &[Value], items: &Value, path: &str, causes: &mut Causes) {
    let at = |part: &str| format!("{path}.{part}");
    if keys.is_empty() {
        causes.push(Cause::required(
            at("x-kubernetes-list-map-keys"),
            "must not be empty if x-kubernetes-list-type is map",
        ));
    }
    if text(items, "type") != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        causes.push(Cause::invalid(at("items.type"), &json!(text(items, "type")), why));
    }
    let mut seen = BTreeSet::new();
    for key in keys.iter().filter_map(Value::as_str) {
        if !seen.insert(key) {
            causes.push(Cause::invalid(
                at("x-kubernetes-list-map-keys"),
                &json!(keys),
                "must not contain duplicate entries",
            ));
        }
        let place = format!("{path}.items.properties[{key}]");
        let Some(field) = items.get("properties").and_then(|properties| properties.get(key)) else {
            let why = "entries must all be names of item properties";
            causes.push(Cause::invalid(at("x-kubernetes-list-map-keys"), &json!(keys), why));
            continue;
        };
        if matches!(text(field, "type"), "array" | "object") {
            let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
            causes.push(Cause::invalid(format!("{place}.type"), &json!(text(items, "type")), why));
        }
        let required = list(items, "required").iter().any(|name| name == key);
        if !required && field.get("default").is_none_or(Value::is_null) {
            let why =
                "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
            causes.push(Cause::required(format!("{place}.default"), why));
        }
        if flag(field, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            causes.push(Cause::forbidden(format!("{place}.nullable"), why));
        }
    }
}

const REASONS: [&str; 4] = ["FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired"];

fn rule_texts(rule: &Value, path: &str, causes: &mut Causes) {
    let (source, message) = (text(rule, "rule").trim(), text(rule, "message"));
    let lines = |text: &str| text.contains(['\n', '\r']);
    let at = |part: &str| format!("{path}.{part}");
    if source.is_empty() {
        causes.push(Cause::required(at("rule"), "rule is not specified"));
    } else if !message.is_empty() && message.trim().is_empty() {
        causes.push(Cause::invalid(at("message"), &json!(message), "must be non-empty if specified"));
    } else if lines(message.trim()) {
        causes.push(Cause::invalid(at("message"), &json!(message), "must not contain line breaks"));
    } else if lines(source) && message.is_empty() {
        causes.push(Cause::required(at("message"), "message must be specified if rule contains line breaks"));
    }
    let expression = text(rule, "messageExpression");
    if !expression.is_empty() && expression.trim().is_empty() {
        causes.push(Cause::required(at("messageExpression"), "messageExpression must be non-empty if specified"));
    }
    let reason = text(rule, "reason");
    if !reason.is_empty() && !REASONS.contains(&reason) {
        causes.push(Cause::not_supported(at("reason"), &json!(reason), &REASONS.map(str::to_owned)));
    }
}
