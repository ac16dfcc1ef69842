//! Fields that stay as they are.

use serde_json::json;

use super::Done;
use super::common::{config_map, deployment, pod, secret};
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;
use crate::{Cluster, MERGE_PATCH};

cases! { "immutable":
    the_uid_stays,
    a_selector_stays,
    an_immutable_config_map_stays,
    an_immutable_secret_stays,
    the_type_of_a_secret_stays,
    a_role_reference_stays,
    the_spec_of_a_pod_stays,
    the_image_of_a_pod_moves,
    the_template_of_a_job_stays,
    the_storage_class_of_a_claim_stays,
}

async fn the_uid_stays(cluster: Cluster) -> Done {
    let (namespace, widget) = (cluster.namespace().await?, cluster.define_free().await?);
    let widgets = widget.widgets(&namespace);
    cluster.create(&widgets, &widget.widget("w", &json!({}))).await?.expect(201)?;
    let answer = cluster.patch(format!("{widgets}/w"), MERGE_PATCH, &json!({"metadata": {"uid": "z"}})).await?;
    let message = "Invalid value: \"z\": field is immutable";
    let cause = ("FieldValueInvalid", message, "metadata.uid");
    // The server looks twice.
    answer.invalid(&widget.kind(), "w", &[cause, cause])?;
    Ok(())
}

async fn a_selector_stays(cluster: Cluster) -> Done {
    let deployments = path("apps/v1", &cluster.namespace().await?, "deployments");
    cluster.create(&deployments, &deployment("d", "b")).await?.expect(201)?;
    let answer = cluster.replace(format!("{deployments}/d"), &deployment("d", "c")).await?;
    let message = "Invalid value: {\"matchLabels\":{\"a\":\"c\"}}: field is immutable";
    answer.invalid("Deployment.apps", "d", &[("FieldValueInvalid", message, "spec.selector")])
}

async fn an_immutable_config_map_stays(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["data"] = json!({"a": "b"});
    body["immutable"] = json!(true);
    cluster.create(&maps, &body).await?.expect(201)?;
    let message = "Forbidden: field is immutable when `immutable` is set";
    for (patch, field) in [
        (json!({"data": {"a": "c"}}), "data"),
        (json!({"binaryData": {"b": "Yg=="}}), "binaryData"),
        (json!({"immutable": null}), "immutable"),
    ] {
        let answer = cluster.patch(format!("{maps}/x"), MERGE_PATCH, &patch).await?;
        answer.invalid("ConfigMap", "x", &[("FieldValueForbidden", message, field)])?;
    }
    let labels = json!({"metadata": {"labels": {"a": "b"}}});
    cluster.patch(format!("{maps}/x"), MERGE_PATCH, &labels).await?.expect(200)?;
    Ok(())
}

async fn an_immutable_secret_stays(cluster: Cluster) -> Done {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    let mut body = secret("x", "1");
    body["immutable"] = json!(true);
    cluster.create(&secrets, &body).await?.expect(201)?;
    let message = "Forbidden: field is immutable when `immutable` is set";
    let answer = cluster.patch(format!("{secrets}/x"), MERGE_PATCH, &json!({"data": {"a": "Yg=="}})).await?;
    answer.invalid("Secret", "x", &[("FieldValueForbidden", message, "data")])
}

async fn the_type_of_a_secret_stays(cluster: Cluster) -> Done {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    cluster.create(&secrets, &secret("x", "1")).await?.expect(201)?;
    let answer = cluster.patch(format!("{secrets}/x"), MERGE_PATCH, &json!({"type": "example.com/t"})).await?;
    let message = "Invalid value: \"example.com/t\": field is immutable";
    answer.invalid("Secret", "x", &[("FieldValueInvalid", message, "type")])
}

