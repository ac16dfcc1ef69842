//! Somebody who writes objects that nobody else writes, and knows what was acknowledged.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::sync::watch;

use super::picture::{Picture, Watched, object, revision};
use super::random::Random;

const NAMES: usize = 8;
/// Objects are of many sizes, so that some are written in several pieces.
const MOST_LETTERS: usize = 12_000;

#[derive(Clone, Copy, Debug)]
enum Operation {
    Create,
    Replace,
    Apply,
    Merge,
    Delete,
}

/// A write that was sent.
#[derive(Debug)]
struct Write {
    operation: Operation,
    data: BTreeMap<String, String>,
}

impl Write {
    fn any(random: &mut Random, number: usize, exists: bool) -> Self {
        let choice = (exists, random.below(10));
        let operation = match choice {
            (false, 0..5) => Operation::Create,
            (true, 0..3) => Operation::Replace,
            (true, 6..8) => Operation::Merge,
            (true, 8..) => Operation::Delete,
            _ => Operation::Apply,
        };
        // The same three times: an object of two writes would show.
        let text = format!("{number} {}", "x".repeat(random.below(MOST_LETTERS)));
        let data = ["first", "second", "third"].map(|key| (key.to_owned(), text.clone())).into();
        Self { operation, data }
    }

    /// The object as it is afterwards.
    async fn send(
        &self,
        maps: &Api<ConfigMap>,
        name: &str,
        live: Option<&ConfigMap>,
    ) -> kube::Result<Option<ConfigMap>> {
        let Self { operation, data } = self;
        let post = PostParams::default();
        match operation {
            Operation::Create => {
                maps.create(&post, &object(json!({ "metadata": { "name": name }, "data": data }))).await
            }
            Operation::Replace => {
                let next = ConfigMap { data: Some(data.clone()), ..live.cloned().unwrap_or_default() };
                maps.replace(name, &post, &next).await
            }
            Operation::Apply => {
                let next =
                    json!({ "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": name }, "data": data });
                maps.patch(name, &PatchParams::apply("writer").force(), &Patch::Apply(next)).await
            }
            Operation::Merge => maps.patch(name, &PatchParams::default(), &Patch::Merge(json!({ "data": data }))).await,
            Operation::Delete => return maps.delete(name, &DeleteParams::default()).await.map(|_| None),
        }
        .map(Some)
    }

    /// Whether `after` is what this write makes of `before`.
    fn makes(&self, before: Option<&ConfigMap>, after: Option<&ConfigMap>) -> bool {
        let Some(after) = after else { return matches!(self.operation, Operation::Delete) };
        let same =
            before.is_none_or(|before| before.metadata.uid == after.metadata.uid && revision(before) < revision(after));
        same && after.metadata.uid.is_some() && after.data.as_ref() == Some(&self.data)
    }
}

/// What is known of an object.
#[derive(Default)]
struct Known {
    /// As it was acknowledged; nothing if it is not there.
    state: Option<ConfigMap>,
    /// The newest revision that it is known to have had.
    revision: u64,
    /// Sent and not answered.
    pending: Option<Write>,
}

pub(super) struct Writer {
    number: usize,
    random: Random,
    known: BTreeMap<String, Known>,
    /// How many writes it has sent.
    sent: usize,
    /// The newest revision that it was told of.
    newest: u64,
}

impl Writer {
    pub(super) fn new(number: usize, random: Random) -> Self {
        Self { number, random, known: BTreeMap::new(), sent: 0, newest: 0 }
    }

    /// Whether it has written an object of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.known.contains_key(name)
    }

    /// Writes until the program is gone.
    pub(super) async fn write(mut self, maps: Api<ConfigMap>, acknowledged: Arc<watch::Sender<usize>>) -> Self {
        loop {
            let name = format!("object-{}-{}", self.number, self.random.below(NAMES));
            let known = self.known.entry(name.clone()).or_default();
            self.sent += 1;
            let write = Write::any(&mut self.random, self.sent, known.state.is_some());
            let answer = write.send(&maps, &name, known.state.as_ref()).await;
            let Some(state) = super::answered(answer) else {
                known.pending = Some(write);
                return self;
            };
            assert!(write.makes(known.state.as_ref(), state.as_ref()), "{name}, {write:?}: {state:?}");
            if let Some(state) = &state {
                let now = revision(state);
                assert!(now > self.newest, "{name}: {now} after {}", self.newest);
                (self.newest, known.revision) = (now, now);
            }
            known.state = state;
            acknowledged.send_modify(|count| *count += 1);
        }
    }

    /// Every object is as it was acknowledged, or as the write that was not answered makes it; as somebody was told, if it was so.
    pub(super) async fn compare(&mut self, maps: &Api<ConfigMap>, found: &Picture, watched: &Watched, case: &str) {
        assert!(found.revision >= self.newest, "{case}: it is at {} and has answered {}", found.revision, self.newest);
        self.newest = found.revision;
        for (name, known) in &mut self.known {
            let case = format!("{case}, {name}");
            let now = found.objects.get(name);
            assert_eq!(maps.get_opt(name).await.unwrap().as_ref(), now, "{case}: read alone and in a list");
            let pending = known.pending.take();
            let was_told = watched.last.get(name).filter(|(told, _)| *told > known.revision);
            let news = was_told.map(|(_, state)| state).filter(|state| **state != known.state);
            let whole = match (&news, &pending) {
                (Some(told), _) => now == told.as_ref(),
                (None, Some(pending)) => now == known.state.as_ref() || pending.makes(known.state.as_ref(), now),
                (None, None) => now == known.state.as_ref(),
            };
            assert!(whole, "{case}: {now:?}\nwas {:?}\ntold {news:?}\nunanswered {pending:?}", known.state);
            known.revision = now.map_or(known.revision, revision);
            known.state = now.cloned();
        }
    }
}
