//! redb with our settings, and the two tables that a data directory has.

use std::io;

use redb::{
    Builder, Database, Durability, ReadableDatabase as _, ReadableTable as _, StorageBackend as _, TableDefinition,
    WriteTransaction,
};
use uuid::Uuid;

use super::file::StoreFile;

/// All records. One table, so that nothing can come apart between tables.
const RECORDS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("records");
/// What the file is. The shape of this table is the same in every format, so that each version can tell any other's.
const META: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("meta");

const FORMAT: &str = "format";
const STORE_ID: &str = "store-id";
const WRITTEN_BY: &str = "written-by";

/// Enough to write with: nothing is read again while the process runs.
const CACHE_BYTES: usize = 16 << 20;

/// This version, as it stands in the file.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the file says about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Meta {
    pub(super) format: u32,
    pub(super) store_id: Uuid,
    pub(super) written_by: String,
}

/// Why redb could not do something.
#[derive(Debug)]
pub(super) enum Failure {
    InUse,
    Damaged(String),
    Io(io::Error),
}

impl Failure {
    /// For where damage cannot be acted on in another way than a failing disk.
    pub(super) fn into_io(self) -> io::Error {
        match self {
            Self::InUse => io::Error::new(io::ErrorKind::ResourceBusy, "the database file is in use"),
            Self::Damaged(reason) => io::Error::new(io::ErrorKind::InvalidData, reason),
            Self::Io(error) => error,
        }
    }
}

impl<E: Into<redb::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        match error.into() {
            redb::Error::DatabaseAlreadyOpen | redb::Error::LockProtocolMismatch => Self::InUse,
            redb::Error::Io(error) => match error.kind() {
                io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => Self::Damaged(error.to_string()),
                _ => Self::Io(error),
            },
            error @ (redb::Error::Corrupted(_)
            | redb::Error::UpgradeRequired(_)
            | redb::Error::TableTypeMismatch { .. }
            | redb::Error::TypeDefinitionChanged { .. }
            | redb::Error::TableIsMultimap(_)
            | redb::Error::TableIsNotMultimap(_)
            | redb::Error::TableDoesNotExist(_)) => Self::Damaged(error.to_string()),
            error => Self::Io(io::Error::other(error.to_string())),
        }
    }
}

/// How much of a file that exists is trusted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Trust {
    /// Every page is checked against its checksum. Costs a read of the file, which is about to be read anyway.
    Check,
    /// It was checked when this process opened it; only what the last write left undone is put right.
    Resume,
}

/// Opens what is in `file`, which must not be empty.
pub(super) fn open(file: &StoreFile, trust: Trust) -> Result<Database, Failure> {
    if file.len().map_err(Failure::Io)? == 0 {
        return Err(Failure::Damaged("the file is empty".to_owned()));
    }
    Ok(Builder::new()
        .set_cache_size(CACHE_BYTES)
        .set_check_integrity_on_open(trust == Trust::Check)
        .create_with_backend(file.clone())?)
}

/// Makes an empty store in `file`, which is empty.
pub(super) fn create(file: &StoreFile, meta: &Meta) -> Result<(), Failure> {
    let database = Builder::new().set_cache_size(CACHE_BYTES).create_with_backend(file.clone())?;
    let transaction = begin(&database)?;
    transaction.open_table(RECORDS)?;
    write_meta(&transaction, meta)?;
    transaction.commit()?;
    database.close()?;
    Ok(())
}

/// One transaction: on disk once committed, and quick to recover after a crash (which costs a second sync).
pub(super) fn begin(database: &Database) -> Result<WriteTransaction, Failure> {
    let mut transaction = database.begin_write()?;
    transaction
        .set_durability(Durability::Immediate)
        .map_err(|error| Failure::Io(io::Error::other(error.to_string())))?;
    transaction.set_quick_repair(true);
    Ok(transaction)
}

pub(super) fn read_meta(database: &Database) -> Result<Meta, Failure> {
    let table = database.begin_read()?.open_table(META)?;
    let text = |key: &str| -> Result<String, Failure> {
        let value = table.get_owned(key)?.ok_or_else(|| Failure::Damaged(format!("it has no {key}")))?;
        String::from_utf8(value.value().to_vec()).map_err(|_| Failure::Damaged(format!("its {key} is not text")))
    };
    let unreadable = |key: &str, value: &str| Failure::Damaged(format!("its {key} is {value:?}"));
    let (format, store_id) = (text(FORMAT)?, text(STORE_ID)?);
    Ok(Meta {
        format: format.parse().map_err(|_| unreadable(FORMAT, &format))?,
        store_id: store_id.parse().map_err(|_| unreadable(STORE_ID, &store_id))?,
        written_by: text(WRITTEN_BY)?,
    })
}

pub(super) fn write_meta(transaction: &WriteTransaction, meta: &Meta) -> Result<(), Failure> {
    let mut table = transaction.open_table(META)?;
    table.insert(FORMAT, meta.format.to_string().as_bytes())?;
    table.insert(STORE_ID, meta.store_id.to_string().as_bytes())?;
    table.insert(WRITTEN_BY, meta.written_by.as_bytes())?;
    Ok(())
}

/// Name and bytes of a record that is read.
pub(super) type Found = Result<(String, Vec<u8>), Failure>;

/// The records whose names begin with `prefix`, in the order of their names' bytes.
pub(super) fn scan(database: &Database, prefix: &str) -> Result<impl Iterator<Item = Found> + 'static, Failure> {
    let range = database.begin_read()?.open_table(RECORDS)?.range_owned(prefix..)?;
    let prefix = prefix.to_owned();
    Ok(range
        .map(|record| {
            let (key, value) = record?;
            Ok((key.value().to_owned(), value.value().to_vec()))
        })
        .take_while(move |record| record.as_ref().map_or(true, |(key, _): &(String, _)| key.starts_with(&prefix))))
}

/// The records of a transaction that has begun.
pub(super) struct RecordTable<'a>(redb::Table<'a, &'static str, &'static [u8]>);

impl<'a> RecordTable<'a> {
    pub(super) fn of(transaction: &'a WriteTransaction) -> Result<Self, Failure> {
        Ok(Self(transaction.open_table(RECORDS)?))
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.0.get(key)?.map(|value| value.value().to_vec()))
    }

    /// Puts `value`, or takes the record out; the answer is what was there before.
    pub(super) fn set(&mut self, key: &str, value: Option<&[u8]>) -> Result<Option<Vec<u8>>, Failure> {
        let before = match value {
            Some(value) => self.0.insert(key, value)?,
            None => self.0.remove(key)?,
        };
        Ok(before.map(|value| value.value().to_vec()))
    }
}
