//! A namespace whose deletion is interrupted.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::answered;
use super::picture::object;

/// So many that they do not go at once.
const CONTENT: usize = 60;
/// Keeps an object, and so its namespace, until somebody takes it away.
const HOLD: &str = "test.primehub.io/hold";
/// How long it may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A namespace of one round.
pub(super) struct Ending {
    name: String,
    /// Whether one of its objects is held back, which keeps it for sure until the next start.
    held: bool,
    made: bool,
    /// How many of its objects were acknowledged.
    content: usize,
    deleting: Deleting,
}

enum Deleting {
    Not,
    Unanswered,
    Acknowledged,
}

impl Ending {
    pub(super) fn new(round: usize) -> Self {
        let name = format!("ending-{round}");
        Self { name, held: round % 2 == 1, made: false, content: 0, deleting: Deleting::Not }
    }

    /// Makes it, fills it and deletes it, as far as the program answers. Says when it goes.
    pub(super) async fn write(mut self, client: Client, going: Arc<Notify>) -> Self {
        let (namespaces, maps) = self.apis(client);
        let new = object(json!({ "metadata": { "name": self.name } }));
        if answered(namespaces.create(&PostParams::default(), &new).await).is_none() {
            return self;
        }
        self.made = true;
        let create = |number: usize| {
            let finalizers: Value = if self.held && number == 0 { json!([HOLD]) } else { json!([]) };
            let map = object(json!({ "metadata": { "name": format!("map-{number}"), "finalizers": finalizers } }));
            let maps = &maps;
            async move { maps.create(&PostParams::default(), &map).await }
        };
        self.content = join_all((0..CONTENT).map(create)).await.into_iter().filter_map(answered).count();
        if self.content == CONTENT {
            let answer = answered(namespaces.delete(&self.name, &DeleteParams::default()).await);
            self.deleting = if answer.is_some() { Deleting::Acknowledged } else { Deleting::Unanswered };
            going.notify_one();
        }
        self
    }

    /// Its end comes without anybody asking again, if it was acknowledged. How many of its objects were still there soon after the start,
    /// if it was going then.
    pub(super) async fn complete(self, client: Client, case: &str) -> usize {
        let completed = tokio::time::timeout(PATIENCE, self.ends(client, case)).await;
        completed.unwrap_or_else(|_| panic!("{case}: {} does not end", self.name))
    }

    async fn ends(&self, client: Client, case: &str) -> usize {
        let (namespaces, maps) = self.apis(client);
        let found = namespaces.get_opt(&self.name).await.unwrap();
        let Some(found) = found else {
            let may_be_gone = match self.deleting {
                Deleting::Not => !self.made,
                Deleting::Unanswered | Deleting::Acknowledged => !self.held,
            };
            assert!(may_be_gone, "{case}: {} is gone", self.name);
            assert_eq!(count(&maps).await, 0, "{case}");
            return 0;
        };
        let left = count(&maps).await;
        let goes = found.metadata.deletion_timestamp.is_some();
        match self.deleting {
            Deleting::Acknowledged => assert!(goes, "{case}: {found:?}"),
            Deleting::Not => assert!(!goes, "{case}: {found:?}"),
            Deleting::Unanswered => {}
        }
        if !goes {
            assert!(left >= self.content, "{case}: some objects of {} are lost", self.name);
            namespaces.delete(&self.name, &DeleteParams::default()).await.unwrap();
        }
        if self.held && self.content == CONTENT {
            // Asked until the others are gone: nobody is told when.
            while count(&maps).await > 1 {}
            assert!(namespaces.get_opt(&self.name).await.unwrap().is_some(), "{case}: one is still held");
        }
        if let Some(first) = maps.get_opt("map-0").await.unwrap()
            && first.metadata.finalizers.is_some()
        {
            let free = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
            maps.patch("map-0", &PatchParams::default(), &free).await.unwrap();
        }
        while namespaces.get_opt(&self.name).await.unwrap().is_some() {}
        assert_eq!(count(&maps).await, 0, "{case}");
        if goes { left } else { 0 }
    }

    fn apis(&self, client: Client) -> (Api<Namespace>, Api<ConfigMap>) {
        (Api::all(client.clone()), Api::namespaced(client, &self.name))
    }
}

async fn count(maps: &Api<ConfigMap>) -> usize {
    maps.list(&ListParams::default()).await.unwrap().items.len()
}
