//! A new store, and one that goes on from what is kept.

use std::collections::HashSet;
use std::sync::Arc;

use super::line::Line;
use super::realm::{RealmSettings, first_picture};
use super::records::{self, UnreadableRecord, is_session};
use super::state::{Record, Secrets, State};
use super::store::MemoryIdentityStore;
use crate::kubernetes::store::RECORDS as OBJECTS;
use crate::persistence::{Change, DataDirectory, Journal, Part, StorageError};
use crate::sessions::SessionTable;

impl MemoryIdentityStore {
    /// A store with a new realm: the group `everyone`, which every new account joins, the roles that a Keycloak realm has from the start,
    /// and nobody in it.
    #[must_use]
    pub fn new(settings: RealmSettings) -> Self {
        let state = first_state(&settings);
        Self::of(settings, Line::in_memory(state))
    }

    /// A store that keeps everything in `folder`: what it holds, or a new realm if it holds nothing yet. Blocks while it reads: a
    /// hundred thousand people take about a second.
    ///
    /// * A write is on disk before it returns and before anybody can read it. Writes that come together share a commit.
    /// * While the disk is full, or if the folder can only be read, writes fail with [`NotWritable`](primehub_core::identity::IdentityError::NotWritable) and change nothing;
    ///   reading goes on.
    ///
    /// # Errors
    /// When the folder cannot be read or written, holds another realm, or something that is not a realm.
    pub fn open(settings: RealmSettings, folder: DataDirectory) -> Result<Self, OpenStoreError> {
        let (part, _) = folder.split(OBJECTS)?;
        Self::open_part(settings, part)
    }

    /// The same beside others who keep something in the same folder: see [`DataDirectory::split`].
    ///
    /// # Errors
    /// As for [`MemoryIdentityStore::open`].
    pub fn open_part(settings: RealmSettings, part: Part) -> Result<Self, OpenStoreError> {
        let mut store = Self::kept_in(settings, part.records, part.journal)?;
        store.rules.limits.read_only = part.read_only.is_some();
        Ok(store)
    }

    /// A store that goes on from `records`, and keeps what comes in the journal they are from.
    pub(super) fn kept_in(
        settings: RealmSettings,
        records: Vec<(String, Vec<u8>)>,
        mut journal: impl Journal + 'static,
    ) -> Result<Self, OpenStoreError> {
        let is_new = records.is_empty();
        let sessions: Vec<String> =
            records.iter().map(|(name, _)| name).filter(|name| is_session(name)).cloned().collect();
        let state = if is_new { first_state(&settings) } else { records::decode(records, settings.clock.now())? };
        if *state.realm != *settings.realm {
            return Err(OpenStoreError::OtherRealm { found: state.realm.to_string(), wanted: settings.realm });
        }
        if is_new {
            journal.commit(records::all(&state))?;
        } else {
            forget_ended(sessions, &state, &mut journal);
        }
        let line = Line::kept_in(state, journal).map_err(OpenStoreError::Thread)?;
        Ok(Self::of(settings, line))
    }
}

/// Takes sessions out of the journal that have ended since they were stored: nothing would ever do so later. A store that cannot be written
/// opens all the same.
fn forget_ended(stored: Vec<String>, state: &State, journal: &mut impl Journal) {
    let alive = state.sessions.iter().map(|(user, id, _)| Record::Session(user.clone(), id.clone()));
    let alive: HashSet<String> = alive.map(|record| records::encode(state, &record).key).collect();
    let ended: Vec<Change> = stored.into_iter().filter(|name| !alive.contains(name)).map(Change::remove).collect();
    let count = ended.len();
    if count > 0
        && let Err(error) = journal.commit(ended)
    {
        tracing::warn!(%error, count, "sessions that have ended stay stored");
    }
}

fn first_state(settings: &RealmSettings) -> State {
    State {
        realm: settings.realm.as_str().into(),
        directory: Arc::new(first_picture(settings)),
        secrets: Secrets::default(),
        sessions: SessionTable::default(),
    }
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// The folder cannot be read, or not be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The folder holds something that is not a realm, or not a whole one.
    #[error(transparent)]
    Record(#[from] UnreadableRecord),
    /// The folder belongs to another realm.
    #[error("the folder holds the realm {found:?}, not {wanted:?}")]
    OtherRealm {
        /// The realm that it holds.
        found: String,
        /// The realm that was asked for.
        wanted: String,
    },
    /// The operating system gives no thread to write with.
    #[error("no thread can be started")]
    Thread(#[source] std::io::Error),
}
