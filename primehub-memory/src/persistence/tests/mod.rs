//! The folder as a user meets it, and the file on a disk that fails.

mod crash;
mod damage;
mod disk;
mod faults;
mod folder;
mod formats;
mod records;

use std::collections::BTreeMap;
use std::path::Path;

use self::disk::Disk;
use super::database::{self, Meta};
use super::file::StoreFile;
use super::format::{FORMATS, Formats};
use super::{Change, DataDirectory, DirectoryJournal, OpenError, OpenOptions, ReadOnlyReason};

/// All records of a store.
type Contents = BTreeMap<String, Vec<u8>>;

/// A store without records on a disk of its own.
fn new_disk() -> Disk {
    let disk = Disk::default();
    let meta = Meta { format: FORMATS.newest(), store_id: uuid::Uuid::nil(), written_by: database::VERSION.to_owned() };
    database::create(&StoreFile::new(Box::new(disk.clone())), &meta).unwrap();
    disk
}

fn open_disk(disk: &Disk, read_only: Option<ReadOnlyReason>, formats: &Formats) -> Result<DataDirectory, OpenError> {
    DataDirectory::open_backend(Path::new("/data"), Box::new(disk.clone()), read_only, formats)
}

fn journal_of(disk: &Disk) -> DirectoryJournal {
    open_disk(disk, None, &FORMATS).unwrap().into_journal()
}

fn contents_of_disk(disk: &Disk) -> Contents {
    contents(&open_disk(disk, Some(ReadOnlyReason::Requested), &FORMATS).unwrap())
}

fn contents(directory: &DataDirectory) -> Contents {
    directory.scan("").unwrap().collect::<Result<_, _>>().unwrap()
}

/// A folder of its owner alone, whatever the system's habit is.
fn private_folder() -> tempfile::TempDir {
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    tempfile::Builder::new().permissions(mode).tempdir().unwrap()
}

fn reopen(folder: &Path) -> DataDirectory {
    DataDirectory::open(folder, &OpenOptions::new()).unwrap()
}

fn apply(contents: &mut Contents, changes: &[Change]) {
    for change in changes {
        match &change.value {
            Some(value) => contents.insert(change.key.clone(), value.clone()),
            None => contents.remove(&change.key),
        };
    }
}
