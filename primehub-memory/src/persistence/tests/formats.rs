//! Formats: the released ones are read, older ones brought up to date, newer ones left alone.

use std::error::Error as _;
use std::fs;
use std::path::{Path, PathBuf};

use super::super::database::{self, Meta};
use super::super::file::StoreFile;
use super::super::format::{FORMATS, Formats, RecordMap};
use super::super::{Change, DataDirectory, Journal as _, MigrationError, OpenError, OpenOptions, ReadOnlyReason};
use super::disk::Disk;
use super::{Contents, contents, contents_of_disk, open_disk, private_folder, reopen};

/// Three formats that never were: names are split by `:`, then by `/`, then values are in capitals.
const INVENTED: Formats = Formats { oldest: 0, steps: &[split_by_slashes, write_in_capitals] };
const INVENTED_0: Formats = Formats { oldest: 0, steps: &[] };
const INVENTED_1: Formats = Formats { oldest: 0, steps: &[split_by_slashes] };

fn split_by_slashes(records: RecordMap) -> Result<RecordMap, MigrationError> {
    if let Some(key) = records.keys().find(|key| key.contains('/')) {
        return Err(MigrationError { key: key.clone(), format: 0, reason: "it has a slash".to_owned() });
    }
    Ok(records.into_iter().map(|(key, value)| (key.replace(':', "/"), value)).collect())
}

fn write_in_capitals(records: RecordMap) -> Result<RecordMap, MigrationError> {
    let capitals = |(key, value): (String, Vec<u8>)| match String::from_utf8(value) {
        Ok(value) => Ok((key, value.to_uppercase().into_bytes())),
        Err(_) => Err(MigrationError { key, format: 1, reason: "it is not text".to_owned() }),
    };
    records.into_iter().map(capitals).collect()
}

/// A store of format 0, written by a version that never was.
fn old_disk(records: &[(&str, &[u8])]) -> Disk {
    let disk = Disk::default();
    let meta = Meta { format: 0, store_id: uuid::Uuid::nil(), written_by: "0.0.1".to_owned() };
    database::create(&StoreFile::new(Box::new(disk.clone())), &meta).unwrap();
    let mut journal = open_disk(&disk, None, &INVENTED_0).unwrap().into_journal();
    journal.commit(records.iter().map(|(key, value)| Change::put(*key, *value)).collect()).unwrap();
    drop(journal);
    Disk::with_bytes(disk.bytes())
}

fn texts<const N: usize>(records: [(&str, &str); N]) -> Contents {
    records.into_iter().map(|(key, value)| (key.to_owned(), value.into())).collect()
}

#[test]
fn formats_are_numbered_from_the_oldest_on() {
    assert_eq!(INVENTED.newest(), 2);
    let steps = |found| INVENTED.steps_from(found).map(<[_]>::len);
    assert_eq!([0, 1, 2, 3].map(steps), [Some(2), Some(1), Some(0), None]);
    assert_eq!(FORMATS.steps_from(0).map(<[_]>::len), None);
    assert_eq!(FORMATS.newest(), 1);
}

#[test]
fn an_older_format_is_brought_up_to_date_step_by_step_and_once() {
    let disk = old_disk(&[("user:amy", b"one"), ("user:bob", b"TWO"), ("plain", b"three")]);
    let old = disk.bytes();
    let between = texts([("plain", "three"), ("user/amy", "one"), ("user/bob", "TWO")]);
    assert_eq!(contents(&open_disk(&disk, None, &INVENTED_1).unwrap()), between);
    assert_eq!(contents(&open_disk(&disk, None, &INVENTED_1).unwrap()), between);

    let newest = texts([("plain", "THREE"), ("user/amy", "ONE"), ("user/bob", "TWO")]);
    for disk in [disk, Disk::with_bytes(old)] {
        let directory = open_disk(&disk, None, &INVENTED).unwrap();
        assert_eq!(contents(&directory), newest);
        assert_eq!(directory.store_id(), uuid::Uuid::nil());
        drop(directory);
        let written = disk.log().len();
        assert_eq!(contents(&open_disk(&disk, None, &INVENTED).unwrap()), newest);
        assert_eq!(disk.log().len(), written, "once is enough");
        let error = open_disk(&disk, None, &INVENTED_1).unwrap_err();
        assert!(matches!(error, OpenError::NewerFormat { found: 2, supported: 1, .. }), "{error:?}");
    }
}

#[test]
fn an_older_format_that_is_only_read_is_brought_up_to_date_in_memory() {
    let disk = old_disk(&[("user:amy", b"one")]);
    let before = disk.bytes();
    let directory = open_disk(&disk, Some(ReadOnlyReason::Requested), &INVENTED).unwrap();
    assert_eq!(contents(&directory), texts([("user/amy", "ONE")]));
    drop(directory);
    assert!(disk.bytes() == before);
}

#[test]
fn a_record_that_cannot_be_brought_up_to_date_is_named_and_nothing_is_changed() {
    let disk = old_disk(&[("user:amy", b"one"), ("user:bob", b"\xff")]);
    let before = disk.bytes();
    let error = open_disk(&disk, None, &INVENTED).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "/data holds format 0, and its records cannot be brought up to format 2: it has been left as it is; use the version \
             that wrote it, PrimeHub {}",
            database::VERSION
        )
    );
    assert_eq!(error.source().unwrap().to_string(), r#"record "user/bob" of format 1: it is not text"#);
    assert!(disk.bytes() == before);
}

