//! Keeping objects in a journal: their records, and the thread that writes them.

use std::str::FromStr as _;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use serde_json::Value;
use tokio::sync::oneshot;

use super::prepare::{Prepared, Texts, meta};
use super::state::{self, State, Step};
use super::{CommitError, Key, Object, RECORDS, Shared};
use crate::kubernetes::kinds::Storage;
use crate::persistence::{Change, Journal};

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// A record is not one of this store.
    #[error("the record {name:?} cannot be read")]
    Record {
        /// The record's name.
        name: String,
    },
    /// The operating system gives no thread to write with.
    #[error("no thread can be started")]
    Thread(#[from] std::io::Error),
}

/// The record of the newest revision. Those of objects have more parts.
const REVISION: &str = "kubernetes/revision";

fn record(storage: &Storage, key: &Key) -> String {
    let namespace = key.namespace.as_deref().unwrap_or_default();
    format!("{RECORDS}{}/{}/{namespace}/{}", storage.group, storage.resource, key.name)
}

fn named(record: &str) -> Option<(Storage, Key)> {
    let mut parts = record.strip_prefix(RECORDS)?.splitn(4, '/');
    let (group, resource) = (parts.next()?.into(), parts.next()?.into());
    let (namespace, name) = (parts.next()?, parts.next()?);
    Some((Storage { group, resource }, Key::new((!namespace.is_empty()).then_some(namespace), name)))
}

/// Puts what is kept into an empty state.
pub(super) fn load(state: &mut State, records: Vec<(String, Vec<u8>)>, texts: &Texts) -> Result<(), OpenStoreError> {
    let mut objects = Vec::with_capacity(records.len());
    for (name, bytes) in records {
        let read = read(&name, bytes, texts);
        let Some(read) = read else { return Err(OpenStoreError::Record { name }) };
        let revision = match read {
            Record::Revision(revision) => revision,
            Record::Object(storage, object) => {
                let revision = object.meta.revision;
                objects.push((storage, Arc::new(object)));
                revision
            }
        };
        state.revision = state.revision.max(revision);
    }
    // Last, so that the collections remember nothing from before the newest revision.
    for (storage, object) in objects {
        state.place(&storage, &object, false);
    }
    Ok(())
}

enum Record {
    Revision(u64),
    Object(Storage, Object),
}

fn read(name: &str, bytes: Vec<u8>, texts: &Texts) -> Option<Record> {
    if name == REVISION {
        return u64::from_str(std::str::from_utf8(&bytes).ok()?).ok().map(Record::Revision);
    }
    let (storage, key) = named(name)?;
    let value: Value = serde_json::from_slice(&bytes).ok()?;
    let revision = value["metadata"]["resourceVersion"].as_str()?.parse().ok()?;
    let meta = meta(&value, &key, revision, &[], texts);
    Some(Record::Object(storage, Object { raw: bytes.into(), meta }))
}

/// The writes that wait for the thread.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    work: Condvar,
}

#[derive(Default)]
struct Waiting {
    writes: Vec<(Prepared, oneshot::Sender<Answer>)>,
    closing: bool,
    /// Nobody commits any more.
    stopped: bool,
}

type Answer = Result<Arc<Object>, CommitError>;

/// How many writes wait at the most. A disk that hangs must not fill the memory with what it is to keep.
const MOST_WAITING: usize = 16_384;

