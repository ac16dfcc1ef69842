//! Defaults of built-in kinds that depend on more than the field itself; those that do not stand in the schema.

use serde_json::{Map, Value, json};

use super::is;
use crate::kubernetes::kinds::{Kind, definition};

/// Fields and what they are if they are absent: `path value`. A path goes through objects that are there, and through each item after `[]`.
const POD: &[(&str, &str)] = &[
    ("restartPolicy", r#""Always""#),
    ("dnsPolicy", r#""ClusterFirst""#),
    ("terminationGracePeriodSeconds", "30"),
    ("schedulerName", r#""default-scheduler""#),
    ("securityContext", "{}"),
    ("volumes[].secret.defaultMode", "420"),
    ("volumes[].configMap.defaultMode", "420"),
    ("volumes[].downwardAPI.defaultMode", "420"),
    ("volumes[].projected.defaultMode", "420"),
    ("volumes[].projected.sources[].serviceAccountToken.expirationSeconds", "3600"),
    ("volumes[].hostPath.type", r#""""#),
    ("volumes[].ephemeral.volumeClaimTemplate.spec.volumeMode", r#""Filesystem""#),
    ("topologySpreadConstraints[].nodeAffinityPolicy", r#""Honor""#),
];

const CONTAINER: &[(&str, &str)] = &[
    ("terminationMessagePath", r#""/dev/termination-log""#),
    ("terminationMessagePolicy", r#""File""#),
    ("resources", "{}"),
    ("ports[].protocol", r#""TCP""#),
    ("env[].valueFrom.fieldRef.apiVersion", r#""v1""#),
];

const PROBE: &[(&str, &str)] =
    &[("timeoutSeconds", "1"), ("periodSeconds", "10"), ("successThreshold", "1"), ("failureThreshold", "3")];

const HTTP: &[(&str, &str)] = &[("httpGet.path", r#""/""#), ("httpGet.scheme", r#""HTTP""#)];

/// Paths and values.
type Defaults = &'static [(&'static str, &'static str)];

/// Group, kind, defaults.
const KINDS: &[(&str, &str, Defaults)] = &[
    ("", "Pod", &[("spec.enableServiceLinks", "true")]),
    ("", "PersistentVolumeClaim", &[("spec.volumeMode", r#""Filesystem""#)]),
    (
        "",
        "PersistentVolume",
        &[
            ("spec.volumeMode", r#""Filesystem""#),
            ("spec.persistentVolumeReclaimPolicy", r#""Retain""#),
            ("spec.hostPath.type", r#""""#),
        ],
    ),
    ("", "Secret", &[("type", r#""Opaque""#)]),
    (
        "",
        "Service",
        &[
            ("spec.type", r#""ClusterIP""#),
            ("spec.sessionAffinity", r#""None""#),
            ("spec.ports[].protocol", r#""TCP""#),
        ],
    ),
    ("", "Endpoints", &[("subsets[].ports[].protocol", r#""TCP""#)]),
    ("", "ReplicationController", &[("spec.replicas", "1")]),
    ("apps", "ReplicaSet", &[("spec.replicas", "1")]),
    (
        "apps",
        "Deployment",
        &[
            ("spec.replicas", "1"),
            ("spec.revisionHistoryLimit", "10"),
            ("spec.progressDeadlineSeconds", "600"),
            ("spec.strategy", r#"{"type":"RollingUpdate"}"#),
            ("spec.strategy.type", r#""RollingUpdate""#),
        ],
    ),
    (
        "apps",
        "StatefulSet",
        &[
            ("spec.replicas", "1"),
            ("spec.revisionHistoryLimit", "10"),
            ("spec.podManagementPolicy", r#""OrderedReady""#),
            ("spec.updateStrategy", r#"{"type":"RollingUpdate"}"#),
            ("spec.updateStrategy.type", r#""RollingUpdate""#),
            ("spec.persistentVolumeClaimRetentionPolicy", "{}"),
            ("spec.persistentVolumeClaimRetentionPolicy.whenDeleted", r#""Retain""#),
            ("spec.persistentVolumeClaimRetentionPolicy.whenScaled", r#""Retain""#),
            ("spec.volumeClaimTemplates[].apiVersion", r#""v1""#),
            ("spec.volumeClaimTemplates[].kind", r#""PersistentVolumeClaim""#),
            ("spec.volumeClaimTemplates[].spec.volumeMode", r#""Filesystem""#),
            ("spec.volumeClaimTemplates[].status", r#"{"phase":"Pending"}"#),
        ],
    ),
    (
        "apps",
        "DaemonSet",
        &[
            ("spec.revisionHistoryLimit", "10"),
            ("spec.updateStrategy", r#"{"type":"RollingUpdate"}"#),
            ("spec.updateStrategy.type", r#""RollingUpdate""#),
        ],
    ),
    (
        "batch",
        "Job",
        &[
            ("spec.backoffLimit", "6"),
            ("spec.completionMode", r#""NonIndexed""#),
            ("spec.suspend", "false"),
            ("spec.podReplacementPolicy", r#""TerminatingOrFailed""#),
        ],
    ),
    (
        "batch",
        "CronJob",
        &[
            ("spec.concurrencyPolicy", r#""Allow""#),
            ("spec.suspend", "false"),
            ("spec.successfulJobsHistoryLimit", "3"),
            ("spec.failedJobsHistoryLimit", "1"),
        ],
    ),
    (
        "networking.k8s.io",
        "NetworkPolicy",
        &[("spec.ingress[].ports[].protocol", r#""TCP""#), ("spec.egress[].ports[].protocol", r#""TCP""#)],
    ),
    ("storage.k8s.io", "StorageClass", &[("reclaimPolicy", r#""Delete""#), ("volumeBindingMode", r#""Immediate""#)]),
    ("rbac.authorization.k8s.io", "RoleBinding", &[("roleRef.apiGroup", r#""rbac.authorization.k8s.io""#)]),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding", &[("roleRef.apiGroup", r#""rbac.authorization.k8s.io""#)]),
];

/// Sets what an object of a built-in kind has without saying so.
pub(crate) fn default(kind: &Kind, object: &mut Value) {
    if kind.custom {
        return;
    }
    for (_, _, fields) in KINDS.iter().filter(|(group, name, _)| is(kind, group, name)) {
        set_all(object, fields);
    }
    if let Some(pod) = super::prepare::pod_template(kind).and_then(|template| object.pointer_mut(template)) {
        default_pod(pod);
    }
    match (&*kind.group, &*kind.kind) {
        ("", "Pod") => default_requests(object),
        ("", "Secret") => merge_string_data(object),
        ("", "Service") => default_service(object),
        ("apps", "Deployment") => {
            default_rolling_update(object, "strategy", json!({ "maxUnavailable": "25%", "maxSurge": "25%" }));
        }
        ("apps", "DaemonSet") => {
            default_rolling_update(object, "updateStrategy", json!({ "maxUnavailable": 1, "maxSurge": 0 }));
        }
        ("apps", "StatefulSet") => default_rolling_update(object, "updateStrategy", json!({ "partition": 0 })),
        ("batch", "Job") => {
            let spec = &mut object["spec"];
            if spec.get("completions").is_none() && spec.get("parallelism").is_none() {
                spec["completions"] = json!(1);
            }
            if spec.get("parallelism").is_none() {
                spec["parallelism"] = json!(1);
            }
        }
        ("networking.k8s.io", "NetworkPolicy") => default_policy_types(object),
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => {
            for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
                let known = matches!(subject["kind"].as_str(), Some("User" | "Group"));
                if known && subject["apiGroup"].as_str().is_none_or(str::is_empty) {
                    subject["apiGroup"] = json!("rbac.authorization.k8s.io");
                }
            }
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition::default(object),
        _ => {}
    }
}

fn set_all(object: &mut Value, fields: &[(&str, &str)]) {
    for (path, value) in fields {
        set(object, path, value);
    }
}

/// Sets the field at `path`, if it is absent and what it stands in is there.
fn set(object: &mut Value, path: &str, value: &str) {
    let Some((head, rest)) = path.split_once('.') else {
        let Some(fields) = object.as_object_mut() else { return };
        if fields.get(path).is_none_or(Value::is_null) {
            fields.insert(path.to_owned(), serde_json::from_str(value).unwrap_or_default());
        }
        return;
    };
    if let Some(list) = head.strip_suffix("[]") {
        let items = object.get_mut(list).and_then(Value::as_array_mut);
        items.into_iter().flatten().for_each(|item| set(item, rest, value));
    } else if let Some(inner) = object.get_mut(head).filter(|inner| inner.is_object()) {
        set(inner, rest, value);
    }
}

fn default_pod(pod: &mut Value) {
    set_all(pod, POD);
    if let Some(account) = pod.get("serviceAccountName").or_else(|| pod.get("serviceAccount")).cloned() {
        // The old name of the field is kept in step.
        pod["serviceAccount"] = account.clone();
        pod["serviceAccountName"] = account;
    }
    for volume in pod.get_mut("volumes").and_then(Value::as_array_mut).into_iter().flatten() {
        if volume.as_object().is_some_and(|fields| fields.len() == 1) {
            volume["emptyDir"] = json!({});
        }
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in pod.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            set_all(container, CONTAINER);
            if container.get("imagePullPolicy").is_none() {
                let policy = pull_policy(container["image"].as_str().unwrap_or_default());
                container["imagePullPolicy"] = json!(policy);
            }
            for probe in ["livenessProbe", "readinessProbe", "startupProbe"] {
                if let Some(probe) = container.get_mut(probe) {
                    set_all(probe, PROBE);
                    set_all(probe, HTTP);
                }
            }
            for hook in ["postStart", "preStop"] {
                if let Some(hook) = container.get_mut("lifecycle").and_then(|lifecycle| lifecycle.get_mut(hook)) {
                    set_all(hook, HTTP);
                }
            }
        }
    }
}

/// Images that may change under their name are pulled each time.
fn pull_policy(image: &str) -> &'static str {
    let name = image.rsplit('/').next().unwrap_or_default();
    let moving = !image.contains('@') && name.split_once(':').is_none_or(|(_, tag)| tag == "latest");
    if moving { "Always" } else { "IfNotPresent" }
}

/// What a container may use it also asks for, unless it says otherwise.
fn default_requests(pod: &mut Value) {
    for list in ["containers", "initContainers"] {
        for container in pod["spec"].get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            let limits: Map<String, Value> = container["resources"]["limits"].as_object().cloned().unwrap_or_default();
            for (resource, amount) in limits {
                let requests = &mut container["resources"]["requests"];
                if requests.get(&resource).is_none() {
                    requests[&resource] = amount;
                }
            }
        }
    }
}

/// Text is stored as bytes.
fn merge_string_data(secret: &mut Value) {
    use base64::Engine as _;
    let Some(text) = secret.as_object_mut().and_then(|fields| fields.remove("stringData")) else { return };
    for (key, value) in text.as_object().into_iter().flatten() {
        let bytes = value.as_str().unwrap_or_default().as_bytes();
        secret["data"][key] = json!(base64::engine::general_purpose::STANDARD.encode(bytes));
    }
}

fn default_service(service: &mut Value) {
    let spec = &mut service["spec"];
    let kind = spec["type"].as_str().unwrap_or_default().to_owned();
    if kind != "ExternalName" {
        for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
            let absent = port.get("targetPort").is_none_or(|target| *target == json!(0) || *target == json!(""));
            if absent && let Some(number) = port.get("port").cloned() {
                port["targetPort"] = number;
            }
        }
        if spec.get("internalTrafficPolicy").is_none() {
            spec["internalTrafficPolicy"] = json!("Cluster");
        }
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") && spec.get("externalTrafficPolicy").is_none() {
        spec["externalTrafficPolicy"] = json!("Cluster");
    }
    if kind == "LoadBalancer" && spec.get("allocateLoadBalancerNodePorts").is_none() {
        spec["allocateLoadBalancerNodePorts"] = json!(true);
    }
    if spec["sessionAffinity"] == json!("ClientIP") && spec.get("sessionAffinityConfig").is_none() {
        spec["sessionAffinityConfig"] = json!({ "clientIP": { "timeoutSeconds": 10800 } });
    }
}

fn default_rolling_update(object: &mut Value, field: &str, values: Value) {
    let strategy = &mut object["spec"][field];
    if strategy["type"] != json!("RollingUpdate") {
        return;
    }
    for (name, value) in values.as_object().into_iter().flatten() {
        if strategy["rollingUpdate"].get(name).is_none() {
            strategy["rollingUpdate"][name] = value.clone();
        }
    }
}

fn default_policy_types(policy: &mut Value) {
    let spec = &mut policy["spec"];
    if spec.get("policyTypes").is_none() {
        let egress = spec["egress"].as_array().is_some_and(|rules| !rules.is_empty());
        spec["policyTypes"] = if egress { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("nginx", "Always")]
    #[case("nginx:latest", "Always")]
    #[case("nginx:1.27", "IfNotPresent")]
    #[case("registry:5000/nginx", "Always")]
    #[case("nginx@sha256:abc", "IfNotPresent")]
    fn moving_images_are_pulled_each_time(#[case] image: &str, #[case] policy: &str) {
        assert_eq!(pull_policy(image), policy);
    }

    #[test]
    fn every_default_is_json() {
        let tables = KINDS.iter().map(|(_, _, fields)| *fields).chain([POD, CONTAINER, PROBE, HTTP]);
        for (path, value) in tables.flatten() {
            assert!(serde_json::from_str::<Value>(value).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_default_stands_only_where_its_parent_does() {
        let mut pod = json!({ "volumes": [{ "name": "a", "secret": {} }, { "name": "b" }] });
        set(&mut pod, "volumes[].secret.defaultMode", "420");
        assert_eq!(pod, json!({ "volumes": [{ "name": "a", "secret": { "defaultMode": 420 } }, { "name": "b" }] }));
    }
}
