//! What is known about servers in the background, and whether they are there.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::UpError;
use crate::files::remove;
use crate::server::Server;

/// What is known about a server in the background: the content of a file in the folder of peers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpRecord {
    /// Which one it is.
    pub server: Server,
    /// Its base URL.
    pub url: String,
    /// Its processes, in the order in which they were started.
    pub processes: Vec<UpProcess>,
    /// Its version.
    pub version: String,
    /// When it was started.
    pub started: Timestamp,
    /// Its folder, with its database and its logs.
    pub folder: PathBuf,
    /// The file that says who its administrator is: name and password for Keycloak, and a kubeconfig for Kubernetes.
    pub administrator: PathBuf,
}

/// A process, and how it is told from others that have its identifier later.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct UpProcess {
    /// Its identifier.
    pub pid: i32,
    /// The argument that names its folder.
    pub argument: String,
}

impl UpRecord {
    /// Whether all its processes run.
    pub(super) fn runs(&self) -> bool {
        !self.processes.is_empty() && self.processes.iter().all(UpProcess::runs)
    }
}

impl UpProcess {
    pub(super) fn new(pid: u32, argument: &OsStr) -> Self {
        Self { pid: pid.cast_signed(), argument: argument.to_string_lossy().into_owned() }
    }

    /// Whether it runs and is the one that was started: its command line says so. One that has ended and waits for its parent has none.
    pub(super) fn runs(&self) -> bool {
        let Self { pid, argument } = self;
        command_line(*pid).is_some_and(|line| {
            line.split('\0').any(|other| other == argument) || line.contains(&format!("{argument} "))
        })
    }
}

/// The command line of a process: its arguments, each ended by a zero byte; where the system has no such file, as `ps` prints them.
fn command_line(pid: i32) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        return fs::read(format!("/proc/{pid}/cmdline")).ok().map(|line| String::from_utf8_lossy(&line).into_owned());
    }
    let pid = pid.to_string();
    let output = std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &pid]).output().ok()?;
    Some(format!("{} ", String::from_utf8_lossy(&output.stdout).trim_end()))
}

pub(super) fn read(file: &Path) -> Result<Option<UpRecord>, UpError> {
    match fs::read_to_string(file) {
        Ok(text) => serde_json::from_str(&text).map(Some).map_err(|error| UpError::Damaged(file.to_owned(), error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(UpError::Io { what: "cannot be read:", path: file.to_owned(), source }),
    }
}

pub(super) fn write(file: &Path, record: &UpRecord) -> Result<(), UpError> {
    let new = file.with_added_extension("new");
    let text = serde_json::to_string_pretty(record).map_err(io::Error::from);
    text.and_then(|text| fs::write(&new, format!("{text}\n")))
        .and_then(|()| fs::rename(new, file))
        .map_err(|source| UpError::Io { what: "cannot be written:", path: file.to_owned(), source })
}

/// Removes the server's files and then what is known about it.
pub(super) fn forget(file: &Path, record: &UpRecord) -> Result<(), UpError> {
    remove(&record.folder).and_then(|()| fs::remove_file(file)).map_err(|source| UpError::Io {
        what: "cannot be removed:",
        path: file.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("up-kubernetes.json");
        assert_eq!(read(&file).unwrap(), None);
        let record = UpRecord {
            server: Server::Kubernetes,
            url: "https://127.0.0.1:40123".to_owned(),
            processes: vec![UpProcess::new(17, OsStr::new("--data-dir=/peers/up/etcd"))],
            version: "v1.36.3".to_owned(),
            started: Timestamp::UNIX_EPOCH,
            folder: folder.path().to_owned(),
            administrator: "/peers/up/kubeconfig".into(),
        };
        write(&file, &record).unwrap();
        assert_eq!(read(&file).unwrap(), Some(record));
        fs::write(&file, "{\"url\": ").unwrap();
        assert!(matches!(read(&file), Err(UpError::Damaged(..))));
    }

    #[test]
    fn a_process_is_recognized_by_its_argument() {
        let mut server = Command::new("/bin/sh")
            .args(["-c", "echo; read -r _", "-Dkc.home.dir=/peers/up"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // The system shows its arguments a moment after it was started; once it has spoken they are there.
        server.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let with = |argument: &str| UpProcess::new(server.id(), OsStr::new(argument));
        let (own, other) = (with("-Dkc.home.dir=/peers/up"), with("-Dkc.home.dir=/peers"));
        assert!(own.runs());
        assert!(!other.runs());
        server.kill().unwrap();
        server.wait().unwrap();
        assert!(!own.runs());
    }
}
