//! Deleting objects: answers, preconditions, finalizers, grace.

use serde_json::{Value, json};

use super::Done;
use super::common::{config_map, pod};
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, same, text, uid, version};
use crate::cluster::path;
use crate::{Cluster, Failure, MERGE_PATCH};

cases! { "deletion":
    a_deletion_answers_what_was_deleted,
    a_custom_resource_is_deleted_alike,
    another_uid_is_not_deleted,
    another_version_is_not_deleted,
    fitting_preconditions_delete,
    unknown_options_are_refused,
    malformed_options_are_refused,
    a_finalizer_holds_the_object,
    finalizers_go_one_by_one,
    no_finalizer_is_added_at_the_end,
    a_deletion_is_not_taken_back,
    a_name_is_taken_until_the_end,
    the_last_finalizer_takes_the_object_along,
    a_dying_object_may_change,
    a_finalizer_is_seen_by_watches,
    an_unscheduled_pod_goes_at_once,
    a_scheduled_pod_is_given_time,
    less_time_is_possible_and_more_is_not,
    a_pod_without_grace_goes_at_once,
    other_kinds_know_no_grace,
}

async fn maps(cluster: &Cluster) -> Result<String, Failure> {
    Ok(path("v1", &cluster.namespace().await?, "configmaps"))
}

async fn a_deletion_answers_what_was_deleted(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let made = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let answer = cluster.delete(format!("{maps}/x")).await?.expect(200)?;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "x", "kind": "configmaps", "uid": uid(&made)},
    });
    same!(answer, expected);
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")?;
    cluster.delete(format!("{maps}/x")).await?.absent("configmaps", "x")
}

async fn a_custom_resource_is_deleted_alike(cluster: Cluster) -> Done {
    let widget = cluster.define_free().await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let made = cluster.create(&widgets, &widget.widget("w", &json!({}))).await?.expect(201)?;
    let answer = cluster.delete(format!("{widgets}/w")).await?.expect(200)?;
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
        "details": {"name": "w", "group": widget.group, "kind": "widgets", "uid": uid(&made)},
    });
    same!(answer, expected);
    cluster.get(format!("{widgets}/w")).await?.absent(&widget.resource(), "w")
}

async fn another_uid_is_not_deleted(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let made = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let answer = cluster.delete_with(format!("{maps}/x"), &json!({"preconditions": {"uid": "zz"}})).await?;
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"x\": the UID in the precondition (zz) does not match the UID in record ({}). The object might have been deleted and then recreated",
        uid(&made)
    );
    answer.refused(409, "Conflict", message, about("ConfigMap", "x"))?;
    same!(cluster.get(format!("{maps}/x")).await?.expect(200)?, made);
    Ok(())
}

async fn another_version_is_not_deleted(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let made = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let answer = cluster.delete_with(format!("{maps}/x"), &json!({"preconditions": {"resourceVersion": "1"}})).await?;
    let message = format!(
        "Operation cannot be fulfilled on ConfigMap \"x\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({}). The object might have been modified",
        version(&made)
    );
    answer.refused(409, "Conflict", message, about("ConfigMap", "x"))
}

async fn fitting_preconditions_delete(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let made = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let options = json!({
        "kind": "DeleteOptions", "apiVersion": "v1",
        "preconditions": {"uid": uid(&made), "resourceVersion": version(&made)},
    });
    cluster.delete_with(format!("{maps}/x"), &options).await?.expect(200)?;
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")
}

async fn unknown_options_are_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let supported = "supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    let policy = format!("Unsupported value: \"Foo\": {supported}");
    for (options, reason, message, field) in [
        (json!({"propagationPolicy": "Foo"}), "FieldValueNotSupported", policy.as_str(), "propagationPolicy"),
        (
            json!({"propagationPolicy": "Orphan", "orphanDependents": true}),
            "FieldValueInvalid",
            "Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set",
            "propagationPolicy",
        ),
        (
            json!({"dryRun": ["Foo"]}),
            "FieldValueNotSupported",
            "Unsupported value: [\"Foo\"]: supported values: \"All\"",
            "dryRun",
        ),
    ] {
        let answer = cluster.delete_with(format!("{maps}/x"), &options).await?;
        answer.invalid("DeleteOptions.meta.k8s.io", "", &[(reason, message, field)])?;
    }
    let answer = cluster.delete(format!("{maps}/x?propagationPolicy=Foo")).await?;
    let cause = ("FieldValueNotSupported", policy.as_str(), "propagationPolicy");
    answer.invalid("DeleteOptions.meta.k8s.io", "", &[cause])?;
    cluster.get(format!("{maps}/x")).await?.expect(200)?;
    Ok(())
}

