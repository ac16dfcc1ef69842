//! The program that is all servers of the control plane, and `kubectl`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::go::{self, Go};
use super::layout::{self, VERSION};
use crate::files::{remove, tail};
use crate::lock::lock;
use crate::peers::Peers;
use crate::prepared::PrepareError;
use crate::process::run;

/// A Kubernetes of one version, as a program whose first argument says which part of it to be: `etcd`, `apiserver`, `controller-manager`,
/// `scheduler`, `kwok` or `kubectl`.
#[derive(Clone, Debug)]
pub struct KubernetesProgram {
    executable: PathBuf,
}

impl KubernetesProgram {
    /// Builds the program unless it is there, in five to ten minutes where Go has nothing of it in its cache. Of several processes one builds it,
    /// the others wait for it. While it is built, the calling thread does nothing else.
    ///
    /// # Errors
    ///
    /// [`PrepareError`] says what to install, or what failed.
    pub async fn prepare(peers: &Peers) -> Result<Self, PrepareError> {
        let go = go::find(&peers.path)?;
        let executable = peers.folder.join(layout::program_name(&go.version));
        if !executable.is_file() {
            make(peers, &go, &executable).await?;
        }
        Ok(Self { executable })
    }

    /// Where the program is.
    #[must_use]
    pub fn executable(&self) -> &Path {
        &self.executable
    }

    /// `kubectl` of the same version, for the administrator (or the context that further arguments name) of a cluster.
    #[must_use]
    pub fn kubectl(&self, kubeconfig: &Path) -> Command {
        let mut command = Command::new(&self.executable);
        command.arg("kubectl").arg("--kubeconfig").arg(kubeconfig);
        command
    }
}

/// Built in a folder of its own and put in its place when it is complete, so that what is there is complete.
async fn make(peers: &Peers, go: &Go, executable: &Path) -> Result<(), PrepareError> {
    let failed = |what| move |source| PrepareError::Io { what, folder: peers.folder.clone(), source };
    let began = Instant::now();
    let lock = lock(peers.folder.join("kubernetes.lock"), "builds Kubernetes").await;
    let lock = lock.map_err(failed("the lock cannot be taken"))?;
    if executable.is_file() {
        return Ok(());
    }
    let new = executable.with_added_extension("new");
    remove(&new).map_err(failed("what an earlier run left cannot be removed"))?;
    fs::create_dir(&new).map_err(failed("a folder cannot be made"))?;
    for (name, text) in layout::SOURCES {
        fs::write(new.join(name), text).map_err(failed("the sources cannot be written"))?;
    }
    tracing::info!("building Kubernetes {VERSION} with {}, up to ten minutes if that is its first time", go.version);
    let built = new.join("built");
    let mut command = Command::new(&go.executable);
    command.args(layout::build_arguments()).arg("-o").arg(&built).arg(".").current_dir(&new);
    // The same program whatever else is set here; C is not needed for any of it.
    command.env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOWORK", "off");
    run(&mut command, &new)
        .map_err(failed("the build cannot be run"))?
        .map_err(|printed| PrepareError::Build { server: "Kubernetes", printed: tail(&printed) })?;
    fs::rename(&built, executable)
        .and_then(|()| remove(&new))
        .map_err(failed("the program cannot be put in its place"))?;
    tracing::info!("built {} in {} s", executable.display(), began.elapsed().as_secs());
    drop(lock);
    Ok(())
}
