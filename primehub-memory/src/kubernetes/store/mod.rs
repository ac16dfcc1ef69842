//! What is kept: objects as compact bytes, their recent history, and lists and watches over both.
//!
//! One revision counts all changes of all objects, as in etcd; it is the `resourceVersion` of objects, lists and bookmarks. It never goes
//! back, also not when the process starts anew on what a journal has kept.
//!
//! * Without a journal, a commit counts as soon as it is made.
//! * With one, a thread commits whatever has gathered since its last commit at once. Only then do readers and watchers see it and are its
//!   writers told: nobody has ever read what a crash can take back.

mod kept;
mod list;
mod object;
mod prepare;
mod query;
mod selector;
pub(crate) mod splice;
mod state;
mod token;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use serde_json::Value;

use self::kept::{Committer, Queue};
use self::prepare::{Prepared, Texts};
use self::state::State;
use crate::kubernetes::kinds::{Selectable, Storage};
use crate::persistence::Part;

pub use kept::OpenStoreError;
pub use list::{ListQuery, Page};
pub use object::{Key, Meta, Object, Owner};
pub use selector::{FieldSelector, LabelSelector};
pub use watch::{Start, Update, Watch, WatchQuery};

/// What the names of all records begin with.
pub const RECORDS: &str = "kubernetes/";

/// How much is remembered of what happened, and how long is waited.
#[derive(Clone, Copy, Debug)]
pub struct History {
    /// How many changes of one resource are remembered at the most.
    pub events: usize,
    /// How many bytes that takes beside the objects that are there, per resource.
    pub bytes: usize,
    /// How long a list waits for a revision that is still to come.
    pub patience: Duration,
    /// How often a watch tells its revision, if it is asked to.
    pub bookmarks: Duration,
}

impl Default for History {
    fn default() -> Self {
        Self { events: 8192, bytes: 8 << 20, patience: Duration::from_secs(3), bookmarks: Duration::from_mins(1) }
    }
}

/// A change that is to be made.
#[derive(Clone, Debug)]
pub struct Commit {
    /// Where the object is.
    pub storage: Storage,
    /// The object.
    pub key: Key,
    /// What has to be there.
    pub expected: Expected,
    /// What is to be there.
    pub write: Write,
}

/// What a commit has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Nothing.
    Absent,
    /// The object as it was at this revision.
    Revision(u64),
}

/// What a commit does.
#[derive(Clone, Debug)]
pub enum Write {
    /// Puts this object in place. `metadata.resourceVersion` is set by the store.
    Put(Value),
    /// Takes the object out. Watchers are shown this as its last state.
    Remove(Value),
}

/// Why a commit has changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Something is there.
    #[error("the object exists")]
    Exists,
    /// The object has been written since.
    #[error("the object has been modified")]
    Stale,
    /// Nothing is there.
    #[error("the object does not exist")]
    Absent,
    /// It could not be kept.
    #[error("the write could not be kept: {0}")]
    NotKept(String),
}

/// All objects.
pub struct Store {
    shared: Arc<Shared>,
    /// Dropped first: keeps what is waiting.
    committer: Option<Committer>,
}

struct Shared {
    state: RwLock<State>,
    /// The newest revision that readers can see.
    revision: tokio::sync::watch::Sender<u64>,
    queue: Queue,
    texts: Texts,
}

/// That of a store in which nothing ever happened: 0 would mean "any" to clients.
const FIRST_REVISION: u64 = 1;

impl Store {
    /// A store that forgets everything when it is dropped.
    #[must_use]
    pub fn new(history: History) -> Self {
        Self { shared: Arc::new(Shared::new(history)), committer: None }
    }

    /// A store that goes on from what `part` has (see [`RECORDS`]), and keeps there what comes.
    ///
    /// # Errors
    ///
    /// When a record cannot be read, or no thread can be had.
    pub fn open(part: Part, history: History) -> Result<Self, OpenStoreError> {
        let shared = Arc::new(Shared::new(history));
        kept::load(&mut shared.state_mut(), part.records, &shared.texts)?;
        shared.announce();
        let committer = Committer::start(Arc::clone(&shared), part.journal)?;
        Ok(Self { shared, committer: Some(committer) })
    }

