//! Strategic merge patches.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::same;
use crate::cluster::path;
use crate::{Answer, Cluster, Failure, STRATEGIC_PATCH};

cases! { "strategic":
    items_merge_by_key_in_the_order_of_the_patch,
    nested_lists_merge_too,
    an_item_is_deleted,
    a_list_is_replaced,
    a_map_is_replaced_or_deleted,
    the_order_is_set,
    an_order_without_the_item_is_refused,
    retained_keys_remove_the_others,
    a_union_is_not_cleared_by_itself,
    plain_lists_are_replaced_or_merged,
    values_are_deleted_from_a_plain_list,
    ports_merge_by_their_number,
    null_removes_a_list,
    bad_directives_are_refused,
    wrong_shapes_are_refused,
    custom_resources_do_not_support_it,
}

/// A new deployment with one container, `c`, and its path.
async fn deployment(cluster: &Cluster) -> Result<String, Failure> {
    let deployments = path("apps/v1", &cluster.namespace().await?, "deployments");
    let container = json!({
        "name": "c", "image": "i:1", "args": ["x"], "ports": [{"containerPort": 80}],
        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
    });
    let body = json!({"metadata": {"name": "d"}, "spec": {
        "replicas": 0, "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b", "x": "y"}, "annotations": {"k": "v"}},
            "spec": {"containers": [container], "volumes": [{"name": "v", "emptyDir": {}}]},
        },
    }});
    cluster.create(&deployments, &body).await?.expect(201)?;
    Ok(format!("{deployments}/d"))
}

async fn patch(cluster: &Cluster, path: &str, change: Value) -> Result<Answer, Failure> {
    cluster.patch(path, STRATEGIC_PATCH, &change).await
}

/// Patches the pod's spec and answers the new one.
async fn pod(cluster: &Cluster, path: &str, spec: Value) -> Result<Value, Failure> {
    let mut patched = patch(cluster, path, json!({"spec": {"template": {"spec": spec}}})).await?.expect(200)?;
    Ok(patched["spec"]["template"]["spec"].take())
}

fn of<'a>(list: &'a Value, field: &str) -> Vec<&'a Value> {
    list.as_array().into_iter().flatten().map(|item| &item[field]).collect()
}

async fn items_merge_by_key_in_the_order_of_the_patch(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let containers = json!([{"name": "new", "image": "n:1"}, {"name": "c", "image": "i:2"}]);
    let spec = pod(&cluster, &path, json!({"containers": containers})).await?;
    same!(of(&spec["containers"], "name"), ["new", "c"]);
    same!(of(&spec["containers"], "image"), ["n:1", "i:2"]);
    same!(spec["containers"][1]["env"], json!([{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]));
    same!(spec["containers"][0]["imagePullPolicy"], "IfNotPresent");
    // What the patch does not name keeps its place among the others.
    for (given, whole) in [
        (vec!["last"], vec!["last", "new", "c"]),
        (vec!["new", "other"], vec!["last", "new", "other", "c"]),
        (vec!["c", "end"], vec!["last", "new", "other", "c", "end"]),
    ] {
        let containers: Vec<Value> = given.iter().map(|name| json!({"name": name, "image": "i:9"})).collect();
        let spec = pod(&cluster, &path, json!({"containers": containers})).await?;
        same!(of(&spec["containers"], "name"), whole);
    }
    Ok(())
}

async fn nested_lists_merge_too(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let env = json!([{"name": "B", "value": "3"}, {"name": "C", "value": "4"}]);
    let spec = pod(&cluster, &path, json!({"containers": [{"name": "c", "env": env}]})).await?;
    let expected = json!([{"name": "A", "value": "1"}, {"name": "B", "value": "3"}, {"name": "C", "value": "4"}]);
    same!(spec["containers"][0]["env"], expected);
    Ok(())
}

async fn an_item_is_deleted(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let env = json!([{"name": "A", "$patch": "delete"}, {"name": "absent", "$patch": "delete"}]);
    let spec = pod(&cluster, &path, json!({"containers": [{"name": "c", "env": env}]})).await?;
    same!(spec["containers"][0]["env"], json!([{"name": "B", "value": "2"}]));
    Ok(())
}

async fn a_list_is_replaced(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let containers = json!([{"$patch": "replace"}, {"name": "new", "image": "n:1"}]);
    let spec = pod(&cluster, &path, json!({"containers": containers})).await?;
    same!(of(&spec["containers"], "name"), ["new"]);
    Ok(())
}

async fn a_map_is_replaced_or_deleted(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let metadata = json!({"labels": {"$patch": "replace", "a": "b", "n": "m"}, "annotations": {"$patch": "delete"}});
    let patched = patch(&cluster, &path, json!({"spec": {"template": {"metadata": metadata}}})).await?.expect(200)?;
    same!(patched["spec"]["template"]["metadata"], json!({"labels": {"a": "b", "n": "m"}}));
    Ok(())
}

async fn the_order_is_set(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let order = json!({
        "$setElementOrder/containers": [{"name": "first"}, {"name": "c"}],
        "containers": [{"name": "first", "image": "f:1"}],
    });
    let spec = pod(&cluster, &path, order).await?;
    same!(of(&spec["containers"], "name"), ["first", "c"]);
    let order = json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "first"}]});
    let spec = pod(&cluster, &path, order).await?;
    same!(of(&spec["containers"], "name"), ["c", "first"]);
    Ok(())
}

