//! A server in the background, for people.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use primehub_core::clock::{Clock as _, SystemClock};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use crate::instance::{Database, Instance, Options};
use crate::keycloak::{KeycloakError, STOP, client, ready};
use crate::layout;
use crate::lock::lock;
use crate::peers::Peers;
use crate::prepared::{PrepareError, Prepared};
use crate::process::{GLANCE, Process};

/// Why there is no server in the background, or still one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpError {
    /// It could not be prepared.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// It could not be started or stopped.
    #[error(transparent)]
    Keycloak(#[from] KeycloakError),
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

/// What is known about the server in the background: the content of `up.json` in the folder of peers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpRecord {
    /// Its base URL.
    pub url: String,
    /// Its process.
    pub pid: i32,
    /// Its version.
    pub version: String,
    /// When it was started.
    pub started: Timestamp,
    /// Its folder, with its database and its log.
    pub folder: PathBuf,
    /// The file with the name and the password of the administrator of realm `master`.
    pub administrator: PathBuf,
}

/// Starts a server that outlives this process, unless one runs already, and says where it is; `true` if it was started now. Its database is a new
/// one each time.
///
/// # Errors
///
/// [`UpError`] says why there is none.
pub async fn up(peers: &Peers) -> Result<(UpRecord, bool), UpError> {
    let _lock = lock_record(peers).await?;
    let record = record_file(peers);
    if let Some(running) = read(&record)? {
        if is_server_of(running.pid, &running.folder) {
            return Ok((running, false));
        }
        forget(&record, &running)?;
    }
    let prepared = Prepared::prepare(peers).await?;
    let io = |what, path: &Path| {
        let path = path.to_owned();
        move |source| UpError::Io { what, path, source }
    };
    let folder = peers.folder.join("up");
    remove(&folder).map_err(io("an earlier server's files cannot be removed:", &folder))?;
    fs::create_dir_all(&folder).map_err(io("there is no folder", &folder))?;
    let instance = Instance::create(&prepared, &folder, Database::Warm).map_err(io("cannot be filled:", &folder))?;
    let options = Options::default();
    let mut command = instance
        .command(prepared.java(), prepared.administrator(), &options)
        .map_err(io("there is no log in", &folder))?;
    let mut process = Process::detached(&mut command).map_err(io("cannot be run:", prepared.java()))?;
    let started = UpRecord {
        url: instance.base_url(),
        pid: process.id().cast_signed(),
        version: prepared.version().to_owned(),
        started: SystemClock.now(),
        folder: instance.home.clone(),
        administrator: prepared.administrator_file(),
    };
    // Written before it is ready, so that `down` can end it whatever happens to us meanwhile.
    let written = write(&record, &started).map_err(io("cannot be written:", &record));
    let outcome = match written {
        Ok(()) => ready(&instance, &client()?, options.deadline, || process.ended()).await.map_err(UpError::from),
        failed => failed,
    };
    if let Err(error) = outcome {
        process.kill().map_err(io("its server cannot be ended:", &folder))?;
        let _ = fs::remove_file(&record);
        return Err(error);
    }
    Ok((started, true))
}

/// Ends the server that [`up`] started, removes its files, and says which it was; `None` if there is none.
///
/// A process that has the identifier of the server and is another one is left in peace.
///
/// # Errors
///
/// [`UpError`] if it cannot be ended.
pub async fn down(peers: &Peers) -> Result<Option<UpRecord>, UpError> {
    let _lock = lock_record(peers).await?;
    let record = record_file(peers);
    let Some(running) = read(&record)? else {
        return Ok(None);
    };
    let ran = is_server_of(running.pid, &running.folder);
    let deadline = Instant::now() + STOP;
    if let Some(pid) = Pid::from_raw(running.pid).filter(|_| ran) {
        kill_process(pid, Signal::TERM).map_err(|error| KeycloakError::Io(error.into()))?;
        while is_server_of(running.pid, &running.folder) {
            if Instant::now() > deadline {
                return Err(KeycloakError::DoesNotStop(STOP).into());
            }
            sleep(GLANCE).await;
        }
    }
    forget(&record, &running)?;
    Ok(Some(running).filter(|_| ran))
}

