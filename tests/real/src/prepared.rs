//! The tree that instances are made from.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use rustix::process::Signal;
use serde_json::json;
use tokio::time::sleep;
use zip::ZipArchive;
use zip::result::ZipError;

use crate::endpoint::Administrator;
use crate::error::ServerError;
use crate::files::{remove, tail, write_private};
use crate::instance::{Instance, Options, SETTINGS};
use crate::java::{Java, JavaError};
use crate::keycloak::{client, ready};
use crate::kubernetes::GoError;
use crate::layout;
use crate::lock::lock;
use crate::maven::{self, MavenError};
use crate::peers::Peers;
use crate::process::{GLANCE, Process, STOP, run, without_settings_of_others};

/// Why there is nothing that a server could be started from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// There is no Java.
    #[error(transparent)]
    Java(#[from] JavaError),
    /// There is no Go.
    #[error(transparent)]
    Go(#[from] GoError),
    /// There is no distribution.
    #[error(transparent)]
    Maven(#[from] MavenError),
    /// The distribution is not what it should be.
    #[error("{} cannot be unpacked", .0.display())]
    Unpack(PathBuf, #[source] ZipError),
    /// The server could not be built.
    #[error("{server} could not be built:\n{printed}")]
    Build {
        /// Which server.
        server: &'static str,
        /// The end of what its build printed.
        printed: String,
    },
    /// The server did not start, or not stop, on the empty database.
    #[error("Keycloak's database could not be prepared")]
    Database(#[from] ServerError),
    /// A file could not be handled.
    #[error("{what} in {folder}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where peers are kept.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The tree is there, and does not say who its administrator is or which version it has.
    #[error("{} is damaged: remove it", .0.display())]
    Damaged(PathBuf),
}

/// A complete tree of Keycloak, built, with a database that has realm `master`, and the Java to run it.
///
/// Nothing writes to a complete tree any more, so any number of processes may make instances from it at the same time.
#[derive(Clone, Debug)]
pub struct Prepared {
    tree: PathBuf,
    java: PathBuf,
    version: String,
    administrator: Administrator,
}

impl Prepared {
    /// Makes the tree unless it is there, in about a minute. Of several processes one makes it, the others wait for it. What a killed one left
    /// half made is thrown away. While it makes the tree, the calling thread does nothing else.
    ///
    /// # Errors
    ///
    /// [`PrepareError`] says what to install, or what failed.
    pub async fn prepare(peers: &Peers) -> Result<Self, PrepareError> {
        let java = peers.java.find()?;
        let tree = peers.folder.join(layout::tree_name());
        if !marker(&tree).is_file() {
            make(peers, &java, &tree).await?;
        }
        Self::open(tree, java)
    }

    fn open(tree: PathBuf, java: Java) -> Result<Self, PrepareError> {
        let text = |file: PathBuf| fs::read_to_string(file).map_err(|_| PrepareError::Damaged(tree.clone()));
        let version = text(tree.join("version.txt"))?;
        let administrator = text(administrator_file(&tree))?;
        let administrator = read_administrator(&administrator).ok_or_else(|| PrepareError::Damaged(tree.clone()))?;
        let version = layout::parse_version(&version).ok_or_else(|| PrepareError::Damaged(tree.clone()))?.to_owned();
        Ok(Self { java: java.executable, version, administrator, tree })
    }

    /// The version that the distribution names.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Where the tree is.
    #[must_use]
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// The Java that runs it.
    #[must_use]
    pub fn java(&self) -> &Path {
        &self.java
    }

    /// The administrator of realm `master` in the tree's database. The password was chosen at random when the tree was made.
    #[must_use]
    pub fn administrator(&self) -> &Administrator {
        &self.administrator
    }

    /// The file with the administrator's name and password, readable by its owner only.
    #[must_use]
    pub fn administrator_file(&self) -> PathBuf {
        administrator_file(&self.tree)
    }
}

/// Its presence says that the tree is complete.
fn marker(tree: &Path) -> PathBuf {
    tree.join("prepared.json")
}

fn administrator_file(tree: &Path) -> PathBuf {
    tree.join("administrator.json")
}

async fn make(peers: &Peers, java: &Java, tree: &Path) -> Result<(), PrepareError> {
    let failed = |what| move |source| PrepareError::Io { what, folder: peers.folder.clone(), source };
    let began = Instant::now();
    let lock = lock(peers.folder.join("keycloak.lock"), "prepares Keycloak").await;
    let lock = lock.map_err(failed("the lock cannot be taken"))?;
    if marker(tree).is_file() {
        return Ok(());
    }
    let new = tree.with_added_extension("new");
    for half_made in [tree, &new] {
        remove(half_made).map_err(failed("what an earlier run left cannot be removed"))?;
    }
    fs::create_dir(&new).map_err(failed("a folder cannot be made"))?;

    // Built where it is going to stay, so that nothing in it can remember another place. The marker says when it is complete.
    let zip = maven::distribution(peers, java, &new.join("maven"))?;
    unpack(&zip, &new.join("unpacked")).map_err(|error| PrepareError::Unpack(zip, error))?;
    fs::rename(new.join("unpacked"), tree).map_err(failed("the tree cannot be put in its place"))?;
    build(java, tree).map_err(failed("the build cannot be run"))??;
    let administrator =
        Administrator { name: "admin".to_owned(), password: uuid::Uuid::new_v4().simple().to_string().into() };
    write_administrator(tree, &administrator).map_err(failed("the administrator cannot be written down"))?;
    make_database(java, tree, &administrator).await?;

    let about = json!({
        "version": layout::VERSION,
        "build": layout::BUILD,
        "java": java.executable,
        "seconds": began.elapsed().as_secs(),
    });
    let complete = new.join("complete.json");
    fs::write(&complete, format!("{about:#}\n"))
        .and_then(|()| fs::rename(&complete, marker(tree)))
        .and_then(|()| remove(&new))
        .map_err(failed("the tree cannot be marked as complete"))?;
    tracing::info!("prepared {} in {} s", tree.display(), began.elapsed().as_secs());
    drop(lock);
    Ok(())
}

fn unpack(zip: &Path, to: &Path) -> Result<(), ZipError> {
    tracing::info!("unpacking {}", zip.display());
    // Everything in it is below one folder that bears the version.
    ZipArchive::new(File::open(zip)?)?.extract_unwrapped_root_dir(to, zip::read::root_dir_common_filter)
}

fn build(java: &Java, tree: &Path) -> io::Result<Result<(), PrepareError>> {
    tracing::info!("building Keycloak {}, about half a minute", layout::VERSION);
    let mut command = Command::new(&java.executable);
    command.args(layout::java_arguments(tree, 512)).args(layout::BUILD).current_dir(tree);
    without_settings_of_others(&mut command, &SETTINGS);
    Ok(run(&mut command, tree)?.map_err(|printed| PrepareError::Build { server: "Keycloak", printed: tail(&printed) }))
}

/// Starts the server once, which makes the database and realm `master`, and ends it, which completes the database's file.
async fn make_database(java: &Java, tree: &Path, administrator: &Administrator) -> Result<(), ServerError> {
    tracing::info!("making the database, about 20 s");
    let instance = Instance::in_folder(tree.to_owned())?;
    let mut command = instance.command(&java.executable, administrator, &Options::default())?;
    let mut process = Process::guarded(&mut command, &tree.join("data"))?;
    ready(&instance, &client()?, Options::default().deadline, || process.ended()).await?;
    process.signal(Signal::TERM)?;
    let deadline = Instant::now() + STOP;
    while process.ended()?.is_none() {
        if Instant::now() > deadline {
            return Err(ServerError::DoesNotStop(STOP));
        }
        sleep(GLANCE).await;
    }
    Ok(())
}

fn write_administrator(tree: &Path, administrator: &Administrator) -> io::Result<()> {
    use secrecy::ExposeSecret as _;
    let text = json!({ "name": administrator.name, "password": administrator.password.expose_secret() });
    write_private(&administrator_file(tree), &format!("{text:#}\n"))
}

fn read_administrator(text: &str) -> Option<Administrator> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    let field = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    Some(Administrator { name: field("name")?, password: field("password")?.into() })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn java() -> Java {
        Java { executable: "/jvm/bin/java".into(), version: 21 }
    }

    #[test]
    fn the_administrator_is_kept_for_its_owner_only() {
        let tree = tempfile::tempdir().unwrap();
        let administrator = Administrator { name: "admin".to_owned(), password: "\"secret\"".to_owned().into() };
        write_administrator(tree.path(), &administrator).unwrap();
        let file = administrator_file(tree.path());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let read = read_administrator(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!((read.name.as_str(), read.password.expose_secret()), ("admin", "\"secret\""));
    }

    #[test]
    fn a_tree_without_its_administrator_is_damaged() {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("version.txt"), "Keycloak - Version 26.7.3").unwrap();
        let damaged = Prepared::open(tree.path().to_owned(), java()).unwrap_err();
        assert!(matches!(damaged, PrepareError::Damaged(_)), "{damaged}");
        fs::write(administrator_file(tree.path()), r#"{"name": "admin", "password": "secret"}"#).unwrap();
        assert_eq!(Prepared::open(tree.path().to_owned(), java()).unwrap().version(), "26.7.3");
    }
}
