//! What a commit is made of, and the seam to whatever keeps commits.

use std::fmt;

use super::StorageError;

/// One record of the stored form: put, or taken out.
#[derive(Clone, Eq, PartialEq)]
pub struct Change {
    /// The record's name. By convention parts joined by `/`, the first of which says what kind of record it is.
    pub key: String,
    /// The whole record as it is to be; `None` takes it out. Taking out what is not there is no error.
    pub value: Option<Vec<u8>>,
}

impl Change {
    /// The record `key` is to be `value`, whether it exists or not.
    pub fn put(key: impl Into<String>, value: impl Into<Vec<u8>>) -> Self {
        Self { key: key.into(), value: Some(value.into()) }
    }

    /// The record `key` is to be gone.
    pub fn remove(key: impl Into<String>) -> Self {
        Self { key: key.into(), value: None }
    }
}

/// Without the record's content, which may be a secret.
impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.value.as_ref().map(Vec::len);
        f.debug_struct("Change").field("key", &self.key).field("bytes", &bytes).finish()
    }
}

/// Where changes are kept.
///
/// A seam, so that what writes can be tested with a journal that fails, and embedders can keep records elsewhere than in a
/// [`DataDirectory`](super::DataDirectory). Calls block until the disk has answered: use a thread of its own for it.
pub trait Journal: Send {
    /// Keeps `changes`: all of them or none, on disk when it returns.
    ///
    /// Of several changes of one key the last one counts, so the changes of several writes can go in one call; that costs
    /// what one write costs. Without changes nothing is done.
    ///
    /// # Errors
    ///
    /// Nothing of `changes` is kept then. Later calls may succeed; there is nothing to reset.
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_does_not_show_what_it_stores() {
        let shown = format!("{:?}", Change::put("secret/client/hub", "AAAA"));
        assert_eq!(shown, r#"Change { key: "secret/client/hub", bytes: Some(4) }"#);
    }
}
