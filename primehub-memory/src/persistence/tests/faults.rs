//! A disk that is full or fails: the write is refused and leaves nothing, and writing goes on once the disk is well.

use std::error::Error as _;
use std::io::ErrorKind;

use rstest::rstest;

use super::super::{Change, Journal as _, ReadOnlyReason, StorageError};
use super::disk::Fault;
use super::{Contents, apply, contents_of_disk, journal_of, new_disk};

/// Several records of several pages, which tell a part of a commit from the whole.
fn commit(generation: u8) -> Vec<Change> {
    let mut changes: Vec<_> = (0..6).map(|n| Change::put(format!("key/{n}"), vec![generation; 1500])).collect();
    changes.push(Change::put(format!("only/{generation}"), [generation]));
    changes.push(Change::remove(format!("only/{}", generation - 1)));
    changes
}

fn after(generations: impl IntoIterator<Item = u8>) -> Contents {
    let mut contents = Contents::new();
    for generation in generations {
        apply(&mut contents, &commit(generation));
    }
    contents
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    /// The disk is healed and the next commit comes.
    Commit,
    /// Two more commits fail first.
    FailAgain,
    /// The disk is healed, and the process ends in good order.
    Stop,
}

/// Lets each operation of a commit fail in turn, from the first to the one after its last.
#[rstest]
fn a_commit_that_fails_anywhere_leaves_nothing(
    #[values(ErrorKind::StorageFull, ErrorKind::Other)] kind: ErrorKind,
    #[values(false, true)] forgetful: bool,
    #[values(false, true)] first_commit: bool,
    #[values(Then::Commit, Then::FailAgain, Then::Stop)] then: Then,
) {
    for failing in 0.. {
        let disk = new_disk();
        let mut journal = journal_of(&disk);
        let mut expected = Vec::new();
        if !first_commit {
            journal.commit(commit(1)).unwrap();
            expected.push(1);
        }
        disk.fail(Fault { after: failing, kind, forgetful });
        let Err(error) = journal.commit(commit(2)) else {
            assert!(failing > 2, "at least a write and two syncs can fail");
            assert!(!disk.heal());
            break;
        };
        assert_eq!(matches!(error, StorageError::Full { .. }), kind == ErrorKind::StorageFull, "{error:?}");
        if then == Then::FailAgain {
            journal.commit(commit(3)).unwrap_err();
            journal.commit(commit(2)).unwrap_err();
        }
        assert!(disk.heal());
        if then != Then::Stop {
            journal.commit(commit(4)).unwrap();
            expected.push(4);
        }
        drop(journal);
        assert_eq!(contents_of_disk(&disk), after(expected), "operation {failing}");
    }
}

/// The file can be opened, with the failed commit or without it, if the process is killed before the disk is well.
#[rstest]
fn a_failed_commit_is_all_or_nothing_if_the_process_is_killed_then(#[values(false, true)] forgetful: bool) {
    for failing in 0.. {
        let disk = new_disk();
        let mut journal = journal_of(&disk);
        journal.commit(commit(1)).unwrap();
        disk.fail(Fault { after: failing, kind: ErrorKind::StorageFull, forgetful });
        if journal.commit(commit(2)).is_ok() {
            break;
        }
        drop(journal);
        disk.heal();
        let contents = contents_of_disk(&disk);
        assert!(contents == after([1]) || contents == after([1, 2]), "operation {failing}: {contents:?}");
    }
}

#[test]
fn errors_say_where_and_what_to_do() {
    let disk = new_disk();
    let mut journal = journal_of(&disk);
    let mut refused = |kind| {
        disk.fail(Fault { after: 0, kind, forgetful: false });
        let error = journal.commit(commit(1)).unwrap_err();
        disk.heal();
        error
    };
    for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
        let error = refused(kind);
        assert_eq!(
            error.to_string(),
            "the disk that holds /data is full, nothing was written: free some space, then write again (no restart is needed)"
        );
        assert!(error.source().is_some());
    }
    let error = refused(ErrorKind::ReadOnlyFilesystem);
    assert!(matches!(error, StorageError::ReadOnly { reason: ReadOnlyReason::Filesystem, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "/data is read only (its file system is mounted read only: mount it for writing, then start again), nothing was written"
    );
    let error = refused(ErrorKind::Other);
    assert_eq!(
        error.to_string(),
        "the disk that holds /data failed, nothing was written: check it, then write again (no restart is needed)"
    );
    journal.commit(commit(1)).unwrap();
}
