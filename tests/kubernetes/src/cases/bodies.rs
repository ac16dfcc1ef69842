//! Bodies that are too large, too deep, or not what they should be.

use http::Method;
use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;
use crate::{Answer, Cluster, Failure, JSON_PATCH, MERGE_PATCH};

cases! { "bodies":
    at_most_three_mebibytes,
    large_values_have_limits_of_their_own,
    at_most_ten_thousand_levels,
    invalid_text_is_replaced,
    broken_json_is_refused,
    what_is_no_object_is_refused,
    null_and_an_empty_object_have_no_name,
    another_kind_is_refused,
    wrong_types_are_refused,
    numbers_are_exact,
    field_names_are_exact,
    duplicate_fields_are_reported,
    unknown_fields_are_reported,
    bad_options_are_refused,
    delete_options_are_checked,
    bad_protobuf_is_refused,
}

async fn maps(cluster: &Cluster) -> Result<String, Failure> {
    Ok(path("v1", &cluster.namespace().await?, "configmaps"))
}

async fn send(
    cluster: &Cluster,
    method: Method,
    path: &str,
    kind: &str,
    body: impl Into<Vec<u8>>,
) -> Result<Answer, Failure> {
    cluster.call(method, path).body(kind, body).send().await
}

async fn post(cluster: &Cluster, path: &str, body: impl Into<Vec<u8>>) -> Result<Answer, Failure> {
    send(cluster, Method::POST, path, "application/json", body).await
}

/// Checks that the body is no config map for this reason.
fn unrecognized(answer: &Answer, why: &str) -> Done {
    let message = format!("the object provided is unrecognized (must be of type ConfigMap): {why}");
    answer.refused(400, "BadRequest", message, Value::Null)
}

async fn at_most_three_mebibytes(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let path = format!("{maps}/x");
    let large = vec![b' '; 3 << 20 | 1];
    let message = "Request entity too large: limit is 3145728";
    for (method, path, kind) in [
        (Method::POST, &maps, "application/json"),
        (Method::PUT, &path, "application/json"),
        (Method::PATCH, &path, MERGE_PATCH),
        (Method::PATCH, &path, JSON_PATCH),
        (Method::DELETE, &path, "application/json"),
    ] {
        let answer = send(&cluster, method, path, kind, large.clone()).await?;
        answer.refused(413, "RequestEntityTooLarge", message, Value::Null)?;
    }
    let mut just = json!({"metadata": {"name": "x"}}).to_string().into_bytes();
    just.resize(3 << 20, b' ');
    post(&cluster, &maps, just).await?.expect(201)?;
    Ok(())
}

async fn large_values_have_limits_of_their_own(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let body = |bytes: usize| json!({"metadata": {"name": "x"}, "data": {"a": "x".repeat(bytes)}});
    let cause = ("FieldValueTooLong", "Too long: may not be more than 1048576 bytes", "[]");
    cluster.create(&maps, &body((1 << 20) + 1)).await?.invalid("ConfigMap", "x", &[cause])?;
    cluster.create(&maps, &body(1 << 20)).await?.expect(201)?;
    let annotated = json!({"metadata": {"name": "y", "annotations": {"a": "x".repeat(256 << 10)}}});
    let cause = ("FieldValueTooLong", "Too long: may not be more than 262144 bytes", "metadata.annotations");
    cluster.create(&maps, &annotated).await?.invalid("ConfigMap", "y", &[cause])
}

