//! A change feed for whoever implements [`IdentityStore`](super::IdentityStore): a bounded history that any number of readers follow
//! at their own pace.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use tokio::sync::watch;

use super::{Change, Key, Revision};

/// What the last pictures touched, as [`IdentityStore::changes`](super::IdentityStore::changes) tells it.
///
/// * Readers keep no queue: they look into one history of the last [`ChangeFeed::HISTORY`] pictures, so that a slow reader costs nothing.
/// * A reader that is further behind, or comes with a number from the life of another store, gets one
///   [`Change::ReadAgain`] and goes on from there.
/// * Every picture has exactly one entry, in order and without gaps: the numbers are counted here, so that they are those of the
///   [`Directory`](super::Directory) as long as each [`advance`](super::Directory::advance) is pushed once.
pub struct ChangeFeed {
    history: Arc<Mutex<History>>,
    newest: watch::Sender<Revision>,
}

impl fmt::Debug for ChangeFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChangeFeed").field("newest", &*self.newest.borrow()).finish_non_exhaustive()
    }
}

struct History {
    /// The number of the picture before the first entry.
    before: Revision,
    /// One entry per picture, without gaps.
    entries: VecDeque<Arc<[Key]>>,
}

impl ChangeFeed {
    /// Of how many pictures the feed still knows what they touched.
    pub const HISTORY: usize = 1_024;

    /// A feed that knows of nothing before the picture `current`.
    #[must_use]
    pub fn new(current: Revision) -> Self {
        let history = History { before: current, entries: VecDeque::new() };
        Self { history: Arc::new(Mutex::new(history)), newest: watch::Sender::new(current) }
    }

    /// Tells of the next picture. Called once for each, in order, after readers can see it: who is woken finds what it is told of.
    pub fn push(&self, keys: impl IntoIterator<Item = Key>) {
        let newest = {
            let mut history = lock(&self.history);
            history.entries.push_back(keys.into_iter().collect());
            if history.entries.len() > Self::HISTORY {
                history.entries.pop_front();
                history.before.0 += 1;
            }
            history.newest()
        };
        self.newest.send_replace(newest);
    }

    /// Tells of the next picture like [`push`](Self::push), where so much has changed that every reader is better off reading it as a
    /// whole: each gets [`Change::ReadAgain`].
    pub fn push_everything(&self) {
        let newest = {
            let mut history = lock(&self.history);
            history.before = Revision(history.newest().0 + 1);
            history.entries.clear();
            history.before
        };
        self.newest.send_replace(newest);
    }

    /// What happened after `since` (`None`: nothing of it), then what happens. Ends when the feed is dropped.
    #[must_use]
    pub fn follow(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
        let newest = self.newest.subscribe();
        let seen = since.unwrap_or_else(|| *newest.borrow());
        let reader = Reader { history: self.history.clone(), newest, seen };
        stream::unfold(reader, |mut reader| async move { reader.next().await.map(|change| (change, reader)) }).boxed()
    }
}

impl History {
    fn newest(&self) -> Revision {
        Revision(self.before.0 + self.entries.len() as u64)
    }

    /// The change that follows `seen`; none if `seen` is the newest picture.
    fn after(&self, seen: Revision) -> Option<Change> {
        let newest = self.newest();
        if seen == newest {
            return None;
        }
        let entry =
            seen.0.checked_sub(self.before.0).and_then(|position| self.entries.get(usize::try_from(position).ok()?));
        Some(match entry {
            Some(keys) => Change::Touched { revision: Revision(seen.0 + 1), keys: keys.to_vec() },
            // Too far behind, or a number from the life of another store.
            None => Change::ReadAgain { revision: newest },
        })
    }
}

struct Reader {
    history: Arc<Mutex<History>>,
    newest: watch::Receiver<Revision>,
    seen: Revision,
}

