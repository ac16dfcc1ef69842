//! Parts of pods and deployments that have paths of their own.

use serde_json::{Value, json};

use super::Done;
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;
use crate::{Cluster, Failure, MERGE_PATCH};

cases! { "pods":
    status_is_wiped_on_creation,
    status_is_changed_alone,
    a_pod_is_bound_once,
    bad_bindings_are_refused,
    eviction_deletes,
    eviction_checks_the_name,
    logs_need_a_container,
    log_options_are_checked,
    a_deployment_has_a_scale,
    bad_scales_are_refused,
    generation_counts_changes_of_the_spec,
}

/// A new pod that no scheduler takes, with these containers.
async fn pod(cluster: &Cluster, containers: &[&str]) -> Result<String, Failure> {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    let containers: Vec<Value> = containers.iter().map(|name| json!({"name": name, "image": "i:1"})).collect();
    let spec = json!({"schedulerName": "none", "containers": containers});
    let body = json!({"metadata": {"name": "p"}, "spec": spec, "status": {"phase": "Running", "message": "m"}});
    cluster.create(&pods, &body).await?.expect(201)?;
    Ok(format!("{pods}/p"))
}

async fn status_is_wiped_on_creation(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    let found = cluster.get(&path).await?.expect(200)?;
    same!(found["status"], json!({"phase": "Pending", "qosClass": "BestEffort"}));
    same!(cluster.get(format!("{path}/status")).await?.expect(200)?, found);
    Ok(())
}

async fn status_is_changed_alone(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    let status = format!("{path}/status");
    let change = json!({"status": {"phase": "Running"}, "spec": {"activeDeadlineSeconds": 5}});
    let patched = cluster.patch(&status, MERGE_PATCH, &change).await?.expect(200)?;
    same!((&patched["status"]["phase"], patched["spec"].get("activeDeadlineSeconds")), (&json!("Running"), None));
    let patched = cluster.patch(&path, MERGE_PATCH, &json!({"status": {"phase": "Failed"}})).await?.expect(200)?;
    same!((&patched["status"]["phase"], &patched["metadata"]["generation"]), (&json!("Running"), &json!(1)));
    let body = json!({"metadata": {"name": "other"}});
    let message = "the name of the object (other) does not match the name on the URL (p)";
    cluster.replace(&status, &body).await?.refused(400, "BadRequest", message, Value::Null)?;
    same!(cluster.delete(&status).await?.code, 405);
    Ok(())
}

fn binding(pod: &str, target: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod, "annotations": {"a": "b"}}, "target": target})
}

async fn a_pod_is_bound_once(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    let node = cluster.unique("node");
    let body = binding("p", json!({"kind": "Node", "name": node}));
    let answer = cluster.create(format!("{path}/binding"), &body).await?.expect(201)?;
    same!((&answer["kind"], &answer["status"], &answer["code"]), (&json!("Status"), &json!("Success"), &json!(201)));
    let found = cluster.get(&path).await?.expect(200)?;
    same!((&found["spec"]["nodeName"], &found["metadata"]["annotations"]), (&json!(node), &json!({"a": "b"})));
    let condition = &found["status"]["conditions"][0];
    same!((&condition["type"], &condition["status"]), (&json!("PodScheduled"), &json!("True")));
    let message =
        format!("Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"{node}\"");
    let again = cluster.create(format!("{path}/binding"), &body).await?;
    again.refused(409, "Conflict", message, about("pods/binding", "p"))
}

async fn bad_bindings_are_refused(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    let answer = cluster.create(format!("{path}/binding"), &binding("p", json!({}))).await?;
    answer.refused(500, "", "target.name: Required value", Value::Null)?;
    let answer = cluster.create(format!("{path}/binding"), &binding("p", json!({"kind": "Foo", "name": "n"}))).await?;
    let message = "target.kind: Unsupported value: \"Foo\": supported values: \"Node\", \"<empty>\"";
    answer.refused(500, "", message, Value::Null)?;
    let none = format!("{}/none/binding", path.trim_end_matches("/p"));
    cluster.create(none, &binding("none", json!({"name": "n"}))).await?.absent("pods", "none")
}

fn eviction(name: &str) -> Value {
    json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}})
}

async fn eviction_deletes(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    let evict = |query: &str| format!("{path}/eviction{query}");
    cluster.create(evict("?dryRun=All"), &eviction("p")).await?.expect(201)?;
    same!(cluster.get(&path).await?.expect(200)?["metadata"].get("deletionTimestamp"), None);
    let mut body = eviction("p");
    body["deleteOptions"] = json!({"gracePeriodSeconds": 0});
    let answer = cluster.create(evict(""), &body).await?.expect(201)?;
    same!((&answer["kind"], &answer["status"], &answer["code"]), (&json!("Status"), &json!("Success"), &json!(201)));
    cluster.gone(&path).await
}

async fn eviction_checks_the_name(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    let answer = cluster.create(format!("{path}/eviction"), &eviction("other")).await?;
    answer.refused(400, "BadRequest", "name in URL does not match name in Eviction object", Value::Null)?;
    let none = format!("{}/none/eviction", path.trim_end_matches("/p"));
    cluster.create(none, &eviction("none")).await?.absent("pods", "none")
}

