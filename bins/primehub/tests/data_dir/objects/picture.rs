//! What objects there are at some revision, by reading and by watching.

use std::collections::BTreeMap;

use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Api, ResourceExt as _};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An object that is written once a round, so that there is something to wait for.
pub(super) const MARK: &str = "mark";

/// All objects at a revision.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Picture {
    pub(super) revision: u64,
    pub(super) objects: BTreeMap<String, ConfigMap>,
}

impl Picture {
    pub(super) async fn take(maps: &Api<ConfigMap>) -> Self {
        let list = maps.list(&ListParams::default()).await.unwrap();
        let revision = list.metadata.resource_version.as_deref().unwrap().parse().unwrap();
        Self { revision, objects: list.items.into_iter().map(|map| (map.name_any(), map)).collect() }
    }

    /// Writes one object more: its revision, and how things are then.
    pub(super) async fn mark(&self, maps: &Api<ConfigMap>, round: usize) -> (u64, Self) {
        let mark = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": MARK }, "data": { "round": round.to_string() },
        });
        let mark = maps.patch(MARK, &PatchParams::apply("mark"), &Patch::Apply(mark)).await.unwrap();
        let mut after = self.clone();
        after.see(&WatchEvent::Added(mark));
        (after.revision, after)
    }

    /// Watches from here on until `until`: how things are then, unless it is too late.
    pub(super) async fn follow(&self, maps: &Api<ConfigMap>, until: u64) -> Option<Self> {
        let mut picture = self.clone();
        let opened = maps.watch(&parameters(), &self.revision.to_string()).await;
        let mut events = match opened {
            Err(kube::Error::Api(status)) if status.code == 410 => return None,
            opened => opened.unwrap().boxed(),
        };
        while picture.revision < until {
            match events.try_next().await.unwrap().unwrap() {
                WatchEvent::Error(status) if status.code == 410 => return None,
                event => picture.see(&event),
            };
        }
        Some(picture)
    }

    /// Takes an event in. Revisions only grow. Answers the object, or its name if it is gone.
    fn see(&mut self, event: &WatchEvent<ConfigMap>) -> (String, Option<ConfigMap>) {
        let (map, is_there) = match event {
            WatchEvent::Added(map) | WatchEvent::Modified(map) => (map, true),
            WatchEvent::Deleted(map) => (map, false),
            other => panic!("{other:?}"),
        };
        let (name, now) = (map.name_any(), revision(map));
        assert!(now > self.revision, "{now} after {}: {event:?}", self.revision);
        self.revision = now;
        if is_there {
            self.objects.insert(name.clone(), map.clone());
        } else {
            assert!(self.objects.remove(&name).is_some(), "gone twice: {event:?}");
        }
        (name, is_there.then(|| map.clone()))
    }
}

/// What somebody was told by a watch.
pub(super) struct Watched {
    pub(super) picture: Picture,
    /// What it was told last of each object, with the revision.
    pub(super) last: BTreeMap<String, (u64, Option<ConfigMap>)>,
}

impl Watched {
    /// Watches from `start` on until the program is gone.
    pub(super) async fn until_the_end(start: Picture, maps: Api<ConfigMap>) -> Self {
        let mut watched = Self { picture: start, last: BTreeMap::new() };
        let opened = maps.watch(&parameters(), &watched.picture.revision.to_string()).await;
        let Some(events) = super::answered(opened) else { return watched };
        let mut events = events.boxed();
        while let Ok(Some(event)) = events.try_next().await {
            let (name, state) = watched.picture.see(&event);
            watched.last.insert(name, (watched.picture.revision, state));
        }
        watched
    }
}

fn parameters() -> WatchParams {
    WatchParams::default().disable_bookmarks()
}

pub(super) fn revision(map: &ConfigMap) -> u64 {
    map.metadata.resource_version.as_deref().unwrap().parse().unwrap()
}

/// An object, as people write it.
pub(super) fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}
