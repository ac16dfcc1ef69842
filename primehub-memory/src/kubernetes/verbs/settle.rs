//! The steps between what a writer wants and what is stored: pure, but for names and addresses that the server hands out.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::metadata;
use crate::kubernetes::kinds::{Generation, Kind};
use crate::kubernetes::ownership::{self, Manager, Operation};
use crate::kubernetes::rules;
use crate::kubernetes::schema::{default, prune, validate};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Causes, Status};

/// What surrounds a write.
pub(crate) struct Place<'a> {
    pub(crate) kind: &'a Kind,
    /// Only the status is written.
    pub(crate) status: bool,
    pub(crate) live: Option<&'a Value>,
    /// The object comes from a server-side apply and has its managed fields already.
    pub(crate) applied: bool,
    pub(crate) manager: &'a str,
    /// The part of the object that is written, as managed fields name it; empty for the whole.
    pub(crate) subresource: &'a str,
    pub(crate) now: Timestamp,
}

/// What is to be stored.
pub(crate) struct Settled {
    pub(crate) object: Value,
    /// `unknown field "spec.foo"`.
    pub(crate) complaints: Vec<String>,
    pub(crate) outcome: Outcome,
}

/// What a write comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Changed,
    /// The object is what it was.
    Unchanged,
    /// Nothing holds the object any longer: it was being deleted, and its last finalizer is gone.
    Finished,
}

pub(crate) fn settle(server: &ApiServer, place: &Place<'_>, mut object: Value) -> Result<Settled, Status> {
    let Place { kind, live, .. } = *place;
    let complaints =
        prune(&kind.schema, &mut object).into_iter().map(|path| format!("unknown field {path:?}")).collect();
    default(&kind.schema, &mut object);
    rules::default(kind, &mut object);
    let moved = live.filter(|_| !place.status).map(|live| metadata::check_kept(&object, live)).unwrap_or_default();
    metadata::keep_server_fields(&mut object, live, place.now, || server.new_uid());
    match (live, place.status) {
        (Some(live), true) => keep_all_but_status(&mut object, live),
        (Some(live), false) if kind.has_status() => keep_field(&mut object, live, "status"),
        (None, _) if kind.has_status() => {
            object.as_object_mut().map(|fields| fields.remove("status"));
        }
        _ => {}
    }
    if !place.applied {
        let manager = Manager {
            name: place.manager,
            operation: Operation::Update,
            api_version: &kind.api_version(),
            subresource: place.subresource,
            time: &metadata::time(place.now),
        };
        ownership::update(kind, live, &mut object, &manager);
    }
    rules::prepare(server, kind, &mut object, live, place.status)?;
    set_generation(kind, &mut object, live);

    let mut causes = metadata::check(kind, &object, live, moved);
    causes.extend(rules::check(kind, &object, live, place.status));
    if kind.custom {
        causes.extend(validate(&kind.schema, &object, live).into_iter().map(|cause| relative(cause, place.status)));
    }
    refuse(kind, &object, causes)?;

    let outcome = match live {
        Some(live) if same(live, &object) => Outcome::Unchanged,
        Some(_) if metadata::is_finished(&object) => Outcome::Finished,
        _ => Outcome::Changed,
    };
    Ok(Settled { object, complaints, outcome })
}

fn refuse(kind: &Kind, object: &Value, causes: Causes) -> Result<(), Status> {
    if causes.is_empty() {
        return Ok(());
    }
    Err(Status::invalid(&kind.group, &kind.kind, metadata::name(object), causes))
}

/// Values of a status that is written alone are named from there, while their fields are named in full: as by the real server.
fn relative(mut cause: Cause, status: bool) -> Cause {
    if status && cause.message.contains(" in body ") {
        cause.message = cause.message.replacen("status.", "", 1);
    }
    cause
}

/// Takes `field` from the live object.
fn keep_field(object: &mut Value, live: &Value, field: &str) {
    let Some(fields) = object.as_object_mut() else { return };
    match live.get(field) {
        Some(value) => fields.insert(field.to_owned(), value.clone()),
        None => fields.remove(field),
    };
}

