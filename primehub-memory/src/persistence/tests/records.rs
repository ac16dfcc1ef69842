//! What is committed is what is read.

use super::super::{Change, DataDirectory, Journal as _, OpenOptions};
use super::disk::Operation;
use super::{Contents, apply, contents, contents_of_disk, journal_of, new_disk, private_folder, reopen};

use proptest::prelude::*;

#[test]
fn what_is_committed_is_there_when_it_is_opened_again() {
    let place = private_folder();
    let folder = place.path().join("data");
    let directory = reopen(&folder);
    let id = directory.store_id();
    assert_eq!(contents(&directory), Contents::new());

    let mut journal = directory.into_journal();
    journal
        .commit(vec![Change::put("user/amy", "1"), Change::put("user/bob", "2"), Change::put("group/a", "3")])
        .unwrap();
    journal
        .commit(vec![Change::remove("user/bob"), Change::remove("user/nobody"), Change::put("user/amy", "4")])
        .unwrap();
    drop(journal);

    let directory = reopen(&folder);
    assert_eq!(directory.store_id(), id);
    assert_eq!(
        contents(&directory),
        Contents::from([("group/a".into(), b"3".into()), ("user/amy".into(), b"4".into())])
    );
}

#[test]
fn a_scan_finds_the_records_of_its_prefix_in_order() {
    let place = private_folder();
    let mut journal = reopen(place.path()).into_journal();
    let keys = ["", "a", "b", "b/", "b/1", "b/2", "b0", "ü/1", "\u{10ffff}"];
    journal.commit(keys.iter().rev().map(|key| Change::put(*key, *key)).collect()).unwrap();
    drop(journal);

    let directory = reopen(place.path());
    let scan = |prefix: &str| directory.scan(prefix).unwrap().map(|record| record.unwrap().0).collect::<Vec<_>>();
    assert_eq!(scan("b/"), ["b/", "b/1", "b/2"]);
    assert_eq!(scan("b"), ["b", "b/", "b/1", "b/2", "b0"]);
    assert_eq!(scan("ü"), ["ü/1"]);
    assert_eq!(scan("c"), [""; 0]);
    assert_eq!(scan(""), keys);
}

#[test]
fn the_last_change_of_a_key_counts() {
    let disk = new_disk();
    let mut journal = journal_of(&disk);
    journal
        .commit(vec![
            Change::put("a", "1"),
            Change::put("b", "1"),
            Change::remove("b"),
            Change::remove("a"),
            Change::put("a", "2"),
        ])
        .unwrap();
    drop(journal);
    assert_eq!(contents_of_disk(&disk), Contents::from([("a".into(), b"2".into())]));
}

#[test]
fn values_may_be_empty_and_large() {
    let place = private_folder();
    let large: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let mut journal = reopen(place.path()).into_journal();
    journal.commit(vec![Change::put("empty", ""), Change::put("large", large.clone())]).unwrap();
    drop(journal);
    let expected = Contents::from([("empty".into(), Vec::new()), ("large".into(), large)]);
    assert_eq!(contents(&reopen(place.path())), expected);
}

/// The price of a commit, which several writes share. The second sync is what makes opening after a crash quick; a third is
/// due when the file grows, which it does by doubling.
#[test]
fn a_commit_costs_two_syncs_however_many_changes_it_has() {
    let disk = new_disk();
    let mut journal = journal_of(&disk);
    journal.commit(vec![Change::put("first", "writes what was held back on opening")]).unwrap();
    let mut grown = 0;
    for changes in [1, 10, 1000, 1000, 1000, 10, 1] {
        let before = disk.log().len();
        journal.commit((0..changes).map(|n| Change::put(format!("key/{n}"), vec![7; 400])).collect()).unwrap();
        let log = &disk.log()[before..];
        let count = |kind: fn(&Operation) -> bool| log.iter().filter(|operation| kind(operation)).count();
        let growths = count(|operation| matches!(operation, Operation::SetLength(_)));
        assert_eq!(count(|operation| matches!(operation, Operation::Sync)), 2 + growths, "{changes} changes");
        grown += growths;
    }
    assert!(grown < 7, "{grown} growths");
    let before = disk.log().len();
    journal.commit(Vec::new()).unwrap();
    assert_eq!(disk.log().len(), before, "nothing to write");
}

/// So that a look at a store, or a start that fails later on, leaves no trace.
#[test]
fn opening_writes_nothing() {
    let place = private_folder();
    drop(reopen(place.path()));
    let file = place.path().join("primehub.redb");
    let before = std::fs::read(&file).unwrap();
    for read_only in [false, true] {
        let directory = DataDirectory::open(place.path(), &OpenOptions::new().read_only(read_only)).unwrap();
        drop(directory.into_journal());
        assert!(std::fs::read(&file).unwrap() == before, "read only: {read_only}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn commits_and_starts_in_any_order_keep_what_was_written(
        commits in proptest::collection::vec(
            (
                proptest::collection::vec(
                    ("[ab]/[0-9]", proptest::option::weighted(0.7, proptest::collection::vec(any::<u8>(), 0..600))),
                    0..20,
                ),
                any::<bool>(),
            ),
            1..12,
        )
    ) {
        let disk = new_disk();
        let mut journal = journal_of(&disk);
        let mut expected = Contents::new();
        for (changes, restart) in commits {
            let changes: Vec<_> = changes.into_iter().map(|(key, value)| Change { key, value }).collect();
            apply(&mut expected, &changes);
            journal.commit(changes).unwrap();
            if restart {
                drop(journal);
                journal = journal_of(&disk);
            }
        }
        drop(journal);
        prop_assert_eq!(contents_of_disk(&disk), expected);
    }
}
