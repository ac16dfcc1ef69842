//! Nodes become ready and pods run, though there is neither machine nor container.

use std::sync::Arc;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{DeleteParams, ListParams, PostParams};
use kube::runtime::conditions::{is_deleted, is_job_completed};
use kube::{Api, ResourceExt as _};
use real_peers::{FINISH_AFTER, FINISH_WITH, Shared};
use serde_json::{Value, json};

use super::cluster::{Place, administrator, object, until};

pub(super) async fn node(shared: Arc<Shared>) {
    let nodes = Api::<Node>::all(administrator(&shared).await);
    // Nothing else is to run there.
    let taint = json!({ "key": "test", "value": "alone", "effect": "NoSchedule" });
    let node = object(json!({ "metadata": { "generateName": "ready-" }, "spec": { "taints": [taint] } }));
    let name = nodes.create(&PostParams::default(), &node).await.unwrap().name_any();
    until(&nodes, &name, is_ready).await;
    let allocatable = nodes.get(&name).await.unwrap().status.unwrap().allocatable.unwrap();
    assert_eq!(allocatable["nvidia.com/gpu"].0, "8");
    nodes.delete(&name, &DeleteParams::default()).await.unwrap();
}

fn is_ready(node: Option<&Node>) -> bool {
    let conditions = node.and_then(|node| node.status.as_ref()?.conditions.as_ref());
    conditions.into_iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

pub(super) async fn deployment(shared: Arc<Shared>) {
    let place = Place::make(&shared).await;
    let deployments = place.api::<Deployment>();
    let template = json!({ "metadata": { "labels": { "app": "web" } }, "spec": spec() });
    let deployment = object(json!({
        "metadata": { "name": "web" },
        "spec": { "replicas": 3, "selector": { "matchLabels": { "app": "web" } }, "template": template },
    }));
    deployments.create(&PostParams::default(), &deployment).await.unwrap();
    until(&deployments, "web", |deployment: Option<&Deployment>| {
        deployment.and_then(|deployment| deployment.status.as_ref()?.ready_replicas) == Some(3)
    })
    .await;
    let pods = place.api::<Pod>().list(&ListParams::default().labels("app=web")).await.unwrap();
    let addresses = pods.iter().filter_map(|pod| pod.status.as_ref()?.pod_ip.as_ref());
    assert_eq!(addresses.collect::<std::collections::BTreeSet<_>>().len(), 3, "each pod has an address of its own");
    place.end().await;
}

pub(super) async fn job(shared: Arc<Shared>) {
    let place = Place::make(&shared).await;
    let jobs = place.api::<Job>();
    let template = json!({ "metadata": { "annotations": { FINISH_AFTER: "100ms" } }, "spec": spec_once() });
    let job = object(json!({ "metadata": { "name": "job" }, "spec": { "template": template } }));
    jobs.create(&PostParams::default(), &job).await.unwrap();
    until(&jobs, "job", is_job_completed()).await;
    place.end().await;
}

pub(super) async fn failing(shared: Arc<Shared>) {
    let place = Place::make(&shared).await;
    let pods = place.api::<Pod>();
    let annotations = json!({ FINISH_AFTER: "0s", FINISH_WITH: "17" });
    let pod = object(json!({ "metadata": { "name": "pod", "annotations": annotations }, "spec": spec_once() }));
    pods.create(&PostParams::default(), &pod).await.unwrap();
    until(&pods, "pod", |pod: Option<&Pod>| phase(pod) == Some("Failed")).await;
    let status = pods.get("pod").await.unwrap().status.unwrap();
    let ended = status.container_statuses.unwrap().remove(0).state.unwrap().terminated.unwrap();
    assert_eq!((ended.exit_code, ended.reason.as_deref()), (17, Some("Error")));
    place.end().await;
}

pub(super) async fn deleted(shared: Arc<Shared>) {
    let place = Place::make(&shared).await;
    let pods = place.api::<Pod>();
    let pod = object(json!({ "metadata": { "name": "pod" }, "spec": spec_once() }));
    let made = pods.create(&PostParams::default(), &pod).await.unwrap();
    until(&pods, "pod", |pod: Option<&Pod>| phase(pod) == Some("Running")).await;
    pods.delete("pod", &DeleteParams::default()).await.unwrap();
    until(&pods, "pod", is_deleted(&made.uid().unwrap())).await;
    place.end().await;
}

fn phase(pod: Option<&Pod>) -> Option<&str> {
    pod?.status.as_ref()?.phase.as_deref()
}

fn spec() -> Value {
    json!({ "containers": [{ "name": "main", "image": "anything" }] })
}

/// Of a pod that is not started again when it has ended.
fn spec_once() -> Value {
    json!({ "containers": [{ "name": "main", "image": "anything" }], "restartPolicy": "Never" })
}
