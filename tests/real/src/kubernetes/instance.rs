//! A folder with a control plane's files, and the processes that work on it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use reqwest::{Certificate, Client, StatusCode};
use tokio::time::{Instant, sleep};

use super::access::{self, Access};
use super::layout::Component;
use crate::error::ServerError;
use crate::ports;
use crate::process::{Process, without_settings_of_others};

/// What becomes of nodes and pods.
const STAGES: &str = include_str!("stages.yaml");

/// How often to ask whether the server is ready.
const ASK: Duration = Duration::from_millis(100);

/// The processes of one instance, in the order in which they were started.
pub(crate) type Processes = BTreeMap<Component, Process>;

/// A folder that a control plane can run in, and where it will listen.
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(super) home: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    pub(super) access: Access,
    etcd: u16,
    etcd_peers: u16,
    api: u16,
    /// Keeps no connection: callers come from several runtimes, and a connection ends with the one that opened it.
    client: Client,
}

impl Instance {
    /// Fills the folder. `arguments` are further ones of the API server.
    pub(crate) fn create(program: &Path, home: &Path, arguments: Vec<String>) -> Result<Self, ServerError> {
        let home = home.canonicalize()?;
        let [etcd, etcd_peers, api] = ports::free()?;
        let access = Access::create(&home)?;
        fs::write(home.join("stages.yaml"), STAGES)?;
        // The authority is known, so that the certificate can be read.
        let client = Certificate::from_pem(access.authority.as_bytes())
            .and_then(|authority| {
                Client::builder().no_proxy().pool_max_idle_per_host(0).tls_certs_only([authority]).build()
            })
            .map_err(ServerError::Client)?;
        let instance = Self { program: program.to_owned(), home, arguments, access, etcd, etcd_peers, api, client };
        instance.access.write_kubeconfig(&instance.home, &instance.url())?;
        Ok(instance)
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.api)
    }

    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        access::kubeconfig(&self.home)
    }

    /// Where a process writes what it has to say.
    pub(crate) fn log(&self, component: Component) -> PathBuf {
        self.home.join(component.name()).with_extension("log")
    }

    /// The argument that names the folder, by which others recognize whose process it is.
    pub(crate) fn mark(&self, component: Component) -> OsString {
        let (option, path) = match component {
            Component::Etcd => ("--data-dir=", self.home.join("etcd")),
            Component::ApiServer => ("--cert-dir=", self.home.join("certificates")),
            Component::ControllerManager | Component::Scheduler | Component::Kwok => {
                ("--kubeconfig=", self.kubeconfig())
            }
        };
        with_path(option, &path)
    }

    /// Starts those of `components` that do not run. Their logs go on where an earlier run in this folder ended.
    pub(crate) fn start(
        &self,
        processes: &mut Processes,
        components: impl IntoIterator<Item = Component>,
        spawn: impl Fn(&mut Command) -> io::Result<Process>,
    ) -> io::Result<()> {
        for component in components {
            if let Some(process) = processes.get_mut(&component)
                && process.ended()?.is_none()
            {
                continue;
            }
            processes.insert(component, spawn(&mut self.command(component)?)?);
        }
        Ok(())
    }

    fn command(&self, component: Component) -> io::Result<Command> {
        let log = File::options().create(true).append(true).open(self.log(component))?;
        let mut command = Command::new(&self.program);
        command
            .arg(component.name())
            .arg(self.mark(component))
            .args(self.further(component))
            .current_dir(&self.home)
            .stdout(log.try_clone()?)
            .stderr(log);
        without_settings_of_others(&mut command, &["ETCD_", "KUBE", "KWOK_"]);
        // Otherwise settings in the user's own folder would be read, too.
        command.env("KWOK_WORKDIR", self.home.join("kwok"));
        Ok(command)
    }

    fn further(&self, component: Component) -> Vec<OsString> {
        let home = &self.home;
        let plain = |arguments: &[&str]| arguments.iter().map(OsString::from).collect::<Vec<_>>();
        // One of each: nobody to elect a leader with, and no port that anybody would ask.
        let alone = || plain(&["--leader-elect=false", "--secure-port=0"]);
        match component {
            Component::Etcd => {
                let clients = format!("http://127.0.0.1:{}", self.etcd);
                let peers = format!("http://127.0.0.1:{}", self.etcd_peers);
                [
                    format!("--listen-client-urls={clients}"),
                    format!("--advertise-client-urls={clients}"),
                    format!("--listen-peer-urls={peers}"),
                    format!("--initial-advertise-peer-urls={peers}"),
                    format!("--initial-cluster=default={peers}"),
                    // Survives the end of its process all the same; only a machine that loses power would lose data.
                    "--unsafe-no-fsync".to_owned(),
                ]
                .map(OsString::from)
                .into()
            }
            Component::ApiServer => {
                let mut arguments = plain(&[
                    "--bind-address=127.0.0.1",
                    // The machine may have no other address, and nothing in the cluster looks for this one.
                    "--advertise-address=127.0.0.1",
                    "--endpoint-reconciler-type=none",
                    "--authorization-mode=RBAC",
                    "--service-account-issuer=https://kubernetes.default.svc",
                    "--service-cluster-ip-range=10.96.0.0/16",
                    "--allow-privileged=true",
                    // Pods would be refused until controllers have made the account of their namespace.
                    "--disable-admission-plugins=ServiceAccount",
                ]);
                arguments.push(format!("--etcd-servers=http://127.0.0.1:{}", self.etcd).into());
                arguments.push(format!("--secure-port={}", self.api).into());
                arguments.extend([
                    with_path("--tls-cert-file=", &access::server_certificate(home)),
                    with_path("--tls-private-key-file=", &access::server_key(home)),
                    with_path("--token-auth-file=", &access::tokens(home)),
                    with_path("--service-account-key-file=", &access::account_public_key(home)),
                    with_path("--service-account-signing-key-file=", &access::account_key(home)),
                ]);
                arguments.extend(self.arguments.iter().map(OsString::from));
                arguments
            }
            Component::ControllerManager => {
                let mut arguments = alone();
                arguments.extend([
                    "--use-service-account-credentials=false".into(),
                    // Many tests at once end many namespaces, each of which is more than a hundred requests: by default it would spare a server
                    // that is not spared by anybody here.
                    "--kube-api-qps=500".into(),
                    "--kube-api-burst=1000".into(),
                    "--concurrent-namespace-syncs=50".into(),
                    with_path("--service-account-private-key-file=", &access::account_key(home)),
                    with_path("--root-ca-file=", &access::authority_certificate(home)),
                ]);
                arguments
            }
            Component::Scheduler => alone(),
            Component::Kwok => vec![
                with_path("--config=", &home.join("stages.yaml")),
                "--manage-all-nodes=true".into(),
                // A node whose lease nobody renews is taken for dead, and its pods are evicted.
                "--node-lease-duration-seconds=40".into(),
            ],
        }
    }

    /// Whether the server says that it can be used, and has made the namespace that everybody uses. One that does not answer within a second is
    /// not ready.
    async fn is_ready(&self) -> bool {
        for path in ["/readyz", "/api/v1/namespaces/default"] {
            let question = self.client.get(format!("{}{path}", self.url())).bearer_auth(&self.access.administrator);
            let answer = question.timeout(Duration::from_secs(1)).send().await;
            if !answer.is_ok_and(|answer| answer.status() == StatusCode::OK) {
                return false;
            }
        }
        true
    }

    /// Waits until the API can be used. `ended` says which process ended, and how, if one has.
    pub(crate) async fn ready(
        &self,
        within: Duration,
        mut ended: impl FnMut() -> io::Result<Option<(Component, ExitStatus)>>,
    ) -> Result<(), ServerError> {
        let deadline = Instant::now() + within;
        loop {
            let is_ready = self.is_ready().await;
            // Asked afterwards: whoever answered on a port that this server did not get was somebody else.
            if let Some((component, status)) = ended()? {
                return Err(self.failed(component, format!("ended while it started ({status})")));
            }
            if is_ready {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(self.failed(Component::ApiServer, format!("was not ready within {} s", within.as_secs())));
            }
            sleep(ASK).await;
        }
    }

    fn failed(&self, component: Component, why: String) -> ServerError {
        ServerError::not_ready(component.name(), why, self.log(component))
    }
}

