//! The one place where pictures follow each other, and what makes sure that nothing older ever replaces something newer.
//!
//! Two kinds of readers bring facts. Those that hold a key's lock ([`Journal::publish`]) read, and change, while nobody else does. Those
//! that do not ([`Journal::publish_reading`]) read much at once, such as everything, while others go on publishing. Of what the latter
//! bring, a fact is taken only if since the reading began nobody has published anything about its key, and if nobody holds the key's lock
//! at the moment. Then:
//!
//! * A reading replaces a fact only by one that was read after the former was published: the former was published before the reading
//!   began, and Keycloak never answers with a state older than one it has already committed.
//! * A fact published under a lock was learned while the lock was held. Anything published meanwhile without the lock would have had to be
//!   taken while the lock was in use, which it is not; anything published with the lock came before it was acquired.
//!
//! So for each key the picture only moves forward. What is not taken is to be read again, by itself and under its lock, so it is late but
//! not lost.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use futures::stream::BoxStream;
use primehub_core::identity::{Change, ChangeFeed, Directory, Key, Revision};

use super::draft::{Draft, Drafted};
use super::locks::KeyLocks;
use super::picture::Picture;
use super::target::Target;

/// With so many changed objects in one picture readers are told to read everything.
const TOO_MANY: usize = 2_000;

/// The present picture, those that follow it, and who has to be told.
pub(super) struct Journal {
    present: RwLock<(Picture, Arc<Directory>)>,
    pages: Mutex<Pages>,
    feed: ChangeFeed,
}

/// Who publishes what, in the order of publications.
#[derive(Default)]
struct Pages {
    /// Number of the last publication.
    last: u64,
    /// The last publication about each key, as far as a reading is under way that began before it.
    told: HashMap<Key, u64>,
    /// Beginnings of the readings under way.
    readings: BTreeMap<u64, usize>,
}

/// A reading without locks that is under way.
pub(super) struct Reading<'a> {
    journal: &'a Journal,
    began: u64,
}

/// What a publication did.
#[derive(Debug)]
pub(super) struct Published {
    /// The picture that shows it.
    pub(super) revision: Revision,
    /// How many keys look different.
    pub(super) changed: usize,
    /// What has to be read to complete the picture.
    pub(super) again: BTreeSet<Target>,
}

impl Journal {
    pub(super) fn new(picture: Picture) -> Self {
        let directory = Arc::new(picture.directory.clone());
        let feed = ChangeFeed::new(directory.revision());
        Self { present: RwLock::new((picture, directory)), pages: Mutex::default(), feed }
    }

    /// What everybody reads.
    pub(super) fn directory(&self) -> Arc<Directory> {
        self.present.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    /// Everything that is known.
    pub(super) fn picture(&self) -> Picture {
        self.present.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    pub(super) fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
        self.feed.follow(since)
    }

    /// Publishes facts that were learned under the locks of their keys.
    pub(super) fn publish<R>(&self, facts: impl FnOnce(&mut Draft<'_>) -> R) -> Published {
        let mut pages = self.pages();
        let mut draft = Draft::new(self.picture());
        facts(&mut draft);
        self.follow(&mut pages, draft.finish())
    }

    /// Begins to read without locks.
    pub(super) fn begin(&self) -> Reading<'_> {
        let mut pages = self.pages();
        let began = pages.last;
        *pages.readings.entry(began).or_default() += 1;
        Reading { journal: self, began }
    }

    fn follow(&self, pages: &mut Pages, drafted: Drafted) -> Published {
        pages.last += 1;
        if !pages.readings.is_empty() {
            let last = pages.last;
            pages.told.extend(drafted.told.into_iter().map(|key| (key, last)));
        }
        let mut picture = drafted.picture;
        let changed = drafted.changed.len();
        let revision = if changed > 0 { picture.directory.advance() } else { picture.directory.revision() };
        {
            let mut present = self.present.write().unwrap_or_else(PoisonError::into_inner);
            if changed > 0 {
                present.1 = Arc::new(picture.directory.clone());
            }
            present.0 = picture;
        }
        // Readers are woken while the next publication still waits: entries of the feed stand in the order of the pictures.
        match changed {
            0 => {}
            TOO_MANY.. => self.feed.push_everything(),
            _ => self.feed.push(drafted.changed),
        }
        Published { revision, changed, again: drafted.again }
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading<'_> {
    /// Publishes what was read, as far as nothing newer is known.
    pub(super) fn publish<R>(&self, locks: &KeyLocks, facts: impl FnOnce(&mut Draft<'_>) -> R) -> Published {
        let mut pages = self.journal.pages();
        let drafted = {
            let told = &pages.told;
            let admits =
                |key: &Key| told.get(key).is_none_or(|published| *published <= self.began) && !locks.is_used(key);
            let mut draft = Draft::admitting(self.journal.picture(), admits);
            facts(&mut draft);
            draft.finish()
        };
        self.journal.follow(&mut pages, drafted)
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        let mut pages = self.journal.pages();
        if let Some(readings) = pages.readings.get_mut(&self.began) {
            *readings -= 1;
            if *readings == 0 {
                pages.readings.remove(&self.began);
            }
        }
        match pages.readings.keys().next().copied() {
            Some(oldest) => pages.told.retain(|_, published| *published > oldest),
            None => pages.told = HashMap::new(),
        }
    }
}
