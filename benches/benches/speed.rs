//! How long requests, writes, refusals and logins take, and how that grows.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use primehub_benches::{
    Client, Document, Entrance, KeptRealm, Run, Samples, Size, World, deep, groups_page, many_aliases, me, middle,
    users_page,
};
use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{Actor, Binding, Edit, IdentityStore as _, UserEdit};
use primehub_memory::identity::PasswordCost;

/// The program's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 11;
const REQUESTS: u32 = 200;

/// People that writes go round among: a prime step visits them in no order that caches like.
const STEP: usize = 7_919;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut run = Run::start("speed")?;
    let small = World::new(Size { users: 1_000, groups: 200 }).await?;
    requests(&mut run, &small).await?;
    refusals(&mut run, &small).await?;
    logins(&mut run, &small).await?;
    logins_without_hash(&mut run).await?;
    let large = World::new(Size { users: 100_000, groups: 200 }).await?;
    growth(&mut run, &small, &large).await?;
    drop(small);
    writes(&mut run, &large).await?;
    drop(large);
    kept_writes(&mut run).await?;
    run.finish()
}

async fn requests(run: &mut Run, world: &World) -> anyhow::Result<()> {
    let member = world.with_access_token(&world.member).await?;
    let administrator = world.with_api_token(&world.administrator)?;
    let api_token = world.with_api_token(&world.member)?;
    for (name, client, document) in [
        ("me.access_token", &member, me()),
        ("me.api_token", &api_token, me()),
        ("users_page", &administrator, users_page(0)),
        ("groups_page", &administrator, groups_page(1)),
    ] {
        let (middles, rates) = pace(client, &document).await?;
        run.record(name, &middles)?;
        run.record(&format!("{name}.rate"), &rates)?;
    }
    Ok(())
}

async fn refusals(run: &mut Run, world: &World) -> anyhow::Result<()> {
    let member = world.with_access_token(&world.member).await?;
    run.record("refused.depth_50", &pace(&member, &deep()).await?.0)?;
    run.record("refused.1000_aliases", &pace(&member, &many_aliases()).await?.0)
}

/// The middle request of each round in milliseconds, and requests per second.
async fn pace(client: &Client, document: &Document) -> anyhow::Result<(Samples, Samples)> {
    client.prove(document).await?;
    client.pace(document, REQUESTS).await?;
    let (mut middles, mut rates) = (Samples::default(), Samples::default());
    for _ in 0..ROUNDS {
        let paced = client.pace(document, REQUESTS).await?;
        middles.push(milliseconds(paced.middle));
        rates.push(paced.per_second);
    }
    // Still the same answer, not a refusal because a token has expired.
    client.prove(document).await?;
    Ok((middles, rates))
}

async fn growth(run: &mut Run, small: &World, large: &World) -> anyhow::Result<()> {
    let clients = (small.with_api_token(&small.administrator)?, large.with_api_token(&large.administrator)?);
    let last = |world: &World| users_page(world.users.len() / 10 - 1);
    for (name, here, there) in [
        ("growth.users_first_page", users_page(0), users_page(0)),
        ("growth.users_last_page", last(small), last(large)),
        ("growth.groups_page", groups_page(1), groups_page(1)),
    ] {
        clients.0.prove(&here).await?;
        clients.1.prove(&there).await?;
        let mut ratios = Samples::default();
        // The first round only warms up. Within a round the two take turns, so that whatever else the machine does meets both.
        for round in 0..=ROUNDS {
            let (mut one, mut other) = (Vec::new(), Vec::new());
            for _ in 0..REQUESTS {
                one.push(clients.0.time(&here).await?);
                other.push(clients.1.time(&there).await?);
            }
            if round > 0 {
                ratios.push(middle(&mut other).as_secs_f64() / middle(&mut one).as_secs_f64());
            }
        }
        clients.0.prove(&here).await?;
        clients.1.prove(&there).await?;
        run.record(name, &ratios)?;
    }
    Ok(())
}

