//! Deleting: marking, removing, and what becomes of what an object owns.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Request, body, metadata, write::refused};
use crate::kubernetes::kinds::{Generation, Kind, Kinds};
use crate::kubernetes::request::{Answer, Options, Propagation};
use crate::kubernetes::rules;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;
use crate::kubernetes::store::{Commit, CommitError, Expected, Key, Object, Write};

/// What holds an object until its children have lost their reference to it.
pub(crate) const ORPHAN: &str = "orphan";
/// What holds an object until its children are gone.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// What a deletion comes to.
#[derive(Debug, PartialEq)]
enum Deletion {
    /// Nothing holds the object.
    Remove,
    /// Nothing holds the object, which is marked once more before it goes.
    MarkAndRemove(Value),
    /// It is marked, and goes when nothing holds it any longer.
    Mark(Value),
    /// It is marked already, and nothing changes.
    Pending,
}

impl ApiServer {
    pub(crate) async fn delete(&self, request: &Request) -> Result<Answer, Status> {
        let options = delete_options(&self.kinds(), request)?;
        let name = request.resource.named()?;
        let key = Key::new(request.resource.namespace.as_deref(), name);
        let kind = &request.resource.kind;
        let (object, removed) = self.delete_one(kind, &options, &key).await?;
        // A real server answers with the object where it went on living for a moment.
        if removed && !rules::answers_deleted_object(kind) {
            return Ok(Answer::value(200, &success(kind, &object)));
        }
        Ok(Answer::json(200, Self::form(request)?.object(kind, &object, self.now())))
    }

    pub(crate) async fn delete_collection(&self, request: &Request) -> Result<Answer, Status> {
        let options = delete_options(&self.kinds(), request)?;
        let page = self.store().list(&Self::list_query(request)?).await?;
        for object in &page.objects {
            match self.delete_one(&request.resource.kind, &options, &object.meta.key).await {
                Ok(_) => {}
                Err(status) if status.code == 404 => {}
                Err(status) => return Err(status),
            }
        }
        Ok(Answer::json(200, Self::form(request)?.list(&request.resource.kind, &page, self.now())))
    }

    /// Marks or removes one object; says whether it is gone.
    pub(crate) async fn delete_one(
        &self,
        kind: &Kind,
        options: &Options,
        key: &Key,
    ) -> Result<(Arc<Object>, bool), Status> {
        loop {
            let Some(live) = self.store().get(&kind.storage, key) else {
                return Err(Status::not_found(&kind.group, &kind.plural, &key.name));
            };
            check_preconditions(kind, options, &live)?;
            rules::check_deletion(kind, &live)?;
            let value = live.value();
            let deletion = decide(kind, options, &value, self.now());
            let (write, removed) = match deletion {
                Deletion::Pending => return Ok((live, false)),
                Deletion::Remove => (Write::Remove(value), true),
                Deletion::MarkAndRemove(object) => (Write::Put(object), true),
                Deletion::Mark(object) => (Write::Put(object), false),
            };
            if options.is_dry_run() {
                return Ok((live, removed));
            }
            let commit = |live: &Object, write| Commit {
                storage: kind.storage.clone(),
                key: key.clone(),
                expected: Expected::Revision(live.meta.revision),
                write,
            };
            let marked = removed && matches!(write, Write::Put(_));
            match self.commit(kind, commit(&live, write)).await {
                Ok(object) if marked => {
                    let gone = Write::Remove(object.value());
                    return match self.commit(kind, commit(&object, gone)).await {
                        Ok(object) => Ok((object, true)),
                        // Somebody was faster. Whatever is written to a marked object that nothing holds takes it along.
                        Err(CommitError::Stale | CommitError::Absent) => Ok((object, true)),
                        Err(error) => Err(refused(kind, error, &key.name)),
                    };
                }
                Ok(object) => return Ok((object, removed)),
                Err(CommitError::Stale) if options.precondition_version.is_none() => {}
                Err(error) => return Err(refused(kind, error, &key.name)),
            }
        }
    }
}

/// The options of a deletion, from query and body.
fn delete_options(kinds: &Kinds, request: &Request) -> Result<Options, Status> {
    let mut options = request.options.clone();
    if !request.body.is_empty() {
        options.read_delete_options(&body::delete_options(kinds, request)?);
    }
    options.check_write("DeleteOptions", false)?;
    Ok(options)
}

/// 409 if the object is not the one that the caller means.
fn check_preconditions(kind: &Kind, options: &Options, live: &Object) -> Result<(), Status> {
    let conflict = |why: String| Err(Status::conflict(&kind.group, &kind.kind, &live.meta.key.name, why));
    if let Some(uid) = options.precondition_uid.as_deref().filter(|uid| **uid != *live.meta.uid) {
        return conflict(format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            live.meta.uid
        ));
    }
    let revision = live.meta.revision.to_string();
    if let Some(version) = options.precondition_version.as_deref().filter(|version| **version != *revision) {
        return conflict(format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({revision}). The object might have been modified"
        ));
    }
    Ok(())
}

