//! Options of writes: `dryRun` and `fieldValidation`.

use http::Method;
use serde_json::{Value, json};

use super::Done;
use super::common::{config_map, pod};
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, same, text, uid, version};
use crate::cluster::path;
use crate::{Answer, Cluster, JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH};

cases! { "options":
    a_dry_creation_makes_nothing,
    a_dry_creation_is_validated,
    a_dry_replacement_changes_nothing,
    a_dry_deletion_deletes_nothing,
    unknown_dry_runs_are_refused,
    unknown_validations_are_refused,
    strict_creation_refuses_unknown_fields,
    strict_creation_refuses_duplicate_fields,
    strict_replacement_refuses_unknown_fields,
    strict_patches_refuse_unknown_fields,
    a_warning_is_the_default,
    ignored_fields_are_dropped_silently,
    duplicate_fields_take_the_last_value,
    custom_resources_are_strict_too,
    unknown_fields_are_named_by_their_paths,
}

async fn a_dry_creation_makes_nothing(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["data"] = json!({"a": "b"});
    let call = cluster.call(Method::POST, &maps).query("dryRun", "All").json(&body);
    let answer = call.send().await?.expect(201)?;
    check!(!uid(&answer).is_empty() && version(&answer).is_empty(), "{answer}");
    same!((&answer["data"], text(&answer, "/metadata/name")), (&json!({"a": "b"}), "x"));
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")
}

async fn a_dry_creation_is_validated(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let dry = |body: Value| cluster.call(Method::POST, &maps).query("dryRun", "All").json(&body).send();
    let answer = dry(config_map("x")).await?;
    answer.refused(409, "AlreadyExists", "configmaps \"x\" already exists", about("configmaps", "x"))?;
    let message = "Required value: name or generateName is required";
    dry(config_map("")).await?.invalid("ConfigMap", "", &[("FieldValueRequired", message, "metadata.name")])
}

async fn a_dry_replacement_changes_nothing(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let made = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let mut body = config_map("x");
    body["data"] = json!({"a": "b"});
    let map = format!("{maps}/x");
    for call in [
        cluster.call(Method::PUT, &map).json(&body),
        cluster.call(Method::PATCH, &map).body(MERGE_PATCH, body.to_string()),
    ] {
        let answer = call.query("dryRun", "All").send().await?.expect(200)?;
        same!((&answer["data"], version(&answer)), (&json!({"a": "b"}), version(&made)));
    }
    same!(cluster.get(&map).await?.expect(200)?, made);
    Ok(())
}

async fn a_dry_deletion_deletes_nothing(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["metadata"]["labels"] = json!({"a": "b"});
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    let delete = |path: &str| cluster.call(Method::DELETE, path).query("dryRun", "All");
    let answer = delete(&format!("{maps}/x")).send().await?.expect(200)?;
    same!((text(&answer, "/kind"), text(&answer, "/status")), ("Status", "Success"));
    cluster.delete_with(format!("{maps}/x"), &json!({"dryRun": ["All"]})).await?.expect(200)?;
    delete(&maps).query("labelSelector", "a=b").send().await?.expect(200)?;
    same!(cluster.get(format!("{maps}/x")).await?.expect(200)?, made);
    Ok(())
}

/// Checks that each of the writes refuses a value of the option.
async fn refused(cluster: &Cluster, option: (&str, &str), value: &str, supported: &str, methods: &[Method]) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    for method in methods {
        let (path, kind) = match *method {
            Method::POST => (maps.clone(), "CreateOptions"),
            Method::PUT => (format!("{maps}/x"), "UpdateOptions"),
            Method::PATCH => (format!("{maps}/x"), "PatchOptions"),
            _ => (format!("{maps}/x"), "DeleteOptions"),
        };
        let body = if *method == Method::DELETE { Value::Null } else { config_map("x") };
        let call = cluster.call(method.clone(), path).query(option.0, option.1);
        let call = match *method {
            Method::DELETE => call,
            Method::PATCH => call.body(MERGE_PATCH, body.to_string()),
            _ => call.json(&body),
        };
        let message = format!("Unsupported value: {value}: supported values: {supported}");
        let cause = ("FieldValueNotSupported", message.as_str(), option.0);
        call.send().await?.invalid(&format!("{kind}.meta.k8s.io"), "", &[cause])?;
    }
    Ok(())
}

