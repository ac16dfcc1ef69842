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
    assert!(request.resources.is_empty() && request.ssl_required.is_none(), "as Keycloak has it for https");

    let flags = asked(&["--change-frontend-url", "--widen-rights", "--reopen", "--stop-revoking-refresh-tokens"]).flags;
    assert!(flags.change_frontend_url && flags.widen_rights && flags.reopen && flags.revoke_refresh_tokens);
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
        "--first-group-display-name",
        "All of us",
        "--ssl-required",
        "all",
    ]);
    assert_eq!((request.realm.as_str(), request.public_base.as_str()), ("lab", "https://id.example/"));
    assert_eq!(request.admin_ui.redirect_uris, ["http://127.0.0.1/*"]);
    assert_eq!(request.admin_ui.secret.unwrap().expose_secret(), "s3cret");
    let administrator = request.administrator.unwrap();
    assert_eq!((administrator.username.to_string(), administrator.temporary), ("root".to_owned(), false));
    assert_eq!(administrator.email.as_deref(), Some("r@example.com"));
    assert_eq!(administrator.password.unwrap().expose_secret(), "s3cret");
    let group = request.group.unwrap();
    assert_eq!((group.name.to_string(), group.display_name.as_deref()), ("users".to_owned(), Some("All of us")));
    assert_eq!(request.ssl_required, Some(primehub_keycloak::SslRequired::All));
    assert!(request.terms);
}

#[rstest]
#[case::each(&["--resource", "it:cpu-8", "--resource", "ds:rw:faces"], &["it:cpu-8", "ds:rw:faces"])]
#[case::once(&["--resource", "img:a", "--resource", "img:a"], &["img:a"])]
#[case::prefix(&["--resource", "ann:news", "--role-prefix", "dev"], &["dev:ann:news"])]
fn resources_become_roles_of_everybody(#[case] arguments: &[&str], #[case] expected: &[&str]) {
    let roles: Vec<_> = asked(arguments).resources.iter().map(ToString::to_string).collect();
    assert_eq!(roles, expected);
}

#[test]
fn default_resources_come_with_what_else_is_named_and_under_the_prefix() {
    let roles =
        asked(&["--default-resources", "--resource", "it:cpu-1", "--resource", "it:tpu", "--role-prefix", "dev"]);
    let roles: Vec<_> = roles.resources.iter().map(ToString::to_string).collect();
    assert_eq!((roles.len(), roles.first().map(String::as_str)), (11, Some("dev:it:cpu-1")));
    assert_eq!(roles.last().map(String::as_str), Some("dev:it:tpu"));
}

#[rstest]
#[case::no_kind("cpu-1", "such as it:cpu-1")]
#[case::unknown_kind("gpu:a", "such as it:cpu-1")]
#[case::prefix("dev:it:a", "--role-prefix")]
#[case::no_name("it:", "such as it:cpu-1")]
#[case::label("ds:ro:a", "such as it:cpu-1")]
#[case::writable_image("img:rw:a", "only a dataset can be writable")]
fn a_resource_that_is_none_is_refused(#[case] text: &str, #[case] told: &str) {
    let error = parsed(&["--resource", text]).unwrap_err();
    assert!(error.contains(told), "{error}");
}

#[test]
fn a_client_may_set_up_the_realm_in_the_place_of_a_person() {
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret");
    std::fs::write(&secret, "of the file\n").unwrap();
    let secret = secret.to_str().unwrap();
    let as_whom = |arguments: &[&str]| {
        let options = parsed(arguments).unwrap();
        let login = login(&options, |name| Some(format!("{name} of the environment"))).unwrap();
        match login {
            AdminLogin::Password { username, password } => format!("{username}: {}", password.expose_secret()),
            AdminLogin::ServiceAccount { realm, client_id, client_secret } => {
                format!("{client_id} in {realm}: {}", client_secret.expose_secret())
            }
            _ => panic!("{login:?}"),
        }
    };
    assert_eq!(as_whom(&[]), "admin: KC_BOOTSTRAP_ADMIN_PASSWORD of the environment");
    assert_eq!(as_whom(&["--admin-user", "root", "--admin-password-file", secret]), "root: of the file");
    let client = ["--admin-client-id", "setup"];
    assert_eq!(as_whom(&client), "setup in master: KC_BOOTSTRAP_ADMIN_CLIENT_SECRET of the environment");
    let own = [&client[..], &["--admin-realm", "lab", "--admin-client-secret-file", secret]].concat();
    assert_eq!(as_whom(&own), "setup in lab: of the file");
    for (arguments, named) in [(&client[..], "--admin-client-secret-file"), (&[], "--admin-password-file")] {
        let error = login(&parsed(arguments).unwrap(), |_| None).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[rstest]
#[case::demo_without_a_place_for_its_passwords(&["--demo"], "--out <FILE>")]
#[case::demo_and_administrator(&["--demo", "--out", "f", "--first-administrator", "root"], "--first-administrator")]
#[case::plan_that_writes(&["--plan", "--out", "f"], "--out")]
#[case::person_and_client(&["--admin-user", "root", "--admin-client-id", "c"], "--admin-client-id")]
#[case::secret_of_no_client(&["--admin-client-secret-file", "f"], "--admin-client-id <ID>")]
#[case::realm_of_no_client(&["--admin-realm", "lab"], "--admin-client-id <ID>")]
#[case::name_of_no_group(&["--first-group-display-name", "x"], "--first-group <NAME>")]
#[case::no_kind_of_encryption(&["--ssl-required", "some"], "none, external or all")]
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
fn where_nothing_can_be_written_is_known_before_anything_is_done() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("new").join("keycloak.json");
    assert!(earlier(&file).unwrap().is_none());
    assert!(!file.exists(), "nothing is written that a later run would take for its own");

    let other = place.path().join("other.json");
    std::fs::write(&other, "{}").unwrap();
    let error = earlier(&other).err().unwrap().to_string();
    assert!(error.contains("other.json is not what"), "{error}");
    for impossible in [other.join("keycloak.json"), place.path().to_owned()] {
        assert!(earlier(&impossible).is_err(), "{impossible:?}");
    }
}

#[rstest]
#[case::none(0, "")]
#[case::one(1, "1 step was left out, because people would notice it; it is marked with x above.\n")]
#[case::some(2, "2 steps were left out, because people would notice them; they are marked with x above.\n")]
fn what_was_left_out_is_counted(#[case] steps: usize, #[case] told: &str) {
    assert_eq!(left_out(steps), told);
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
