//! Definitions of custom resources.

use serde_json::{Value, json};

use super::Done;
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, names, same};
use crate::{Answer, Cluster, Failure, MERGE_PATCH};

cases! { "definitions":
    a_definition_is_established,
    it_appears_in_discovery,
    a_name_exists_once,
    names_of_another_definition_are_not_accepted,
    names_and_groups_are_checked,
    versions_are_checked,
    schemas_have_to_be_structural,
    list_types_are_checked,
    defaults_are_checked,
    subresources_and_columns_are_checked,
    what_is_established_stays,
    a_second_version_serves_the_same_objects,
    a_stored_version_is_not_removed,
    its_objects_go_with_it,
    cluster_scope_has_no_namespaces,
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const KIND: &str = "CustomResourceDefinition.apiextensions.k8s.io";

/// A definition with the schema of its only version.
fn definition(group: &str, schema: &Value) -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("widgets.{group}")},
        "spec": {
            "group": group, "scope": "Namespaced", "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}],
        },
    })
}

fn free() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

async fn dry(cluster: &Cluster, body: &Value) -> Result<Answer, Failure> {
    cluster.create(format!("{DEFINITIONS}?dryRun=All"), body).await
}

/// Changes a definition at pointers and checks the causes of its refusal: reason, message and field each.
async fn refused(cluster: &Cluster, changes: &[(&str, Value)], causes: &[(&str, &str, &str)]) -> Done {
    let mut body = definition("bad.example.com", &json!({"type": "object"}));
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').unwrap_or_default();
        match body.pointer_mut(parent) {
            Some(Value::Object(parent)) => drop(parent.insert(key.to_owned(), value.clone())),
            _ => return Err(Failure::broken(format_args!("nothing to change at {pointer}"))),
        }
    }
    let answer = dry(cluster, &body).await?;
    let mut expected: Vec<Value> = causes
        .iter()
        .map(|(reason, message, field)| json!({"field": field, "message": message, "reason": reason}))
        .collect();
    let mut found = answer.json["details"]["causes"].as_array().cloned().unwrap_or_default();
    expected.sort_by_key(ToString::to_string);
    found.sort_by_key(ToString::to_string);
    same!((answer.code, found), (422, expected), "the refusal of {changes:?}");
    same!(answer.json["details"]["kind"], "CustomResourceDefinition");
    Ok(())
}

async fn a_definition_is_established(cluster: Cluster) -> Done {
    let group = format!("{}.example.com", cluster.unique("g"));
    let made = cluster.create(DEFINITIONS, &definition(&group, &free())).await?.expect(201)?;
    let path = format!("{DEFINITIONS}/widgets.{group}");
    cluster.delete_afterwards(&path);
    // What is left out of the names is made from the kind.
    let names = json!({"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"});
    same!(made["spec"]["names"], names);
    same!(made["spec"]["conversion"], json!({"strategy": "None"}));
    same!((&made["status"]["storedVersions"], &made["metadata"]["generation"]), (&json!(["v1"]), &json!(1)));
    let status = cluster.eventually("the definition is established", || async {
        let mut found = cluster.get(&path).await?.expect(200)?;
        let status = found["status"].take();
        let established =
            |list: &Vec<Value>| list.iter().any(|one| one["type"] == "Established" && one["status"] == "True");
        Ok(status["conditions"].as_array().is_some_and(established).then_some(status))
    });
    let mut status = status.await?;
    same!(status["acceptedNames"], names);
    let mut conditions = status["conditions"].as_array().cloned().unwrap_or_default();
    for condition in conditions.iter_mut().filter_map(Value::as_object_mut) {
        check!(condition.remove("lastTransitionTime").is_some());
        condition.remove("observedGeneration");
    }
    let accepted = json!({
        "type": "NamesAccepted", "status": "True", "reason": "NoConflicts", "message": "no conflicts found",
    });
    let established = json!({
        "type": "Established", "status": "True", "reason": "InitialNamesAccepted",
        "message": "the initial names have been accepted",
    });
    same!(conditions, [accepted, established]);
    status["conditions"].take();
    Ok(())
}