async fn writes(run: &mut Run, world: &World) -> anyhow::Result<()> {
    let by = Actor::service();
    let mut people = world.users.iter().cycle().step_by(STEP);
    let (mut edits, mut joins, mut leaves) = (Samples::default(), Samples::default(), Samples::default());
    for round in 0..ROUNDS {
        let (mut edited, mut joined, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for (user, group) in people.by_ref().zip(world.groups.iter().cycle()).take(500) {
            let edit = UserEdit { first_name: Edit::Set(format!("Renamed{round}")), ..UserEdit::default() };
            let began = Instant::now();
            world.store.edit_user(&by, user, edit).await?;
            edited.push(began.elapsed());

            // Whoever was no member joins first: so the join that is timed is one.
            let (user, group) = (user.clone(), group.clone());
            let leave = Binding::Leave { user: user.clone(), group: group.clone() };
            let join = Binding::Join { user, group };
            bind(world, &by, &join).await?;
            left.push(bind(world, &by, &leave).await?);
            joined.push(bind(world, &by, &join).await?);
        }
        edits.push(microseconds(middle(&mut edited)));
        joins.push(microseconds(middle(&mut joined)));
        leaves.push(microseconds(middle(&mut left)));
    }
    run.record("edit_user.100000_users", &edits)?;
    run.record("join.100000_users", &joins)?;
    run.record("leave.100000_users", &leaves)
}

async fn bind(world: &World, by: &Actor, binding: &Binding) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let outcomes = world.store.bind(by, std::slice::from_ref(binding)).await?;
    let took = began.elapsed();
    outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(took)
}

async fn logins(run: &mut Run, world: &World) -> anyhow::Result<()> {
    let password = world.password_of_member().await?;
    let mut logins = Samples::default();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        world.provider.log_in(&world.member.username, &password).await?;
        logins.push(milliseconds(began.elapsed()));
    }
    run.record("log_in", &logins)?;
    let mut exchanges = Samples::default();
    for _ in 0..ROUNDS {
        let began = Instant::now();
        for _ in 0..50 {
            world.provider.exchange_api_token(&world.member.api_token).await?;
        }
        exchanges.push(50.0 / began.elapsed().as_secs_f64());
    }
    run.record("exchange.rate", &exchanges)
}

/// What a login takes beside the hash: here guessing a password costs next to nothing.
async fn logins_without_hash(run: &mut Run) -> anyhow::Result<()> {
    let folder = tempfile::tempdir_in(DISK)?;
    for (name, data) in [("in_memory", None), ("with_data", Some(folder.path()))] {
        let entrance = Entrance::new(PasswordCost::lowest(), data).await?;
        let (mut by_password, mut by_page) = (Samples::default(), Samples::default());
        for _ in 0..ROUNDS {
            let (mut logins, mut pages) = (Vec::new(), Vec::new());
            for _ in 0..10 {
                logins.push(entrance.log_in().await?);
                pages.push(entrance.login_page().await?.send().await?);
            }
            by_password.push(milliseconds(middle(&mut logins)));
            by_page.push(milliseconds(middle(&mut pages)));
        }
        run.record(&format!("log_in.without_hash.{name}"), &by_password)?;
        run.record(&format!("login_page.without_hash.{name}"), &by_page)?;
    }
    Ok(())
}

/// Where data folders are made: below the build's folder, which is on a disk where `/tmp` may not be.
const DISK: &str = env!("CARGO_TARGET_TMPDIR");

/// Clients that write at the same time.
const CLIENTS: u32 = 16;

async fn kept_writes(run: &mut Run) -> anyhow::Result<()> {
    let small = KeptRealm::new(Path::new(DISK), Size { users: 1_000, groups: 200 }).await?;
    let large = KeptRealm::new(Path::new(DISK), Size { users: 100_000, groups: 200 }).await?;
    let [mut lone, mut together, mut each, mut ratio, mut edits, mut growth] =
        std::array::from_fn(|_| Samples::default());
    // The first round only warms up.
    for round in 0..=ROUNDS {
        let (one, all) = (large.edits_per_second(1, 100).await?, large.edits_per_second(CLIENTS, 100).await?);
        let (mut here, mut there) = (Vec::new(), Vec::new());
        for _ in 0..50 {
            here.push(small.edit().await?);
            there.push(large.edit().await?);
        }
        if round > 0 {
            lone.push(one);
            together.push(all);
            each.push(1e3 / all);
            ratio.push(one / all);
            let (here, there) = (middle(&mut here), middle(&mut there));
            edits.push(milliseconds(there));
            growth.push(there.as_secs_f64() / here.as_secs_f64());
        }
    }
    run.record("kept_edit.1_client.rate", &lone)?;
    run.record("kept_edit.16_clients.rate", &together)?;
    run.record("kept_edit.16_clients", &each)?;
    run.record("kept_edit.16_clients_to_1", &ratio)?;
    run.record("kept_edit.100000_users", &edits)?;
    run.record("growth.kept_edit", &growth)
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn microseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}
