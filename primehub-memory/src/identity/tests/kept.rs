//! What a store keeps, and what becomes of writes that cannot be kept.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;
use primehub_core::identity::{
    Binding, Conflict, Edit, Invitation, InvitationId, NewInvitation, NewPassword, RealmEdit, Role, RoleKey, Subject,
    UserEdit,
};
use primehub_core::names::{GroupId, UserId};
use proptest::prelude::*;

use super::*;
use crate::identity::records;
use crate::persistence::{Change, DataDirectory, Journal, OpenOptions, StorageError};
use crate::sessions::{Session, SessionKind};

/// What a journal has kept, and how often it was asked to.
#[derive(Clone, Default)]
struct Disk(Arc<Mutex<Content>>);

#[derive(Default)]
struct Content {
    records: BTreeMap<String, Vec<u8>>,
    commits: usize,
}

impl Disk {
    fn records(&self) -> Vec<(String, Vec<u8>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).records.clone().into_iter().collect()
    }

    fn commits(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).commits
    }
}

impl Journal for Disk {
    fn commit(&mut self, changes: Vec<Change>) -> Result<(), StorageError> {
        let mut disk = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        disk.commits += 1;
        for Change { key, value } in changes {
            match value {
                Some(value) => drop(disk.records.insert(key, value)),
                None => drop(disk.records.remove(&key)),
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

/// A store whose commits are told when, and whether, to succeed. The first one, of the new realm, has succeeded.
struct Slow {
    store: Arc<MemoryIdentityStore>,
    disk: Disk,
    begun: Receiver<()>,
    turns: SyncSender<bool>,
}

impl Slow {
    fn new() -> Self {
        let disk = Disk::default();
        let (announced, begun) = sync_channel(64);
        let (turns, turn) = sync_channel(64);
        turns.send(true).unwrap();
        let journal = Told { disk: disk.clone(), begun: announced, turns: turn };
        let store = Arc::new(MemoryIdentityStore::kept_in(settings(), Vec::new(), journal).unwrap());
        begun.recv().unwrap();
        Self { store, disk, begun, turns }
    }

    /// Begins to create a user and goes on.
    fn create(&self, username: &str) -> tokio::task::JoinHandle<Result<(), IdentityError>> {
        let (store, new) = (self.store.clone(), new_user(username));
        let mut creating = Box::pin(async move { store.create_user(&service(), new).await.map(drop) });
        assert!(creating.as_mut().now_or_never().is_none(), "a write waits for the disk");
        tokio::spawn(creating)
    }

    fn knows(&self, username: &str) -> bool {
        self.store.directory().user_named(username).is_some()
    }
}

fn settings() -> RealmSettings {
    let mut settings = RealmSettings::new("primehub", "admin-ui");
    settings.clock = clock();
    settings.password_cost = PasswordCost::lowest();
    settings
}

fn reopened(disk: &Disk) -> MemoryIdentityStore {
    MemoryIdentityStore::kept_in(settings(), disk.records(), disk.clone()).unwrap()
}

/// Everything that a store has, as it would be stored.
fn content(store: &MemoryIdentityStore) -> BTreeMap<String, Vec<u8>> {
    let records = records::all(&store.state()).into_iter();
    records.map(|Change { key, value }| (key, value.unwrap())).collect()
}

#[tokio::test]
async fn nobody_reads_what_is_not_kept_and_writes_that_come_together_share_a_commit() {
    let slow = Slow::new();
    let first = slow.create("first");
    slow.begun.recv().unwrap();
    let others: Vec<_> = ["second", "third", "fourth"].map(|name| slow.create(name)).into();
    assert!(!slow.knows("first"));
    slow.turns.send(true).unwrap();
    first.await.unwrap().unwrap();
    assert!(slow.knows("first") && !slow.knows("second"));
    slow.begun.recv().unwrap();
    slow.turns.send(true).unwrap();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert!(slow.knows("fourth"));
    assert_eq!(slow.disk.commits(), 3, "that of the realm, that of the first, and one for all others");
}

#[tokio::test]
async fn what_cannot_be_kept_is_undone_with_what_was_built_on_it() {
    let slow = Slow::new();
    let first = slow.create("first");
    slow.begun.recv().unwrap();
    let behind = slow.create("behind");
    slow.turns.send(false).unwrap();
    for write in [first, behind] {
        let error = write.await.unwrap().unwrap_err();
        assert!(error == IdentityError::NotWritable { reason: "the disk is full".to_owned() }, "{error}");
    }
    assert!(!slow.knows("first") && !slow.knows("behind"));

    let again = slow.create("first");
    slow.begun.recv().unwrap();
    slow.turns.send(true).unwrap();
    again.await.unwrap().unwrap();
    assert_eq!(content(&slow.store), slow.disk.records().into_iter().collect());
}

#[tokio::test]
async fn a_write_that_finds_what_it_wants_waits_until_that_is_kept() {
    let slow = Slow::new();
    let role = || Role::new(RoleKey::realm("img:pytorch"));
    let by = service();
    let mut first = slow.store.ensure_role(&by, role());
    assert!(first.as_mut().now_or_never().is_none());
    slow.begun.recv().unwrap();
    let mut same = slow.store.ensure_role(&by, role());
    assert!(same.as_mut().now_or_never().is_none(), "it is not there yet");
    slow.turns.send(false).unwrap();
    assert!(first.await.is_err() && same.await.is_err());
}

#[rstest::rstest]
#[case::kept(true, IdentityError::Conflict(Conflict::Username))]
#[case::undone(false, IdentityError::NotWritable { reason: "the disk is full".to_owned() })]
#[tokio::test]
async fn a_refusal_waits_until_what_it_rests_on_is_kept(#[case] keeps: bool, #[case] expected: IdentityError) {
    let slow = Slow::new();
    let first = slow.create("first");
    slow.begun.recv().unwrap();
    let same = slow.create("first");
    slow.turns.send(keeps).unwrap();
    assert_eq!(first.await.unwrap().is_ok(), keeps);
    assert_eq!(same.await.unwrap(), Err(expected));
}

#[tokio::test]
async fn after_a_panic_of_the_journal_writes_fail_and_reading_goes_on() {
    let mut slow = Slow::new();
    let first = slow.create("first");
    slow.begun.recv().unwrap();
    let behind = slow.create("behind");
    // It panics when there is nobody to tell it what to do.
    slow.turns = sync_channel(1).0;
    assert_eq!(first.await.unwrap(), Err(IdentityError::OutcomeUnknown { operation: "the write" }));
    let reason = "keeping has failed for good; the server has to be started again".to_owned();
    let refused = Err(IdentityError::NotWritable { reason });
    assert_eq!(behind.await.unwrap(), refused);
    for _ in 0..2 {
        assert_eq!(slow.store.create_user(&service(), new_user("later")).await.map(drop), refused);
    }
    assert!(!slow.knows("first") && !slow.knows("later"));
    let role = Role::new(RoleKey::realm("offline_access"));
    assert!(slow.store.ensure_role(&service(), role).await.is_ok(), "what is there already needs no writing");
}

#[tokio::test]
async fn what_waits_for_the_disk_is_bounded() {
    let slow = Slow::new();
    let first = slow.create("first");
    slow.begun.recv().unwrap();
    let by = service();
    let ensure = |name: &str| slow.store.ensure_role(&by, Role::new(RoleKey::realm(name.to_owned())));
    for _ in 0..8_192 {
        for name in ["one", "two"] {
            assert!(ensure(name).now_or_never().is_none());
        }
    }
    let refused = Err(IdentityError::NotWritable { reason: "the disk does not keep up".to_owned() });
    for name in ["one", "three"] {
        assert_eq!(ensure(name).now_or_never().unwrap().map(drop), refused);
    }
    slow.turns.send(true).unwrap();
    first.await.unwrap().unwrap();
    slow.begun.recv().unwrap();
    slow.turns.send(true).unwrap();
    // The one who waits next learns that those before are kept.
    let settled = ensure("two");
    settled.await.unwrap();
    assert!(slow.store.directory().role(&RoleKey::realm("three")).is_none());
}

#[tokio::test]
async fn a_write_whose_caller_has_gone_is_kept_all_the_same() {
    let slow = Slow::new();
    let write = slow.create("first");
    slow.begun.recv().unwrap();
    write.abort();
    assert!(write.await.unwrap_err().is_cancelled());
    slow.turns.send(true).unwrap();
    drop(slow.store);
    assert!(reopened(&slow.disk).directory().user_named("first").is_some());
}

#[tokio::test]
async fn sessions_secrets_and_passwords_come_back() {
    let disk = Disk::default();
    let store = MemoryIdentityStore::kept_in(settings(), Vec::new(), disk.clone()).unwrap();
    let amy = add_user(&store, "amy").await;
    store.set_password(&service(), &amy.id, NewPassword::lasting(secret("pw"))).await.unwrap();
    let made = store.ensure_secret("client/hub", || secret("made")).await.unwrap();
    let session = Session::new(SessionKind::Offline, "ui", Timestamp::UNIX_EPOCH);
    let session = store.sessions().start(&amy.id, session).await.unwrap();
    let before = content(&store);
    drop(store);

    let store = reopened(&disk);
    assert_eq!(content(&store), before);
    assert!(store.sessions().get(&amy.id, &session).is_some());
    assert!(matches!(
        store.verify_password("amy", &secret("pw")).await,
        Ok(crate::identity::PasswordCheck::Correct(_))
    ));
    let again = store.ensure_secret("client/hub", || secret("another")).await.unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(&again), secrecy::ExposeSecret::expose_secret(&made));
    store.delete_user(&service(), &amy.id).await.unwrap();
    assert!(disk.records().iter().all(|(key, _)| !key.contains(amy.id.as_str())), "nothing of an account stays");
}

#[tokio::test]
async fn a_folder_that_can_only_be_read_is_read() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let open = |read_only: bool| {
        let data = DataDirectory::open(&folder, &OpenOptions::new().read_only(read_only)).unwrap();
        MemoryIdentityStore::open(settings(), data).unwrap()
    };
    let store = open(false);
    let amy = add_user(&store, "amy").await;
    store.set_password(&service(), &amy.id, NewPassword::lasting(secret("pw"))).await.unwrap();
    drop(store);

    let store = open(true);
    assert!(store.capabilities().read_only);
    assert!(matches!(
        store.verify_password("amy", &secret("pw")).await,
        Ok(crate::identity::PasswordCheck::Correct(_))
    ));
    let reason = "the data folder can only be read".to_owned();
    let refused = Err(IdentityError::NotWritable { reason });
    let session = Session::new(SessionKind::Online, "ui", Timestamp::UNIX_EPOCH);
    assert_eq!(store.sessions().start(&amy.id, session).await.map(drop), refused);
    assert_eq!(store.create_user(&service(), new_user("bob")).await.map(drop), refused);
    assert!(store.directory().user_named("bob").is_none());
    let unchanged = store.ensure_role(&service(), Role::new(RoleKey::realm("offline_access"))).await;
    assert!(unchanged.is_ok(), "what is there already needs no writing");
}

#[rstest::rstest]
#[case::another_realm(|_: &mut BTreeMap<String, Vec<u8>>| (), "master", "the folder holds the realm \"primehub\", not \"master\"")]
#[case::no_realm(|records: &mut BTreeMap<String, Vec<u8>>| drop(records.remove("realm")), "primehub", "the record \"realm\" cannot be read: it is missing")]
#[case::of_a_newer_version(|records: &mut BTreeMap<String, Vec<u8>>| drop(records.insert("moon/1".into(), b"{}".into())), "primehub", "no such kind of record")]
#[case::nonsense(|records: &mut BTreeMap<String, Vec<u8>>| drop(records.insert("user/1".into(), b"{".into())), "primehub", "the record \"user/1\" cannot be read: EOF")]
fn what_is_no_realm_is_refused(
    #[case] spoil: impl FnOnce(&mut BTreeMap<String, Vec<u8>>),
    #[case] realm: &str,
    #[case] expected: &str,
) {
    let disk = Disk::default();
    drop(MemoryIdentityStore::kept_in(settings(), Vec::new(), disk.clone()).unwrap());
    spoil(&mut disk.0.lock().unwrap().records);
    let settings = RealmSettings { realm: realm.to_owned(), ..settings() };
    let Err(error) = MemoryIdentityStore::kept_in(settings, disk.records(), disk) else { panic!("it is refused") };
    assert!(error.to_string().contains(expected), "{error}");
}

/// One of the edits that anybody may make, on one of few objects.
fn edit() -> impl Strategy<Value = (u8, usize, usize)> {
    (0..13_u8, 0..4_usize, 0..4_usize)
}

async fn carry_out(store: &MemoryIdentityStore, (what, one, other): (u8, usize, usize)) {
    let by = service();
    let (user_name, group_name) = (format!("user-{one}"), format!("group-{other}"));
    let directory = store.directory();
    let user = directory.user_named(&user_name).map_or_else(|| UserId::new("nobody"), |user| user.id.clone());
    let group = directory.group_named(&group_name).map_or_else(|| GroupId::new("none"), |group| group.id.clone());
    let role = RoleKey::realm(format!("img:role-{other}"));
    // Many of these fail, as what they need is not there: then nothing may change.
    match what {
        0 | 1 => drop(store.create_user(&by, with_email(&user_name, &format!("{user_name}@example.com"))).await),
        2 => drop(store.create_group(&by, new_group(&group_name)).await),
        3 | 4 => drop(store.bind(&by, &[Binding::Join { user, group }]).await),
        5 => {
            let role = directory.administrator_role().clone();
            drop(store.bind(&by, &[Binding::Grant { to: Subject::User(user), role }]).await);
        }
        6 => drop(store.ensure_role(&by, Role::new(role)).await),
        7 => drop(store.bind(&by, &[Binding::Grant { to: Subject::Group(group), role }]).await),
        8 => drop(store.delete_role(&by, &role).await),
        9 => drop(store.delete_group(&by, &group).await),
        10 => drop(store.delete_user(&by, &user).await),
        11 => {
            let edit = UserEdit {
                enabled: Some(other % 2 == 0),
                first_name: Edit::Set(format!("N{other}")),
                ..UserEdit::default()
            };
            drop(store.edit_user(&by, &user, edit).await);
            let smtp = [("password", &*format!("{one}")), ("from", "a@b"), ("auth", "true")]
                .map(|(key, value)| (key.to_owned(), Edit::Set(value.to_owned())));
            drop(store.edit_realm(&by, RealmEdit { smtp: smtp.into(), ..RealmEdit::default() }).await);
        }
        _ => {
            let id = InvitationId::of_token(&user_name);
            drop(store.put_invitation(&by, NewInvitation::new(Invitation::new(id, group, Timestamp::MAX))).await);
            drop(store.sessions().start(&user, Session::new(SessionKind::Online, "ui", Timestamp::UNIX_EPOCH)).await);
            drop(store.take_invitation(&by, &InvitationId::of_token("user-0")).await);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_is_there(edits in prop::collection::vec(edit(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let disk = Disk::default();
        let store = MemoryIdentityStore::kept_in(settings(), Vec::new(), disk.clone()).unwrap();
        runtime.block_on(async {
            for edit in edits {
                carry_out(&store, edit).await;
            }
        });
        let there = content(&store);
        prop_assert_eq!(&disk.records().into_iter().collect::<BTreeMap<_, _>>(), &there);
        drop(store);
        prop_assert_eq!(&content(&reopened(&disk)), &there);
    }
}
