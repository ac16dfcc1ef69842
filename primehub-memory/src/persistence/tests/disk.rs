//! A disk in memory that remembers, fails and loses power on demand.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// Handles of one disk.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// What is read.
    bytes: Vec<u8>,
    /// What is left after a failed sync on a system that forgets unwritten pages then.
    synced: Vec<u8>,
    log: Vec<Operation>,
    fault: Option<Fault>,
    /// Whether anything has failed since the fault was set.
    struck: bool,
}

/// What has been done to the disk.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    Write { offset: u64, bytes: Vec<u8> },
    SetLength(u64),
    Sync,
}

/// From the `after`th write, change of length or sync on (counted from zero), all of them fail with `kind`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) after: usize,
    pub(super) kind: io::ErrorKind,
    /// Whether a failed sync forgets what was written since the last one.
    pub(super) forgetful: bool,
}

impl Disk {
    pub(super) fn with_bytes(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { synced: bytes.clone(), bytes, ..State::default() })))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.state().bytes.clone()
    }

    pub(super) fn log(&self) -> Vec<Operation> {
        self.state().log.clone()
    }

    pub(super) fn fail(&self, fault: Fault) {
        let mut state = self.state();
        state.fault = Some(fault);
        state.struck = false;
    }

    /// Ends what [`Disk::fail`] began; whether anything has failed in between.
    pub(super) fn heal(&self) -> bool {
        let mut state = self.state();
        state.fault = None;
        state.struck
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn change(&self, operation: Operation) -> io::Result<()> {
        let mut state = self.state();
        if let Some(fault) = &mut state.fault {
            if fault.after == 0 {
                let Fault { kind, forgetful, .. } = *fault;
                state.struck = true;
                if forgetful && matches!(operation, Operation::Sync) {
                    state.bytes = state.synced.clone();
                }
                return Err(kind.into());
            }
            fault.after -= 1;
        }
        operation.apply(&mut state.bytes);
        if matches!(operation, Operation::Sync) {
            state.synced = state.bytes.clone();
        }
        state.log.push(operation);
        Ok(())
    }
}

impl Operation {
    pub(super) fn apply(&self, disk: &mut Vec<u8>) {
        match self {
            Self::Write { offset, bytes } => {
                let start = usize::try_from(*offset).unwrap();
                let end = start + bytes.len();
                if disk.len() < end {
                    disk.resize(end, 0);
                }
                disk[start..end].copy_from_slice(bytes);
            }
            Self::SetLength(length) => disk.resize(usize::try_from(*length).unwrap(), 0),
            Self::Sync => {}
        }
    }

    /// The first half of a write.
    pub(super) fn torn(&self) -> Option<Self> {
        match self {
            Self::Write { offset, bytes } => {
                Some(Self::Write { offset: *offset, bytes: bytes[..bytes.len() / 2].to_vec() })
            }
            Self::SetLength(_) | Self::Sync => None,
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().bytes.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let start = usize::try_from(offset).unwrap();
        let bytes = state.bytes.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.change(Operation::SetLength(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.change(Operation::Sync)
    }

    fn write(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.change(Operation::Write { offset, bytes: bytes.to_vec() })
    }
}
