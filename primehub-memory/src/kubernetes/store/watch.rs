//! Watches: what happens to the objects of a resource, from a revision on.
//!
//! A watch remembers where in the history it is and nothing else: whoever does not read costs nothing, and is told that it is too late once the
//! history has gone on without it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep_until};

use super::list::within;
use super::state::{Event, Feed, State, at_revision};
use super::{FieldSelector, LabelSelector, Object, Shared, Store};
use crate::kubernetes::kinds::{Selectable, Storage};
use crate::kubernetes::status::Status;

/// What is to be watched.
#[derive(Clone, Debug)]
pub struct WatchQuery {
    /// The resource.
    pub storage: Storage,
    /// One namespace alone.
    pub namespace: Option<Arc<str>>,
    /// Selected by labels.
    pub labels: LabelSelector,
    /// Selected by fields.
    pub fields: FieldSelector,
    /// Where the watch begins.
    pub start: Start,
    /// Whether bookmarks are wanted.
    pub bookmarks: bool,
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With what happens from now on.
    Now,
    /// With what happened after this revision.
    After(u64),
    /// With everything that is there, once that is at least this revision. A bookmark closes it, if bookmarks are wanted.
    All(u64),
}

/// Something that a watch tells.
#[derive(Clone, Debug)]
pub enum Update {
    /// There is, or one selects now, a new object.
    Added(Arc<Object>),
    /// An object has changed.
    Modified(Arc<Object>),
    /// An object is gone, or no longer selected: as it was, with the revision of that.
    Deleted(Arc<Object>),
    /// Everything up to this revision has been told.
    Bookmark {
        /// The revision.
        revision: u64,
        /// Everything that was there at the beginning has been told.
        closing: bool,
    },
    /// The watch ends, for this reason.
    Error(Status),
}

/// A watch that goes on.
pub struct Watch {
    shared: Arc<Shared>,
    query: WatchQuery,
    selectable: Arc<[Selectable]>,
    feed: Arc<Feed>,
    changed: Receiver<bool>,
    stage: Stage,
    /// The number of the next event.
    next: u64,
    /// The newest revision that the reader has heard of; nothing up to it is told.
    told: u64,
    end: Option<Instant>,
    bookmark: Instant,
}

enum Stage {
    /// For this revision.
    Waiting(u64),
    /// What was there at the beginning and has not been told, and its revision.
    Initial(std::vec::IntoIter<Arc<Object>>, u64),
    Live,
    Refused(Status),
    Over,
}

/// How much is told at once, so that no frame of a response grows without end.
const MOST_UPDATES: usize = 512;
const MOST_BYTES: usize = 512 << 10;
/// How long before its end a watch tells its revision.
const BEFORE_END: Duration = Duration::from_secs(2);

impl Store {
    /// Watches a resource, for `limit` at the longest.
    #[must_use]
    pub fn follow(&self, query: WatchQuery, limit: Option<Duration>) -> Watch {
        let mut whole = self.shared.state_mut();
        let (revision, history) = (whole.revision, whole.history);
        let collection = whole.collection(&query.storage);
        let feed = Arc::clone(&collection.feed);
        let selectable = Arc::clone(&collection.selectable);
        let ring = feed.ring();
        let (stage, next, told) = match query.start {
            Start::Now => (Stage::Live, ring.end(), revision),
            Start::All(at_least) => (Stage::Waiting(at_least), 0, 0),
            Start::After(from) => match ring.after(from) {
                Some(next) => (Stage::Live, next, from),
                None => (Stage::Refused(too_old(from, ring.complete_after)), 0, from),
            },
        };
        drop((ring, whole));
        let (changed, now) = (feed.changed.subscribe(), Instant::now());
        let end = limit.and_then(|limit| now.checked_add(limit));
        let bookmark = next_bookmark(now, end, history.bookmarks);
        let shared = Arc::clone(&self.shared);
        let mut watch = Watch { shared, query, selectable, feed, changed, stage, next, told, end, bookmark };
        // What is there is what is there now, not when somebody begins to read.
        if matches!(watch.stage, Stage::Waiting(at_least) if at_least <= revision) {
            watch.stage = watch.snapshot();
        }
        watch
    }
}

fn too_old(asked: u64, oldest: u64) -> Status {
    Status::expired(format!("too old resource version: {asked} ({oldest})"))
}

/// Regularly, and shortly before the end.
fn next_bookmark(now: Instant, end: Option<Instant>, regular: Duration) -> Instant {
    let regular = now + regular;
    let last = end.and_then(|end| end.checked_sub(BEFORE_END)).filter(|last| *last > now);
    last.map_or(regular, |last| last.min(regular))
}

