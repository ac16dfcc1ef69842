//! Who owns which field of an object: `metadata.managedFields`, and server-side apply, which depends on it.
//!
//! Whoever changes a field owns it from then on. Whoever applies a configuration owns what it names, and has to agree with all other owners, or
//! force them out; what a manager applied before and no longer names goes, unless somebody else owns it.

mod entries;
mod set;
mod walk;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use entries::{Entries, Entry};
use set::{Element, Set, show};
use walk::{Comparison, faults, fields_of, merge, without, zero};

use crate::kubernetes::kinds::Kind;
use crate::kubernetes::schema::golang::plain;
use crate::kubernetes::schema::{Cursor, typed};
use crate::kubernetes::status::{Cause, Details, Status};

pub(crate) use entries::{Manager, Operation, same_but_times};

/// What `kubectl` says it is when it applies on the server's side.
const KUBECTL: &str = "kubectl";
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Sets the managed fields of an object that is created or changed otherwise than by apply.
///
/// What the writer has changed in the managed fields themselves is honoured, but for those of a subresource.
pub(crate) fn update(kind: &Kind, live: Option<&Value>, new: &mut Value, manager: &Manager<'_>) {
    let sent = take_managed(new);
    let kept = live.and_then(|live| live.pointer("/metadata/managedFields"));
    let entries = if !manager.subresource.is_empty() {
        kept.and_then(Entries::read)
    } else if sent.as_ref().is_some_and(is_reset) {
        None
    } else {
        let sent = sent.as_ref().and_then(Entries::read).filter(|entries| !entries.is_empty());
        sent.or_else(|| kept.and_then(Entries::read))
    };
    let mut entries = entries.unwrap_or_default();
    // An object that nobody has owned so far stays so, until somebody applies.
    if entries.is_empty() && live.is_some() {
        return;
    }
    let schema = kind.schema.root();
    let before = match live {
        Some(live) => without_managed(live),
        None if kind.custom => json!({}),
        None => zero(schema),
    };
    track(schema, &before, new, &mut entries, manager, &ignored(kind, manager.subresource));
    entries.write(new);
}

/// `[]` and `[{}]` ask for a new beginning.
fn is_reset(managed: &Value) -> bool {
    match managed.as_array().map(Vec::as_slice) {
        Some([]) => true,
        Some([one]) => one.as_object().is_some_and(Map::is_empty),
        _ => false,
    }
}

fn track(
    schema: Cursor<'_>,
    before: &Value,
    after: &Value,
    entries: &mut Entries,
    manager: &Manager<'_>,
    ignored: &Set,
) {
    let difference = Comparison::between(schema, before, after).outside(ignored);
    entries.lose(&difference, None);
    let set = difference.changed.difference(&never_owned());
    if !set.is_empty() {
        entries.gain(manager, set);
        entries.cap();
    }
}

/// Fields that writers of this resource cannot change.
fn ignored(kind: &Kind, subresource: &str) -> Set {
    let mut set = Set::default();
    let mut add = |path: &[&str]| set.insert(&fields(path));
    match subresource {
        "" if kind.has_status() => add(&["status"]),
        "status" => {
            add(&["spec"]);
            if kind.custom {
                add(&["metadata"]);
            }
        }
        _ => {}
    }
    set
}

fn fields(path: &[&str]) -> Vec<Element> {
    path.iter().map(|name| Element::Field((*name).to_owned())).collect()
}

fn never_owned() -> Set {
    const METADATA: [&str; 9] = [
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    ];
    let mut set = Set::default();
    for name in ["apiVersion", "kind", "metadata"] {
        set.insert(&fields(&[name]));
    }
    for name in METADATA {
        set.insert(&fields(&["metadata", name]));
    }
    set
}