async fn logs_need_a_container(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["a", "b"]).await?;
    let log = |query: &str| cluster.get(format!("{path}/log{query}"));
    let message = "a container name must be specified for pod p, choose one of: [a b]";
    log("").await?.refused(400, "BadRequest", message, Value::Null)?;
    log("?container=z").await?.refused(400, "BadRequest", "container z is not valid for pod p", Value::Null)?;
    // A pod without a node has nothing to say yet.
    let none = log("?container=a").await?;
    same!((none.code, none.text()), (204, String::new()));
    let missing = path.trim_end_matches("/p").to_owned() + "/none/log";
    cluster.get(missing).await?.absent("pods", "none")
}

async fn log_options_are_checked(cluster: Cluster) -> Done {
    let path = pod(&cluster, &["c"]).await?;
    for (query, message, field) in [
        ("tailLines=-1", "Invalid value: -1: must be greater than or equal to 0", "tailLines"),
        ("sinceSeconds=0", "Invalid value: 0: must be greater than 0", "sinceSeconds"),
    ] {
        let answer = cluster.get(format!("{path}/log?{query}")).await?;
        answer.invalid("PodLogOptions", "p", &[("FieldValueInvalid", message, field)])?;
    }
    let answer = cluster.get(format!("{path}/log?tailLines=x")).await?;
    answer.refused(400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax", Value::Null)
}

async fn deployment(cluster: &Cluster) -> Result<(String, String), Failure> {
    let namespace = cluster.namespace().await?;
    let deployments = path("apps/v1", &namespace, "deployments");
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i:1"}]}});
    let spec = json!({"replicas": 0, "paused": true, "selector": {"matchLabels": {"a": "b"}}, "template": template});
    cluster.create(&deployments, &json!({"metadata": {"name": "d"}, "spec": spec})).await?.expect(201)?;
    Ok((format!("{deployments}/d"), namespace))
}

async fn a_deployment_has_a_scale(cluster: Cluster) -> Done {
    let (path, namespace) = deployment(&cluster).await?;
    let scale = format!("{path}/scale");
    let found = cluster.get(&scale).await?.expect(200)?;
    same!((&found["kind"], &found["apiVersion"]), (&json!("Scale"), &json!("autoscaling/v1")));
    // Zero is left out in one place and not in the other.
    same!((&found["spec"], &found["status"]), (&json!({}), &json!({"replicas": 0, "selector": "a=b"})));
    let body = json!({"metadata": {"name": "d", "namespace": namespace}, "spec": {"replicas": 2}});
    same!(cluster.replace(&scale, &body).await?.expect(200)?["spec"], json!({"replicas": 2}));
    for (kind, patch) in [
        (crate::JSON_PATCH, json!([{"op": "replace", "path": "/spec/replicas", "value": 3}])),
        (MERGE_PATCH, json!({"spec": {"replicas": 3}})),
        (crate::STRATEGIC_PATCH, json!({"spec": {"replicas": 3}})),
    ] {
        same!(cluster.patch(&scale, kind, &patch).await?.expect(200)?["spec"]["replicas"], 3);
    }
    let found = cluster.get(&path).await?.expect(200)?;
    same!((&found["spec"]["replicas"], &found["metadata"]["generation"]), (&json!(3), &json!(3)));
    Ok(())
}

async fn bad_scales_are_refused(cluster: Cluster) -> Done {
    let (path, namespace) = deployment(&cluster).await?;
    let scale = format!("{path}/scale");
    let body = json!({"metadata": {"name": "d", "namespace": namespace}, "spec": {"replicas": -2}});
    let cause = ("FieldValueInvalid", "Invalid value: -2: must be greater than or equal to 0", "spec.replicas");
    cluster.replace(&scale, &body).await?.invalid("Scale.autoscaling", "d", &[cause])?;
    let body =
        json!({"metadata": {"name": "d", "namespace": namespace, "resourceVersion": "1"}, "spec": {"replicas": 2}});
    let outdated = cluster.replace(&scale, &body).await?;
    same!(
        (outdated.code, text(&outdated.json, "/reason"), &outdated.json["details"]),
        (409, "Conflict", &about("deployments.apps", "d"))
    );
    let unnamed = cluster.replace(&scale, &json!({"spec": {"replicas": 2}})).await?;
    let message = "the name of the object (d based on URL) was undeterminable: name must be provided";
    unnamed.refused(400, "BadRequest", message, Value::Null)?;
    cluster.get(format!("{path}x/scale")).await?.absent("deployments.apps", "dx")?;
    same!(cluster.delete(&scale).await?.code, 405);
    Ok(())
}

async fn generation_counts_changes_of_the_spec(cluster: Cluster) -> Done {
    let (path, _) = deployment(&cluster).await?;
    for (change, generation) in [
        (json!({"metadata": {"labels": {"x": "y"}}}), 1),
        (json!({"spec": {"replicas": 1}}), 2),
        (json!({"spec": {"replicas": 1}}), 2),
        (json!({"status": {"replicas": 1}}), 2),
        (json!({"spec": {"minReadySeconds": 1}}), 3),
    ] {
        let patched = cluster.patch(&path, MERGE_PATCH, &change).await?.expect(200)?;
        same!(patched["metadata"]["generation"], generation, "{change}");
    }
    let patched =
        cluster.patch(format!("{path}/status"), MERGE_PATCH, &json!({"status": {"observedGeneration": 3}})).await?;
    check!(patched.expect(200)?["metadata"]["generation"] == 3);
    Ok(())
}