async fn a_role_reference_stays(cluster: Cluster) -> Done {
    let group = "rbac.authorization.k8s.io";
    let bindings = path(&format!("{group}/v1"), &cluster.namespace().await?, "rolebindings");
    let binding = |role: &str| {
        json!({
            "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": {"name": "b"},
            "roleRef": {"apiGroup": group, "kind": "Role", "name": role},
        })
    };
    cluster.create(&bindings, &binding("a")).await?.expect(201)?;
    let answer = cluster.replace(format!("{bindings}/b"), &binding("b")).await?;
    let message =
        format!("Invalid value: {{\"APIGroup\":\"{group}\",\"Kind\":\"Role\",\"Name\":\"b\"}}: cannot change roleRef");
    answer.invalid(&format!("RoleBinding.{group}"), "b", &[("FieldValueInvalid", &message, "roleRef")])
}

async fn the_spec_of_a_pod_stays(cluster: Cluster) -> Done {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    cluster.create(&pods, &pod("p")).await?.expect(201)?;
    let answer = cluster.patch(format!("{pods}/p"), MERGE_PATCH, &json!({"spec": {"restartPolicy": "Never"}})).await?;
    let start = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
    same!((answer.code, text(&answer.json, "/reason")), (422, "Invalid"));
    // What follows is a picture of the difference in the server's own words.
    let cause = &answer.json["details"]["causes"][0];
    check!(text(cause, "/message").starts_with(start), "{}", answer.text());
    same!((text(cause, "/field"), text(cause, "/reason")), ("spec", "FieldValueForbidden"));
    Ok(())
}

async fn the_image_of_a_pod_moves(cluster: Cluster) -> Done {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    cluster.create(&pods, &pod("p")).await?.expect(201)?;
    let patch = json!([{"op": "replace", "path": "/spec/containers/0/image", "value": "j"}]);
    let patched = cluster.patch(format!("{pods}/p"), crate::JSON_PATCH, &patch).await?.expect(200)?;
    same!((&patched["spec"]["containers"][0]["image"], &patched["metadata"]["generation"]), (&json!("j"), &json!(2)));
    Ok(())
}

async fn the_template_of_a_job_stays(cluster: Cluster) -> Done {
    let jobs = path("batch/v1", &cluster.namespace().await?, "jobs");
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"},
        "spec": {"parallelism": 0, "template": {"spec": {
            "restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}],
        }}},
    });
    let made = cluster.create(&jobs, &job).await?.expect(201)?;
    let uid = text(&made, "/metadata/uid");
    same!(made["spec"]["selector"], json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    same!(text(&made, "/spec/template/metadata/labels/job-name"), "j");
    let patch = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "j"}]);
    let answer = cluster.patch(format!("{jobs}/j"), crate::JSON_PATCH, &patch).await?;
    same!((answer.code, text(&answer.json, "/reason")), (422, "Invalid"));
    let cause = &answer.json["details"]["causes"][0];
    same!((text(cause, "/field"), text(cause, "/reason")), ("spec.template", "FieldValueInvalid"));
    // In between stands the whole template in the server's own form.
    check!(text(cause, "/message").starts_with("Invalid value: {"), "{}", answer.text());
    check!(text(cause, "/message").ends_with(": field is immutable"), "{}", answer.text());
    Ok(())
}

async fn the_storage_class_of_a_claim_stays(cluster: Cluster) -> Done {
    let claims = path("v1", &cluster.namespace().await?, "persistentvolumeclaims");
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "a",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    cluster.create(&claims, &claim).await?.expect(201)?;
    let patch = json!({"spec": {"accessModes": ["ReadWriteMany"]}});
    let answer = cluster.patch(format!("{claims}/c"), MERGE_PATCH, &patch).await?;
    same!((answer.code, text(&answer.json, "/reason")), (422, "Invalid"));
    let cause = &answer.json["details"]["causes"][0];
    let start = "Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
    check!(text(cause, "/message").starts_with(start), "{}", answer.text());
    same!((text(cause, "/field"), text(cause, "/reason")), ("spec", "FieldValueForbidden"));
    Ok(())
}
