//! The program, where no Keycloak is.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_primehub-graphql");

fn program(vars: &[(&str, &str)]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().envs(vars.iter().copied());
    command
}

fn output(vars: &[(&str, &str)], arguments: &[&str]) -> Output {
    program(vars).args(arguments).output().unwrap()
}

/// A running server, which ends with the value.
struct Running {
    child: Child,
    public: String,
    management: String,
    log: BufReader<std::process::ChildStderr>,
}

impl Running {
    fn start(vars: &[(&str, &str)]) -> Self {
        let mut child = program(vars).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, public: String::new(), management: String::new(), log };
        while running.public.is_empty() {
            let mut line = String::new();
            assert!(running.log.read_line(&mut line).unwrap() > 0, "it has ended");
            let event: Value = serde_json::from_str(&line).unwrap();
            if event["message"] == "serving" {
                let text = |name: &str| event[name].as_str().unwrap().to_owned();
                (running.public, running.management) = (text("public"), text("management"));
            }
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn without_keycloak_it_lives_is_not_ready_and_ends_when_it_is_told_to() {
    // A port that was free a moment ago, at which nobody listens.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let keycloak = format!("http://{}", taken.local_addr().unwrap());
    drop(taken);
    let mut server = Running::start(&[
        ("KC_API_BASEURL", &keycloak),
        ("KC_CLIENT_SECRET", "s3cret"),
        ("LISTEN_ADDRESS", "127.0.0.1"),
        ("NODE_PORT", "0"),
        ("MANAGEMENT_PORT", "0"),
        ("APP_PREFIX", "/api"),
        ("LOG_FORMAT", "json"),
        ("COOKIE_SIGNED_KEY", "old"),
        ("SHARED_GRAPHQL_SECRET_KEY", "sh4red"),
    ]);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |address: &str, path: &str| {
        let answer = http.get(format!("http://{address}{path}")).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    let (public, management) = (server.public.clone(), server.management.clone());
    assert_eq!(get(&management, "/healthz").await, (200, "OK".to_owned()));
    assert_eq!(get(&public, "/api/health").await, (200, "OK".to_owned()));
    let (status, body) = get(&management, "/readyz").await;
    let body: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &body["errors"][0]["extensions"]["code"]), (503, &json!("API_UNAVAILABLE")), "{body}");
    let (status, metrics) = get(&management, "/metrics").await;
    assert_eq!(status, 200);
    for name in ["primehub_graphql_requests_running 0", "primehub_keycloak_calls_in_flight"] {
        assert!(metrics.contains(name), "{name} in {metrics}");
    }

    let ask = http.post(format!("http://{public}/api/graphql")).bearer_auth("sh4red");
    let answer = ask.json(&json!({"query": "{ system { org { name } } }"})).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 503);
    let body: Value = answer.json().await.unwrap();
    assert!(body["errors"][0]["message"].is_string(), "{body}");

    let killed = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
    let mut log = String::new();
    std::io::Read::read_to_string(&mut server.log, &mut log).unwrap();
    assert!(log.contains("COOKIE_SIGNED_KEY"), "what has no effect is told: {log}");
    assert!(!log.contains("s3cret") && !log.contains("sh4red"), "{log}");
}

#[test]
fn everything_that_is_wrong_is_told_and_nothing_is_started() {
    let ended = output(&[("NODE_PORT", "x"), ("KC_CLIENT_ID", "admin-cli")], &[]);
    assert_eq!(ended.status.code(), Some(1));
    let told = String::from_utf8(ended.stderr).unwrap();
    for part in
        ["NODE_PORT: \"x\" is not", "KC_CLIENT_ID: \"admin-cli\" cannot be used", "KC_CLIENT_SECRET: is not set"]
    {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn an_environment_can_be_checked_without_a_start() {
    let good = output(&[("KC_CLIENT_SECRET", "s")], &["--check-variables"]);
    assert_eq!((good.status.code(), good.stderr.len()), (Some(0), 0));
    assert_eq!(output(&[], &["--check-variables"]).status.code(), Some(1));
}

#[test]
fn the_reference_needs_no_configuration() {
    let printed = output(&[], &["--help-variables"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.status.success() && text.starts_with("# Configuration of"), "{text}");
}

#[test]
fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let vars = [("KC_CLIENT_SECRET", "s"), ("LISTEN_ADDRESS", "127.0.0.1"), ("NODE_PORT", port.as_str())];
    let ended = output(&vars, &[]);
    let told = String::from_utf8(ended.stderr).unwrap();
    assert!(!ended.status.success() && told.contains(&format!("port {port} of 127.0.0.1")), "{told}");
}
