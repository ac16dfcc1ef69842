//! Calls to the identity provider, allocations, memory. This target's allocator counts, so it measures no time.

use std::alloc::System;
use std::path::Path;
use std::process::ExitCode;

use primehub_benches::{
    Client, Cluster, Document, Entrance, KeptRealm, Resource, Run, Samples, Size, World, batched_reads, groups_page,
    me, number, users_page, warm_reads,
};
use primehub_memory::identity::PasswordCost;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use tokio::runtime::{Builder, Runtime};

/// Counts what all threads do: passwords are hashed, and the disk is written to, on threads of their own.
#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> anyhow::Result<ExitCode> {
    let mut run = Run::start("counts")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    for (size, suffix) in
        [(Size { users: 1_000, groups: 10 }, "10_groups"), (Size { users: 1_000, groups: 1_000 }, "1000_groups")]
    {
        let world = runtime.block_on(World::new(size))?;
        let calls = runtime.block_on(upstream_calls(&world, &warm_reads(&world)))?;
        run.record(&format!("warm_reads.{suffix}"), &calls)?;
        let calls = runtime.block_on(upstream_calls(&world, &batched_reads()))?;
        run.record(&format!("batched_reads.{suffix}"), &calls)?;
    }
    let world = runtime.block_on(World::new(Size { users: 1_000, groups: 200 }))?;
    let access_token = runtime.block_on(world.with_access_token(&world.member))?;
    let api_token = world.with_api_token(&world.member)?;
    let administrator = world.with_api_token(&world.administrator)?;
    run.record("allocations.me.access_token", &allocations(&runtime, &access_token, &me())?)?;
    run.record("allocations.me.api_token", &allocations(&runtime, &api_token, &me())?)?;
    run.record("allocations.users_page", &allocations(&runtime, &administrator, &users_page(0))?)?;
    run.record("allocations.groups_page", &allocations(&runtime, &administrator, &groups_page(1))?)?;
    let large = runtime.block_on(World::new(Size { users: 10_000, groups: 200 }))?;
    let clients = [administrator, large.with_api_token(&large.administrator)?];
    run.record("growth.users_page", &growth(&runtime, &clients, &users_page(50))?)?;
    run.record("growth.groups_page", &growth(&runtime, &clients, &groups_page(1))?)?;
    let exchanges =
        (0..5).map(|_| anyhow::Ok(number(runtime.block_on(large.exchanges_of_first_uses(64))?.try_into()?)));
    run.record("exchanges.first_uses", &exchanges.collect::<Result<_, _>>()?)?;
    drop((world, large));
    run.record("hashes.password", &runtime.block_on(hashes_of_password())?)?;
    run.record("hashes.login_page", &runtime.block_on(hashes_of_login_page())?)?;
    run.record("growth.kept_edit_user", &runtime.block_on(growth_of_kept_edit())?)?;
    run.record("directory.bytes_per_user", &bytes_per_user(&runtime)?)?;
    runtime.block_on(kubernetes(&mut run))?;
    run.finish()
}

/// For each document, the calls that its second answer took: the first may still fetch keys and exchange the token.
async fn upstream_calls(world: &World, documents: &[Document]) -> anyhow::Result<Samples> {
    let client = world.with_api_token(&world.administrator)?;
    let mut samples = Samples::default();
    for document in documents {
        client.prove(document).await?;
        let (proved, calls) = world.counted(client.prove(document)).await;
        proved?;
        samples.push(number(u64::try_from(calls)?));
    }
    Ok(samples)
}

/// How often one request allocates.
fn allocations(runtime: &Runtime, client: &Client, document: &Document) -> anyhow::Result<Samples> {
    warm_up(runtime, client, document)?;
    (0..5).map(|_| mean_allocations(runtime, client, document)).collect()
}

/// How many times as often the same request allocates at the second server.
fn growth(runtime: &Runtime, [small, large]: &[Client; 2], document: &Document) -> anyhow::Result<Samples> {
    warm_up(runtime, small, document)?;
    warm_up(runtime, large, document)?;
    let ratio = |_| Ok(mean_allocations(runtime, large, document)? / mean_allocations(runtime, small, document)?);
    (0..5).map(ratio).collect()
}

