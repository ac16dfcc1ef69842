//! What a definition gives its objects besides a schema: a table, selectors, a scale, a status.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{names, same};
use crate::{Cluster, MERGE_PATCH};

cases! { "widgets":
    columns_make_a_table,
    fields_are_selectable,
    the_scale_is_found_by_its_paths,
    status_is_a_part_of_its_own,
}

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

fn free() -> Value {
    json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true})
}

async fn columns_make_a_table(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let column = |name: &str, kind: &str, path: &str| json!({"name": name, "type": kind, "jsonPath": path});
    let mut wide = column("Wide", "string", ".spec.name");
    wide["priority"] = json!(1);
    wide["description"] = json!("its name");
    let columns = json!([
        column("Min", "integer", ".spec.min"),
        wide,
        column("First", "string", ".spec.list[0]"),
        column("All", "string", ".spec.list[*]"),
        column("Sub", "string", ".spec.sub"),
        column("Ready", "string", ".spec.conditions[?(@.type==\"Ready\")].status"),
        column("Flag", "boolean", ".spec.flag"),
    ]);
    let schema = json!({"type": "object", "properties": {"spec": free()}});
    let widgets =
        cluster.define(&json!({"schema": {"openAPIV3Schema": schema}, "additionalPrinterColumns": columns})).await?;
    let list = widgets.widgets(&namespace);
    let spec = json!({
        "min": 1, "name": "n", "list": ["p", "q"], "sub": {"a": "1"}, "flag": true,
        "conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}],
    });
    cluster.create(&list, &widgets.widget("full", &spec)).await?.expect(201)?;
    cluster.create(&list, &widgets.widget("none", &json!({}))).await?.expect(201)?;
    let table = cluster.read(&list).accept(TABLE).send().await?.expect(200)?;
    same!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    let heads: Vec<Value> = table["columnDefinitions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|head| json!([head["name"], head["type"], head["format"], head["priority"]]))
        .collect();
    let expected = json!([
        ["Name", "string", "name", 0],
        ["Min", "integer", "", 0],
        ["Wide", "string", "", 1],
        ["First", "string", "", 0],
        ["All", "string", "", 0],
        ["Sub", "string", "", 0],
        ["Ready", "string", "", 0],
        ["Flag", "boolean", "", 0],
    ]);
    same!(json!(heads), expected);
    same!(table["columnDefinitions"][2]["description"], "its name");
    let cells: Vec<&Value> = table["rows"].as_array().into_iter().flatten().map(|row| &row["cells"]).collect();
    let full = json!(["full", 1, "n", "p", "p", "{\"a\":\"1\"}", "True", true]);
    same!(cells, [&full, &json!(["none", null, null, null, null, null, null, null])]);
    same!(table["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    Ok(())
}

async fn fields_are_selectable(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let spec = json!({"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}});
    let schema = json!({"type": "object", "properties": {"spec": spec}});
    let fields = json!([{"jsonPath": ".spec.name"}, {"jsonPath": ".spec.n"}]);
    let widgets = cluster.define(&json!({"schema": {"openAPIV3Schema": schema}, "selectableFields": fields})).await?;
    let list = widgets.widgets(&namespace);
    for (name, spec) in [("a", json!({"name": "x", "n": 1})), ("b", json!({"name": "x", "n": 2})), ("c", json!({}))] {
        cluster.create(&list, &widgets.widget(name, &spec)).await?.expect(201)?;
    }
    for (selector, expected) in [
        ("spec.name=x", vec!["a", "b"]),
        ("spec.n=2,spec.name=x", vec!["b"]),
        ("spec.name!=x", vec!["c"]),
        ("spec.name=", vec!["c"]),
        ("metadata.name=a", vec!["a"]),
    ] {
        let found = cluster.read(&list).query("fieldSelector", selector).send().await?.expect(200)?;
        same!(names(&found), expected, "{selector}");
    }
    let answer = cluster.read(&list).query("fieldSelector", "spec.other=1").send().await?;
    answer.refused(400, "BadRequest", "field label not supported: spec.other", Value::Null)
}

async fn the_scale_is_found_by_its_paths(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let scale =
        json!({"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n", "labelSelectorPath": ".status.s"});
    let number = json!({"type": "integer", "maximum": 9});
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {"n": number}},
        "status": {"type": "object", "properties": {"n": number, "s": {"type": "string"}}},
    }});
    let version = json!({"schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}, "scale": scale}});
    let widgets = cluster.define(&version).await?;
    let list = widgets.widgets(&namespace);
    let path = format!("{list}/w/scale");
    cluster.create(&list, &widgets.widget("w", &json!({"n": 1}))).await?.expect(201)?;
    let status = json!({"status": {"n": 2, "s": "a=b"}});
    let made = cluster.patch(format!("{list}/w/status"), MERGE_PATCH, &status).await?.expect(200)?;
    let mut found = cluster.get(&path).await?.expect(200)?;
    let metadata = &made["metadata"];
    let expected = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "spec": {"replicas": 1},
        "status": {"replicas": 2, "selector": "a=b"},
        "metadata": {
            "name": "w", "namespace": namespace, "uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
    });
    same!(found, expected);
    found["spec"]["replicas"] = json!(5);
    same!(cluster.replace(&path, &found).await?.expect(200)?["spec"]["replicas"], 5);
    let outdated = cluster.replace(&path, &found).await?;
    same!((outdated.code, outdated.json["reason"].as_str()), (409, Some("Conflict")));
    same!(
        cluster.patch(&path, MERGE_PATCH, &json!({"spec": {"replicas": 3}})).await?.expect(200)?["spec"]["replicas"],
        3
    );
    let whole = cluster.get(format!("{list}/w")).await?.expect(200)?;
    same!((&whole["spec"], &whole["metadata"]["generation"]), (&json!({"n": 3}), &json!(3)));
    let cause = [("FieldValueInvalid", "Invalid value: -1: should be a non-negative integer", ".spec.n")];
    let answer = cluster.patch(&path, MERGE_PATCH, &json!({"spec": {"replicas": -1}})).await?;
    answer.invalid(&widgets.kind(), "w", &cause)?;
    let large = "Invalid value: 10: spec.n in body should be less than or equal to 9";
    let answer = cluster.patch(&path, MERGE_PATCH, &json!({"spec": {"replicas": 10}})).await?;
    answer.invalid(&widgets.kind(), "w", &[("FieldValueInvalid", large, "spec.n")])?;
    cluster.create(&list, &widgets.widget("none", &json!({}))).await?.expect(201)?;
    let message = "the spec replicas field \".spec.n\" does not exist";
    let answer = cluster.get(format!("{list}/none/scale")).await?;
    let details = json!({"causes": [{"message": message}]});
    answer.refused(500, "InternalError", format!("Internal error occurred: {message}"), details)
}

async fn status_is_a_part_of_its_own(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let status = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 0}}});
    let schema = json!({"type": "object", "properties": {"spec": free(), "status": status}});
    let widgets =
        cluster.define(&json!({"schema": {"openAPIV3Schema": schema}, "subresources": {"status": {}}})).await?;
    let list = widgets.widgets(&namespace);
    let (path, status) = (format!("{list}/w"), format!("{list}/w/status"));
    let mut body = widgets.widget("w", &json!({"a": 1}));
    body["status"] = json!({"n": 5});
    let made = cluster.create(&list, &body).await?.expect(201)?;
    same!(made.get("status"), None);
    same!(cluster.patch(&path, MERGE_PATCH, &json!({"status": {"n": 3}})).await?.expect(200)?, made);
    let change = json!({"status": {"n": 3}, "spec": {"a": 9}, "metadata": {"labels": {"a": "b"}}});
    let patched = cluster.patch(&status, MERGE_PATCH, &change).await?.expect(200)?;
    same!((&patched["status"], &patched["spec"]), (&json!({"n": 3}), &json!({"a": 1})));
    same!((patched["metadata"].get("labels"), &patched["metadata"]["generation"]), (None, &json!(1)));
    same!(cluster.get(&status).await?.expect(200)?, patched);
    let bad = cluster.patch(&status, MERGE_PATCH, &json!({"status": {"n": -1}})).await?;
    let message = "Invalid value: -1: n in body should be greater than or equal to 0";
    bad.invalid(&widgets.kind(), "w", &[("FieldValueInvalid", message, "status.n")])?;
    // A change of the rest keeps the status.
    let mut whole = patched.clone();
    whole["spec"] = json!({"a": 2});
    whole["status"] = json!({"n": 8});
    let replaced = cluster.replace(&path, &whole).await?.expect(200)?;
    same!((&replaced["status"], &replaced["metadata"]["generation"]), (&json!({"n": 3}), &json!(2)));
    for method in [http::Method::DELETE, http::Method::POST] {
        same!(cluster.call(method, &status).json(&json!({})).send().await?.code, 405);
    }
    Ok(())
}
