//! What is kept when the process ends: named records in one folder, each commit on disk before it is answered.
//!
//! This module knows nothing of people or groups. It keeps bytes by name, so that every part that has something to keep
//! shares one file, one order of commits and one format. All records are read once, at the start; afterwards they are only
//! written.
//!
//! ```
//! use primehub_memory::persistence::{Change, DataDirectory, Journal as _, OpenOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let place = std::env::temp_dir().join(uuid::Uuid::new_v4().to_string());
//! let directory = DataDirectory::open(&place, &OpenOptions::new())?;
//! assert_eq!(directory.scan("colour/")?.count(), 0);
//!
//! let mut journal = directory.into_journal();
//! journal.commit(vec![Change::put("colour/sky", "blue"), Change::put("colour/grass", "green")])?;
//! journal.commit(vec![Change::remove("colour/grass")])?;
//! drop(journal);
//!
//! let directory = DataDirectory::open(&place, &OpenOptions::new())?;
//! let colours = directory.scan("colour/")?.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(colours, [("colour/sky".to_owned(), b"blue".to_vec())]);
//! # std::fs::remove_dir_all(place)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Guarantees
//!
//! * A commit is atomic, and on disk when it returns: after a crash or a loss of power its changes are there, all of them.
//! * A commit that failed has left nothing. It can be tried again at any time and works once its cause has gone, without a
//!   restart: a full disk heals when there is space.
//! * Opening writes nothing unless an older format is brought up to date. A file that is damaged or newer stays as it is.
//! * One process at a time. The folder and the file are for their owner alone.
//!
//! The one thing that cannot be promised: if the process is killed after a commit failed *while reaching the disk* and before
//! the next one, the changes of the failed commit may or may not be there; still all of them or none.

mod change;
mod database;
mod directory;
mod error;
mod file;
mod folder;
mod format;
mod journal;
mod part;

pub use change::{Change, Journal};
pub use directory::{DataDirectory, OpenOptions, Records};
pub use error::{MigrationError, OpenError, ReadOnlyReason, StorageError};
pub use journal::DirectoryJournal;
pub use part::Part;

#[cfg(test)]
mod tests;
