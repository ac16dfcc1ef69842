//! What the runtime of kube makes of an API: reflectors, watchers, a controller, events.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::{Stream, StreamExt};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{ConfigMap, ObjectReference, Secret};
use kube::api::{Patch, PatchParams};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::Action;
use kube::runtime::events::{Event as News, EventType, Recorder, Reporter};
use kube::runtime::finalizer::{Event as Step, finalizer};
use kube::runtime::watcher::{Config, Event};
use kube::runtime::{Controller, WatchStreamExt, reflector, watcher};

use kube::{Api, Client, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::Done;
use crate::case::cases;
use crate::check::{check, names, same, version};
use crate::cluster::path;
use crate::{Cluster, Failure, MERGE_PATCH};

cases! { "runtime":
    a_reflector_follows,
    a_watcher_lists_in_pages,
    a_watcher_may_stream_its_list,
    a_watcher_may_read_metadata_only,
    a_controller_converges_and_rests,
    events_are_readable_as_core_events,
}

const FINALIZER: &str = "example.com/parent";

async fn map(cluster: &Cluster, maps: &str, name: &str) -> Result<Value, Failure> {
    let body = json!({"metadata": {"name": name, "labels": {"seen": "yes"}}, "data": {"a": "1"}});
    cluster.create(maps, &body).await?.expect(201)
}

fn seen() -> Config {
    Config::default().labels("seen=yes")
}

/// The next event of a watcher.
async fn next<K: Debug>(
    events: &mut (impl Stream<Item = watcher::Result<Event<K>>> + Unpin),
) -> Result<Event<K>, Failure> {
    match timeout(Duration::from_secs(30), events.next()).await {
        Ok(Some(Ok(event))) => Ok(event),
        other => Err(Failure::broken(format_args!("no event: {other:?}"))),
    }
}

/// The names of the objects that a watcher starts with.
async fn start<K: Debug + Resource>(
    events: &mut (impl Stream<Item = watcher::Result<Event<K>>> + Unpin),
) -> Result<Vec<String>, Failure> {
    let mut found = Vec::new();
    loop {
        match next(events).await? {
            Event::Init => {}
            Event::InitApply(object) => found.push(object.name_any()),
            Event::InitDone => break,
            other => return Err(Failure::broken(format_args!("{other:?} before the list is complete"))),
        }
    }
    found.sort();
    Ok(found)
}

/// Starts a watcher with two objects, then makes, changes and deletes a third.
async fn follow<K>(cluster: &Cluster, config: Config) -> Done
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned + Send + 'static,
{
    let namespace = cluster.namespace().await?;
    let maps = path("v1", &namespace, "configmaps");
    for name in ["a", "b"] {
        map(cluster, &maps, name).await?;
    }
    let mut events = Box::pin(watcher(Api::<K>::namespaced(cluster.client(), &namespace), config));
    // A streamed list may be a little old (its version is 0): what it lacks follows as changes.
    let mut found = start(&mut events).await?;
    while found != ["a", "b"] {
        match next(&mut events).await? {
            Event::Apply(object) if !found.contains(&object.name_any()) => found.push(object.name_any()),
            other => return Err(Failure::broken(format_args!("{other:?} after {found:?}"))),
        }
        found.sort();
    }
    map(cluster, &maps, "c").await?;
    cluster.patch(format!("{maps}/c"), MERGE_PATCH, &json!({"data": {"a": "2"}})).await?.expect(200)?;
    cluster.delete(format!("{maps}/c")).await?.expect(200)?;
    let mut versions = Vec::new();
    for _ in 0..2 {
        match next(&mut events).await? {
            Event::Apply(object) if object.name_any() == "c" => versions.push(object.resource_version()),
            other => return Err(Failure::broken(format_args!("{other:?} instead of a change of c"))),
        }
    }
    check!(versions[0] != versions[1]);
    match next(&mut events).await? {
        Event::Delete(object) => same!(object.name_any(), "c"),
        other => return Err(Failure::broken(format_args!("{other:?} instead of a deletion"))),
    }
    Ok(())
}

async fn a_watcher_lists_in_pages(cluster: Cluster) -> Done {
    follow::<ConfigMap>(&cluster, seen().page_size(1)).await
}

async fn a_watcher_may_stream_its_list(cluster: Cluster) -> Done {
    follow::<ConfigMap>(&cluster, seen().streaming_lists()).await
}

async fn a_watcher_may_read_metadata_only(cluster: Cluster) -> Done {
    follow::<PartialObjectMeta<ConfigMap>>(&cluster, seen()).await?;
    follow::<PartialObjectMeta<ConfigMap>>(&cluster, seen().streaming_lists()).await
}

async fn a_reflector_follows(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let maps = path("v1", &namespace, "configmaps");
    map(&cluster, &maps, "a").await?;
    let (store, writer) = reflector::store::<ConfigMap>();
    let api = Api::<ConfigMap>::namespaced(cluster.client(), &namespace);
    let stream = reflector(writer, watcher(api, seen())).default_backoff().applied_objects();
    let follows = tokio::spawn(stream.for_each(|_| async {}));
    let held = |expected: &'static [&'static str]| {
        let store = store.clone();
        move || {
            let mut found: Vec<String> = store.state().iter().map(|object| object.name_any()).collect();
            found.sort();
            async move { Ok((found == expected).then_some(())) }
        }
    };
    cluster.eventually("the store has a", held(&["a"])).await?;
    map(&cluster, &maps, "b").await?;
    cluster.eventually("the store has both", held(&["a", "b"])).await?;
    cluster.delete(format!("{maps}/a")).await?.expect(200)?;
    cluster.eventually("the store has b", held(&["b"])).await?;
    follows.abort();
    Ok(())
}

