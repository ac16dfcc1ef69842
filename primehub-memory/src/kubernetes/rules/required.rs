//! What an object of a built-in kind cannot be without.

use serde_json::{Value, json};

use super::{is, names};
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::status::{Cause, Causes};
use crate::kubernetes::store::LabelSelector;
use crate::kubernetes::verbs::metadata::check_labels;

/// The most bytes of data in a config map or secret.
const MOST_DATA: usize = 1_048_576;

pub(super) fn check(kind: &Kind, object: &Value) -> Causes {
    let mut causes = Causes::new();
    let spec = &object["spec"];
    match (&*kind.group, &*kind.kind) {
        ("", "Pod") => check_pod(spec, "spec", &["Always", "OnFailure", "Never"], &mut causes),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") => {
            check_selector(spec, &mut causes);
            check_pod(&spec["template"]["spec"], "spec.template.spec", &["Always"], &mut causes);
        }
        ("batch", "Job") => {
            check_pod(&spec["template"]["spec"], "spec.template.spec", &["OnFailure", "Never"], &mut causes);
        }
        ("batch", "CronJob") => {
            if spec["schedule"].as_str().is_none_or(str::is_empty) {
                causes.push(Cause::required("spec.schedule", ""));
            }
            let template = &spec["jobTemplate"]["spec"]["template"]["spec"];
            check_pod(template, "spec.jobTemplate.spec.template.spec", &["OnFailure", "Never"], &mut causes);
        }
        ("", "ConfigMap" | "Secret") => check_data(kind, object, &mut causes),
        ("", "Service") => check_service(spec, &mut causes),
        ("", "PersistentVolumeClaim") => {
            if spec["accessModes"].as_array().is_none_or(Vec::is_empty) {
                causes.push(Cause::required("spec.accessModes", "at least 1 access mode is required"));
            }
            if spec.pointer("/resources/requests/storage").is_none() {
                causes.push(Cause::required("spec.resources[storage]", ""));
            }
        }
        ("rbac.authorization.k8s.io", _) => super::access::check(kind, object, &mut causes),
        ("storage.k8s.io", "StorageClass") if text(object, "provisioner").is_empty() => {
            causes.push(Cause::required("provisioner", ""));
        }
        _ => {}
    }
    causes
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn check_pod(spec: &Value, path: &str, policies: &[&str], causes: &mut Causes) {
    let containers = spec["containers"].as_array().map_or(&[][..], Vec::as_slice);
    if containers.is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
    let volumes: Vec<&str> =
        spec["volumes"].as_array().into_iter().flatten().map(|volume| text(volume, "name")).collect();
    check_volumes(spec, path, causes);
    let mut seen: Vec<&str> = Vec::new();
    for list in ["initContainers", "containers"] {
        for (index, container) in spec[list].as_array().into_iter().flatten().enumerate() {
            let field = format!("{path}.{list}[{index}]");
            let name = text(container, "name");
            if name.is_empty() {
                causes.push(Cause::required(format!("{field}.name"), ""));
            } else if !names::check_label(name).is_empty() {
                let faults = names::check_label(name).into_iter();
                causes.extend(faults.map(|why| Cause::invalid(format!("{field}.name"), &json!(name), why)));
            } else if seen.contains(&name) {
                causes.push(Cause::duplicate(format!("{field}.name"), &json!(name)));
            }
            seen.push(name);
            if text(container, "image").is_empty() {
                causes.push(Cause::required(format!("{field}.image"), ""));
            }
            for (mount, value) in container["volumeMounts"].as_array().into_iter().flatten().enumerate() {
                let name = text(value, "name");
                if !volumes.contains(&name) {
                    let field = format!("{field}.volumeMounts[{mount}].name");
                    causes.push(Cause {
                        reason: "FieldValueNotFound".to_owned(),
                        message: format!("Not found: {name:?}"),
                        field,
                    });
                }
            }
        }
    }
    let policy = text(spec, "restartPolicy");
    if !containers.is_empty() && !policies.contains(&policy) {
        let supported: Vec<String> = policies.iter().map(|policy| (*policy).to_owned()).collect();
        causes.push(Cause::not_supported(format!("{path}.restartPolicy"), &json!(policy), &supported));
    }
}

/// Where the content of a volume comes from, in the order in which the real server looks.
const SOURCES: [&str; 27] = [
    "emptyDir",
    "hostPath",
    "gitRepo",
    "gcePersistentDisk",
    "awsElasticBlockStore",
    "secret",
    "nfs",
    "iscsi",
    "glusterfs",
    "flocker",
    "persistentVolumeClaim",
    "cephfs",
    "quobyte",
    "downwardAPI",
    "fc",
    "configMap",
    "azureFile",
    "vsphereVolume",
    "photonPersistentDisk",
    "portworxVolume",
    "azureDisk",
    "storageos",
    "projected",
    "scaleIO",
    "csi",
    "ephemeral",
    "image",
];

/// A volume comes from one place.
fn check_volumes(spec: &Value, path: &str, causes: &mut Causes) {
    for (index, volume) in spec["volumes"].as_array().into_iter().flatten().enumerate() {
        for source in SOURCES.iter().filter(|source| volume.get(**source).is_some()).skip(1) {
            let field = format!("{path}.volumes[{index}].{source}");
            causes.push(Cause::forbidden(field, "may not specify more than 1 volume type"));
        }
    }
}

/// A controller has to select the pods that it makes.
fn check_selector(spec: &Value, causes: &mut Causes) {
    let labels = &spec["template"]["metadata"]["labels"];
    check_labels(labels, "spec.template.metadata.labels", causes);
    let Some(selector) = spec.get("selector") else {
        causes.push(Cause::required("spec.selector", ""));
        return;
    };
    if selector.as_object().is_none_or(serde_json::Map::is_empty) {
        causes.push(Cause::invalid("spec.selector", selector, "empty selector is invalid for deployment"));
        return;
    }
    let pairs = labels.as_object().into_iter().flatten();
    let mut pairs: Vec<_> =
        pairs.map(|(key, value)| (key.as_str().into(), value.as_str().unwrap_or_default().into())).collect();
    pairs.sort();
    if LabelSelector::of_object(selector).is_some_and(|selector| !selector.matches_labels(&pairs)) {
        let why = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, why));
    }
}

fn check_data(kind: &Kind, object: &Value, causes: &mut Causes) {
    let mut size = 0;
    for field in ["data", "binaryData"] {
        for (key, value) in object[field].as_object().into_iter().flatten() {
            if let Some(why) = names::check_data_key(key) {
                causes.push(Cause::invalid(format!("{field}[{key}]"), &json!(key), why));
            }
            size += value.as_str().map_or(0, str::len);
        }
    }
    if size > MOST_DATA {
        let field = if is(kind, "", "Secret") { "data" } else { "[]" };
        causes.push(Cause::too_long(field, MOST_DATA));
    }
}

fn check_service(spec: &Value, causes: &mut Causes) {
    let ports = spec["ports"].as_array().map_or(&[][..], Vec::as_slice);
    let kind = text(spec, "type");
    if ports.is_empty() && kind != "ExternalName" && spec["clusterIP"] != json!("None") {
        causes.push(Cause::required("spec.ports", ""));
    }
    for (index, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{index}]");
        let number = port["port"].as_i64().unwrap_or(0);
        if !(1..=65_535).contains(&number) {
            let why = "must be between 1 and 65535, inclusive";
            causes.push(Cause::invalid(format!("{field}.port"), &json!(number), why));
        }
        if ports.len() > 1 && text(port, "name").is_empty() {
            causes.push(Cause::required(format!("{field}.name"), ""));
        }
    }
}
