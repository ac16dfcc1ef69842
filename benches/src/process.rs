//! The program as an operating system sees it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::kept::add_people;
use crate::population::Size;

/// Folders for `primehub up`, and the port where it is reached: they stay the same over several starts.
#[derive(Debug)]
pub struct Place {
    folder: TempDir,
    data: Option<PathBuf>,
    port: u16,
}

/// A running `primehub up`. Ends when it is dropped.
#[derive(Debug)]
pub struct Started {
    child: Child,
    ready_after: Duration,
    graphql: String,
    token: String,
}

/// A running `primehub up --kube-only`. Ends when it is dropped.
#[derive(Debug)]
pub struct StartedKubernetes {
    child: Child,
    kubeconfig: PathBuf,
}

/// What the first question asks.
const QUESTION: &str = r#"{"query":"{ me { username effectiveGroups { name } } }"}"#;

impl Place {
    /// For a program that keeps nothing.
    ///
    /// # Errors
    /// No temporary folder.
    pub fn in_memory() -> anyhow::Result<Self> {
        Ok(Self { folder: tempfile::tempdir()?, data: None, port: 0 })
    }

    /// For a program with a data folder, below `place`.
    ///
    /// # Errors
    /// No folder there, no free port.
    pub fn with_data(place: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir_in(place)?;
        // The port is part of the issuer, and so of the administrator's token.
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        Ok(Self { data: Some(folder.path().join("data")), folder, port })
    }

    /// Adds people and groups to what the program has kept. It must not run.
    ///
    /// # Errors
    /// A place without a data folder, or a folder that cannot be written.
    pub async fn add_people(&self, size: Size) -> anyhow::Result<()> {
        add_people(self.data.as_deref().context("nothing is kept here")?, size).await
    }

    /// Starts the program, and waits until it has answered a question of the administrator.
    ///
    /// # Errors
    /// A program that does not start, or does not answer.
    pub async fn start(&self, binary: &Path) -> anyhow::Result<Started> {
        let configuration = self.folder.path().join("configuration");
        let began = Instant::now();
        let mut command = Command::new(binary);
        command.args(["up", "--management-port", "0", "--port", &self.port.to_string(), "--config-dir"]);
        command.arg(&configuration);
        if let Some(data) = &self.data {
            command.arg("--data-dir").arg(data);
        }
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take().context("a program without output")?;
        let greeting = BufReader::new(stdout).lines().next_line().await?;
        anyhow::ensure!(greeting.is_some(), "{} ended without a greeting", binary.display());

        let up: Value = serde_json::from_slice(&std::fs::read(configuration.join("up.json"))?)?;
        let text = |place: &str| up.pointer(place).and_then(Value::as_str).map(str::to_owned);
        let graphql = text("/graphql").context("up.json tells no address")?;
        let token = text("/people/0/api_token").context("up.json tells no token")?;
        let mut started = Started { child, ready_after: Duration::ZERO, graphql, token };
        started.ask().await?;
        started.ready_after = began.elapsed();
        Ok(started)
    }

    /// Starts the program as nothing but a Kubernetes API, and waits until it greets.
    ///
    /// # Errors
    /// A program that does not start.
    pub async fn start_kubernetes(&self, binary: &Path) -> anyhow::Result<StartedKubernetes> {
        let configuration = self.folder.path().join("configuration");
        let mut command = Command::new(binary);
        command.args(["up", "--kube-only", "--config-dir"]).arg(&configuration);
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take().context("a program without output")?;
        let greeting = BufReader::new(stdout).lines().next_line().await?;
        anyhow::ensure!(greeting.is_some(), "{} ended without a greeting", binary.display());
        Ok(StartedKubernetes { child, kubeconfig: configuration.join("kubeconfig") })
    }
}

impl StartedKubernetes {
    /// The file that tells clients.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Memory that is resident at the moment, in MiB.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub fn resident_mebibytes(&self) -> anyhow::Result<f64> {
        resident(&self.child.id().context("the program has ended")?.to_string())
    }

    /// Kills it, and waits until it has gone.
    ///
    /// # Errors
    /// A program that has ended by itself.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }
}

/// Memory of this process that is resident at the moment, in MiB.
///
/// # Errors
/// A system without `/proc`.
pub fn resident_mebibytes() -> anyhow::Result<f64> {
    resident("self")
}

fn resident(process: &str) -> anyhow::Result<f64> {
    let status = proc(process, "status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kibibytes / 1024.0)
}

fn proc(process: &str, file: &str) -> anyhow::Result<String> {
    let path = format!("/proc/{process}/{file}");
    std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))
}

impl Started {
    /// From the start to the first answer.
    #[must_use]
    pub fn ready_after(&self) -> Duration {
        self.ready_after
    }

    /// Asks over a new connection.
    ///
    /// # Errors
    /// No answer, or not the one that was meant.
    pub async fn ask(&self) -> anyhow::Result<()> {
        let address = self.graphql.strip_prefix("http://").context("not an HTTP address")?;
        let (host, path) = address.split_once('/').context("an address without a path")?;
        let (token, length) = (&self.token, QUESTION.len());
        let request = format!(
            "POST /{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{QUESTION}"
        );
        let mut connection = TcpStream::connect(host).await?;
        connection.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        anyhow::ensure!(answer.contains(r#""username":"#), "not the answer that was meant: {answer}");
        Ok(())
    }

    /// Kills it, and waits until it has gone.
    ///
    /// # Errors
    /// A program that has ended by itself.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Memory that is resident at the moment, in MiB.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub fn resident_mebibytes(&self) -> anyhow::Result<f64> {
        resident(&self.id()?)
    }

    /// Processor time so far, in the kernel's ticks of usually 10 ms.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub fn processor_ticks(&self) -> anyhow::Result<u64> {
        ticks(&proc(&self.id()?, "stat")?)
    }

    fn id(&self) -> anyhow::Result<String> {
        Ok(self.child.id().context("the program has ended")?.to_string())
    }
}

/// User and system time of a line of `/proc/<id>/stat`. The second field is the program's name in parentheses, and may hold anything.
fn ticks(stat: &str) -> anyhow::Result<u64> {
    let (_, fields) = stat.rsplit_once(')').context("not a line of stat")?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || anyhow::Ok(fields.next().context("a short line of stat")?.parse::<u64>()?);
    Ok(next()? + next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_found_behind_any_name() {
        let stat = "42 (a ) b) S 1 42 42 0 -1 4194560 900 0 3 0 7 5 0 0 20 0 3 0 100 1000";
        assert_eq!(ticks(stat).unwrap(), 12);
        assert!(ticks("42 (a) S 1").is_err());
    }
}