impl Queue {
    pub(super) async fn keep(&self, write: Prepared) -> Answer {
        let kept = {
            let mut waiting = self.waiting();
            if waiting.stopped {
                return Err(stopped());
            }
            if waiting.writes.len() >= MOST_WAITING {
                return Err(CommitError::NotKept("the disk does not keep up".to_owned()));
            }
            let (done, kept) = oneshot::channel();
            waiting.writes.push((write, done));
            kept
        };
        self.work.notify_one();
        kept.await.unwrap_or_else(|_| Err(stopped()))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has gathered, at least one write; `None` at the end.
    fn gathered(&self) -> Option<Vec<(Prepared, oneshot::Sender<Answer>)>> {
        let idle = |waiting: &mut Waiting| waiting.writes.is_empty() && !waiting.closing;
        let mut waiting = self.work.wait_while(self.waiting(), idle).unwrap_or_else(PoisonError::into_inner);
        let writes = std::mem::take(&mut waiting.writes);
        (!writes.is_empty()).then_some(writes)
    }
}

fn stopped() -> CommitError {
    CommitError::NotKept("keeping has failed for good; the server has to be started again".to_owned())
}

/// The thread that commits.
pub(super) struct Committer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Committer {
    pub(super) fn start(shared: Arc<Shared>, mut journal: Box<dyn Journal>) -> std::io::Result<Self> {
        let committing = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("objects".to_owned()).spawn(move || {
            let _end = End(&committing.queue);
            while let Some(writes) = committing.queue.gathered() {
                committing.commit(writes, &mut *journal);
            }
        })?;
        Ok(Self { shared, thread: Some(thread) })
    }
}

impl Drop for Committer {
    /// Keeps what is waiting, and lets go of the journal.
    fn drop(&mut self) {
        self.shared.queue.waiting().closing = true;
        self.shared.queue.work.notify_all();
        if let Some(thread) = self.thread.take() {
            // It has panicked at worst, which the log knows.
            let _ = thread.join();
        }
    }
}

/// Held by the thread: whoever waits when it ends, or comes later, is told so.
struct End<'a>(&'a Queue);

impl Drop for End<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the thread that commits has failed: nothing is kept until the next start");
        }
        let mut waiting = self.0.waiting();
        waiting.stopped = true;
        waiting.writes.clear();
    }
}

impl Shared {
    fn commit(&self, writes: Vec<(Prepared, oneshot::Sender<Answer>)>, journal: &mut dyn Journal) {
        let (writes, done): (Vec<_>, Vec<_>) = writes.into_iter().unzip();
        // Nobody else changes objects, so what is planned now is still right when it is kept.
        let (answers, steps) = state::plan(&self.state(), writes);
        let changes = changes(&steps);
        let kept = if changes.is_empty() { Ok(()) } else { journal.commit(changes) };
        if let Err(error) = kept {
            tracing::error!(%error, writes = done.len(), "writes could not be kept and are undone");
            // Also those that were refused: it may have been for what is undone now.
            for done in done {
                let _ = done.send(Err(CommitError::NotKept(error.reason().to_owned())));
            }
            return;
        }
        self.state_mut().apply(steps);
        self.announce();
        for (answer, done) in answers.into_iter().zip(done) {
            // Nobody may be waiting any more: the write counts all the same.
            let _ = done.send(answer);
        }
    }
}

fn changes(steps: &[Step]) -> Vec<Change> {
    let Some(newest) = steps.last() else { return Vec::new() };
    let change = |step: &Step| Change {
        key: record(&step.storage, &step.object.meta.key),
        value: (!step.deleted).then(|| step.object.raw.to_vec()),
    };
    let revision = Change::put(REVISION, newest.object.meta.revision.to_string());
    steps.iter().map(change).chain([revision]).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "pods", Some("default"), "a", "kubernetes//pods/default/a")]
    #[case(
        "rbac.authorization.k8s.io",
        "clusterroles",
        None,
        "system:a",
        "kubernetes/rbac.authorization.k8s.io/clusterroles//system:a"
    )]
    fn objects_have_a_record_each(
        #[case] group: &str,
        #[case] resource: &str,
        #[case] namespace: Option<&str>,
        #[case] name: &str,
        #[case] expected: &str,
    ) {
        let storage = Storage { group: group.into(), resource: resource.into() };
        let key = Key::new(namespace, name);
        assert_eq!(record(&storage, &key), expected);
        assert_eq!(named(expected), Some((storage, key)));
        assert_eq!(named(REVISION), None);
    }
}
