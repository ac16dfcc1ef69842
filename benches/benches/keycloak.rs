//! What the identity store on a real Keycloak costs: calls, and time beside that of a script that only reads. Counts are gates.

use std::process::ExitCode;
use std::time::Instant;

use mimalloc::MiMalloc;
use primehub_benches::{RealRealm, Run, Samples, number};
use real_peers::{Peers, Population, Shared};
use serde_json::{Value, json};
use tokio::runtime::Builder;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const SMALL: Population = Population { users: 1_000, groups: 200, groups_each: 4, roles: 240 };
const LARGE: Population = Population { users: 10_000, groups: 1_000, groups_each: 4, roles: 1_040 };
const RUNS: usize = 5;

/// A verifier and its challenge, from the specification of PKCE.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn main() -> anyhow::Result<ExitCode> {
    let run = Run::start("keycloak")?;
    #[expect(clippy::disallowed_methods, reason = "this is a binary, which reads the environment once")]
    let peers = Peers::from_variables(|name| std::env::var(name).ok())?;
    let shared = Shared::new(peers);
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(measure(run, &shared))?;
    // The server ends with its last owner.
    drop(shared);
    Ok(code)
}

async fn measure(mut run: Run, shared: &Shared) -> anyhow::Result<ExitCode> {
    let endpoint = shared.keycloak().await?;
    let began = Instant::now();
    let small = RealRealm::new(&endpoint, SMALL).await?;
    println!("1,000 users and 200 groups are made in {:.1} s", began.elapsed().as_secs_f64());
    cold_start(&mut run, &small, "1000_users").await?;
    operations(&mut run, &small).await?;
    small.end().await?;
    let began = Instant::now();
    let large = RealRealm::new(&endpoint, LARGE).await?;
    println!("10,000 users and 1,000 groups are made in {:.1} s", began.elapsed().as_secs_f64());
    cold_start(&mut run, &large, "10000_users").await?;
    large.end().await?;
    run.finish()
}

async fn cold_start(run: &mut Run, realm: &RealRealm, suffix: &str) -> anyhow::Result<()> {
    let [mut calls, mut seconds, mut bare, mut bytes, mut ratio, mut peak] = [const { Vec::new() }; 6];
    for _ in 0..RUNS {
        let start = realm.cold_start().await?;
        calls.push(number(start.calls));
        seconds.push(start.elapsed.as_secs_f64());
        bare.push(start.bare.elapsed.as_secs_f64());
        bytes.push(number(start.bare.bytes as u64) / 1024.0);
        ratio.push(start.elapsed.as_secs_f64() / start.bare.elapsed.as_secs_f64());
        peak.push(start.peak.unwrap_or_default());
    }
    for (name, samples) in
        [("calls", calls), ("seconds", seconds), ("bare", bare), ("bytes", bytes), ("to_bare", ratio), ("peak", peak)]
    {
        run.record(&format!("cold_start.{name}.{suffix}"), &samples.into_iter().collect())?;
    }
    Ok(())
}

/// What operations cost, through GraphQL.
async fn operations(run: &mut Run, realm: &RealRealm) -> anyhow::Result<()> {
    let server = realm.server().await?;
    let (people, groups) = server.ids(20);
    // The first request fetches the keys by which tokens are checked.
    server.calls_of("{ me { id } }").await?;

    let mut warm = Samples::default();
    for query in [
        "{ me { id isAdmin groups { id users { id } } effectiveGroups { id } } }".to_owned(),
        "{ usersConnection(first: 10) { edges { node { id isAdmin email groups { id } } } } }".to_owned(),
        "{ groups { id displayName users { id username } } }".to_owned(),
        format!("{{ group(where: {{ id: \"{}\" }}) {{ quotaCpu users {{ id }} }} }}", groups[0]),
    ] {
        warm.push(number(server.calls_of(&query).await?.1));
    }
    run.record("warm_reads", &warm)?;

    let list = |ids: &[String]| {
        let ids: Vec<_> = ids.iter().map(|id| format!("{{ id: \"{id}\" }}")).collect();
        format!("[{}]", ids.join(", "))
    };
    let mut created = Samples::default();
    for turn in 0..RUNS {
        let query = format!(
            "mutation {{ createUser(data: {{ username: \"created-{turn}\", email: \"created-{turn}@example.com\", \
             groups: {{ connect: {} }} }}) {{ id groups {{ id }} }} }}",
            list(&groups[..3])
        );
        let (data, calls) = server.calls_of(&query).await?;
        let joined = data["createUser"]["groups"].as_array().map_or(0, Vec::len);
        anyhow::ensure!(joined >= 3, "{joined} groups: {data}");
        created.push(number(calls));
    }
    run.record("create_user.3_groups", &created)?;

    let mut updated = Samples::default();
    for turn in 0..RUNS {
        // The ten come and go.
        let action = if turn % 2 == 0 { "connect" } else { "disconnect" };
        let ten: Vec<String> = people.iter().filter(|id| !id.is_empty()).skip(5).take(10).cloned().collect();
        let query = format!(
            "mutation {{ updateGroup(where: {{ id: \"{}\" }}, data: {{ displayName: \"Turn {turn}\", users: {{ {action}: {} }} }}) \
             {{ id displayName users {{ id }} }} }}",
            groups[15],
            list(&ten)
        );
        let (data, calls) = server.calls_of(&query).await?;
        let members: Vec<&Value> =
            data["updateGroup"]["users"].as_array().into_iter().flatten().map(|row| &row["id"]).collect();
        let there = ten.iter().filter(|id| members.contains(&&json!(id))).count();
        anyhow::ensure!(there == if turn % 2 == 0 { 10 } else { 0 }, "{there} of ten after {action}");
        updated.push(number(calls));
    }
    run.record("update_group.10_members", &updated)?;

    let mut exchanged = Samples::default();
    for _ in 0..RUNS {
        let grant = realm.code(&VERIFIER.into(), CHALLENGE).await?;
        exchanged.push(number(server.calls_of_exchange(&grant).await?));
    }
    run.record("exchange.code", &exchanged)?;
    let (_, calls) = server.calls_with_api_token("{ me { id } }").await?;
    run.record("exchange.api_token", &[number(calls)].into_iter().collect())?;
    Ok(())
}
