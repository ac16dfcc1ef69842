//! Calls to the identity provider, allocations, memory. This target's allocator counts, so it measures no time.

use std::alloc::System;
use std::path::Path;
use std::process::ExitCode;

use primehub_benches::{
    Client, Document, Entrance, KeptRealm, Run, Samples, Size, World, batched_reads, groups_page, me, number,
    users_page, warm_reads,
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
