//! One folder for several parts of a program: each has its own records, and all write to one journal.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Change, DataDirectory, Journal, ReadOnlyReason, StorageError};

/// What one part of a program keeps in a [`DataDirectory`]: the records that it has there, and where it writes.
pub struct Part {
    /// The records, by name.
    pub records: Vec<(String, Vec<u8>)>,
    /// Where changes are kept.
    pub journal: Box<dyn Journal>,
    /// Whether every commit is refused, and why.
    pub read_only: Option<ReadOnlyReason>,
}

/// Without the records, which may be secrets.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("records", &self.records.len())
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

impl DataDirectory {
    /// Reads the folder for two parts: the first has all records but those whose names begin with `prefix`, the second has those. Their
    /// journals are one: commits of the one and the other come one after another, each atomic. The folder is unlocked when both are dropped.
    ///
    /// # Errors
    ///
    /// When the records cannot be read.
    pub fn split(self, prefix: &str) -> Result<(Part, Part), StorageError> {
        let read_only = self.is_read_only();
        let mut records = (Vec::new(), Vec::new());
        for record in self.scan("")? {
            let record = record?;
            if record.0.starts_with(prefix) { records.1.push(record) } else { records.0.push(record) }
        }
        let journal: Shared = Arc::new(Mutex::new(self.into_journal()));
        let part = |records, journal| Part { records, journal: Box::new(Turns(journal)), read_only };
        Ok((part(records.0, Arc::clone(&journal)), part(records.1, journal)))
    }
}

type Shared = Arc<Mutex<dyn Journal>>;

/// One of several that write to a journal in turns.
struct Turns(Shared);

impl Journal for Turns {
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        // A journal that has panicked says itself whether it can go on.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).commit(changes)
    }
}

impl Journal for Box<dyn Journal> {
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        (**self).commit(changes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::persistence::OpenOptions;

    fn open(place: &std::path::Path) -> (Part, Part) {
        DataDirectory::open(place, &OpenOptions::new()).unwrap().split("b/").unwrap()
    }

    #[test]
    fn two_parts_write_to_one_folder_and_find_what_is_theirs() {
        let place = tempfile::tempdir().unwrap();
        let place = place.path().join("data");
        let (mut rest, mut own) = open(&place);
        assert!(rest.records.is_empty() && own.records.is_empty());
        rest.journal.commit(vec![Change::put("a/1", "x"), Change::put("c/1", "y")]).unwrap();
        own.journal.commit(vec![Change::put("b/1", "z")]).unwrap();
        drop(rest);
        own.journal.commit(vec![Change::put("b/2", "z")]).unwrap();
        assert!(DataDirectory::open(&place, &OpenOptions::new()).is_err(), "in use");
        drop(own);
        let (rest, own) = open(&place);
        let names = |part: &Part| part.records.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (names(&rest), names(&own)),
            (vec!["a/1".into(), "c/1".into()], vec!["b/1".into(), "b/2".to_owned()])
        );
    }
}
