//! A file that is not what was written: refused with a reason, never a panic, never touched.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use rstest::rstest;

use super::super::format::FORMATS;
use super::super::{Change, DataDirectory, Journal as _, OpenError, OpenOptions};
use super::disk::Disk;
use super::{Contents, contents, journal_of, new_disk, open_disk, private_folder, reopen};

/// A file with some history, so that it has free pages and several levels, and what is in it.
static SAMPLE: LazyLock<(Vec<u8>, Contents)> = LazyLock::new(|| {
    let disk = new_disk();
    let mut journal = journal_of(&disk);
    journal.commit((0..60).map(|n| Change::put(format!("key/{n:02}"), vec![n; 700])).collect()).unwrap();
    journal.commit((20..50).map(|n| Change::remove(format!("key/{n:02}"))).collect()).unwrap();
    drop(journal);
    let contents = contents(&open_disk(&disk, None, &FORMATS).unwrap());
    (disk.bytes(), contents)
});

fn sample_bytes() -> Vec<u8> {
    SAMPLE.0.clone()
}

fn refusal(bytes: &[u8]) -> OpenError {
    let place = private_folder();
    let file = place.path().join("primehub.redb");
    fs::write(&file, bytes).unwrap();
    let error = DataDirectory::open(place.path(), &OpenOptions::new()).expect_err("the file is to be refused");
    assert!(fs::read(&file).unwrap() == bytes, "the file is kept");
    error
}

#[rstest]
#[case::empty(Vec::new())]
#[case::short(b"red".to_vec())]
#[case::text(b"people:\n- amy\n".repeat(1000))]
#[case::zeros(vec![0; 100_000])]
#[case::cut_in_the_header(sample_bytes()[..200].to_vec())]
#[case::cut_in_half({ let bytes = sample_bytes(); bytes[..bytes.len() / 2].to_vec() })]
#[case::cut_by_a_page({ let bytes = sample_bytes(); bytes[..bytes.len() - 4096].to_vec() })]
fn what_is_no_store_is_refused_and_kept(#[case] bytes: Vec<u8>) {
    let error = refusal(&bytes);
    let OpenError::Damaged { file, reason } = &error else { panic!("{error:?}") };
    assert_eq!(
        error.to_string(),
        format!(
            "{} is damaged or not of PrimeHub ({reason}): it has been left as it is; restore it from a backup, or move it away \
             to start anew",
            file.display()
        )
    );
}

/// A database of redb's that somebody else has made.
#[test]
fn a_database_of_another_program_is_refused() {
    let place = private_folder();
    let path = place.path().join("theirs");
    let database = redb::Database::create(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(redb::TableDefinition::<u64, u64>::new("records")).unwrap();
    transaction.commit().unwrap();
    drop(database);
    let error = refusal(&fs::read(path).unwrap());
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[derive(Clone, Debug)]
enum Mutation {
    Flip(proptest::sample::Index, u8),
    Fill(proptest::sample::Index, usize, u8),
    Copy(proptest::sample::Index, proptest::sample::Index, usize),
    Cut(proptest::sample::Index),
    Extend(usize),
}

impl Mutation {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        match self {
            Self::Flip(at, bits) => {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
            }
            Self::Fill(at, length, value) => {
                let at = at.index(bytes.len());
                let end = (at + length).min(bytes.len());
                bytes[at..end].fill(*value);
            }
            Self::Copy(from, to, length) => {
                let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
                let length = (*length).min(bytes.len() - from.max(to));
                bytes.copy_within(from..from + length, to);
            }
            Self::Cut(at) => bytes.truncate(at.index(bytes.len())),
            Self::Extend(by) => bytes.resize(bytes.len() + by, 0),
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<proptest::sample::Index>;
    prop_oneof![
        4 => (place(), 1..=u8::MAX).prop_map(|(at, bits)| Mutation::Flip(at, bits)),
        2 => (place(), 1..5000_usize, any::<u8>()).prop_map(|(at, length, value)| Mutation::Fill(at, length, value)),
        2 => (place(), place(), 1..9000_usize).prop_map(|(from, to, length)| Mutation::Copy(from, to, length)),
        1 => place().prop_map(Mutation::Cut),
        1 => (1..9000_usize).prop_map(Mutation::Extend),
    ]
}

/// Opens `bytes`: everything is there, or they are refused as damaged.
fn check(bytes: Vec<u8>) {
    match open_disk(&Disk::with_bytes(bytes), None, &FORMATS) {
        Ok(directory) => assert_eq!(contents(&directory), SAMPLE.1),
        Err(OpenError::Damaged { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(384))]

    #[test]
    fn a_file_with_damage_anywhere_is_refused_or_read_as_it_was(mutations in proptest::collection::vec(mutation(), 1..4)) {
        let mut bytes = sample_bytes();
        for mutation in &mutations {
            mutation.apply(&mut bytes);
        }
        check(bytes);
    }
}

/// The first page describes the rest and has the least protection.
#[test]
fn every_byte_of_the_header_may_be_wrong() {
    let sample = sample_bytes();
    for at in 0..320 {
        for bits in [0x01, 0x80, 0xff] {
            let mut bytes = sample.clone();
            bytes[at] ^= bits;
            check(bytes);
        }
    }
}

#[test]
fn a_damaged_store_is_refused_for_reading_too() {
    let place = private_folder();
    let damage = |folder: &Path| {
        let file = folder.join("primehub.redb");
        let mut bytes = fs::read(&file).unwrap();
        bytes[4096..].fill(0xa5);
        fs::write(file, bytes).unwrap();
    };
    reopen(place.path()).into_journal().commit(vec![Change::put("a", "1")]).unwrap();
    damage(place.path());
    let error = DataDirectory::open(place.path(), &OpenOptions::new().read_only(true)).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}
