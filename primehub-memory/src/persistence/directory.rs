//! A data directory that has been opened and is being read.

use std::fmt;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use redb::{Database, StorageBackend};
use uuid::Uuid;

use super::database::{self, Failure, Found, Meta, Trust};
use super::file::{Access, StoreFile};
use super::folder::{self, FILE_NAME};
use super::format::{self, FORMATS, Formats, RecordMap};
use super::{DirectoryJournal, OpenError, ReadOnlyReason, StorageError};

/// How a data directory is opened.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OpenOptions {
    /// Whether everything is only read.
    pub read_only: bool,
}

impl OpenOptions {
    /// For reading and writing; folder and file are made if they are missing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether everything is only read: to look into a copy, or to export. Several processes may read at a time, but not
    /// beside one that writes. Nothing is made, and the folder's mode does not matter.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only }
    }
}

/// A folder with records, open and locked, to be read before anything is written to it.
pub struct DataDirectory {
    folder: PathBuf,
    file: StoreFile,
    database: Database,
    meta: Meta,
    read_only: Option<ReadOnlyReason>,
}

/// The records that [`DataDirectory::scan`] finds: name and bytes.
pub struct Records {
    folder: PathBuf,
    inner: Box<dyn Iterator<Item = Found>>,
}

impl DataDirectory {
    /// Opens `folder`, checks every page of its file, and brings an older format up to date.
    ///
    /// A missing folder is made, for its owner alone (mode 0700); an empty one is closed to others. A folder with something
    /// in it that others can look into is refused, since its mode may be meant for what else is there. Where the process
    /// may not write to the file, the directory is opened for reading: see [`DataDirectory::is_read_only`].
    ///
    /// # Errors
    ///
    /// See [`OpenError`]. Whatever is in the folder has not been changed then.
    pub fn open(folder: impl AsRef<Path>, options: &OpenOptions) -> Result<Self, OpenError> {
        Self::open_with_formats(folder.as_ref(), options, &FORMATS)
    }

    pub(super) fn open_with_formats(
        folder: &Path,
        options: &OpenOptions,
        formats: &Formats,
    ) -> Result<Self, OpenError> {
        let (file, read_only) = if options.read_only {
            folder::open_for_reading(folder, ReadOnlyReason::Requested)?
        } else {
            folder::open_for_writing(folder, formats.newest())?
        };
        let backend = FileBackend::new(file).map_err(|error| Place(folder).refused(error.into()))?;
        Self::open_backend(folder, Box::new(backend), read_only, formats)
    }

    /// Opens what `backend` holds; `folder` is for messages.
    pub(super) fn open_backend(
        folder: &Path,
        backend: Box<dyn StorageBackend>,
        read_only: Option<ReadOnlyReason>,
        formats: &Formats,
    ) -> Result<Self, OpenError> {
        let place = Place(folder);
        let access = if read_only.is_some() { Access::Read } else { Access::Write };
        let file = StoreFile::holding(backend, access).map_err(|error| place.refused(Failure::Io(error)))?;
        let database = database::open(&file, Trust::Check).map_err(|failure| place.refused(failure))?;
        let mut meta = database::read_meta(&database).map_err(|failure| place.refused(failure))?;
        if meta.format > formats.newest() {
            return Err(OpenError::NewerFormat {
                folder: folder.to_owned(),
                found: meta.format,
                supported: formats.newest(),
                written_by: meta.written_by,
                version: database::VERSION,
            });
        }
        let Some(steps) = formats.steps_from(meta.format) else {
            return Err(place.damaged(format!("there never was a format {}", meta.format)));
        };
        if !steps.is_empty() {
            let old = database::scan(&database, "")
                .and_then(Iterator::collect::<Result<RecordMap, _>>)
                .map_err(|failure| place.refused(failure))?;
            let new = format::migrate(old.clone(), steps).map_err(|source| OpenError::Migration {
                folder: folder.to_owned(),
                found: meta.format,
                supported: formats.newest(),
                written_by: meta.written_by.clone(),
                source,
            })?;
            meta.format = formats.newest();
            database::VERSION.clone_into(&mut meta.written_by);
            // A file that is only read is brought up to date in memory.
            if access == Access::Write {
                file.release().map_err(|error| StorageError::from_io(folder, error))?;
            }
            format::write(&database, &old, &new, &meta)
                .map_err(|failure| StorageError::from_io(folder, failure.into_io()))?;
        }
        Ok(Self { folder: folder.to_owned(), file, database, meta, read_only })
    }

    /// All records whose names begin with `prefix` (all there are, if it is empty), in the order of their names' bytes.
    ///
    /// # Errors
    ///
    /// [`StorageError::Io`] if the disk fails, here or for each record.
    pub fn scan(&self, prefix: &str) -> Result<Records, StorageError> {
        let inner = database::scan(&self.database, prefix)
            .map_err(|failure| StorageError::from_io(&self.folder, failure.into_io()))?;
        Ok(Records { folder: self.folder.clone(), inner: Box::new(inner) })
    }

    /// The folder, as it was named on opening.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Who this store is: made at random with it, and the same for as long as it exists, in copies too.
    #[must_use]
    pub fn store_id(&self) -> Uuid {
        self.meta.store_id
    }

    /// Whether every commit will be refused, and why.
    #[must_use]
    pub fn is_read_only(&self) -> Option<ReadOnlyReason> {
        self.read_only
    }

    /// Goes over from reading to writing.
    #[must_use]
    pub fn into_journal(self) -> DirectoryJournal {
        // A version that only reads leaves its name nowhere; the first commit does.
        let new_version = self.meta.written_by != database::VERSION;
        let meta = new_version.then(|| Meta { written_by: database::VERSION.to_owned(), ..self.meta });
        DirectoryJournal::new(self.folder, self.file, self.database, meta, self.read_only)
    }
}

/// Where something was refused, for the message.
struct Place<'a>(&'a Path);

impl Place<'_> {
    fn refused(&self, failure: Failure) -> OpenError {
        match failure {
            Failure::InUse => OpenError::InUse { folder: self.0.to_owned() },
            Failure::Damaged(reason) => self.damaged(reason),
            Failure::Io(source) => OpenError::Io { action: "read", path: self.0.join(FILE_NAME), source },
        }
    }

    fn damaged(&self, reason: String) -> OpenError {
        OpenError::Damaged { file: self.0.join(FILE_NAME), reason }
    }
}

impl Iterator for Records {
    type Item = Result<(String, Vec<u8>), StorageError>;

    fn next(&mut self) -> Option<Self::Item> {
        let record = self.inner.next()?;
        Some(record.map_err(|failure| StorageError::from_io(&self.folder, failure.into_io())))
    }
}

/// Without the records, which hold secrets.
impl fmt::Debug for DataDirectory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataDirectory")
            .field("folder", &self.folder)
            .field("store_id", &self.meta.store_id)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

/// Without the records, which hold secrets.
impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records").field("folder", &self.folder).finish_non_exhaustive()
    }
}