/// Applies the child of a config map: a secret with a copy of its data.
async fn reconcile(parent: Arc<ConfigMap>, client: Client) -> Result<Action, kube::Error> {
    let secrets = Api::<Secret>::namespaced(client, &parent.namespace().unwrap_or_default());
    let owner = parent.controller_owner_ref(&());
    let child = json!({
        "apiVersion": "v1", "kind": "Secret", "stringData": parent.data,
        "metadata": {"name": parent.name_any(), "ownerReferences": [owner]},
    });
    secrets.patch(&parent.name_any(), &PatchParams::apply("controller").force(), &Patch::Apply(child)).await?;
    Ok(Action::await_change())
}

async fn cleanup(parent: Arc<ConfigMap>, client: Client) -> Result<Action, kube::Error> {
    // What is left behind shows that the finalizer had its turn.
    let maps = Api::<ConfigMap>::namespaced(client, &parent.namespace().unwrap_or_default());
    let trace = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("{}-was-here", parent.name_any())}});
    maps.patch(&format!("{}-was-here", parent.name_any()), &PatchParams::apply("controller"), &Patch::Apply(trace))
        .await?;
    Ok(Action::await_change())
}

async fn a_controller_converges_and_rests(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let (maps, secrets) = (path("v1", &namespace, "configmaps"), path("v1", &namespace, "secrets"));
    let client = cluster.client();
    let parents = Api::<ConfigMap>::namespaced(client.clone(), &namespace);
    let children = Api::<Secret>::namespaced(client.clone(), &namespace);
    let run = Controller::new(parents, seen()).owns(children, Config::default()).run(
        |parent, client: Arc<Client>| async move {
            let api = Api::<ConfigMap>::namespaced((*client).clone(), &parent.namespace().unwrap_or_default());
            finalizer(&api, FINALIZER, parent, |step| async {
                match step {
                    Step::Apply(parent) => reconcile(parent, (*client).clone()).await,
                    Step::Cleanup(parent) => cleanup(parent, (*client).clone()).await,
                }
            })
            .await
        },
        |_, _, _| Action::requeue(Duration::from_millis(100)),
        Arc::new(client),
    );
    let runs = tokio::spawn(run.for_each(|_| async {}));
    for name in ["a", "b"] {
        map(&cluster, &maps, name).await?;
    }
    let copied = |name: &'static str, data: Value| {
        let path = format!("{secrets}/{name}");
        let cluster = &cluster;
        cluster.eventually(format!("the child {name} has {data}"), move || {
            let (path, data) = (path.clone(), data.clone());
            async move { Ok((cluster.get(path).await?.json["data"] == data).then_some(())) }
        })
    };
    copied("a", json!({"a": "MQ=="})).await?;
    copied("b", json!({"a": "MQ=="})).await?;
    // A change of the parent reaches the child, and a lost child comes back.
    cluster.patch(format!("{maps}/a"), MERGE_PATCH, &json!({"data": {"a": "2"}})).await?.expect(200)?;
    copied("a", json!({"a": "Mg=="})).await?;
    cluster.delete(format!("{secrets}/b")).await?.expect(200)?;
    copied("b", json!({"a": "MQ=="})).await?;
    // Then nothing is written any more: a watch sees nothing but the marker.
    let before = cluster.get(&secrets).await?.expect(200)?;
    let mut watch = cluster.read(&secrets).query("resourceVersion", version(&before)).watch().await?;
    let touched = json!({"metadata": {"annotations": {"touched": "yes"}}});
    cluster.patch(format!("{maps}/a"), MERGE_PATCH, &touched).await?.expect(200)?;
    cluster.patch(format!("{maps}/b"), MERGE_PATCH, &touched).await?.expect(200)?;
    cluster.patch(format!("{maps}/b"), MERGE_PATCH, &json!({"data": {"a": "3"}})).await?.expect(200)?;
    let seen = watch.expect("MODIFIED").await?;
    same!((&seen["metadata"]["name"], &seen["data"]), (&json!("b"), &json!({"a": "Mw=="})));
    // A parent goes after its finalizer had its turn, and its child after it.
    cluster.delete(format!("{maps}/a")).await?.expect(200)?;
    cluster.gone(&format!("{maps}/a")).await?;
    cluster.get(format!("{maps}/a-was-here")).await?.expect(200)?;
    cluster.gone(&format!("{secrets}/a")).await?;
    runs.abort();
    Ok(())
}