async fn unknown_dry_runs_are_refused(cluster: Cluster) -> Done {
    let methods = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    refused(&cluster, ("dryRun", "Foo"), "[\"Foo\"]", "\"All\"", &methods).await
}

async fn unknown_validations_are_refused(cluster: Cluster) -> Done {
    let supported = "\"\", \"Ignore\", \"Strict\", \"Warn\"";
    let methods = [Method::POST, Method::PUT, Method::PATCH];
    refused(&cluster, ("fieldValidation", "Foo"), "\"Foo\"", supported, &methods).await
}

/// Sends a body with this validation; `None` leaves it to the server.
async fn write(
    cluster: &Cluster,
    method: Method,
    path: &str,
    kind: &str,
    body: &str,
    mode: Option<&str>,
) -> Result<Answer, crate::Failure> {
    let call = cluster.call(method, path).body(kind, body);
    match mode {
        Some(mode) => call.query("fieldValidation", mode).send().await,
        None => call.send().await,
    }
}

const JSON: &str = "application/json";

async fn strict_creation_refuses_unknown_fields(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["foo"] = json!(1);
    body["metadata"]["bar"] = json!({});
    let answer = write(&cluster, Method::POST, &maps, JSON, &body.to_string(), Some("Strict")).await?;
    let start = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: ";
    let message = format!("{start}unknown field \"metadata.bar\", unknown field \"foo\"");
    let other = format!("{start}unknown field \"foo\", unknown field \"metadata.bar\"");
    let refused = answer.refused(400, "BadRequest", message, Value::Null);
    refused.or_else(|_| answer.refused(400, "BadRequest", other, Value::Null))?;
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")
}

/// A config map with fields that stand twice or should not be there.
const TWICE: &str =
    r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x"},"data":{"a":"b","a":"c"},"foo":1}"#;

async fn strict_creation_refuses_duplicate_fields(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let message = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"data.a\", unknown field \"foo\"";
    let answer = write(&cluster, Method::POST, &maps, JSON, TWICE, Some("Strict")).await?;
    answer.refused(400, "BadRequest", message, Value::Null)
}

async fn strict_replacement_refuses_unknown_fields(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let message = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: duplicate field \"data.a\", unknown field \"foo\"";
    let answer = write(&cluster, Method::PUT, &format!("{maps}/x"), JSON, TWICE, Some("Strict")).await?;
    answer.refused(400, "BadRequest", message, Value::Null)
}