impl Reader {
    async fn next(&mut self) -> Option<Change> {
        loop {
            // Marked as seen before looking: what comes in between wakes the wait below.
            self.newest.borrow_and_update();
            let change = lock(&self.history).after(self.seen);
            match change {
                Some(change) => {
                    self.seen = change.revision();
                    return Some(change);
                }
                None => self.newest.changed().await.ok()?,
            }
        }
    }
}

fn lock(history: &Mutex<History>) -> MutexGuard<'_, History> {
    history.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn touched(revision: u64) -> Change {
        Change::Touched { revision: Revision(revision), keys: vec![Key::Realm] }
    }

    fn read_again(revision: u64) -> Change {
        Change::ReadAgain { revision: Revision(revision) }
    }

    /// What the reader gets without waiting.
    fn ready(changes: &mut BoxStream<'static, Change>) -> Vec<Change> {
        std::iter::from_fn(|| changes.next().now_or_never().flatten()).collect()
    }

    #[test]
    fn a_reader_gets_what_was_and_what_comes() {
        let feed = ChangeFeed::new(Revision(5));
        feed.push([Key::Realm]);
        feed.push([Key::Realm]);
        let mut from_start = feed.follow(Some(Revision(5)));
        let mut from_now = feed.follow(None);
        assert_eq!(ready(&mut from_start), [touched(6), touched(7)]);
        assert_eq!(ready(&mut from_now), []);
        feed.push([Key::Realm]);
        assert_eq!(ready(&mut from_start), [touched(8)]);
        assert_eq!(ready(&mut from_now), [touched(8)]);
    }

    #[test]
    fn who_cannot_be_served_reads_again_and_goes_on_from_there() {
        let feed = ChangeFeed::new(Revision(5));
        feed.push([Key::Realm]);
        for since in [0, 4, 7, u64::MAX] {
            let mut changes = feed.follow(Some(Revision(since)));
            assert_eq!(ready(&mut changes), [read_again(6)], "since {since}");
        }
        let mut lost = feed.follow(Some(Revision(4)));
        assert_eq!(ready(&mut lost), [read_again(6)]);
        feed.push([Key::Realm]);
        assert_eq!(ready(&mut lost), [touched(7)]);
    }

    #[test]
    fn the_history_is_bounded_and_a_slow_reader_reads_again() {
        let feed = ChangeFeed::new(Revision(0));
        let mut slow = feed.follow(Some(Revision(0)));
        let mut slower = feed.follow(Some(Revision(0)));
        for _ in 0..ChangeFeed::HISTORY {
            feed.push([Key::Realm]);
        }
        assert_eq!(ready(&mut slow).len(), ChangeFeed::HISTORY);
        feed.push([Key::Realm]);
        let newest = ChangeFeed::HISTORY as u64 + 1;
        assert_eq!(ready(&mut slower), [read_again(newest)]);
        assert_eq!(ready(&mut slow), [touched(newest)]);
        assert_eq!(lock(&feed.history).entries.len(), ChangeFeed::HISTORY);
    }

    #[test]
    fn after_a_picture_that_changes_everything_all_read_again() {
        let feed = ChangeFeed::new(Revision(0));
        let (mut old, mut new) = (feed.follow(Some(Revision(0))), feed.follow(None));
        feed.push([Key::Realm]);
        assert_eq!(ready(&mut new), [touched(1)]);
        feed.push_everything();
        feed.push([Key::Realm]);
        assert_eq!(ready(&mut old), [read_again(3)]);
        assert_eq!(ready(&mut new), [read_again(3)]);
        assert_eq!(ready(&mut feed.follow(Some(Revision(2)))), [touched(3)]);
    }

    #[tokio::test]
    async fn a_waiting_reader_is_woken_and_the_stream_ends_with_the_feed() {
        let feed = ChangeFeed::new(Revision(0));
        let mut changes = feed.follow(None);
        let reader = tokio::spawn(async move { (changes.next().await, changes.next().await) });
        tokio::task::yield_now().await;
        feed.push([Key::Realm]);
        drop(feed);
        assert_eq!(reader.await.unwrap(), (Some(touched(1)), None));
    }
}