/// The object after a server-side apply, with its managed fields.
///
/// If nothing changes, the object is equal to the live one but for times in its managed fields.
///
/// # Errors
///
/// 409 for conflicts, 400 for configurations of another kind or with managed fields, 500 (as from a real server) for those that the schema does
/// not allow.
pub(crate) fn apply(
    kind: &Kind,
    live: Option<&Value>,
    applied: &Value,
    manager: &Manager<'_>,
    force: bool,
) -> Result<Value, Status> {
    let text = |name: &str| applied.get(name).and_then(Value::as_str).unwrap_or_default();
    let (version, name) = (text("apiVersion"), text("kind"));
    let group_version = if version.contains('/') { version.to_owned() } else { format!("/{version}") };
    if version != kind.api_version() || *name != *kind.kind {
        return Err(Status::bad_request(format!("invalid object type: {group_version}, Kind={name}")));
    }
    if applied.pointer("/metadata/managedFields").is_some_and(|managed| !managed.is_null()) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    let part = |name: &str| applied.pointer(name).map(plain).unwrap_or_default();
    let namespaced = format!("{}/{}", part("/metadata/namespace"), part("/metadata/name"));
    let faults = faults(kind.schema.root(), applied);
    if !faults.is_empty() {
        let list = match faults.as_slice() {
            [one] => one.clone(),
            many => format!("errors:\n  {}", many.join("\n  ")),
        };
        let message =
            format!("failed to create typed patch object ({namespaced}; {group_version}, Kind={name}): {list}");
        return Err(Status::new(500, "", message));
    }
    let mut entries = Entries::default();
    if let Some(live) = live {
        let read = live.pointer("/metadata/managedFields").map(Entries::read);
        entries = read
            .unwrap_or_else(|| Some(Entries::default()))
            .ok_or_else(|| Status::new(500, "", "failed to decode managed fields: an entry is malformed"))?;
    }
    let application = Application {
        schema: kind.schema.root(),
        live: live.map(without_managed),
        applied,
        manager,
        ignored: ignored(kind, manager.subresource),
    };
    if let Some(before) = application.live.as_ref().filter(|_| entries.is_empty()) {
        // Somebody has to own what is there already.
        let first = Manager { name: "before-first-apply", operation: Operation::Update, ..*manager };
        let nothing = if kind.custom { json!({}) } else { zero(application.schema) };
        track(application.schema, &nothing, before, &mut entries, &first, &application.ignored);
    }
    let mut outcome = application.run(entries.clone(), force);
    if manager.name == KUBECTL
        && let Err(conflicts) = outcome
    {
        outcome = match application.surplus(conflicts) {
            conflicts if conflicts.is_empty() => application.run(entries, true),
            conflicts => Err(conflicts),
        };
    }
    let mut object = outcome.map_err(refusal)?;
    typed::normalize(kind, &mut object).map_err(|why| {
        let kind = format!("{group_version}, Kind={name}");
        let what = format!("failed to convert new object ({namespaced}; {kind}) to proper version");
        Status::new(500, "", format!("{what}: unable to convert unstructured object to {kind}: {why}"))
    })?;
    if manager.name == KUBECTL {
        renew_last_applied(&mut object, applied);
    }
    Ok(object)
}

/// A field that somebody else owns.
struct Conflict {
    owner: Entry,
    path: Vec<Element>,
}

/// One configuration that is applied to one object.
struct Application<'a> {
    schema: Cursor<'a>,
    live: Option<Value>,
    applied: &'a Value,
    manager: &'a Manager<'a>,
    ignored: Set,
}

