//! The mirror as the rest of the crate sees it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::future::{BoxFuture, FutureExt as _, Shared, try_join_all};
use futures::stream::BoxStream;
use primehub_core::clock::Clock;
use primehub_core::identity::{Change, Directory, Freshness, Key, Revision};
use tokio::sync::watch;

use super::draft::Draft;
use super::follow::{self, Running};
use super::health::Health;
use super::journal::{Journal, Published};
use super::locks::{KeyLocks, KeysGuard};
use super::metrics::MirrorMetrics;
use super::picture::{Facts, Picture};
use super::queue::Queue;
use super::read::{Finding, read, unknown};
use super::source::Source;
use super::target::Target;
use super::warning::RealmWarning;
use crate::connection::Keycloak;
use crate::settings::Following;
use crate::transport::CallError;

/// A picture of the realm that follows Keycloak. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Mirror(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) source: Arc<dyn Source>,
    /// The same, for what is read without anybody asking.
    pub(super) upkeep: Arc<dyn Source>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) journal: Journal,
    pub(super) locks: KeyLocks,
    pub(super) queue: Queue,
    pub(super) health: watch::Sender<Health>,
    pub(super) metrics: MirrorMetrics,
    /// What is wrong with the realm although it can be followed.
    pub(super) warnings: Mutex<Vec<RealmWarning>>,
    pub(super) following: Following,
    pub(super) client_id: String,
    /// Readings that have not begun yet: whoever comes before they begin can share them.
    waiting: Mutex<HashMap<Target, Flight>>,
    /// Held while a list is read that no single key stands for.
    lists: tokio::sync::Mutex<()>,
}

/// A reading that several wait for.
type Flight = Shared<BoxFuture<'static, Result<Revision, CallError>>>;

impl Mirror {
    /// A mirror of the realm of `keycloak`. It is empty until [`Mirror::follow`] has read the realm.
    pub(crate) fn new(keycloak: Keycloak, clock: Arc<dyn Clock>) -> Self {
        let settings = keycloak.settings();
        let picture = Picture::new(&settings.realm, settings.everyone.clone());
        let (following, client_id) = (settings.following, settings.client_id.clone());
        let metrics = keycloak.metrics().mirror.clone();
        let upkeep = Arc::new(keycloak.for_upkeep());
        Self::of_both(Arc::new(keycloak), upkeep, picture, clock, following, client_id, metrics)
    }

    /// A mirror of whatever `source` reads.
    #[cfg(test)]
    pub(super) fn of(
        source: Arc<dyn Source>,
        picture: Picture,
        clock: Arc<dyn Clock>,
        following: Following,
        client_id: String,
        metrics: MirrorMetrics,
    ) -> Self {
        Self::of_both(source.clone(), source, picture, clock, following, client_id, metrics)
    }

    fn of_both(
        source: Arc<dyn Source>,
        upkeep: Arc<dyn Source>,
        picture: Picture,
        clock: Arc<dyn Clock>,
        following: Following,
        client_id: String,
        metrics: MirrorMetrics,
    ) -> Self {
        Self(Arc::new(Inner {
            source,
            upkeep,
            clock,
            journal: Journal::new(picture),
            locks: KeyLocks::default(),
            queue: Queue::default(),
            health: watch::Sender::new(Health::default()),
            metrics,
            warnings: Mutex::default(),
            following,
            client_id,
            waiting: Mutex::default(),
            lists: tokio::sync::Mutex::default(),
        }))
    }

    /// Begins to read the realm and to follow it, in a task of its own. Has to be called within a Tokio runtime.
    pub(crate) fn follow(&self) -> Running {
        follow::start(self.0.clone())
    }

    /// Waits until there is a picture.
    pub(crate) async fn loaded(&self) {
        let mut health = self.0.health.subscribe();
        // The sender lives as long as this handle, so the waiting does not end without a picture.
        let _ = health.wait_for(Health::is_loaded).await;
    }

