//! Discovery and schemas, as Kubernetes 1.36 answers them.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Kind, Kinds, builtin, discovery, openapi};

fn kinds() -> Kinds {
    Kinds::new(builtin())
}

/// The kinds with one of a definition, in two versions.
fn with_widgets() -> Kinds {
    let mut all = builtin();
    let configmap = all.iter().find(|kind| &*kind.plural == "configmaps").unwrap().clone();
    let schema =
        json!({ "type": "object", "description": "A widget.", "properties": { "spec": { "type": "object" } } });
    let name = |text: &str| Arc::from(text);
    for version in ["v1beta1", "v1"] {
        all.push(Kind {
            group: name("example.com"),
            version: name(version),
            kind: name("Widget"),
            list_kind: name("WidgetList"),
            plural: name("widgets"),
            custom: true,
            definition: Some(Bytes::from(schema.to_string())),
            ..configmap.clone()
        });
    }
    Kinds::new(all)
}

fn found<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item[key] == name).unwrap()
}

#[test]
fn resources_are_listed_with_their_subresources() {
    let list = discovery::resources(&kinds(), "apps", "v1").unwrap();
    assert_eq!(
        (&list["kind"], &list["apiVersion"], &list["groupVersion"]),
        (&json!("APIResourceList"), &json!("v1"), &json!("apps/v1"))
    );
    let deployments = json!({
        "name": "deployments", "singularName": "deployment", "namespaced": true, "kind": "Deployment", "shortNames": ["deploy"], "categories": ["all"],
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
    });
    assert_eq!(*found(&list["resources"], "name", "deployments"), deployments);
    let scale = json!({
        "name": "deployments/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1", "kind": "Scale",
        "verbs": ["get", "patch", "update"],
    });
    assert_eq!(*found(&list["resources"], "name", "deployments/scale"), scale);
    let core = discovery::resources(&kinds(), "", "v1").unwrap();
    assert_eq!((core.get("apiVersion"), &core["groupVersion"]), (None, &json!("v1")));
    assert_eq!(
        core["resources"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["name"].as_str().unwrap().starts_with("pods/"))
            .count(),
        10
    );
    assert!(
        discovery::resources(&kinds(), "apps", "v2").is_none() && discovery::resources(&kinds(), "app", "v1").is_none()
    );
}

