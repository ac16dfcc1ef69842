//! `metadata`: what writers may say, and what only the server says.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::kubernetes::kinds::Kind;
use crate::kubernetes::rules::{self, names};
use crate::kubernetes::status::{Cause, Causes, Status};
use crate::kubernetes::store::{Key, Object};

/// The longest part of a generated name that a writer chooses.
const LONGEST_BASE: usize = 58;
/// The most bytes that all annotations may have together.
const MOST_ANNOTATIONS: usize = 262_144;

fn text<'a>(object: &'a Value, field: &str) -> &'a str {
    object.get("metadata").and_then(|metadata| metadata.get(field)).and_then(Value::as_str).unwrap_or_default()
}

pub(crate) fn name(object: &Value) -> &str {
    text(object, "name")
}

pub(crate) fn version(object: &Value) -> &str {
    text(object, "resourceVersion")
}

pub(crate) fn key(object: &Value) -> Key {
    let namespace = text(object, "namespace");
    Key::new((!namespace.is_empty()).then_some(namespace), name(object))
}

/// A time as it stands in metadata: whole seconds.
pub(crate) fn time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn fields(object: &mut Value) -> Option<&mut Map<String, Value>> {
    let object = object.as_object_mut()?;
    let metadata = object.entry("metadata").or_insert_with(|| json!({}));
    if !metadata.is_object() {
        *metadata = json!({});
    }
    metadata.as_object_mut()
}

/// Puts the object where the path says, and refuses one that says something else.
pub(crate) fn place(object: &mut Value, namespace: Option<&str>, name: Option<&str>) -> Result<(), Status> {
    let (own_namespace, own_name) = (text(object, "namespace").to_owned(), text(object, "name").to_owned());
    if let Some(name) = name {
        if own_name.is_empty() {
            return Err(Status::bad_request(format!(
                "the name of the object ({name} based on URL) was undeterminable: name must be provided"
            )));
        }
        if own_name != name {
            return Err(Status::bad_request(format!(
                "the name of the object ({own_name}) does not match the name on the URL ({name})"
            )));
        }
    }
    if !own_namespace.is_empty() && Some(own_namespace.as_str()) != namespace {
        return Err(Status::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    if let (Some(namespace), Some(fields)) = (namespace, fields(object)) {
        fields.insert("namespace".to_owned(), json!(namespace));
    }
    Ok(())
}

/// Makes a name from `generateName`, if there is none. Says whether it did.
pub(crate) fn generate_name(object: &mut Value, suffix: impl FnOnce() -> String) -> bool {
    let base: String = text(object, "generateName").chars().take(LONGEST_BASE).collect();
    if !name(object).is_empty() || base.is_empty() {
        return false;
    }
    if let Some(fields) = fields(object) {
        fields.insert("name".to_owned(), json!(format!("{base}{}", suffix())));
    }
    true
}

/// # Errors
///
/// 409 if the object that is to be replaced is another one than the writer means.
pub(crate) fn check_uid(kind: &Kind, object: &Value, live: &Object) -> Result<(), Status> {
    let uid = text(object, "uid");
    if uid.is_empty() || *uid == *live.meta.uid {
        return Ok(());
    }
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: {}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
        rules::registry_key(kind, &live.meta.key),
        live.meta.uid
    );
    Err(Status::conflict(&kind.group, &kind.plural, name(object), why))
}

/// Whether the object names the version it is meant for.
///
/// # Errors
///
/// 409 if it is not the live one, 422 if there has to be one and is none, 500 for one that is no number.
pub(crate) fn check_version(kind: &Kind, object: &Value, live: &Object) -> Result<bool, Status> {
    match version(object) {
        "" | "0" if rules::needs_version(kind) => {
            let cause = Cause::invalid("metadata.resourceVersion", &json!(0), "must be specified for an update");
            // The real server, too, names the resource where others name the kind.
            Err(Status::invalid(&kind.group, &kind.plural, name(object), vec![cause]))
        }
        "" | "0" => Ok(false),
        version => match version.parse::<u64>() {
            Ok(version) if version == live.meta.revision => Ok(true),
            Ok(_) => Err(Status::modified(&kind.group, &kind.plural, name(object))),
            Err(_) => {
                let message = format!("strconv.ParseUint: parsing {version:?}: invalid syntax");
                Err(Status::new(500, "", message))
            }
        },
    }
}

/// # Errors
///
/// 500, as on a real server, if a new object claims to have a version.
pub(crate) fn check_new(object: &Value) -> Result<(), Status> {
    match version(object).parse::<u64>() {
        Ok(0) | Err(_) => Ok(()),
        Ok(_) => Err(Status::new(500, "", "resourceVersion should not be set on objects to be created")),
    }
}

/// An apply that would create an object must not say which version it is meant for.
pub(crate) fn forget_version_of_created(object: &Value, kind: &Kind, name: &str) -> Result<(), Status> {
    if version(object).is_empty() && text(object, "uid").is_empty() {
        return Ok(());
    }
    Err(Status::modified(&kind.group, &kind.plural, name))
}

/// Sets what only the server says: from the live object, or anew.
pub(crate) fn keep_server_fields(
    object: &mut Value,
    live: Option<&Value>,
    now: Timestamp,
    uid: impl FnOnce() -> String,
) {
    let Some(fields) = fields(object) else { return };
    fields.remove("selfLink");
    let Some(live) = live else {
        fields.insert("uid".to_owned(), json!(uid()));
        fields.insert("creationTimestamp".to_owned(), json!(time(now)));
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"] {
            fields.remove(field);
        }
        return;
    };
    let kept = [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "namespace",
        "resourceVersion",
    ];
    for field in kept {
        match live.pointer(&format!("/metadata/{field}")) {
            Some(value) => fields.insert(field.to_owned(), value.clone()),
            None => fields.remove(field),
        };
    }
}

