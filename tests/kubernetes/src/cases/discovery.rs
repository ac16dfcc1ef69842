//! What an API says about itself.

use serde_json::{Value, json};

use super::Done;
use crate::Cluster;
use crate::case::cases;
use crate::check::{check, same, text};

cases! { "discovery":
    the_core_api_has_one_version,
    groups_name_their_versions,
    resources_are_listed_with_verbs_and_names,
    everything_comes_in_one_answer_when_asked_for,
    unknown_aggregations_are_passed_over,
    the_documents_have_an_index,
    a_document_has_what_clients_look_for,
    a_document_is_not_sent_twice,
    the_version_has_numbers,
    the_server_is_healthy,
}

const ALL: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    list.as_array().and_then(|list| list.iter().find(|item| item[key] == name)).unwrap_or(&Value::Null)
}

async fn the_core_api_has_one_version(cluster: Cluster) -> Done {
    let found = cluster.get("/api").await?.expect(200)?;
    same!((&found["kind"], &found["versions"]), (&json!("APIVersions"), &json!(["v1"])));
    Ok(())
}

async fn groups_name_their_versions(cluster: Cluster) -> Done {
    let found = cluster.get("/apis").await?.expect(200)?;
    same!((&found["kind"], &found["apiVersion"]), (&json!("APIGroupList"), &json!("v1")));
    for group in [
        "apps",
        "batch",
        "networking.k8s.io",
        "policy",
        "rbac.authorization.k8s.io",
        "storage.k8s.io",
        "apiextensions.k8s.io",
        "coordination.k8s.io",
        "events.k8s.io",
        "authorization.k8s.io",
        "authentication.k8s.io",
    ] {
        let version = json!({"groupVersion": format!("{group}/v1"), "version": "v1"});
        let entry = named(&found["groups"], "name", group);
        same!(entry, &json!({"name": group, "versions": [version], "preferredVersion": version}));
        let mut alone = entry.clone();
        alone["kind"] = json!("APIGroup");
        alone["apiVersion"] = json!("v1");
        same!(cluster.get(format!("/apis/{group}")).await?.expect(200)?, alone);
    }
    Ok(())
}

async fn resources_are_listed_with_verbs_and_names(cluster: Cluster) -> Done {
    let all = json!(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]);
    let some = json!(["get", "patch", "update"]);
    let entries = |version: &str| match version {
        "/apis/apps/v1" => vec![
            json!({
                "name": "deployments", "singularName": "deployment", "namespaced": true, "kind": "Deployment", "verbs": all,
                "shortNames": ["deploy"], "categories": ["all"],
            }),
            json!({
                "name": "deployments/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1",
                "kind": "Scale", "verbs": some,
            }),
            json!({"name": "deployments/status", "singularName": "", "namespaced": true, "kind": "Deployment", "verbs": some}),
        ],
        _ => vec![
            json!({
                "name": "configmaps", "singularName": "configmap", "namespaced": true, "kind": "ConfigMap", "verbs": all,
                "shortNames": ["cm"],
            }),
            json!({
                "name": "namespaces", "singularName": "namespace", "namespaced": false, "kind": "Namespace",
                "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"], "shortNames": ["ns"],
            }),
            json!({
                "name": "pods/eviction", "singularName": "", "namespaced": true, "group": "policy", "version": "v1",
                "kind": "Eviction", "verbs": ["create"],
            }),
            json!({"name": "pods/log", "singularName": "", "namespaced": true, "kind": "Pod", "verbs": ["get"]}),
            json!({
                "name": "serviceaccounts/token", "singularName": "", "namespaced": true, "group": "authentication.k8s.io",
                "version": "v1", "kind": "TokenRequest", "verbs": ["create"],
            }),
        ],
    };
    for path in ["/apis/apps/v1", "/api/v1"] {
        let found = cluster.get(path).await?.expect(200)?;
        same!(found["kind"], "APIResourceList");
        same!(found["groupVersion"], path.trim_start_matches("/apis/").trim_start_matches("/api/"));
        for expected in entries(path) {
            let mut entry = named(&found["resources"], "name", text(&expected, "/name")).clone();
            if let Some(entry) = entry.as_object_mut() {
                entry.remove("storageVersionHash");
            }
            same!(entry, expected);
        }
    }
    Ok(())
}

