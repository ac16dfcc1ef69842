//! Making, reading and replacing objects: versions, uids, generations.

use serde_json::{Value, json};

use super::Done;
use super::common::{config_map, deployment, pod, secret};
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, names, same, text, uid, version};
use crate::cluster::path;
use crate::{Cluster, MERGE_PATCH};

cases! { "objects":
    what_does_not_exist_is_not_found,
    a_name_is_taken_once,
    a_created_object_is_what_is_read,
    what_the_server_sets_cannot_be_chosen,
    a_new_object_has_no_version,
    a_replacement_drops_what_it_lacks,
    a_stale_version_is_a_conflict,
    a_patch_with_a_stale_version_is_a_conflict,
    built_in_kinds_may_be_replaced_without_a_version,
    custom_resources_are_replaced_with_a_version,
    a_malformed_version_is_no_number,
    another_uid_is_a_conflict,
    an_object_made_again_has_another_uid,
    versions_grow_across_objects_and_kinds,
    an_unchanged_replacement_keeps_the_version,
    the_generation_counts_changes_of_the_spec,
    the_generation_of_a_custom_resource_ignores_metadata_and_status,
    defaults_are_filled_in,
    an_unknown_resource_is_not_found,
    an_unknown_group_is_no_api,
    a_method_that_does_not_exist_is_not_allowed,
}

async fn what_does_not_exist_is_not_found(cluster: Cluster) -> Done {
    let map = format!("{}/x", path("v1", &cluster.namespace().await?, "configmaps"));
    cluster.get(&map).await?.absent("configmaps", "x")?;
    cluster.replace(&map, &config_map("x")).await?.absent("configmaps", "x")?;
    cluster.delete(&map).await?.absent("configmaps", "x")?;
    cluster.patch(&map, MERGE_PATCH, &json!({})).await?.absent("configmaps", "x")?;
    let deployment = format!("{}/x", path("apps/v1", &cluster.namespace().await?, "deployments"));
    cluster.get(deployment).await?.absent("deployments.apps", "x")
}

async fn a_name_is_taken_once(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let again = cluster.create(&maps, &config_map("x")).await?;
    again.refused(409, "AlreadyExists", "configmaps \"x\" already exists", about("configmaps", "x"))?;
    let elsewhere = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&elsewhere, &config_map("x")).await?.expect(201)?;
    Ok(())
}

async fn a_created_object_is_what_is_read(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let maps = path("v1", &namespace, "configmaps");
    let mut body = config_map("x");
    body["data"] = json!({"a": "b", "long": "x".repeat(10_000), "unicode": "資料 \u{1F600} \" \\ \n"});
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    check!(uid(&made).len() == 36 && !version(&made).is_empty());
    check!(text(&made, "/metadata/creationTimestamp").ends_with('Z'));
    same!(text(&made, "/metadata/namespace"), namespace);
    same!(made["data"], body["data"]);
    same!(cluster.get(format!("{maps}/x")).await?.expect(200)?, made);
    let list = cluster.read(&maps).query("fieldSelector", "metadata.name=x").send().await?.expect(200)?;
    same!((&list["kind"], &list["apiVersion"], names(&list)), (&json!("ConfigMapList"), &json!("v1"), vec!["x"]));
    // Items of a list do not repeat what they are.
    check!(list["items"][0].get("kind").is_none() && list["items"][0]["metadata"] == made["metadata"]);
    Ok(())
}

async fn what_the_server_sets_cannot_be_chosen(cluster: Cluster) -> Done {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    let mut body = secret("x", "1");
    for (key, value) in [
        ("uid", "chosen"),
        ("creationTimestamp", "2001-01-01T00:00:00Z"),
        ("deletionTimestamp", "2001-01-01T00:00:00Z"),
        ("selfLink", "/chosen"),
    ] {
        body["metadata"][key] = json!(value);
    }
    let made = cluster.create(&secrets, &body).await?.expect(201)?;
    check!(uid(&made) != "chosen" && !text(&made, "/metadata/creationTimestamp").starts_with("2001"));
    same!(made["metadata"].get("deletionTimestamp"), None);
    same!(made["metadata"].get("selfLink"), None);
    let mut moved = made.clone();
    moved["metadata"]["creationTimestamp"] = json!("2001-01-01T00:00:00Z");
    let replaced = cluster.replace(format!("{secrets}/x"), &moved).await?.expect(200)?;
    same!(replaced["metadata"]["creationTimestamp"], made["metadata"]["creationTimestamp"]);
    Ok(())
}