/// The first process of the API that has ended, and how.
pub(crate) fn ended(processes: &mut Processes) -> io::Result<Option<(Component, ExitStatus)>> {
    if processes.is_empty() {
        return Err(io::Error::other("it was never started"));
    }
    for (component, process) in processes.iter_mut().filter(|(component, _)| component.is_of_the_api()) {
        if let Some(status) = process.ended()? {
            return Ok(Some((*component, status)));
        }
    }
    Ok(None)
}

fn with_path(option: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(option);
    argument.push(path);
    argument
}

#[cfg(test)]
mod tests {
    use super::super::layout::{FINISH_AFTER, FINISH_WITH, Servers};
    use super::*;

    #[test]
    fn pods_end_by_the_annotations_that_are_documented() {
        for annotation in [FINISH_AFTER, FINISH_WITH] {
            assert!(STAGES.contains(&format!("\"{annotation}\"")), "{annotation}");
        }
    }

    #[test]
    fn each_process_is_known_by_the_folder_and_reaches_the_same_api() {
        let folder = tempfile::tempdir().unwrap();
        let instance = Instance::create(Path::new("/peers/program"), folder.path(), vec!["--v=3".to_owned()]).unwrap();
        let home = instance.home().to_str().unwrap().to_owned();
        for component in Servers::All.components() {
            let command = instance.command(*component).unwrap();
            let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
            assert_eq!(arguments[0], component.name());
            assert!(arguments[1].contains(&format!("={home}/")), "{arguments:?}");
        }
        let api = instance.command(Component::ApiServer).unwrap();
        let port = format!("--secure-port={}", instance.url().rsplit(':').next().unwrap());
        assert!(api.get_args().any(|argument| argument == port.as_str()));
        assert_eq!(api.get_args().last().unwrap(), "--v=3");
    }
}