async fn strict_patches_refuse_unknown_fields(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let made = cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    for (kind, patch, errors) in [
        (MERGE_PATCH, r#"{"data":{"k":"1","k":"2"},"foo":1}"#, r#"duplicate field "data.k", unknown field "foo""#),
        (JSON_PATCH, r#"[{"op":"add","path":"/foo","value":1}]"#, r#"unknown field "foo""#),
        (STRATEGIC_PATCH, r#"{"foo":1}"#, r#"unknown field "foo""#),
    ] {
        let answer = write(&cluster, Method::PATCH, &format!("{maps}/x"), kind, patch, Some("Strict")).await?;
        same!((answer.code, text(&answer.json, "/reason")), (422, "Invalid"), "the answer to {patch}");
        // The value is the whole object, or the patch as the server prints it.
        let message = text(&answer.json, "/message");
        check!(message.starts_with(" \"\" is invalid: patch: Invalid value: \""), "{message}");
        check!(message.ends_with(&format!("\": strict decoding error: {errors}")), "{message}");
        same!(answer.json.pointer("/details/causes/0/field"), Some(&json!("patch")));
        same!(answer.json["details"].as_object().map(serde_json::Map::len), Some(1));
    }
    same!(cluster.get(format!("{maps}/x")).await?.expect(200)?, made);
    Ok(())
}

async fn a_warning_is_the_default(cluster: Cluster) -> Done {
    let warnings = ["duplicate field \"data.a\"", "unknown field \"foo\""];
    for mode in [None, Some("Warn")] {
        let maps = path("v1", &cluster.namespace().await?, "configmaps");
        let answer = write(&cluster, Method::POST, &maps, JSON, TWICE, mode).await?;
        same!((answer.code, answer.warnings()), (201, warnings.map(str::to_owned).to_vec()));
        check!(answer.json.get("foo").is_none());
        let map = format!("{maps}/x");
        let answer = write(&cluster, Method::PUT, &map, JSON, TWICE, mode).await?;
        same!((answer.code, answer.warnings()), (200, warnings.map(str::to_owned).to_vec()));
        let patch = r#"{"data":{"a":"1","a":"2"},"foo":1}"#;
        let answer = write(&cluster, Method::PATCH, &map, MERGE_PATCH, patch, mode).await?;
        same!((answer.code, answer.warnings()), (200, warnings.map(str::to_owned).to_vec()));
        same!(answer.json["data"], json!({"a": "2"}));
    }
    Ok(())
}

async fn ignored_fields_are_dropped_silently(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let answer = write(&cluster, Method::POST, &maps, JSON, TWICE, Some("Ignore")).await?;
    same!((answer.code, answer.warnings(), answer.json.get("foo")), (201, vec![], None));
    let patch = r#"{"foo":1}"#;
    let answer = write(&cluster, Method::PATCH, &format!("{maps}/x"), MERGE_PATCH, patch, Some("Ignore")).await?;
    same!((answer.code, answer.warnings(), answer.json.get("foo")), (200, vec![], None));
    Ok(())
}

async fn duplicate_fields_take_the_last_value(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    write(&cluster, Method::POST, &maps, JSON, TWICE, Some("Ignore")).await?.expect(201)?;
    same!(cluster.get(format!("{maps}/x")).await?.expect(200)?["data"], json!({"a": "c"}));
    Ok(())
}

async fn custom_resources_are_strict_too(cluster: Cluster) -> Done {
    let spec = json!({"type": "object", "properties": {
        "size": {"type": "integer"},
        "items": {"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}},
    }});
    let schema = json!({"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}});
    let widget = cluster.define(&json!({"schema": schema})).await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let body = widget.widget("w", &json!({"size": 1, "foo": 2, "items": [{"k": "a", "z": 1}]})).to_string();
    let answer = write(&cluster, Method::POST, &widgets, JSON, &body, Some("Strict")).await?;
    let message = "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.foo\", unknown field \"spec.items[0].z\"";
    answer.refused(400, "BadRequest", message, Value::Null)?;
    let answer = write(&cluster, Method::POST, &widgets, JSON, &body, None).await?;
    same!(answer.warnings(), ["unknown field \"spec.foo\"", "unknown field \"spec.items[0].z\""]);
    same!(answer.expect(201)?["spec"], json!({"size": 1, "items": [{"k": "a"}]}));
    let patch = r#"{"spec":{"foo":3,"size":1,"size":2}}"#;
    let answer = write(&cluster, Method::PATCH, &format!("{widgets}/w"), MERGE_PATCH, patch, None).await?;
    same!(answer.warnings(), ["duplicate field \"spec.size\"", "unknown field \"spec.foo\""]);
    same!(answer.expect(200)?["spec"]["size"], json!(2));
    Ok(())
}

async fn unknown_fields_are_named_by_their_paths(cluster: Cluster) -> Done {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    let mut body = pod("p");
    body["spec"]["containers"][0]["imag"] = json!("x");
    body["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "porty": 1}]);
    let errors = ["unknown field \"spec.containers[0].imag\"", "unknown field \"spec.containers[0].ports[0].porty\""];
    let answer = write(&cluster, Method::POST, &pods, JSON, &body.to_string(), Some("Strict")).await?;
    let message =
        format!("Pod in version \"v1\" cannot be handled as a Pod: strict decoding error: {}", errors.join(", "));
    answer.refused(400, "BadRequest", message, Value::Null)?;
    let answer = write(&cluster, Method::POST, &pods, JSON, &body.to_string(), None).await?;
    same!((answer.code, answer.warnings()), (201, errors.map(str::to_owned).to_vec()));
    Ok(())
}
