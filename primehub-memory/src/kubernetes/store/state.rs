//! What the store holds at a moment, and what happened shortly before.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use tokio::sync::watch;

use super::prepare::{Prepared, selected};
use super::{CommitError, Expected, History, Key, Object, splice};
use crate::kubernetes::kinds::{Selectable, Storage};

pub(super) struct State {
    /// That of the newest change.
    pub(super) revision: u64,
    pub(super) collections: BTreeMap<Storage, Collection>,
    /// By the uid of an owner.
    pub(super) children: HashMap<Arc<str>, BTreeSet<(Storage, Key)>>,
    /// Where the object of a uid is.
    pub(super) uids: HashMap<Arc<str>, (Storage, Key)>,
    pub(super) history: History,
}

/// The objects of one resource.
pub(super) struct Collection {
    pub(super) selectable: Arc<[Selectable]>,
    pub(super) objects: BTreeMap<Key, Arc<Object>>,
    pub(super) feed: Arc<Feed>,
}

/// What happened in a collection, for those who watch it. Outlives the collection, so that they see its end.
pub(super) struct Feed {
    ring: RwLock<Ring>,
    /// Touched after every change; `true` once there will be no more.
    pub(super) changed: watch::Sender<bool>,
}

/// The recent events, the oldest first. Events are numbered; a reader remembers the number of the next.
pub(super) struct Ring {
    events: VecDeque<Event>,
    /// The number of the first.
    first: u64,
    /// What is held for the events alone.
    bytes: usize,
    /// Changes after this revision are all here.
    pub(super) complete_after: u64,
    history: History,
}

/// A change of one object.
#[derive(Clone)]
pub(super) struct Event {
    pub(super) revision: u64,
    /// As it is now; in the case of a deletion, as it was at last, with the revision of the deletion.
    pub(super) object: Arc<Object>,
    pub(super) previous: Option<Arc<Object>>,
    pub(super) deleted: bool,
}

/// A commit that is in order, and has its revision.
pub(super) struct Step {
    pub(super) storage: Storage,
    pub(super) selectable: Arc<[Selectable]>,
    pub(super) object: Arc<Object>,
    pub(super) deleted: bool,
}

/// Beside the bytes of an object.
const OVERHEAD: usize = 512;

impl Ring {
    fn push(&mut self, event: Event) {
        self.bytes += weight(&event);
        self.events.push_back(event);
        while self.events.len() > self.history.events.max(1)
            || (self.bytes > self.history.bytes && self.events.len() > 1)
        {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= weight(&oldest);
            self.first += 1;
            self.complete_after = oldest.revision;
        }
    }

    /// The number that the next event will have.
    pub(super) fn end(&self) -> u64 {
        self.first + self.events.len() as u64
    }

    /// The events from number `from` on; `None` if some of them are gone.
    pub(super) fn from(&self, from: u64) -> Option<impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator> {
        let skipped = usize::try_from(from.checked_sub(self.first)?).ok()?;
        Some(self.events.range(skipped.min(self.events.len())..))
    }

    /// The number of the first event after `revision`; `None` if some after it are gone.
    pub(super) fn after(&self, revision: u64) -> Option<u64> {
        let index = self.events.partition_point(|event| event.revision <= revision) as u64;
        (revision >= self.complete_after).then_some(self.first + index)
    }
}

/// What memory an event holds that would otherwise be free: every object in the ring is alive, or the `previous` of a later event.
fn weight(event: &Event) -> usize {
    let held = |object: &Arc<Object>| object.raw.len() + OVERHEAD;
    event.previous.as_ref().map_or(0, held) + if event.deleted { held(&event.object) } else { 0 }
}

impl Feed {
    pub(super) fn ring(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring_mut(&self) -> RwLockWriteGuard<'_, Ring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn close(&self) {
        self.changed.send_replace(true);
    }
}

impl State {
    pub(super) fn collection(&mut self, storage: &Storage) -> &mut Collection {
        let (revision, history) = (self.revision, self.history);
        self.collections.entry(storage.clone()).or_insert_with(|| {
            let ring = Ring { events: VecDeque::new(), first: 0, bytes: 0, complete_after: revision, history };
            let feed = Feed { ring: RwLock::new(ring), changed: watch::Sender::new(false) };
            Collection { selectable: Arc::default(), objects: BTreeMap::new(), feed: Arc::new(feed) }
        })
    }

