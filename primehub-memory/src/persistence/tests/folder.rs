//! Who may use a folder, and how it comes to be.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use rstest::rstest;

use super::super::{Change, DataDirectory, Journal as _, OpenError, OpenOptions, ReadOnlyReason, StorageError};
use super::{Contents, contents, private_folder, reopen};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn open_error(folder: &Path, options: &OpenOptions) -> OpenError {
    DataDirectory::open(folder, options).expect_err("the folder is to be refused")
}

#[test]
fn a_missing_folder_is_made_for_its_owner_alone() {
    let place = private_folder();
    let folder = place.path().join("a/b/data");
    drop(reopen(&folder));
    assert_eq!(mode(&place.path().join("a")), 0o700);
    assert_eq!(mode(&folder), 0o700);
    let names: Vec<_> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["primehub.redb"]);
    assert_eq!(mode(&folder.join("primehub.redb")), 0o600);
}

#[test]
fn an_empty_folder_is_closed_to_others() {
    let place = private_folder();
    set_mode(place.path(), 0o755);
    drop(reopen(place.path()));
    assert_eq!(mode(place.path()), 0o700);
}

#[rstest]
#[case::others_read(0o704)]
#[case::group_enters(0o710)]
#[case::everybody_writes(0o1777)]
fn a_folder_in_use_that_others_can_look_into_is_refused_with_advice(
    #[case] open: u32,
    #[values(false, true)] store: bool,
) {
    let place = private_folder();
    let folder = place.path();
    if store {
        drop(reopen(folder));
    } else {
        fs::write(folder.join("something"), "of theirs").unwrap();
    }
    set_mode(folder, open);
    let error = open_error(folder, &OpenOptions::new());
    assert!(matches!(error, OpenError::OpenToOthers { mode, .. } if mode == open), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!(
            "{} is open to other accounts (mode {open:04o}): run `chmod 700` on it, or name a folder inside it, which is then \
             made with the right mode",
            folder.display()
        )
    );
    assert_eq!(mode(folder), open);
    assert_eq!(folder.join("primehub.redb").exists(), store);

    drop(reopen(&folder.join("inside")));
    set_mode(folder, 0o700);
    drop(reopen(folder));
}

/// As after a restore from a backup.
#[test]
fn a_file_that_others_could_read_is_closed_to_them() {
    let place = private_folder();
    drop(reopen(place.path()));
    let file = place.path().join("primehub.redb");
    set_mode(&file, 0o644);
    drop(reopen(place.path()));
    assert_eq!(mode(&file), 0o600);
}

#[rstest]
fn one_at_a_time_writes(#[values(false, true)] read_only: bool, #[values(false, true)] written: bool) {
    let place = private_folder();
    let mut first = reopen(place.path()).into_journal();
    if written {
        first.commit(vec![Change::put("a", "1")]).unwrap();
    }
    let error = open_error(place.path(), &OpenOptions::new().read_only(read_only));
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("another PrimeHub is using {}: stop it first, or choose another folder", place.path().display())
    );
    first.commit(vec![Change::put("b", "2")]).unwrap();
    drop(first);
    assert!(contents(&reopen(place.path())).contains_key("b"));
}

#[test]
fn several_read_at_a_time_and_nobody_writes_then() {
    let place = private_folder();
    reopen(place.path()).into_journal().commit(vec![Change::put("a", "1")]).unwrap();
    let options = OpenOptions::new().read_only(true);
    let readers = [(); 3].map(|()| DataDirectory::open(place.path(), &options).unwrap());
    for reader in &readers {
        assert_eq!(contents(reader), Contents::from([("a".into(), b"1".into())]));
    }
    assert!(matches!(open_error(place.path(), &OpenOptions::new()), OpenError::InUse { .. }));
    drop(readers);
    drop(reopen(place.path()));
}

#[test]
fn what_is_opened_for_reading_is_not_written() {
    let place = private_folder();
    reopen(place.path()).into_journal().commit(vec![Change::put("a", "1")]).unwrap();
    // A copy that is looked at has whatever mode it has.
    set_mode(place.path(), 0o755);
    let directory = DataDirectory::open(place.path(), &OpenOptions::new().read_only(true)).unwrap();
    assert_eq!(directory.is_read_only(), Some(ReadOnlyReason::Requested));
    let mut journal = directory.into_journal();
    let error = journal.commit(vec![Change::put("a", "2")]).unwrap_err();
    assert!(matches!(error, StorageError::ReadOnly { reason: ReadOnlyReason::Requested, .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("{} is read only (it was opened for reading), nothing was written", place.path().display())
    );
    drop(journal);
    set_mode(place.path(), 0o700);
    assert_eq!(contents(&reopen(place.path())), Contents::from([("a".into(), b"1".into())]));
}

#[test]
fn there_is_nothing_to_read_in_a_missing_or_empty_folder() {
    let place = private_folder();
    let missing = place.path().join("missing");
    for folder in [place.path(), &missing] {
        let error = open_error(folder, &OpenOptions::new().read_only(true));
        assert!(matches!(error, OpenError::Nothing { .. }), "{error:?}");
    }
    assert!(!missing.exists());
}

#[test]
fn a_file_is_no_folder() {
    let place = private_folder();
    let file = place.path().join("file");
    fs::write(&file, "mine").unwrap();
    let error = open_error(&file, &OpenOptions::new());
    assert!(matches!(error, OpenError::Io { .. }), "{error:?}");
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

/// A first start that was cut off has kept nothing, and is not in the way of the next.
#[test]
fn a_draft_that_was_left_is_made_anew() {
    let place = private_folder();
    let draft = place.path().join("primehub.redb.new");
    fs::write(&draft, "half of it").unwrap();
    drop(reopen(place.path()));
    assert!(!draft.exists());
}

#[test]
fn a_store_that_another_process_is_making_is_in_use() {
    let place = private_folder();
    let draft = fs::File::create(place.path().join("primehub.redb.new")).unwrap();
    draft.lock().unwrap();
    let error = open_error(place.path(), &OpenOptions::new());
    assert!(matches!(error, OpenError::InUse { .. }), "{error:?}");
    assert!(place.path().join("primehub.redb.new").exists());
}

#[test]
fn of_many_that_start_at_once_all_find_the_same_store_or_hear_that_it_is_in_use() {
    let place = private_folder();
    let ids: Vec<_> = std::thread::scope(|scope| {
        let starts = [(); 8].map(|()| {
            scope.spawn(|| match DataDirectory::open(place.path(), &OpenOptions::new()) {
                Ok(directory) => Some(directory.store_id()),
                Err(OpenError::InUse { .. }) => None,
                Err(error) => panic!("{error:?}"),
            })
        });
        starts.into_iter().filter_map(|start| start.join().unwrap()).collect()
    });
    let id = reopen(place.path()).store_id();
    assert!(ids.iter().all(|other| *other == id), "{ids:?}");
}
