//! Tables, as kubectl asks for them.

use serde_json::{Value, json};

use super::Done;
use super::common::{deployment, pod, secret, secrets};
use crate::case::cases;
use crate::check::{check, same, text, version};
use crate::cluster::path;
use crate::{Cluster, Failure};

cases! { "tables":
    pods_have_their_columns,
    deployments_have_their_columns,
    secrets_have_their_columns,
    custom_resources_have_name_and_age,
    printer_columns_are_columns,
    a_row_shows_metadata,
    a_row_shows_what_was_asked_for,
    an_unknown_part_is_refused,
    one_object_is_a_table_too,
    a_table_has_pages,
    an_empty_table_has_columns,
    a_watch_shows_tables,
    a_refusal_is_no_table,
}

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

async fn table(cluster: &Cluster, path: &str) -> Result<Value, Failure> {
    let answer = cluster.read(path).accept(TABLE).send().await?;
    same!(answer.header("Content-Type"), "application/json");
    let table = answer.expect(200)?;
    same!((text(&table, "/kind"), text(&table, "/apiVersion")), ("Table", "meta.k8s.io/v1"));
    Ok(table)
}

/// Name, type, format and priority of the columns.
fn columns(table: &Value) -> Vec<(&str, &str, &str, u64)> {
    let columns = table["columnDefinitions"].as_array().map(Vec::as_slice).unwrap_or_default();
    let column = |column| {
        let priority = column_priority(column);
        (text(column, "/name"), text(column, "/type"), text(column, "/format"), priority)
    };
    columns.iter().map(column).collect()
}

fn column_priority(column: &Value) -> u64 {
    column["priority"].as_u64().unwrap_or(u64::MAX)
}

/// The cells of the only row, without the ages.
fn cells(table: &Value) -> Vec<Value> {
    let ages: Vec<bool> = columns(table).iter().map(|column| column.0 == "Age").collect();
    let cells = table.pointer("/rows/0/cells").and_then(Value::as_array).cloned().unwrap_or_default();
    cells.into_iter().zip(ages).filter(|(_, age)| !age).map(|(cell, _)| cell).collect()
}

async fn pods_have_their_columns(cluster: Cluster) -> Done {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    cluster.create(&pods, &pod("p")).await?.expect(201)?;
    let table = table(&cluster, &pods).await?;
    same!(
        columns(&table),
        [
            ("Name", "string", "name", 0),
            ("Ready", "string", "", 0),
            ("Status", "string", "", 0),
            ("Restarts", "string", "", 0),
            ("Age", "string", "", 0),
            ("IP", "string", "", 1),
            ("Node", "string", "", 1),
            ("Nominated Node", "string", "", 1),
            ("Readiness Gates", "string", "", 1),
        ]
    );
    same!(
        cells(&table),
        ["p", "0/1", "Pending", "0", "<none>", "<none>", "<none>", "<none>"].map(|cell| json!(cell)).to_vec()
    );
    check!(text(&table, "/rows/0/cells/4").ends_with('s'), "{table}");
    Ok(())
}

async fn deployments_have_their_columns(cluster: Cluster) -> Done {
    let deployments = path("apps/v1", &cluster.namespace().await?, "deployments");
    cluster.create(&deployments, &deployment("d", "b")).await?.expect(201)?;
    let table = table(&cluster, &deployments).await?;
    same!(
        columns(&table),
        [
            ("Name", "string", "name", 0),
            ("Ready", "string", "", 0),
            ("Up-to-date", "string", "", 0),
            ("Available", "string", "", 0),
            ("Age", "string", "", 0),
            ("Containers", "string", "", 1),
            ("Images", "string", "", 1),
            ("Selector", "string", "", 1),
        ]
    );
    same!(cells(&table), [json!("d"), json!("0/0"), json!(0), json!(0), json!("c"), json!("i"), json!("a=b")]);
    Ok(())
}

async fn secrets_have_their_columns(cluster: Cluster) -> Done {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    let mut body = secret("s", "1");
    body["data"] = json!({"a": "Yg==", "b": "Yg=="});
    cluster.create(&secrets, &body).await?.expect(201)?;
    let table = table(&cluster, &secrets).await?;
    same!(
        columns(&table),
        [("Name", "string", "name", 0), ("Type", "string", "", 0), ("Data", "string", "", 0), ("Age", "string", "", 0)]
    );
    same!(cells(&table), [json!("s"), json!("Opaque"), json!(2)]);
    Ok(())
}

async fn custom_resources_have_name_and_age(cluster: Cluster) -> Done {
    let widget = cluster.define_free().await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    cluster.create(&widgets, &widget.widget("w", &json!({}))).await?.expect(201)?;
    let table = table(&cluster, &widgets).await?;
    same!(columns(&table), [("Name", "string", "name", 0), ("Age", "date", "", 0)]);
    same!(cells(&table), [json!("w")]);
    Ok(())
}

