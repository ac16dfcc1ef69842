//! PrimeHub in one process, and its command line.
//!
//! A binary parses what it was asked, builds the parts, serves and shuts down; everything it is made of is in the libraries.

mod bootstrap;
mod check;
mod command_line;
mod handout;
mod keycloak;
mod transfer;
mod up;

use std::process::ExitCode;

use clap::Parser as _;

use crate::command_line::{Command, CommandLine};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Up(options) => up::run(*options),
        Command::Bootstrap(options) => bootstrap::run(*options),
        Command::Check(options) => check::run(&options),
        Command::Export(options) => transfer::export(&options),
        Command::Import(options) => transfer::import(&options),
        Command::Schema => print(&primehub_graphql::sdl()),
        Command::Crds => definitions().and_then(|yaml| print(&yaml)),
        Command::Version => print(concat!("primehub ", env!("CARGO_PKG_VERSION"), "\n")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("primehub: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The definitions of the custom resources: a YAML document each.
fn definitions() -> anyhow::Result<String> {
    let mut yaml = String::new();
    for definition in primehub_core::crd::definitions() {
        yaml.push_str("---\n");
        serde_saphyr::to_fmt_writer(&mut yaml, &definition)?;
    }
    Ok(yaml)
}

/// Writes to standard output. A reader that has seen enough, such as `head`, is no error.
fn print(text: &str) -> anyhow::Result<()> {
    use std::io::{ErrorKind, Write as _};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