fn warm_up(runtime: &Runtime, client: &Client, document: &Document) -> anyhow::Result<()> {
    runtime.block_on(client.prove(document))?;
    runtime.block_on(client.pace(document, 100)).map(drop)
}

/// Mean of 100 requests.
fn mean_allocations(runtime: &Runtime, client: &Client, document: &Document) -> anyhow::Result<f64> {
    let region = Region::new(ALLOCATOR);
    runtime.block_on(client.pace(document, 100))?;
    Ok(allocated(&region.change()) / 100.0)
}

/// How often there was new memory, or more of it.
fn allocated(stats: &Stats) -> f64 {
    number((stats.allocations + stats.reallocations) as u64)
}

/// What a person in five groups adds to the memory of the store: the difference between two realms.
fn bytes_per_user(runtime: &Runtime) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..3 {
        let mut held = [0.0; 2];
        for (bytes, users) in held.iter_mut().zip([1_000, 11_000]) {
            let region = Region::new(ALLOCATOR);
            let world = runtime.block_on(World::new(Size { users, groups: 200 }))?;
            *bytes = bytes_held(&region.change());
            drop(world);
        }
        samples.push((held[1] - held[0]) / 10_000.0);
    }
    Ok(samples)
}

/// How much more memory there is than before. Memory that has grown or shrunk is counted as the difference on either side.
fn bytes_held(stats: &Stats) -> f64 {
    number(stats.bytes_allocated as u64) - number(stats.bytes_deallocated as u64)
}

async fn hashes_of_password() -> anyhow::Result<Samples> {
    let entrance = Entrance::new(PasswordCost::keycloak(), None).await?;
    entrance.log_in().await?;
    let mut samples = Samples::default();
    for _ in 0..5 {
        let region = Region::new(ALLOCATOR);
        entrance.log_in().await?;
        samples.push(hashes(&region.change())?);
    }
    Ok(samples)
}

async fn hashes_of_login_page() -> anyhow::Result<Samples> {
    let entrance = Entrance::new(PasswordCost::keycloak(), None).await?;
    let mut samples = Samples::default();
    for _ in 0..5 {
        let page = entrance.login_page().await?;
        let region = Region::new(ALLOCATOR);
        page.send().await?;
        samples.push(hashes(&region.change())?);
    }
    Ok(samples)
}

/// How many passwords were hashed: each takes 7 MiB at Keycloak's cost, beside which the rest of a login is little.
fn hashes(stats: &Stats) -> anyhow::Result<f64> {
    let hashes = stats.bytes_allocated / (7 << 20);
    anyhow::ensure!(hashes > 0, "a login without a hash, in {} bytes", stats.bytes_allocated);
    Ok(number(hashes as u64))
}

/// How many times as often an edit allocates with ten times as many people in the data folder, until it is on disk.
async fn growth_of_kept_edit() -> anyhow::Result<Samples> {
    let place = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let small = KeptRealm::new(place, Size { users: 1_000, groups: 200 }).await?;
    let large = KeptRealm::new(place, Size { users: 10_000, groups: 200 }).await?;
    let mut samples = Samples::default();
    for _ in 0..5 {
        samples.push(allocations_of_kept_edit(&large).await? / allocations_of_kept_edit(&small).await?);
    }
    Ok(samples)
}

/// Of 50 edits.
async fn allocations_of_kept_edit(realm: &KeptRealm) -> anyhow::Result<f64> {
    let region = Region::new(ALLOCATOR);
    realm.edits_per_second(1, 50).await?;
    Ok(allocated(&region.change()))
}

const PODS: Resource = Resource::Pods;
/// What comes and goes, or is applied, in one run.
const MORE: usize = 200;
const WATCHERS: usize = 10;

