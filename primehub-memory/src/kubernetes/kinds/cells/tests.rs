//! Cells, as Kubernetes 1.36 fills them.

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::{cell, human_duration};
use crate::kubernetes::kinds::{Cell, builtin};

fn at(name: &str, object: &Value) -> Value {
    let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
    cell(name, object, now)
}

#[rstest]
#[case(-2, "<invalid>")]
#[case(-1, "0s")]
#[case(119, "119s")]
#[case(120, "2m")]
#[case(301, "5m1s")]
#[case(600, "10m")]
#[case(179 * 60 + 59, "179m")]
#[case(3 * 3600, "3h")]
#[case(3 * 3600 + 61, "3h1m")]
#[case(8 * 3600 + 61, "8h")]
#[case(47 * 3600, "47h")]
#[case(48 * 3600, "2d")]
#[case(51 * 3600, "2d3h")]
#[case(8 * 86_400 + 3600, "8d")]
#[case(729 * 86_400, "729d")]
#[case(731 * 86_400, "2y1d")]
#[case(9 * 365 * 86_400, "9y")]
fn durations_have_two_or_three_digits(#[case] seconds: i64, #[case] text: &str) {
    assert_eq!(human_duration(seconds), text);
}

#[rstest]
#[case("Age", json!({ "metadata": { "creationTimestamp": "2026-01-01T11:55:00Z" } }), json!("5m"))]
#[case("Age", json!({}), json!("<unknown>"))]
#[case("deployments/Ready", json!({ "spec": { "replicas": 3 }, "status": { "readyReplicas": 1 } }), json!("1/3"))]
#[case("deployments/Available", json!({}), json!(0))]
#[case("deployments/Images", json!({ "spec": { "template": { "spec": { "containers": [{ "image": "a" }, { "image": "b" }] } } } }), json!("a,b"))]
#[case("replicasets/Selector", json!({}), json!("<none>"))]
#[case("deployments/Selector", json!({ "spec": { "selector": { "matchLabels": { "b": "c" }, "matchExpressions": [
    { "key": "a", "operator": "NotIn", "values": ["z", "y"] }, { "key": "c", "operator": "DoesNotExist" }] } } }), json!("a notin (y,z),b=c,!c"))]
#[case("jobs/Status", json!({ "status": { "conditions": [{ "type": "Complete", "status": "True" }] } }), json!("Complete"))]
#[case("jobs/Completions", json!({ "spec": { "parallelism": 3 }, "status": { "succeeded": 1 } }), json!("1/1 of 3"))]
#[case("jobs/Duration", json!({ "status": { "startTime": "2026-01-01T11:00:00Z", "completionTime": "2026-01-01T11:00:30Z" } }), json!("30s"))]
#[case("cronjobs/Suspend", json!({ "spec": { "suspend": false } }), json!("False"))]
#[case("services/External-IP", json!({ "spec": { "type": "LoadBalancer" } }), json!("<pending>"))]
#[case("services/External-IP", json!({ "spec": { "type": "LoadBalancer", "externalIPs": ["1.1.1.1"] },
    "status": { "loadBalancer": { "ingress": [{ "ip": "9.9.9.9" }] } } }), json!("9.9.9.9,1.1.1.1"))]
#[case("services/Port(s)", json!({ "spec": { "ports": [{ "port": 80, "protocol": "TCP", "nodePort": 3 }, { "port": 1, "protocol": "UDP" }] } }),
    json!("80:3/TCP,1/UDP"))]
#[case("ingresses/Hosts", json!({ "spec": { "rules": [{ "host": "a" }, {}, { "host": "b" }, { "host": "c" }, { "host": "d" }] } }),
    json!("a,b,c + 2 more..."))]
#[case("ingresses/Hosts", json!({}), json!("*"))]
#[case("endpoints/Endpoints", json!({ "subsets": [{ "addresses": [{ "ip": "1.1.1.1" }, { "ip": "::1" }], "ports": [{ "port": 80 }] }] }),
    json!("1.1.1.1:80,[::1]:80"))]
