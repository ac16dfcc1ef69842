//! What becomes of what is stored when a store is opened.

use std::path::Path;

use primehub_core::clock::{Clock as _, ManualClock};

use super::*;
use crate::persistence::{DataDirectory, OpenOptions};
use crate::sessions::{Session, SessionKind};

fn data(folder: &Path, read_only: bool) -> DataDirectory {
    DataDirectory::open(folder, &OpenOptions::new().read_only(read_only)).unwrap()
}

#[tokio::test]
async fn sessions_that_have_ended_do_not_stay_stored() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    let mut settings = RealmSettings::new("primehub", "admin-ui");
    settings.clock = clock.clone();
    let open = |read_only| MemoryIdentityStore::open(settings.clone(), data(&folder, read_only)).unwrap();
    let stored = || data(&folder, true).scan("session/").unwrap().count();

    let store = open(false);
    let amy = add_user(&store, "amy").await;
    for kind in [SessionKind::Online, SessionKind::Offline] {
        store.sessions().start(&amy.id, Session::new(kind, "ui", clock.now())).await.unwrap();
    }
    drop(store);
    drop(open(false));
    assert_eq!(stored(), 2);
    clock.advance(SessionKind::ONLINE_IDLE);
    let store = open(true);
    assert_eq!(store.sessions().of_user(&amy.id).len(), 1, "whoever only reads does not mind");
    drop(store);
    assert_eq!(stored(), 2);
    drop(open(false));
    assert_eq!(stored(), 1);
}