/// The Kubernetes API in memory: what writes and what is told of them allocates, what objects and watchers hold, and how that grows.
async fn kubernetes(run: &mut Run) -> anyhow::Result<()> {
    let small = Cluster::direct().await?;
    small.create(PODS, 0..1_000).await?;
    let bytes = number(small.size(PODS, 0).await? as u64);

    let [mut create, mut apply, mut told, mut copies] = [const { Vec::new() }; 4];
    small.apply(Resource::Deployments, 0..MORE, 0).await?;
    for turn in 1..=5 {
        let alone = creates(&small, 1_000, 0).await?;
        let watched = creates(&small, 1_000, WATCHERS).await?;
        let region = Region::new(ALLOCATOR);
        small.apply(Resource::Deployments, 0..MORE, turn).await?;
        apply.push(allocated(&region.change()) / number(MORE as u64));
        let events = number((MORE * WATCHERS) as u64);
        create.push(allocated(&alone) / number(MORE as u64));
        told.push((allocated(&watched) - allocated(&alone)) / events);
        let written = |stats: &Stats| number(stats.bytes_allocated as u64);
        copies.push((written(&watched) - written(&alone)) / events / bytes);
    }
    for (name, samples) in [
        ("allocations.create", create),
        ("allocations.apply", apply),
        ("told.allocations", told),
        ("told.copies", copies),
    ] {
        run.record(&format!("kubernetes.{name}"), &samples.into_iter().collect())?;
    }
    run.record("kubernetes.idle_watcher", &bytes_of_idle_watcher().await?)?;

    let mut held = [0.0; 2];
    let mut clusters = Vec::new();
    for (held, pods) in held.iter_mut().zip([1_000, 100_000]) {
        let region = Region::new(ALLOCATOR);
        let cluster = Cluster::direct().await?;
        cluster.create(PODS, 0..pods).await?;
        *held = bytes_held(&region.change());
        clusters.push(cluster);
    }
    let each = (held[1] - held[0]) / 99_000.0;
    run.record("kubernetes.bytes_per_pod", &[each].into_iter().collect())?;
    run.record("kubernetes.bytes_per_pod.to_json", &[each / bytes].into_iter().collect())?;
    let [mut create, mut told, mut list] = [const { Vec::new() }; 3];
    for _ in 0..5 {
        let [mut alone, mut watched, mut listed] = [[0.0; 2]; 3];
        for (index, (cluster, size)) in clusters.iter().zip([1_000, 100_000]).enumerate() {
            alone[index] = allocated(&creates(cluster, size, 0).await?);
            watched[index] = allocated(&creates(cluster, size, WATCHERS).await?);
            let region = Region::new(ALLOCATOR);
            cluster.list(PODS, size, 500).await?;
            listed[index] = number(region.change().bytes_allocated as u64) / number(size as u64);
        }
        create.push(alone[1] / alone[0]);
        told.push(watched[1] / watched[0]);
        list.push(listed[1] / listed[0]);
    }
    for (name, samples) in [("create", create), ("told", told), ("list", list)] {
        run.record(&format!("kubernetes.growth.{name}"), &samples.into_iter().collect())?;
    }
    Ok(())
}

/// Some pods more, told to so many watchers; they are gone afterwards.
async fn creates(cluster: &Cluster, from: usize, watchers: usize) -> anyhow::Result<Stats> {
    let more = from..from + MORE;
    let watchers = cluster.watchers(PODS, watchers, MORE).await?;
    // They are connected and wait.
    tokio::task::yield_now().await;
    let region = Region::new(ALLOCATOR);
    cluster.create(PODS, more.clone()).await?;
    watchers.done().await?;
    let stats = region.change();
    cluster.delete(PODS, more).await?;
    Ok(stats)
}

/// What a watcher holds that is told of 1,000 pods and never reads: the difference that ten of them make.
async fn bytes_of_idle_watcher() -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..5 {
        let mut held = [0.0; 2];
        for (held, watchers) in held.iter_mut().zip([0, WATCHERS]) {
            let region = Region::new(ALLOCATOR);
            let cluster = Cluster::direct().await?;
            let mut idlers = Vec::with_capacity(WATCHERS);
            for _ in 0..watchers {
                idlers.push(cluster.idler(PODS).await?);
            }
            cluster.create(PODS, 0..1_000).await?;
            *held = bytes_held(&region.change());
        }
        samples.push((held[1] - held[0]) / number(WATCHERS as u64));
    }
    Ok(samples)
}