    /// The present picture.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.0.journal.directory()
    }

    /// How far it can be trusted.
    pub(crate) fn freshness(&self) -> Freshness {
        self.0.health.borrow().freshness()
    }

    /// What is wrong with the realm although it can be followed, as far as it has been looked at.
    pub(crate) fn warnings(&self) -> Vec<RealmWarning> {
        self.0.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is touched after `since`.
    pub(crate) fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
        self.0.journal.changes(since)
    }

    /// What later calls need. None before the realm has been read.
    pub(crate) fn facts(&self) -> Option<Facts> {
        self.0.journal.picture().facts.map(Arc::unwrap_or_clone)
    }

    /// Waits for the locks of all `keys`, in one order for everybody. Whoever holds a guard must not ask for another one.
    pub(crate) async fn lock(&self, keys: &[Key]) -> KeysGuard {
        self.0.locks.lock(keys).await
    }

    /// Reads objects whose locks the caller holds, and publishes one picture that shows them as they are. A key that does not exist is no
    /// error.
    pub(crate) async fn reread(&self, keys: &[Key]) -> Result<Revision, CallError> {
        let targets: BTreeSet<Target> = keys.iter().map(Target::of).collect();
        let (listed, single): (Vec<_>, Vec<_>) = targets.into_iter().partition(|target| target.key().is_none());
        let mut revision = self.0.read_locked(&*self.0.source, &single, 0).await?;
        for target in listed {
            let _turn = self.0.lists.lock().await;
            revision = self.0.read_unlocked(&*self.0.source, &target, 0).await?;
        }
        Ok(revision)
    }

    /// Makes sure that the picture is at least as new as this call for `keys`. Takes their locks; readings are shared among simultaneous
    /// callers. A key that does not exist is no error.
    pub(crate) async fn refresh(&self, keys: &[Key]) -> Result<Revision, CallError> {
        let targets: BTreeSet<Target> = keys.iter().map(Target::of).collect();
        let revisions = try_join_all(targets.into_iter().map(|target| self.0.fresh(&self.0.source, target, 0))).await?;
        Ok(revisions.into_iter().max().unwrap_or_else(|| self.directory().revision()))
    }

    /// Publishes facts that the answers to writes have proved, under the locks that the caller holds of their keys. Answers the picture
    /// that shows them.
    pub(crate) fn publish<R>(&self, facts: impl FnOnce(&mut Draft<'_>) -> R) -> Revision {
        let published = self.0.journal.publish(facts);
        self.0.queue.push(published.again, 0);
        published.revision
    }
}

impl Inner {
    /// A reading of `target` from `source` that begins after this call. Those who ask while it waits for its turn share it.
    pub(super) fn fresh(self: &Arc<Self>, source: &Arc<dyn Source>, target: Target, attempt: u8) -> Flight {
        let mut waiting = self.flights();
        if let Some(flight) = waiting.get(&target) {
            return flight.clone();
        }
        let (inner, source, of) = (self.clone(), source.clone(), target.clone());
        // A task of its own, so that it comes to its end whoever goes away.
        let task = tokio::spawn(async move {
            if let Some(key) = of.key() {
                let _guard = inner.locks.lock(&[key]).await;
                inner.flights().remove(&of);
                inner.read_locked(&*source, std::slice::from_ref(&of), attempt).await
            } else {
                let _turn = inner.lists.lock().await;
                inner.flights().remove(&of);
                inner.read_unlocked(&*source, &of, attempt).await
            }
        });
        let ended = |error: tokio::task::JoinError| {
            Err(CallError::Unavailable { call: "mirror", cause: format!("the reading ended: {error}") })
        };
        let flight = task.map(move |result| result.unwrap_or_else(ended)).boxed().shared();
        waiting.insert(target, flight.clone());
        flight
    }

    /// Reads objects whose locks are held, and what they name that is not known; publishes them together.
    async fn read_locked(
        self: &Arc<Self>,
        source: &dyn Source,
        targets: &[Target],
        attempt: u8,
    ) -> Result<Revision, CallError> {
        let picture = self.loaded_picture()?;
        let read_one = |target| read(source, &picture, target);
        let findings = try_join_all(targets.iter().map(read_one)).await?;
        self.read_unknown(source, &findings, attempt).await?;
        let published = self.journal.publish(|draft| findings.into_iter().for_each(|finding| finding.apply(draft)));
        self.metrics.rereadings.inc_by(targets.len() as u64);
        Ok(self.follow_up(published, attempt))
    }

    /// Reads a list for which no lock stands.
    async fn read_unlocked(
        self: &Arc<Self>,
        source: &dyn Source,
        target: &Target,
        attempt: u8,
    ) -> Result<Revision, CallError> {
        let picture = self.loaded_picture()?;
        let reading = self.journal.begin();
        let finding = read(source, &picture, target).await?;
        let published = reading.publish(&self.locks, |draft| finding.apply(draft));
        drop(reading);
        self.metrics.rereadings.inc();
        Ok(self.follow_up(published, attempt))
    }

    /// Reads the groups and roles that `findings` name and nobody knows. Their locks are not taken, for the caller holds others; if
    /// somebody else publishes them meanwhile, that counts.
    async fn read_unknown(
        self: &Arc<Self>,
        source: &dyn Source,
        findings: &[Finding],
        attempt: u8,
    ) -> Result<(), CallError> {
        let picture = self.journal.picture();
        let targets = unknown(findings, &picture);
        if targets.is_empty() {
            return Ok(());
        }
        let reading = self.journal.begin();
        let found = try_join_all(targets.iter().map(|target| read(source, &picture, target))).await?;
        let published =
            reading.publish(&self.locks, |draft| found.into_iter().for_each(|finding| finding.apply(draft)));
        drop(reading);
        self.follow_up(published, attempt);
        Ok(())
    }

    fn follow_up(&self, published: Published, attempt: u8) -> Revision {
        if !published.again.is_empty() {
            self.queue.push(published.again, attempt + 1);
        }
        published.revision
    }

    fn loaded_picture(&self) -> Result<Picture, CallError> {
        let picture = self.journal.picture();
        if picture.facts.is_some() {
            return Ok(picture);
        }
        Err(CallError::Unavailable { call: "mirror", cause: "the realm has not been read yet".to_owned() })
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Target, Flight>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
