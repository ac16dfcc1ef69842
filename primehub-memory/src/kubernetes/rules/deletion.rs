//! How objects of built-in kinds are deleted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::is;
use crate::kubernetes::kinds::{Kind, definition};
use crate::kubernetes::request::Propagation;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Details, Status};
use crate::kubernetes::store::{LabelSelector, Object};

/// Namespaces that a cluster cannot be without.
const PROTECTED: [&str; 3] = ["default", "kube-public", "kube-system"];

/// Whether objects are given time to end, be it none: they are marked in any case.
pub(crate) fn is_graceful(kind: &Kind) -> bool {
    is(kind, "", "Pod")
}

/// How long an object stays after it was marked, in seconds: pods that run somewhere may finish what they do.
pub(crate) fn grace_period(kind: &Kind, live: &Value, asked: Option<i64>) -> i64 {
    if !is_graceful(kind) {
        return 0;
    }
    let scheduled = live.pointer("/spec/nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty());
    let phase = live.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default();
    if !scheduled || matches!(phase, "Succeeded" | "Failed") {
        return 0;
    }
    let own = || live.pointer("/spec/terminationGracePeriodSeconds").and_then(Value::as_i64).unwrap_or(30);
    asked.unwrap_or_else(own).max(0)
}

/// What happens to children if nobody says: those of jobs live on, as they always have.
pub(crate) fn default_propagation(kind: &Kind) -> Option<Propagation> {
    is(kind, "batch", "Job").then_some(Propagation::Orphan)
}

/// Whether the answer to a completed deletion is the object instead of a success.
pub(crate) fn answers_deleted_object(kind: &Kind) -> bool {
    !kind.custom
        && matches!(
            &*kind.kind,
            "Pod"
                | "PersistentVolumeClaim"
                | "PersistentVolume"
                | "ServiceAccount"
                | "Service"
                | "PodTemplate"
                | "ResourceQuota"
                | "StorageClass"
                | "VolumeAttachment"
                | "CSIDriver"
                | "CSINode"
        )
}

/// What holds an object of the kind from the beginning of its end: a definition waits for its objects.
pub(crate) fn finalizer_at_the_end(kind: &Kind) -> Option<&'static str> {
    is(kind, "apiextensions.k8s.io", "CustomResourceDefinition").then_some(definition::CLEANUP)
}

/// Namespaces are held by a finalizer of their own kind.
pub(crate) fn has_spec_finalizers(live: &Value) -> bool {
    live.pointer("/spec/finalizers").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
        && live["kind"] == json!("Namespace")
}

/// What marking an object for deletion changes beside its metadata.
pub(crate) fn mark_deleted(kind: &Kind, object: &mut Value) {
    if is(kind, "", "Namespace") {
        object["status"]["phase"] = json!("Terminating");
    }
}

/// # Errors
///
/// 403 for what a cluster cannot be without.
pub(crate) fn check_deletion(kind: &Kind, live: &Object) -> Result<(), Status> {
    let name = &*live.meta.key.name;
    if is(kind, "", "Namespace") && PROTECTED.contains(&name) {
        return Err(Status::forbidden("", "namespaces", name, "this namespace may not be deleted"));
    }
    Ok(())
}

/// # Errors
///
/// 429 if a budget does not allow the disruption now, 500 if there are several budgets.
pub(crate) fn check_eviction(server: &ApiServer, pod: &Arc<Object>) -> Result<(), Status> {
    let budgets: Vec<_> = server
        .all("policy", "poddisruptionbudgets", pod.meta.key.namespace.as_deref())
        .into_iter()
        .map(|budget| budget.value())
        .filter(|budget| {
            LabelSelector::of_object(&budget["spec"]["selector"]).is_some_and(|selector| selector.matches(&pod.meta))
        })
        .collect();
    let budget = match budgets.as_slice() {
        [] => return Ok(()),
        [budget] => budget,
        _ => {
            let message =
                "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
            return Err(Status::new(500, "InternalError", message));
        }
    };
    if budget.pointer("/status/disruptionsAllowed").and_then(Value::as_i64).unwrap_or(0) > 0 {
        return Ok(());
    }
    let name = budget.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let number = |field: &str| budget["status"][field].as_i64().unwrap_or(0);
    let cause = Cause {
        reason: "DisruptionBudget".to_owned(),
        message: format!(
            "The disruption budget {name} needs {} healthy pods and has {} currently",
            number("desiredHealthy"),
            number("currentHealthy")
        ),
        field: String::new(),
    };
    let message = "Cannot evict pod as it would violate the pod's disruption budget.";
    Err(Status::new(429, "TooManyRequests", message).with(Details { causes: vec![cause], ..Details::default() }))
}
