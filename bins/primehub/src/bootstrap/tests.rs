use clap::Parser as _;
use rstest::rstest;

use super::*;
use crate::command_line::{Command, CommandLine};

const PLACES: [&str; 4] = ["--keycloak-url", "http://kc:8080", "--site-url", "https://hub.example"];

fn parsed(arguments: &[&str]) -> Result<BootstrapOptions, String> {
    let line = CommandLine::try_parse_from([&["primehub", "bootstrap"], &PLACES[..], arguments].concat());
    match line.map_err(|error| error.to_string())?.command {
        Command::Bootstrap(options) => Ok(*options),
        _ => panic!("{arguments:?}"),
    }
}

fn asked(arguments: &[&str]) -> BootstrapRequest {
    request(&parsed(arguments).unwrap()).unwrap()
}

#[test]
fn an_existing_realm_is_not_widened_unless_somebody_says_so() {
    let request = asked(&[]);
    assert_eq!(request.flags, primehub_keycloak::Flags::default());
    assert_eq!((request.realm.as_str(), request.public_base.as_str()), ("primehub", "http://kc:8080/"));
    assert!(request.administrator.is_none() && request.group.is_none() && !request.terms);

    let flags = asked(&["--change-frontend-url", "--widen-rights", "--stop-revoking-refresh-tokens"]).flags;
    assert!(flags.change_frontend_url && flags.widen_rights && flags.revoke_refresh_tokens);
}

#[test]
fn everything_that_can_be_asked_for_is_passed_on() {
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret");
    std::fs::write(&secret, "s3cret\n").unwrap();
    let secret = secret.to_str().unwrap();
    let request = asked(&[
        "--public-url",
        "https://id.example",
        "--realm",
        "lab",
        "--redirect-uri",
        "http://127.0.0.1/*",
        "--terms",
        "--client-secret-file",
        secret,
        "--first-administrator",
        "root",
        "--first-administrator-email",
        "r@example.com",
        "--first-administrator-password-file",
        secret,
        "--first-group",
        "users",
    ]);
    assert_eq!((request.realm.as_str(), request.public_base.as_str()), ("lab", "https://id.example/"));
    assert_eq!(request.admin_ui.redirect_uris, ["http://127.0.0.1/*"]);
    assert_eq!(request.admin_ui.secret.unwrap().expose_secret(), "s3cret");
    let administrator = request.administrator.unwrap();
    assert_eq!((administrator.username.to_string(), administrator.temporary), ("root".to_owned(), false));
    assert_eq!(administrator.email.as_deref(), Some("r@example.com"));
    assert_eq!(administrator.password.unwrap().expose_secret(), "s3cret");
    assert_eq!(request.group.unwrap().name.to_string(), "users");
    assert!(request.terms);
}

#[rstest]
#[case::demo_without_a_place_for_its_passwords(&["--demo"], "--out <FILE>")]
#[case::demo_and_administrator(&["--demo", "--out", "f", "--first-administrator", "root"], "--first-administrator")]
#[case::plan_that_writes(&["--plan", "--out", "f"], "--out")]
#[case::mail_of_nobody(&["--first-administrator-email", "r@example.com"], "--first-administrator <USERNAME>")]
fn options_that_do_not_go_together_are_named(#[case] arguments: &[&str], #[case] told: &str) {
    let error = parsed(arguments).unwrap_err();
    assert!(error.contains(told), "{error}");
}

#[test]
fn a_password_that_nobody_would_learn_is_not_made() {
    let options = ["--first-administrator", "root"];
    let error = request(&parsed(&options).unwrap()).unwrap_err().to_string();
    assert!(error.contains("--out") && error.contains("--first-administrator-password-file"), "{error}");
    let temporary = |more: &[&str]| asked(&[&options, more].concat()).administrator.unwrap().temporary;
    assert!(temporary(&["--plan"]) && temporary(&["--out", "f"]));
}

#[test]
fn a_second_run_keeps_the_passwords_that_the_first_has_written() {
    let person = serde_json::json!({
        "id": "1", "username": "ada", "password": "p", "api_token": "t", "rights": "", "groups": [],
    });
    let text = serde_json::json!({
        "keycloak_url": "http://kc:8080/", "public_url": "http://kc:8080/", "realm": "hub",
        "issuer": "http://kc:8080/realms/hub", "client_id": "ui", "client_secret": "s", "everyone_group_id": "e",
        "clients": {}, "administrator": {"username": "root", "password": "p"}, "people": [person],
    });
    let first: KeycloakFile = serde_json::from_value(text).unwrap();
    let second = KeycloakFile { people: Vec::new(), administrator: None, ..first.clone() };
    let mut same = second.clone();
    same.recall(first.clone());
    assert_eq!((same.people.len(), same.administrator.is_some()), (1, true));
    let mut other = KeycloakFile { issuer: "http://kc:8080/realms/lab".into(), ..second };
    other.recall(first);
    assert!(other.people.is_empty() && other.administrator.is_none());
}
