//! What the server fills in by itself: addresses, phases, selectors.

use serde_json::{Value, json};

use crate::kubernetes::kinds::{Kind, definition};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;

/// Where the pod of a kind stands, as a JSON pointer to its spec.
pub(crate) fn pod_template(kind: &Kind) -> Option<&'static str> {
    if kind.custom {
        return None;
    }
    match &*kind.kind {
        "Pod" => Some("/spec"),
        "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "ReplicationController" | "Job" => {
            Some("/spec/template/spec")
        }
        "CronJob" => Some("/spec/jobTemplate/spec/template/spec"),
        "PodTemplate" => Some("/template/spec"),
        _ => None,
    }
}

/// Fills in what only the server says. `status` says that only the status is written.
///
/// # Errors
///
/// What a definition asks for and this server has not.
pub(crate) fn prepare(
    server: &ApiServer,
    kind: &Kind,
    object: &mut Value,
    live: Option<&Value>,
    status: bool,
) -> Result<(), Status> {
    if kind.custom || status {
        return Ok(());
    }
    match (&*kind.group, &*kind.kind, live) {
        ("", "Namespace", live) => {
            let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
            if live.is_none() {
                object["spec"]["finalizers"] = json!(["kubernetes"]);
                object["status"] = json!({ "phase": "Active" });
            }
        }
        ("", "Pod", None) => {
            object["status"] = json!({ "phase": "Pending", "qosClass": quality(&object["spec"]) });
        }
        ("", "PersistentVolumeClaim" | "PersistentVolume", None) => object["status"] = json!({ "phase": "Pending" }),
        ("", "Service", live) => allocate(server, object, live),
        ("", "Secret", _) => drop_empty(object, "data"),
        ("batch", "Job", None) => select_own_pods(object),
        ("policy", "PodDisruptionBudget", None) => {
            object["status"] =
                json!({ "currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0 });
        }
        ("networking.k8s.io", "Ingress", None) => object["status"] = json!({ "loadBalancer": {} }),
        ("apiextensions.k8s.io", "CustomResourceDefinition", live) => {
            definition::check_supported(object)?;
            definition::prepare(object, live);
            let status = definition::status(object, &server.kinds(), &server.now_text());
            object["status"] = status;
        }
        _ => {}
    }
    Ok(())
}

fn drop_empty(object: &mut Value, field: &str) {
    if object[field].as_object().is_some_and(serde_json::Map::is_empty) {
        object.as_object_mut().map(|fields| fields.remove(field));
    }
}

/// How well a pod is treated when its node runs short, from what its containers ask for and may use.
fn quality(spec: &Value) -> &'static str {
    let containers =
        || ["containers", "initContainers"].into_iter().flat_map(|list| spec[list].as_array().into_iter().flatten());
    let amount = |container: &Value, part: &str, resource: &str| {
        container["resources"][part].get(resource).filter(|amount| **amount != json!("0")).cloned()
    };
    let counted = ["cpu", "memory"];
    let asks = containers().any(|container| {
        counted
            .iter()
            .any(|resource| ["requests", "limits"].iter().any(|part| amount(container, part, resource).is_some()))
    });
    if !asks {
        return "BestEffort";
    }
    let full = containers().all(|container| {
        counted.iter().all(|resource| {
            let limit = amount(container, "limits", resource);
            limit.is_some()
                && (amount(container, "requests", resource).is_none()
                    || amount(container, "requests", resource) == limit)
        })
    });
    if full { "Guaranteed" } else { "Burstable" }
}

/// A job selects the pods that it makes by its own uid.
fn select_own_pods(job: &mut Value) {
    if job["spec"]["manualSelector"] == json!(true) {
        return;
    }
    let (uid, name) = (job["metadata"]["uid"].clone(), job["metadata"]["name"].clone());
    let labels = &mut job["spec"]["template"]["metadata"]["labels"];
    for prefix in ["", "batch.kubernetes.io/"] {
        labels[format!("{prefix}controller-uid")] = uid.clone();
        labels[format!("{prefix}job-name")] = name.clone();
    }
    job["spec"]["selector"] = json!({ "matchLabels": { "batch.kubernetes.io/controller-uid": uid } });
}

/// Gives a service its addresses, which stay as long as it does.
fn allocate(server: &ApiServer, service: &mut Value, live: Option<&Value>) {
    let kind = service["spec"]["type"].as_str().unwrap_or_default().to_owned();
    if kind == "ExternalName" {
        return;
    }
    let spec = &mut service["spec"];
    if let Some(live) = live.map(|live| &live["spec"]) {
        for field in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
            if spec.get(field).is_none_or(|value| *value == json!("")) && live.get(field).is_some() {
                spec[field] = live[field].clone();
            }
        }
    }
    if spec["clusterIP"].as_str().is_none_or(str::is_empty) {
        spec["clusterIP"] = json!(free_address(server));
    }
    if spec.get("clusterIPs").is_none() {
        spec["clusterIPs"] = json!([spec["clusterIP"]]);
    }
    if spec["clusterIP"] != json!("None") || spec.get("selector").is_some() {
        if spec.get("ipFamilies").is_none() {
            spec["ipFamilies"] = json!(["IPv4"]);
        }
        if spec.get("ipFamilyPolicy").is_none() {
            spec["ipFamilyPolicy"] = json!("SingleStack");
        }
    }
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") {
        let ports = spec["ports"].as_array_mut().into_iter().flatten();
        for (port, offset) in ports.zip(0_u32..) {
            if port["nodePort"].as_u64().unwrap_or(0) == 0 {
                let before = live.and_then(|live| {
                    live["spec"]["ports"]
                        .as_array()?
                        .iter()
                        .find(|old| old["port"] == port["port"])?
                        .get("nodePort")
                        .cloned()
                });
                port["nodePort"] = before.unwrap_or_else(|| json!(30_000 + (random() + offset) % 2768));
            }
        }
    }
    if live.is_none() {
        service["status"] = json!({ "loadBalancer": {} });
    }
}