async fn a_new_object_has_no_version(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["metadata"]["resourceVersion"] = json!("1");
    let message = "resourceVersion should not be set on objects to be created";
    cluster.create(&maps, &body).await?.refused(500, "", message, Value::Null)?;
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")
}

async fn a_replacement_drops_what_it_lacks(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["data"] = json!({"a": "1", "b": "2"});
    body["metadata"]["labels"] = json!({"a": "b"});
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    let mut body = config_map("x");
    body["data"] = json!({"b": "3"});
    let replaced = cluster.replace(format!("{maps}/x"), &body).await?.expect(200)?;
    same!((&replaced["data"], replaced["metadata"].get("labels")), (&json!({"b": "3"}), None));
    same!(uid(&replaced), uid(&made));
    check!(version(&replaced) != version(&made));
    Ok(())
}

async fn a_stale_version_is_a_conflict(cluster: Cluster) -> Done {
    let map = format!("{}/x", path("v1", &cluster.namespace().await?, "configmaps"));
    let mut first = cluster.create(map.trim_end_matches("/x"), &config_map("x")).await?.expect(201)?;
    first["data"] = json!({"a": "1"});
    let second = cluster.replace(&map, &first).await?.expect(200)?;
    first["data"] = json!({"a": "2"});
    cluster.replace(&map, &first).await?.refused(
        409,
        "Conflict",
        conflict("configmaps", "x"),
        about("configmaps", "x"),
    )?;
    same!(cluster.get(&map).await?.expect(200)?, second);
    Ok(())
}

fn conflict(resource: &str, name: &str) -> String {
    format!(
        "Operation cannot be fulfilled on {resource} {name:?}: the object has been modified; please apply your changes to the latest version and try again"
    )
}

async fn a_patch_with_a_stale_version_is_a_conflict(cluster: Cluster) -> Done {
    let map = format!("{}/x", path("v1", &cluster.namespace().await?, "configmaps"));
    let made = cluster.create(map.trim_end_matches("/x"), &config_map("x")).await?.expect(201)?;
    let patch = json!({"metadata": {"resourceVersion": version(&made)}, "data": {"a": "1"}});
    cluster.patch(&map, MERGE_PATCH, &patch).await?.expect(200)?;
    let patch = json!({"metadata": {"resourceVersion": version(&made)}, "data": {"a": "2"}});
    let answer = cluster.patch(&map, MERGE_PATCH, &patch).await?;
    answer.refused(409, "Conflict", conflict("configmaps", "x"), about("configmaps", "x"))
}

async fn built_in_kinds_may_be_replaced_without_a_version(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    for (version, resource, body) in [
        ("v1", "configmaps", config_map("x")),
        ("v1", "secrets", secret("x", "1")),
        ("apps/v1", "deployments", deployment("x", "b")),
    ] {
        let path = path(version, &namespace, resource);
        cluster.create(&path, &body).await?.expect(201)?;
        cluster.replace(format!("{path}/x"), &body).await?.expect(200)?;
    }
    Ok(())
}

async fn custom_resources_are_replaced_with_a_version(cluster: Cluster) -> Done {
    let (namespace, widget) = (cluster.namespace().await?, cluster.define_free().await?);
    let widgets = widget.widgets(&namespace);
    let made = cluster.create(&widgets, &widget.widget("w", &json!({"a": 1}))).await?.expect(201)?;
    let answer = cluster.replace(format!("{widgets}/w"), &widget.widget("w", &json!({"a": 2}))).await?;
    let message = "Invalid value: 0: must be specified for an update";
    // The kind is the resource here.
    answer.invalid(&widget.resource(), "w", &[("FieldValueInvalid", message, "metadata.resourceVersion")])?;
    let mut next = made.clone();
    next["spec"] = json!({"a": 2});
    let replaced = cluster.replace(format!("{widgets}/w"), &next).await?.expect(200)?;
    same!(replaced["spec"], json!({"a": 2}));
    let answer = cluster.replace(format!("{widgets}/w"), &made).await?;
    answer.refused(409, "Conflict", conflict(&widget.resource(), "w"), about(&widget.resource(), "w"))
}

