//! An instance that a test has for itself.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reqwest::Client;
use rustix::process::Signal;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::endpoint::Endpoint;
use crate::error::ServerError;
use crate::instance::{Instance, Options};
use crate::prepared::Prepared;
use crate::process::{GLANCE, Process, STOP};

/// How often to ask whether the server is ready. Each question leaves a line in its log.
const ASK: Duration = Duration::from_millis(200);

/// A Keycloak with a database, a folder and ports of its own, on the loopback interface.
///
/// It ends when this is dropped, and when the program that started it ends, be it killed; its folder goes with it. All methods may be called
/// from any thread and from any runtime.
#[derive(Debug)]
pub struct Keycloak {
    prepared: Prepared,
    options: Options,
    instance: Instance,
    client: Client,
    // Fields are dropped in this order: the process before its files.
    process: Mutex<Option<Process>>,
    _folder: TempDir,
}

impl Keycloak {
    /// Starts an instance and waits until it is ready.
    ///
    /// # Errors
    ///
    /// [`ServerError`]; if the server did not become ready, with the end of its log.
    pub async fn start(prepared: &Prepared, options: Options) -> Result<Self, ServerError> {
        for _ in 0..2 {
            let keycloak = Self::launch(prepared, options.clone())?;
            match keycloak.ready().await {
                Err(error) if error.port_was_taken() => (),
                ready => return ready.map(|()| keycloak),
            }
        }
        let keycloak = Self::launch(prepared, options)?;
        keycloak.ready().await.map(|()| keycloak)
    }

    /// Starts an instance without waiting, for tests of what others do while it starts.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if its folder cannot be made or Java not be run.
    pub fn launch(prepared: &Prepared, options: Options) -> Result<Self, ServerError> {
        let folder = tempfile::Builder::new().prefix("keycloak-").tempdir()?;
        let instance = Instance::create(prepared, folder.path(), options.database)?;
        let keycloak = Self {
            prepared: prepared.clone(),
            options,
            instance,
            client: client()?,
            process: Mutex::new(None),
            _folder: folder,
        };
        keycloak.launch_again()?;
        Ok(keycloak)
    }

    /// Waits until the server says that it is ready.
    ///
    /// # Errors
    ///
    /// [`ServerError::NotReady`] if it ends, or is not ready within [`Options::deadline`].
    pub async fn ready(&self) -> Result<(), ServerError> {
        ready(&self.instance, &self.client, self.options.deadline, || match &mut *self.process() {
            Some(process) => process.ended(),
            None => Err(io::Error::other("it was never started")),
        })
        .await
    }

    /// Tells the server to end, and waits until its process is gone. Nothing happens if it does not run. A paused server is resumed for it.
    ///
    /// # Errors
    ///
    /// [`ServerError::DoesNotStop`] if it is still there after a minute.
    pub async fn stop(&self) -> Result<(), ServerError> {
        let deadline = Instant::now() + STOP;
        self.signal_if_running(Signal::TERM)?;
        self.signal_if_running(Signal::CONT)?;
        while self.is_running()? {
            if Instant::now() > deadline {
                return Err(ServerError::DoesNotStop(STOP));
            }
            sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Ends the server without warning, as a power cut would. Nothing happens if it does not run.
    ///
    /// # Errors
    ///
    /// [`ServerError::Io`] if the system refuses.
    pub fn kill(&self) -> Result<(), ServerError> {
        if let Some(process) = &mut *self.process() {
            process.kill()?;
        }
        Ok(())
    }

    /// Lets the server hang: connections are accepted by the system and never answered, until [`resume`](Self::resume).
    ///
    /// # Errors
    ///
    /// [`ServerError::NotRunning`] if there is nothing to pause.
    pub fn pause(&self) -> Result<(), ServerError> {
        self.signal(Signal::STOP)
    }

    /// Lets a paused server go on.
    ///
    /// # Errors
    ///
    /// [`ServerError::NotRunning`] if there is nothing to resume.
    pub fn resume(&self) -> Result<(), ServerError> {
        self.signal(Signal::CONT)
    }

    /// Ends the server if it runs, starts it on the same data and the same ports, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// [`ServerError`], as for [`stop`](Self::stop) and [`start`](Self::start).
    pub async fn restart(&self) -> Result<(), ServerError> {
        self.stop().await?;
        self.launch_again()?;
        self.ready().await
    }

    /// Starts a server that was stopped or killed, on the same data and the same ports, without waiting. Nothing happens if it runs.
    ///
    /// # Errors
    ///
    /// [`ServerError::Io`] if Java cannot be run.
    pub fn launch_again(&self) -> Result<(), ServerError> {
        let mut process = self.process();
        if let Some(process) = &mut *process
            && process.ended()?.is_none()
        {
            return Ok(());
        }
        let mut command = self.instance.command(self.prepared.java(), self.prepared.administrator(), &self.options)?;
        *process = Some(Process::guarded(&mut command, &self.instance.home)?);
        Ok(())
    }

    /// Whether its process is there, paused or not.
    ///
    /// # Errors
    ///
    /// [`ServerError::Io`] if the system does not say.
    pub fn is_running(&self) -> Result<bool, ServerError> {
        Ok(match &mut *self.process() {
            Some(process) => process.ended()?.is_none(),
            None => false,
        })
    }

    /// Where it serves realms, such as `http://127.0.0.1:40123`. The same for the whole life of the instance.
    #[must_use]
    pub fn base_url(&self) -> String {
        self.instance.base_url()
    }

    /// Where it serves health.
    #[must_use]
    pub fn management_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.instance.management)
    }

    /// The administrator of realm `master`.
    #[must_use]
    pub fn admin_name(&self) -> &str {
        &self.prepared.administrator().name
    }

    /// The administrator's password.
    #[must_use]
    pub fn admin_password(&self) -> &SecretString {
        &self.prepared.administrator().password
    }

    /// Where it is and who administers it, for whatever does not care who started it.
    #[must_use]
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { base_url: self.base_url(), administrator: self.prepared.administrator().clone() }
    }

    /// The version that its distribution names.
    #[must_use]
    pub fn version(&self) -> &str {
        self.prepared.version()
    }

    /// What the server has written, through all its restarts.
    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.instance.log()
    }

    fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        if self.is_running()? { self.signal_if_running(signal) } else { Err(ServerError::NotRunning) }
    }

    fn signal_if_running(&self, signal: Signal) -> Result<(), ServerError> {
        if let Some(process) = &mut *self.process() {
            process.signal(signal)?;
        }
        Ok(())
    }

    fn process(&self) -> MutexGuard<'_, Option<Process>> {
        // A process is whole at every moment, whoever panicked while looking at it.
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that keeps no connection: callers come from several runtimes, and a connection ends with the one that opened it.
pub(crate) fn client() -> Result<Client, ServerError> {
    Client::builder().no_proxy().pool_max_idle_per_host(0).build().map_err(ServerError::Client)
}

/// Waits until `instance` is ready. `ended` says how its process ended, if it has.
pub(crate) async fn ready(
    instance: &Instance,
    client: &Client,
    within: Duration,
    mut ended: impl FnMut() -> io::Result<Option<std::process::ExitStatus>>,
) -> Result<(), ServerError> {
    let deadline = Instant::now() + within;
    loop {
        let is_ready = instance.is_ready(client).await;
        // Asked afterwards: whoever answered on a port that this server did not get was somebody else.
        if let Some(status) = ended()? {
            return Err(instance.failed(format!("ended while it started ({status})")));
        }
        if is_ready {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(instance.failed(format!("was not ready within {} s", within.as_secs())));
        }
        sleep(ASK).await;
    }
}