async fn events_are_readable_as_core_events(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let made = map(&cluster, &path("v1", &namespace, "configmaps"), "x").await?;
    let reporter = Reporter { controller: "example.com/teller".to_owned(), instance: Some("teller-0".to_owned()) };
    let recorder = Recorder::new(cluster.client(), reporter);
    let about = ObjectReference {
        api_version: Some("v1".to_owned()),
        kind: Some("ConfigMap".to_owned()),
        name: Some("x".to_owned()),
        namespace: Some(namespace.clone()),
        uid: Some(crate::check::uid(&made)),
        ..ObjectReference::default()
    };
    let news = News {
        type_: EventType::Warning,
        reason: "Told".to_owned(),
        note: Some("It was told.".to_owned()),
        action: "Telling".to_owned(),
        secondary: None,
    };
    recorder.publish(&news, &about).await?;
    let events = cluster.read(path("v1", &namespace, "events"));
    let selector = "involvedObject.name=x,involvedObject.kind=ConfigMap,type=Warning,reason=Told";
    let found = events.query("fieldSelector", selector).send().await?.expect(200)?;
    same!(names(&found).len(), 1);
    let event = &found["items"][0];
    let expected: BTreeMap<&str, Value> = [
        ("type", json!("Warning")), ("reason", json!("Told")), ("message", json!("It was told.")),
        ("action", json!("Telling")), ("reportingComponent", json!("example.com/teller")),
        ("reportingInstance", json!("teller-0")), ("source", json!({})),
        ("involvedObject", json!({
            "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "namespace": namespace, "uid": made["metadata"]["uid"],
        })),
    ].into();
    for (key, value) in expected {
        same!(event[key], value, "{key}");
    }
    // Told again, it becomes a series of the same event.
    recorder.publish(&news, &about).await?;
    let found = cluster.get(path("events.k8s.io/v1", &namespace, "events")).await?.expect(200)?;
    same!(names(&found).len(), 1);
    same!((&found["items"][0]["series"]["count"], &found["items"][0]["note"]), (&json!(2), &json!("It was told.")));
    Ok(())
}
