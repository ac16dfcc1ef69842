//! The GraphQL server of a PrimeHub installation, configured by environment variables.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;
use primehub_graphql_server::{Config, log_to_standard_error, reference, run, stop};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// PrimeHub's GraphQL server on a Keycloak. It is configured by environment variables.
#[derive(Parser)]
#[command(name = "primehub-graphql", version)]
struct CommandLine {
    /// Print what can be configured, as Markdown.
    #[arg(long, conflicts_with = "check_variables")]
    help_variables: bool,
    /// Say what is wrong with the environment, if anything is, and end.
    #[arg(long)]
    check_variables: bool,
}

fn main() -> ExitCode {
    match main_of(&CommandLine::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("primehub-graphql: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn main_of(asked: &CommandLine) -> anyhow::Result<()> {
    if asked.help_variables {
        print!("{}", reference());
        return Ok(());
    }
    // What is no text becomes a text that no variable accepts.
    let config = Config::from_vars(|name| Some(std::env::var_os(name)?.to_string_lossy().into_owned()))?;
    if asked.check_variables {
        return Ok(());
    }
    let filter = config.log.filter.parse().context("PRIMEHUB_LOG cannot be used")?;
    log_to_standard_error(filter, config.log.format);
    tokio::runtime::Runtime::new()?.block_on(async { run(config, stop()?).await })
}