impl Application<'_> {
    fn run(&self, mut entries: Entries, force: bool) -> Result<Value, Vec<Conflict>> {
        let nothing = json!({});
        let live = self.live.as_ref().unwrap_or(&nothing);
        let merged = merge(self.schema, Some(live), Some(self.applied)).unwrap_or_default();
        let last = entries.find(self.manager).map(|entry| entry.set.clone()).unwrap_or_default();
        let set = fields_of(self.schema, self.applied).outside(&self.ignored);
        let time = entries.find(self.manager).and_then(|entry| entry.time.clone());
        entries.set(self.manager, set);
        let mut object = self.pruned(merged, &last, &entries);
        let difference = Comparison::between(self.schema, live, &object).outside(&self.ignored);
        if !force {
            let conflicts = entries.conflicts(&difference, self.manager);
            if !conflicts.is_empty() {
                return Err(conflicts);
            }
        }
        entries.lose(&difference, Some(self.manager));
        entries.strip(self.manager, &never_owned());
        if object == *live {
            // A configuration that changes nothing leaves the time of the last one that did.
            entries.set_time(self.manager, time);
        }
        entries.write(&mut object);
        Ok(object)
    }

    /// The object without what was applied last time, is not applied now, and nobody else owns.
    fn pruned(&self, merged: Value, last: &Set, entries: &Entries) -> Value {
        if last.is_empty() {
            return merged;
        }
        let schema = Some(self.schema);
        let declared = |set: &Set| set.with_declared(schema);
        let all = declared(&fields_of(self.schema, &merged));
        let last = declared(last);
        let first = without(self.schema, &merged, &last);
        let owned = entries.iter().fold(Set::default(), |all, entry| all.union(&entry.set));
        let kept = declared(&fields_of(self.schema, &first)).union(&declared(&owned));
        let second = without(self.schema, &merged, &all.difference(&kept));
        let kept = declared(&fields_of(self.schema, &second));
        without(self.schema, &merged, &all.difference(&kept).intersection(&last))
    }

    /// Conflicts that do not come from a configuration that `kubectl` applied on its own side: those are its own.
    fn surplus(&self, conflicts: Vec<Conflict>) -> Vec<Conflict> {
        let Some(live) = &self.live else { return conflicts };
        let annotation = live.pointer("/metadata/annotations").and_then(|all| all.get(LAST_APPLIED)?.as_str());
        let Some(last) = annotation.and_then(|text| serde_json::from_str::<Value>(text).ok()) else { return conflicts };
        if last.get("apiVersion").and_then(Value::as_str) != Some(self.manager.api_version) {
            return conflicts;
        }
        let difference = Comparison::between(self.schema, &last, live);
        let own = fields_of(self.schema, &last).difference(&difference.changed).difference(&difference.removed);
        conflicts.into_iter().filter(|conflict| !own.has_path(&conflict.path)).collect()
    }
}

fn refusal(conflicts: Vec<Conflict>) -> Status {
    let causes = conflicts.iter().map(|conflict| Cause {
        reason: "FieldManagerConflict".to_owned(),
        message: format!("conflict with {}", conflict.owner.show()),
        field: show(&conflict.path),
    });
    let details = Details { causes: causes.collect(), ..Details::default() };
    let message = if let [one] = conflicts.as_slice() {
        format!("Apply failed with 1 conflict: conflict with {}: {}", one.owner.show(), show(&one.path))
    } else {
        let owners: BTreeSet<_> = conflicts.iter().map(|conflict| conflict.owner.show()).collect();
        let mut lines = Vec::new();
        for owner in owners {
            lines.push(format!("conflicts with {owner}:"));
            let own = conflicts.iter().filter(|conflict| conflict.owner.show() == owner);
            lines.extend(own.map(|conflict| format!("- {}", show(&conflict.path))));
        }
        format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.join("\n"))
    };
    Status::new(409, "Conflict", message).with(details)
}

/// Whoever applied on the client's side before finds there what is applied on the server's now.
fn renew_last_applied(object: &mut Value, applied: &Value) {
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else { return };
    let Some(last) = annotations.get_mut(LAST_APPLIED).filter(|last| last.as_str() != Some("")) else { return };
    let mut applied = applied.clone();
    if let Some(annotations) = applied.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.remove(LAST_APPLIED);
    }
    *last = Value::String(format!("{applied}\n"));
}

fn without_managed(object: &Value) -> Value {
    let mut object = object.clone();
    take_managed(&mut object);
    object
}

fn take_managed(object: &mut Value) -> Option<Value> {
    object.get_mut("metadata")?.as_object_mut()?.remove("managedFields")
}

#[cfg(test)]
mod tests;