fn random() -> u32 {
    let bytes = *uuid::Uuid::new_v4().as_bytes();
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) % 65_000
}

/// An address of 10.96.0.0/16 that no service has.
fn free_address(server: &ApiServer) -> String {
    // Addresses are selectable fields of services, so nothing is parsed.
    let services = server.all("", "services", None);
    let taken: std::collections::HashSet<&str> =
        services.iter().flat_map(|service| service.meta.fields.iter().map(|field| &**field)).collect();
    let start = random();
    let candidates = (0..65_000).map(|step| (start + step) % 65_000 + 256);
    let address = |number: u32| format!("10.96.{}.{}", number / 256, number % 256);
    candidates.map(address).find(|address| !taken.contains(address.as_str())).unwrap_or_else(|| address(start))
}

/// What the status of a pod says once it has a node.
pub(crate) fn mark_scheduled(pod: &mut Value) {
    if let Some(conditions) = pod["status"]["conditions"].as_array_mut() {
        conditions.retain(|condition| condition["type"] != json!("PodScheduled"));
    }
    let time = pod["metadata"]["creationTimestamp"].clone();
    let condition =
        json!({ "type": "PodScheduled", "status": "True", "lastTransitionTime": time, "lastProbeTime": null });
    match pod["status"]["conditions"].as_array_mut() {
        Some(conditions) => conditions.push(condition),
        None => pod["status"]["conditions"] = json!([condition]),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(json!({}), "BestEffort")]
    #[case(json!({ "requests": { "cpu": "1" } }), "Burstable")]
    #[case(json!({ "limits": { "cpu": "1", "memory": "1Gi" } }), "Guaranteed")]
    #[case(json!({ "limits": { "cpu": "1", "memory": "1Gi" }, "requests": { "cpu": "500m" } }), "Burstable")]
    fn how_well_a_pod_is_treated(#[case] resources: Value, #[case] expected: &str) {
        assert_eq!(quality(&json!({ "containers": [{ "name": "a", "resources": resources }] })), expected);
    }
}
