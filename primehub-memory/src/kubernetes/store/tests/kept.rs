//! With a journal: what is kept, and what becomes of writes that cannot be.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;

use super::*;
use crate::persistence::{Change, Journal, StorageError};

/// Records, and how many commits they took.
type Kept = (BTreeMap<String, Vec<u8>>, usize);

/// What a journal has kept.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Kept>>);

impl Disk {
    fn part(&self, journal: impl Journal + 'static) -> Part {
        let records = self.0.lock().unwrap_or_else(PoisonError::into_inner).0.clone().into_iter().collect();
        Part { records, journal: Box::new(journal), read_only: None }
    }

    fn open(&self) -> Store {
        Store::open(self.part(self.clone()), History::default()).unwrap()
    }

    fn commits(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl Journal for Disk {
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        let mut disk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        disk.1 += 1;
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(disk.0.insert(key, value)),
                None => drop(disk.0.remove(&key)),
            }
        }
        Ok(())
    }
}

/// A journal that does what it is told, once it is told: each commit waits for its turn and may fail.
struct Told {
    disk: Disk,
    begun: SyncSender<()>,
    turns: Receiver<bool>,
}

impl Journal for Told {
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        self.begun.send(()).unwrap();
        if self.turns.recv().unwrap() {
            return self.disk.commit(changes);
        }
        Err(StorageError::Full { folder: "/full".into(), source: Arc::new(std::io::ErrorKind::StorageFull.into()) })
    }
}

struct Slow {
    store: Arc<Store>,
    disk: Disk,
    begun: Receiver<()>,
    turns: SyncSender<bool>,
}

type Writing = tokio::task::JoinHandle<Result<Arc<Object>, CommitError>>;

impl Slow {
    fn new() -> Self {
        let disk = Disk::default();
        let (announced, begun) = sync_channel(64);
        let (turns, turn) = sync_channel(64);
        let journal = Told { disk: disk.clone(), begun: announced, turns: turn };
        let store = Arc::new(Store::open(disk.part(journal), History::default()).unwrap());
        Self { store, disk, begun, turns }
    }

    /// Begins a write and goes on.
    fn begin(&self, commit: Commit) -> Writing {
        let store = Arc::clone(&self.store);
        let mut writing = Box::pin(async move { store.commit(commit).await });
        assert!(writing.as_mut().now_or_never().is_none(), "a write waits for the disk");
        tokio::spawn(writing)
    }
}

#[tokio::test]
async fn nobody_sees_what_is_not_kept_and_writes_that_come_together_share_a_commit() {
    let slow = Slow::new();
    let mut watching = slow.store.follow(watch(Start::Now), None);
    let first = slow.begin(put(&named("a"), "1", Expected::Absent));
    slow.begun.recv().unwrap();
    let second = slow.begin(put(&named("b"), "1", Expected::Absent));
    let again = slow.begin(put(&named("b"), "2", Expected::Absent));
    let stale = slow.begin(put(&named("a"), "2", Expected::Revision(1)));
    let newer = slow.begin(put(&named("a"), "2", Expected::Revision(2)));
    assert_eq!(slow.store.revision(), 1);
    assert!(watching.next().now_or_never().is_none());
    slow.turns.send(true).unwrap();
    assert_eq!(version(&first.await.unwrap().unwrap()), 2);
    assert_eq!(next(&mut watching).await, ["+a 2"]);
    slow.begun.recv().unwrap();
    assert!(!slow.store.contains(&pods(), &named("b")));
    slow.turns.send(true).unwrap();
    assert_eq!(version(&second.await.unwrap().unwrap()), 3);
    assert_eq!(again.await.unwrap().unwrap_err(), CommitError::Exists);
    assert_eq!(stale.await.unwrap().unwrap_err(), CommitError::Stale);
    assert_eq!(version(&newer.await.unwrap().unwrap()), 4);
    assert_eq!(next(&mut watching).await, ["+b 3", "~a 4"]);
    assert_eq!(slow.disk.commits(), 2);
}

#[tokio::test]
async fn a_commit_that_fails_changes_nothing_and_everybody_learns_why() {
    let slow = Slow::new();
    let mut watching = slow.store.follow(watch(Start::Now), None);
    let first = slow.begin(put(&named("a"), "1", Expected::Absent));
    slow.begun.recv().unwrap();
    let others =
        [slow.begin(put(&named("b"), "1", Expected::Absent)), slow.begin(put(&named("b"), "1", Expected::Absent))];
    slow.turns.send(false).unwrap();
    let full = CommitError::NotKept("the disk is full".to_owned());
    assert_eq!(first.await.unwrap().unwrap_err(), full);
    slow.begun.recv().unwrap();
    slow.turns.send(false).unwrap();
    for other in others {
        assert_eq!(other.await.unwrap().unwrap_err(), full);
    }
    assert_eq!((slow.store.revision(), slow.store.all(&pods(), None).len()), (1, 0));
    assert!(watching.next().now_or_never().is_none());
    let healed = slow.begin(put(&named("a"), "1", Expected::Absent));
    slow.begun.recv().unwrap();
    slow.turns.send(true).unwrap();
    assert_eq!(version(&healed.await.unwrap().unwrap()), 2);
}

#[tokio::test]
async fn a_new_start_goes_on_where_the_last_one_ended() {
    let disk = Disk::default();
    let store = disk.open();
    let cluster = Storage { group: "example.com".into(), resource: "wholes".into() };
    set(&store, "a", "1").await;
    let (key, write) = (Key::new(None, "w"), Write::Put(object(&Key::new(None, "w"), "1")));
    store
        .commit(Commit { storage: cluster.clone(), key: key.clone(), expected: Expected::Absent, write })
        .await
        .unwrap();
    set(&store, "b", "1").await;
    remove(&store, "b").await;
    drop(store);
    let store = disk.open();
    assert_eq!((store.revision(), names(&store.all(&pods(), None))), (5, vec!["a".to_owned()]));
    assert_eq!(store.get(&cluster, &key).unwrap().meta.revision, 3);
    let mut before = store.follow(watch(Start::After(4)), None);
    assert_eq!(next(&mut before).await, ["too old resource version: 4 (5)"]);
    let mut resumed = store.follow(watch(Start::After(5)), None);
    set(&store, "a", "2").await;
    assert_eq!(next(&mut resumed).await, ["~a 6"]);
}

#[tokio::test]
async fn a_journal_that_panics_leaves_reading_and_refuses_writes() {
    struct Broken;
    impl Journal for Broken {
        fn commit(&mut self, _: Vec<Change>) -> Result<(), StorageError> {
            panic!("broken")
        }
    }
    let store =
        Store::open(Part { records: Vec::new(), journal: Box::new(Broken), read_only: None }, History::default())
            .unwrap();
    for _ in 0..2 {
        let refused = store.commit(put(&named("a"), "1", Expected::Absent)).await.unwrap_err();
        assert!(matches!(refused, CommitError::NotKept(why) if why.contains("started again")));
    }
    assert_eq!(store.all(&pods(), None).len(), 0);
}

#[test]
fn a_record_of_others_is_refused() {
    for (name, bytes) in [("kubernetes/x", "{}"), ("kubernetes//pods/ns/a", "{"), ("kubernetes/revision", "x")] {
        let records = vec![(name.to_owned(), bytes.as_bytes().to_vec())];
        let opened =
            Store::open(Part { records, journal: Box::new(Disk::default()), read_only: None }, History::default());
        assert!(matches!(opened, Err(OpenStoreError::Record { name: refused }) if refused == name));
    }
}
