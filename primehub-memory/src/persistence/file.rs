//! The database file as redb sees it: nothing reaches the disk until the first commit, and the lock is ours to the end.

use std::fmt;
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use redb::{BackendError, StorageBackend};

/// One open file, for one or several databases after each other.
///
/// * redb writes as soon as it opens a file, to repair it or to mark it as open. Such writes are held back in memory until
///   [`StoreFile::release`], so that a file which turns out to be damaged or newer stays as it is, and a file that cannot be
///   written can be read even where the last process was killed.
/// * redb unlocks when it closes, and has to be closed to recover from a failed write. The lock is kept until the last
///   handle is gone, so that no other process comes in between.
#[derive(Clone)]
pub(super) struct StoreFile(Arc<Shared>);

struct Shared {
    inner: Box<dyn StorageBackend>,
    access: Access,
    held: Mutex<Option<Held>>,
}

/// What the file was opened for, which is what its lock is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Access {
    /// One writer, nobody else.
    Write,
    /// Several readers; what redb writes stays in memory.
    Read,
}

/// What has been written since the file was opened, in its order, so that carrying it out later is as safe as at the time.
#[derive(Default)]
struct Held {
    length: u64,
    operations: Vec<Operation>,
}

enum Operation {
    Write { offset: u64, bytes: Vec<u8> },
    SetLength(u64),
    Sync,
}

impl StoreFile {
    /// Holds back what is written to `inner`.
    pub(super) fn holding(inner: Box<dyn StorageBackend>, access: Access) -> io::Result<Self> {
        let held = Held { length: inner.len()?, operations: Vec::new() };
        Ok(Self(Arc::new(Shared { inner, access, held: Mutex::new(Some(held)) })))
    }

    /// Writes through to `inner`, for a file that is being made.
    pub(super) fn new(inner: Box<dyn StorageBackend>) -> Self {
        Self(Arc::new(Shared { inner, access: Access::Write, held: Mutex::new(None) }))
    }

    /// Carries out what was held back; from here on everything is written at once.
    ///
    /// After an error the file is as after a crash at that point, which redb recovers from.
    pub(super) fn release(&self) -> io::Result<()> {
        let Some(held) = self.held().take() else { return Ok(()) };
        for operation in held.operations {
            match operation {
                Operation::Write { offset, bytes } => self.0.inner.write(offset, &bytes)?,
                Operation::SetLength(length) => self.0.inner.set_len(length)?,
                Operation::Sync => self.0.inner.sync_data()?,
            }
        }
        Ok(())
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Option<Held>> {
        self.0.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn read(&self, inner: &dyn StorageBackend, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset.checked_add(out.len() as u64).is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let in_file = usize_or_max(inner.len()?.saturating_sub(offset)).min(out.len());
        inner.read(offset, &mut out[..in_file])?;
        out[in_file..].fill(0);
        for operation in &self.operations {
            match operation {
                Operation::Write { offset: at, bytes } => overlay(offset, out, *at, bytes),
                Operation::SetLength(length) => {
                    let kept = usize_or_max(length.saturating_sub(offset)).min(out.len());
                    out[kept..].fill(0);
                }
                Operation::Sync => {}
            }
        }
        Ok(())
    }

    fn write(&mut self, offset: u64, bytes: &[u8]) {
        self.length = self.length.max(offset + bytes.len() as u64);
        self.operations.push(Operation::Write { offset, bytes: bytes.to_vec() });
    }

    fn set_length(&mut self, length: u64) {
        self.length = length;
        self.operations.push(Operation::SetLength(length));
    }
}

/// Copies to `out`, which begins at `offset`, the part of `bytes`, which begin at `at`, that falls into it.
fn overlay(offset: u64, out: &mut [u8], at: u64, bytes: &[u8]) {
    let skip_out = usize_or_max(at.saturating_sub(offset));
    let skip_bytes = usize_or_max(offset.saturating_sub(at));
    if let (Some(out), Some(bytes)) = (out.get_mut(skip_out..), bytes.get(skip_bytes..)) {
        let common = out.len().min(bytes.len());
        out[..common].copy_from_slice(&bytes[..common]);
    }
}

fn usize_or_max(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Err(error) = self.inner.close() {
            tracing::warn!(%error, "closing the database file failed");
        }
    }
}

/// Without the pages, which hold secrets.
impl fmt::Debug for StoreFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreFile").field("access", &self.0.access).finish_non_exhaustive()
    }
}

impl StorageBackend for StoreFile {
    fn len(&self) -> io::Result<u64> {
        match &*self.held() {
            Some(held) => Ok(held.length),
            None => self.0.inner.len(),
        }
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match &*self.held() {
            Some(held) => held.read(&*self.0.inner, offset, out),
            None => self.0.inner.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        match &mut *self.held() {
            Some(held) => {
                held.set_length(len);
                Ok(())
            }
            None => self.0.inner.set_len(len),
        }
    }

    fn sync_data(&self) -> io::Result<()> {
        match &mut *self.held() {
            Some(held) => {
                held.operations.push(Operation::Sync);
                Ok(())
            }
            None => self.0.inner.sync_data(),
        }
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        match &mut *self.held() {
            Some(held) => {
                held.write(offset, data);
                Ok(())
            }
            None => self.0.inner.write(offset, data),
        }
    }

    /// Only the database is closed: see [`StoreFile`].
    fn close(&self) -> io::Result<()> {
        Ok(())
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        match self.0.access {
            Access::Write => self.0.inner.try_lock_range(start, end),
            Access::Read => self.0.inner.try_lock_shared_range(start, end),
        }
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        match self.0.access {
            Access::Write => self.0.inner.lock_range(start, end),
            Access::Read => self.0.inner.lock_shared_range(start, end),
        }
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.inner.query_lock_range(start, end)
    }
}