impl Watch {
    /// What there is to tell next, at least one update. `None` at the end.
    pub async fn next(&mut self) -> Option<Vec<Update>> {
        if let Stage::Waiting(revision) = self.stage {
            self.stage = match self.shared.reach(revision).await {
                Ok(()) => self.snapshot(),
                Err(status) => Stage::Refused(status),
            };
        }
        loop {
            match &mut self.stage {
                Stage::Over | Stage::Waiting(_) => return None,
                Stage::Refused(status) => {
                    let status = status.clone();
                    self.stage = Stage::Over;
                    return Some(vec![Update::Error(status)]);
                }
                Stage::Initial(objects, revision) => {
                    let revision = *revision;
                    let mut updates: Vec<_> = some(objects).into_iter().map(Update::Added).collect();
                    if objects.len() == 0 {
                        self.stage = Stage::Live;
                        if self.query.bookmarks {
                            updates.push(Update::Bookmark { revision, closing: true });
                        }
                    }
                    if !updates.is_empty() {
                        return Some(updates);
                    }
                }
                Stage::Live => {
                    let closed = *self.changed.borrow_and_update();
                    if self.end.is_some_and(|end| end <= Instant::now()) {
                        self.stage = Stage::Over;
                        return None;
                    }
                    let updates = self.gather();
                    if !updates.is_empty() {
                        return Some(updates);
                    }
                    if closed {
                        self.stage = Stage::Over;
                        return None;
                    }
                    if let Some(bookmark) = self.wait().await {
                        return Some(vec![bookmark]);
                    }
                }
            }
        }
    }

    /// Waits for a change, the end, or the time for a bookmark.
    async fn wait(&mut self) -> Option<Update> {
        let until = self.end.map_or(self.bookmark, |end| end.min(self.bookmark));
        tokio::select! {
            changed = self.changed.changed() => {
                if changed.is_err() {
                    self.stage = Stage::Over;
                }
                return None;
            }
            () = sleep_until(until) => {}
        }
        let now = Instant::now();
        if now < self.bookmark {
            return None;
        }
        let state = self.shared.state();
        self.bookmark = next_bookmark(now, self.end, state.history.bookmarks);
        // One that says nothing new is not sent, as by a real server.
        let news = self.query.bookmarks && state.revision > self.told && self.feed.ring().end() == self.next;
        if !news {
            return None;
        }
        self.told = state.revision;
        Some(Update::Bookmark { revision: self.told, closing: false })
    }

    /// What is there, with the place in the history that it belongs to.
    fn snapshot(&mut self) -> Stage {
        let shared = Arc::clone(&self.shared);
        let state: &State = &shared.state();
        let namespace = self.query.namespace.as_deref();
        let objects = state.collections.get(&self.query.storage).map(|collection| &collection.objects);
        let objects = objects.into_iter().flat_map(|objects| within(objects, namespace, None));
        let objects = objects.map(|(_, object)| object).filter(|object| self.selects(object));
        let objects: Vec<_> = objects.cloned().collect();
        (self.next, self.told) = (self.feed.ring().end(), state.revision);
        Stage::Initial(objects.into_iter(), state.revision)
    }

    fn selects(&self, object: &Object) -> bool {
        self.query.namespace.as_deref().is_none_or(|namespace| object.meta.key.namespace.as_deref() == Some(namespace))
            && self.query.labels.matches(&object.meta)
            && self.query.fields.matches(&object.meta, &self.selectable)
    }

    /// What the history has to tell.
    fn gather(&mut self) -> Vec<Update> {
        let feed = Arc::clone(&self.feed);
        let ring = feed.ring();
        let Some(events) = ring.from(self.next) else {
            self.stage = Stage::Over;
            return vec![Update::Error(too_old(self.told, ring.complete_after))];
        };
        let (mut updates, mut bytes) = (Vec::new(), 0);
        for event in events {
            self.next += 1;
            if event.revision <= self.told {
                continue;
            }
            if let Some(update) = self.seen(event) {
                self.told = event.revision;
                updates.push(update);
                bytes += event.object.raw.len();
                if bytes > MOST_BYTES || updates.len() >= MOST_UPDATES {
                    break;
                }
            }
        }
        updates
    }

    /// What an event is to those who see only what they select.
    fn seen(&self, event: &Event) -> Option<Update> {
        let selected = |object: &Arc<Object>| self.selects(object);
        let before = event.previous.as_ref().filter(|previous| selected(previous));
        match (before, !event.deleted && selected(&event.object)) {
            (None, true) => Some(Update::Added(Arc::clone(&event.object))),
            (Some(_), true) => Some(Update::Modified(Arc::clone(&event.object))),
            (Some(_), false) if event.deleted => Some(Update::Deleted(Arc::clone(&event.object))),
            (Some(before), false) => Some(Update::Deleted(Arc::new(at_revision(before, event.revision)))),
            (None, false) => None,
        }
    }
}

/// The first few.
fn some(objects: &mut std::vec::IntoIter<Arc<Object>>) -> Vec<Arc<Object>> {
    let (mut bytes, mut taken) = (0, Vec::new());
    while bytes <= MOST_BYTES && taken.len() < MOST_UPDATES {
        let Some(object) = objects.next() else { break };
        bytes += object.raw.len();
        taken.push(object);
    }
    taken
}
