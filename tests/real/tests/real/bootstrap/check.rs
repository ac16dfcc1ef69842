//! A check of good realms and of such that are not.

use std::net::TcpListener;
use std::sync::Arc;

use primehub_core::names::GroupId;
use primehub_keycloak::{CheckOptions, FindingState, KeycloakSettings, Report, check};
use real_peers::Shared;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::place::{CLIENT, Place};

/// What is not in order, without the advice.
pub(super) fn wrong(report: &Report) -> Vec<String> {
    let wrong = report.findings.iter().filter(|finding| finding.state != FindingState::Ok);
    let mut wrong: Vec<_> =
        wrong.map(|finding| format!("{} {}: {}", finding.state, finding.subject, finding.what)).collect();
    wrong.sort();
    wrong.dedup();
    wrong
}

/// That everything that is not in order comes with advice.
pub(super) fn assert_advised(report: &Report) {
    for finding in report.findings.iter().filter(|finding| finding.state != FindingState::Ok) {
        assert!(finding.advice.as_ref().is_some_and(|advice| !advice.is_empty()), "{finding}");
    }
}

async fn look(settings: &KeycloakSettings) -> Report {
    let report = check(settings, &CheckOptions::default()).await;
    assert_advised(&report);
    report
}

pub(super) async fn out_of_reach(shared: Arc<Shared>) {
    let (place, secret) = Place::bootstrapped(&shared, "check-reach").await;
    let good = place.settings(&secret);
    let report = look(&good).await;
    assert_eq!((report.errors(), report.warnings()), (0, 0), "{report}");
    assert!(report.findings.len() > 20, "{report}");

    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut settings = good.clone();
    settings.base = format!("http://{nobody}").parse().unwrap();
    let found = wrong(&look(&settings).await);
    assert!(
        found.len() == 1 && found[0].starts_with(&format!("error address: nobody listens at http://{nobody}/")),
        "{found:?}"
    );

    settings.base = "http://keycloak.invalid:8080".parse().unwrap();
    let found = wrong(&look(&settings).await);
    assert!(
        found.len() == 1
            && found[0].starts_with("error address: the name in http://keycloak.invalid:8080/ has no address"),
        "{found:?}"
    );

    let mut settings = good.clone();
    settings.realm = "no-such-realm".into();
    assert_eq!(wrong(&look(&settings).await), ["error realm: there is no realm no-such-realm"]);
    // The same is seen where the address has a path too many.
    let mut settings = good.clone();
    settings.base = format!("{}/auth", place.base()).parse().unwrap();
    assert_eq!(wrong(&look(&settings).await).len(), 1);

    let mut settings = good.clone();
    settings.client_secret = SecretString::from("wrong");
    assert_login_refused(&look(&settings).await);
    let mut settings = good.clone();
    settings.client_id = "no-such-client".into();
    assert_login_refused(&look(&settings).await);
    let client = format!("clients/{}", place.client(CLIENT).await);
    for (field, broken) in [("publicClient", true), ("serviceAccountsEnabled", false), ("enabled", false)] {
        place.change(&client, |client| client[field] = broken.into()).await;
        assert_login_refused(&look(&good).await);
        place.change(&client, |client| client[field] = (!broken).into()).await;
    }
    place.end().await;
}

#[track_caller]
fn assert_login_refused(report: &Report) {
    let found = wrong(report);
    assert!(found.len() == 1 && found[0].starts_with("error client: the service account of "), "{report}");
}

/// One setting, where it stands, and what a check says about it.
struct Case {
    place: &'static str,
    set: Value,
    says: &'static [&'static str],
}

