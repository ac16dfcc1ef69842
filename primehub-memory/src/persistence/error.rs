//! What can go wrong with the folder, in words for whoever runs the process.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a data directory could not be opened. Nothing in it has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process, or another part of this one, has the folder open.
    #[error("another PrimeHub is using {}: stop it first, or choose another folder", folder.display())]
    InUse {
        /// The data directory.
        folder: PathBuf,
    },
    /// Other accounts of the machine can look into the folder, which holds password hashes and keys.
    #[error("{} is open to other accounts (mode {mode:04o}): run `chmod 700` on it, or name a folder inside it, \
             which is then made with the right mode", folder.display())]
    OpenToOthers {
        /// The data directory.
        folder: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The folder was to be read, and has nothing of PrimeHub in it.
    #[error("nothing is kept in {}: check the folder's name, or open it for writing to start anew", folder.display())]
    Nothing {
        /// The data directory.
        folder: PathBuf,
    },
    /// A newer version of this software has written the folder.
    #[error("{} holds format {found}, written by PrimeHub {written_by}; this is PrimeHub {version}, which knows formats up to \
             {supported}: start the newer version, or restore a backup made before it", folder.display())]
    NewerFormat {
        /// The data directory.
        folder: PathBuf,
        /// The format that the folder has.
        found: u32,
        /// The newest format that this version knows.
        supported: u32,
        /// The version that wrote it.
        written_by: String,
        /// This version.
        version: &'static str,
    },
    /// The file is not what was written: cut off, overwritten, or of another program.
    #[error("{} is damaged or not of PrimeHub ({reason}): it has been left as it is; restore it from a backup, or move it away \
             to start anew", file.display())]
    Damaged {
        /// The database file.
        file: PathBuf,
        /// What is wrong with it, for a report.
        reason: String,
    },
    /// The records of an older format could not be brought up to date.
    #[error("{} holds format {found}, and its records cannot be brought up to format {supported}: it has been left as it is; \
             use the version that wrote it, PrimeHub {written_by}", folder.display())]
    Migration {
        /// The data directory.
        folder: PathBuf,
        /// The format that the folder has.
        found: u32,
        /// The format that this version writes.
        supported: u32,
        /// The version that wrote it.
        written_by: String,
        /// The record that could not be read.
        #[source]
        source: MigrationError,
    },
    /// The operating system refused something.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: io::Error,
    },
    /// Reading failed after the file had been found in order, or an older format could not be written anew.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why a record of an older format could not be brought up to date.
#[derive(Debug, thiserror::Error)]
#[error("record {key:?} of format {format}: {reason}")]
pub struct MigrationError {
    /// The record's name.
    pub key: String,
    /// The format it is of.
    pub format: u32,
    /// Why it could not be read.
    pub reason: String,
}

/// Why records could not be written or read. One failure answers everybody whose write was in the commit, hence `Clone`.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// No space is left, or a quota or size limit is reached.
    #[error("the disk that holds {} is full, nothing was written: free some space, then write again (no restart is needed)",
            folder.display())]
    Full {
        /// The data directory.
        folder: PathBuf,
        /// The operating system's answer.
        #[source]
        source: Arc<io::Error>,
    },
    /// Nothing is written, only read.
    #[error("{} is read only ({reason}), nothing was written", folder.display())]
    ReadOnly {
        /// The data directory.
        folder: PathBuf,
        /// Why, and so what to do.
        reason: ReadOnlyReason,
    },
    /// The disk failed.
    #[error("the disk that holds {} failed, nothing was written: check it, then write again (no restart is needed)",
            folder.display())]
    Io {
        /// The data directory.
        folder: PathBuf,
        /// The operating system's answer, or the database's.
        #[source]
        source: Arc<io::Error>,
    },
}

impl StorageError {
    /// What is wrong, as the end of a sentence that users may read: nothing in it is for operators alone.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Full { .. } => "the disk is full",
            Self::ReadOnly { .. } => "the data folder can only be read",
            Self::Io { .. } => "the disk fails",
        }
    }

    /// What a failure of the operating system means for the data directory `folder`.
    pub(crate) fn from_io(folder: &Path, source: io::Error) -> Self {
        let folder = folder.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                Self::Full { folder, source: Arc::new(source) }
            }
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { folder, reason: ReadOnlyReason::Filesystem },
            _ => Self::Io { folder, source: Arc::new(source) },
        }
    }
}

/// Why a data directory is only read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ReadOnlyReason {
    /// [`OpenOptions::read_only`](super::OpenOptions::read_only) asked for it.
    Requested,
    /// This process may not write the file.
    Permissions,
    /// The file system is mounted read only, perhaps since the disk failed.
    Filesystem,
}

impl std::fmt::Display for ReadOnlyReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Requested => "it was opened for reading",
            Self::Permissions => {
                "this process may not write to it: give it to the account that runs PrimeHub, then start again"
            }
            Self::Filesystem => "its file system is mounted read only: mount it for writing, then start again",
        })
    }
}
