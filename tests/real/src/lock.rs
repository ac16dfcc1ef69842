//! Files that one process at a time may have.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Takes the lock, which is given back when the file is dropped or its process ends. `who` says whom one waits for.
pub(crate) async fn lock(path: PathBuf, who: &str) -> io::Result<File> {
    let file = open(&path)?;
    if file.try_lock().is_err() {
        tracing::info!("waiting for another process that {who}");
        // Waiting must not hold up what else the caller's runtime does, such as its time limits.
        return tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await?;
    }
    Ok(file)
}

fn open(path: &Path) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    File::options().create(true).truncate(false).write(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_lock_is_given_to_one_after_the_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("peers").join("lock");
        let first = lock(path.clone(), "came first").await.unwrap();
        let mut second = tokio::spawn(lock(path.clone(), "came first"));
        tokio::select! {
            biased;
            taken = &mut second => panic!("{taken:?}"),
            () = tokio::task::yield_now() => (),
        }
        assert!(open(&path).unwrap().try_lock().is_err());
        drop(first);
        second.await.unwrap().unwrap();
    }
}
