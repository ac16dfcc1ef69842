//! Writing to a data directory, and going on after a write has failed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use redb::Database;

use super::database::{self, Failure, Meta, RecordTable, Trust};
use super::file::StoreFile;
use super::{Change, Journal, ReadOnlyReason, StorageError};

/// What each record is to be; `None` for gone.
type Values = BTreeMap<String, Option<Vec<u8>>>;

/// The [`Journal`] of a [`DataDirectory`](super::DataDirectory): one transaction and two syncs per commit, however many
/// changes it has (three when the file grows, which it does by doubling). The folder is unlocked when this is dropped.
pub struct DirectoryJournal {
    folder: PathBuf,
    file: StoreFile,
    /// `None` after a failure: redb wants to be opened anew then.
    database: Option<Database>,
    /// What the file is to say about itself from the next commit on, if that is something new.
    meta: Option<Meta>,
    /// What the records of failed commits were before, if those commits may have reached the disk all the same.
    undo: Values,
    read_only: Option<ReadOnlyReason>,
}

impl DirectoryJournal {
    pub(super) fn new(
        folder: PathBuf,
        file: StoreFile,
        database: Database,
        meta: Option<Meta>,
        read_only: Option<ReadOnlyReason>,
    ) -> Self {
        Self { folder, file, database: Some(database), meta, undo: Values::new(), read_only }
    }

    /// The folder that is written to.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether every commit is refused, and why.
    #[must_use]
    pub fn is_read_only(&self) -> Option<ReadOnlyReason> {
        self.read_only
    }

    fn write(&mut self, changes: &Values) -> Result<(), Failure> {
        // Taken out, so that whatever fails below leaves nothing to go on with.
        let open = self.database.take();
        self.file.release().map_err(Failure::Io)?;
        let database = match open {
            Some(database) => database,
            None => self.reopen()?,
        };
        let mut before = Values::new();
        let written = transact(&database, self.meta.as_ref(), &self.undo, changes, &mut before);
        if written.is_ok() {
            self.undo.clear();
            self.meta = None;
            self.database = Some(database);
        } else {
            // What an earlier failure remembers is older, and so what counts.
            before.append(&mut self.undo);
            self.undo = before;
        }
        written
    }

    /// Opens the file again after a failure, and finds out what of it has to be undone.
    ///
    /// A commit fails for good when its last sync does, but what it wrote may be in the file by then.
    fn reopen(&mut self) -> Result<Database, Failure> {
        let database = database::open(&self.file, Trust::Resume)?;
        if !self.undo.is_empty() {
            let transaction = database::begin(&database)?;
            let mut undo = Values::new();
            {
                let table = RecordTable::of(&transaction)?;
                for (key, value) in &self.undo {
                    if table.get(key)? != *value {
                        undo.insert(key.clone(), value.clone());
                    }
                }
            }
            transaction.abort()?;
            self.undo = undo;
        }
        Ok(database)
    }
}

/// Writes `undo` and then `changes` in one transaction; `before` gets what was there in between.
fn transact(
    database: &Database,
    meta: Option<&Meta>,
    undo: &Values,
    changes: &Values,
    before: &mut Values,
) -> Result<(), Failure> {
    let transaction = database::begin(database)?;
    {
        let mut table = RecordTable::of(&transaction)?;
        for (key, value) in undo {
            table.set(key, value.as_deref())?;
        }
        for (key, value) in changes {
            before.insert(key.clone(), table.set(key, value.as_deref())?);
        }
    }
    if let Some(meta) = meta {
        database::write_meta(&transaction, meta)?;
    }
    transaction.commit()?;
    Ok(())
}

impl Journal for DirectoryJournal {
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        if let Some(reason) = self.read_only {
            return Err(StorageError::ReadOnly { folder: self.folder.clone(), reason });
        }
        if changes.is_empty() {
            return Ok(());
        }
        let changes = changes.into_iter().map(|change| (change.key, change.value)).collect();
        self.write(&changes).map_err(|failure| StorageError::from_io(&self.folder, failure.into_io()))
    }
}

/// A commit that was refused is taken back, if it has to be, also when nothing is written after it.
impl Drop for DirectoryJournal {
    fn drop(&mut self) {
        if self.undo.is_empty() {
            return;
        }
        if let Err(failure) = self.write(&Values::new()) {
            let error = failure.into_io();
            tracing::warn!(folder = %self.folder.display(), %error, "a refused write could not be taken back");
        }
    }
}

/// Without the records, which hold secrets.
impl fmt::Debug for DirectoryJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DirectoryJournal")
            .field("folder", &self.folder)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}
