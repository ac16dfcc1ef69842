//! What the program can be asked.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// PrimeHub: a multi-user machine-learning platform on Kubernetes.
#[derive(Debug, Parser)]
#[command(name = "primehub", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process on this machine: an offline deployment, for trying and developing.
    Up(UpOptions),
    /// Print the GraphQL schema.
    Schema,
    /// Print the version.
    Version,
}

#[derive(Args, Debug)]
pub(crate) struct UpOptions {
    /// Port of GraphQL and the OpenID provider on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 3001, value_name = "N")]
    pub(crate) port: u16,
    /// Port of health and metrics on 127.0.0.1; 0 takes any free one.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) management_port: u16,
    /// Start with a platform administrator alone, without the people and groups of the demo.
    #[arg(long)]
    pub(crate) no_demo: bool,
    /// Where to write sdk.json and up.json [default: primehub below your configuration folder].
    #[arg(long, value_name = "DIR")]
    pub(crate) config_dir: Option<PathBuf>,
}