#[test]
fn a_loss_of_power_on_the_way_leaves_the_old_format_or_the_new() {
    let disk = old_disk(&[("user:amy", b"one"), ("user:bob", b"two"), ("plain", b"three")]);
    let mut image = disk.bytes();
    let newest = texts([("plain", "THREE"), ("user/amy", "ONE"), ("user/bob", "TWO")]);
    drop(open_disk(&disk, None, &INVENTED).unwrap());
    let mut formats = std::collections::BTreeSet::new();
    for operation in disk.log() {
        operation.apply(&mut image);
        let file = Disk::with_bytes(image.clone());
        formats.insert(open_disk(&file, None, &INVENTED_0).is_ok());
        assert_eq!(contents(&open_disk(&file, None, &INVENTED).unwrap()), newest);
    }
    assert_eq!(formats.len(), 2, "both the old and the new format are met");
}

#[test]
fn a_disk_that_is_full_on_the_way_leaves_the_old_format() {
    let disk = old_disk(&[("user:amy", b"one")]);
    disk.fail(super::disk::Fault { after: 3, kind: std::io::ErrorKind::StorageFull, forgetful: false });
    let error = open_disk(&disk, None, &INVENTED).unwrap_err();
    assert!(error.to_string().starts_with("the disk that holds /data is full"), "{error}");
    disk.heal();
    assert_eq!(contents(&open_disk(&disk, None, &INVENTED_0).unwrap()), texts([("user:amy", "one")]));
}

#[test]
fn a_newer_format_is_refused_with_advice_and_left_alone() {
    let place = private_folder();
    let newer = Formats { oldest: 1, steps: &[split_by_slashes] };
    let directory = DataDirectory::open_with_formats(place.path(), &OpenOptions::new(), &newer).unwrap();
    directory.into_journal().commit(vec![Change::put("a", "1")]).unwrap();
    let file = place.path().join("primehub.redb");
    let before = fs::read(&file).unwrap();
    for read_only in [false, true] {
        let error = DataDirectory::open(place.path(), &OpenOptions::new().read_only(read_only)).unwrap_err();
        let version = database::VERSION;
        assert_eq!(
            error.to_string(),
            format!(
                "{} holds format 2, written by PrimeHub {version}; this is PrimeHub {version}, which knows formats up to 1: start \
                 the newer version, or restore a backup made before it",
                place.path().display()
            )
        );
        assert!(fs::read(&file).unwrap() == before);
    }
}

#[test]
fn a_format_that_never_was_is_damage() {
    let error = open_disk(&old_disk(&[]), None, &FORMATS).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { .. }), "{error:?}");
}

#[test]
fn the_first_commit_of_another_version_leaves_its_name() {
    let disk = Disk::default();
    let meta = Meta { format: 1, store_id: uuid::Uuid::nil(), written_by: "0.0.1".to_owned() };
    database::create(&StoreFile::new(Box::new(disk.clone())), &meta).unwrap();
    let stored = |disk: &Disk| {
        let file = StoreFile::holding(Box::new(disk.clone()), super::super::file::Access::Read).unwrap();
        database::read_meta(&database::open(&file, database::Trust::Check).unwrap()).unwrap()
    };
    let mut journal = open_disk(&disk, None, &FORMATS).unwrap().into_journal();
    assert_eq!(stored(&disk), meta);
    journal.commit(vec![Change::put("a", "1")]).unwrap();
    assert_eq!(stored(&disk), Meta { written_by: database::VERSION.to_owned(), ..meta });
}

/// A real file of each released format. `examples/format_sample.rs` has made them.
#[test]
fn every_released_format_is_read_whole_and_can_be_written_to() {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let expected = |format: u32| {
        let mut expected = texts([("empty", ""), ("text/ünï/\u{1f600}", "an UTF-8 name, and a text: ü")]);
        expected.insert("bytes".to_owned(), (0..=255).collect());
        expected.insert("large".to_owned(), vec![b'x'; 10_000]);
        expected.extend((0..30_u8).map(|n| (format!("many/{n:02}"), vec![n; 40])));
        assert_eq!(format, 1, "say here what later formats make of the sample");
        expected
    };
    for format in FORMATS.oldest..=FORMATS.newest() {
        let sample: PathBuf = samples.join(format!("format-{format}/primehub.redb"));
        let bytes = fs::read(&sample).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
        let place = private_folder();
        fs::write(place.path().join("primehub.redb"), &bytes).unwrap();

        let directory = reopen(place.path());
        assert_eq!(contents(&directory), expected(format));
        let id = directory.store_id();
        assert!(!id.is_nil());
        directory.into_journal().commit(vec![Change::remove("large")]).unwrap();
        let directory = reopen(place.path());
        assert_eq!(directory.store_id(), id);
        assert_eq!(contents(&directory).len(), expected(format).len() - 1);

        assert_eq!(contents_of_disk(&Disk::with_bytes(bytes)), expected(format));
    }
}
