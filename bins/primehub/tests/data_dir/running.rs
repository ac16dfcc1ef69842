//! A running program.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_primehub");

/// Folders and a port that stay the same over several starts: the port is part of the issuer, and so of every token.
pub(crate) struct Place {
    folder: TempDir,
    port: u16,
}

impl Place {
    pub(crate) fn new() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        Self { folder: tempfile::tempdir().unwrap(), port }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn configuration(&self) -> PathBuf {
        self.path("configuration")
    }

    /// The arguments of a start on the data folder.
    pub(crate) fn arguments(&self) -> Vec<String> {
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let (data, configuration) = (text(self.data()), text(self.configuration()));
        let port = self.port.to_string();
        ["up", "--port", &port, "--data-dir", &data, "--config-dir", &configuration].map(str::to_owned).into()
    }

    pub(crate) fn start(&self) -> Running {
        self.start_with(Command::new(PROGRAM).args(self.arguments()))
    }

    /// Runs `command` and returns once it serves.
    pub(crate) fn start_with(&self, command: &mut Command) -> Running {
        let errors = std::fs::File::create(self.path("log")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let log = || std::fs::read_to_string(self.path("log")).unwrap();
        assert!(greeting.contains("PrimeHub is running"), "{greeting}{}", log());
        let up = std::fs::read(self.configuration().join("up.json")).unwrap();
        let up: Value = serde_json::from_slice(&up).unwrap();
        Running { child, up, client: Client::builder().no_proxy().build().unwrap() }
    }
}

/// The program, which ends with the value.
pub(crate) struct Running {
    child: Child,
    pub(crate) up: Value,
    pub(crate) client: Client,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) -> ExitStatus {
        signal(self.pid(), "TERM");
        self.child.wait().unwrap()
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.up[key].as_str().unwrap().to_owned()
    }

    /// A person that the first start has made.
    pub(crate) fn person(&self, username: &str) -> &Value {
        let people = self.up["people"].as_array().unwrap();
        people
            .iter()
            .find(|person| person["username"] == username)
            .unwrap_or_else(|| panic!("{username} in {people:?}"))
    }

    /// What an administrator is answered.
    pub(crate) async fn ask(&self, query: &str, variables: Value) -> reqwest::Result<Value> {
        let token = self.person("phadmin")["api_token"].as_str().unwrap();
        let body = json!({ "query": query, "variables": variables });
        self.client.post(self.text("graphql")).bearer_auth(token).json(&body).send().await?.json().await
    }

    /// What the token endpoint answers PrimeHub's client.
    pub(crate) async fn token(&self, grant: &[(&str, &str)]) -> Value {
        let (issuer, secret) = (self.text("issuer"), self.text("client_secret"));
        let form = [&[("client_id", "admin-ui"), ("client_secret", secret.as_str())], grant].concat();
        let request = self.client.post(format!("{issuer}/protocol/openid-connect/token")).form(&form);
        request.send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap().success());
}

/// Runs the program to its end: whether it succeeded, and what it printed.
pub(crate) fn run<S: AsRef<OsStr>>(arguments: &[S]) -> (bool, String) {
    let output = Command::new(PROGRAM).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
