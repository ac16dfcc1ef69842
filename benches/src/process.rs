//! The program as an operating system sees it.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// A running `primehub up`. Ends when it is dropped.
#[derive(Debug)]
pub struct Started {
    child: Child,
    ready_after: Duration,
    graphql: String,
    token: String,
    _folder: TempDir,
}

/// What the first question asks.
const QUESTION: &str = r#"{"query":"{ me { username effectiveGroups { name } } }"}"#;

impl Started {
    /// Starts the program, and waits until it has answered a question of the administrator.
    ///
    /// # Errors
    /// A program that does not start, or does not answer.
    pub async fn new(binary: &Path) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let began = Instant::now();
        let mut child = Command::new(binary)
            .args(["up", "--port", "0", "--management-port", "0", "--config-dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("starting {}", binary.display()))?;
        let stdout = child.stdout.take().context("a program without output")?;
        let greeting = BufReader::new(stdout).lines().next_line().await?;
        anyhow::ensure!(greeting.is_some(), "{} ended without a greeting", binary.display());

        let up: Value = serde_json::from_slice(&std::fs::read(folder.path().join("up.json"))?)?;
        let text = |place: &str| up.pointer(place).and_then(Value::as_str).map(str::to_owned);
        let graphql = text("/graphql").context("up.json tells no address")?;
        let token = text("/people/0/api_token").context("up.json tells no token")?;
        let mut started = Self { child, ready_after: Duration::ZERO, graphql, token, _folder: folder };
        started.ask().await?;
        started.ready_after = began.elapsed();
        Ok(started)
    }

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

    /// Memory that is resident at the moment, in MiB.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub fn resident_mebibytes(&self) -> anyhow::Result<f64> {
        let status = self.proc("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        let kibibytes: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// Processor time so far, in the kernel's ticks of usually 10 ms.
    ///
    /// # Errors
    /// A system without `/proc`.
    pub fn processor_ticks(&self) -> anyhow::Result<u64> {
        ticks(&self.proc("stat")?)
    }

    fn proc(&self, file: &str) -> anyhow::Result<String> {
        let id = self.child.id().context("the program has ended")?;
        let path = format!("/proc/{id}/{file}");
        std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))
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