async fn a_malformed_version_is_no_number(cluster: Cluster) -> Done {
    let map = format!("{}/x", path("v1", &cluster.namespace().await?, "configmaps"));
    cluster.create(map.trim_end_matches("/x"), &config_map("x")).await?.expect(201)?;
    let mut body = config_map("x");
    body["metadata"]["resourceVersion"] = json!("abc");
    let message = "strconv.ParseUint: parsing \"abc\": invalid syntax";
    cluster.replace(&map, &body).await?.refused(500, "", message, Value::Null)?;
    let answer = cluster.read(&map).query("resourceVersion", "abc").send().await?;
    answer.refused(500, "", format!("resourceVersion: Invalid value: \"abc\": {message}"), Value::Null)
}

async fn another_uid_is_a_conflict(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let map = format!("{}/x", path("v1", &namespace, "configmaps"));
    let made = cluster.create(map.trim_end_matches("/x"), &config_map("x")).await?.expect(201)?;
    let mut body = config_map("x");
    body["metadata"]["uid"] = json!("z");
    let message = format!(
        "Operation cannot be fulfilled on configmaps \"x\": StorageError: invalid object, Code: 4, Key: /registry/configmaps/{namespace}/x, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: z, UID in object meta: {}",
        uid(&made)
    );
    cluster.replace(&map, &body).await?.refused(409, "Conflict", message, about("configmaps", "x"))
}

async fn an_object_made_again_has_another_uid(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let first = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    cluster.delete(format!("{maps}/x")).await?.expect(200)?;
    let second = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    check!(uid(&first) != uid(&second) && version(&first) != version(&second));
    Ok(())
}

async fn versions_grow_across_objects_and_kinds(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let mut versions: Vec<u64> = Vec::new();
    for (resource, body) in [("configmaps", config_map("x")), ("secrets", secret("x", "1")), ("pods", pod("x"))] {
        let made = cluster.create(path("v1", &namespace, resource), &body).await?.expect(201)?;
        let list = cluster.get(path("v1", &namespace, resource)).await?.expect(200)?;
        versions.extend([&made, &list].iter().filter_map(|object| version(object).parse::<u64>().ok()));
    }
    check!(versions.len() == 6 && versions.is_sorted(), "{versions:?}");
    check!(versions[0] < versions[2] && versions[2] < versions[4], "{versions:?}");
    Ok(())
}

async fn an_unchanged_replacement_keeps_the_version(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["data"] = json!({"a": "b"});
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    same!(cluster.replace(format!("{maps}/x"), &made).await?.expect(200)?, made);
    same!(cluster.replace(format!("{maps}/x"), &body).await?.expect(200)?, made);
    same!(cluster.patch(format!("{maps}/x"), MERGE_PATCH, &json!({"data": {"a": "b"}})).await?.expect(200)?, made);
    Ok(())
}

async fn the_generation_counts_changes_of_the_spec(cluster: Cluster) -> Done {
    let deployments = path("apps/v1", &cluster.namespace().await?, "deployments");
    let made = cluster.create(&deployments, &deployment("d", "b")).await?.expect(201)?;
    same!(made["metadata"]["generation"], json!(1));
    for (patch, generation) in [
        (json!({"metadata": {"labels": {"x": "y"}}}), 1),
        (json!({"spec": {"paused": true}}), 2),
        (json!({"spec": {"paused": true}}), 2),
        (json!({"metadata": {"generation": 9}}), 2),
        (json!({"status": {"observedGeneration": 7}}), 2),
    ] {
        let patched = cluster.patch(format!("{deployments}/d"), MERGE_PATCH, &patch).await?.expect(200)?;
        same!(patched["metadata"]["generation"], json!(generation), "the generation after {patch}");
    }
    Ok(())
}

