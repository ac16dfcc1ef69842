//! What readers and watchers see, with and without a journal.

mod kept;
mod reading;
mod watching;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::kubernetes::status::Status;

fn pods() -> Storage {
    Storage { group: "".into(), resource: "pods".into() }
}

fn object(key: &Key, label: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
        "name": &*key.name, "namespace": key.namespace.as_deref(), "uid": format!("uid-{}", key.name), "labels": {"l": label},
    }})
}

fn put(key: &Key, label: &str, expected: Expected) -> Commit {
    Commit { storage: pods(), key: key.clone(), expected, write: Write::Put(object(key, label)) }
}

fn named(name: &str) -> Key {
    Key::new(Some("ns"), name)
}

/// Puts an object, whatever is there.
async fn set(store: &Store, name: &str, label: &str) -> Arc<Object> {
    let key = named(name);
    let expected = store.get(&pods(), &key).map_or(Expected::Absent, |live| Expected::Revision(live.meta.revision));
    store.commit(put(&key, label, expected)).await.unwrap()
}

async fn remove(store: &Store, name: &str) -> Arc<Object> {
    let live = store.get(&pods(), &named(name)).unwrap();
    let (expected, write) = (Expected::Revision(live.meta.revision), Write::Remove(live.value()));
    store.commit(Commit { storage: pods(), key: named(name), expected, write }).await.unwrap()
}

fn history(events: usize) -> History {
    History { events, ..History::default() }
}

fn names(objects: &[Arc<Object>]) -> Vec<String> {
    objects.iter().map(|object| object.meta.key.name.to_string()).collect()
}

fn version(object: &Object) -> u64 {
    object.value()["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

/// An update as `+name`, `~name`, `-name`, each with the version that the object has in its bytes; or `bookmark`, `closing`, or the error.
fn shown(update: &Update) -> String {
    let of = |sign: &str, object: &Object| format!("{sign}{} {}", object.meta.key.name, version(object));
    match update {
        Update::Added(object) => of("+", object),
        Update::Modified(object) => of("~", object),
        Update::Deleted(object) => of("-", object),
        Update::Bookmark { revision, closing: false } => format!("bookmark {revision}"),
        Update::Bookmark { revision, closing: true } => format!("closing {revision}"),
        Update::Error(status) => status.message.clone(),
    }
}

fn watch(start: Start) -> WatchQuery {
    WatchQuery {
        storage: pods(),
        namespace: None,
        labels: LabelSelector::default(),
        fields: FieldSelector::default(),
        start,
        bookmarks: true,
    }
}

async fn next(watch: &mut Watch) -> Vec<String> {
    watch.next().await.unwrap().iter().map(shown).collect()
}
