//! Calls to the identity provider, allocations, memory. This target's allocator counts, so it measures no time.

use std::process::ExitCode;

use primehub_benches::{
    Client, Document, Run, Samples, Size, World, batched_reads, groups_page, me, number, users_page, warm_reads,
};
use tokio::runtime::{Builder, Runtime};

fn main() -> anyhow::Result<ExitCode> {
    let mut run = Run::start("counts")?;
    // Everything happens on this thread: it is the one whose allocations are counted.
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
    drop((world, large));
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
    let mut paced = None;
    let counted = allocation_counter::measure(|| paced = Some(runtime.block_on(client.pace(document, 100))));
    paced.transpose()?;
    Ok(number(counted.count_total) / 100.0)
}

/// What a person in five groups adds to the memory of the store: the difference between two realms.
fn bytes_per_user(runtime: &Runtime) -> anyhow::Result<Samples> {
    let mut samples = Samples::default();
    for _ in 0..3 {
        let mut held = [0.0; 2];
        for (bytes, users) in held.iter_mut().zip([1_000, 11_000]) {
            let mut world = None;
            let counted =
                allocation_counter::measure(|| world = Some(runtime.block_on(World::new(Size { users, groups: 200 }))));
            let world = world.transpose()?;
            *bytes = number(u64::try_from(counted.bytes_current)?);
            drop(world);
        }
        samples.push((held[1] - held[0]) / 10_000.0);
    }
    Ok(samples)
}
