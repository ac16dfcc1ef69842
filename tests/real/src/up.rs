//! Servers in the background, for people.

mod launch;
mod record;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{Instant, sleep};

use self::launch::launch;
pub use self::record::{UpProcess, UpRecord};
use self::record::{forget, read, write};
use crate::error::ServerError;
use crate::files::remove;
use crate::lock::lock;
use crate::peers::Peers;
use crate::prepared::PrepareError;
use crate::process::{GLANCE, STOP};
use crate::server::Server;

/// Why there is no server in the background, or still one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpError {
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It could not be started or stopped.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// A file could not be handled.
    #[error("{what} {}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The record of the running server is not readable.
    #[error("{} is damaged: end the server that it was about, and remove it", .0.display())]
    Damaged(PathBuf, #[source] serde_json::Error),
}

/// Starts a server that outlives this process, unless one runs already, and says where it is; `true` if it was started now. Its data are new
/// each time.
///
/// # Errors
///
/// [`UpError`] says why there is none.
pub async fn up(peers: &Peers, server: Server) -> Result<(UpRecord, bool), UpError> {
    let _lock = lock_record(peers, server).await?;
    let file = record_file(peers, server);
    if let Some(running) = read(&file)? {
        if running.runs() {
            return Ok((running, false));
        }
        // Some of its processes may be there.
        end(&running, Signal::KILL).await?;
        forget(&file, &running)?;
    }
    let folder = peers.folder.join(format!("up-{}", server.name()));
    remove(&folder).map_err(failed("an earlier server's files cannot be removed:", &folder))?;
    fs::create_dir_all(&folder).map_err(failed("there is no folder", &folder))?;
    let mut latest = None;
    let keep = |record: &UpRecord| {
        latest = Some(record.clone());
        write(&file, record)
    };
    let launched = launch(server, peers, &folder, keep).await;
    match (launched, latest) {
        (Ok(()), Some(running)) => Ok((running, true)),
        (Ok(()), None) => Err(ServerError::NotRunning.into()),
        (Err(error), half_started) => {
            if let Some(half_started) = half_started {
                end(&half_started, Signal::KILL).await?;
            }
            // It is gone already if it could not be written.
            let _ = fs::remove_file(&file);
            Err(error)
        }
    }
}

/// Ends the server that [`up`] started, removes its files, and says which it was; `None` if there is none.
///
/// A process that has the identifier of the server's and is another one is left in peace.
///
/// # Errors
///
/// [`UpError`] if it cannot be ended.
pub async fn down(peers: &Peers, server: Server) -> Result<Option<UpRecord>, UpError> {
    let _lock = lock_record(peers, server).await?;
    let file = record_file(peers, server);
    let Some(running) = read(&file)? else {
        return Ok(None);
    };
    let ran = end(&running, Signal::TERM).await?;
    forget(&file, &running)?;
    Ok(Some(running).filter(|_| ran))
}

/// Ends those processes that are there, the last first, and says whether there were any.
async fn end(record: &UpRecord, signal: Signal) -> Result<bool, UpError> {
    let mut ran = false;
    let deadline = Instant::now() + STOP;
    for process in record.processes.iter().rev().filter(|process| process.runs()) {
        ran = true;
        if let Some(pid) = Pid::from_raw(process.pid) {
            kill_process(pid, signal).map_err(|error| ServerError::Io(error.into()))?;
        }
        while process.runs() {
            if Instant::now() > deadline {
                return Err(ServerError::DoesNotStop(STOP).into());
            }
            sleep(GLANCE).await;
        }
    }
    Ok(ran)
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> UpError {
    let path = path.to_owned();
    move |source| UpError::Io { what, path, source }
}

/// One process at a time looks at the record and acts on what it says.
async fn lock_record(peers: &Peers, server: Server) -> Result<fs::File, UpError> {
    let path = peers.folder.join(format!("up-{}.lock", server.name()));
    lock(path.clone(), "starts or stops the server").await.map_err(|source| UpError::Io {
        what: "cannot be locked:",
        path,
        source,
    })
}

fn record_file(peers: &Peers, server: Server) -> PathBuf {
    peers.folder.join(format!("up-{}.json", server.name()))
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::process::{Command, Stdio};

    use jiff::Timestamp;

    use super::*;

    fn peers(folder: &Path) -> Peers {
        let folder = folder.to_str().unwrap().to_owned();
        Peers::from_variables(|name| (name == "PRIMEHUB_PEERS_DIR").then(|| folder.clone())).unwrap()
    }

    #[tokio::test]
    async fn a_process_with_the_identifier_of_the_server_that_is_another_one_is_left_in_peace() {
        let folder = tempfile::tempdir().unwrap();
        let peers = peers(folder.path());
        let home = folder.path().join("up-keycloak");
        fs::create_dir(&home).unwrap();
        let mut stranger = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let record = UpRecord {
            server: Server::Keycloak,
            url: "http://127.0.0.1:40123".to_owned(),
            processes: vec![UpProcess::new(stranger.id(), OsStr::new("-Dkc.home.dir=/peers/up-keycloak"))],
            version: "26.7.3".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            folder: home.clone(),
            administrator: "/peers/tree/administrator.json".into(),
        };
        write(&record_file(&peers, Server::Keycloak), &record).unwrap();
        assert_eq!(down(&peers, Server::Keycloak).await.unwrap(), None);
        assert!(stranger.try_wait().unwrap().is_none());
        assert!(!home.exists() && !record_file(&peers, Server::Keycloak).exists());
        drop(stranger.stdin.take());
        assert!(stranger.wait().unwrap().success());
    }

    #[tokio::test]
    async fn without_a_record_there_is_nothing_to_end() {
        let folder = tempfile::tempdir().unwrap();
        for server in Server::ALL {
            assert_eq!(down(&peers(folder.path()), server).await.unwrap(), None);
        }
    }
}
