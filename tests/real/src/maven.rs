//! The distribution, as Maven finds it.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::java::Java;
use crate::layout::VERSION;
use crate::peers::Peers;
use crate::process::run;

/// Named with its version, so that a run does not depend on which plugin the machine's Maven prefers.
const GET: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get";

/// Why the distribution could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MavenError {
    /// There is no `mvn` on `PATH`.
    #[error(
        "there is no mvn on PATH to fetch Keycloak with: install Maven (Debian: apt-get install --no-install-recommends maven)"
    )]
    Absent,
    /// It could not be run.
    #[error("{} could not be run", .0.display())]
    Run(PathBuf, #[source] io::Error),
    /// It ran and did not find the artifact.
    #[error("Maven could not fetch {artifact}:\n{output}")]
    Fetch {
        /// The artifact's coordinates.
        artifact: String,
        /// What Maven said.
        output: String,
    },
}

/// The zip of the distribution: from the user's own repository if it is there, otherwise fetched into `repository`, so that a folder that
/// can be thrown away takes everything with it.
pub(crate) fn distribution(peers: &Peers, java: &Java, repository: &Path) -> Result<PathBuf, MavenError> {
    let usual = path_in(&peers.local_repository);
    if usual.is_file() {
        return Ok(usual);
    }
    let mvn = peers.path.iter().map(|folder| folder.join("mvn")).find(|mvn| mvn.is_file()).ok_or(MavenError::Absent)?;
    let artifact = format!("org.keycloak:keycloak-quarkus-dist:{VERSION}:zip");
    tracing::info!("fetching {artifact}, 180 MB");
    let mut command = Command::new(&mvn);
    command
        .args(["--quiet", "--batch-mode", "--strict-checksums", GET, "-Dtransitive=false"])
        .arg(format!("-Dartifact={artifact}"))
        .arg(format!("-Dmaven.repo.local={}", repository.display()));
    if let Some(home) = java.home() {
        command.env("JAVA_HOME", home);
    }
    let ended = run(&mut command, repository).map_err(|error| MavenError::Run(mvn, error))?;
    let fetched = path_in(repository);
    match ended {
        Ok(()) if fetched.is_file() => Ok(fetched),
        Ok(()) => Err(MavenError::Fetch { artifact, output: format!("there is no {}", fetched.display()) }),
        Err(output) => Err(MavenError::Fetch { artifact, output }),
    }
}

/// Where a Maven repository keeps the distribution.
fn path_in(repository: &Path) -> PathBuf {
    let file = format!("keycloak-quarkus-dist-{VERSION}.zip");
    ["org", "keycloak", "keycloak-quarkus-dist", VERSION, &file]
        .iter()
        .fold(repository.to_owned(), |at, part| at.join(part))
}