async fn everything_comes_in_one_answer_when_asked_for(cluster: Cluster) -> Done {
    for (path, group, kind) in [("/api", "", "Pod"), ("/apis", "apps", "Deployment")] {
        let answer = cluster.read(path).accept(ALL).send().await?;
        let media = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        same!(answer.header("content-type"), media);
        let found = answer.expect(200)?;
        same!(
            (&found["kind"], &found["apiVersion"]),
            (&json!("APIGroupDiscoveryList"), &json!("apidiscovery.k8s.io/v2"))
        );
        let mut items = found["items"].as_array().into_iter().flatten();
        let entry = items.find(|item| text(item, "/metadata/name") == group).unwrap_or(&Value::Null);
        let version = named(&entry["versions"], "version", "v1");
        same!(version["freshness"], "Current");
        let resource = version["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|resource| text(resource, "/responseKind/kind") == kind)
            .unwrap_or(&Value::Null);
        same!(resource["responseKind"], json!({"group": "", "version": "", "kind": kind}));
        same!((&resource["scope"], &resource["singularResource"]), (&json!("Namespaced"), &json!(kind.to_lowercase())));
        same!(resource["categories"], json!(["all"]));
        let status = named(&resource["subresources"], "subresource", "status");
        let expected = json!({
            "subresource": "status", "verbs": ["get", "patch", "update"],
            "responseKind": {"group": "", "version": "", "kind": kind},
        });
        same!(*status, expected);
    }
    Ok(())
}

async fn unknown_aggregations_are_passed_over(cluster: Cluster) -> Done {
    let accept = "application/json;g=apidiscovery.k8s.io;v=v9;as=APIGroupDiscoveryList,application/json";
    let answer = cluster.read("/apis").accept(accept).send().await?;
    same!(answer.header("content-type"), "application/json");
    same!(answer.expect(200)?["kind"], "APIGroupList");
    Ok(())
}

async fn the_documents_have_an_index(cluster: Cluster) -> Done {
    let found = cluster.get("/openapi/v3").await?.expect(200)?;
    for path in ["api/v1", "apis/apps/v1", "apis/batch/v1", "apis/rbac.authorization.k8s.io/v1"] {
        let url = found["paths"][path]["serverRelativeURL"].as_str().unwrap_or_default();
        check!(url.starts_with(&format!("/openapi/v3/{path}?hash=")), "{url}");
        same!(cluster.get(url).await?.expect(200)?["openapi"], "3.0.0");
    }
    same!(cluster.get("/openapi/v3/apis/none.example.com/v1").await?.code, 404);
    Ok(())
}

async fn a_document_has_what_clients_look_for(cluster: Cluster) -> Done {
    let widgets = cluster.define_free().await?;
    let custom = format!("apis/{}", widgets.api_version());
    cluster
        .eventually("the document of the widgets", || async {
            Ok((cluster.get(format!("/openapi/v3/{custom}")).await?.code == 200).then_some(()))
        })
        .await?;
    for (path, resource, group, kind) in [
        ("apis/apps/v1", "deployments", "apps", "Deployment"),
        (custom.as_str(), "widgets", widgets.group.as_str(), "Widget"),
    ] {
        let found = cluster.get(format!("/openapi/v3/{path}")).await?.expect(200)?;
        let gvk = json!({"group": group, "version": "v1", "kind": kind});
        let patch = &found["paths"][format!("/{path}/namespaces/{{namespace}}/{resource}/{{name}}")]["patch"];
        same!(patch["x-kubernetes-group-version-kind"], gvk);
        same!(named(&patch["parameters"], "name", "fieldValidation")["in"], "query");
        let schemas = found["components"]["schemas"].as_object().cloned().unwrap_or_default();
        let of_kind = |schema: &Value| {
            schema["x-kubernetes-group-version-kind"].as_array().is_some_and(|list| list.contains(&gvk))
        };
        let mut of_kind = schemas.values().filter(|schema| of_kind(schema));
        let schema = of_kind.next().unwrap_or(&Value::Null);
        same!(schema["type"], "object", "{path}");
        check!(schema["properties"]["spec"].is_object() && schema["properties"]["metadata"].is_object());
    }
    Ok(())
}

async fn a_document_is_not_sent_twice(cluster: Cluster) -> Done {
    let first = cluster.get("/openapi/v3/apis/coordination.k8s.io/v1").await?;
    let tag = first.header("etag").to_owned();
    check!(!tag.is_empty());
    let again = cluster.read("/openapi/v3/apis/coordination.k8s.io/v1").header("If-None-Match", &tag).send().await?;
    same!((again.code, again.body.len()), (304, 0));
    Ok(())
}

async fn the_version_has_numbers(cluster: Cluster) -> Done {
    let found = cluster.get("/version").await?.expect(200)?;
    let (major, minor) = (text(&found, "/major"), text(&found, "/minor"));
    check!(text(&found, "/gitVersion").starts_with(&format!("v{major}.{minor}.")), "{found}");
    Ok(())
}

async fn the_server_is_healthy(cluster: Cluster) -> Done {
    for path in ["/healthz", "/readyz", "/livez", "/healthz/ping"] {
        let answer = cluster.get(path).await?;
        same!((answer.code, answer.text()), (200, "ok".to_owned()), "{path}");
        check!(answer.header("content-type").starts_with("text/plain"));
    }
    let verbose = cluster.get("/readyz?verbose").await?.text();
    check!(verbose.starts_with("[+]ping ok\n") && verbose.ends_with("readyz check passed\n"), "{verbose}");
    Ok(())
}
