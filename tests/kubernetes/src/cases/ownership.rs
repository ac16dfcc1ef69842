//! Who owns which fields of an object: whole sets, without times.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;
use crate::{APPLY, Answer, Cluster, Failure, MERGE_PATCH};

cases! { "ownership":
    a_created_object_belongs_to_its_creator,
    the_agent_names_the_manager,
    metadata_is_owned_by_entry,
    a_deployment_is_owned_by_key,
    a_service_is_owned_by_port_and_protocol,
    roles_ingresses_and_claims_are_owned_in_parts,
    written_only_fields_are_owned_as_they_were_sent,
    a_widget_is_owned_by_its_list_types,
    empty_values_are_owned_as_leaves,
    an_update_takes_what_it_changes,
    an_update_that_removes_takes_ownership_away,
    managers_of_status_are_apart,
    sets_are_dropped_by_an_empty_list,
    what_stood_before_the_first_apply_is_remembered,
    a_json_patch_migrates_the_sets,
    a_bad_set_is_ignored,
}

/// Who owns what, ordered by manager, without times.
pub(super) fn owners(object: &Value) -> Vec<Value> {
    let mut entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
    for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
        entry.remove("time");
    }
    entries.sort_by_key(|entry| format!("{} {} {}", entry["manager"], entry["operation"], entry["subresource"]));
    entries
}

/// An entry as [`owners`] shows it.
pub(super) fn owner(manager: &str, operation: &str, version: &str, fields: Value) -> Value {
    json!({
        "manager": manager, "operation": operation, "apiVersion": version, "fieldsType": "FieldsV1", "fieldsV1": fields,
    })
}

/// The entries of one manager.
fn owned_by(manager: &str, object: &Value) -> Vec<Value> {
    owners(object).into_iter().filter(|entry| entry["manager"] == manager).collect()
}

/// Applies an object as a manager.
pub(super) async fn apply(cluster: &Cluster, path: &str, manager: &str, object: &Value) -> Result<Answer, Failure> {
    cluster.call(http::Method::PATCH, path).query("fieldManager", manager).body(APPLY, object.to_string()).send().await
}

/// A config map `x`.
pub(super) fn config_map(data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": data})
}

async fn maps(cluster: &Cluster) -> Result<String, Failure> {
    Ok(path("v1", &cluster.namespace().await?, "configmaps"))
}

async fn a_created_object_belongs_to_its_creator(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let mut body = config_map(json!({"a": "1"}));
    body["metadata"]["labels"] = json!({"l": "1"});
    body["immutable"] = json!(false);
    let made = cluster.create(format!("{maps}?fieldManager=maker"), &body).await?.expect(201)?;
    let fields = json!({
        "f:data": {".": {}, "f:a": {}}, "f:immutable": {}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}},
    });
    same!(owners(&made), [owner("maker", "Update", "v1", fields)]);
    // In whole seconds; the creation may be in the next one already.
    let time = text(&made, "/metadata/managedFields/0/time");
    check!(time.len() == "2020-01-01T00:00:00Z".len() && time.ends_with('Z'), "{time}");
    Ok(())
}

async fn the_agent_names_the_manager(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let request = http::Request::post(&maps).header("User-Agent", "first/v1.2 (second) third/4");
    let body = config_map(json!({"a": "1"})).to_string();
    let request = request.header("Content-Type", "application/json").body(body.into_bytes().into())?;
    same!(cluster.client().send(request).await?.status().as_u16(), 201);
    let made = cluster.get(format!("{maps}/x")).await?.expect(200)?;
    same!(owners(&made), [owner("first", "Update", "v1", json!({"f:data": {".": {}, "f:a": {}}}))]);
    Ok(())
}

async fn metadata_is_owned_by_entry(cluster: Cluster) -> Done {
    let path = format!("{}/x", maps(&cluster).await?);
    let metadata = json!({
        "name": "x", "labels": {"l": "1"}, "annotations": {"example.com/k": "v"}, "finalizers": ["example.com/f"],
        "ownerReferences": [{"apiVersion": "v1", "kind": "Namespace", "name": "n", "uid": "u-1"}],
    });
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata});
    let made = apply(&cluster, &format!("{path}?dryRun=All"), "one", &body).await?.expect(201)?;
    let fields = json!({"f:metadata": {
        "f:annotations": {"f:example.com/k": {}}, "f:labels": {"f:l": {}},
        "f:finalizers": {"v:\"example.com/f\"": {}}, "f:ownerReferences": {"k:{\"uid\":\"u-1\"}": {}},
    }});
    same!(owners(&made), [owner("one", "Apply", "v1", fields)]);
    Ok(())
}