async fn it_appears_in_discovery(cluster: Cluster) -> Done {
    let scale = json!({"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"});
    let version = json!({"schema": {"openAPIV3Schema": free()}, "subresources": {"status": {}, "scale": scale}});
    let widgets = cluster.define(&version).await?;
    let (group, version) = (&widgets.group, widgets.api_version());
    let by_version = json!({"groupVersion": version, "version": "v1"});
    let found = cluster.get(format!("/apis/{group}")).await?.expect(200)?;
    let expected = json!({
        "kind": "APIGroup", "apiVersion": "v1", "name": group, "versions": [by_version], "preferredVersion": by_version,
    });
    same!(found, expected);
    let mut found = cluster.get(format!("/apis/{version}")).await?.expect(200)?;
    let resources = found["resources"].as_array_mut();
    for resource in resources.into_iter().flatten().filter_map(Value::as_object_mut) {
        resource.remove("storageVersionHash");
    }
    let verbs = json!(["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]);
    let some = json!(["get", "patch", "update"]);
    let expected = json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": [
            {"name": "widgets", "singularName": "widget", "namespaced": true, "kind": "Widget", "verbs": verbs},
            {"name": "widgets/status", "singularName": "", "namespaced": true, "kind": "Widget", "verbs": some},
            {
                "name": "widgets/scale", "singularName": "", "namespaced": true, "group": "autoscaling", "version": "v1",
                "kind": "Scale", "verbs": some,
            },
        ],
    });
    same!(found, expected);
    let listed = cluster.eventually("the group is listed", || async {
        let groups = cluster.get("/apis").await?.expect(200)?;
        Ok(groups["groups"]
            .as_array()
            .is_some_and(|list| list.iter().any(|entry| entry["name"] == **group))
            .then_some(()))
    });
    listed.await
}

async fn a_name_exists_once(cluster: Cluster) -> Done {
    let widgets = cluster.define_free().await?;
    let answer = cluster.create(DEFINITIONS, &definition(&widgets.group, &free())).await?;
    let name = widgets.resource();
    let resource = "customresourcedefinitions.apiextensions.k8s.io";
    answer.refused(409, "AlreadyExists", format!("{resource} {name:?} already exists"), about(resource, &name))
}

async fn names_of_another_definition_are_not_accepted(cluster: Cluster) -> Done {
    let widgets = cluster.define_free().await?;
    let mut body = definition(&widgets.group, &free());
    body["metadata"]["name"] = json!(format!("gadgets.{}", widgets.group));
    body["spec"]["names"] =
        json!({"plural": "gadgets", "singular": "gadget", "kind": "Widget", "listKind": "GadgetList"});
    cluster.create(DEFINITIONS, &body).await?.expect(201)?;
    let path = format!("{DEFINITIONS}/gadgets.{}", widgets.group);
    cluster.delete_afterwards(&path);
    let conditions = cluster.eventually("the names are judged", || async {
        let found = cluster.get(&path).await?.expect(200)?;
        let list = found["status"]["conditions"].as_array().cloned().unwrap_or_default();
        Ok((list.len() > 1).then(|| {
            list.into_iter()
                .map(|one| {
                    ["type", "status", "reason", "message"].map(|key| one[key].as_str().unwrap_or_default().to_owned())
                })
                .collect::<Vec<_>>()
        }))
    });
    let expected = [
        ["NamesAccepted", "False", "KindConflict", "\"Widget\" is already in use"],
        ["Established", "False", "NotAccepted", "not all names are accepted"],
    ];
    same!(conditions.await?, expected);
    Ok(())
}

