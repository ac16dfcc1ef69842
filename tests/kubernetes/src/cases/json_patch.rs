//! JSON patches, and patches that cannot be decoded.

use serde_json::{Value, json};

use super::Done;
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, same, text, version};
use crate::cluster::path;
use crate::{Answer, Cluster, Failure, JSON_PATCH, MERGE_PATCH};

cases! { "json_patch":
    all_operations_work_in_one_patch,
    a_failing_test_changes_nothing,
    replacing_an_absent_key_adds_it,
    what_cannot_be_done_is_refused_without_detail,
    an_absent_value_is_null,
    testing_an_absent_key_for_null_passes,
    pointers_are_unescaped,
    list_items_are_added_in_place,
    what_is_no_patch_is_refused,
    at_most_ten_thousand_operations,
    a_wrong_type_is_refused_with_the_whole_object,
    the_name_and_the_uid_stay,
    a_version_in_the_patch_is_checked,
    an_empty_patch_writes_nothing,
    other_media_types_are_not_supported,
}

const REJECTED: &str = "the server rejected our request due to an error in our request";

/// A new config map with `a: 1` and `b: 2`, and its path.
async fn map(cluster: &Cluster) -> Result<(String, Value), Failure> {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let made = cluster.create(&maps, &json!({"metadata": {"name": "x"}, "data": {"a": "1", "b": "2"}})).await?;
    Ok((format!("{maps}/x"), made.expect(201)?))
}

async fn patch(cluster: &Cluster, path: &str, operations: Value) -> Result<Answer, Failure> {
    cluster.patch(path, JSON_PATCH, &operations).await
}

async fn all_operations_work_in_one_patch(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    let operations = json!([
        {"op": "test", "path": "/data/a", "value": "1"},
        {"op": "add", "path": "/data/c", "value": "3"},
        {"op": "move", "from": "/data/c", "path": "/data/d"},
        {"op": "copy", "from": "/data/d", "path": "/data/e"},
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "remove", "path": "/data/b"},
    ]);
    let patched = patch(&cluster, &path, operations).await?.expect(200)?;
    same!(patched["data"], json!({"a": "9", "d": "3", "e": "3"}));
    same!(cluster.get(path).await?.expect(200)?, patched);
    Ok(())
}

async fn a_failing_test_changes_nothing(cluster: Cluster) -> Done {
    let (path, before) = map(&cluster).await?;
    let operations = json!([
        {"op": "replace", "path": "/data/a", "value": "9"},
        {"op": "test", "path": "/data/b", "value": "other"},
    ]);
    patch(&cluster, &path, operations).await?.refused(422, "Invalid", REJECTED, json!({}))?;
    same!(cluster.get(path).await?.expect(200)?, before);
    Ok(())
}

async fn replacing_an_absent_key_adds_it(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    let patched = patch(&cluster, &path, json!([{"op": "replace", "path": "/data/z", "value": "1"}])).await?;
    same!(patched.expect(200)?["data"], json!({"a": "1", "b": "2", "z": "1"}));
    Ok(())
}

async fn what_cannot_be_done_is_refused_without_detail(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    for operation in [
        json!({"op": "remove", "path": "/data/absent"}),
        json!({"op": "add", "path": "/absent/key", "value": "1"}),
        json!({"op": "replace", "path": "/absent/key", "value": "1"}),
        json!({"op": "frob", "path": "/data/a"}),
        json!({"path": "/data/a", "value": "1"}),
        json!({"op": "move", "path": "/data/c"}),
        json!({"op": "add", "path": "data", "value": {}}),
    ] {
        patch(&cluster, &path, json!([operation])).await?.refused(422, "Invalid", REJECTED, json!({}))?;
    }
    Ok(())
}

async fn an_absent_value_is_null(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    // Null in a map of strings is the empty string.
    let patched = patch(&cluster, &path, json!([{"op": "add", "path": "/data/a"}])).await?.expect(200)?;
    same!(patched["data"], json!({"a": "", "b": "2"}));
    Ok(())
}

