//! How each server is started so that it outlives this process.

use std::path::Path;
use std::process::Command;

use primehub_core::clock::{Clock as _, SystemClock};

use super::record::{UpProcess, UpRecord};
use super::{UpError, failed};
use crate::instance::{self, Database, Options};
use crate::keycloak::{self, client};
use crate::kubernetes::{self, KUBERNETES_VERSION, KubernetesOptions, KubernetesProgram, Processes};
use crate::layout;
use crate::peers::Peers;
use crate::prepared::Prepared;
use crate::process::Process;
use crate::server::Server;

/// Starts the server in `folder`, which is empty, and waits until it is ready. Whenever it has one more process, `keep` is told, so that it can be
/// ended whatever happens to us meanwhile.
pub(super) async fn launch(
    server: Server,
    peers: &Peers,
    folder: &Path,
    keep: impl FnMut(&UpRecord) -> Result<(), UpError>,
) -> Result<(), UpError> {
    match server {
        Server::Keycloak => keycloak(peers, folder, keep).await,
        Server::Kubernetes => kubernetes(peers, folder, keep).await,
    }
}

async fn keycloak(
    peers: &Peers,
    folder: &Path,
    mut keep: impl FnMut(&UpRecord) -> Result<(), UpError>,
) -> Result<(), UpError> {
    let prepared = Prepared::prepare(peers).await?;
    let instance =
        instance::Instance::create(&prepared, folder, Database::Warm).map_err(failed("cannot be filled:", folder))?;
    let options = Options::default();
    let mut command = instance
        .command(prepared.java(), prepared.administrator(), &options)
        .map_err(failed("there is no log in", folder))?;
    let mut process = Process::detached(&mut command).map_err(failed("cannot be run:", prepared.java()))?;
    keep(&UpRecord {
        server: Server::Keycloak,
        url: instance.base_url(),
        processes: vec![UpProcess::new(process.id(), &layout::home_option(&instance.home))],
        version: prepared.version().to_owned(),
        started: SystemClock.now(),
        folder: instance.home.clone(),
        administrator: prepared.administrator_file(),
    })?;
    Ok(keycloak::ready(&instance, &client()?, options.deadline, || process.ended()).await?)
}

async fn kubernetes(
    peers: &Peers,
    folder: &Path,
    mut keep: impl FnMut(&UpRecord) -> Result<(), UpError>,
) -> Result<(), UpError> {
    let program = KubernetesProgram::prepare(peers).await?;
    let KubernetesOptions { servers, arguments, deadline } = KubernetesOptions::default();
    let instance = kubernetes::Instance::create(program.executable(), folder, arguments)?;
    let mut processes = Processes::new();
    let mut record = UpRecord {
        server: Server::Kubernetes,
        url: instance.url(),
        processes: Vec::new(),
        version: format!("v{KUBERNETES_VERSION}"),
        started: SystemClock.now(),
        folder: instance.home().to_owned(),
        administrator: instance.kubeconfig(),
    };
    let (api, others): (Vec<_>, Vec<_>) =
        servers.components().iter().copied().partition(|component| component.is_of_the_api());
    for (number, component) in api.iter().chain(&others).copied().enumerate() {
        if number == api.len() {
            instance.ready(deadline, || kubernetes::ended(&mut processes)).await?;
        }
        let detached = |command: &mut Command| Process::detached(command);
        instance
            .start(&mut processes, [component], detached)
            .map_err(failed("cannot be run:", program.executable()))?;
        let running = processes.get(&component).map(|process| UpProcess::new(process.id(), &instance.mark(component)));
        record.processes.extend(running);
        keep(&record)?;
    }
    Ok(())
}