async fn names_and_groups_are_checked(cluster: Cluster) -> Done {
    let invalid = "FieldValueInvalid";
    let name = "Invalid value: \"x.y.z\": must be spec.names.plural+\".\"+spec.group";
    refused(&cluster, &[("/metadata/name", json!("x.y.z"))], &[(invalid, name, "metadata.name")]).await?;
    let scope = "Unsupported value: \"Foo\": supported values: \"Cluster\", \"Namespaced\"";
    refused(&cluster, &[("/spec/scope", json!("Foo"))], &[("FieldValueNotSupported", scope, "spec.scope")]).await?;
    let dot = "Invalid value: \"bad\": should be a domain with at least one dot";
    let changes = [("/metadata/name", json!("widgets.bad")), ("/spec/group", json!("bad"))];
    refused(&cluster, &changes, &[(invalid, dot, "spec.group")]).await?;
    let changes = [("/metadata/name", json!("widgets.k8s.io")), ("/spec/group", json!("k8s.io"))];
    let approval = "Required value: protected groups must have approval annotation \"api-approved.kubernetes.io\", \
                    see https://github.com/kubernetes/enhancements/pull/1111";
    let field = "metadata.annotations[api-approved.kubernetes.io]";
    refused(&cluster, &changes, &[("FieldValueRequired", approval, field)]).await?;
    let strategy = "Unsupported value: \"Foo\": supported values: \"None\", \"Webhook\"";
    let changes = [("/spec/conversion", json!({"strategy": "Foo"}))];
    refused(&cluster, &changes, &[("FieldValueNotSupported", strategy, "spec.conversion.strategy")]).await
}

async fn versions_are_checked(cluster: Cluster) -> Done {
    let schema = json!({"openAPIV3Schema": {"type": "object"}});
    let version =
        |name: &str, storage: bool| json!({"name": name, "served": true, "storage": storage, "schema": schema});
    let none = "Invalid value: null: must have at least one stored version";
    let empty = "Invalid value: []: must have exactly one version marked as storage version";
    let causes = [("FieldValueInvalid", empty, "spec.versions"), ("FieldValueInvalid", none, "status.storedVersions")];
    refused(&cluster, &[("/spec/versions", json!([]))], &causes).await?;
    let missing = json!([{"name": "v1", "served": true, "storage": true}]);
    let field = "spec.versions[0].schema.openAPIV3Schema";
    refused(&cluster, &[("/spec/versions", missing)], &[("FieldValueRequired", "Required value", field)]).await?;
    for (versions, end) in [
        (json!([version("v1", false)]), "must have exactly one version marked as storage version"),
        (json!([version("v1", true), version("v2", true)]), "must have exactly one version marked as storage version"),
        (json!([version("v1", true), version("v1", false)]), "must contain unique version names"),
    ] {
        let mut body = definition("bad.example.com", &free());
        body["spec"]["versions"] = versions;
        let answer = dry(&cluster, &body).await?;
        let causes = answer.json["details"]["causes"].as_array().cloned().unwrap_or_default();
        let of_versions = |cause: &Value| {
            cause["field"] == "spec.versions" && cause["message"].as_str().is_some_and(|text| text.ends_with(end))
        };
        check!(answer.code == 422 && causes.iter().any(of_versions), "{}", answer.text());
    }
    Ok(())
}

/// Checks the one cause for which a schema with the property `a` is refused; the field stands below the property.
async fn property(cluster: &Cluster, schema: Value, cause: (&str, &str, &str)) -> Done {
    let (reason, message, field) = cause;
    let whole = json!({"type": "object", "properties": {"a": schema}});
    let field = format!("spec.validation.openAPIV3Schema.properties[a]{field}");
    let change = ("/spec/versions/0/schema/openAPIV3Schema", whole);
    refused(cluster, &[change], &[(reason, message, &field)]).await
}

