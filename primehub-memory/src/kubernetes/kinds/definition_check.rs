//! What is wrong with a definition of custom resources, in the words of the real server.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::kubernetes::schema::{rules, structural};
use crate::kubernetes::status::{Cause, Causes};
use rules::{fields, flag, list, text};

/// What is wrong with a definition whose status is that of the server.
pub(crate) fn check(definition: &Value, live: Option<&Value>) -> Causes {
    let mut causes = Causes::new();
    let spec = &definition["spec"];
    let (group, plural) = (text(spec, "group"), text(&spec["names"], "plural"));
    let name = text(&definition["metadata"], "name");
    if live.is_none() && name != format!("{plural}.{group}") {
        causes.push(Cause::invalid("metadata.name", &json!(name), r#"must be spec.names.plural+"."+spec.group"#));
    }
    if group.is_empty() {
        causes.push(Cause::required("spec.group", ""));
    } else if !is_subdomain(group) {
        causes.push(Cause::invalid("spec.group", &json!(group), SUBDOMAIN));
    } else if !group.contains('.') {
        causes.push(Cause::invalid("spec.group", &json!(group), "should be a domain with at least one dot"));
    }
    match text(spec, "scope") {
        "Cluster" | "Namespaced" => {}
        "" => causes.push(Cause::required("spec.scope", "")),
        other => causes.push(Cause::not_supported(
            "spec.scope",
            &json!(other),
            &["Cluster", "Namespaced"].map(str::to_owned),
        )),
    }
    versions(spec, &mut causes);
    for field in ["plural", "singular", "kind", "listKind"] {
        if text(&spec["names"], field).is_empty() {
            causes.push(Cause::required(format!("spec.names.{field}"), ""));
        }
    }
    names(&spec["names"], &mut causes);
    match text(&spec["conversion"], "strategy") {
        "None" | "Webhook" => {}
        "" => causes.push(Cause::required("spec.conversion.strategy", "")),
        other => causes.push(Cause::not_supported(
            "spec.conversion.strategy",
            &json!(other),
            &["None", "Webhook"].map(str::to_owned),
        )),
    }
    if flag(spec, "preserveUnknownFields") {
        let why =
            "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        causes.push(Cause::invalid("spec.preserveUnknownFields", &json!(true), why));
    }
    stored_versions(definition, &mut causes);
    let protected = ["k8s.io", "kubernetes.io"].iter().any(|end| group == *end || group.ends_with(&format!(".{end}")));
    let approval = definition.pointer("/metadata/annotations/api-approved.kubernetes.io");
    if protected && live.is_none() && approval.is_none() {
        let why = "protected groups must have approval annotation \"api-approved.kubernetes.io\", see https://github.com/kubernetes/enhancements/pull/1111";
        causes.push(Cause::required("metadata.annotations[api-approved.kubernetes.io]", why));
    }
    if let Some(live) = live {
        unchanged(spec, live, &mut causes);
    }
    causes
}

fn unchanged(spec: &Value, live: &Value, causes: &mut Causes) {
    let conditions = live.pointer("/status/conditions").and_then(Value::as_array);
    let established = conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True");
    let once_served = [("scope", "/scope"), ("names.kind", "/names/kind")];
    let always = [("group", "/group"), ("names.plural", "/names/plural")];
    for (field, pointer) in once_served.into_iter().filter(|_| established).chain(always) {
        let (new, old) = (spec.pointer(pointer), live["spec"].pointer(pointer));
        if new != old {
            causes.push(Cause::invalid(format!("spec.{field}"), new.unwrap_or(&Value::Null), "field is immutable"));
        }
    }
}

fn stored_versions(definition: &Value, causes: &mut Causes) {
    let stored = list(&definition["status"], "storedVersions");
    let versions = list(&definition["spec"], "versions");
    if stored.is_empty() {
        causes.push(Cause::invalid("status.storedVersions", &Value::Null, "must have at least one stored version"));
        return;
    }
    for version in versions.iter().filter(|version| flag(version, "storage") && !stored.contains(&version["name"])) {
        let why = format!("must have the storage version {}", text(version, "name"));
        causes.push(Cause::invalid("status.storedVersions", &json!(stored), why));
    }
    for (index, name) in stored.iter().enumerate() {
        if !versions.iter().any(|version| version["name"] == *name) {
            let shown = name.as_str().unwrap_or_default();
            let why = format!(
                "missing from spec.versions; {shown} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {shown} and removes {shown} from status.storedVersions"
            );
            causes.push(Cause::invalid(format!("status.storedVersions[{index}]"), name, why));
        }
    }
}

fn names(names: &Value, causes: &mut Causes) {
    let at = |field: &str| format!("spec.names.{field}");
    for field in ["plural", "singular"] {
        let name = text(names, field);
        if !name.is_empty() && !is_label(name) {
            causes.push(Cause::invalid(at(field), &json!(name), LABEL));
        }
    }
    for field in ["kind", "listKind"] {
        let name = text(names, field);
        if !name.is_empty() && !is_label(&name.to_lowercase()) {
            let why = format!("may have mixed case, but should otherwise match: {LABEL}");
            causes.push(Cause::invalid(at(field), &json!(name), why));
        }
    }
    for field in ["shortNames", "categories"] {
        for (index, name) in list(names, field).iter().enumerate() {
            if !name.as_str().is_some_and(is_label) {
                causes.push(Cause::invalid(format!("spec.names.{field}[{index}]"), name, LABEL));
            }
        }
    }
    let kind = text(names, "kind");
    if !kind.is_empty() && kind == text(names, "listKind") {
        causes.push(Cause::invalid(at("listKind"), &json!(kind), "kind and listKind may not be the same"));
    }
}

fn versions(spec: &Value, causes: &mut Causes) {
    let versions = list(spec, "versions");
    let mut seen = BTreeSet::new();
    let mut unique = true;
    for (index, version) in versions.iter().enumerate() {
        let name = text(version, "name");
        unique &= seen.insert(name);
        if !is_label(name) {
            causes.push(Cause::invalid(format!("spec.versions[{index}].name"), &json!(name), LABEL));
        }
        // What all versions have in common stands at the definition itself, to the real server.
        let place = |field: &str, common: &str| {
            let first = versions.first().and_then(|first| first.get(field));
            let shared = version.get(field).is_some() && versions.iter().all(|version| version.get(field) == first);
            match (shared, index) {
                (false, _) => Some(format!("spec.versions[{index}].{field}")),
                (true, 0) => Some(format!("spec.{common}")),
                (true, _) => None,
            }
        };
        if version.get("deprecationWarning").is_some_and(|warning| !warning.is_null()) && !flag(version, "deprecated") {
            let why = "can only be set for deprecated versions";
            causes.push(Cause::invalid(
                format!("spec.versions[{index}].deprecationWarning"),
                &version["deprecationWarning"],
                why,
            ));
        }
        match version.pointer("/schema/openAPIV3Schema").filter(|schema| schema.is_object()) {
            None => causes.push(Cause::required(format!("spec.versions[{index}].schema.openAPIV3Schema"), "")),
            Some(schema) => {
                if let Some(path) = place("schema", "validation") {
                    let path = format!("{path}.openAPIV3Schema");
                    let has_status = version.pointer("/subresources/status").is_some_and(|status| !status.is_null());
                    root_keywords(schema, &path, has_status, causes);
                    causes.extend(structural::compile(schema, &path).err().unwrap_or_default());
                }
                if let Some(path) = place("selectableFields", "selectableFields") {
                    selectable(list(version, "selectableFields"), schema, &path, causes);
                }
            }
        }
        if let Some(path) = place("subresources", "subresources") {
            scale(&version["subresources"]["scale"], &path, causes);
        }
        if let Some(path) = place("additionalPrinterColumns", "additionalPrinterColumns") {
            for (index, column) in list(version, "additionalPrinterColumns").iter().enumerate() {
                self::column(column, &format!("{path}[{index}]"), causes);
            }
        }
    }
    if !unique {
        causes.push(Cause::invalid("spec.versions", &json!(versions), "must contain unique version names"));
    }
    if versions.iter().filter(|version| flag(version, "storage")).count() != 1 {
        causes.push(Cause::invalid(
            "spec.versions",
            &json!(versions),
            "must have exactly one version marked as storage version",
        ));
    }
}

/// With a status of its own, the root of a schema may not say more than this.
fn root_keywords(schema: &Value, path: &str, has_status: bool, causes: &mut Causes) {
    const ALLOWED: [&str; 22] = [
        "Description",
        "Type",
        "Format",
        "Title",
        "Maximum",
        "ExclusiveMaximum",
        "Minimum",
        "ExclusiveMinimum",
        "MaxLength",
        "MinLength",
        "Pattern",
        "MaxItems",
        "MinItems",
        "UniqueItems",
        "MultipleOf",
        "Required",
        "Items",
        "Properties",
        "ExternalDocs",
        "Example",
        "XPreserveUnknownFields",
        "XValidations",
    ];
    let known = |keyword: &str| match keyword {
        "x-kubernetes-preserve-unknown-fields" | "x-kubernetes-validations" => true,
        keyword => ALLOWED.iter().any(|allowed| allowed.eq_ignore_ascii_case(keyword)),
    };
    let empty = |value: &Value| value.is_null() || *value == json!(false) || *value == json!("");
    let other = schema.as_object().into_iter().flatten().any(|(keyword, value)| !known(keyword) && !empty(value));
    if has_status && other {
        let why = format!(
            "only [{}] fields are allowed at the root of the schema if the status subresource is enabled",
            ALLOWED.join(" ")
        );
        causes.push(Cause::invalid(path, schema, why));
    }
}

fn column(column: &Value, path: &str, causes: &mut Causes) {
    const TYPES: [&str; 5] = ["boolean", "date", "integer", "number", "string"];
    const FORMATS: [&str; 8] = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    let one_of = |names: &[&str]| format!("must be one of {}", names.join(","));
    if text(column, "name").is_empty() {
        causes.push(Cause::required(format!("{path}.name"), ""));
    }
    match text(column, "type") {
        "" => causes.push(Cause::required(format!("{path}.type"), &one_of(&TYPES))),
        kind if !TYPES.contains(&kind) => {
            causes.push(Cause::invalid(format!("{path}.type"), &json!(kind), one_of(&TYPES)));
        }
        _ => {}
    }
    let format = text(column, "format");
    if !format.is_empty() && !FORMATS.contains(&format) {
        causes.push(Cause::invalid(format!("{path}.format"), &json!(format), one_of(&FORMATS)));
    }
    json_path(text(column, "jsonPath"), &format!("{path}.JSONPath"), &[], "", causes);
}

fn scale(scale: &Value, path: &str, causes: &mut Causes) {
    if !scale.is_object() {
        return;
    }
    let at = |field: &str| format!("{path}.scale.{field}");
    json_path(
        text(scale, "specReplicasPath"),
        &at("specReplicasPath"),
        &[".spec."],
        "should be a json path under .spec",
        causes,
    );
    json_path(
        text(scale, "statusReplicasPath"),
        &at("statusReplicasPath"),
        &[".status."],
        "should be a json path under .status",
        causes,
    );
    let selector = text(scale, "labelSelectorPath");
    if !selector.is_empty() {
        let why = "should be a json path under either .spec or .status";
        json_path(selector, &at("labelSelectorPath"), &[".spec.", ".status."], why, causes);
    }
}

fn json_path(value: &str, path: &str, beginnings: &[&str], why: &str, causes: &mut Causes) {
    if value.is_empty() {
        causes.push(Cause::required(path, ""));
    } else if !value.starts_with('.') {
        causes.push(Cause::invalid(path, &json!(value), "must be a simple json path starting with ."));
    } else if !beginnings.is_empty() && !beginnings.iter().any(|beginning| value.starts_with(beginning)) {
        causes.push(Cause::invalid(path, &json!(value), why));
    }
}

fn selectable(list: &[Value], schema: &Value, path: &str, causes: &mut Causes) {
    let mut seen = BTreeSet::new();
    for (index, field) in list.iter().enumerate() {
        let value = text(field, "jsonPath");
        let place = format!("{path}[{index}].jsonPath");
        let refuse = |why: &str| Cause::invalid(place.as_str(), &json!(value), why);
        if value.is_empty() {
            causes.push(Cause::required(&*place, ""));
            continue;
        }
        match declared(schema, value) {
            Err(why) => {
                causes.push(refuse(&format!("is an invalid path: {why}")));
                continue;
            }
            Ok(found) => {
                if value == ".metadata" || value.starts_with(".metadata.") {
                    causes.push(refuse("must not point to fields in metadata"));
                }
                if !matches!(text(found, "type"), "string" | "boolean" | "integer") {
                    let why = "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
                    causes.push(refuse(why));
                }
            }
        }
        if !seen.insert(value) {
            causes.push(Cause::duplicate(&*place, &json!(value)));
        }
    }
    if seen.len() > 8 {
        causes.push(Cause::too_many(path, seen.len(), 8));
    }
}

/// The schema that a path of plain fields leads to.
fn declared<'a>(mut schema: &'a Value, path: &str) -> Result<&'a Value, String> {
    let Some(rest) = path.strip_prefix('.') else {
        return Err(format!("expected [ or . but got: {}", path.split(['.', '[']).next().unwrap_or(path)));
    };
    if path.contains('[') {
        return Err("array notation is not allowed".to_owned());
    }
    for name in rest.split('.') {
        if name.is_empty() {
            return Err("unexpected end of JSON path".to_owned());
        }
        let invalid = || "does not refer to a valid field".to_owned();
        let child = if fields(schema, "properties").next().is_some() {
            schema["properties"].get(name)
        } else {
            schema.get("additionalProperties").filter(|values| values.is_object())
        };
        schema = child.ok_or_else(invalid)?;
    }
    Ok(schema)
}

fn is_label(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.len() <= 63
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(inner)
        && !name.ends_with('-')
}

fn is_subdomain(name: &str) -> bool {
    let part = |part: &str| {
        let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !part.is_empty() && part.bytes().all(inner) && !part.starts_with('-') && !part.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(part)
}

const LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

const SUBDOMAIN: &str = r"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