async fn a_deployment_is_owned_by_key(cluster: Cluster) -> Done {
    let path = format!("{}/d", path("apps/v1", &cluster.namespace().await?, "deployments"));
    let container = json!({
        "name": "c", "image": "i:1", "args": ["x"], "resources": {"limits": {"cpu": "1"}},
        "env": [{"name": "A", "value": "1"}, {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "ports": [{"containerPort": 80}, {"containerPort": 81, "protocol": "UDP"}],
        "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    });
    let pod = json!({
        "containers": [container], "nodeSelector": {"n": "1"}, "tolerations": [{"key": "t", "operator": "Exists"}],
        "imagePullSecrets": [{"name": "s"}],
        "volumes": [
            {"name": "v", "emptyDir": {}},
            {"name": "w", "configMap": {"name": "x", "items": [{"key": "k", "path": "p"}]}},
        ],
    });
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "labels": {"l": "1"}},
        "spec": {
            "replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod},
        },
    });
    let made = apply(&cluster, &path, "one", &body).await?.expect(201)?;
    let container = json!({
        ".": {}, "f:args": {}, "f:image": {}, "f:name": {}, "f:resources": {"f:limits": {"f:cpu": {}}},
        "f:env": {
            "k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}},
            "k:{\"name\":\"B\"}": {".": {}, "f:name": {}, "f:valueFrom": {"f:fieldRef": {}}},
        },
        "f:ports": {
            "k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:containerPort": {}},
            "k:{\"containerPort\":81,\"protocol\":\"UDP\"}": {".": {}, "f:containerPort": {}, "f:protocol": {}},
        },
        "f:volumeMounts": {"k:{\"mountPath\":\"/v\"}": {".": {}, "f:mountPath": {}, "f:name": {}}},
    });
    let pod = json!({
        "f:containers": {"k:{\"name\":\"c\"}": container}, "f:imagePullSecrets": {"k:{\"name\":\"s\"}": {}},
        "f:nodeSelector": {}, "f:tolerations": {},
        "f:volumes": {
            "k:{\"name\":\"v\"}": {".": {}, "f:emptyDir": {}, "f:name": {}},
            "k:{\"name\":\"w\"}": {".": {}, "f:configMap": {"f:items": {}, "f:name": {}}, "f:name": {}},
        },
    });
    let fields = json!({
        "f:metadata": {"f:labels": {"f:l": {}}},
        "f:spec": {
            "f:replicas": {}, "f:selector": {},
            "f:template": {"f:metadata": {"f:labels": {"f:a": {}}}, "f:spec": pod},
        },
    });
    same!(owned_by("one", &made), [owner("one", "Apply", "apps/v1", fields)]);
    Ok(())
}

async fn a_service_is_owned_by_port_and_protocol(cluster: Cluster) -> Done {
    let path = format!("{}/s", path("v1", &cluster.namespace().await?, "services"));
    let ports = json!([{"name": "m", "port": 80}, {"name": "n", "port": 81, "protocol": "UDP", "targetPort": "x"}]);
    let spec = json!({"selector": {"a": "b"}, "ports": ports});
    let body = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": spec});
    let made = apply(&cluster, &path, "one", &body).await?.expect(201)?;
    let ports = json!({
        "k:{\"port\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}, "f:port": {}},
        "k:{\"port\":81,\"protocol\":\"UDP\"}": {".": {}, "f:name": {}, "f:port": {}, "f:protocol": {}, "f:targetPort": {}},
    });
    let fields = json!({"f:spec": {"f:ports": ports, "f:selector": {}}});
    same!(owned_by("one", &made), [owner("one", "Apply", "v1", fields)]);
    Ok(())
}

async fn roles_ingresses_and_claims_are_owned_in_parts(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let backend = json!({"service": {"name": "s", "port": {"number": 80}}});
    let rule = json!({"host": "h", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}});
    for (version, kind, resource, rest, fields) in [
        (
            "rbac.authorization.k8s.io/v1",
            "Role",
            "roles",
            json!({"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}),
            json!({"f:rules": {}}),
        ),
        (
            "networking.k8s.io/v1",
            "Ingress",
            "ingresses",
            json!({"spec": {"rules": [rule], "tls": [{"hosts": ["h"]}]}}),
            json!({"f:spec": {"f:rules": {}, "f:tls": {}}}),
        ),
        (
            "v1",
            "PersistentVolumeClaim",
            "persistentvolumeclaims",
            json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}),
            json!({"f:spec": {"f:accessModes": {}, "f:resources": {"f:requests": {"f:storage": {}}}}}),
        ),
        (
            "v1",
            "ServiceAccount",
            "serviceaccounts",
            json!({"secrets": [{"name": "x"}], "imagePullSecrets": [{"name": "y"}]}),
            json!({"f:imagePullSecrets": {}, "f:secrets": {"k:{\"name\":\"x\"}": {}}}),
        ),
    ] {
        let mut body = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "o"}});
        if let (Some(whole), Some(rest)) = (body.as_object_mut(), rest.as_object()) {
            whole.extend(rest.clone());
        }
        let made = apply(&cluster, &format!("{}/o", path(version, &namespace, resource)), "one", &body).await?;
        same!(owned_by("one", &made.expect(201)?), [owner("one", "Apply", version, fields)], "{kind}");
    }
    Ok(())
}