    /// Names the fields that selectors can ask for. Objects that are there already are looked at anew.
    pub fn register(&self, storage: &Storage, selectable: &[Selectable]) {
        let mut state = self.shared.state_mut();
        let collection = state.collection(storage);
        if *collection.selectable == *selectable {
            return;
        }
        collection.selectable = selectable.into();
        for object in collection.objects.values_mut() {
            let fields = prepare::selected(&object.value(), selectable);
            *object = Arc::new(Object { raw: object.raw.clone(), meta: Meta { fields, ..object.meta.clone() } });
        }
    }

    /// Ends all watches of a resource that is no longer served, and forgets its history. Objects that are left stay.
    pub fn close(&self, storage: &Storage) {
        let mut state = self.shared.state_mut();
        let Some(collection) = state.collections.remove(storage) else { return };
        collection.feed.close();
        if !collection.objects.is_empty() {
            let fresh = state.collection(storage);
            fresh.selectable = collection.selectable;
            fresh.objects = collection.objects;
        }
    }

    /// The number of the newest change.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.shared.state().revision
    }

    /// An object.
    #[must_use]
    pub fn get(&self, storage: &Storage, key: &Key) -> Option<Arc<Object>> {
        self.shared.state().get(storage, key).cloned()
    }

    /// Whether there is such an object.
    #[must_use]
    pub fn contains(&self, storage: &Storage, key: &Key) -> bool {
        self.shared.state().get(storage, key).is_some()
    }

    /// All objects of a resource, or those of one namespace, by namespace and name.
    #[must_use]
    pub fn all(&self, storage: &Storage, namespace: Option<&str>) -> Vec<Arc<Object>> {
        let state = self.shared.state();
        let Some(collection) = state.collections.get(storage) else { return Vec::new() };
        list::within(&collection.objects, namespace, None).map(|(_, object)| Arc::clone(object)).collect()
    }

    /// The resources that there are.
    #[must_use]
    pub fn storages(&self) -> Vec<Storage> {
        self.shared.state().collections.keys().cloned().collect()
    }

    /// The object of this uid, and where it is.
    #[must_use]
    pub fn by_uid(&self, uid: &str) -> Option<(Storage, Arc<Object>)> {
        let state = self.shared.state();
        let (storage, key) = state.uids.get(uid)?;
        Some((storage.clone(), Arc::clone(state.get(storage, key)?)))
    }

    /// The objects that name the object of this uid as an owner.
    #[must_use]
    pub fn children(&self, uid: &str) -> Vec<(Storage, Arc<Object>)> {
        let state = self.shared.state();
        let children = state.children.get(uid).into_iter().flatten();
        children.filter_map(|(storage, key)| Some((storage.clone(), Arc::clone(state.get(storage, key)?)))).collect()
    }

    /// Makes a change, and returns the object as it is kept. Giving up waiting does not undo it.
    ///
    /// # Errors
    ///
    /// See [`CommitError`]; nothing has changed then.
    pub async fn commit(&self, commit: Commit) -> Result<Arc<Object>, CommitError> {
        let selectable = {
            let state = self.shared.state();
            state.collections.get(&commit.storage).map(|collection| Arc::clone(&collection.selectable))
        };
        let prepared = Prepared::new(commit, selectable.unwrap_or_default(), &self.shared.texts)?;
        if self.committer.is_some() {
            return self.shared.queue.keep(prepared).await;
        }
        let mut answers = {
            let mut state = self.shared.state_mut();
            let (answers, steps) = state::plan(&state, vec![prepared]);
            state.apply(steps);
            answers
        };
        self.shared.announce();
        answers.pop().unwrap_or(Err(CommitError::Absent))
    }
}

impl Shared {
    fn new(history: History) -> Self {
        let state = State {
            revision: FIRST_REVISION,
            collections: BTreeMap::new(),
            children: std::collections::HashMap::new(),
            uids: std::collections::HashMap::new(),
            history,
        };
        Self {
            state: RwLock::new(state),
            revision: tokio::sync::watch::Sender::new(FIRST_REVISION),
            queue: Queue::default(),
            texts: Texts::default(),
        }
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells those who wait for a revision.
    fn announce(&self) {
        let newest = self.state().revision;
        self.revision.send_if_modified(|revision| {
            let newer = newest > *revision;
            *revision = newest.max(*revision);
            newer
        });
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.committer = None;
        for collection in self.shared.state().collections.values() {
            collection.feed.close();
        }
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("revision", &self.revision()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