/// One process at a time looks at the record and acts on what it says.
async fn lock_record(peers: &Peers) -> Result<fs::File, UpError> {
    let path = peers.folder.join("up.lock");
    lock(path.clone(), "starts or stops the server").await.map_err(|source| UpError::Io {
        what: "cannot be locked:",
        path,
        source,
    })
}

fn record_file(peers: &Peers) -> PathBuf {
    peers.folder.join("up.json")
}

fn read(record: &Path) -> Result<Option<UpRecord>, UpError> {
    match fs::read_to_string(record) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| UpError::Damaged(record.to_owned(), error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(UpError::Io { what: "cannot be read:", path: record.to_owned(), source }),
    }
}

fn write(record: &Path, running: &UpRecord) -> io::Result<()> {
    let new = record.with_extension("json.new");
    fs::write(&new, format!("{}\n", serde_json::to_string_pretty(running)?))?;
    fs::rename(new, record)
}

fn forget(record: &Path, running: &UpRecord) -> Result<(), UpError> {
    remove(&running.folder).and_then(|()| fs::remove_file(record)).map_err(|source| UpError::Io {
        what: "cannot be removed:",
        path: record.to_owned(),
        source,
    })
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether the process runs and is the server in `folder`: its command line says so. One that has ended and waits for its parent has none.
fn is_server_of(pid: i32, folder: &Path) -> bool {
    let Some(home) = layout::home_option(folder).to_str().map(str::to_owned) else {
        return false;
    };
    command_line(pid)
        .is_some_and(|line| line.split('\0').any(|argument| argument == home) || line.contains(&format!("{home} ")))
}

/// The command line of a process: its arguments, each ended by a zero byte; where the system has no such file, as `ps` prints them.
fn command_line(pid: i32) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        return fs::read(format!("/proc/{pid}/cmdline")).ok().map(|line| String::from_utf8_lossy(&line).into_owned());
    }
    let pid = pid.to_string();
    let output = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid]).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use super::*;

    fn record(pid: i32, folder: &Path) -> UpRecord {
        UpRecord {
            url: "http://127.0.0.1:40123".to_owned(),
            pid,
            version: "26.7.3".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            folder: folder.to_owned(),
            administrator: "/peers/tree/administrator.json".into(),
        }
    }

    fn peers(folder: &Path) -> Peers {
        let folder = folder.to_str().unwrap().to_owned();
        Peers::from_variables(|name| (name == "PRIMEHUB_PEERS_DIR").then(|| folder.clone())).unwrap()
    }

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("up.json");
        assert_eq!(read(&file).unwrap(), None);
        write(&file, &record(17, folder.path())).unwrap();
        assert_eq!(read(&file).unwrap(), Some(record(17, folder.path())));
        fs::write(&file, "{\"url\": ").unwrap();
        assert!(matches!(read(&file), Err(UpError::Damaged(..))));
    }

    #[tokio::test]
    async fn a_process_with_the_identifier_of_the_server_that_is_another_one_is_left_in_peace() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().join("up");
        fs::create_dir(&home).unwrap();
        let mut stranger = Command::new("/bin/cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        write(&folder.path().join("up.json"), &record(stranger.id().cast_signed(), &home)).unwrap();
        assert_eq!(down(&peers(folder.path())).await.unwrap(), None);
        assert!(stranger.try_wait().unwrap().is_none());
        assert!(!home.exists() && !folder.path().join("up.json").exists());
        drop(stranger.stdin.take());
        assert!(stranger.wait().unwrap().success());
    }

    #[test]
    fn a_server_is_recognized_by_its_folder() {
        let mut server = Command::new("/bin/sh")
            .args(["-c", "echo; read -r _", "-Dkc.home.dir=/peers/up"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The system shows its arguments a moment after it was started; once it has spoken they are there.
        server.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let pid = server.id().cast_signed();
        assert!(is_server_of(pid, Path::new("/peers/up")));
        assert!(!is_server_of(pid, Path::new("/peers")));
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(!is_server_of(pid, Path::new("/peers/up")));
    }

    #[tokio::test]
    async fn without_a_record_there_is_nothing_to_end() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(down(&peers(folder.path())).await.unwrap(), None);
    }
}