async fn testing_an_absent_key_for_null_passes(cluster: Cluster) -> Done {
    let (path, before) = map(&cluster).await?;
    let patched = patch(&cluster, &path, json!([{"op": "test", "path": "/data/absent", "value": null}])).await?;
    same!(version(&patched.expect(200)?), version(&before));
    Ok(())
}

async fn pointers_are_unescaped(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    let operations = json!([
        {"op": "add", "path": "/metadata/annotations", "value": {}},
        {"op": "add", "path": "/metadata/annotations/example.com~1key", "value": "v"},
    ]);
    let patched = patch(&cluster, &path, operations).await?.expect(200)?;
    same!(patched["metadata"]["annotations"], json!({"example.com/key": "v"}));
    Ok(())
}

async fn list_items_are_added_in_place(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define_free().await?;
    let object = format!("{}/w", widgets.widgets(&namespace));
    cluster.create(widgets.widgets(&namespace), &widgets.widget("w", &json!({"l": ["1"]}))).await?.expect(201)?;
    let operations = json!([
        {"op": "add", "path": "/spec/l/-", "value": "2"},
        {"op": "add", "path": "/spec/l/0", "value": "0"},
        {"op": "replace", "path": "/spec/l/-1", "value": "last"},
        {"op": "remove", "path": "/spec/l/1"},
    ]);
    let patched = patch(&cluster, &object, operations).await?.expect(200)?;
    same!(patched["spec"]["l"], json!(["0", "last"]));
    for index in ["9", "x", "-9"] {
        let operation = json!([{"op": "replace", "path": format!("/spec/l/{index}"), "value": "1"}]);
        patch(&cluster, &object, operation).await?.refused(422, "Invalid", REJECTED, json!({}))?;
    }
    Ok(())
}

