//! What the program takes to start, and when nobody asks it anything. Build it first: `cargo build --release --bin primehub`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use primehub_benches::{Place, Run, Samples, Size, default_binary, number};

const STARTS: usize = 5;
const REQUESTS: usize = 20;

/// After the last request: so that what a request leaves behind does not count as idling.
const SETTLING: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(5);

const PEOPLE: u32 = 100_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut run = Run::start("process")?;
    let binary = run.options().binary.clone().map_or_else(default_binary, Ok)?;
    without_data(&mut run, &binary).await?;
    with_data(&mut run, &binary).await?;
    run.finish()
}

async fn without_data(run: &mut Run, binary: &Path) -> anyhow::Result<()> {
    let (mut ready, mut resident, mut idle) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..STARTS {
        let place = Place::in_memory()?;
        let program = place.start(binary).await?;
        ready.push(program.ready_after().as_secs_f64());
        for _ in 0..REQUESTS {
            program.ask().await?;
        }
        tokio::time::sleep(SETTLING).await;
        let before = program.processor_ticks()?;
        tokio::time::sleep(IDLE).await;
        idle.push(number(program.processor_ticks()? - before));
        resident.push(program.resident_mebibytes()?);
    }
    run.record("ready", &ready)?;
    run.record("resident", &resident)?;
    run.record("idle", &idle)
}

/// Every start but the first follows a kill.
async fn with_data(run: &mut Run, binary: &Path) -> anyhow::Result<()> {
    let place = Place::with_data(Path::new(env!("CARGO_TARGET_TMPDIR")))?;
    // The first start makes the demo people, and with them the administrator who asks.
    place.start(binary).await?.kill().await?;
    let (few, _) = starts(&place, binary).await?;
    place.add_people(Size { users: PEOPLE.try_into()?, groups: 200 }).await?;
    let (many, ready) = starts(&place, binary).await?;
    let before = few.measured().map_or(0.0, |few| few.median);
    let per_user = many.iter().map(|resident| (resident - before) * 1024.0 / f64::from(PEOPLE));
    run.record("ready.100000_users", &ready)?;
    run.record("resident.100000_users", &many)?;
    run.record("resident_per_user", &per_user.collect())
}

/// Memory and time of some starts.
async fn starts(place: &Place, binary: &Path) -> anyhow::Result<(Samples, Samples)> {
    let (mut resident, mut ready) = (Samples::default(), Samples::default());
    for _ in 0..STARTS {
        let program = place.start(binary).await?;
        ready.push(program.ready_after().as_secs_f64());
        tokio::time::sleep(SETTLING).await;
        resident.push(program.resident_mebibytes()?);
        program.kill().await?;
    }
    Ok((resident, ready))
}