async fn written_only_fields_are_owned_as_they_were_sent(cluster: Cluster) -> Done {
    let path = format!("{}/s", path("v1", &cluster.namespace().await?, "secrets"));
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}});
    let made = apply(&cluster, &path, "one", &body).await?.expect(201)?;
    same!((&made["data"], made.get("stringData")), (&json!({"a": "Yg=="}), None));
    same!(owners(&made), [owner("one", "Apply", "v1", json!({"f:stringData": {"f:a": {}}}))]);
    Ok(())
}

/// The schema of the widgets with lists of each type.
pub(super) fn lists() -> Value {
    let string = json!({"type": "string"});
    let item = json!({
        "type": "object", "required": ["k"],
        "properties": {"k": string, "p": {"type": "string", "default": "TCP"}, "v": {"type": "integer"}},
    });
    let spec = json!({"type": "object", "properties": {
        "size": {"type": "integer"},
        "set": {"type": "array", "items": string, "x-kubernetes-list-type": "set"},
        "items": {
            "type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"],
        },
        "atom": {"type": "array", "items": string},
        "whole": {"type": "object", "additionalProperties": string, "x-kubernetes-map-type": "atomic"},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "maybe": {"type": "string", "nullable": true},
    }});
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    json!({"schema": {"openAPIV3Schema": schema}})
}

async fn a_widget_is_owned_by_its_list_types(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define(&lists()).await?;
    let spec = json!({
        "size": 1, "set": ["a"], "items": [{"k": "x", "v": 1}], "atom": ["p"], "whole": {"a": "1"}, "map": {"a": 1},
        "free": {"q": {"r": 1}},
    });
    let path = format!("{}/w", widgets.widgets(&namespace));
    let made = apply(&cluster, &path, "one", &widgets.widget("w", &spec)).await?.expect(201)?;
    same!(made["spec"]["items"], json!([{"k": "x", "p": "TCP", "v": 1}]));
    let fields = json!({"f:spec": {
        "f:size": {}, "f:set": {"v:\"a\"": {}}, "f:atom": {}, "f:whole": {}, "f:map": {"f:a": {}},
        "f:items": {"k:{\"k\":\"x\",\"p\":\"TCP\"}": {".": {}, "f:k": {}, "f:v": {}}},
        "f:free": {"f:q": {".": {}, "f:r": {}}},
    }});
    same!(owners(&made), [owner("one", "Apply", &widgets.api_version(), fields)]);
    Ok(())
}

async fn empty_values_are_owned_as_leaves(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define(&lists()).await?;
    let spec = json!({"atom": [], "items": [], "map": {}, "maybe": null, "size": 0});
    let path = format!("{}/w", widgets.widgets(&namespace));
    let made = apply(&cluster, &path, "one", &widgets.widget("w", &spec)).await?.expect(201)?;
    same!(made["spec"], spec);
    let fields = json!({"f:spec": {"f:atom": {}, "f:map": {}, "f:maybe": {}, "f:size": {}}});
    same!(owners(&made), [owner("one", "Apply", &widgets.api_version(), fields)]);
    Ok(())
}

async fn an_update_takes_what_it_changes(cluster: Cluster) -> Done {
    let path = format!("{}/x", maps(&cluster).await?);
    apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    let change = json!({"data": {"a": "9", "c": "3"}});
    let patched = cluster.patch(format!("{path}?fieldManager=other"), MERGE_PATCH, &change).await?.expect(200)?;
    let expected = [
        owner("one", "Apply", "v1", json!({"f:data": {"f:b": {}}})),
        owner("other", "Update", "v1", json!({"f:data": {"f:a": {}, "f:c": {}}})),
    ];
    same!(owners(&patched), expected);
    Ok(())
}

async fn an_update_that_removes_takes_ownership_away(cluster: Cluster) -> Done {
    let path = format!("{}/x", maps(&cluster).await?);
    apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    let change = json!({"data": {"a": null}});
    let patched = cluster.patch(format!("{path}?fieldManager=other"), MERGE_PATCH, &change).await?.expect(200)?;
    same!(owners(&patched), [owner("one", "Apply", "v1", json!({"f:data": {"f:b": {}}}))]);
    Ok(())
}

