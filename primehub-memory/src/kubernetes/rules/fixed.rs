//! Fields of built-in kinds that stay as they are.

use serde_json::{Value, json};

use super::is;
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::status::{Cause, Causes};

const IMMUTABLE: &str = "field is immutable";
const POD_SPEC: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
const CLAIM_SPEC: &str =
    "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
const STATEFUL_SPEC: &str = "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";

/// Group, kind, path of the field (as JSON pointer).
const FIELDS: &[(&str, &str, &str)] = &[
    ("apps", "Deployment", "/spec/selector"),
    ("apps", "ReplicaSet", "/spec/selector"),
    ("apps", "DaemonSet", "/spec/selector"),
    ("batch", "Job", "/spec/selector"),
    ("batch", "Job", "/spec/template"),
    ("batch", "Job", "/spec/completionMode"),
    ("batch", "Job", "/spec/podFailurePolicy"),
    ("", "Secret", "/type"),
    ("storage.k8s.io", "StorageClass", "/provisioner"),
];

/// Fields whose change is forbidden as a whole, with the reason.
const FORBIDDEN: &[(&str, &str, &str, &str)] = &[
    ("storage.k8s.io", "StorageClass", "/parameters", "updates to parameters are forbidden."),
    ("storage.k8s.io", "StorageClass", "/reclaimPolicy", "updates to reclaimPolicy are forbidden."),
];

pub(super) fn check(kind: &Kind, object: &Value, live: &Value) -> Causes {
    let changed = |pointer: &str| object.pointer(pointer) != live.pointer(pointer);
    let name = |pointer: &str| pointer.trim_start_matches('/').replace('/', ".");
    let of_kind = |group: &str, other: &str| is(kind, group, other);
    let mut causes = Causes::new();
    for (_, _, pointer) in FIELDS.iter().filter(|(group, other, pointer)| of_kind(group, other) && changed(pointer)) {
        let value = object.pointer(pointer).cloned().unwrap_or_default();
        causes.push(Cause::invalid(name(pointer), &value, IMMUTABLE));
    }
    for (_, _, pointer, why) in
        FORBIDDEN.iter().filter(|(group, other, pointer, _)| of_kind(group, other) && changed(pointer))
    {
        causes.push(Cause::forbidden(name(pointer), why));
    }
    match (&*kind.group, &*kind.kind) {
        ("", "Pod") if without_pod_mutable(object) != without_pod_mutable(live) => {
            causes.push(Cause::forbidden("spec", POD_SPEC));
        }
        ("", "ConfigMap" | "Secret") if live["immutable"] == json!(true) => {
            causes.extend(check_immutable(object, live));
        }
        ("", "Service") => {
            let kept = ["ExternalName"];
            let stays = !kept.contains(&object["spec"]["type"].as_str().unwrap_or_default())
                && !kept.contains(&live["spec"]["type"].as_str().unwrap_or_default());
            if stays && changed("/spec/clusterIP") {
                causes.push(Cause::invalid(
                    "spec.clusterIPs[0]",
                    &json!([object["spec"]["clusterIP"]]),
                    "may not change once set",
                ));
            }
        }
        ("", "PersistentVolumeClaim") if without_claim_mutable(object) != without_claim_mutable(live) => {
            causes.push(Cause::forbidden("spec", CLAIM_SPEC));
        }
        ("apps", "StatefulSet") if without_stateful_mutable(object) != without_stateful_mutable(live) => {
            causes.push(Cause::forbidden("spec", STATEFUL_SPEC));
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") if changed("/roleRef") => {
            causes.push(Cause::invalid("roleRef", &go_struct(&object["roleRef"]), "cannot change roleRef"));
        }
        _ => {}
    }
    causes
}

/// The real server prints this reference in the way of its language; the same words in the same order.
fn go_struct(role: &Value) -> Value {
    json!({ "APIGroup": role["apiGroup"], "Kind": role["kind"], "Name": role["name"] })
}

fn check_immutable(object: &Value, live: &Value) -> Causes {
    let mut causes = Causes::new();
    let why = "field is immutable when `immutable` is set";
    if object["immutable"] != json!(true) {
        causes.push(Cause::forbidden("immutable", why));
    }
    for field in ["data", "binaryData"] {
        if object.get(field) != live.get(field) {
            causes.push(Cause::forbidden(field, why));
        }
    }
    causes
}

fn without(object: &Value, fields: &[&str]) -> Value {
    let mut spec = object["spec"].clone();
    if let Some(spec) = spec.as_object_mut() {
        spec.retain(|name, _| !fields.contains(&name.as_str()));
    }
    spec
}

/// The spec of a pod without what may change. Tolerations may only be added, which is looked at by their old ones being there still.
fn without_pod_mutable(object: &Value) -> Value {
    let mut spec = without(
        object,
        &[
            "activeDeadlineSeconds",
            "tolerations",
            "nodeName",
            "terminationGracePeriodSeconds",
            "ephemeralContainers",
            "schedulingGates",
        ],
    );
    for list in ["containers", "initContainers"] {
        for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            container.as_object_mut().map(|fields| fields.remove("image"));
        }
    }
    spec
}

fn without_claim_mutable(object: &Value) -> Value {
    let mut spec = without(object, &["volumeName", "volumeAttributesClassName", "storageClassName"]);
    spec["resources"].as_object_mut().map(|resources| resources.remove("requests"));
    spec
}

fn without_stateful_mutable(object: &Value) -> Value {
    without(
        object,
        &[
            "replicas",
            "ordinals",
            "template",
            "updateStrategy",
            "revisionHistoryLimit",
            "persistentVolumeClaimRetentionPolicy",
            "minReadySeconds",
        ],
    )
}