async fn what_is_no_patch_is_refused(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    let operations = "Go value of type []handlers.jsonPatchOp";
    let object = "Go value of type map[string]interface {}";
    let end = "unexpected end of JSON input".to_owned();
    for (kind, body, message) in [
        (JSON_PATCH, r#"{"op":"add"}"#, format!("json: cannot unmarshal object into {operations}")),
        (JSON_PATCH, r#""x""#, format!("json: cannot unmarshal string into {operations}")),
        (JSON_PATCH, "[{", end.clone()),
        (JSON_PATCH, "", end.clone()),
        (MERGE_PATCH, "[]", format!("json: cannot unmarshal array into {object}")),
        (MERGE_PATCH, r#""x""#, format!("json: cannot unmarshal string into {object}")),
        (MERGE_PATCH, "{", end.clone()),
        (MERGE_PATCH, "", end),
    ] {
        let answer = cluster.call(http::Method::PATCH, &path).body(kind, body).send().await?;
        answer.refused(400, "BadRequest", format!("error decoding patch: {message}"), Value::Null)?;
    }
    let null = cluster.call(http::Method::PATCH, &path).body(MERGE_PATCH, "null").send().await?;
    null.refused(400, "BadRequest", "Invalid JSON Patch", Value::Null)
}

async fn at_most_ten_thousand_operations(cluster: Cluster) -> Done {
    let (path, before) = map(&cluster).await?;
    let mut operations = vec![json!({"op": "test", "path": "/data/a", "value": "1"}); 10_000];
    let enough = patch(&cluster, &path, json!(operations)).await?.expect(200)?;
    same!(version(&enough), version(&before));
    operations.push(operations[0].clone());
    let message = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    patch(&cluster, &path, json!(operations)).await?.refused(413, "RequestEntityTooLarge", message, Value::Null)
}

async fn a_wrong_type_is_refused_with_the_whole_object(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    let answers = [
        patch(&cluster, &path, json!([{"op": "replace", "path": "/data/a", "value": 5}])).await?,
        cluster.patch(&path, MERGE_PATCH, &json!({"data": {"a": 5}})).await?,
    ];
    for answer in answers {
        same!(answer.code, 422);
        same!(answer.json["reason"], "Invalid");
        let end = "json: cannot unmarshal number into Go struct field ConfigMap.data of type string";
        let message = text(&answer.json, "/message");
        check!(
            message.starts_with(r#" "" is invalid: patch: Invalid value: "{\"apiVersion\":\"v1\",\"data\":{\"a\":5,"#)
        );
        check!(message.ends_with(end), "{message}");
        let causes = answer.json["details"]["causes"].as_array().map_or(0, Vec::len);
        same!(causes, 1);
        same!(text(&answer.json, "/details/causes/0/field"), "patch");
        same!(text(&answer.json, "/details/causes/0/reason"), "FieldValueInvalid");
    }
    Ok(())
}

async fn the_name_and_the_uid_stay(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    let other = patch(&cluster, &path, json!([{"op": "replace", "path": "/metadata/name", "value": "y"}])).await?;
    let message = "the name of the object (y) does not match the name on the URL (x)";
    other.refused(400, "BadRequest", message, Value::Null)?;
    let other = cluster.patch(&path, MERGE_PATCH, &json!({"metadata": {"namespace": "other"}})).await?;
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    other.refused(400, "BadRequest", message, Value::Null)?;
    let other = patch(&cluster, &path, json!([{"op": "replace", "path": "/metadata/uid", "value": "y"}])).await?;
    let cause = ("FieldValueInvalid", r#"Invalid value: "y": field is immutable"#, "metadata.uid");
    other.invalid("ConfigMap", "x", &[cause, cause])
}

async fn a_version_in_the_patch_is_checked(cluster: Cluster) -> Done {
    let (path, before) = map(&cluster).await?;
    let message = "Operation cannot be fulfilled on configmaps \"x\": the object has been modified; \
                   please apply your changes to the latest version and try again";
    let operation = json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": "1"}]);
    patch(&cluster, &path, operation).await?.refused(409, "Conflict", message, about("configmaps", "x"))?;
    let merge = json!({"metadata": {"resourceVersion": "1"}, "data": {"c": "3"}});
    cluster.patch(&path, MERGE_PATCH, &merge).await?.refused(409, "Conflict", message, about("configmaps", "x"))?;
    let merge = json!({"metadata": {"resourceVersion": version(&before)}, "data": {"c": "3"}});
    let patched = cluster.patch(&path, MERGE_PATCH, &merge).await?.expect(200)?;
    same!(patched["data"]["c"], "3");
    Ok(())
}

async fn an_empty_patch_writes_nothing(cluster: Cluster) -> Done {
    let (path, before) = map(&cluster).await?;
    let mut watch = cluster
        .read(path.trim_end_matches("/x"))
        .query("resourceVersion", version(&before))
        .query("fieldSelector", "metadata.name=x")
        .watch()
        .await?;
    same!(patch(&cluster, &path, json!([])).await?.expect(200)?, before);
    same!(cluster.patch(&path, MERGE_PATCH, &json!({})).await?.expect(200)?, before);
    same!(cluster.patch(&path, MERGE_PATCH, &json!({"data": {"a": "1", "none": null}})).await?.expect(200)?, before);
    let last = cluster.patch(&path, MERGE_PATCH, &json!({"data": {"a": "2"}})).await?.expect(200)?;
    same!(watch.expect("MODIFIED").await?, last);
    Ok(())
}

async fn other_media_types_are_not_supported(cluster: Cluster) -> Done {
    let (path, _) = map(&cluster).await?;
    for kind in ["application/json", "text/plain"] {
        let answer = cluster.patch(&path, kind, &json!({})).await?;
        answer.refused(415, "UnsupportedMediaType", "415: Unsupported Media Type", json!({}))?;
    }
    Ok(())
}