#[case("nodes/Status", json!({ "spec": { "unschedulable": true }, "status": { "conditions": [{ "type": "Ready", "status": "Unknown" }] } }),
    json!("NotReady,SchedulingDisabled"))]
#[case("nodes/Roles", json!({ "metadata": { "labels": { "node-role.kubernetes.io/worker": "", "kubernetes.io/role": "old" } } }), json!("old,worker"))]
#[case("persistentvolumeclaims/Access Modes", json!({ "spec": { "volumeName": "v" }, "status": { "accessModes": ["ReadWriteMany", "ReadWriteOnce"] } }),
    json!("RWO,RWX"))]
#[case("persistentvolumeclaims/Capacity", json!({ "status": { "capacity": { "storage": "1Gi" } } }), json!(""))]
#[case("rolebindings/ServiceAccounts", json!({ "subjects": [{ "kind": "User", "name": "u" }, { "kind": "ServiceAccount", "namespace": "n", "name": "s" }] }),
    json!("n/s"))]
#[case("resourcequotas/Limit", json!({ "status": { "hard": { "limits.cpu": "5", "pods": "3" } } }), json!("limits.cpu: 0/5"))]
#[case("storageclasses/Name", json!({ "metadata": { "name": "s", "annotations": { "storageclass.kubernetes.io/is-default-class": "true" } } }),
    json!("s (default)"))]
#[case("events/Object", json!({ "regarding": { "kind": "Pod", "name": "p" } }), json!("pod/p"))]
#[case("events/Last Seen", json!({ "eventTime": "2026-01-01T11:59:00.000000Z" }), json!("60s"))]
#[case("events/Count", json!({ "count": 0 }), json!(1))]
#[case("events/Source", json!({ "source": { "component": "c" }, "reportingInstance": "i" }), json!("c, i"))]
#[case("configmaps/Data", json!({ "data": { "a": "" }, "binaryData": { "b": "" } }), json!(2))]
fn cells_say_what_the_object_is(#[case] name: &str, #[case] object: Value, #[case] expected: Value) {
    assert_eq!(at(name, &object), expected);
}

fn container(name: &str, state: Value, more: Value) -> Value {
    let mut container = json!({ "name": name, "state": state });
    container.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    container
}

