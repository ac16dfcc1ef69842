//! What stands in the cells of built-in kinds' tables: one small function for each column, in the words of a real server.

mod network;
mod pod;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

/// The cell of a computed column. `name` is the resource and the column, such as `deployments/Ready`; an unknown one is empty.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line for each column")]
pub fn cell(name: &str, object: &Value, now: Timestamp) -> Value {
    let at = |path: &str| object.pointer(path).unwrap_or(&Value::Null);
    let text = |path: &str| at(path).as_str().unwrap_or_default();
    let number = |path: &str| Value::from(at(path).as_i64().unwrap_or(0));
    let or = |path: &str, absent: &str| Value::from(Some(text(path)).filter(|text| !text.is_empty()).unwrap_or(absent));
    let flag = |path: &str, absent: bool| at(path).as_bool().unwrap_or(absent);
    let age = |path: &str| Value::from(since(at(path), now));
    let whole =
        |text: Option<String>| Value::from(text.filter(|text| !text.is_empty()).unwrap_or_else(|| "<none>".to_owned()));
    let (resource, column) = name.split_once('/').unwrap_or(("", name));
    match (resource, column) {
        (_, "Age") => age("/metadata/creationTimestamp"),
        // Kinds without columns of their own show the time itself.
        (_, "Created At") => at("/metadata/creationTimestamp").clone(),
        ("cronjobs", "Containers") => joined(at("/spec/jobTemplate/spec/template/spec/containers"), "name").into(),
        ("cronjobs", "Images") => joined(at("/spec/jobTemplate/spec/template/spec/containers"), "image").into(),
        ("cronjobs", "Selector") => whole(selector(at("/spec/jobTemplate/spec/selector"))),
        ("podtemplates", "Containers") => joined(at("/template/spec/containers"), "name").into(),
        ("podtemplates", "Images") => joined(at("/template/spec/containers"), "image").into(),
        ("podtemplates", "Pod Labels") => whole(Some(labels(at("/template/metadata/labels")))),
        (_, "Containers") => joined(at("/spec/template/spec/containers"), "name").into(),
        (_, "Images") => joined(at("/spec/template/spec/containers"), "image").into(),
        ("services" | "replicationcontrollers", "Selector") => whole(Some(labels(at("/spec/selector")))),
        ("deployments", "Selector") => selector(at("/spec/selector")).unwrap_or_default().into(),
        (_, "Selector") => whole(selector(at("/spec/selector"))),
        ("networkpolicies", "Pod-Selector") => whole(selector(at("/spec/podSelector"))),

        ("pods", _) => pod::cell(column, object, now),
        ("deployments" | "statefulsets", "Ready") => {
            format!("{}/{}", number("/status/readyReplicas"), number("/spec/replicas")).into()
        }
        ("deployments", "Up-to-date") => number("/status/updatedReplicas"),
        ("deployments", "Available") => number("/status/availableReplicas"),
        ("replicasets" | "replicationcontrollers", "Desired") => number("/spec/replicas"),
        ("replicasets" | "replicationcontrollers", "Current") => number("/status/replicas"),
        ("replicasets" | "replicationcontrollers", "Ready") => number("/status/readyReplicas"),
        ("daemonsets", "Desired") => number("/status/desiredNumberScheduled"),
        ("daemonsets", "Current") => number("/status/currentNumberScheduled"),
        ("daemonsets", "Ready") => number("/status/numberReady"),
        ("daemonsets", "Up-to-date") => number("/status/updatedNumberScheduled"),
        ("daemonsets", "Available") => number("/status/numberAvailable"),
        ("daemonsets", "Node Selector") => whole(Some(labels(at("/spec/template/spec/nodeSelector")))),
        ("controllerrevisions", "Controller") => whole(controller(object)),
        ("controllerrevisions", "Revision") => number("/revision"),
        ("jobs", "Status") => job_status(object).into(),
        ("jobs", "Completions") => completions(object).into(),
        ("jobs", "Duration") => match (time(at("/status/startTime")), time(at("/status/completionTime"))) {
            (None, _) => "".into(),
            (Some(start), end) => human_duration(end.unwrap_or(now).duration_since(start).as_secs()).into(),
        },
        ("cronjobs", "Schedule") => text("/spec/schedule").into(),
        ("cronjobs", "Timezone") => or("/spec/timeZone", "<none>"),
        ("cronjobs", "Suspend") => {
            at("/spec/suspend").as_bool().map_or("<unset>", |on| if on { "True" } else { "False" }).into()
        }
        ("cronjobs", "Active") => count(at("/status/active")),
        ("cronjobs", "Last Schedule") if at("/status/lastScheduleTime").is_null() => "<none>".into(),
        ("cronjobs", "Last Schedule") => age("/status/lastScheduleTime"),
        ("poddisruptionbudgets", "Min Available") => shown(at("/spec/minAvailable"), "N/A").into(),
        ("poddisruptionbudgets", "Max Unavailable") => shown(at("/spec/maxUnavailable"), "N/A").into(),
        ("poddisruptionbudgets", "Allowed Disruptions") => number("/status/disruptionsAllowed"),

        ("configmaps", "Data") => (size(at("/data")) + size(at("/binaryData"))).into(),
        ("secrets", "Data") => size(at("/data")).into(),
        ("secrets", "Type") => text("/type").into(),
        ("resourcequotas", "Request") => quota(object, false).into(),
        ("resourcequotas", "Limit") => quota(object, true).into(),
        ("leases", "Holder") => text("/spec/holderIdentity").into(),
        ("events", _) => event(column, object, now),
        ("nodes", _) => node(column, object),

        (
            "services" | "endpoints" | "endpointslices" | "ingresses" | "ingressclasses" | "ipaddresses"
            | "servicecidrs",
            _,
        ) => network::cell(resource, column, object),

        ("rolebindings" | "clusterrolebindings", "Role") => {
            format!("{}/{}", text("/roleRef/kind"), text("/roleRef/name")).into()
        }
        ("rolebindings" | "clusterrolebindings", "Users") => subjects(at("/subjects"), "User").into(),
        ("rolebindings" | "clusterrolebindings", "Groups") => subjects(at("/subjects"), "Group").into(),
        ("rolebindings" | "clusterrolebindings", "ServiceAccounts") => {
            subjects(at("/subjects"), "ServiceAccount").into()
        }

        ("persistentvolumes" | "persistentvolumeclaims", "Status") if !at("/metadata/deletionTimestamp").is_null() => {
            "Terminating".into()
        }
        ("persistentvolumes" | "persistentvolumeclaims" | "namespaces", "Status") => text("/status/phase").into(),
        ("persistentvolumes" | "persistentvolumeclaims", "VolumeMode") => or("/spec/volumeMode", "<unset>"),
        ("persistentvolumes" | "persistentvolumeclaims", "VolumeAttributesClass") => {
            or("/spec/volumeAttributesClassName", "<unset>")
        }
        ("persistentvolumes" | "persistentvolumeclaims", "StorageClass") => {
            let old = text("/metadata/annotations/volume.beta.kubernetes.io~1storage-class");
            if old.is_empty() { text("/spec/storageClassName").into() } else { old.into() }
        }
        ("persistentvolumes", "Capacity") => shown(at("/spec/capacity/storage"), "0").into(),
        ("persistentvolumes", "Access Modes") => modes(at("/spec/accessModes")).into(),
        ("persistentvolumes", "Reclaim Policy") => text("/spec/persistentVolumeReclaimPolicy").into(),
        ("persistentvolumes", "Claim") if at("/spec/claimRef").is_null() => "".into(),
        ("persistentvolumes", "Claim") => {
            format!("{}/{}", text("/spec/claimRef/namespace"), text("/spec/claimRef/name")).into()
        }
        ("persistentvolumes", "Reason") => text("/status/reason").into(),
        ("persistentvolumeclaims", "Volume") => text("/spec/volumeName").into(),
        ("persistentvolumeclaims", "Capacity" | "Access Modes") if text("/spec/volumeName").is_empty() => "".into(),
        ("persistentvolumeclaims", "Capacity") => shown(at("/status/capacity/storage"), "0").into(),
        ("persistentvolumeclaims", "Access Modes") => modes(at("/status/accessModes")).into(),
        ("storageclasses", "Name") => {
            let old = text("/metadata/annotations/storageclass.beta.kubernetes.io~1is-default-class") == "true";
            if old {
                format!("{} (default)", text("/metadata/name")).into()
            } else {
                named(object, "storageclass.kubernetes.io/is-default-class").into()
            }
        }
        ("storageclasses", "Provisioner") => text("/provisioner").into(),
        ("storageclasses", "ReclaimPolicy") => or("/reclaimPolicy", "Delete"),
        ("storageclasses", "VolumeBindingMode") => or("/volumeBindingMode", "Immediate"),
        ("storageclasses", "AllowVolumeExpansion") => flag("/allowVolumeExpansion", false).into(),
        ("volumeattributesclasses", "DriverName") => text("/driverName").into(),
        ("volumeattachments", "Attacher") => text("/spec/attacher").into(),
        ("volumeattachments", "PV") => text("/spec/source/persistentVolumeName").into(),
        ("volumeattachments", "Node") => text("/spec/nodeName").into(),
        ("volumeattachments", "Attached") => flag("/status/attached", false).into(),
        ("csinodes", "Drivers") => count(at("/spec/drivers")),
        ("csidrivers", "AttachRequired") => flag("/spec/attachRequired", true).into(),
        ("csidrivers", "PodInfoOnMount") => flag("/spec/podInfoOnMount", false).into(),
        ("csidrivers", "StorageCapacity") => flag("/spec/storageCapacity", false).into(),
        ("csidrivers", "RequiresRepublish") => flag("/spec/requiresRepublish", false).into(),
        ("csidrivers", "TokenRequests") if at("/spec/tokenRequests").is_null() => "<unset>".into(),
        ("csidrivers", "TokenRequests") => joined(at("/spec/tokenRequests"), "audience").into(),
        ("csidrivers", "Modes") => whole(Some(texts(at("/spec/volumeLifecycleModes")).collect::<Vec<_>>().join(","))),
        _ => "".into(),
    }
}