fn cases() -> Vec<Case> {
    let realm = |set, says| Case { place: "", set, says };
    let profile = |set, says| Case { place: "users/profile", set, says };
    let client = |set, says| Case { place: "client", set, says };
    vec![
        realm(
            json!({ "adminEventsEnabled": false }),
            &["warning events: those of administrators are not recorded: their changes are seen every 60 seconds only"],
        ),
        realm(
            json!({ "eventsEnabled": false }),
            &["warning events: those of people are not recorded: their changes are seen every 60 seconds only"],
        ),
        realm(
            json!({ "adminEventsDetailsEnabled": true }),
            &["warning events: they are recorded with all values, people's environment variables among them"],
        ),
        realm(
            json!({ "eventsExpiration": 60 }),
            &["error events: those of people are gone after 60 seconds, before they are surely seen"],
        ),
        realm(
            json!({ "attributes": { "adminEventsExpiration": "59" } }),
            &["error events: those of administrators are gone after 59 seconds, before they are surely seen"],
        ),
        realm(
            json!({ "revokeRefreshToken": true }),
            &["error API tokens: refresh tokens are revoked on use: an API token dies at its second use"],
        ),
        realm(
            json!({ "offlineSessionIdleTimeout": 3600 }),
            &["warning API tokens: they end when they lie unused for 1 hour"],
        ),
        realm(
            json!({ "offlineSessionMaxLifespanEnabled": true, "offlineSessionMaxLifespan": 86_400 }),
            &["warning API tokens: they end 1 day after they were made, used or not"],
        ),
        realm(json!({ "editUsernameAllowed": false }), &["warning renaming: administrators cannot rename people"]),
        profile(
            json!({ "unmanagedAttributePolicy": "ENABLED" }),
            &[
                "error user profile: people can change what they must not; needed: undeclared attributes ADMIN_EDIT instead of ENABLED",
            ],
        ),
        profile(
            json!({ "unmanagedAttributePolicy": "ADMIN_VIEW" }),
            &[
                "error user profile: what is written about people is dropped; needed: undeclared attributes ADMIN_EDIT instead of ADMIN_VIEW",
            ],
        ),
        profile(
            json!({ "unmanagedAttributePolicy": null }),
            &[
                "error user profile: what is written about people is dropped; needed: undeclared attributes ADMIN_EDIT instead of dropping them",
            ],
        ),
        client(json!({ "standardFlowEnabled": false }), &["error client settings: nobody can log in through admin-ui"]),
    ]
}

pub(super) async fn settings(shared: Arc<Shared>) {
    let (place, secret) = Place::bootstrapped(&shared, "check-settings").await;
    let settings = place.settings(&secret);
    let client = format!("clients/{}", place.client(CLIENT).await);
    for case in cases() {
        let at = if case.place == "client" { &*client } else { case.place };
        let before = place.get(at).await;
        place.change(at, |whole| merge(whole, &case.set)).await;
        assert_eq!(wrong(&look(&settings).await), case.says, "{}", case.set);
        place.put(at, &before).await;
    }

    // The public address that is configured, and the realm's own.
    let mut elsewhere = settings.clone();
    elsewhere.public_base = "https://id.example.com".parse().unwrap();
    let (own, name) = (place.base(), &place.name);
    let expected = format!(
        "error issuer: tokens name {own}/realms/{name} as their issuer, but https://id.example.com/realms/{name} is expected, so none is accepted"
    );
    assert_eq!(wrong(&look(&elsewhere).await), [expected]);
    place.change("", |realm| realm["attributes"]["frontendUrl"] = "".into()).await;
    let expected =
        format!("warning issuer: {own}/realms/{name} today, but it follows the host that a token is asked for at");
    assert_eq!(wrong(&look(&settings).await), [expected]);
    place.change("", |realm| realm["attributes"]["frontendUrl"] = own.into()).await;

    // Tokens without roles: nobody is an administrator, and the account may do nothing, whatever it holds.
    let scope = format!("{client}/scope-mappings/clients/{}", place.client("realm-management").await);
    let roles = place.get(&scope).await;
    place.admin.delete_listed(&place.path(&scope), &roles).await.unwrap();
    let report = look(&settings).await;
    let expected = "error rights: the service account may do nothing: it holds no role of realm-management, or its client's scope leaves them out";
    assert!(wrong(&report).iter().any(|line| line == expected), "{report}");
    place.post(&scope, &roles).await;

    // Nobody new may have an API token.
    let default_role = place.get("").await["defaultRole"]["id"].as_str().unwrap().to_owned();
    let contained = format!("roles-by-id/{default_role}/composites");
    let mut offline = place.get(&contained).await;
    offline.as_array_mut().unwrap().retain(|role| role["name"] == "offline_access");
    place.admin.delete_listed(&place.path(&contained), &offline).await.unwrap();
    assert_eq!(
        wrong(&look(&settings).await),
        ["error API tokens: the realm's default roles lack offline_access, so nobody new can have an API token"]
    );
    place.post(&contained, &offline).await;

    // No API tokens, and no audience.
    let scopes = place.get(&format!("{client}/optional-client-scopes")).await;
    let offline = scopes.as_array().unwrap().iter().find(|scope| scope["name"] == "offline_access").unwrap();
    let offline = format!("{client}/optional-client-scopes/{}", offline["id"].as_str().unwrap());
    place.delete(&offline).await;
    let mappers = place.get(&format!("{client}/protocol-mappers/models")).await;
    place.delete(&format!("{client}/protocol-mappers/models/{}", mappers[0]["id"].as_str().unwrap())).await;
    assert_eq!(
        wrong(&look(&settings).await),
        [
            "error client settings: admin-ui may not ask for offline_access, so there are no API tokens",
            "warning client settings: admin-ui is not in the audience of its own tokens",
        ]
    );
    place.put(&offline, &json!({})).await;
    place.run(place.request()).await;
    assert_eq!(wrong(&look(&settings).await), Vec::<String>::new());
    place.end().await;
}

