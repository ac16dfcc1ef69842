//! What the program takes to start, and when nobody asks it anything. Build it first: `cargo build --release --bin primehub`.

use std::process::ExitCode;
use std::time::Duration;

use primehub_benches::{Run, Samples, Started, default_binary, number};

const STARTS: usize = 5;
const REQUESTS: usize = 20;

/// After the last request: so that what a request leaves behind does not count as idling.
const SETTLING: Duration = Duration::from_secs(1);
const IDLE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let mut run = Run::start("process")?;
    let binary = run.options().binary.clone().map_or_else(default_binary, Ok)?;
    let (mut ready, mut resident, mut idle) = (Samples::default(), Samples::default(), Samples::default());
    for _ in 0..STARTS {
        let program = Started::new(&binary).await?;
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
    run.record("idle", &idle)?;
    run.finish()
}
