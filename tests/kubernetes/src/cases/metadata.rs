//! Metadata alone: `PartialObjectMetadata`.

use serde_json::{Value, json};

use super::Done;
use super::common::{secret, secrets};
use crate::case::cases;
use crate::check::{check, names, same, text};
use crate::{Answer, Cluster, MERGE_PATCH};

cases! { "metadata":
    an_object_shrinks_to_its_metadata,
    a_list_shrinks_to_metadata,
    a_watch_shrinks_to_metadata,
    a_patch_answers_metadata,
    custom_resources_shrink_too,
    a_list_is_no_object,
    the_older_version_is_spoken,
    an_unknown_form_is_not_acceptable,
    an_unknown_media_type_is_not_acceptable,
    the_first_acceptable_form_is_taken,
    a_refusal_stays_a_status,
}

const ONE: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const MANY: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
const UNACCEPTABLE: &str = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// What is left of an object.
fn partial(whole: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": whole["metadata"]})
}

async fn an_object_shrinks_to_its_metadata(cluster: Cluster) -> Done {
    let secret = format!("{}/s0", secrets(&cluster, 1).await?);
    let whole = cluster.get(&secret).await?.expect(200)?;
    let answer = cluster.read(&secret).accept(ONE).send().await?;
    same!(answer.header("Content-Type"), "application/json");
    same!(answer.expect(200)?, partial(&whole));
    Ok(())
}

async fn a_list_shrinks_to_metadata(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let whole = cluster.read(&secrets).query("limit", "2").send().await?.expect(200)?;
    let list = cluster.read(&secrets).query("limit", "2").accept(MANY).send().await?.expect(200)?;
    same!((text(&list, "/kind"), text(&list, "/apiVersion")), ("PartialObjectMetadataList", "meta.k8s.io/v1"));
    same!((names(&list), &list["metadata"]["remainingItemCount"]), (vec!["s0", "s1"], &json!(1)));
    same!(list["items"], json!([partial(&whole["items"][0]), partial(&whole["items"][1])]));
    Ok(())
}

async fn a_watch_shrinks_to_metadata(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let whole = cluster.get(format!("{secrets}/s0")).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", "0").accept(ONE).watch().await?;
    same!(watch.expect("ADDED").await?, partial(&whole));
    let made = cluster.create(&secrets, &secret("s1", "1")).await?.expect(201)?;
    same!(watch.expect("ADDED").await?, partial(&made));
    cluster.delete(format!("{secrets}/s1")).await?.expect(200)?;
    let gone = watch.expect("DELETED").await?;
    same!((text(&gone, "/kind"), text(&gone, "/metadata/name")), ("PartialObjectMetadata", "s1"));
    Ok(())
}

async fn a_patch_answers_metadata(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let patch = json!({"metadata": {"labels": {"x": "y"}}}).to_string();
    let call = cluster.call(http::Method::PATCH, format!("{secrets}/s0")).body(MERGE_PATCH, patch);
    let answer = call.accept(ONE).send().await?.expect(200)?;
    same!(answer, partial(&cluster.get(format!("{secrets}/s0")).await?.expect(200)?));
    same!(answer["metadata"]["labels"], json!({"n": "0", "x": "y"}));
    Ok(())
}

async fn custom_resources_shrink_too(cluster: Cluster) -> Done {
    let widget = cluster.define_free().await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let made = cluster.create(&widgets, &widget.widget("w", &json!({"a": 1}))).await?.expect(201)?;
    let answer = cluster.read(format!("{widgets}/w")).accept(ONE).send().await?.expect(200)?;
    same!(answer, partial(&made));
    let list = cluster.read(&widgets).accept(MANY).send().await?.expect(200)?;
    same!(list["items"], json!([partial(&made)]));
    Ok(())
}

async fn a_list_is_no_object(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    for (path, accept, wanted, found) in [
        (secrets.clone(), ONE, "PartialObjectMetadata", "a list"),
        (format!("{secrets}/s0"), MANY, "PartialObjectMetadataList", "not a list"),
    ] {
        let answer = cluster.read(path).accept(accept).send().await?;
        same!((answer.code, text(&answer.json, "/reason")), (406, "NotAcceptable"));
        // The type in parentheses is one of the server's own.
        let start = format!("you requested {wanted}, but the requested object is {found} (");
        check!(text(&answer.json, "/message").starts_with(&start), "{}", answer.text());
    }
    Ok(())
}

fn unacceptable(answer: &Answer) -> Done {
    answer.refused(406, "NotAcceptable", UNACCEPTABLE, Value::Null)
}

async fn an_unknown_form_is_not_acceptable(cluster: Cluster) -> Done {
    let secret = format!("{}/s0", secrets(&cluster, 1).await?);
    for accept in [
        "application/json;as=Foo;g=meta.k8s.io;v=v1",
        "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v2",
        "application/json;as=PartialObjectMetadata;g=example.com;v=v1",
    ] {
        unacceptable(&cluster.read(&secret).accept(accept).send().await?)?;
    }
    Ok(())
}

async fn the_older_version_is_spoken(cluster: Cluster) -> Done {
    let secret = format!("{}/s0", secrets(&cluster, 1).await?);
    for form in ["PartialObjectMetadata", "Table"] {
        let accept = format!("application/json;as={form};g=meta.k8s.io;v=v1beta1");
        let answer = cluster.read(&secret).accept(&accept).send().await?.expect(200)?;
        same!((text(&answer, "/kind"), text(&answer, "/apiVersion")), (form, "meta.k8s.io/v1beta1"));
    }
    Ok(())
}

async fn an_unknown_media_type_is_not_acceptable(cluster: Cluster) -> Done {
    let secret = format!("{}/s0", secrets(&cluster, 1).await?);
    let message = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf";
    // Only the widest range is one.
    for accept in ["text/html", "text/*", "application/*"] {
        let answer = cluster.read(&secret).accept(accept).send().await?;
        answer.refused(406, "NotAcceptable", message, json!({}))?;
    }
    Ok(())
}

async fn the_first_acceptable_form_is_taken(cluster: Cluster) -> Done {
    let secret = format!("{}/s0", secrets(&cluster, 1).await?);
    for (accept, kind) in [
        (format!("application/json;as=Foo;g=meta.k8s.io;v=v1, {ONE}, application/json"), "PartialObjectMetadata"),
        (format!("application/json, {ONE}"), "Secret"),
        (format!("text/html, {ONE}"), "PartialObjectMetadata"),
        ("*/*".to_owned(), "Secret"),
        ("application/xml, */*;q=0.1".to_owned(), "Secret"),
        ("text/html;q=0.9, application/json;q=0.1".to_owned(), "Secret"),
    ] {
        let answer = cluster.read(&secret).accept(&accept).send().await?.expect(200)?;
        same!(text(&answer, "/kind"), kind, "the answer to {accept}");
    }
    Ok(())
}

async fn a_refusal_stays_a_status(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    cluster.read(format!("{secrets}/none")).accept(ONE).send().await?.absent("secrets", "none")?;
    let answer = cluster.read(&secrets).accept(MANY).query("labelSelector", "=").send().await?;
    let message = "found '=', expected: !, identifier, or 'end of string'";
    answer.refused(400, "BadRequest", message, Value::Null)
}
