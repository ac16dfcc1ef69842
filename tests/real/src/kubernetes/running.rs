//! A control plane that a test has for itself.

use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::instance::{Instance, Processes, ended};
use super::layout::{Component, Servers};
use super::program::KubernetesProgram;
use crate::error::ServerError;
use crate::process::{GLANCE, Process, STOP};

/// How a control plane is started.
#[derive(Clone, Debug)]
pub struct KubernetesOptions {
    /// How much of it.
    pub servers: Servers,
    /// Further options of the API server, such as `--event-ttl=1m`.
    pub arguments: Vec<String>,
    /// How long it may take to become ready. Generous by default, as machines of tests are busy.
    pub deadline: Duration,
}

impl Default for KubernetesOptions {
    fn default() -> Self {
        Self { servers: Servers::default(), arguments: Vec::new(), deadline: Duration::from_mins(2) }
    }
}

/// Bytes that processes hold, as the system counts them.
#[derive(Clone, Copy, Debug)]
pub struct KubernetesMemory {
    /// Of the store.
    pub etcd: u64,
    /// Of the API server.
    pub api_server: u64,
}

/// A Kubernetes with a store, a folder, users and ports of its own, on the loopback interface.
///
/// It ends when this is dropped, and when the program that started it ends, be it killed; its folder goes with it. All methods may be called
/// from any thread and from any runtime.
#[derive(Debug)]
pub struct Kubernetes {
    program: KubernetesProgram,
    options: KubernetesOptions,
    instance: Instance,
    // Fields are dropped in this order: processes before their files.
    processes: Mutex<Processes>,
    _folder: TempDir,
}

impl Kubernetes {
    /// Starts an instance and waits until its API can be used.
    ///
    /// # Errors
    ///
    /// [`ServerError`]; if it did not become ready, with the end of a log.
    pub async fn start(program: &KubernetesProgram, options: KubernetesOptions) -> Result<Self, ServerError> {
        for _ in 0..2 {
            let kubernetes = Self::launch(program, options.clone())?;
            match kubernetes.ready().await {
                Err(error) if error.port_was_taken() => (),
                ready => return ready.map(|()| kubernetes),
            }
        }
        let kubernetes = Self::launch(program, options)?;
        kubernetes.ready().await.map(|()| kubernetes)
    }

    /// Starts the API without waiting, for tests of what others do while it starts. What else belongs to it is started by [`ready`](Self::ready).
    ///
    /// # Errors
    ///
    /// [`ServerError`] if its folder cannot be made or the program not be run.
    pub fn launch(program: &KubernetesProgram, options: KubernetesOptions) -> Result<Self, ServerError> {
        let folder = tempfile::Builder::new().prefix("kubernetes-").tempdir()?;
        let instance = Instance::create(program.executable(), folder.path(), options.arguments.clone())?;
        let processes = Mutex::new(Processes::new());
        let kubernetes = Self { program: program.clone(), options, instance, processes, _folder: folder };
        kubernetes.launch_again()?;
        Ok(kubernetes)
    }

    /// Waits until the API can be used, and starts its controllers, scheduler and nodes as far as they belong to this instance and do not run.
    ///
    /// # Errors
    ///
    /// [`ServerError::NotReady`] if a process ends, or the API is not ready within [`KubernetesOptions::deadline`].
    pub async fn ready(&self) -> Result<(), ServerError> {
        self.instance.ready(self.options.deadline, || ended(&mut self.processes())).await?;
        Ok(self.start_those(|component| !component.is_of_the_api())?)
    }

    /// Starts an API that was stopped or killed, on the same data and the same ports, without waiting. Nothing happens if it runs.
    ///
    /// # Errors
    ///
    /// [`ServerError::Io`] if the program cannot be run.
    pub fn launch_again(&self) -> Result<(), ServerError> {
        Ok(self.start_those(Component::is_of_the_api)?)
    }

    /// Tells all processes to end, the store last, and waits until they are gone. Nothing happens if none runs.
    ///
    /// # Errors
    ///
    /// [`ServerError::DoesNotStop`] if one is still there after a minute.
    pub async fn stop(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + STOP;
        for component in self.options.servers.components().iter().rev() {
            self.signal(*component, Signal::TERM)?;
            while self.runs(*component)? {
                if Instant::now() > deadline {
                    return Err(ServerError::DoesNotStop(STOP));
                }
                sleep(GLANCE).await;
            }
        }
        Ok(())
    }

    /// Ends all processes without warning. Nothing happens if none runs.
    ///
    /// # Errors
    ///
    /// [`ServerError::Io`] if the system refuses.
    pub fn kill(&self) -> Result<(), ServerError> {
        for process in self.processes().values_mut() {
            process.kill()?;
        }
        Ok(())
    }

    /// Whether all its processes are there.
    ///
    /// # Errors
    ///
    /// [`ServerError::Io`] if the system does not say.
    pub fn is_running(&self) -> Result<bool, ServerError> {
        for component in self.options.servers.components() {
            if !self.runs(*component)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where its API is, such as `https://127.0.0.1:40123`. The same for the whole life of the instance.
    #[must_use]
    pub fn url(&self) -> String {
        self.instance.url()
    }

    /// The file that tells clients where it is, with the contexts `admin`, which is the current one, and `jane`, who has no rights.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.instance.kubeconfig()
    }

    /// The bearer token of the administrator.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.instance.access.administrator
    }

    /// The bearer token of a user without rights.
    #[must_use]
    pub fn token_without_rights(&self) -> &str {
        &self.instance.access.other
    }

    /// The certificate of the authority that its own is signed by, in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.instance.access.authority
    }

    /// `kubectl` of the same version, for the administrator.
    #[must_use]
    pub fn kubectl(&self) -> Command {
        self.program.kubectl(&self.kubeconfig())
    }

    /// What store and API server hold in memory now.
    ///
    /// # Errors
    ///
    /// [`ServerError::NotRunning`] if they do not run.
    pub fn memory(&self) -> Result<KubernetesMemory, ServerError> {
        let mut processes = self.processes();
        let mut of = |component| {
            let process = processes.get_mut(&component).ok_or(ServerError::NotRunning)?;
            process.resident()?.ok_or(ServerError::NotRunning)
        };
        Ok(KubernetesMemory { etcd: of(Component::Etcd)?, api_server: of(Component::ApiServer)? })
    }

    fn start_those(&self, which: impl Fn(Component) -> bool) -> io::Result<()> {
        let components = self.options.servers.components().iter().copied().filter(|component| which(*component));
        let guarded = |command: &mut Command| Process::guarded(command, &self.instance.home);
        self.instance.start(&mut self.processes(), components, guarded)
    }

    fn signal(&self, component: Component, signal: Signal) -> io::Result<()> {
        self.processes().get_mut(&component).map_or(Ok(()), |process| process.signal(signal))
    }

    fn runs(&self, component: Component) -> io::Result<bool> {
        match self.processes().get_mut(&component) {
            Some(process) => Ok(process.ended()?.is_none()),
            None => Ok(false),
        }
    }

    fn processes(&self) -> MutexGuard<'_, Processes> {
        // Processes are whole at every moment, whoever panicked while looking at them.
        self.processes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
