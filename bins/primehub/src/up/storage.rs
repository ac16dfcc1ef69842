//! Where people and groups live: in memory, or in a data folder as well.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::persistence::{DataDirectory, OpenOptions};

/// A store for `realm`, and the name under which its content is known again.
pub(super) struct Storage {
    pub(super) store: Arc<MemoryIdentityStore>,
    /// Of a data folder: it stays when the folder is moved. Absent in memory, where every start is another realm.
    pub(super) id: Option<String>,
}

/// Opens the data folder, or makes a realm in memory.
pub(super) async fn open(realm: RealmSettings, folder: Option<&Path>) -> anyhow::Result<Storage> {
    let Some(folder) = folder else {
        return Ok(Storage { store: Arc::new(MemoryIdentityStore::new(realm)), id: None });
    };
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let directory = DataDirectory::open(&folder, &OpenOptions::new())?;
        if let Some(reason) = directory.is_read_only() {
            tracing::warn!(folder = %folder.display(), %reason, "the data folder can only be read: every change will be refused");
        }
        let id = Some(directory.store_id().to_string());
        let store = MemoryIdentityStore::open(realm, directory)
            .with_context(|| format!("the data folder {} cannot be used", folder.display()))?;
        Ok(Storage { store: Arc::new(store), id })
    })
    .await?
}
