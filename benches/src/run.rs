//! One run of a bench target: collect, compare, print.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser;

use crate::figures::{Figure, Ranges, Verdict};
use crate::samples::{Measured, Samples};

/// What a bench target can be asked.
#[derive(Clone, Debug, Parser)]
pub struct Options {
    /// Store what is measured.
    #[arg(long)]
    pub update: bool,
    /// The program to start [default: `primehub` where this build puts it].
    #[arg(long, value_name = "PATH")]
    pub binary: Option<PathBuf>,
    /// What cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
}

/// A bench target at work.
#[derive(Debug)]
pub struct Run {
    target: &'static str,
    options: Options,
    ranges: Ranges,
    measured: BTreeMap<String, Measured>,
}

impl Run {
    /// Starts the target with that name.
    ///
    /// # Errors
    /// No stored figures.
    pub fn start(target: &'static str) -> anyhow::Result<Self> {
        let options = Options::parse();
        Ok(Self { target, options, ranges: Ranges::read(&stored_figures())?, measured: BTreeMap::new() })
    }

    /// What the target was asked.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Takes the samples of a figure and prints them beside its range.
    ///
    /// # Errors
    /// A figure that is not stored, no samples.
    pub fn record(&mut self, name: &str, samples: &Samples) -> anyhow::Result<()> {
        let name = format!("{}.{name}", self.target);
        let measured = samples.measured().with_context(|| format!("{name} has no samples"))?;
        let figure = self.ranges.figures.iter().find(|figure| figure.name == name);
        let figure = figure.with_context(|| format!("{name} is not in {}", stored_figures().display()))?;
        if self.measured.is_empty() {
            println!("{HEADING}");
        }
        println!("{}", line(figure, &measured));
        self.measured.insert(name, measured);
        Ok(())
    }

    /// Stores what was measured, if asked to, and says whether all gates hold.
    ///
    /// # Errors
    /// A stored figure of this target that was not measured; a file that cannot be written.
    pub fn finish(mut self) -> anyhow::Result<ExitCode> {
        let prefix = format!("{}.", self.target);
        let mut exceeded = 0;
        for figure in self.ranges.figures.iter_mut().filter(|figure| figure.name.starts_with(&prefix)) {
            let measured =
                self.measured.get(&figure.name).with_context(|| format!("{} was not measured", figure.name))?;
            exceeded += usize::from(figure.verdict(measured) == Verdict::Exceeded);
            figure.measured = Some(*measured);
        }
        if self.options.update {
            self.ranges.machine = machine();
            self.ranges.write(&stored_figures())?;
        }
        println!();
        if exceeded > 0 {
            eprintln!("{}: {exceeded} of {} figures left their range", self.target, self.measured.len());
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Where a build like this one puts the program: beside the folder of the bench itself.
///
/// # Errors
/// No program there.
pub fn default_binary() -> anyhow::Result<PathBuf> {
    let bench = std::env::current_exe()?;
    let folder = bench.parent().and_then(Path::parent).context("a bench that lies nowhere")?;
    let binary = folder.join("primehub").with_extension(std::env::consts::EXE_EXTENSION);
    anyhow::ensure!(
        binary.exists(),
        "{} does not exist: run `cargo build --release --bin primehub` first, or name another with --binary",
        binary.display()
    );
    Ok(binary)
}

fn stored_figures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("ranges.json")
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    format!("{cores} cores, {}, {}", std::env::consts::OS, std::env::consts::ARCH)
}

const HEADING: &str =
    "figure                                        unit          min     median        max    at most  runs";

fn line(figure: &Figure, measured: &Measured) -> String {
    let verdict = match figure.verdict(measured) {
        Verdict::Printed => "",
        Verdict::Within => "  ok",
        Verdict::Exceeded => "  EXCEEDED",
    };
    let Measured { runs, min, median, max } = *measured;
    let at_most = figure.at_most.map_or_else(String::new, |at_most| at_most.to_string());
    format!("{:<45} {:<8} {min:>8} {median:>10} {max:>10} {at_most:>10} {runs:>5}{verdict}", figure.name, figure.unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Kind;

    #[test]
    fn a_line_says_everything() {
        let figure = Figure {
            name: "counts.me".into(),
            what: "calls".into(),
            unit: "calls".into(),
            kind: Kind::Count,
            at_most: Some(0.0),
            measured: None,
        };
        let line = line(&figure, &Measured { runs: 5, min: 0.0, median: 0.0, max: 1.5 });
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(words, ["counts.me", "calls", "0", "0", "1.5", "0", "5", "EXCEEDED"]);
        assert_eq!(HEADING.replace("at most", "at-most").split_whitespace().count(), words.len() - 1);
    }
}
