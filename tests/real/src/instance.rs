//! A folder with a server's files, and the process that works on it.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use reqwest::{Client, StatusCode};
use secrecy::ExposeSecret as _;

use crate::endpoint::Administrator;
use crate::error::ServerError;
use crate::layout;
use crate::ports;
use crate::prepared::Prepared;
use crate::process::without_settings_of_others;

/// What a server starts with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Database {
    /// The prepared one, with realm `master` and its administrator: ready in seconds.
    #[default]
    Warm,
    /// None. The server makes everything anew, which takes about twice as long; meanwhile it answers `503` with `Bootstrap in progress`.
    Empty,
}

/// How a server is started.
#[derive(Clone, Debug)]
pub struct Options {
    /// What it starts with.
    pub database: Database,
    /// The largest heap of its Java.
    pub heap_megabytes: u32,
    /// Further options of `kc.sh start`, such as `--log-level=debug`. Options that need a new build are refused by the server.
    pub arguments: Vec<String>,
    /// How long it may take to become ready. Generous by default, as machines of tests are busy.
    pub deadline: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self { database: Database::Warm, heap_megabytes: 512, arguments: Vec::new(), deadline: Duration::from_mins(3) }
    }
}

/// How variables begin that would configure the server or its Java.
pub(crate) const SETTINGS: [&str; 3] = ["KC_", "QUARKUS_", "KEYCLOAK_"];

/// A folder that a server can run in, and where it will listen.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) home: PathBuf,
    /// Where realms are served.
    pub(crate) http: u16,
    /// Where health is served.
    pub(crate) management: u16,
}

impl Instance {
    /// A folder that is complete already.
    pub(crate) fn in_folder(home: PathBuf) -> io::Result<Self> {
        let [http, management] = ports::free()?;
        Ok(Self { home, http, management })
    }

    /// Makes the folder: program and themes are links into the prepared tree, what a server writes to is its own.
    pub(crate) fn create(prepared: &Prepared, home: &Path, database: Database) -> io::Result<Self> {
        // The server compares paths, and a temporary folder may be behind a link.
        let home = home.canonicalize()?;
        for shared in ["lib", "providers", "themes", "version.txt"] {
            symlink(prepared.tree().join(shared), home.join(shared))?;
        }
        copy_folder(&prepared.tree().join("conf"), &home.join("conf"))?;
        match database {
            Database::Warm => copy_folder(&layout::data(prepared.tree()), &layout::data(&home))?,
            Database::Empty => fs::create_dir(layout::data(&home))?,
        }
        Self::in_folder(home)
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http)
    }

    /// Where the process writes what it has to say.
    pub(crate) fn log(&self) -> PathBuf {
        self.home.join("keycloak.log")
    }

    /// The command that runs the server. Its log goes on where an earlier run in this folder ended.
    pub(crate) fn command(&self, java: &Path, administrator: &Administrator, options: &Options) -> io::Result<Command> {
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = Command::new(java);
        command
            .args(layout::java_arguments(&self.home, options.heap_megabytes))
            .args(["start", "--optimized", "--http-enabled=true", "--http-host=127.0.0.1", "--hostname-strict=false"])
            // Otherwise instances find each other and form a cluster.
            .arg("--cache=local")
            // The database would keep what it has acknowledged in memory for half a second, and a killed server lose it: no database that
            // people run Keycloak on does that.
            .arg("--db-url-properties=;WRITE_DELAY=0")
            .arg(format!("--http-port={}", self.http))
            .arg(format!("--http-management-port={}", self.management))
            .args(&options.arguments)
            .current_dir(&self.home)
            .stdout(log.try_clone()?)
            .stderr(log);
        without_settings_of_others(&mut command, &SETTINGS);
        // Read only if there is no administrator yet.
        command
            .env("KC_BOOTSTRAP_ADMIN_USERNAME", &administrator.name)
            .env("KC_BOOTSTRAP_ADMIN_PASSWORD", administrator.password.expose_secret());
        Ok(command)
    }

    /// Whether the server says that it can be used. A server that does not answer within a second is not ready.
    pub(crate) async fn is_ready(&self, client: &Client) -> bool {
        let url = format!("http://127.0.0.1:{}/health/ready", self.management);
        let answer = client.get(url).timeout(Duration::from_secs(1)).send().await;
        answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
    }

    /// The failure that stands in this folder's log.
    pub(crate) fn failed(&self, why: String) -> ServerError {
        ServerError::not_ready("Keycloak", why, self.log())
    }
}

fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir(to)?;
    for entry in from.read_dir()? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &to)?;
        } else {
            fs::copy(entry.path(), to)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_copied_with_all_that_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::write(from.join("a/b/file"), "text").unwrap();
        copy_folder(&from, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b/file")).unwrap(), "text");
    }
}
