//! The program, end to end.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use real_peers::Shared;
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::place::Place;

pub(super) async fn from_nothing_to_a_broken_realm(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-command").await;
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, place.endpoint.administrator.password.expose_secret()).unwrap();
    let out = folder.path().join("keycloak.json");
    let program = program();
    let bootstrap = |more: &[&str]| {
        let (url, realm, name) = (place.base(), &*place.name, &*place.endpoint.administrator.name);
        let common = ["bootstrap", "--keycloak-url", url, "--realm", realm, "--site-url", "https://hub.example"];
        let who = ["--admin-user", name, "--admin-password-file", password.to_str().unwrap()];
        run(&program, &[&common[..], &who[..], more].concat())
    };
    let check = || run(&program, &["check", "--keycloak-file", out.to_str().unwrap(), "--json"]);

    let planned = text(&bootstrap(&["--plan", "--first-administrator", "root"]), true);
    assert!(planned.starts_with(&format!("+ create realm {} ", place.name)), "{planned}");
    assert!(
        planned.contains("+ create administrator root\n") && planned.contains("of these would be done"),
        "{planned}"
    );
    assert_eq!(place.admin.send(Method::GET, &place.name, None).await.unwrap().status.as_u16(), 404);

    let steps = |text: &str| {
        text.lines().filter(|line| line.starts_with(['+', '~', '!', '='])).map(str::to_owned).collect::<Vec<_>>()
    };
    let done = bootstrap(&["--out", out.to_str().unwrap(), "--first-administrator", "root"]);
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(text(&done, true).contains("The realm is ready: "), "{done:?}");
    assert_eq!(steps(&told), steps(&planned));
    let file: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(file["issuer"], format!("{}/realms/{}", place.base(), place.name));
    assert_eq!(file["everyone_group_id"], place.group("everyone").await);
    assert_eq!(file["administrator"]["username"], "root");
    assert_eq!(std::fs::metadata(&out).unwrap().permissions().mode() & 0o077, 0);

    let report: Value = serde_json::from_str(&text(&check(), true)).unwrap();
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.len() > 20 && findings.iter().all(|finding| finding["state"] == "ok"), "{report}");

    let again = text(&bootstrap(&["--out", out.to_str().unwrap()]), true);
    assert!(again.contains("Nothing was changed."), "{again}");
    let after: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert_eq!(after, file, "what nobody else knows stays in the file");

    place.put("", &json!({ "revokeRefreshToken": true })).await;
    let report: Value = serde_json::from_str(&text(&check(), false)).unwrap();
    let errors: Vec<_> =
        report["findings"].as_array().unwrap().iter().filter(|finding| finding["state"] == "error").collect();
    assert!(errors.len() == 1 && errors[0]["subject"] == "API tokens" && errors[0]["advice"].is_string(), "{report}");
    let refused = bootstrap(&[]);
    assert!(text(&refused, true).contains("1 step was left out, because people would notice it"), "{refused:?}");
    place.end().await;
}

/// The program of this workspace, as it is now: cargo makes it if it is not there or not fresh.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let folder = own.ancestors().nth(2).unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--locked", "--offline", "-p", "primehub", "--bin", "primehub"]);
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let built = cargo.current_dir(workspace).status().unwrap();
    assert!(built.success(), "{built}");
    folder.join(format!("primehub{}", std::env::consts::EXE_SUFFIX))
}

fn run(program: &Path, arguments: &[&str]) -> Output {
    // The settings of whoever runs the tests are not those of the tests.
    Command::new(program).args(arguments).env_clear().output().unwrap()
}

/// What it printed. It has to have ended well, or not.
#[track_caller]
fn text(output: &Output, well: bool) -> String {
    assert_eq!(output.status.success(), well, "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}
