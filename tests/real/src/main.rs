//! Real servers for tests, from the command line.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stderr};
use std::process::{ExitCode, ExitStatus};

use clap::Parser;
use real_peers::{Peers, Server, UpRecord, down, prepare, test, up};
use tokio::task::JoinHandle;

/// A real Keycloak and a real Kubernetes for tests and for people. Files are kept in `PRIMEHUB_PEERS_DIR` (an absolute path), or else in `primehub/peers` in
/// the user's cache folder.
#[derive(Debug, Parser)]
enum CommandLine {
    /// Make what servers start from, unless it is there.
    Prepare {
        /// That one alone.
        server: Option<Server>,
    },
    /// Start servers in the background.
    Up {
        /// That one alone.
        server: Option<Server>,
    },
    /// End the servers that run in the background, and remove their data.
    Down {
        /// That one alone.
        server: Option<Server>,
    },
    /// Run the tests that need real servers against ones that are started for them.
    Test {
        /// Start that one alone, and run the tests that are about it.
        #[arg(long)]
        only: Option<Server>,
        /// What the test programs get, such as names of tests.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<OsString>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt()
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .without_time()
        .with_target(false)
        .init();
    match run(CommandLine::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("real-peers: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: CommandLine) -> anyhow::Result<ExitCode> {
    #[expect(clippy::disallowed_methods, reason = "a binary reads the environment once")]
    let peers = Peers::from_variables(|name| std::env::var(name).ok())?;
    match command {
        CommandLine::Prepare { server } => {
            let prepared = each(server, move |server| {
                let peers = peers.clone();
                async move { prepare(&peers, server).await }
            });
            for prepared in prepared {
                println!("{}", prepared.await??);
            }
        }
        CommandLine::Up { server } => {
            let started = each(server, move |server| {
                let peers = peers.clone();
                async move { up(&peers, server).await }
            });
            for started in started {
                let (record, now) = started.await??;
                tell(&record, now);
            }
        }
        CommandLine::Down { server } => {
            for server in Server::chosen(server) {
                match down(&peers, server).await? {
                    Some(ended) => println!("{server} at {} has ended", ended.url),
                    None => println!("no {server} runs"),
                }
            }
        }
        CommandLine::Test { only, arguments } => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            return Ok(code(test(&peers, only, &cargo, &arguments, |line| println!("{line}")).await?));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Does something with each chosen server, all at once: they do not depend on each other, and preparing one holds a thread up.
fn each<F>(only: Option<Server>, act: impl Fn(Server) -> F) -> Vec<JoinHandle<F::Output>>
where
    F: Future<Output: Send> + Send + 'static,
{
    Server::chosen(only).into_iter().map(|server| tokio::spawn(act(server))).collect()
}

fn tell(record: &UpRecord, now: bool) {
    let UpRecord { server, version, url, folder, administrator, .. } = record;
    let runs = if now { "runs" } else { "runs already" };
    let pids: Vec<_> = record.processes.iter().map(|process| process.pid.to_string()).collect();
    println!(
        "{server} {version} {runs} at {url} ({}: {})",
        if pids.len() == 1 { "process" } else { "processes" },
        pids.join(" ")
    );
    match server {
        Server::Keycloak => println!("administrator of realm master: {}", administrator.display()),
        Server::Kubernetes => {
            println!("kubeconfig of the administrator, and of `jane` without rights: {}", administrator.display());
        }
    }
    println!("logs and data: {}", folder.display());
}

/// The tests' own status. A program that was ended by a signal has none.
fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