/// How long ago a time is, such as `5m` or `2d3h`.
#[must_use]
pub fn since(value: &Value, now: Timestamp) -> String {
    time(value).map_or_else(|| "<unknown>".to_owned(), |then| human_duration(now.duration_since(then).as_secs()))
}

/// A duration in two or three digits.
#[must_use]
pub fn human_duration(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let two = |big: i64, unit: char, small: i64, part: char| {
        if small == 0 { format!("{big}{unit}") } else { format!("{big}{unit}{small}{part}") }
    };
    match (seconds, minutes, hours) {
        // Clocks may differ a little.
        (..-1, ..) => "<invalid>".to_owned(),
        (-1, ..) => "0s".to_owned(),
        (..120, ..) => format!("{seconds}s"),
        (_, ..10, _) => two(minutes, 'm', seconds % 60, 's'),
        (_, ..180, _) => format!("{minutes}m"),
        (.., ..8) => two(hours, 'h', minutes % 60, 'm'),
        (.., ..48) => format!("{hours}h"),
        (.., ..192) => two(days, 'd', hours % 24, 'h'),
        (.., ..17520) => format!("{days}d"),
        (.., ..70080) => two(years, 'y', days % 365, 'd'),
        _ => format!("{years}y"),
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn texts(value: &Value) -> impl Iterator<Item = String> + '_ {
    items(value).filter_map(Value::as_str).map(str::to_owned)
}

fn word<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn count(value: &Value) -> Value {
    items(value).count().into()
}

fn size(value: &Value) -> usize {
    value.as_object().map_or(0, serde_json::Map::len)
}

fn joined(list: &Value, key: &str) -> String {
    items(list).map(|item| word(item, key)).collect::<Vec<_>>().join(",")
}

/// A number or a text.
fn shown(value: &Value, absent: &str) -> String {
    match value {
        Value::Null => absent.to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn labels(map: &Value) -> String {
    let pairs = map.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", shown(value, "")));
    pairs.collect::<Vec<_>>().join(",")
}

/// A label selector as text. One that is absent selects nothing, which has no text; its requirements stand in the order of their keys.
fn selector(selector: &Value) -> Option<String> {
    let mut parts: Vec<(String, String)> = Vec::new();
    for (key, value) in selector["matchLabels"].as_object().into_iter().flatten() {
        parts.push((key.clone(), format!("{key}={}", shown(value, ""))));
    }
    for one in items(&selector["matchExpressions"]) {
        let key = word(one, "key");
        let mut values: Vec<_> = texts(&one["values"]).collect();
        values.sort();
        let values = values.join(",");
        let text = match word(one, "operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        };
        parts.push((key.to_owned(), text));
    }
    parts.sort_by(|one, other| one.0.cmp(&other.0));
    Some(parts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join(","))
}

fn named(object: &Value, annotation: &str) -> String {
    let name = word(&object["metadata"], "name");
    let default = object["metadata"]["annotations"][annotation] == "true";
    if default { format!("{name} (default)") } else { name.to_owned() }
}

/// Kind and group in small letters, and the name.
fn controller(object: &Value) -> Option<String> {
    let owner = items(&object["metadata"]["ownerReferences"]).find(|owner| owner["controller"] == true)?;
    let group = word(owner, "apiVersion").split_once('/').map_or(String::new(), |(group, _)| format!(".{group}"));
    Some(format!("{}{group}/{}", word(owner, "kind"), word(owner, "name")).to_lowercase())
}

fn condition<'a>(object: &'a Value, name: &str) -> &'a str {
    items(&object["status"]["conditions"])
        .find(|condition| condition["type"] == name)
        .map_or("", |condition| word(condition, "status"))
}

fn job_status(job: &Value) -> &'static str {
    let is = |name| condition(job, name) == "True";
    match () {
        () if is("Complete") => "Complete",
        () if is("Failed") => "Failed",
        () if !job["metadata"]["deletionTimestamp"].is_null() => "Terminating",
        () if is("Suspended") => "Suspended",
        () if is("FailureTarget") => "FailureTarget",
        () if is("SuccessCriteriaMet") => "SuccessCriteriaMet",
        () => "Running",
    }
}

fn completions(job: &Value) -> String {
    let done = job["status"]["succeeded"].as_i64().unwrap_or(0);
    match (job["spec"]["completions"].as_i64(), job["spec"]["parallelism"].as_i64()) {
        (Some(wanted), _) => format!("{done}/{wanted}"),
        (None, Some(parallel @ 2..)) => format!("{done}/1 of {parallel}"),
        _ => format!("{done}/1"),
    }
}

fn quota(object: &Value, limits: bool) -> String {
    let status = &object["status"];
    let hard = status["hard"].as_object().into_iter().flatten();
    let chosen = hard.filter(|(name, _)| name.starts_with("limits.") == limits);
    chosen
        .map(|(name, hard)| format!("{name}: {}/{}", shown(&status["used"][name], "0"), shown(hard, "0")))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Events are shown from either of their forms.
fn event(column: &str, event: &Value, now: Timestamp) -> Value {
    let either = |one: &str, other: &str| if event[one].is_null() { &event[other] } else { &event[one] };
    let both = |one: &str, other: &str| {
        let text = |key| event[key].as_str().filter(|text| !text.is_empty());
        text(one).or_else(|| text(other)).unwrap_or_default().to_owned()
    };
    let object = either("involvedObject", "regarding");
    let first = || match either("firstTimestamp", "deprecatedFirstTimestamp") {
        Value::Null => since(&event["eventTime"], now),
        time => since(time, now),
    };
    match column {
        "Last Seen" => match (&event["series"], either("lastTimestamp", "deprecatedLastTimestamp")) {
            (Value::Null, Value::Null) => first(),
            (Value::Null, last) => since(last, now),
            (series, _) => since(&series["lastObservedTime"], now),
        },
        "First Seen" => first(),
        "Type" => word(event, "type").to_owned(),
        "Reason" => word(event, "reason").to_owned(),
        "Object" => match (word(object, "kind").to_lowercase(), word(object, "name")) {
            (kind, "") => kind,
            (kind, name) => format!("{kind}/{name}"),
        },
        "Subobject" => word(object, "fieldPath").to_owned(),
        "Source" => {
            let source = either("source", "deprecatedSource");
            let or = |text: &str, other: String| if text.is_empty() { other } else { text.to_owned() };
            let component = or(word(source, "component"), both("reportingComponent", "reportingController"));
            let host = or(word(source, "host"), both("reportingInstance", ""));
            if host.is_empty() { component } else { format!("{component}, {host}") }
        }
        "Message" => both("message", "note").trim().to_owned(),
        "Count" => {
            let count =
                if event["series"].is_null() { either("count", "deprecatedCount") } else { &event["series"]["count"] };
            return count.as_i64().filter(|count| *count != 0 || !event["series"].is_null()).unwrap_or(1).into();
        }
        _ => String::new(),
    }
    .into()
}

fn node(column: &str, node: &Value) -> Value {
    let info = |key: &str| {
        Some(word(&node["status"]["nodeInfo"], key)).filter(|text| !text.is_empty()).unwrap_or("<unknown>").to_owned()
    };
    let address = |kind: &str| {
        let found = items(&node["status"]["addresses"]).find(|address| address["type"] == kind);
        found.map_or("<none>", |address| word(address, "address")).to_owned()
    };
    match column {
        "Status" => {
            let ready = match condition(node, "Ready") {
                "True" => "Ready",
                "" => "Unknown",
                _ => "NotReady",
            };
            if node["spec"]["unschedulable"] == true { format!("{ready},SchedulingDisabled") } else { ready.to_owned() }
        }
        "Roles" => {
            let labels = node["metadata"]["labels"].as_object().into_iter().flatten();
            let role = |(key, value): (&String, &Value)| match key.strip_prefix("node-role.kubernetes.io/") {
                None if key == "kubernetes.io/role" => value.as_str().map(str::to_owned),
                role => role.map(str::to_owned),
            };
            let roles: BTreeSet<_> = labels.filter_map(role).filter(|role| !role.is_empty()).collect();
            if roles.is_empty() { "<none>".to_owned() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
        }
        "Version" => word(&node["status"]["nodeInfo"], "kubeletVersion").to_owned(),
        "Internal-IP" => address("InternalIP"),
        "External-IP" => address("ExternalIP"),
        "OS-Image" => info("osImage"),
        "Kernel-Version" => match word(&node["status"]["nodeInfo"], "architecture") {
            "" => info("kernelVersion"),
            architecture => format!("{} ({architecture})", info("kernelVersion")),
        },
        "Container-Runtime" => info("containerRuntimeVersion"),
        _ => String::new(),
    }
    .into()
}

fn subjects(list: &Value, kind: &str) -> String {
    let name = |subject: &Value| match kind {
        "ServiceAccount" => format!("{}/{}", word(subject, "namespace"), word(subject, "name")),
        _ => word(subject, "name").to_owned(),
    };
    items(list).filter(|subject| subject["kind"] == kind).map(name).collect::<Vec<_>>().join(", ")
}

fn modes(list: &Value) -> String {
    let short =
        [("ReadWriteOnce", "RWO"), ("ReadOnlyMany", "ROX"), ("ReadWriteMany", "RWX"), ("ReadWriteOncePod", "RWOP")];
    let known = short.into_iter().filter(|(long, _)| items(list).any(|mode| mode == *long));
    known.map(|(_, short)| short).collect::<Vec<_>>().join(",")
}
