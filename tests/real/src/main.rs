//! Real servers for tests, from the command line.

use std::ffi::OsString;
use std::io::{IsTerminal as _, stderr};
use std::process::{ExitCode, ExitStatus};

use clap::Parser;
use real_peers::{Peers, Prepared, down, test, up};

/// A real Keycloak for tests and for people. Files are kept in `PRIMEHUB_PEERS_DIR` (an absolute path), or else in `primehub/peers` in the user's cache folder.
#[derive(Debug, Parser)]
enum CommandLine {
    /// Make the tree that servers start from, unless it is there.
    Prepare,
    /// Start a server in the background.
    Up,
    /// Stop the server that runs in the background, and remove its data.
    Down,
    /// Run the tests that need real servers against one that is started for them.
    Test {
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
        CommandLine::Prepare => {
            let prepared = Prepared::prepare(&peers).await?;
            println!("Keycloak {} is in {}", prepared.version(), prepared.tree().display());
        }
        CommandLine::Up => {
            let (server, started) = up(&peers).await?;
            let runs = if started { "runs" } else { "runs already" };
            println!("Keycloak {} {runs} at {} (process {})", server.version, server.url, server.pid);
            println!("administrator of realm master: {}", server.administrator.display());
            println!("log and data: {}", server.folder.display());
        }
        CommandLine::Down => match down(&peers).await? {
            Some(server) => println!("Keycloak at {} has ended", server.url),
            None => println!("no Keycloak runs"),
        },
        CommandLine::Test { arguments } => {
            let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
            return Ok(code(test(&peers, &cargo, &arguments, |line| println!("{line}")).await?));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The tests' own status. A program that was ended by a signal has none.
fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