/// A write of the status leaves everything else as it is, but for the managed fields.
fn keep_all_but_status(object: &mut Value, live: &Value) {
    let status = object.get_mut("status").map(Value::take);
    let managed = object.pointer_mut("/metadata/managedFields").map(Value::take);
    *object = live.clone();
    if let Some(fields) = object.as_object_mut() {
        match status {
            Some(status) => fields.insert("status".to_owned(), status),
            None => fields.remove("status"),
        };
    }
    if let (Some(managed), Some(metadata)) = (managed, object.get_mut("metadata").and_then(Value::as_object_mut)) {
        metadata.insert("managedFields".to_owned(), managed);
    }
}

/// Sets `metadata.generation`: 1 at the beginning, one more with each change of what is wanted.
fn set_generation(kind: &Kind, object: &mut Value, live: Option<&Value>) {
    let generation = match (kind.generation, live) {
        (Generation::Never, _) => return,
        (_, None) => 1,
        (rule, Some(live)) => {
            let before = live.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or(0);
            let deleted_now = live.pointer("/metadata/deletionTimestamp").is_none()
                && object.pointer("/metadata/deletionTimestamp").is_some();
            let changed = match rule {
                Generation::Never => false,
                Generation::Spec => live.get("spec") != object.get("spec"),
                Generation::SpecAndAnnotations => {
                    live.get("spec") != object.get("spec") || annotations(live) != annotations(object)
                }
                Generation::Content => wanted(kind, live) != wanted(kind, object),
            };
            if changed || deleted_now { before + 1 } else { before }
        }
    };
    if generation > 0
        && let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut)
    {
        metadata.insert("generation".to_owned(), json!(generation));
    }
}

fn annotations(object: &Value) -> Option<&serde_json::Map<String, Value>> {
    object.pointer("/metadata/annotations")?.as_object().filter(|annotations| !annotations.is_empty())
}

/// Everything but metadata and, where it is written apart, status.
fn wanted<'a>(kind: &Kind, object: &'a Value) -> Vec<(&'a String, &'a Value)> {
    let apart = kind.has_status();
    let fields = object.as_object().into_iter().flatten();
    fields.filter(|(name, _)| *name != "metadata" && !(apart && *name == "status")).collect()
}

/// Whether nothing has changed but times of managed fields.
fn same(live: &Value, object: &Value) -> bool {
    fn without<'a>(object: &'a Value, name: &str) -> Vec<(&'a String, &'a Value)> {
        let fields = object.get("metadata").and_then(Value::as_object).into_iter().flatten();
        fields.filter(|(key, _)| *key != name && *key != "resourceVersion").collect()
    }
    fn rest(object: &Value) -> Vec<(&String, &Value)> {
        object.as_object().into_iter().flatten().filter(|(name, _)| *name != "metadata").collect()
    }
    rest(live) == rest(object)
        && without(live, "managedFields") == without(object, "managedFields")
        && ownership::same_but_times(live, object)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds::{self, Kinds};

    #[rstest]
    #[case("apps", "deployments", json!({ "spec": { "paused": true } }), 4)]
    #[case("apps", "deployments", json!({ "metadata": { "annotations": { "a": "c" } } }), 4)]
    #[case("apps", "deployments", json!({ "metadata": { "labels": { "a": "c" } } }), 3)]
    #[case("apps", "statefulsets", json!({ "metadata": { "annotations": { "a": "c" } } }), 3)]
    #[case("apps", "statefulsets", json!({ "status": { "replicas": 1 } }), 3)]
    fn the_generation_counts_what_is_wanted(
        #[case] group: &str,
        #[case] resource: &str,
        #[case] change: Value,
        #[case] expected: i64,
    ) {
        let kinds = Kinds::new(kinds::builtin());
        let kind = kinds.find(group, "v1", resource).unwrap();
        let live = json!({ "metadata": { "generation": 3, "annotations": { "a": "b" } }, "spec": {} });
        let mut object = crate::kubernetes::patch::merge(live.clone(), change);
        set_generation(kind, &mut object, Some(&live));
        assert_eq!(object["metadata"]["generation"], json!(expected));
    }
}
