//! Watches: where they start, what they show, how they end.

use serde_json::{Value, json};

use super::Done;
use super::common::{config_map, secret, secrets};
use crate::case::cases;
use crate::check::{check, same, text, version};
use crate::{Cluster, MERGE_PATCH, Watch};

cases! { "watches":
    a_watch_goes_on_from_a_list,
    a_watch_repeats_what_happened_since,
    a_watch_from_zero_starts_with_what_is_there,
    a_watch_without_a_version_starts_with_what_is_there,
    events_come_in_the_order_of_versions,
    an_unchanged_object_makes_no_event,
    a_deletion_shows_the_last_state,
    a_watch_sees_its_namespace_only,
    an_object_moves_in_and_out_of_a_label_selector,
    a_field_selector_watches_one_object,
    an_object_moves_in_and_out_of_a_field_selector,
    a_watch_ends_in_time,
    a_bookmark_comes_before_the_end,
    a_watch_from_the_future_is_silent,
    a_bad_version_is_refused,
    a_match_needs_initial_events,
    custom_resources_are_watched,
    many_watches_see_the_same,
}

fn event(kind: &str, object: &Value) -> Value {
    json!({"type": kind, "object": object})
}

/// The names in the next `count` events, all of this type; in order of names.
async fn next(watch: &mut Watch, kind: &str, count: usize) -> Result<Vec<String>, crate::Failure> {
    let mut names = Vec::new();
    for _ in 0..count {
        names.push(text(&watch.expect(kind).await?, "/metadata/name").to_owned());
    }
    names.sort();
    Ok(names)
}

async fn a_watch_goes_on_from_a_list(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", version(&list)).watch().await?;
    let made = cluster.create(&secrets, &secret("a", "1")).await?.expect(201)?;
    same!(watch.next().await?, Some(event("ADDED", &made)));
    let changed =
        cluster.patch(format!("{secrets}/a"), MERGE_PATCH, &json!({"data": {"k": "dg=="}})).await?.expect(200)?;
    same!(watch.next().await?, Some(event("MODIFIED", &changed)));
    Ok(())
}

async fn a_watch_repeats_what_happened_since(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let made = cluster.create(&secrets, &secret("a", "1")).await?.expect(201)?;
    let changed =
        cluster.patch(format!("{secrets}/a"), MERGE_PATCH, &json!({"data": {"k": "dg=="}})).await?.expect(200)?;
    cluster.delete(format!("{secrets}/a")).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", version(&list)).watch().await?;
    same!(watch.next().await?, Some(event("ADDED", &made)));
    same!(watch.next().await?, Some(event("MODIFIED", &changed)));
    same!(text(&watch.expect("DELETED").await?, "/metadata/name"), "a");
    let mut later = cluster.read(&secrets).query("resourceVersion", version(&made)).watch().await?;
    same!(later.next().await?, Some(event("MODIFIED", &changed)));
    Ok(())
}

async fn a_watch_from_zero_starts_with_what_is_there(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", "0").watch().await?;
    same!(next(&mut watch, "ADDED", 3).await?, ["s0", "s1", "s2"]);
    cluster.delete(format!("{secrets}/s1")).await?.expect(200)?;
    same!(next(&mut watch, "DELETED", 1).await?, ["s1"]);
    Ok(())
}

async fn a_watch_without_a_version_starts_with_what_is_there(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let mut watch = cluster.read(&secrets).watch().await?;
    same!(next(&mut watch, "ADDED", 3).await?, ["s0", "s1", "s2"]);
    cluster.create(&secrets, &secret("s3", "3")).await?.expect(201)?;
    same!(next(&mut watch, "ADDED", 1).await?, ["s3"]);
    Ok(())
}

async fn events_come_in_the_order_of_versions(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", version(&list)).watch().await?;
    let bodies: Vec<Value> = (0..20).map(|n| secret(&format!("s{n}"), "1")).collect();
    let made = futures::future::join_all(bodies.iter().map(|body| cluster.create(&secrets, body))).await;
    for answer in made {
        answer?.expect(201)?;
    }
    let mut versions = vec![version(&list).parse::<u64>().unwrap_or_default()];
    for _ in 0..20 {
        versions.push(version(&watch.expect("ADDED").await?).parse().unwrap_or_default());
    }
    check!(versions.is_sorted_by(|earlier, later| earlier < later), "{versions:?}");
    Ok(())
}

