//! Streaming lists: a watch that starts with what is there and says when that is complete.

use serde_json::{Value, json};

use super::Done;
use super::common::{secret, secrets};
use crate::case::cases;
use crate::check::{check, same, text, version};
use crate::{Call, Cluster};

cases! { "streams":
    a_stream_ends_its_list_with_a_bookmark,
    a_stream_goes_on_after_its_list,
    an_empty_stream_has_its_bookmark,
    a_selector_chooses_what_is_streamed,
    a_stream_without_bookmarks_does_not_end_its_list,
    a_stream_without_initial_events_waits,
    a_stream_from_the_future_takes_too_long,
    a_stream_needs_its_match,
    metadata_is_streamed,
    custom_resources_are_streamed,
}

/// A streaming list without a version.
fn stream(cluster: &Cluster, path: &str) -> Call {
    let call = cluster.read(path).query("sendInitialEvents", "true").query("resourceVersionMatch", "NotOlderThan");
    call.query("allowWatchBookmarks", "true")
}

/// Checks the bookmark at the end of the list.
fn closing(bookmark: &Value, api_version: &str, kind: &str) -> Done {
    same!((text(bookmark, "/kind"), text(bookmark, "/apiVersion")), (kind, api_version));
    same!(bookmark["metadata"]["annotations"], json!({"k8s.io/initial-events-end": "true"}));
    check!(version(bookmark).parse::<u64>().is_ok(), "{bookmark}");
    same!(text(bookmark, "/metadata/name"), "");
    Ok(())
}

async fn a_stream_ends_its_list_with_a_bookmark(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    for start in [None, Some("0"), Some("1")] {
        let call = stream(&cluster, &secrets);
        let call = match start {
            Some(start) => call.query("resourceVersion", start),
            None => call,
        };
        let mut watch = call.watch().await?;
        let mut newest = 0;
        for n in 0..3 {
            let object = watch.expect("ADDED").await?;
            same!(text(&object, "/metadata/name"), format!("s{n}"));
            newest = newest.max(version(&object).parse::<u64>().unwrap_or(u64::MAX));
        }
        let bookmark = watch.expect("BOOKMARK").await?;
        closing(&bookmark, "v1", "Secret")?;
        check!(version(&bookmark).parse::<u64>().unwrap_or_default() >= newest, "{bookmark}");
    }
    Ok(())
}

async fn a_stream_goes_on_after_its_list(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let mut watch = stream(&cluster, &secrets).watch().await?;
    watch.expect("ADDED").await?;
    let bookmark = watch.expect("BOOKMARK").await?;
    let made = cluster.create(&secrets, &secret("s1", "1")).await?.expect(201)?;
    same!(watch.expect("ADDED").await?, made);
    let mut resumed = cluster.read(&secrets).query("resourceVersion", version(&bookmark)).watch().await?;
    same!(resumed.expect("ADDED").await?, made);
    Ok(())
}

async fn an_empty_stream_has_its_bookmark(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    let mut watch = stream(&cluster, &secrets).query("resourceVersion", "0").watch().await?;
    closing(&watch.expect("BOOKMARK").await?, "v1", "Secret")
}

async fn a_selector_chooses_what_is_streamed(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 4).await?;
    let call = stream(&cluster, &secrets).query("labelSelector", "n>1").query("fieldSelector", "metadata.name!=s3");
    let mut watch = call.watch().await?;
    same!(text(&watch.expect("ADDED").await?, "/metadata/name"), "s2");
    closing(&watch.expect("BOOKMARK").await?, "v1", "Secret")
}

async fn a_stream_without_bookmarks_does_not_end_its_list(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let call = cluster.read(&secrets).query("sendInitialEvents", "true").query("timeoutSeconds", "2");
    let events = call.query("resourceVersionMatch", "NotOlderThan").watch().await?.rest().await?;
    same!(events.iter().map(|event| text(event, "/type")).collect::<Vec<_>>(), ["ADDED"]);
    Ok(())
}

async fn a_stream_without_initial_events_waits(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let call = cluster.read(&secrets).query("sendInitialEvents", "false").query("resourceVersion", version(&list));
    let mut watch = call.query("resourceVersionMatch", "NotOlderThan").watch().await?;
    let made = cluster.create(&secrets, &secret("a", "1")).await?.expect(201)?;
    same!(watch.expect("ADDED").await?, made);
    Ok(())
}

async fn a_stream_from_the_future_takes_too_long(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let call = stream(&cluster, &secrets).query("resourceVersion", "99999999").query("timeoutSeconds", "10");
    let mut watch = call.watch().await?;
    let mut status = watch.expect("ERROR").await?;
    let message = status["message"].take();
    let start = "Timeout: Too large resource version: 99999999, current: ";
    check!(message.as_str().is_some_and(|message| message.starts_with(start)), "{message}");
    let details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    let expected = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": null,
        "reason": "Timeout", "details": details, "code": 504,
    });
    same!(status, expected);
    Ok(())
}

async fn a_stream_needs_its_match(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    let needed = (
        "FieldValueForbidden",
        "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        "resourceVersionMatch",
    );
    for value in ["true", "false"] {
        let answer = cluster.read(&secrets).query("watch", "1").query("sendInitialEvents", value).send().await?;
        answer.invalid("ListOptions.meta.k8s.io", "", &[needed])?;
    }
    let call = cluster.read(&secrets).query("watch", "1").query("sendInitialEvents", "true");
    let answer = call.query("resourceVersionMatch", "Exact").query("resourceVersion", "1").send().await?;
    let unsupported = (
        "FieldValueNotSupported",
        "Unsupported value: \"Exact\": supported values: \"NotOlderThan\"",
        "resourceVersionMatch",
    );
    answer.invalid("ListOptions.meta.k8s.io", "", &[needed, unsupported])
}

async fn metadata_is_streamed(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let accept = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
    let mut watch = stream(&cluster, &secrets).accept(accept).watch().await?;
    let object = watch.expect("ADDED").await?;
    same!((text(&object, "/kind"), text(&object, "/metadata/name")), ("PartialObjectMetadata", "s0"));
    closing(&watch.expect("BOOKMARK").await?, "meta.k8s.io/v1", "PartialObjectMetadata")
}

async fn custom_resources_are_streamed(cluster: Cluster) -> Done {
    let widget = cluster.define_free().await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let made = cluster.create(&widgets, &widget.widget("w", &json!({}))).await?.expect(201)?;
    let mut watch = stream(&cluster, &widgets).watch().await?;
    same!(watch.expect("ADDED").await?, made);
    closing(&watch.expect("BOOKMARK").await?, &widget.api_version(), "Widget")
}
