//! Deleting many objects at once.

use http::Method;
use serde_json::{Value, json};

use super::Done;
use super::common::{secret, secrets};
use crate::case::cases;
use crate::check::{check, names, same, text};
use crate::cluster::path;
use crate::{Call, Cluster, MERGE_PATCH};

cases! { "collections":
    a_collection_is_deleted_and_answered,
    an_empty_collection_is_fine,
    a_label_selector_chooses,
    a_field_selector_chooses,
    a_limit_deletes_a_page,
    a_bad_selector_deletes_nothing,
    bad_options_delete_nothing,
    another_uid_stops_the_deletion,
    finalizers_hold_some,
    a_watch_sees_each,
    custom_resources_are_deleted_together,
    a_collection_stays_in_its_namespace,
}

fn delete(cluster: &Cluster, path: &str) -> Call {
    cluster.call(Method::DELETE, path)
}

async fn left(cluster: &Cluster, path: &str) -> Result<String, crate::Failure> {
    Ok(names(&cluster.get(path).await?.expect(200)?).join(" "))
}

async fn a_collection_is_deleted_and_answered(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let answer = delete(&cluster, &secrets).send().await?.expect(200)?;
    same!((text(&answer, "/kind"), names(&answer)), ("SecretList", vec!["s0", "s1", "s2"]));
    same!(left(&cluster, &secrets).await?, "");
    Ok(())
}

async fn an_empty_collection_is_fine(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    same!(delete(&cluster, &secrets).send().await?.expect(200)?["items"], json!([]));
    Ok(())
}

async fn a_label_selector_chooses(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 4).await?;
    let answer = delete(&cluster, &secrets).query("labelSelector", "n in (0,2)").send().await?.expect(200)?;
    same!((names(&answer), left(&cluster, &secrets).await?), (vec!["s0", "s2"], "s1 s3".to_owned()));
    Ok(())
}

async fn a_field_selector_chooses(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let answer = delete(&cluster, &secrets).query("fieldSelector", "metadata.name=s1").send().await?.expect(200)?;
    same!((names(&answer), left(&cluster, &secrets).await?), (vec!["s1"], "s0 s2".to_owned()));
    Ok(())
}

async fn a_limit_deletes_a_page(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 4).await?;
    let answer = delete(&cluster, &secrets).query("limit", "1").send().await?.expect(200)?;
    same!((names(&answer), &answer["metadata"]["remainingItemCount"]), (vec!["s0"], &json!(3)));
    same!(left(&cluster, &secrets).await?, "s1 s2 s3");
    let token = text(&answer, "/metadata/continue");
    check!(!token.is_empty());
    let answer = delete(&cluster, &secrets).query("limit", "2").query("continue", token).send().await?.expect(200)?;
    same!((names(&answer), left(&cluster, &secrets).await?), (vec!["s1", "s2"], "s3".to_owned()));
    Ok(())
}

async fn a_bad_selector_deletes_nothing(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let message = "found '=', expected: !, identifier, or 'end of string'";
    let answer = delete(&cluster, &secrets).query("labelSelector", "=").send().await?;
    answer.refused(400, "BadRequest", message, Value::Null)?;
    let answer = delete(&cluster, &secrets).query("fieldSelector", "spec.foo=1").send().await?;
    answer.refused(400, "BadRequest", "field label not supported: spec.foo", Value::Null)?;
    same!(left(&cluster, &secrets).await?, "s0");
    Ok(())
}

async fn bad_options_delete_nothing(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let message = "Unsupported value: \"Foo\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    let answer = delete(&cluster, &secrets).json(&json!({"propagationPolicy": "Foo"})).send().await?;
    let cause = ("FieldValueNotSupported", message, "propagationPolicy");
    answer.invalid("DeleteOptions.meta.k8s.io", "", &[cause])?;
    same!(left(&cluster, &secrets).await?, "s0");
    Ok(())
}

async fn another_uid_stops_the_deletion(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let answer = delete(&cluster, &secrets).json(&json!({"preconditions": {"uid": "x"}})).send().await?;
    same!((answer.code, text(&answer.json, "/reason")), (409, "Conflict"));
    let start = "Operation cannot be fulfilled on Secret \"s0\": the UID in the precondition (x) does not match";
    check!(text(&answer.json, "/message").starts_with(start), "{}", answer.text());
    same!(left(&cluster, &secrets).await?, "s0");
    Ok(())
}

async fn finalizers_hold_some(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let mut body = secret("held", "1");
    body["metadata"]["finalizers"] = json!(["a.b/c"]);
    cluster.create(&secrets, &body).await?.expect(201)?;
    delete(&cluster, &secrets).send().await?.expect(200)?;
    let held = cluster.get(&secrets).await?.expect(200)?;
    same!(names(&held), ["held"]);
    check!(!text(&held, "/items/0/metadata/deletionTimestamp").is_empty());
    let patch = json!({"metadata": {"finalizers": null}});
    cluster.patch(format!("{secrets}/held"), MERGE_PATCH, &patch).await?.expect(200)?;
    same!(left(&cluster, &secrets).await?, "");
    Ok(())
}

async fn a_watch_sees_each(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", crate::check::version(&list)).watch().await?;
    delete(&cluster, &secrets).send().await?.expect(200)?;
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(text(&watch.expect("DELETED").await?, "/metadata/name").to_owned());
    }
    seen.sort();
    same!(seen, ["s0", "s1", "s2"]);
    Ok(())
}

async fn custom_resources_are_deleted_together(cluster: Cluster) -> Done {
    let widget = cluster.define_free().await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    for name in ["a", "b"] {
        cluster.create(&widgets, &widget.widget(name, &json!({}))).await?.expect(201)?;
    }
    let answer = delete(&cluster, &widgets).query("fieldSelector", "metadata.name=b").send().await?.expect(200)?;
    same!((text(&answer, "/kind"), names(&answer)), ("WidgetList", vec!["b"]));
    same!(left(&cluster, &widgets).await?, "a");
    Ok(())
}

async fn a_collection_stays_in_its_namespace(cluster: Cluster) -> Done {
    let (here, there) = (secrets(&cluster, 1).await?, secrets(&cluster, 1).await?);
    delete(&cluster, &here).send().await?.expect(200)?;
    same!((left(&cluster, &here).await?, left(&cluster, &there).await?), (String::new(), "s0".to_owned()));
    let everywhere = delete(&cluster, "/api/v1/secrets").query("labelSelector", "n=nothing").send().await?;
    let message = "the server does not allow this method on the requested resource";
    everywhere.refused(405, "MethodNotAllowed", message, json!({}))?;
    cluster.get(path("v1", "default", "secrets")).await?.expect(200)?;
    Ok(())
}
