//! The folder and the file in it: who may look at them, and how they come to be.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use redb::backends::FileBackend;
use uuid::Uuid;

use super::database::{self, Failure, Meta};
use super::file::StoreFile;
use super::{OpenError, ReadOnlyReason, StorageError};

/// The database file of a data directory.
pub(super) const FILE_NAME: &str = "primehub.redb";
/// The same while it is made. It gets its name once it is whole, so a start that was cut off leaves nothing in the way.
const DRAFT_NAME: &str = "primehub.redb.new";

/// The database file, open, and why it is only read if so.
pub(super) type Opened = (File, Option<ReadOnlyReason>);

/// Opens the database file of `folder` for reading.
pub(super) fn open_for_reading(folder: &Path, reason: ReadOnlyReason) -> Result<Opened, OpenError> {
    let path = folder.join(FILE_NAME);
    match File::open(&path) {
        Ok(file) => Ok((file, Some(reason))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(OpenError::Nothing { folder: folder.to_owned() }),
        Err(source) => Err(OpenError::Io { action: "open", path, source }),
    }
}

/// Opens the database file of `folder` for writing, or for reading where this process may not write it. Folder and file
/// are made if they are missing.
pub(super) fn open_for_writing(folder: &Path, format: u32) -> Result<Opened, OpenError> {
    let path = folder.join(FILE_NAME);
    let open = || File::options().read(true).write(true).open(&path);
    let file = match open() {
        Ok(file) => file,
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound => {
                make_folder(folder)?;
                make_file(folder, &path, format)?;
                open().map_err(|source| OpenError::Io { action: "open", path, source })?
            }
            io::ErrorKind::PermissionDenied => return open_for_reading(folder, ReadOnlyReason::Permissions),
            io::ErrorKind::ReadOnlyFilesystem => return open_for_reading(folder, ReadOnlyReason::Filesystem),
            _ => return Err(OpenError::Io { action: "open", path, source: error }),
        },
    };
    check_private(folder)?;
    // Harmless while the folder keeps others out, but files move: after a restore from a backup, say.
    permissions::keep_file_private(&file).map_err(|source| OpenError::Io {
        action: "restrict the mode of",
        path: folder.join(FILE_NAME),
        source,
    })?;
    Ok((file, None))
}

/// Makes `folder`, or closes an empty one to other accounts.
fn make_folder(folder: &Path) -> Result<(), OpenError> {
    let failed = |action| move |source| OpenError::Io { action, path: folder.to_owned(), source };
    match fs::read_dir(folder) {
        Ok(mut entries) => {
            // What is in a folder says whom it belongs to; an empty one has been made for us.
            if permissions::open_to_others(folder).map_err(failed("look at"))?.is_some() && entries.next().is_none() {
                // Where it is somebody else's, the check that follows gives the advice.
                let _ = permissions::make_folder_private(folder);
            }
            check_private(folder)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            permissions::create_private_folder(folder).map_err(failed("make"))?;
            match folder.parent() {
                Some(parent) if !parent.as_os_str().is_empty() => sync_folder(parent),
                _ => Ok(()),
            }
        }
        Err(source) => Err(failed("look into")(source)),
    }
}

fn check_private(folder: &Path) -> Result<(), OpenError> {
    match permissions::open_to_others(folder) {
        Ok(None) => Ok(()),
        Ok(Some(mode)) => Err(OpenError::OpenToOthers { folder: folder.to_owned(), mode }),
        Err(source) => Err(OpenError::Io { action: "look at", path: folder.to_owned(), source }),
    }
}

/// Makes the database file, unless another process does so at this moment.
///
/// The draft is locked first and `path` looked at then: whoever has the lock and finds no file is the only one who makes it.
fn make_file(folder: &Path, path: &Path, format: u32) -> Result<(), OpenError> {
    let draft = folder.join(DRAFT_NAME);
    let failed = |action| {
        let draft = draft.clone();
        move |source| OpenError::Io { action, path: draft, source }
    };
    let file = permissions::open_private_file(&draft).map_err(failed("make"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => return Err(failed("lock")(source)),
    }
    if path.exists() {
        let _ = fs::remove_file(&draft);
        return Ok(());
    }
    file.set_len(0).map_err(failed("empty"))?;
    let meta = Meta { format, store_id: Uuid::new_v4(), written_by: database::VERSION.to_owned() };
    let made = FileBackend::new(file).map_err(Failure::from).and_then(|backend| {
        let file = StoreFile::new(Box::new(backend));
        database::create(&file, &meta)?;
        // While the lock is still held.
        fs::rename(&draft, path).map_err(Failure::Io)
    });
    if let Err(failure) = made {
        let _ = fs::remove_file(&draft);
        return Err(StorageError::from_io(folder, failure.into_io()).into());
    }
    sync_folder(folder)
}

/// Makes new names in `folder` survive a loss of power.
fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| OpenError::Io {
        action: "write",
        path: PathBuf::from(folder),
        source,
    })
}

#[cfg(unix)]
mod permissions {
    use std::fs::{self, DirBuilder, File, Permissions};
    use std::io;
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
    use std::path::Path;

    const FOLDER: u32 = 0o700;
    const FILE: u32 = 0o600;
    /// Any right of the group or of others.
    const OTHERS: u32 = 0o077;

    /// The folder's mode, if others than its owner have any right on it.
    pub(super) fn open_to_others(folder: &Path) -> io::Result<Option<u32>> {
        let mode = fs::metadata(folder)?.permissions().mode() & 0o7777;
        Ok((mode & OTHERS != 0).then_some(mode))
    }

    pub(super) fn make_folder_private(folder: &Path) -> io::Result<()> {
        fs::set_permissions(folder, Permissions::from_mode(FOLDER))
    }

    pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER).create(folder)
    }

    pub(super) fn open_private_file(path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(false).mode(FILE).open(path)
    }

    pub(super) fn keep_file_private(file: &File) -> io::Result<()> {
        if file.metadata()?.permissions().mode() & OTHERS == 0 {
            return Ok(());
        }
        file.set_permissions(Permissions::from_mode(FILE))
    }
}

/// Elsewhere the folder has the rights of the one it is made in.
#[cfg(not(unix))]
mod permissions {
    use std::fs::{self, File};
    use std::io;
    use std::path::Path;

    pub(super) fn open_to_others(_folder: &Path) -> io::Result<Option<u32>> {
        Ok(None)
    }

    pub(super) fn make_folder_private(_folder: &Path) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn create_private_folder(folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    pub(super) fn open_private_file(path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(false).open(path)
    }

    pub(super) fn keep_file_private(_file: &File) -> io::Result<()> {
        Ok(())
    }
}
