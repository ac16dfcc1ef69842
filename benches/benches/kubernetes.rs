//! How long the Kubernetes API in memory takes to be ready, to write, to list and to tell watchers, and how that grows with what it holds.

use std::process::ExitCode;
use std::time::Duration;

use primehub_benches::{Cluster, Resource, Run, Samples, middle, resident_mebibytes, timed};
use primehub_memory::kubernetes::ApiServer;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const STARTS: usize = 11;
const PODS: usize = 10_000;
const WATCHERS: usize = 10;
const PAGE: usize = 500;
const APPLIES: usize = 1_000;

/// Objects that are there while growth is measured.
const SIZES: [(usize, &str); 3] = [(1_000, "1000"), (10_000, "10000"), (100_000, "100000")];
/// Objects that come and go in a round of growth.
const MORE: usize = 250;
/// Rounds of growth: the first only warms up.
const TURNS: usize = 12;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut run = Run::start("kubernetes")?;
    ready(&mut run).await?;
    scripts(&mut run).await?;
    growth(&mut run).await?;
    run.finish()
}

/// The first start of a process reads the tables of the built-in kinds.
async fn ready(run: &mut Run) -> anyhow::Result<()> {
    let (mut first, mut later) = (Samples::default(), Samples::default());
    for start in 0..=STARTS {
        let took = timed(async { ApiServer::new().await.map_err(|status| anyhow::anyhow!("{status:?}")) }).await?;
        if start == 0 { &mut first } else { &mut later }.push(milliseconds(took));
    }
    run.record("ready.first", &first)?;
    run.record("ready.later", &later)
}

async fn scripts(run: &mut Run) -> anyhow::Result<()> {
    for (way, client) in [("service", false), ("client", true)] {
        let [mut create, mut list, mut apply, mut again] = [const { Vec::new() }; 4];
        for _ in 0..ROUNDS {
            let cluster = if client { Cluster::within_client().await? } else { Cluster::direct().await? };
            let watchers = cluster.watchers(Resource::Pods, WATCHERS, PODS).await?;
            let told = timed(async {
                cluster.create(Resource::Pods, 0..PODS).await?;
                watchers.done().await
            });
            create.push(told.await?.as_secs_f64());
            list.push(milliseconds(timed(cluster.list(Resource::Pods, PODS, PAGE)).await?));
            apply.push(timed(cluster.apply(Resource::Deployments, 0..APPLIES, 0)).await?.as_secs_f64());
            again.push(timed(cluster.apply(Resource::Deployments, 0..APPLIES, 1)).await?.as_secs_f64());
        }
        for (name, samples) in [
            ("create_10000.10_watchers", create),
            ("list_10000.pages_of_500", list),
            ("apply_1000.new", apply),
            ("apply_1000.changed", again),
        ] {
            run.record(&format!("{name}.{way}"), &samples.into_iter().collect())?;
        }
    }
    Ok(())
}

/// What an object costs, in clusters of three sizes that take turns, so that whatever else the machine does meets all of them.
async fn growth(run: &mut Run) -> anyhow::Result<()> {
    let mut clusters = Vec::new();
    for (size, _) in SIZES {
        let before = resident_mebibytes()?;
        let cluster = Cluster::direct().await?;
        let took = timed(cluster.create(Resource::Pods, 0..size)).await?;
        if size == 100_000 {
            let held = [(resident_mebibytes()? - before)].into_iter().collect();
            run.record("held_100000.resident", &held)?;
            run.record("held_100000.create", &[took.as_secs_f64()].into_iter().collect())?;
        }
        clusters.push((cluster, size));
    }
    for (what, name) in
        [(What::Create, "create"), (What::List, "list"), (What::Told, "told"), (What::Initial, "initial")]
    {
        let mut ratios = [Samples::default(), Samples::default()];
        for turn in 0..TURNS {
            let mut costs = Vec::new();
            for (cluster, size) in &clusters {
                costs.push(what.cost(cluster, *size).await?);
            }
            if turn > 0 {
                ratios[0].push(costs[1] / costs[0]);
                ratios[1].push(costs[2] / costs[0]);
            }
        }
        for (samples, (_, size)) in ratios.iter().zip(&SIZES[1..]) {
            run.record(&format!("growth.{name}.{size}"), samples)?;
        }
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum What {
    Create,
    List,
    Told,
    Initial,
}

impl What {
    /// Time for one object, in a cluster with `size` of them.
    async fn cost(self, cluster: &Cluster, size: usize) -> anyhow::Result<f64> {
        let (pods, more) = (Resource::Pods, size..size + MORE);
        match self {
            Self::Create => {
                let mut each = Vec::with_capacity(MORE);
                for number in more.clone() {
                    each.push(timed(cluster.create(pods, number..number + 1)).await?);
                }
                cluster.delete(pods, more).await?;
                Ok(middle(&mut each).as_secs_f64())
            }
            Self::List => Ok(timed(cluster.list(pods, size, PAGE)).await?.as_secs_f64() / number(size)),
            Self::Told => {
                let watchers = cluster.watchers(pods, WATCHERS, MORE).await?;
                let told = timed(async {
                    cluster.create(pods, more.clone()).await?;
                    watchers.done().await
                });
                let told = told.await?.as_secs_f64() / number(MORE);
                cluster.delete(pods, more).await?;
                Ok(told)
            }
            Self::Initial => Ok(timed(cluster.initial(pods, size)).await?.as_secs_f64() / number(size)),
        }
    }
}

fn number(count: usize) -> f64 {
    primehub_benches::number(count as u64)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