async fn an_unchanged_object_makes_no_event(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let secret = cluster.get(format!("{secrets}/s0")).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", version(&secret)).watch().await?;
    cluster.replace(format!("{secrets}/s0"), &secret).await?.expect(200)?;
    cluster.patch(format!("{secrets}/s0"), MERGE_PATCH, &json!({})).await?.expect(200)?;
    let dry = cluster.call(http::Method::PATCH, format!("{secrets}/s0")).query("dryRun", "All");
    dry.body(MERGE_PATCH, r#"{"data":{"k":"dg=="}}"#).send().await?.expect(200)?;
    let made = cluster.create(&secrets, &self::secret("end", "1")).await?.expect(201)?;
    same!(watch.next().await?, Some(event("ADDED", &made)));
    Ok(())
}

async fn a_deletion_shows_the_last_state(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let mut last = cluster.get(format!("{secrets}/s0")).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", version(&last)).watch().await?;
    cluster.delete(format!("{secrets}/s0")).await?.expect(200)?;
    let gone = watch.expect("DELETED").await?;
    check!(version(&gone).parse::<u64>().ok() > version(&last).parse::<u64>().ok());
    last["metadata"]["resourceVersion"] = gone["metadata"]["resourceVersion"].clone();
    same!(gone, last);
    Ok(())
}

async fn a_watch_sees_its_namespace_only(cluster: Cluster) -> Done {
    let (here, there) = (secrets(&cluster, 0).await?, secrets(&cluster, 0).await?);
    let list = cluster.get(&here).await?.expect(200)?;
    let mut watch = cluster.read(&here).query("resourceVersion", version(&list)).watch().await?;
    let mark = cluster.unique("mark");
    let everywhere = cluster.read("/api/v1/secrets").query("labelSelector", format!("n={mark}"));
    let mut everywhere = everywhere.query("resourceVersion", version(&list)).watch().await?;
    cluster.create(&there, &secret("there", &mark)).await?.expect(201)?;
    cluster.create(&here, &secret("here", &mark)).await?.expect(201)?;
    same!(next(&mut watch, "ADDED", 1).await?, ["here"]);
    same!(text(&everywhere.expect("ADDED").await?, "/metadata/name"), "there");
    same!(text(&everywhere.expect("ADDED").await?, "/metadata/name"), "here");
    Ok(())
}

async fn an_object_moves_in_and_out_of_a_label_selector(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let first = cluster.get(format!("{secrets}/s0")).await?.expect(200)?;
    let call = cluster.read(&secrets).query("labelSelector", "n=in").query("resourceVersion", version(&first));
    let mut watch = call.watch().await?;
    let label = async |n: &str| {
        let patch = json!({"metadata": {"labels": {"n": n}}});
        cluster.patch(format!("{secrets}/s0"), MERGE_PATCH, &patch).await?.expect(200)
    };
    let inside = label("in").await?;
    same!(watch.next().await?, Some(event("ADDED", &inside)));
    let more =
        cluster.patch(format!("{secrets}/s0"), MERGE_PATCH, &json!({"data": {"k": "dg=="}})).await?.expect(200)?;
    same!(watch.next().await?, Some(event("MODIFIED", &more)));
    let outside = label("out").await?;
    label("elsewhere").await?;
    // What leaves is shown as it was inside, with the version that took it out.
    let mut left = more.clone();
    left["metadata"]["resourceVersion"] = outside["metadata"]["resourceVersion"].clone();
    same!(watch.next().await?, Some(event("DELETED", &left)));
    let again = label("in").await?;
    same!(watch.next().await?, Some(event("ADDED", &again)));
    Ok(())
}

async fn a_field_selector_watches_one_object(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let call = cluster.read(&secrets).query("fieldSelector", "metadata.name=s1").query("resourceVersion", "0");
    let mut watch = call.watch().await?;
    same!(next(&mut watch, "ADDED", 1).await?, ["s1"]);
    cluster.delete(format!("{secrets}/s0")).await?.expect(200)?;
    cluster.delete(format!("{secrets}/s1")).await?.expect(200)?;
    same!(next(&mut watch, "DELETED", 1).await?, ["s1"]);
    Ok(())
}

async fn an_object_moves_in_and_out_of_a_field_selector(cluster: Cluster) -> Done {
    let spec = json!({"type": "object", "properties": {"color": {"type": "string"}}});
    let version = json!({
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
        "selectableFields": [{"jsonPath": ".spec.color"}],
    });
    let widget = cluster.define(&version).await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let made = cluster.create(&widgets, &widget.widget("w", &json!({"color": "red"}))).await?.expect(201)?;
    let call = cluster.read(&widgets).query("fieldSelector", "spec.color=blue");
    let mut watch = call.query("resourceVersion", self::version(&made)).watch().await?;
    for (color, kind) in [("blue", "ADDED"), ("red", "DELETED"), ("blue", "ADDED")] {
        let patch = json!({"spec": {"color": color}});
        cluster.patch(format!("{widgets}/w"), MERGE_PATCH, &patch).await?.expect(200)?;
        same!(text(&watch.expect(kind).await?, "/spec/color"), "blue");
    }
    Ok(())
}

async fn a_watch_ends_in_time(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let call = cluster.read(&secrets).query("resourceVersion", version(&list)).query("timeoutSeconds", "1");
    let watch = call.watch().await?;
    check!(!watch.headers.contains_key("content-length"));
    same!(watch.headers.get("content-type").and_then(|value| value.to_str().ok()), Some("application/json"));
    same!(watch.rest().await?, Vec::<Value>::new());
    Ok(())
}

async fn a_bookmark_comes_before_the_end(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let call = cluster.read(&secrets).query("resourceVersion", version(&list)).query("timeoutSeconds", "4");
    let watch = call.query("allowWatchBookmarks", "true").watch().await?;
    // There is nothing to mark while nothing happens anywhere.
    cluster.create(secrets.replace("/secrets", "/configmaps"), &config_map("x")).await?.expect(201)?;
    let events = watch.rest().await?;
    check!(!events.is_empty());
    for event in &events {
        let (kind, object) = (text(event, "/type"), &event["object"]);
        same!((kind, text(object, "/kind"), text(object, "/apiVersion")), ("BOOKMARK", "Secret", "v1"));
        check!(version(object).parse::<u64>().ok() >= version(&list).parse::<u64>().ok());
        same!(text(object, "/metadata/name"), "");
    }
    Ok(())
}

async fn a_watch_from_the_future_is_silent(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let call = cluster.read(&secrets).query("resourceVersion", "99999999").query("timeoutSeconds", "1");
    let watch = call.watch().await?;
    cluster.create(&secrets, &secret("s1", "1")).await?.expect(201)?;
    same!(watch.rest().await?, Vec::<Value>::new());
    Ok(())
}

async fn a_bad_version_is_refused(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    for version in ["abc", "-1"] {
        let call = cluster.read(&secrets).query("watch", "true").query("resourceVersion", version);
        let message = format!(
            "resourceVersion: Invalid value: {version:?}: strconv.ParseUint: parsing {version:?}: invalid syntax"
        );
        call.send().await?.refused(500, "", message, Value::Null)?;
    }
    Ok(())
}

async fn a_match_needs_initial_events(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    let call = cluster.read(&secrets).query("watch", "true").query("resourceVersion", "0");
    let answer = call.query("resourceVersionMatch", "NotOlderThan").send().await?;
    let message = "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
    answer.invalid("ListOptions.meta.k8s.io", "", &[("FieldValueForbidden", message, "resourceVersionMatch")])
}

async fn custom_resources_are_watched(cluster: Cluster) -> Done {
    let widget = cluster.define_free().await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    let made = cluster.create(&widgets, &widget.widget("w", &json!({"a": 1}))).await?.expect(201)?;
    let mut watch = cluster.read(&widgets).watch().await?;
    same!(watch.next().await?, Some(event("ADDED", &made)));
    let changed = cluster.patch(format!("{widgets}/w"), MERGE_PATCH, &json!({"spec": {"a": 2}})).await?.expect(200)?;
    same!(watch.next().await?, Some(event("MODIFIED", &changed)));
    cluster.delete(format!("{widgets}/w")).await?.expect(200)?;
    same!(watch.expect("DELETED").await?["spec"], json!({"a": 2}));
    Ok(())
}

async fn many_watches_see_the_same(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 0).await?;
    let list = cluster.get(&secrets).await?.expect(200)?;
    let open = || cluster.read(&secrets).query("resourceVersion", version(&list)).watch();
    let watches = futures::future::join_all((0..10).map(|_| open())).await;
    let mut expected = Vec::new();
    for n in 0..10 {
        let made = cluster.create(&secrets, &secret(&format!("s{n}"), "1")).await?.expect(201)?;
        expected.push(event("ADDED", &made));
    }
    for watch in watches {
        let mut watch = watch?;
        for event in &expected {
            same!(watch.next().await?.as_ref(), Some(event));
        }
    }
    Ok(())
}
