//! A realm in a data folder, and clients that write to it.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use primehub_core::identity::{Actor, Edit, IdentityStore as _, UserEdit};
use primehub_core::names::UserId;
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::persistence::{DataDirectory, OpenOptions};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::population::{CLIENT, REALM, Size, populate};

/// People and groups that are on disk. The folder goes with the value.
#[derive(Clone)]
pub struct KeptRealm(Arc<Kept>);

struct Kept {
    store: MemoryIdentityStore,
    users: Vec<UserId>,
    edits: AtomicUsize,
    _folder: TempDir,
}

/// A prime number: visits people in no order that caches like.
const STEP: usize = 7_919;

impl KeptRealm {
    /// A realm of that size, in a new folder below `place`.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub async fn new(place: &Path, size: Size) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(place)?;
        let store = open(folder.path())?;
        let (users, _) = populate(&store, size).await?;
        Ok(Self(Arc::new(Kept { store, users, edits: AtomicUsize::new(0), _folder: folder })))
    }

    /// Gives somebody another name, and tells how long it takes until that is on disk.
    ///
    /// # Errors
    /// A store that refuses.
    pub async fn edit(&self) -> anyhow::Result<Duration> {
        let Kept { store, users, edits, .. } = &*self.0;
        let number = edits.fetch_add(1, Ordering::Relaxed);
        // Another name at each round: an edit that changes nothing is not written.
        let edit = UserEdit { first_name: Edit::Set(format!("Renamed{number}")), ..UserEdit::default() };
        let user = &users[number.wrapping_mul(STEP) % users.len()];
        let began = Instant::now();
        store.edit_user(&Actor::service(), user, edit).await?;
        Ok(began.elapsed())
    }

    /// Lets so many clients edit at the same time, so often each, and tells how many edits were acknowledged in a second.
    ///
    /// # Errors
    /// A store that refuses.
    pub async fn edits_per_second(&self, clients: u32, each: u32) -> anyhow::Result<f64> {
        let mut working = JoinSet::new();
        let began = Instant::now();
        for _ in 0..clients {
            let realm = self.clone();
            working.spawn(async move {
                for _ in 0..each {
                    realm.edit().await?;
                }
                anyhow::Ok(())
            });
        }
        working.join_all().await.into_iter().collect::<anyhow::Result<()>>()?;
        Ok(f64::from(clients * each) / began.elapsed().as_secs_f64())
    }
}

/// Adds people and groups to the realm in that folder, which nobody else has open.
///
/// # Errors
/// A folder that cannot be written.
pub(crate) async fn add_people(folder: &Path, size: Size) -> anyhow::Result<()> {
    populate(&open(folder)?, size).await.map(drop)
}

fn open(folder: &Path) -> anyhow::Result<MemoryIdentityStore> {
    let directory = DataDirectory::open(folder, &OpenOptions::new())?;
    Ok(MemoryIdentityStore::open(RealmSettings::new(REALM, CLIENT), directory)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_written_is_kept() {
        let place = tempfile::tempdir().unwrap();
        add_people(place.path(), Size { users: 12, groups: 3 }).await.unwrap();
        assert_eq!(open(place.path()).unwrap().directory().people_count(), 12);

        let realm = KeptRealm::new(place.path(), Size { users: 3, groups: 2 }).await.unwrap();
        assert!(realm.edits_per_second(4, 3).await.unwrap() > 0.0);
        let directory = realm.0.store.directory();
        let renamed = |user| directory.user(user).unwrap().first_name.as_deref().unwrap().starts_with("Renamed");
        assert!(realm.0.users.iter().all(renamed));
    }
}