async fn malformed_options_are_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let delete = |body: &str| cluster.call(http::Method::DELETE, format!("{maps}/x")).body("application/json", body);
    let answer = delete("{bad").send().await?;
    same!((answer.code, text(&answer.json, "/reason")), (400, "BadRequest"));
    let start = "couldn't get version/kind; json parse error: ";
    check!(text(&answer.json, "/message").starts_with(start), "{}", answer.text());
    let answer = delete(r#"{"kind":"Foo","apiVersion":"v1"}"#).send().await?;
    same!((answer.code, text(&answer.json, "/reason")), (400, "BadRequest"));
    let start = "no kind \"Foo\" is registered for version \"v1\" in scheme ";
    check!(text(&answer.json, "/message").starts_with(start), "{}", answer.text());
    // Fields that nobody knows do no harm.
    delete(r#"{"foo":1}"#).send().await?.expect(200)?;
    Ok(())
}

/// Path of an object that is held by the finalizers, and the object.
async fn held(cluster: &Cluster, finalizers: &[&str]) -> Result<(String, Value), Failure> {
    let maps = maps(cluster).await?;
    let mut body = config_map("x");
    body["metadata"]["finalizers"] = json!(finalizers);
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    Ok((format!("{maps}/x"), made))
}

fn finalizers(names: &Value) -> Value {
    json!({"metadata": {"finalizers": names}})
}

async fn a_finalizer_holds_the_object(cluster: Cluster) -> Done {
    let (map, made) = held(&cluster, &["a.b/c"]).await?;
    let answer = cluster.delete(&map).await?.expect(200)?;
    same!((text(&answer, "/kind"), uid(&answer)), ("ConfigMap", uid(&made)));
    same!(answer["metadata"]["deletionGracePeriodSeconds"], json!(0));
    check!(text(&answer, "/metadata/deletionTimestamp").ends_with('Z') && version(&answer) != version(&made));
    same!(cluster.get(&map).await?.expect(200)?, answer);
    // Once more changes nothing.
    same!(cluster.delete(&map).await?.expect(200)?, answer);
    same!(cluster.delete_with(&map, &json!({"gracePeriodSeconds": 0})).await?.expect(200)?, answer);
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    Ok(())
}

async fn finalizers_go_one_by_one(cluster: Cluster) -> Done {
    let (map, _) = held(&cluster, &["a.b/c", "d.e/f"]).await?;
    cluster.delete(&map).await?.expect(200)?;
    let answer = cluster.patch(&map, MERGE_PATCH, &finalizers(&json!(["d.e/f"]))).await?.expect(200)?;
    same!(answer["metadata"]["finalizers"], json!(["d.e/f"]));
    cluster.get(&map).await?.expect(200)?;
    cluster.patch(&map, MERGE_PATCH, &finalizers(&json!([]))).await?.expect(200)?;
    cluster.get(&map).await?.absent("configmaps", "x")
}

async fn no_finalizer_is_added_at_the_end(cluster: Cluster) -> Done {
    let (map, _) = held(&cluster, &["a.b/c"]).await?;
    cluster.delete(&map).await?.expect(200)?;
    let answer = cluster.patch(&map, MERGE_PATCH, &finalizers(&json!(["a.b/c", "d.e/f"]))).await?;
    let message = "Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"d.e/f\"}";
    let cause = ("FieldValueForbidden", message, "metadata.finalizers");
    // The server looks twice.
    answer.invalid("ConfigMap", "x", &[cause, cause])?;
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    Ok(())
}

async fn a_deletion_is_not_taken_back(cluster: Cluster) -> Done {
    let (map, _) = held(&cluster, &["a.b/c"]).await?;
    let marked = cluster.delete(&map).await?.expect(200)?;
    let patch = json!({"metadata": {"deletionTimestamp": null, "deletionGracePeriodSeconds": null}});
    same!(cluster.patch(&map, MERGE_PATCH, &patch).await?.expect(200)?, marked);
    let mut body = config_map("x");
    body["metadata"]["finalizers"] = json!(["a.b/c"]);
    let replaced = cluster.replace(&map, &body).await?.expect(200)?;
    same!(replaced["metadata"]["deletionTimestamp"], marked["metadata"]["deletionTimestamp"]);
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    Ok(())
}

async fn a_name_is_taken_until_the_end(cluster: Cluster) -> Done {
    let (map, _) = held(&cluster, &["a.b/c"]).await?;
    cluster.delete(&map).await?.expect(200)?;
    let answer = cluster.create(map.trim_end_matches("/x"), &config_map("x")).await?;
    let message = "object is being deleted: configmaps \"x\" already exists";
    answer.refused(409, "AlreadyExists", message, about("configmaps", "x"))?;
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    cluster.create(map.trim_end_matches("/x"), &config_map("x")).await?.expect(201)?;
    Ok(())
}

async fn the_last_finalizer_takes_the_object_along(cluster: Cluster) -> Done {
    let (map, _) = held(&cluster, &["a.b/c"]).await?;
    // Before the deletion it does not.
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    cluster.patch(&map, MERGE_PATCH, &finalizers(&json!(["a.b/c"]))).await?.expect(200)?;
    cluster.delete(&map).await?.expect(200)?;
    let answer = cluster.replace(&map, &config_map("x")).await?.expect(200)?;
    check!(!text(&answer, "/metadata/deletionTimestamp").is_empty() && answer["metadata"].get("finalizers").is_none());
    cluster.get(&map).await?.absent("configmaps", "x")
}

async fn a_dying_object_may_change(cluster: Cluster) -> Done {
    let (map, _) = held(&cluster, &["a.b/c"]).await?;
    let marked = cluster.delete(&map).await?.expect(200)?;
    let patched = cluster.patch(&map, MERGE_PATCH, &json!({"data": {"a": "b"}})).await?.expect(200)?;
    same!(patched["data"], json!({"a": "b"}));
    same!(patched["metadata"]["deletionTimestamp"], marked["metadata"]["deletionTimestamp"]);
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    Ok(())
}

async fn a_finalizer_is_seen_by_watches(cluster: Cluster) -> Done {
    let (map, made) = held(&cluster, &["a.b/c"]).await?;
    let call = cluster.read(map.trim_end_matches("/x")).query("resourceVersion", version(&made));
    let mut watch = call.query("fieldSelector", "metadata.name=x").watch().await?;
    let marked = cluster.delete(&map).await?.expect(200)?;
    same!(watch.expect("MODIFIED").await?, marked);
    cluster.patch(&map, MERGE_PATCH, &finalizers(&Value::Null)).await?.expect(200)?;
    let gone = watch.expect("DELETED").await?;
    same!(uid(&gone), uid(&made));
    check!(version(&gone).parse::<u64>().ok() > version(&marked).parse::<u64>().ok());
    Ok(())
}

async fn an_unscheduled_pod_goes_at_once(cluster: Cluster) -> Done {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    let made = cluster.create(&pods, &pod("p")).await?.expect(201)?;
    let answer = cluster.delete(format!("{pods}/p")).await?.expect(200)?;
    same!((text(&answer, "/kind"), uid(&answer)), ("Pod", uid(&made)));
    same!(answer["metadata"]["deletionGracePeriodSeconds"], json!(0));
    cluster.get(format!("{pods}/p")).await?.absent("pods", "p")
}

/// Path of a pod that is bound to a node. There is no such node, hence nobody who stops the pod.
async fn bound(cluster: &Cluster) -> Result<String, Failure> {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    let mut body = pod("p");
    body["spec"]["nodeName"] = json!(cluster.unique("node"));
    cluster.create(&pods, &body).await?.expect(201)?;
    Ok(format!("{pods}/p"))
}

async fn a_scheduled_pod_is_given_time(cluster: Cluster) -> Done {
    let pod = bound(&cluster).await?;
    let answer = cluster.delete(&pod).await?.expect(200)?;
    same!(answer["metadata"]["deletionGracePeriodSeconds"], json!(7));
    check!(text(&answer, "/metadata/deletionTimestamp") > text(&answer, "/metadata/creationTimestamp"));
    same!(text(&cluster.get(&pod).await?.expect(200)?, "/kind"), "Pod");
    cluster.delete_with(&pod, &json!({"gracePeriodSeconds": 0})).await?.expect(200)?;
    cluster.get(&pod).await?.absent("pods", "p")
}

async fn less_time_is_possible_and_more_is_not(cluster: Cluster) -> Done {
    let pod = bound(&cluster).await?;
    for (grace, left) in [(60, 60), (30, 30), (90, 30)] {
        let answer = cluster.delete_with(&pod, &json!({"gracePeriodSeconds": grace})).await?.expect(200)?;
        same!(answer["metadata"]["deletionGracePeriodSeconds"], json!(left), "what is left of {grace}");
    }
    let answer = cluster.delete(format!("{pod}?gracePeriodSeconds=20")).await?.expect(200)?;
    same!(answer["metadata"]["deletionGracePeriodSeconds"], json!(20));
    cluster.delete_with(&pod, &json!({"gracePeriodSeconds": 0})).await?.expect(200)?;
    cluster.get(&pod).await?.absent("pods", "p")
}

async fn a_pod_without_grace_goes_at_once(cluster: Cluster) -> Done {
    let pod = bound(&cluster).await?;
    let answer = cluster.delete_with(&pod, &json!({"gracePeriodSeconds": 0})).await?.expect(200)?;
    same!((text(&answer, "/kind"), &answer["metadata"]["deletionGracePeriodSeconds"]), ("Pod", &json!(0)));
    cluster.get(&pod).await?.absent("pods", "p")
}

async fn other_kinds_know_no_grace(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    for grace in [30, 0, -1] {
        cluster.create(&maps, &config_map("x")).await?.expect(201)?;
        let answer =
            cluster.delete_with(format!("{maps}/x"), &json!({"gracePeriodSeconds": grace})).await?.expect(200)?;
        same!(text(&answer, "/status"), "Success");
        cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")?;
    }
    Ok(())
}