async fn managers_of_status_are_apart(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let schema = json!({"type": "object", "properties": {"spec": free, "status": free}});
    let version = json!({"schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}});
    let widgets = cluster.define(&version).await?;
    let path = format!("{}/w", widgets.widgets(&namespace));
    cluster.create(widgets.widgets(&namespace), &widgets.widget("w", &json!({"a": 1}))).await?.expect(201)?;
    let status = format!("{path}/status");
    cluster.patch(&status, MERGE_PATCH, &json!({"status": {"n": 1}})).await?.expect(200)?;
    let body = json!({
        "apiVersion": widgets.api_version(), "kind": "Widget", "metadata": {"name": "w"},
        "spec": {"a": 9}, "status": {"m": 2},
    });
    let applied = apply(&cluster, &status, "st", &body).await?.expect(200)?;
    same!((&applied["spec"]["a"], &applied["status"]), (&json!(1), &json!({"m": 2, "n": 1})));
    let version = widgets.api_version();
    let mut expected = [
        owner("conformance", "Update", &version, json!({"f:status": {".": {}, "f:n": {}}})),
        owner("conformance", "Update", &version, json!({"f:spec": {".": {}, "f:a": {}}})),
        owner("st", "Apply", &version, json!({"f:status": {"f:m": {}}})),
    ];
    for status in [0, 2] {
        expected[status]["subresource"] = json!("status");
    }
    same!(owners(&applied), expected);
    Ok(())
}

async fn sets_are_dropped_by_an_empty_list(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let path = format!("{maps}/x");
    cluster.create(&maps, &config_map(json!({"a": "1"}))).await?.expect(201)?;
    let drop = json!({"metadata": {"managedFields": [{}]}});
    same!(owners(&cluster.patch(&path, MERGE_PATCH, &drop).await?.expect(200)?), Vec::<Value>::new());
    // From then on nothing is tracked, until something is applied.
    let patched = cluster.patch(&path, MERGE_PATCH, &json!({"data": {"b": "2"}})).await?.expect(200)?;
    same!(owners(&patched), Vec::<Value>::new());
    Ok(())
}

async fn what_stood_before_the_first_apply_is_remembered(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let path = format!("{maps}/x");
    cluster.create(&maps, &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    cluster.patch(&path, MERGE_PATCH, &json!({"metadata": {"managedFields": []}})).await?.expect(200)?;
    let conflict = apply(&cluster, &path, "one", &config_map(json!({"a": "9"}))).await?;
    let by = "conflict with \"before-first-apply\" using v1";
    let causes = json!([{"reason": "FieldManagerConflict", "message": by, "field": ".data.a"}]);
    conflict.refused(
        409,
        "Conflict",
        format!("Apply failed with 1 conflict: {by}: .data.a"),
        json!({"causes": causes}),
    )?;
    let applied = apply(&cluster, &path, "one", &config_map(json!({"a": "1"}))).await?.expect(200)?;
    let expected = [
        owner("before-first-apply", "Update", "v1", json!({"f:data": {".": {}, "f:a": {}, "f:b": {}}})),
        owner("one", "Apply", "v1", json!({"f:data": {"f:a": {}}})),
    ];
    same!(owners(&applied), expected);
    Ok(())
}

async fn a_json_patch_migrates_the_sets(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let path = format!("{maps}/x");
    let body = config_map(json!({"a": "1", "b": "2"}));
    let made = cluster.create(format!("{maps}?fieldManager=kubectl-client-side-apply"), &body).await?.expect(201)?;
    let version = made["metadata"]["resourceVersion"].clone();
    let mut entry = owner("kubectl", "Apply", "v1", json!({"f:data": {"f:a": {}, "f:b": {}}}));
    entry["time"] = json!("2020-01-01T00:00:00Z");
    let operations = json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": [entry]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]);
    let migrated = cluster.patch(&path, crate::JSON_PATCH, &operations).await?.expect(200)?;
    same!(migrated["metadata"]["managedFields"], json!([entry]));
    // What is left out now goes, though it was never applied.
    let applied = apply(&cluster, &path, "kubectl", &config_map(json!({"a": "1"}))).await?.expect(200)?;
    same!(applied["data"], json!({"a": "1"}));
    Ok(())
}

async fn a_bad_set_is_ignored(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let made = cluster.create(&maps, &config_map(json!({"a": "1"}))).await?.expect(201)?;
    for entry in [
        json!({"manager": "m", "operation": "Foo", "fieldsType": "FieldsV1", "apiVersion": "v1", "fieldsV1": {}}),
        json!({"manager": "m", "operation": "Apply", "fieldsType": "FieldsV2", "apiVersion": "v1", "fieldsV1": {"a": {}}}),
        json!({"manager": "m", "operation": "Apply", "fieldsType": "FieldsV1", "apiVersion": "v1", "fieldsV1": {"a": {}}}),
    ] {
        let change = json!({"metadata": {"managedFields": [entry]}});
        let patched = cluster.patch(format!("{maps}/x"), MERGE_PATCH, &change).await?.expect(200)?;
        same!(owners(&patched), owners(&made));
    }
    Ok(())
}