#[test]
fn pods_are_shown_by_their_containers() {
    let running = |name| container(name, json!({ "running": {} }), json!({ "ready": true }));
    let ended = |name, code: i64, reason: &str| {
        container(name, json!({ "terminated": { "exitCode": code, "reason": reason } }), json!({}))
    };
    let waiting =
        |name, reason: &str| container(name, json!({ "waiting": { "reason": reason } }), json!({ "restartCount": 5 }));
    let ready = json!([{ "type": "Ready", "status": "True" }]);
    let crashed = json!({ "restartCount": 3, "ready": true, "lastState": { "terminated": { "finishedAt": "2026-01-01T11:50:00Z" } } });
    let sidecar =
        container("s", json!({ "running": {} }), json!({ "ready": true, "started": true, "restartCount": 2 }));
    for (status, cells) in [
        (json!({ "phase": "Pending" }), ["0/3", "Pending", "0"]),
        (json!({ "phase": "Running", "containerStatuses": [running("x"), running("y")] }), ["2/3", "Running", "0"]),
        (
            json!({ "phase": "Running", "containerStatuses": [container("x", json!({ "running": {} }), crashed)] }),
            ["1/3", "Running", "3 (10m ago)"],
        ),
        (
            json!({ "phase": "Running", "containerStatuses": [waiting("x", "CrashLoopBackOff"), running("y")] }),
            ["1/3", "CrashLoopBackOff", "5"],
        ),
        (
            json!({ "phase": "Running", "conditions": ready, "containerStatuses": [ended("x", 0, "Completed"), running("y")] }),
            ["1/3", "Running", "0"],
        ),
        (
            json!({ "phase": "Running", "containerStatuses": [ended("x", 0, "Completed"), running("y")] }),
            ["1/3", "NotReady", "0"],
        ),
        (json!({ "phase": "Failed", "containerStatuses": [ended("x", 3, "")] }), ["0/3", "ExitCode:3", "0"]),
        (json!({ "phase": "Failed", "reason": "Evicted" }), ["0/3", "Evicted", "0"]),
        (json!({ "phase": "Pending", "initContainerStatuses": [ended("a", 0, ""), sidecar] }), ["1/3", "Pending", "2"]),
        (json!({ "phase": "Pending", "initContainerStatuses": [ended("a", 7, "")] }), ["0/3", "Init:ExitCode:7", "0"]),
        (
            json!({ "phase": "Pending", "initContainerStatuses": [waiting("a", "PodInitializing")] }),
            ["0/3", "Init:0/2", "5"],
        ),
        (
            json!({ "phase": "Pending", "initContainerStatuses": [waiting("a", "ErrImagePull")] }),
            ["0/3", "Init:ErrImagePull", "5"],
        ),
    ] {
        let init = json!([{ "name": "a" }, { "name": "s", "restartPolicy": "Always" }]);
        let mut pod = json!({ "spec": { "containers": [{ "name": "x" }, { "name": "y" }], "initContainers": init }, "status": status });
        let shown = |pod: &Value| ["Ready", "Status", "Restarts"].map(|column| at(&format!("pods/{column}"), pod));
        assert_eq!(shown(&pod), cells.map(Value::from), "{pod}");
        pod["metadata"] = json!({ "deletionTimestamp": "2026-01-01T11:50:00Z" });
        let expected = if pod["status"]["phase"] == "Failed" { cells[1] } else { "Terminating" };
        assert_eq!(at("pods/Status", &pod), expected);
    }
}

#[test]
fn every_computed_column_of_a_built_in_kind_has_its_function() {
    // Objects of which a cell says more than nothing. A column whose function is missing is empty for all of them.
    let rich = json!({
        "type": "t", "reason": "r", "addressType": "IPv4", "provisioner": "p", "driverName": "d", "message": "m",
        "involvedObject": { "kind": "Pod", "fieldPath": "f" }, "source": { "component": "c" }, "subjects": [
            { "kind": "User", "name": "u" }, { "kind": "Group", "name": "g" }, { "kind": "ServiceAccount", "name": "s" }],
        "metadata": { "name": "n" }, "template": { "spec": { "containers": [{ "name": "x", "image": "i" }] } },
        "spec": {
            "type": "ClusterIP", "schedule": "* * * * *", "controller": "c", "cidrs": ["::/0"], "volumeName": "v", "nodeName": "n", "attacher": "a",
            "source": { "persistentVolumeName": "p" }, "claimRef": { "name": "c" }, "accessModes": ["ReadWriteOnce"], "storageClassName": "s",
            "persistentVolumeReclaimPolicy": "Delete", "holderIdentity": "h", "selector": { "matchLabels": { "a": "b" } },
            "template": { "spec": { "containers": [{ "name": "x", "image": "i" }] } },
            "jobTemplate": { "spec": { "template": { "spec": { "containers": [{ "name": "x", "image": "i" }] } } } },
        },
        "status": {
            "phase": "p", "reason": "r", "accessModes": ["ReadWriteOnce"], "startTime": "2026-01-01T11:00:00Z", "hard": { "limits.cpu": "1", "pods": "1" },
            "nodeInfo": { "kubeletVersion": "v1" }, "loadBalancer": { "ingress": [{ "ip": "1.1.1.1" }] },
        },
    });
    for kind in builtin() {
        for column in &kind.columns {
            if let Cell::Computed(name) = &column.cell {
                assert_ne!(at(name, &rich), "", "{name}");
            }
        }
    }
}