async fn the_generation_of_a_custom_resource_ignores_metadata_and_status(cluster: Cluster) -> Done {
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": free, "status": free}}});
    let widget = cluster.define(&json!({"schema": schema, "subresources": {"status": {}}})).await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let mut body = widget.widget("w", &json!({"a": 1}));
    body["metadata"]["generation"] = json!(9);
    body["status"] = json!({"phase": "Chosen"});
    let made = cluster.create(&widgets, &body).await?.expect(201)?;
    same!((&made["metadata"]["generation"], made.get("status")), (&json!(1), None));
    for (path, patch, generation) in [
        ("w", json!({"metadata": {"annotations": {"x": "y"}}}), 1),
        ("w/status", json!({"status": {"phase": "Ready"}}), 1),
        ("w", json!({"spec": {"a": 2}}), 2),
        ("w", json!({"status": {"phase": "Lost"}}), 2),
    ] {
        let patched = cluster.patch(format!("{widgets}/{path}"), MERGE_PATCH, &patch).await?.expect(200)?;
        same!(patched["metadata"]["generation"], json!(generation), "the generation after {patch}");
    }
    same!(cluster.get(format!("{widgets}/w")).await?.expect(200)?["status"], json!({"phase": "Ready"}));
    Ok(())
}

async fn defaults_are_filled_in(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let made = cluster.create(path("v1", &namespace, "secrets"), &secret("x", "1")).await?.expect(201)?;
    same!(made["type"], json!("Opaque"));
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}], "selector": {"a": "b"}},
    });
    let made = cluster.create(path("v1", &namespace, "services"), &service).await?.expect(201)?;
    same!(made["spec"]["ports"], json!([{"protocol": "TCP", "port": 80, "targetPort": 80}]));
    same!((&made["spec"]["type"], &made["spec"]["sessionAffinity"]), (&json!("ClusterIP"), &json!("None")));
    let made = cluster.create(path("v1", &namespace, "pods"), &pod("p")).await?.expect(201)?;
    same!(
        made["spec"]["containers"],
        json!([{
            "name": "c", "image": "i", "resources": {}, "imagePullPolicy": "Always",
            "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
        }])
    );
    same!(
        (&made["spec"]["restartPolicy"], &made["spec"]["dnsPolicy"], &made["status"]["phase"]),
        (&json!("Always"), &json!("ClusterFirst"), &json!("Pending"))
    );
    same!(made["spec"]["schedulerName"], json!("default-scheduler"));
    Ok(())
}

async fn an_unknown_resource_is_not_found(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let message = "the server could not find the requested resource";
    for path in [path("v1", &namespace, "widgets"), path("apps/v1", &namespace, "pods"), "/api/v1/widgets".to_owned()] {
        cluster.get(path).await?.refused(404, "NotFound", message, json!({}))?;
    }
    // A cluster-scoped resource is not found in a namespace.
    cluster.get(path("v1", &namespace, "nodes")).await?.refused(404, "NotFound", message, json!({}))
}

async fn an_unknown_group_is_no_api(cluster: Cluster) -> Done {
    for path in ["/apis/nothing.example.com/v1/things", "/nothing"] {
        let answer = cluster.get(path).await?;
        same!((answer.code, answer.text().as_str()), (404, "404 page not found\n"), "the answer to {path}");
    }
    let message = "the server could not find the requested resource";
    cluster.get("/apis/apps/v7/deployments").await?.refused(404, "NotFound", message, json!({}))
}

async fn a_method_that_does_not_exist_is_not_allowed(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let message = "the server does not allow this method on the requested resource";
    let refused = |answer: crate::Answer| answer.refused(405, "MethodNotAllowed", message, json!({}));
    refused(cluster.create(format!("{maps}/x"), &config_map("x")).await?)?;
    refused(cluster.replace(&maps, &config_map("x")).await?)?;
    refused(cluster.patch(&maps, MERGE_PATCH, &json!({})).await?)?;
    refused(cluster.create("/api/v1/configmaps", &config_map("x")).await?)
}