async fn schemas_have_to_be_structural(cluster: Cluster) -> Done {
    let (required, forbidden, invalid) = ("FieldValueRequired", "FieldValueForbidden", "FieldValueInvalid");
    let types = "Unsupported value: \"foo\": supported values: \
                 \"array\", \"boolean\", \"integer\", \"number\", \"object\", \"string\"";
    let unique = "Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
    let exclusive = "Forbidden: additionalProperties and properties are mutual exclusive";
    let pattern = "Invalid value: \"(\": must be a valid regular expression, but isn't: \
                   error parsing regexp: missing closing ): `(`";
    let embedded = "Required value: must not be empty if x-kubernetes-embedded-resource is true \
                    without x-kubernetes-preserve-unknown-fields";
    let string = json!({"type": "string"});
    for (schema, cause) in [
        (json!({}), (required, "Required value: must not be empty for specified object fields", ".type")),
        (json!({"type": "foo"}), ("FieldValueNotSupported", types, ".type")),
        (json!({"type": "array"}), (required, "Required value: must be specified", ".items")),
        (json!({"type": "array", "items": string, "uniqueItems": true}), (forbidden, unique, ".uniqueItems")),
        (json!({"$ref": "#/x"}), (forbidden, "Forbidden: $ref is not supported", ".$ref")),
        (
            json!({"type": "object", "properties": {"x": string}, "additionalProperties": string}),
            (forbidden, exclusive, ".additionalProperties"),
        ),
        (json!({"type": "string", "pattern": "("}), (invalid, pattern, ".pattern")),
        (
            json!({"type": "object", "oneOf": [{"type": "object"}]}),
            (forbidden, "Forbidden: must be empty to be structural", ".oneOf[0].type"),
        ),
        (
            json!({"type": "string", "not": {"default": "x", "pattern": "^x$"}}),
            (forbidden, "Forbidden: must be undefined to be structural", ".not.default"),
        ),
        (json!({"type": "object", "x-kubernetes-embedded-resource": true}), (required, embedded, ".properties")),
    ] {
        property(&cluster, schema, cause).await?;
    }
    let root = |schema: Value| [("/spec/versions/0/schema/openAPIV3Schema", schema)];
    let field = "spec.validation.openAPIV3Schema.type";
    let message = "Invalid value: \"string\": must be object at the root";
    refused(&cluster, &root(json!({"type": "string"})), &[(invalid, message, field)]).await?;
    let message = "Required value: must not be empty at the root";
    refused(&cluster, &root(json!({"properties": {}})), &[(required, message, field)]).await
}

async fn list_types_are_checked(cluster: Cluster) -> Done {
    let (required, invalid) = ("FieldValueRequired", "FieldValueInvalid");
    let list = |kind: &str, items: Value, keys: Value| {
        let mut list = json!({"type": "array", "items": items, "x-kubernetes-list-type": kind});
        if !keys.is_null() {
            list["x-kubernetes-list-map-keys"] = keys;
        }
        list
    };
    let item = |needed: Value| json!({"type": "object", "properties": {"k": {"type": "string"}}, "required": needed});
    let keys = ".x-kubernetes-list-map-keys";
    let default = "Required value: this property is in x-kubernetes-list-map-keys, \
                   so it must have a default or be a required property";
    for (schema, cause) in [
        (
            list("map", item(json!([])), Value::Null),
            (required, "Required value: must not be empty if x-kubernetes-list-type is map", keys),
        ),
        (list("map", item(json!([])), json!(["k"])), (required, default, ".items.properties[k].default")),
        (
            list("map", item(json!(["k"])), json!(["z"])),
            (invalid, "Invalid value: [\"z\"]: entries must all be names of item properties", keys),
        ),
        (
            list("foo", json!({"type": "string"}), Value::Null),
            (
                "FieldValueNotSupported",
                "Unsupported value: \"foo\": supported values: \"atomic\", \"set\", \"map\"",
                ".x-kubernetes-list-type",
            ),
        ),
        (
            list("set", json!({"type": "object"}), Value::Null),
            (
                invalid,
                "Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set",
                ".items.x-kubernetes-map-type",
            ),
        ),
        (
            json!({"type": "object", "x-kubernetes-list-type": "set"}),
            (invalid, "Invalid value: \"object\": must be array if x-kubernetes-list-type is specified", ".type"),
        ),
    ] {
        property(&cluster, schema, cause).await?;
    }
    Ok(())
}

