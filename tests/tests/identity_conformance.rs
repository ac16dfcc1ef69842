//! The identity conformance suite on the store in memory: each case a test of its own.

use std::sync::Arc;

use libtest_mimic::Arguments;
use primehub_conformance::{Conformance, MemoryBackend, all, run};

/// The cases wait far more than they compute.
const THREADS: usize = 8;

fn main() -> anyhow::Result<()> {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let backend = runtime.block_on(MemoryBackend::start()).map_err(|failure| anyhow::anyhow!("{failure}"))?;
    let conformance = Conformance::new(Arc::new(backend));
    let trials = run(&conformance, "memory", &all(), runtime.handle());
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list {
        println!("{}", conformance.summary());
    }
    conclusion.exit()
}
