//! The same scripts over HTTPS, on the program and on a real Kubernetes API with its store. Ratios are gates.
//!
//! Build the program first: `cargo build --release --bin primehub`. The real servers are started for it (see `real-peers`).

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use primehub_benches::{Cluster, Place, Resource, Run, Samples, default_binary, timed};
use real_peers::{Kubernetes, KubernetesOptions, KubernetesProgram, Peers, Servers};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 3;
const PODS: usize = 10_000;
const WATCHERS: usize = 10;
/// Clients that create at the same time, over connections of their own.
const CLIENTS: usize = 8;
const PAGE: usize = 500;
const APPLIES: usize = 1_000;
/// Before memory is looked at: collectors of garbage take their time.
const SETTLING: Duration = Duration::from_secs(5);

/// Seconds and MiB.
#[derive(Default)]
struct Figures {
    create: Vec<f64>,
    list: Vec<f64>,
    apply: Vec<f64>,
    resident: Vec<f64>,
}

fn main() -> anyhow::Result<ExitCode> {
    let run = Run::start("kubernetes_real")?;
    let binary = run.options().binary.clone().map_or_else(default_binary, Ok)?;
    #[expect(clippy::disallowed_methods, reason = "this is a binary, which reads the environment once")]
    let peers = Peers::from_variables(|name| std::env::var(name).ok())?;
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure(run, &binary, &peers))
}

async fn measure(mut run: Run, binary: &Path, peers: &Peers) -> anyhow::Result<ExitCode> {
    let program = KubernetesProgram::prepare(peers).await?;
    let (mut own, mut real) = (Figures::default(), Figures::default());
    // Each round on new servers: memory is that of a process that has done this and nothing else.
    for _ in 0..ROUNDS {
        let place = Place::in_memory()?;
        let started = place.start_kubernetes(binary).await?;
        scripts(started.kubeconfig(), &mut own).await?;
        own.resident.push(started.resident_mebibytes()?);
        started.kill().await?;

        let options = KubernetesOptions { servers: Servers::Api, ..KubernetesOptions::default() };
        let kubernetes = Kubernetes::start(&program, options).await?;
        scripts(&kubernetes.kubeconfig(), &mut real).await?;
        let memory = kubernetes.memory()?;
        real.resident.push(primehub_benches::number((memory.etcd + memory.api_server) >> 10) / 1024.0);
        kubernetes.stop().await?;
    }
    for (name, own, real) in [
        ("create_10000.10_watchers", &own.create, &real.create),
        ("list_10000.pages_of_500", &own.list, &real.list),
        ("apply_1000", &own.apply, &real.apply),
        ("resident", &own.resident, &real.resident),
    ] {
        run.record(&format!("{name}.own"), &own.iter().copied().collect())?;
        run.record(&format!("{name}.real"), &real.iter().copied().collect())?;
        let ratios: Samples = own.iter().zip(real).map(|(own, real)| own / real).collect();
        run.record(&format!("{name}.own_to_real"), &ratios)?;
    }
    run.finish()
}

async fn scripts(kubeconfig: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let read = Kubeconfig::read_from(kubeconfig)?;
    let config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default()).await?;
    let cluster = Cluster::reached(kube::Client::try_from(config)?).await?;
    let watchers = cluster.watchers(Resource::Pods, WATCHERS, PODS).await?;
    let told = timed(async {
        cluster.create_together(Resource::Pods, PODS, CLIENTS).await?;
        watchers.done().await
    });
    figures.create.push(told.await?.as_secs_f64());
    figures.list.push(timed(cluster.list(Resource::Pods, PODS, PAGE)).await?.as_secs_f64());
    figures.apply.push(timed(cluster.apply(Resource::Deployments, 0..APPLIES, 0)).await?.as_secs_f64());
    drop(cluster);
    tokio::time::sleep(SETTLING).await;
    Ok(())
}
