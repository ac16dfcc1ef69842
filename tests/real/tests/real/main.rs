//! Tests against real servers. Each group gets the shared servers, or makes instances of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "whatever goes wrong in a trial has to end it; clippy knows only functions marked as tests"
)]

mod bootstrap;
mod conformance;
mod faults;
mod following;
mod kubernetes;
mod load;
mod peers;

use std::process::ExitCode;
use std::sync::Arc;

use kubernetes_conformance::AT_ONCE;
use libtest_mimic::{Arguments, Conclusion};
use real_peers::{Peers, Server, Shared};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    #[expect(clippy::disallowed_methods, reason = "this is a binary, which reads the environment once")]
    let peers = Peers::from_variables(|name| std::env::var(name).ok()).unwrap();
    let wanted = peers.wanted();
    let shared = Arc::new(Shared::new(peers));
    let suite = conformance::Suite::new(&shared);
    let mut trials = Vec::new();
    if wanted.contains(&Server::Keycloak) {
        trials.extend(peers::trials(&shared));
        trials.extend(bootstrap::trials(&shared));
        trials.extend(suite.trials());
        trials.extend(following::trials(&shared));
        trials.extend(load::trials(&shared));
        trials.extend(faults::trials(&shared));
    }
    if wanted.contains(&Server::Kubernetes) {
        trials.extend(kubernetes::trials(&shared));
    }
    let mut conclusions = vec![libtest_mimic::run(&arguments, trials)];
    suite.end();
    drop(suite);
    if wanted.contains(&Server::Kubernetes) {
        let suite = kubernetes::Suite::new();
        // On their own: these wait for controllers most of the time, so that more of them can run at once than there are processors.
        let threads = arguments.test_threads.unwrap_or(AT_ONCE).min(AT_ONCE);
        let arguments = Arguments { test_threads: Some(threads), ..arguments };
        conclusions.push(libtest_mimic::run(&arguments, suite.trials(&shared)));
    }
    // The shared server ends with its last owner, and leaving by `Conclusion::exit` would skip that.
    drop(shared);
    if conclusions.iter().any(Conclusion::has_failed) { ExitCode::from(101) } else { ExitCode::SUCCESS }
}