async fn defaults_are_checked(cluster: Cluster) -> Done {
    for (schema, cause) in [
        (
            json!({"type": "integer", "default": "x"}),
            (
                "FieldValueTypeInvalid",
                "Invalid value: \"string\":  in body must be of type integer: \"string\"",
                ".default",
            ),
        ),
        (
            json!({"type": "string", "default": "x", "enum": ["a", "b"]}),
            ("FieldValueNotSupported", "Unsupported value: \"x\": supported values: \"a\", \"b\"", ".default"),
        ),
        (
            json!({"type": "object", "properties": {"b": {"type": "string"}}, "default": {"c": 1}}),
            ("FieldValueInvalid", "Invalid value: {\"c\":1}: must not have unknown fields", ".default"),
        ),
    ] {
        property(&cluster, schema, cause).await?;
    }
    Ok(())
}

async fn subresources_and_columns_are_checked(cluster: Cluster) -> Done {
    let (required, invalid) = ("FieldValueRequired", "FieldValueInvalid");
    let scale = |path: &str| {
        [(
            "/spec/versions/0/subresources",
            json!({"scale": {
                "specReplicasPath": path, "statusReplicasPath": ".status.n",
            }}),
        )]
    };
    let field = "spec.subresources.scale.specReplicasPath";
    let message = "Invalid value: \"spec.n\": must be a simple json path starting with .";
    refused(&cluster, &scale("spec.n"), &[(invalid, message, field)]).await?;
    let message = "Invalid value: \".foo.n\": should be a json path under .spec";
    refused(&cluster, &scale(".foo.n"), &[(invalid, message, field)]).await?;
    let columns = |column: Value| [("/spec/versions/0/additionalPrinterColumns", json!([column]))];
    let message = "Invalid value: \"foo\": must be one of boolean,date,integer,number,string";
    let column = json!({"name": "A", "type": "foo", "jsonPath": ".spec.a"});
    refused(&cluster, &columns(column), &[(invalid, message, "spec.additionalPrinterColumns[0].type")]).await?;
    let cause = (required, "Required value", "spec.additionalPrinterColumns[0].JSONPath");
    refused(&cluster, &columns(json!({"name": "A", "type": "string"})), &[cause]).await?;
    let message = "Invalid value: \".spec.a\": is an invalid path: does not refer to a valid field";
    let fields = [("/spec/versions/0/selectableFields", json!([{"jsonPath": ".spec.a"}]))];
    refused(&cluster, &fields, &[(invalid, message, "spec.selectableFields[0].jsonPath")]).await
}

async fn what_is_established_stays(cluster: Cluster) -> Done {
    let widgets = cluster.define_free().await?;
    for (spec, value, field) in [
        (json!({"scope": "Cluster"}), "Cluster", "spec.scope"),
        (json!({"names": {"kind": "Other"}}), "Other", "spec.names.kind"),
        (json!({"group": "other.example.com"}), "other.example.com", "spec.group"),
    ] {
        let answer = cluster.patch(&widgets.path, MERGE_PATCH, &json!({"spec": spec})).await?;
        let message = format!("Invalid value: {value:?}: field is immutable");
        answer.invalid(KIND, &widgets.resource(), &[("FieldValueInvalid", &message, field)])?;
    }
    Ok(())
}

/// Adds a deprecated version `v2` and waits until it is served.
async fn second(cluster: &Cluster, path: &str, list: &str) -> Done {
    let mut whole = cluster.get(path).await?.expect(200)?;
    let mut version = whole["spec"]["versions"][0].clone();
    version["name"] = json!("v2");
    version["storage"] = json!(false);
    version["deprecated"] = json!(true);
    let versions = json!([whole["spec"]["versions"][0].take(), version]);
    cluster.patch(path, MERGE_PATCH, &json!({"spec": {"versions": versions}})).await?.expect(200)?;
    cluster.eventually("v2 is served", || async { Ok((cluster.get(list).await?.code == 200).then_some(())) }).await
}

