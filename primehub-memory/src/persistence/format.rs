//! The formats of the records, and the way from each to the newest.

use std::collections::BTreeMap;

use redb::Database;

use super::MigrationError;
use super::database::{self, Failure, Meta, RecordTable};

/// All records by name.
pub(super) type RecordMap = BTreeMap<String, Vec<u8>>;

/// Brings all records of one format to the next. Pure: no clock, no randomness, no I/O.
pub(super) type Step = fn(RecordMap) -> Result<RecordMap, MigrationError>;

/// The formats that a version knows. They are numbered without gaps, so every step's place says what it does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Formats {
    /// The oldest that was ever released.
    pub(super) oldest: u32,
    /// The first brings `oldest` to `oldest + 1`.
    pub(super) steps: &'static [Step],
}

/// What this version knows. A new format adds a step here, and keeps a file of the one before in `tests/data`.
pub(super) const FORMATS: Formats = Formats { oldest: 1, steps: &[] };

impl Formats {
    /// The format that is written.
    pub(super) fn newest(&self) -> u32 {
        self.steps.iter().fold(self.oldest, |format, _| format + 1)
    }

    /// The steps that records of format `found` need, if there ever was such a format.
    pub(super) fn steps_from(&self, found: u32) -> Option<&'static [Step]> {
        self.steps.get(usize::try_from(found.checked_sub(self.oldest)?).ok()?..)
    }
}

/// Brings `records` through `steps`.
pub(super) fn migrate(records: RecordMap, steps: &[Step]) -> Result<RecordMap, MigrationError> {
    steps.iter().try_fold(records, |records, step| step(records))
}

/// Writes what `new` has other than `old`, and `meta`, in one transaction.
pub(super) fn write(database: &Database, old: &RecordMap, new: &RecordMap, meta: &Meta) -> Result<(), Failure> {
    let transaction = database::begin(database)?;
    {
        let mut table = RecordTable::of(&transaction)?;
        for key in old.keys().filter(|key| !new.contains_key(*key)) {
            table.set(key, None)?;
        }
        for (key, value) in new.iter().filter(|(key, value)| old.get(*key) != Some(value)) {
            table.set(key, Some(value))?;
        }
    }
    database::write_meta(&transaction, meta)?;
    transaction.commit()?;
    Ok(())
}