/// Whether the object was being deleted and nothing holds it any longer.
pub(crate) fn is_finished(object: &Value) -> bool {
    let metadata = &object["metadata"];
    let waits = metadata["deletionGracePeriodSeconds"].as_i64().unwrap_or(0) > 0;
    metadata.get("deletionTimestamp").is_some()
        && !waits
        && metadata["finalizers"].as_array().is_none_or(Vec::is_empty)
        && object.pointer("/spec/finalizers").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// What a writer would change of that which only the server sets. What is left out stays.
pub(crate) fn check_kept(object: &Value, live: &Value) -> Causes {
    let (sent, kept) = (&object["metadata"], &live["metadata"]);
    let marked = !kept["deletionTimestamp"].is_null();
    let moved = |field: &str| !sent[field].is_null() && sent[field] != json!("") && sent[field] != kept[field];
    let fields = [("uid", moved("uid")), ("deletionTimestamp", !marked && moved("deletionTimestamp"))];
    let fields = fields.into_iter().chain([("deletionGracePeriodSeconds", moved("deletionGracePeriodSeconds"))]);
    let fields = fields.filter(|(_, moved)| *moved).map(|(field, _)| field);
    fields.map(|field| Cause::invalid(format!("metadata.{field}"), &sent[field], "field is immutable")).collect()
}

/// Checks what every kind's metadata has to fulfil. `moved` is what [`check_kept`] has found.
pub(crate) fn check(kind: &Kind, object: &Value, live: Option<&Value>, moved: Causes) -> Causes {
    let mut causes = check_alone(kind, object, live.is_none());
    if let Some(live) = live {
        causes.extend(check_added_finalizers(&object["metadata"], live));
        causes.extend(moved);
        // Like the real server, which looks at changed metadata for all kinds and for each kind again.
        causes.extend(causes.clone());
    }
    causes
}

fn check_alone(kind: &Kind, object: &Value, new: bool) -> Causes {
    let mut causes = Causes::new();
    let name = name(object);
    let generate = text(object, "generateName");
    if !generate.is_empty() {
        let faults = names::check_prefix(kind, generate).into_iter();
        causes.extend(faults.map(|why| Cause::invalid("metadata.generateName", &json!(generate), why)));
    }
    if name.is_empty() {
        causes.push(Cause::required("metadata.name", "name or generateName is required"));
    } else if new {
        let faults = names::check(kind, name).into_iter();
        causes.extend(faults.map(|why| Cause::invalid("metadata.name", &json!(name), why)));
    }
    let metadata = &object["metadata"];
    check_labels(&metadata["labels"], "metadata.labels", &mut causes);
    check_annotations(&metadata["annotations"], &mut causes);
    check_owners(&metadata["ownerReferences"], &mut causes);
    check_finalizers(kind, metadata, &mut causes);
    causes
}

pub(crate) fn check_labels(labels: &Value, field: &str, causes: &mut Causes) {
    for (key, value) in labels.as_object().into_iter().flatten() {
        causes.extend(names::check_qualified(key).map(|why| Cause::invalid(field, &json!(key), why)));
        let value = value.as_str().unwrap_or_default();
        causes.extend(names::check_label_value(value).map(|why| Cause::invalid(field, &json!(value), why)));
    }
}

fn check_annotations(annotations: &Value, causes: &mut Causes) {
    let field = "metadata.annotations";
    let mut size = 0;
    for (key, value) in annotations.as_object().into_iter().flatten() {
        let why = names::check_qualified(&key.to_lowercase());
        causes.extend(why.map(|why| Cause::invalid(field, &json!(key), why)));
        size += key.len() + value.as_str().map_or(0, str::len);
    }
    if size > MOST_ANNOTATIONS {
        causes.push(Cause::too_long(field, MOST_ANNOTATIONS));
    }
}

fn check_owners(owners: &Value, causes: &mut Causes) {
    let owners: &[Value] = owners.as_array().map_or(&[], Vec::as_slice);
    let path = "metadata.ownerReferences";
    let mut controller: Option<String> = None;
    for owner in owners {
        let text = |field: &str| owner[field].as_str().unwrap_or_default();
        let version = text("apiVersion");
        let no_version = version.is_empty() || version.ends_with('/') || version.matches('/').count() > 1;
        if no_version {
            causes.push(Cause::invalid(format!("{path}.apiVersion"), &json!(version), "version must not be empty"));
        }
        for field in ["kind", "name", "uid"].into_iter().filter(|field| text(field).is_empty()) {
            causes.push(Cause::invalid(format!("{path}.{field}"), &json!(""), "must not be empty"));
        }
        if (version, text("kind")) == ("v1", "Event") {
            let why = "/v1, Kind=Event is disallowed from being an owner";
            causes.push(Cause::invalid_as(path, &shown_owner(owner), why));
        }
        if owner["controller"] == json!(true) {
            let name = format!("{}/{}", text("kind"), text("name"));
            match &controller {
                None => controller = Some(name),
                Some(first) => {
                    let why = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {name}"
                    );
                    let list = owners.iter().map(shown_owner).collect::<Vec<_>>().join(",");
                    causes.push(Cause::invalid_as(path, &format!("[{list}]"), why));
                }
            }
        }
    }
}

