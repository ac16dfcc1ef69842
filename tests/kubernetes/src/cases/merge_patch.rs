//! Merge patches and what they warn of.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;
use crate::{Cluster, Failure, MERGE_PATCH};

cases! { "merge_patch":
    null_removes,
    lists_are_replaced_whole,
    unknown_fields_are_dropped_with_a_warning,
    unknown_fields_are_refused_when_strict,
    duplicate_fields_take_the_last_value,
    a_dry_run_answers_but_does_not_write,
    force_is_for_apply,
    the_kind_stays,
}

async fn map(cluster: &Cluster) -> Result<String, Failure> {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &json!({"metadata": {"name": "x"}, "data": {"a": "1", "b": "2"}})).await?.expect(201)?;
    Ok(format!("{maps}/x"))
}

async fn null_removes(cluster: Cluster) -> Done {
    let path = map(&cluster).await?;
    let patched = cluster.patch(&path, MERGE_PATCH, &json!({"data": {"a": null, "c": "3"}})).await?.expect(200)?;
    same!(patched["data"], json!({"b": "2", "c": "3"}));
    let patched = cluster.patch(&path, MERGE_PATCH, &json!({"data": null})).await?.expect(200)?;
    same!(patched.get("data"), None);
    Ok(())
}

async fn lists_are_replaced_whole(cluster: Cluster) -> Done {
    let path = map(&cluster).await?;
    let finalizers = |list: Value| json!({"metadata": {"finalizers": list}});
    for list in [json!(["example.com/a", "example.com/b"]), json!(["example.com/c"])] {
        let patched = cluster.patch(&path, MERGE_PATCH, &finalizers(list.clone())).await?.expect(200)?;
        same!(patched["metadata"]["finalizers"], list);
    }
    let patched = cluster.patch(&path, MERGE_PATCH, &finalizers(json!([]))).await?.expect(200)?;
    same!(patched["metadata"].get("finalizers"), None);
    Ok(())
}

async fn unknown_fields_are_dropped_with_a_warning(cluster: Cluster) -> Done {
    let path = map(&cluster).await?;
    let change = json!({"foo": 1, "metadata": {"bar": 1}, "data": {"c": "3"}});
    let answer = cluster.patch(&path, MERGE_PATCH, &change).await?;
    let mut warnings = answer.warnings();
    warnings.sort();
    same!(warnings, [r#"unknown field "foo""#, r#"unknown field "metadata.bar""#]);
    let patched = answer.expect(200)?;
    same!((patched.get("foo"), &patched["data"]["c"]), (None, &json!("3")));
    let ignored = cluster.patch(format!("{path}?fieldValidation=Ignore"), MERGE_PATCH, &change).await?;
    same!(ignored.warnings(), Vec::<String>::new());
    ignored.expect(200)?;
    Ok(())
}

async fn unknown_fields_are_refused_when_strict(cluster: Cluster) -> Done {
    let path = format!("{}?fieldValidation=Strict", map(&cluster).await?);
    let answer = cluster.patch(path, MERGE_PATCH, &json!({"foo": 1})).await?;
    same!((answer.code, text(&answer.json, "/reason")), (422, "Invalid"));
    let message = text(&answer.json, "/message");
    check!(message.starts_with(" \"\" is invalid: patch: Invalid value: \"{"), "{message}");
    check!(message.ends_with(": strict decoding error: unknown field \"foo\""), "{message}");
    Ok(())
}

async fn duplicate_fields_take_the_last_value(cluster: Cluster) -> Done {
    let path = map(&cluster).await?;
    let twice = r#"{"data":{"a":"8","a":"9"}}"#;
    let send = |path: String| cluster.call(http::Method::PATCH, path).body(MERGE_PATCH, twice).send();
    let answer = send(path.clone()).await?;
    same!(answer.warnings(), [r#"duplicate field "data.a""#]);
    same!(answer.expect(200)?["data"]["a"], "9");
    let strict = send(format!("{path}?fieldValidation=Strict")).await?;
    same!(strict.code, 422);
    check!(text(&strict.json, "/message").ends_with(": strict decoding error: duplicate field \"data.a\""));
    Ok(())
}

async fn a_dry_run_answers_but_does_not_write(cluster: Cluster) -> Done {
    let path = map(&cluster).await?;
    let before = cluster.get(&path).await?.expect(200)?;
    let change = json!({"data": {"a": "9"}});
    let answer = cluster.patch(format!("{path}?dryRun=All"), MERGE_PATCH, &change).await?.expect(200)?;
    same!(answer["data"], json!({"a": "9", "b": "2"}));
    same!(answer["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    same!(cluster.get(&path).await?.expect(200)?, before);
    Ok(())
}

async fn force_is_for_apply(cluster: Cluster) -> Done {
    let path = format!("{}?force=true", map(&cluster).await?);
    let cause = ("FieldValueForbidden", "Forbidden: may not be specified for non-apply patch", "force");
    cluster.patch(path, MERGE_PATCH, &json!({})).await?.invalid("PatchOptions.meta.k8s.io", "", &[cause])
}

async fn the_kind_stays(cluster: Cluster) -> Done {
    let path = map(&cluster).await?;
    for change in [json!({"kind": "Secret"}), json!({"apiVersion": "v2"})] {
        let answer = cluster.patch(&path, MERGE_PATCH, &change).await?;
        check!(answer.code == 422 || answer.code == 400, "{}", answer.text());
    }
    same!(cluster.get(&path).await?.expect(200)?["kind"], "ConfigMap");
    Ok(())
}
