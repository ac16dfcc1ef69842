//! Loss of power at every moment: an acknowledged commit is there, and every commit is there whole or not at all.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::database::{self, Trust};
use super::super::file::StoreFile;
use super::super::{Change, Journal as _};
use super::disk::{Disk, Operation};
use super::{Contents, apply, contents_of_disk, journal_of, new_disk};

/// What a disk went through while commits were made.
struct History {
    /// The disk before the first of them.
    start: Vec<u8>,
    log: Vec<Operation>,
    /// For each commit, and for none: how many operations were done when it was acknowledged, and the contents then.
    acknowledged: Vec<(usize, Contents)>,
}

impl History {
    fn of(commits: &[Vec<Change>]) -> Self {
        let disk = Disk::with_bytes(new_disk().bytes());
        let start = disk.bytes();
        let mut contents = Contents::new();
        let mut acknowledged = vec![(0, contents.clone())];
        let mut journal = journal_of(&disk);
        for changes in commits {
            apply(&mut contents, changes);
            journal.commit(changes.clone()).unwrap();
            acknowledged.push((disk.log().len(), contents.clone()));
        }
        // The end in good order is a moment to lose power at as well.
        drop(journal);
        Self { start, log: disk.log(), acknowledged }
    }

    /// Whether `found` is right after `done` operations: the last acknowledged commit, or the one that was under way.
    fn admits(&self, done: usize, found: &Contents) -> bool {
        let last = self.acknowledged.iter().rposition(|(at, _)| *at <= done).unwrap();
        self.acknowledged[last..].iter().take(2).any(|(_, contents)| contents == found)
    }
}

fn commits() -> Vec<Vec<Change>> {
    let records = |range: std::ops::Range<u32>, generation: u8, size: usize| {
        range.map(move |n| Change::put(format!("key/{n:03}"), vec![generation; size]))
    };
    vec![
        records(0..20, 1, 300).collect(),
        vec![Change::put("key/003", "small")],
        records(0..40, 2, 900).collect(),
        (0..30).map(|n| Change::remove(format!("key/{n:03}"))).collect(),
        records(10..14, 3, 20_000).chain([Change::remove("key/035")]).collect(),
    ]
}

static HISTORY: LazyLock<History> = LazyLock::new(|| History::of(&commits()));

/// As a start does it, and as a journal does after a failed write.
fn check_both_ways(done: usize, image: Vec<u8>) {
    let resumed = {
        let file =
            StoreFile::holding(Box::new(Disk::with_bytes(image.clone())), super::super::file::Access::Write).unwrap();
        let database =
            database::open(&file, Trust::Resume).unwrap_or_else(|error| panic!("operation {done}: {error:?}"));
        database::scan(&database, "").unwrap().collect::<Result<Contents, _>>().unwrap()
    };
    assert!(HISTORY.admits(done, &resumed), "after operation {done}, resumed: {:?}", resumed.keys());
    let disk = Disk::with_bytes(image);
    let found = contents_of_disk(&disk);
    assert_eq!(found, resumed, "after operation {done}");
}

#[test]
fn power_is_lost_at_every_operation() {
    let history = &*HISTORY;
    let mut image = history.start.clone();
    check_both_ways(0, image.clone());
    for (done, operation) in history.log.iter().enumerate() {
        if let Some(torn) = operation.torn() {
            let mut image = image.clone();
            torn.apply(&mut image);
            check_both_ways(done, image);
        }
        operation.apply(&mut image);
        check_both_ways(done + 1, image.clone());
    }
    assert_eq!(history.acknowledged.len(), 6);
    assert!(history.log.iter().filter(|operation| matches!(operation, Operation::Sync)).count() >= 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// A disk writes what was not yet synced in any order, so any of it may be missing.
    #[test]
    fn power_is_lost_with_any_of_the_unsynced_writes_done(at in any::<proptest::sample::Index>(), done in any::<u64>()) {
        let history = &*HISTORY;
        let end = at.index(history.log.len() + 1);
        let synced = history.log[..end].iter().rposition(|operation| matches!(operation, Operation::Sync)).map_or(0, |at| at + 1);
        let mut image = history.start.clone();
        history.log[..synced].iter().for_each(|operation| operation.apply(&mut image));
        for (n, operation) in history.log[synced..end].iter().enumerate() {
            // Lengths are the file system's own records, which it keeps in order.
            if matches!(operation, Operation::SetLength(_)) || done >> (n % 64) & 1 == 1 {
                operation.apply(&mut image);
            }
        }
        check_both_ways(end, image);
    }

    /// After a loss of power the store can be written to as before.
    #[test]
    fn writing_goes_on_after_a_loss_of_power(at in any::<proptest::sample::Index>()) {
        let history = &*HISTORY;
        let end = at.index(history.log.len() + 1);
        let mut image = history.start.clone();
        history.log[..end].iter().for_each(|operation| operation.apply(&mut image));
        let disk = Disk::with_bytes(image);
        let mut expected = contents_of_disk(&disk);
        let mut journal = journal_of(&disk);
        for changes in commits() {
            apply(&mut expected, &changes);
            journal.commit(changes).unwrap();
        }
        prop_assert_eq!(contents_of_disk(&Disk::with_bytes(disk.bytes())), expected.clone(), "killed");
        drop(journal);
        prop_assert_eq!(contents_of_disk(&disk), expected, "stopped");
    }
}