async fn at_most_ten_thousand_levels(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let body = |levels: usize| format!(r#"{{"metadata":{{"name":"x"}},"y":{}}}"#, nested(levels));
    let answer = post(&cluster, &maps, body(10_001)).await?;
    let depth = "invalid character '[' exceeded max depth";
    let start = r#"{"metadata":{"name":"x"},"y":[ ..."#;
    unrecognized(&answer, &format!("couldn't get version/kind; json parse error: {depth} ({start})"))?;
    let answer = post(&cluster, &maps, body(9_000)).await?;
    same!(answer.warnings(), ["unknown field \"y\""]);
    answer.expect(201)?;
    let path = format!("{maps}/x");
    for (kind, body) in [
        (MERGE_PATCH, format!(r#"{{"y":{}}}"#, nested(10_001))),
        (JSON_PATCH, format!(r#"[{{"op":"add","path":"/y","value":{}}}]"#, nested(10_001))),
    ] {
        let answer = send(&cluster, Method::PATCH, &path, kind, body).await?;
        answer.refused(400, "BadRequest", format!("error decoding patch: {depth}"), Value::Null)?;
    }
    // However deep it is.
    same!(post(&cluster, &maps, "[".repeat(1 << 20)).await?.code, 400);
    Ok(())
}

async fn invalid_text_is_replaced(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let bad = b"{\"metadata\":{\"name\":\"x\"},\"data\":{\"a\":\"\xff\xfe\",\"b\":\"\\ud800\",\"c\":\"\\u0000\"}}";
    let made = post(&cluster, &maps, bad.to_vec()).await?.expect(201)?;
    same!(made["data"], json!({"a": "\u{fffd}\u{fffd}", "b": "\u{fffd}", "c": "\0"}));
    let name = post(&cluster, &maps, b"{\"metadata\":{\"name\":\"u\xff\"}}".to_vec()).await?;
    same!((name.code, text(&name.json, "/details/name")), (422, "u\u{fffd}"));
    Ok(())
}

async fn broken_json_is_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let end = "unexpected end of JSON input";
    for (body, why, shown) in [
        ("", end, "<empty>"),
        ("{", end, "{"),
        ("{\"a\":", end, "{\"a\":"),
        ("{]", "invalid character ']' looking for beginning of object key string", "{]"),
        ("{} x", "invalid character 'x' after top-level value", "{} x"),
        ("hello", "invalid character 'h' looking for beginning of value", "68656c6c6f"),
    ] {
        let answer = post(&cluster, &maps, body).await?;
        unrecognized(&answer, &format!("couldn't get version/kind; json parse error: {why} ({shown})"))?;
    }
    Ok(())
}

async fn what_is_no_object_is_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let go = r#"Go value of type struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    for (body, kind, hex) in
        [("[]", "array", "5b5d"), ("\"x\"", "string", "227822"), ("5", "number", "35"), ("true", "bool", "74727565")]
    {
        let answer = post(&cluster, &maps, body).await?;
        let why = format!("json: cannot unmarshal {kind} into {go} ({hex})");
        unrecognized(&answer, &format!("couldn't get version/kind; json parse error: {why}"))?;
    }
    Ok(())
}

async fn null_and_an_empty_object_have_no_name(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    for body in ["null", "{}"] {
        let cause = ("FieldValueRequired", "Required value: name or generateName is required", "metadata.name");
        post(&cluster, &maps, body).await?.invalid("ConfigMap", "", &[cause])?;
    }
    Ok(())
}

async fn another_kind_is_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    for (version, kind) in
        [("v1", "Secret"), ("apps/v1", "Deployment"), ("v1", "Foo"), ("v9", "ConfigMap"), ("v1", "ConfigMapList")]
    {
        let answer =
            cluster.create(&maps, &json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x"}})).await?;
        let bare = version.trim_start_matches("apps/");
        let start = format!("{kind} in version {bare:?} cannot be handled as a ConfigMap: ");
        check!(answer.code == 400 && text(&answer.json, "/message").starts_with(&start), "{}", answer.text());
    }
    let answer = cluster.create(&maps, &json!({"apiVersion": "a/b/c", "kind": "ConfigMap"})).await?;
    check!(text(&answer.json, "/message").contains("unexpected GroupVersion string: a/b/c"), "{}", answer.text());
    // Either may be left out.
    cluster.create(&maps, &json!({"kind": "ConfigMap", "metadata": {"name": "x"}})).await?.expect(201)?;
    cluster.create(&maps, &json!({"apiVersion": "v1", "metadata": {"name": "y"}})).await?.expect(201)?;
    Ok(())
}

async fn wrong_types_are_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let start = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal";
    for (field, value, why) in [
        ("data", json!([]), "array into Go struct field ConfigMap.data of type map[string]string"),
        ("data", json!({"a": {}}), "object into Go struct field ConfigMap.data of type string"),
        ("metadata", json!("x"), "string into Go struct field ConfigMap.metadata of type v1.ObjectMeta"),
        ("immutable", json!("yes"), "string into Go struct field ConfigMap.immutable of type bool"),
        (
            "metadata",
            json!({"labels": {"a": 1}}),
            "number into Go struct field ObjectMeta.metadata.labels of type string",
        ),
    ] {
        let answer = cluster.create(&maps, &json!({field: value})).await?;
        answer.refused(400, "BadRequest", format!("{start} {why}"), Value::Null)?;
    }
    Ok(())
}

async fn numbers_are_exact(cluster: Cluster) -> Done {
    let deployments = path("apps/v1", &cluster.namespace().await?, "deployments");
    for (number, shown) in
        [("\"1\"", "string"), ("1.5", "number 1.5"), ("1.0", "number 1.0"), ("3000000000", "number 3000000000")]
    {
        let answer = post(&cluster, &deployments, format!(r#"{{"spec":{{"replicas":{number}}}}}"#)).await?;
        let message = format!(
            "Deployment in version \"v1\" cannot be handled as a Deployment: \
             json: cannot unmarshal {shown} into Go struct field DeploymentSpec.spec.replicas of type int32"
        );
        answer.refused(400, "BadRequest", message, Value::Null)?;
    }
    Ok(())
}

async fn field_names_are_exact(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let answer = cluster.create(&maps, &json!({"metadata": {"name": "x"}, "Data": {"a": "1"}})).await?;
    same!(answer.warnings(), ["unknown field \"Data\""]);
    same!(answer.expect(201)?.get("data"), None);
    Ok(())
}

async fn duplicate_fields_are_reported(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let twice = r#"{"metadata":{"name":"x"},"data":{"a":"1","a":"2"}}"#;
    let strict = post(&cluster, &format!("{maps}?fieldValidation=Strict"), twice).await?;
    let message = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: \
                   strict decoding error: duplicate field \"data.a\"";
    strict.refused(400, "BadRequest", message, Value::Null)?;
    let answer = post(&cluster, &maps, twice).await?;
    same!(answer.warnings(), ["duplicate field \"data.a\""]);
    same!(answer.expect(201)?["data"], json!({"a": "2"}));
    Ok(())
}

async fn unknown_fields_are_reported(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let body = json!({"metadata": {"name": "x", "zoo": 1}, "foo": 1});
    let strict = cluster.create(format!("{maps}?fieldValidation=Strict"), &body).await?;
    let message = text(&strict.json, "/message");
    let start = "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: ";
    let mut found: Vec<&str> = message.strip_prefix(start).unwrap_or(message).split(", ").collect();
    found.sort_unstable();
    same!((strict.code, found), (400, vec!["unknown field \"foo\"", "unknown field \"metadata.zoo\""]));
    let ignored = cluster.create(format!("{maps}?fieldValidation=Ignore&dryRun=All"), &body).await?;
    same!(ignored.warnings(), Vec::<String>::new());
    let mut warnings = cluster.create(&maps, &body).await?.warnings();
    warnings.sort();
    same!(warnings, ["unknown field \"foo\"", "unknown field \"metadata.zoo\""]);
    Ok(())
}

async fn bad_options_are_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let options = "CreateOptions.meta.k8s.io";
    let body = json!({"metadata": {"name": "x"}});
    let message = "Unsupported value: \"Foo\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"";
    let answer = cluster.create(format!("{maps}?fieldValidation=Foo"), &body).await?;
    answer.invalid(options, "", &[("FieldValueNotSupported", message, "fieldValidation")])?;
    let message = "Unsupported value: [\"Foo\"]: supported values: \"All\"";
    let answer = cluster.create(format!("{maps}?dryRun=Foo"), &body).await?;
    answer.invalid(options, "", &[("FieldValueNotSupported", message, "dryRun")])?;
    for option in ["limit", "timeoutSeconds"] {
        let answer = cluster.read(&maps).query(option, "x").send().await?;
        answer.refused(400, "BadRequest", "strconv.ParseInt: parsing \"x\": invalid syntax", Value::Null)?;
    }
    let answer = cluster.read(&maps).query("timeout", "x").send().await?;
    let message = "invalid timeout specified in the request URL - time: invalid duration \"x\"";
    answer.refused(400, "BadRequest", message, Value::Null)
}

async fn delete_options_are_checked(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let path = format!("{maps}/x");
    cluster.create(&maps, &json!({"metadata": {"name": "x"}})).await?.expect(201)?;
    let broken = send(&cluster, Method::DELETE, &path, "application/json", "{").await?;
    let message = "couldn't get version/kind; json parse error: unexpected end of JSON input";
    broken.refused(400, "BadRequest", message, Value::Null)?;
    let other = cluster.delete_with(&path, &json!({"apiVersion": "v1", "kind": "ConfigMap"})).await?;
    same!((other.code, text(&other.json, "/reason")), (400, "BadRequest"));
    cluster.get(&path).await?.expect(200)?;
    let options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "foo": 1});
    same!(cluster.delete_with(&path, &options).await?.expect(200)?["status"], "Success");
    Ok(())
}

async fn bad_protobuf_is_refused(cluster: Cluster) -> Done {
    let maps = maps(&cluster).await?;
    let prefix = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})";
    for (body, why) in [
        (b"{}".as_slice(), prefix),
        (b"", "empty data (<empty>)"),
        (b"k8s\0", "empty body (6b387300)"),
        (b"k8s\0\xff\xff\xff", "unexpected EOF (6b387300ffffff)"),
    ] {
        let answer = send(&cluster, Method::POST, &maps, "application/vnd.kubernetes.protobuf", body).await?;
        unrecognized(&answer, why)?;
    }
    Ok(())
}