async fn printer_columns_are_columns(cluster: Cluster) -> Done {
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    let version = json!({
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": free}}},
        "additionalPrinterColumns": [
            {"name": "Size", "type": "integer", "jsonPath": ".spec.size", "description": "How big."},
            {"name": "Ratio", "type": "number", "format": "double", "jsonPath": ".spec.ratio"},
            {"name": "On", "type": "boolean", "jsonPath": ".spec.on", "priority": 1},
            {"name": "First", "type": "string", "jsonPath": ".spec.items[0].name"},
            {"name": "Ready", "type": "string", "jsonPath": ".spec.conditions[?(@.type==\"Ready\")].status"},
            {"name": "Since", "type": "date", "jsonPath": ".spec.since"},
            {"name": "All", "type": "string", "jsonPath": ".spec.items[*].name"},
            {"name": "Whole", "type": "string", "jsonPath": ".spec.items[0]"},
        ],
    });
    let widget = cluster.define(&version).await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let spec = json!({
        "size": 3, "ratio": 1.5, "on": true, "items": [{"name": "a"}, {"name": "b"}],
        "conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}],
    });
    cluster.create(&widgets, &widget.widget("a", &spec)).await?.expect(201)?;
    cluster.create(&widgets, &widget.widget("b", &json!({"size": "big", "on": "no"}))).await?.expect(201)?;
    let table = table(&cluster, &widgets).await?;
    same!(
        columns(&table),
        [
            ("Name", "string", "name", 0),
            ("Size", "integer", "", 0),
            ("Ratio", "number", "double", 0),
            ("On", "boolean", "", 1),
            ("First", "string", "", 0),
            ("Ready", "string", "", 0),
            ("Since", "date", "", 0),
            ("All", "string", "", 0),
            ("Whole", "string", "", 0),
        ]
    );
    same!(text(&table, "/columnDefinitions/1/description"), "How big.");
    same!(table["rows"][0]["cells"], json!(["a", 3, 1.5, true, "a", "True", null, "a", "{\"name\":\"a\"}"]));
    same!(table["rows"][1]["cells"], json!(["b", null, null, null, null, null, null, null, null]));
    Ok(())
}

async fn a_row_shows_metadata(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let whole = cluster.get(format!("{secrets}/s1")).await?.expect(200)?;
    let table = table(&cluster, &secrets).await?;
    let expected =
        json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": whole["metadata"]});
    same!(table["rows"][1]["object"], expected);
    same!(table["metadata"], json!({"resourceVersion": version(&table)}));
    Ok(())
}

async fn a_row_shows_what_was_asked_for(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let whole = cluster.get(format!("{secrets}/s0")).await?.expect(200)?;
    let none = table(&cluster, &format!("{secrets}?includeObject=None")).await?;
    same!(none["rows"][0].get("object"), Some(&Value::Null));
    let object = table(&cluster, &format!("{secrets}?includeObject=Object")).await?;
    same!(object["rows"][0]["object"], whole);
    let metadata = table(&cluster, &format!("{secrets}?includeObject=Metadata")).await?;
    same!(text(&metadata, "/rows/0/object/kind"), "PartialObjectMetadata");
    // Without a table it says nothing.
    let list = cluster.read(&secrets).query("includeObject", "None").send().await?.expect(200)?;
    same!(text(&list, "/kind"), "SecretList");
    Ok(())
}

async fn an_unknown_part_is_refused(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let answer = cluster.read(&secrets).query("includeObject", "Foo").accept(TABLE).send().await?;
    let message = "Unable to convert to Table as requested: includeObject: Invalid value: \"Foo\": must be 'Metadata', 'Object', 'None', or empty";
    answer.refused(400, "BadRequest", message, Value::Null)
}

async fn one_object_is_a_table_too(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let whole = cluster.get(format!("{secrets}/s1")).await?.expect(200)?;
    let table = table(&cluster, &format!("{secrets}/s1")).await?;
    same!(table["rows"].as_array().map(Vec::len), Some(1));
    same!((text(&table, "/rows/0/cells/0"), version(&table)), ("s1", version(&whole)));
    Ok(())
}

async fn a_table_has_pages(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let first = table(&cluster, &format!("{secrets}?limit=2")).await?;
    same!((first["rows"].as_array().map(Vec::len), &first["metadata"]["remainingItemCount"]), (Some(2), &json!(1)));
    let token = text(&first, "/metadata/continue");
    let second = table(&cluster, &format!("{secrets}?limit=2&continue={token}")).await?;
    same!((second["rows"].as_array().map(Vec::len), text(&second, "/rows/0/cells/0")), (Some(1), "s2"));
    Ok(())
}

async fn an_empty_table_has_columns(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    let table = table(&cluster, &secrets).await?;
    same!((columns(&table).len(), &table["rows"]), (4, &json!([])));
    Ok(())
}

async fn a_watch_shows_tables(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", "0").accept(TABLE).watch().await?;
    let first = watch.expect("ADDED").await?;
    same!((text(&first, "/kind"), columns(&first).len()), ("Table", 4));
    same!((text(&first, "/rows/0/cells/0"), text(&first, "/rows/0/object/kind")), ("s0", "PartialObjectMetadata"));
    cluster.create(&secrets, &secret("s1", "1")).await?.expect(201)?;
    // Only the first event of a watch repeats the columns.
    let second = watch.expect("ADDED").await?;
    same!((text(&second, "/rows/0/cells/0"), second["columnDefinitions"].as_array().map(Vec::len)), ("s1", None));
    cluster.delete(format!("{secrets}/s1")).await?.expect(200)?;
    same!(text(&watch.expect("DELETED").await?, "/rows/0/cells/0"), "s1");
    Ok(())
}

async fn a_refusal_is_no_table(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    cluster.read(format!("{secrets}/none")).accept(TABLE).send().await?.absent("secrets", "none")
}