#[test]
fn the_aggregated_form_says_the_same() {
    let core = discovery::aggregated(&kinds(), true, "v2");
    assert_eq!((&core["apiVersion"], &core["items"][0]["metadata"]), (&json!("apidiscovery.k8s.io/v2"), &json!({})));
    let version = &core["items"][0]["versions"][0];
    assert_eq!((&version["version"], &version["freshness"]), (&json!("v1"), &json!("Current")));
    let namespaces = json!({
        "resource": "namespaces", "responseKind": { "group": "", "version": "", "kind": "Namespace" }, "scope": "Cluster",
        "singularResource": "namespace", "verbs": ["create", "delete", "get", "list", "patch", "update", "watch"], "shortNames": ["ns"],
        "subresources": [
            { "subresource": "finalize", "responseKind": { "group": "", "version": "", "kind": "Namespace" }, "verbs": ["update"] },
            { "subresource": "status", "responseKind": { "group": "", "version": "", "kind": "Namespace" }, "verbs": ["get", "patch", "update"] },
        ],
    });
    assert_eq!(*found(&version["resources"], "resource", "namespaces"), namespaces);
    let pods = found(&version["resources"], "resource", "pods");
    let kind = |name| &found(&pods["subresources"], "subresource", name)["responseKind"];
    assert_eq!(*kind("eviction"), json!({ "group": "policy", "version": "v1", "kind": "Eviction" }));
    assert_eq!(*kind("exec"), json!({ "group": "", "version": "", "kind": "PodExecOptions" }));
    let groups = discovery::aggregated(&kinds(), false, "v2");
    let names: Vec<_> =
        groups["items"].as_array().unwrap().iter().map(|group| group["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 12);
    assert!(names.starts_with(&["apps", "events.k8s.io", "authentication.k8s.io"]));
}

#[test]
fn the_preferred_version_of_a_group_comes_first() {
    let kinds = with_widgets();
    let version = |name: &str| json!({ "groupVersion": format!("example.com/{name}"), "version": name });
    let mut expected = json!({ "name": "example.com", "versions": [version("v1"), version("v1beta1")], "preferredVersion": version("v1") });
    assert_eq!(*found(&discovery::groups(&kinds)["groups"], "name", "example.com"), expected);
    expected["kind"] = "APIGroup".into();
    expected["apiVersion"] = "v1".into();
    assert_eq!(discovery::group(&kinds, "example.com"), Some(expected));
    assert_eq!(discovery::group(&kinds, "example.org"), None);
    let item = discovery::aggregated(&kinds, false, "v2");
    let group =
        item["items"].as_array().unwrap().iter().find(|group| group["metadata"]["name"] == "example.com").unwrap();
    let widgets = &group["versions"][0]["resources"][0];
    assert_eq!(widgets["responseKind"], json!({ "group": "example.com", "version": "v1", "kind": "Widget" }));
}

#[test]
fn schemas_of_built_in_kinds_are_those_of_the_real_server() {
    let (document, _) = openapi::document(&kinds(), "", "v1").unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let schemas = &document["components"]["schemas"];
    let port = &schemas["io.k8s.api.core.v1.ContainerPort"];
    assert_eq!(port["required"], json!(["containerPort"]));
    assert_eq!(
        port["properties"]["protocol"],
        json!({ "type": "string", "default": "TCP", "enum": ["SCTP", "TCP", "UDP"] })
    );
    let volumes = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["volumes"];
    let expected = json!({
        "type": "array", "items": { "$ref": "#/components/schemas/io.k8s.api.core.v1.Volume" },
        "x-kubernetes-list-map-keys": ["name"], "x-kubernetes-list-type": "map",
        "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge,retainKeys",
    });
    assert_eq!(*volumes, expected);
    let volume = schemas["io.k8s.api.core.v1.Volume"]["properties"].as_object().unwrap();
    assert!(volume.contains_key("emptyDir") && !volume.keys().any(|name| name.starts_with('~')));
    assert_eq!(
        schemas["io.k8s.api.core.v1.Pod"]["x-kubernetes-group-version-kind"],
        json!([{ "group": "", "version": "v1", "kind": "Pod" }])
    );
    // Every reference leads somewhere.
    let text = document.to_string();
    for target in text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(schemas[target].is_object(), "{target}");
    }
    let patch = &document["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"], json!({ "group": "", "version": "v1", "kind": "Pod" }));
    assert_eq!(found(&patch["parameters"], "name", "fieldValidation")["in"], "query");
}

#[test]
fn schemas_of_definitions_keep_their_descriptions() {
    let kinds = with_widgets();
    let (document, tag) = openapi::document(&kinds, "example.com", "v1").unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    let widget = &document["components"]["schemas"]["com.example.v1.Widget"];
    assert_eq!(widget["description"], "A widget.");
    assert_eq!(
        widget["properties"]["metadata"]["allOf"],
        json!([{ "$ref": "#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }])
    );
    assert!(document["components"]["schemas"]["io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"].is_object());
    let index = openapi::index(&kinds);
    assert_eq!(
        index["paths"]["apis/example.com/v1"]["serverRelativeURL"],
        format!("/openapi/v3/apis/example.com/v1?hash={tag}")
    );
    assert!(index["paths"]["api/v1"].is_object() && openapi::document(&kinds, "example.com", "v2").is_none());
    assert!(openapi::v2(&kinds)["definitions"]["com.example.v1.Widget"].is_object());
}

#[test]
fn the_address_of_a_document_changes_with_its_definitions() {
    let tag = |description: &str| {
        let mut kind = with_widgets().find("example.com", "v1", "widgets").map(|kind| Kind::clone(kind)).unwrap();
        kind.definition = Some(Bytes::from(json!({ "type": "object", "description": description }).to_string()));
        openapi::document(&Kinds::new([kind]), "example.com", "v1").unwrap().1
    };
    assert_eq!(tag("one"), tag("one"));
    assert_ne!(tag("one"), tag("two"));
}