/// Sets what is given, in depth, and removes what is null.
fn merge(whole: &mut Value, set: &Value) {
    for (name, value) in set.as_object().unwrap() {
        match value {
            Value::Object(_) => merge(&mut whole[name], value),
            Value::Null => drop(whole.as_object_mut().unwrap().remove(name)),
            _ => whole[name] = value.clone(),
        }
    }
}

pub(super) async fn everyone(shared: Arc<Shared>) {
    let (place, secret) = Place::bootstrapped(&shared, "check-everyone").await;
    let mut settings = place.settings(&secret);
    let id = place.group("everyone").await;
    let group = format!("groups/{id}");

    // Another id than is configured.
    settings.everyone = Some(GroupId::from("5ba9fa9b"));
    let expected =
        format!("warning everyone: there is no group 5ba9fa9b; the one named everyone, {id}, is taken instead");
    assert_eq!(wrong(&look(&settings).await), [expected]);
    // By its id it may have any name.
    settings.everyone = Some(GroupId::from(&*id));
    place.change(&group, |group| group["name"] = "everybody".into()).await;
    assert_eq!(wrong(&look(&settings).await), Vec::<String>::new());
    settings.everyone = None;
    assert_eq!(wrong(&look(&settings).await), ["error everyone: there is no group that stands for everybody"]);
    place.change(&group, |group| group["name"] = "everyone".into()).await;

    place.delete(&format!("default-groups/{id}")).await;
    assert_eq!(wrong(&look(&settings).await), ["error everyone: people who are new do not become members"]);
    place.put(&format!("default-groups/{id}"), &json!({})).await;

    // Who is imported is in no group.
    place.person("ada").await;
    let import = json!({ "ifResourceExists": "SKIP", "users": [{ "username": "grace", "enabled": true }] });
    place.post("partialImport", &import).await;
    assert_eq!(
        wrong(&look(&settings).await),
        ["warning people: 1 of 2 are not members of everyone, and lack what everybody has"]
    );
    place.put(&format!("users/{}/{group}", place.user("grace").await), &json!({})).await;

    for name in ["Team_A", "team-a"] {
        place.create("groups", &json!({ "name": name })).await;
    }
    assert_eq!(wrong(&look(&settings).await), ["warning groups: Team_A, team-a share the folder team-a"]);
    place.end().await;
}