async fn a_second_version_serves_the_same_objects(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define_free().await?;
    let first = widgets.widgets(&namespace);
    let list = first.replace("/v1/", "/v2/");
    cluster.create(&first, &widgets.widget("w", &json!({"a": 1}))).await?.expect(201)?;
    second(&cluster, &widgets.path, &list).await?;
    let answer = cluster.get(format!("{list}/w")).await?;
    let v2 = format!("{}/v2", widgets.group);
    same!(answer.warnings(), [format!("{v2} Widget is deprecated")]);
    let found = answer.expect(200)?;
    same!((&found["apiVersion"], &found["spec"]), (&json!(v2), &json!({"a": 1})));
    // What was written by one version stays owned by it.
    same!(found["metadata"]["managedFields"][0]["apiVersion"], json!(widgets.api_version()));
    let body = json!({"apiVersion": v2, "kind": "Widget", "metadata": {"name": "n"}, "spec": {}});
    cluster.create(&list, &body).await?.expect(201)?;
    let both = cluster.get(&first).await?.expect(200)?;
    same!((names(&both), &both["items"][0]["apiVersion"]), (vec!["n", "w"], &json!(widgets.api_version())));
    let other = cluster.create(&first, &body).await?;
    let message = format!(
        "the API version in the data ({v2}) does not match the expected API version ({})",
        widgets.api_version()
    );
    other.refused(400, "BadRequest", message, Value::Null)?;
    let group = cluster.get(format!("/apis/{}", widgets.group)).await?.expect(200)?;
    same!(group["preferredVersion"], json!({"groupVersion": v2, "version": "v2"}));
    Ok(())
}

async fn a_stored_version_is_not_removed(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define_free().await?;
    second(&cluster, &widgets.path, &widgets.widgets(&namespace).replace("/v1/", "/v2/")).await?;
    let mut whole = cluster.get(&widgets.path).await?.expect(200)?;
    let versions = whole["spec"]["versions"].take();
    let (mut one, mut two) = (versions[0].clone(), versions[1].clone());
    one["storage"] = json!(false);
    two["storage"] = json!(true);
    let patch = |versions: Value| json!({"spec": {"versions": versions}});
    let moved = cluster.patch(&widgets.path, MERGE_PATCH, &patch(json!([one, two]))).await?.expect(200)?;
    same!(moved["status"]["storedVersions"], json!(["v1", "v2"]));
    let answer = cluster.patch(&widgets.path, MERGE_PATCH, &patch(json!([two]))).await?;
    let message = "Invalid value: \"v1\": missing from spec.versions; v1 was previously a storage version, and must \
                   remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes \
                   v1 from status.storedVersions";
    answer.invalid(KIND, &widgets.resource(), &[("FieldValueInvalid", message, "status.storedVersions[0]")])
}

async fn its_objects_go_with_it(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define_free().await?;
    let list = widgets.widgets(&namespace);
    let made = cluster.create(&list, &widgets.widget("w", &json!({}))).await?.expect(201)?;
    let watch = cluster.read(&list).query("resourceVersion", crate::check::version(&made));
    let mut watch = watch.watch().await?;
    cluster.delete(&widgets.path).await?.expect(200)?;
    same!(watch.expect("DELETED").await?["metadata"]["uid"], made["metadata"]["uid"]);
    cluster.gone(&widgets.path).await?;
    cluster.gone(&list).await?;
    let answer = cluster.get(&list).await?;
    same!((answer.code, answer.text()), (404, "404 page not found\n".to_owned()));
    Ok(())
}

async fn cluster_scope_has_no_namespaces(cluster: Cluster) -> Done {
    let group = format!("{}.example.com", cluster.unique("g"));
    let mut body = definition(&group, &free());
    body["spec"]["scope"] = json!("Cluster");
    cluster.create(DEFINITIONS, &body).await?.expect(201)?;
    cluster.delete_afterwards(format!("{DEFINITIONS}/widgets.{group}"));
    let list = format!("/apis/{group}/v1/widgets");
    cluster.eventually("it is served", || async { Ok((cluster.get(&list).await?.code == 200).then_some(())) }).await?;
    let widget = json!({"apiVersion": format!("{group}/v1"), "kind": "Widget", "metadata": {"name": "w"}});
    let made = cluster.create(&list, &widget).await?.expect(201)?;
    same!(made["metadata"].get("namespace"), None);
    let answer = cluster.get(format!("/apis/{group}/v1/namespaces/default/widgets")).await?;
    same!(answer.code, 404);
    Ok(())
}
