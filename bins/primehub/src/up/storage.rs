//! Where people and groups live: in memory, or in a data folder as well.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::kubernetes::store::RECORDS;
use primehub_memory::persistence::{DataDirectory, OpenOptions, Part};

/// A store for `realm`, and the name under which its content is known again.
pub(super) struct Storage {
    pub(super) store: Arc<MemoryIdentityStore>,
    /// Of a data folder: it stays when the folder is moved. Absent in memory, where every start is another realm.
    pub(super) id: Option<String>,
    /// What of a data folder belongs to the Kubernetes API.
    pub(super) objects: Option<Part>,
}

/// Opens a data folder for the Kubernetes API alone.
pub(super) async fn objects(folder: &Path) -> anyhow::Result<Part> {
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || Ok(directory(&folder)?.split(RECORDS)?.1)).await?
}

fn directory(folder: &Path) -> anyhow::Result<DataDirectory> {
    let directory = DataDirectory::open(folder, &OpenOptions::new())?;
    if let Some(reason) = directory.is_read_only() {
        tracing::warn!(folder = %folder.display(), %reason, "the data folder can only be read: every change will be refused");
    }
    Ok(directory)
}

/// Opens the data folder, or makes a realm in memory.
pub(super) async fn open(realm: RealmSettings, folder: Option<&Path>) -> anyhow::Result<Storage> {
    let Some(folder) = folder else {
        return Ok(Storage { store: Arc::new(MemoryIdentityStore::new(realm)), id: None, objects: None });
    };
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let directory = directory(&folder)?;
        let id = Some(directory.store_id().to_string());
        let (people, objects) = directory.split(RECORDS)?;
        let store = MemoryIdentityStore::open_part(realm, people)
            .with_context(|| format!("the data folder {} cannot be used", folder.display()))?;
        Ok(Storage { store: Arc::new(store), id, objects: Some(objects) })
    })
    .await?
}
