//! The line of writers: one at a time makes the next state, many share one commit, and readers see what is kept.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use futures::stream::BoxStream;
use primehub_core::identity::{Change, IdentityError, Key, Revision};
use tokio::sync::oneshot;

use super::feed::Feed;
use super::records::encode;
use super::state::{Record, State};
use crate::persistence::{Journal, StorageError};

/// The states of a realm in their order.
///
/// * A writer takes a [`Turn`], makes the next state from the newest one and goes; it need not wait for the disk before the next
///   writer takes its turn.
/// * With a journal, a thread commits whatever has gathered since its last commit at once. Only then do readers see it and are its
///   writers told: nobody has ever read what a crash can take back.
/// * If a commit fails, everything from there on is undone, and all of its writers are told why. The next write starts from what readers see.
/// * Without a journal, a state is visible as soon as it is made.
pub(super) struct Line {
    shared: Arc<Shared>,
    committer: Option<JoinHandle<()>>,
}

struct Shared {
    published: RwLock<Arc<State>>,
    feed: Feed,
    queue: Mutex<Queue>,
    work: Condvar,
}

struct Queue {
    /// The newest state, which the disk may not have yet.
    tip: Arc<State>,
    waiting: Vec<Waiting>,
    kept: bool,
    closing: bool,
}

/// A write that waits to be kept.
struct Waiting {
    state: Arc<State>,
    records: BTreeSet<Record>,
    touched: BTreeSet<Key>,
    done: oneshot::Sender<Result<(), StorageError>>,
}

/// What a write makes.
pub(super) struct Proposal {
    pub(super) state: State,
    /// What the journal has to keep of it.
    pub(super) records: BTreeSet<Record>,
    /// What readers of the feed are told.
    pub(super) touched: BTreeSet<Key>,
}

/// The turn to write. Whoever has it is the one writer. Never held across an await.
pub(super) struct Turn<'a> {
    shared: &'a Shared,
    queue: MutexGuard<'a, Queue>,
}

/// Completes when a write is kept, and visible.
#[must_use = "a write counts once it is kept"]
pub(super) struct Kept(oneshot::Receiver<Result<(), StorageError>>);

impl Line {
    /// A line that starts at `state`, and keeps nothing.
    pub(super) fn in_memory(state: State) -> Self {
        Self { shared: Arc::new(Shared::new(state, false)), committer: None }
    }

    /// A line that starts at `state`, which `journal` has, and keeps there what comes.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(super) fn kept_in(state: State, mut journal: impl Journal + 'static) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(state, true));
        let committing = shared.clone();
        let thread = std::thread::Builder::new().name("commit".to_owned());
        let committer = thread.spawn(move || committing.commit_until_closed(&mut journal))?;
        Ok(Self { shared, committer: Some(committer) })
    }

    /// The state that readers see.
    pub(super) fn state(&self) -> Arc<State> {
        self.shared.published.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What has been touched, and will be.
    pub(super) fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
        self.shared.feed.follow(since)
    }

    /// Waits for the turn to write.
    pub(super) fn turn(&self) -> Turn<'_> {
        Turn { queue: self.shared.queue(), shared: &self.shared }
    }
}

impl Turn<'_> {
    /// The newest state, which is the one to write on. Readers may not see it yet.
    pub(super) fn tip(&self) -> &Arc<State> {
        &self.queue.tip
    }

    /// Puts the next state behind the newest one.
    pub(super) fn propose(mut self, proposal: Proposal) -> Kept {
        let Proposal { state, records, touched } = proposal;
        self.queue.tip = Arc::new(state);
        self.enqueue(records, touched)
    }

    /// Waits until the newest state is kept: for a write that found it as it was to be.
    pub(super) fn settle(self) -> Kept {
        self.enqueue(BTreeSet::new(), BTreeSet::new())
    }

    fn enqueue(mut self, records: BTreeSet<Record>, touched: BTreeSet<Key>) -> Kept {
        let (done, kept) = oneshot::channel();
        let write = Waiting { state: self.queue.tip.clone(), records, touched, done };
        if self.queue.kept {
            self.queue.waiting.push(write);
            self.shared.work.notify_one();
        } else {
            self.shared.publish(vec![write]);
        }
        Kept(kept)
    }
}

impl Kept {
    /// Waits. Giving up does not undo the write.
    ///
    /// # Errors
    /// [`IdentityError::NotWritable`] when the write could not be kept; nothing of it is left.
    pub(super) async fn wait(self) -> Result<(), IdentityError> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(IdentityError::NotWritable { reason: error.reason().to_owned() }),
            Err(_) => Err(IdentityError::OutcomeUnknown { operation: "the write" }),
        }
    }
}

impl Shared {
    fn new(state: State, kept: bool) -> Self {
        let state = Arc::new(state);
        Self {
            feed: Feed::new(state.directory.revision()),
            published: RwLock::new(state.clone()),
            queue: Mutex::new(Queue { tip: state, waiting: Vec::new(), kept, closing: false }),
            work: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets readers see states in their order, and tells their writers.
    fn publish(&self, writes: Vec<Waiting>) {
        let Some(newest) = writes.last().map(|write| write.state.clone()) else { return };
        *self.published.write().unwrap_or_else(PoisonError::into_inner) = newest;
        for Waiting { touched, done, .. } in writes {
            if !touched.is_empty() {
                self.feed.push(touched);
            }
            // Nobody may be waiting any more: the write counts all the same.
            let _ = done.send(Ok(()));
        }
    }

    /// Undoes what was not kept, and everything that was built on it.
    fn undo(&self, mut writes: Vec<Waiting>, error: &StorageError) {
        let mut queue = self.queue();
        queue.tip = self.published.read().unwrap_or_else(PoisonError::into_inner).clone();
        writes.append(&mut queue.waiting);
        drop(queue);
        tracing::error!(%error, writes = writes.len(), "writes could not be kept and are undone");
        for write in writes {
            let _ = write.done.send(Err(error.clone()));
        }
    }

    fn commit_until_closed(&self, journal: &mut dyn Journal) {
        while let Some(mut writes) = self.gathered() {
            // Later states contain the earlier ones: each record is written once, as it is at the end.
            let records: BTreeSet<Record> =
                writes.iter_mut().flat_map(|write| std::mem::take(&mut write.records)).collect();
            let committed = match writes.last() {
                Some(newest) if !records.is_empty() => {
                    journal.commit(records.iter().map(|record| encode(&newest.state, record)).collect())
                }
                _ => Ok(()),
            };
            match committed {
                Ok(()) => self.publish(writes),
                Err(error) => self.undo(writes, &error),
            }
        }
    }

    /// What has gathered, at least one write; `None` at the end.
    fn gathered(&self) -> Option<Vec<Waiting>> {
        let queue = self.queue();
        let idle = |queue: &mut Queue| queue.waiting.is_empty() && !queue.closing;
        let mut queue = self.work.wait_while(queue, idle).unwrap_or_else(PoisonError::into_inner);
        let writes = std::mem::take(&mut queue.waiting);
        (!writes.is_empty()).then_some(writes)
    }
}

impl Drop for Line {
    /// Keeps what is waiting, and lets go of the journal.
    fn drop(&mut self) {
        self.shared.queue().closing = true;
        self.shared.work.notify_all();
        if let Some(committer) = self.committer.take() {
            // It has panicked at worst, which the log knows.
            let _ = committer.join();
        }
    }
}