/// What deleting `live` comes to.
fn decide(kind: &Kind, options: &Options, live: &Value, now: jiff::Timestamp) -> Deletion {
    let mut object = live.clone();
    let grace = rules::grace_period(kind, live, options.grace_period_seconds);
    let before: Vec<Value> =
        live.pointer("/metadata/finalizers").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut finalizers: Vec<Value> =
        before.iter().filter(|name| **name != json!(ORPHAN) && **name != json!(FOREGROUND)).cloned().collect();
    let asked = options.propagation().or_else(|| {
        // Who had asked for it before is not forgotten.
        let had = |name: &str| before.contains(&json!(name));
        if had(ORPHAN) {
            Some(Propagation::Orphan)
        } else if had(FOREGROUND) {
            Some(Propagation::Foreground)
        } else {
            rules::default_propagation(kind)
        }
    });
    match asked {
        Some(Propagation::Orphan) => finalizers.push(json!(ORPHAN)),
        Some(Propagation::Foreground) => finalizers.push(json!(FOREGROUND)),
        Some(Propagation::Background) | None => {}
    }
    // What waits for something of its own when it goes.
    if !live["metadata"].as_object().is_some_and(|fields| fields.contains_key("deletionTimestamp")) {
        finalizers.extend(rules::finalizer_at_the_end(kind).map(|name| json!(name)));
    }
    let held = !finalizers.is_empty() || grace > 0 || rules::has_spec_finalizers(live);
    if !held && !rules::is_graceful(kind) {
        return Deletion::Remove;
    }
    let Some(fields) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return Deletion::Remove };
    let marked = fields.contains_key("deletionTimestamp");
    let shorter = fields.get("deletionGracePeriodSeconds").and_then(Value::as_i64).is_some_and(|left| grace < left);
    if marked && !shorter && !held {
        return Deletion::Remove;
    }
    if marked && !shorter && finalizers == before {
        return Deletion::Pending;
    }
    if finalizers.is_empty() {
        fields.remove("finalizers");
    } else {
        fields.insert("finalizers".to_owned(), Value::Array(finalizers));
    }
    if !marked || shorter {
        let end = now.checked_add(jiff::SignedDuration::from_secs(grace)).unwrap_or(now);
        fields.insert("deletionTimestamp".to_owned(), json!(metadata::time(end)));
        fields.insert("deletionGracePeriodSeconds".to_owned(), json!(grace));
        if kind.generation != Generation::Never && !marked {
            let generation = fields.get("generation").and_then(Value::as_i64).unwrap_or(0);
            fields.insert("generation".to_owned(), json!(generation + 1));
        }
    }
    rules::mark_deleted(kind, &mut object);
    if held { Deletion::Mark(object) } else { Deletion::MarkAndRemove(object) }
}

/// The answer to a deletion that is done.
fn success(kind: &Kind, object: &Object) -> Value {
    let mut details = json!({ "name": object.meta.key.name, "kind": kind.plural, "uid": object.meta.uid });
    if !kind.group.is_empty() {
        details["group"] = json!(kind.group);
    }
    json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds;

    /// What a deletion comes to, and the seconds that are left.
    fn decided(resource: &str, live: &Value, grace: Option<i64>) -> (&'static str, Value) {
        let kinds = Kinds::new(kinds::builtin());
        let options = Options { grace_period_seconds: grace, ..Options::default() };
        let (what, object) =
            match decide(kinds.find("", "v1", resource).unwrap(), &options, live, jiff::Timestamp::UNIX_EPOCH) {
                Deletion::Remove => ("remove", Value::Null),
                Deletion::MarkAndRemove(object) => ("mark and remove", object),
                Deletion::Mark(object) => ("mark", object),
                Deletion::Pending => ("pending", Value::Null),
            };
        (what, object["metadata"]["deletionGracePeriodSeconds"].clone())
    }

    #[rstest]
    #[case("configmaps", json!({ "metadata": {} }), None, "remove", json!(null))]
    #[case("configmaps", json!({ "metadata": { "finalizers": ["a/b"] } }), None, "mark", json!(0))]
    #[case("pods", json!({ "metadata": {} }), None, "mark and remove", json!(0))]
    #[case("pods", json!({ "metadata": {}, "spec": { "nodeName": "n" } }), None, "mark", json!(30))]
    #[case("pods", json!({ "metadata": {}, "spec": { "nodeName": "n" } }), Some(0), "mark and remove", json!(0))]
    #[case("pods", json!({ "metadata": { "finalizers": ["a/b"] } }), None, "mark", json!(0))]
    #[case("pods", json!({ "metadata": { "deletionTimestamp": "1970-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30 }, "spec": { "nodeName": "n" } }), None, "pending", json!(null))]
    #[case("pods", json!({ "metadata": { "deletionTimestamp": "1970-01-01T00:00:30Z", "deletionGracePeriodSeconds": 30 }, "spec": { "nodeName": "n" } }), Some(0), "mark and remove", json!(0))]
    #[case("pods", json!({ "metadata": { "deletionTimestamp": "1970-01-01T00:00:00Z", "deletionGracePeriodSeconds": 0 } }), None, "remove", json!(null))]
    fn what_holds_an_object(
        #[case] resource: &str,
        #[case] live: Value,
        #[case] grace: Option<i64>,
        #[case] what: &str,
        #[case] left: Value,
    ) {
        assert_eq!(decided(resource, &live, grace), (what, left));
    }
}
