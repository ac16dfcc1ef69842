//! What outlives the process.

/// One record of the stored form: put, or taken out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Name of the record.
    pub key: String,
    /// Its new content, or `None` to take it out.
    pub value: Option<Vec<u8>>,
}

/// Where changes are kept.
pub(crate) trait Journal: Send {
    /// All of the changes, or none; on disk when it returns.
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError>;
}

/// Why changes were not kept.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum StorageError {
    /// No.
    #[error("{0}")]
    Io(String),
}