    pub(super) fn get(&self, storage: &Storage, key: &Key) -> Option<&Arc<Object>> {
        self.collections.get(storage)?.objects.get(key)
    }

    /// Puts an object in its place, in the collections and in the index of owners; gives the one that was there.
    pub(super) fn place(&mut self, storage: &Storage, object: &Arc<Object>, gone: bool) -> Option<Arc<Object>> {
        let key = &object.meta.key;
        let objects = &mut self.collection(storage).objects;
        let previous = if gone { objects.remove(key) } else { objects.insert(key.clone(), Arc::clone(object)) };
        if gone {
            self.uids.remove(&object.meta.uid);
        } else if previous.is_none() {
            self.uids.insert(Arc::clone(&object.meta.uid), (storage.clone(), key.clone()));
        }
        let kept: &[_] = if gone { &[] } else { &object.meta.owners };
        for owner in previous.iter().flat_map(|previous| &*previous.meta.owners).filter(|owner| !kept.contains(owner)) {
            if let Some(children) = self.children.get_mut(&owner.uid) {
                children.remove(&(storage.clone(), key.clone()));
                if children.is_empty() {
                    self.children.remove(&owner.uid);
                }
            }
        }
        for owner in kept {
            self.children.entry(Arc::clone(&owner.uid)).or_default().insert((storage.clone(), key.clone()));
        }
        previous
    }

    /// Does what is planned.
    pub(super) fn apply(&mut self, steps: Vec<Step>) {
        let mut touched = BTreeSet::new();
        for Step { storage, selectable, mut object, deleted } in steps {
            let registered = &self.collection(&storage).selectable;
            if *registered != selectable {
                // Registered since the commit was prepared.
                let fields = selected(&object.value(), registered);
                object =
                    Arc::new(Object { raw: object.raw.clone(), meta: super::Meta { fields, ..object.meta.clone() } });
            }
            let previous = self.place(&storage, &object, deleted);
            self.revision = object.meta.revision;
            let event = Event { revision: self.revision, object, previous, deleted };
            self.collection(&storage).feed.ring_mut().push(event);
            touched.insert(storage);
        }
        for storage in touched {
            self.collection(&storage).feed.changed.send_modify(|_| ());
        }
    }
}

/// Commits that are to be done at once: what each is told if they are, and what there is to do.
pub(super) fn plan(state: &State, commits: Vec<Prepared>) -> (Vec<Result<Arc<Object>, CommitError>>, Vec<Step>) {
    let mut revision = state.revision;
    let mut ahead: HashMap<(Storage, Key), Option<Arc<Object>>> = HashMap::new();
    let (mut answers, mut steps) = (Vec::with_capacity(commits.len()), Vec::with_capacity(commits.len()));
    for commit in commits {
        let place = (commit.storage.clone(), commit.meta.key.clone());
        let live = match ahead.get(&place) {
            Some(live) => live.as_ref(),
            None => state.get(&place.0, &place.1),
        };
        if let Err(refused) = check(live, commit.expected, commit.deletes) {
            answers.push(Err(refused));
            continue;
        }
        revision += 1;
        let (storage, selectable, deleted) = (commit.storage.clone(), Arc::clone(&commit.selectable), commit.deletes);
        let object = Arc::new(commit.at(revision));
        ahead.insert(place, (!deleted).then(|| Arc::clone(&object)));
        answers.push(Ok(Arc::clone(&object)));
        steps.push(Step { storage, selectable, object, deleted });
    }
    (answers, steps)
}

/// Whether a write finds what it expects.
fn check(live: Option<&Arc<Object>>, expected: Expected, deletes: bool) -> Result<(), CommitError> {
    match (live, expected) {
        (Some(_), Expected::Absent) => Err(CommitError::Exists),
        (None, Expected::Absent) if !deletes => Ok(()),
        (None, _) => Err(CommitError::Absent),
        (Some(live), Expected::Revision(revision)) if live.meta.revision != revision => Err(CommitError::Stale),
        (Some(_), Expected::Revision(_)) => Ok(()),
    }
}

/// The same object with another `resourceVersion`.
pub(super) fn at_revision(object: &Object, revision: u64) -> Object {
    let place = splice::find(&object.raw, &["metadata", "resourceVersion"]);
    let raw = place.map_or_else(
        || object.raw.clone(),
        |place| splice::replace(&object.raw, place, format!("\"{revision}\"").as_bytes()),
    );
    Object { raw, meta: super::Meta { revision, ..object.meta.clone() } }
}