async fn an_order_without_the_item_is_refused(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let spec = json!({"$setElementOrder/containers": [{"name": "y"}], "containers": [{"name": "c", "image": "z"}]});
    let answer = patch(&cluster, &path, json!({"spec": {"template": {"spec": spec}}})).await?;
    let message = "The order in patch list:\n[map[image:z name:c]]\n \
                   doesn't match $setElementOrder list:\n[map[name:y]]\n";
    answer.refused(500, "", message, Value::Null)
}

async fn retained_keys_remove_the_others(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let volume = json!({"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "m"}});
    let spec = pod(&cluster, &path, json!({"volumes": [volume]})).await?;
    same!(spec["volumes"], json!([{"name": "v", "configMap": {"name": "m", "defaultMode": 420}}]));
    let strategy = json!({"$retainKeys": ["type"], "type": "Recreate"});
    let patched = patch(&cluster, &path, json!({"spec": {"strategy": strategy}})).await?.expect(200)?;
    same!(patched["spec"]["strategy"], json!({"type": "Recreate"}));
    let strategy = json!({"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": {"maxSurge": 1}});
    let answer = patch(&cluster, &path, json!({"spec": {"strategy": strategy}})).await?;
    answer.refused(400, "BadRequest", "invalid patch format of retainKeys", Value::Null)
}

async fn a_union_is_not_cleared_by_itself(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let volumes = json!([{"name": "v", "configMap": {"name": "m"}}]);
    let answer = patch(&cluster, &path, json!({"spec": {"template": {"spec": {"volumes": volumes}}}})).await?;
    let cause = (
        "FieldValueForbidden",
        "Forbidden: may not specify more than 1 volume type",
        "spec.template.spec.volumes[0].configMap",
    );
    answer.invalid("Deployment.apps", "d", &[cause])
}

async fn plain_lists_are_replaced_or_merged(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let spec = pod(&cluster, &path, json!({"containers": [{"name": "c", "args": ["y", "z"]}]})).await?;
    same!(spec["containers"][0]["args"], json!(["y", "z"]));
    // Finalizers merge: what the patch brings stands first.
    for (given, whole) in [
        (json!(["example.com/b", "example.com/a"]), json!(["example.com/b", "example.com/a"])),
        (json!(["example.com/c"]), json!(["example.com/c", "example.com/b", "example.com/a"])),
    ] {
        let patched = patch(&cluster, &path, json!({"metadata": {"finalizers": given}})).await?.expect(200)?;
        same!(patched["metadata"]["finalizers"], whole);
    }
    patch(&cluster, &path, json!({"metadata": {"finalizers": null}})).await?.expect(200)?;
    Ok(())
}

async fn values_are_deleted_from_a_plain_list(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let finalizers = json!(["example.com/a", "example.com/b"]);
    patch(&cluster, &path, json!({"metadata": {"finalizers": finalizers}})).await?.expect(200)?;
    let delete = |values: Value| json!({"metadata": {"$deleteFromPrimitiveList/finalizers": values}});
    let patched = patch(&cluster, &path, delete(json!(["example.com/a", "absent"]))).await?.expect(200)?;
    same!(patched["metadata"]["finalizers"], json!(["example.com/b"]));
    let patched = patch(&cluster, &path, delete(json!(["example.com/b"]))).await?.expect(200)?;
    same!(patched["metadata"].get("finalizers"), None);
    Ok(())
}

async fn ports_merge_by_their_number(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let ports = json!([{"containerPort": 80, "name": "web"}, {"containerPort": 81}]);
    let spec = pod(&cluster, &path, json!({"containers": [{"name": "c", "ports": ports}]})).await?;
    let expected = json!([
        {"name": "web", "containerPort": 80, "protocol": "TCP"}, {"containerPort": 81, "protocol": "TCP"},
    ]);
    same!(spec["containers"][0]["ports"], expected);
    Ok(())
}

async fn null_removes_a_list(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let spec = pod(&cluster, &path, json!({"volumes": null})).await?;
    same!(spec.get("volumes"), None);
    Ok(())
}

async fn bad_directives_are_refused(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    for (spec, message) in [
        (json!({"containers": [{"image": "x"}]}), "map: map[image:x] does not contain declared merge key: name"),
        (json!({"$patch": "foo"}), "unknown patch type: foo in map: map[$patch:foo]"),
        (
            json!({"containers": [{"name": "c", "$patch": "foo"}]}),
            "unknown patch type: foo in map: map[$patch:foo name:c]",
        ),
        (
            json!({"$setElementOrder/containers": "x", "containers": [{"name": "c"}]}),
            "expected a []interface {}, but received a string",
        ),
    ] {
        let answer = patch(&cluster, &path, json!({"spec": {"template": {"spec": spec}}})).await?;
        answer.refused(500, "", message, Value::Null)?;
    }
    Ok(())
}

async fn wrong_shapes_are_refused(cluster: Cluster) -> Done {
    let path = deployment(&cluster).await?;
    let object = "Go value of type map[string]interface {}";
    for (body, message) in [
        ("{", "unexpected end of JSON input".to_owned()),
        ("[]", format!("json: cannot unmarshal array into {object}")),
    ] {
        let answer = cluster.call(http::Method::PATCH, &path).body(STRATEGIC_PATCH, body).send().await?;
        answer.refused(400, "BadRequest", message, Value::Null)?;
    }
    for (body, shown, problem) in [
        (json!({"spec": []}), "map[spec:[]]", "cannot restore struct from: slice"),
        (
            json!({"spec": {"template": {"spec": {"containers": {}}}}}),
            "map[spec:map[template:map[spec:map[containers:map[]]]]]",
            "cannot restore slice from map",
        ),
    ] {
        let message = format!("Invalid value: {shown:?}: {problem}");
        let causes = json!([{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]);
        let whole = format!(" \"\" is invalid: patch: {message}");
        patch(&cluster, &path, body).await?.refused(422, "Invalid", whole, json!({"causes": causes}))?;
    }
    let strict = format!("{path}?fieldValidation=Strict");
    let message = r#"Invalid value: "map[foo:1]": strict decoding error: unknown field "foo""#;
    let causes = json!([{"reason": "FieldValueInvalid", "message": message, "field": "patch"}]);
    let answer = patch(&cluster, &strict, json!({"foo": 1})).await?;
    answer.refused(422, "Invalid", format!(" \"\" is invalid: patch: {message}"), json!({"causes": causes}))
}

async fn custom_resources_do_not_support_it(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define_free().await?;
    cluster.create(widgets.widgets(&namespace), &widgets.widget("w", &json!({}))).await?.expect(201)?;
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    let answer = patch(&cluster, &format!("{}/w", widgets.widgets(&namespace)), json!({"spec": {}})).await?;
    answer.refused(415, "UnsupportedMediaType", message, Value::Null)
}
