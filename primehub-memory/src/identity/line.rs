//! The line of writers: one at a time makes the next state, many share one commit, and readers see what is kept.

use std::collections::BTreeSet;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::JoinHandle;

use futures::stream::BoxStream;
use primehub_core::identity::{Change, ChangeFeed, IdentityError, Key, Revision};
use tokio::sync::oneshot;

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
/// * If the thread ends before its time, nothing is kept any more: reading goes on, and every write fails at once.
/// * Without a journal, a state is visible as soon as it is made.
pub(super) struct Line {
    shared: Arc<Shared>,
    committer: Option<JoinHandle<()>>,
}

struct Shared {
    published: RwLock<Arc<State>>,
    feed: ChangeFeed,
    queue: Mutex<Queue>,
    work: Condvar,
}

struct Queue {
    /// The newest state, which the disk may not have yet.
    tip: Arc<State>,
    waiting: Vec<Waiting>,
    kept: bool,
    closing: bool,
    /// Nobody commits any more.
    stopped: bool,
}

/// How many writes wait at the most. A disk that hangs must not fill the memory with what it is to keep.
const MOST_WAITING: usize = 16_384;

const TOO_MANY: &str = "the disk does not keep up";
const STOPPED: &str = "keeping has failed for good; the server has to be started again";

/// A write that waits to be kept.
struct Waiting {
    state: Arc<State>,
    records: BTreeSet<Record>,
    touched: BTreeSet<Key>,
    done: oneshot::Sender<Answer>,
}

/// Whether a write is kept, or why it is not, as the end of a sentence.
type Answer = Result<(), &'static str>;

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
pub(super) struct Kept(oneshot::Receiver<Answer>);

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
        let committer = thread.spawn(move || {
            let _end = EndOfCommits(&committing);
            committing.commit_until_closed(&mut journal);
        })?;
        Ok(Self { shared, committer: Some(committer) })
    }

    /// The state that readers see.
    pub(super) fn state(&self) -> Arc<State> {
        self.shared.published()
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

    /// Puts the next state behind the newest one, unless it could not be kept anyway.
    pub(super) fn propose(mut self, proposal: Proposal) -> Kept {
        if self.queue.stopped {
            return Kept::answered(Err(STOPPED));
        }
        if self.queue.waiting.len() >= MOST_WAITING {
            return Kept::answered(Err(TOO_MANY));
        }
        let Proposal { state, records, touched } = proposal;
        self.queue.tip = Arc::new(state);
        self.enqueue(records, touched)
    }

    /// Waits until the newest state is kept: for whoever has looked at it and found nothing to write.
    pub(super) fn settle(self) -> Kept {
        if Arc::ptr_eq(&self.queue.tip, &self.shared.published()) {
            return Kept::answered(Ok(()));
        }
        if self.queue.waiting.len() >= MOST_WAITING {
            return Kept::answered(Err(TOO_MANY));
        }
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
    fn answered(answer: Answer) -> Self {
        let (done, kept) = oneshot::channel();
        let _ = done.send(answer);
        Self(kept)
    }

    /// Waits. Giving up does not undo the write.
    ///
    /// # Errors
    /// [`IdentityError::NotWritable`] when the write could not be kept; nothing of it is left.
    pub(super) async fn wait(self) -> Result<(), IdentityError> {
        match self.0.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(IdentityError::NotWritable { reason: reason.to_owned() }),
            Err(_) => Err(IdentityError::OutcomeUnknown { operation: "the write" }),
        }
    }
}

impl Shared {
    fn new(state: State, kept: bool) -> Self {
        let state = Arc::new(state);
        Self {
            feed: ChangeFeed::new(state.directory.revision()),
            published: RwLock::new(state.clone()),
            queue: Mutex::new(Queue { tip: state, waiting: Vec::new(), kept, closing: false, stopped: false }),
            work: Condvar::new(),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn published(&self) -> Arc<State> {
        self.published.read().unwrap_or_else(PoisonError::into_inner).clone()
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
        queue.tip = self.published();
        writes.append(&mut queue.waiting);
        drop(queue);
        tracing::error!(%error, writes = writes.len(), "writes could not be kept and are undone");
        for write in writes {
            let _ = write.done.send(Err(error.reason()));
        }
    }

    /// Undoes whatever waits, and refuses what comes.
    fn stop(&self) {
        let mut queue = self.queue();
        queue.stopped = true;
        queue.tip = self.published();
        let writes = std::mem::take(&mut queue.waiting);
        drop(queue);
        for write in writes {
            let _ = write.done.send(Err(STOPPED));
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

/// Held by the thread that commits. It ends by a panic if it ends too soon; what it was about to keep has an unknown outcome then.
struct EndOfCommits<'a>(&'a Shared);

impl Drop for EndOfCommits<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!("the thread that commits has failed: nothing is kept until the next start");
        }
        self.0.stop();
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