/// A reference as the real server prints it: with its fields in their own order.
fn shown_owner(owner: &Value) -> String {
    let fields = ["apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion"];
    let fields = fields.into_iter().filter_map(|field| Some((field, owner.get(field)?)));
    let fields: Vec<_> = fields.map(|(field, value)| format!("\"{field}\":{value}")).collect();
    format!("{{{}}}", fields.join(","))
}

fn finalizers(metadata: &Value) -> Vec<&str> {
    metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn check_finalizers(kind: &Kind, metadata: &Value, causes: &mut Causes) {
    // The domain is asked for by the older checks, which custom resources and their definitions do not go through.
    let domain = !kind.custom && &*kind.group != "apiextensions.k8s.io";
    for (index, finalizer) in finalizers(metadata).into_iter().enumerate() {
        match names::check_qualified(finalizer) {
            Some(why) => causes.push(Cause::invalid("metadata.finalizers", &json!(finalizer), why)),
            None if domain && !finalizer.contains('/') && !names::is_standard_finalizer(finalizer) => {
                let why = "name is neither a standard finalizer name nor is it fully qualified";
                causes.push(Cause::invalid(format!("metadata.finalizers[{index}]"), &json!(finalizer), why));
            }
            None => {}
        }
    }
}

/// An object that is being deleted waits for nothing more than it did.
fn check_added_finalizers(metadata: &Value, live: &Value) -> Option<Cause> {
    live.pointer("/metadata/deletionTimestamp")?;
    let before = finalizers(&live["metadata"]);
    let mut new: Vec<_> = finalizers(metadata).into_iter().filter(|finalizer| !before.contains(finalizer)).collect();
    new.sort_unstable();
    if new.is_empty() {
        return None;
    }
    let list = new.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let why = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{list}}}"
    );
    Some(Cause::forbidden("metadata.finalizers", why))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(json!({}), &[])]
    #[case(json!({ "uid": "u", "creationTimestamp": "2001-01-01T00:00:00Z" }), &[])]
    #[case(json!({ "uid": "z" }), &["metadata.uid"])]
    #[case(json!({ "deletionTimestamp": null, "deletionGracePeriodSeconds": null }), &[])]
    #[case(json!({ "deletionTimestamp": "2001-01-01T00:00:00Z" }), &["metadata.deletionTimestamp"])]
    #[case(json!({ "deletionGracePeriodSeconds": 7 }), &["metadata.deletionGracePeriodSeconds"])]
    fn what_the_server_sets_stays(#[case] sent: Value, #[case] fields: &[&str]) {
        let live = json!({ "metadata": { "uid": "u" } });
        let found = check_kept(&json!({ "metadata": sent }), &live);
        assert_eq!(found.iter().map(|cause| &*cause.field).collect::<Vec<_>>(), fields);
        let marked = json!({ "metadata": { "uid": "u", "deletionTimestamp": "2026-01-01T00:00:00Z" } });
        let found = check_kept(&json!({ "metadata": { "deletionTimestamp": "2001-01-01T00:00:00Z" } }), &marked);
        assert!(found.is_empty(), "the mark stays as it is, whatever is sent");
    }

    #[rstest]
    #[case("", Ok(()))]
    #[case("0", Ok(()))]
    #[case("abc", Ok(()))]
    #[case("1", Err(500))]
    fn a_new_object_has_no_version(#[case] version: &str, #[case] expected: Result<(), u16>) {
        let object = json!({ "metadata": { "resourceVersion": version } });
        assert_eq!(check_new(&object).map_err(|status| status.code), expected);
    }

    #[rstest]
    #[case(json!([{ "apiVersion": "v1", "kind": "Pod", "name": "a", "uid": "u" }]), &[])]
    #[case(json!([{ "apiVersion": "a/b/c", "kind": "Pod", "name": "a", "uid": "u" }]), &["metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty"])]
    #[case(json!([{ "apiVersion": "v1", "kind": "", "name": "a" }]), &["metadata.ownerReferences.kind: Invalid value: \"\": must not be empty", "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty"])]
    #[case(json!([{ "apiVersion": "events.k8s.io/v1", "kind": "Event", "name": "a", "uid": "u" }]), &[])]
    #[case(json!([{ "uid": "u", "name": "a", "kind": "Event", "apiVersion": "v1", "blockOwnerDeletion": true }]), &[r#"metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"a","uid":"u","blockOwnerDeletion":true}: /v1, Kind=Event is disallowed from being an owner"#])]
    fn owners_are_named_in_full(#[case] owners: Value, #[case] expected: &[&str]) {
        let mut causes = Causes::new();
        check_owners(&owners, &mut causes);
        assert_eq!(causes.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    }
}
