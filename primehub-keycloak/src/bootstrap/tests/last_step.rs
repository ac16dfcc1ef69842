//! The first administrator is the last step: whatever can fail fails before it, because nobody else knows the password that it makes.

use rstest::rstest;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::super::observed::ObservedRealm;
use super::super::{AdminLogin, Bootstrap, BootstrapError, BootstrapRequest, Outcome};
use super::fixtures::{complete, request};

/// A realm that lacks nothing but an administrator, and does not do everything that it is asked for.
struct Realm {
    seen: ObservedRealm,
    resources: Vec<String>,
    /// The beginning and the end of what fails.
    broken: Option<(&'static str, &'static str)>,
    tells_secrets: bool,
}

impl Realm {
    fn answer(&self, path: &str, request: &Request) -> Option<Value> {
        let role = |name: &str| json!({ "id": format!("{name}-id"), "name": name });
        let group = |id: &str, name: &str, roles: &[String]| json!({ "id": id, "name": name, "realmRoles": roles });
        let platform = &self.seen.clients["admin-ui"];
        Some(match path {
            "" => {
                let mut settings = self.seen.settings.clone();
                settings.set("id", "realm-id");
                json!(settings.0)
            }
            "/users/profile" => json!(self.seen.profile.0),
            "/default-groups" => json!([{ "id": "everyone-id" }]),
            "/groups" => {
                json!([group("everyone-id", "everyone", &self.resources), group("group-id", "phusers", &[])])
            }
            "/users" => json!([]),
            "/users/new-id" => {
                json!({ "id": "new-id", "username": "phadmin", "attributes": { "primehub-bootstrap": ["unfinished"] } })
            }
            "/roles" => self.resources.iter().map(|name| role(name)).collect(),
            "/clients" => {
                let (_, name) = request.url.query_pairs().find(|(key, _)| key == "clientId")?;
                match self.seen.clients.get(&*name) {
                    Some(client) => json!([client.client.0]),
                    None => json!([{ "id": "management-id", "clientId": name }]),
                }
            }
            "/clients/admin-ui-uuid/service-account-user" => json!({ "id": "account-id", "username": "account" }),
            "/users/account-id/role-mappings/clients/management-id" => {
                platform.rights.iter().map(|name| role(name)).collect()
            }
            "/clients/admin-ui-uuid/scope-mappings/clients/management-id" => json!([role("realm-admin")]),
            "/clients/management-id/roles/realm-admin" => role("realm-admin"),
            secret if secret.ends_with("/client-secret") && self.tells_secrets => json!({ "value": "of-the-client" }),
            secret if secret.ends_with("/client-secret") => json!({}),
            _ => return None,
        })
    }
}

impl Respond for Realm {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let Some(path) = request.url.path().strip_prefix("/admin/realms/primehub") else {
            return ResponseTemplate::new(200).set_body_json(json!({ "access_token": "t", "expires_in": 60 }));
        };
        let line = format!("{} {path}", request.method);
        if self.broken.is_some_and(|(begin, end)| line.starts_with(begin) && line.ends_with(end)) {
            return ResponseTemplate::new(403).set_body_json(json!({ "error": "HTTP 403 Forbidden" }));
        }
        match (request.method.as_str(), self.answer(path, request)) {
            ("GET", Some(answer)) => ResponseTemplate::new(200).set_body_json(answer),
            ("GET", None) => ResponseTemplate::new(404).set_body_json(json!({ "error": "Could not find it" })),
            ("POST", _) => ResponseTemplate::new(201).insert_header("Location", "http://keycloak/users/new-id"),
            _ => ResponseTemplate::new(204),
        }
    }
}

/// How a run ends, and whether somebody was made.
async fn run(
    broken: Option<(&'static str, &'static str)>,
    tells_secrets: bool,
    password: Option<&str>,
) -> (Result<Outcome, BootstrapError>, bool) {
    let server = MockServer::start().await;
    let mut request = BootstrapRequest { base: server.uri().parse().unwrap(), ..request() };
    if let Some(administrator) = &mut request.administrator {
        administrator.password = password.map(SecretString::from);
    }
    let resources = request.resources.iter().map(ToString::to_string).collect();
    let realm = Realm { seen: complete(&request), resources, broken, tells_secrets };
    Mock::given(any()).respond_with(realm).mount(&server).await;
    let login = AdminLogin::password("admin", SecretString::from("hush-hush"));
    let outcome = Bootstrap::new(request, login).unwrap().run(|_| {}).await;
    let requests = server.received_requests().await.unwrap();
    let made = requests.iter().any(|it| it.method == "POST" && it.url.path() == "/admin/realms/primehub/users");
    (outcome, made)
}

#[tokio::test]
async fn a_password_is_made_and_told() {
    let (outcome, made) = run(None, true, None).await;
    let outcome = outcome.unwrap();
    assert!(made && outcome.administrator_password.is_some());
    assert_eq!(outcome.steps.changes().count(), 1, "{}", outcome.steps);
    assert_eq!(outcome.secrets["admin-ui"].expose_secret(), "of-the-client");
    assert_eq!(outcome.everyone.as_str(), "everyone-id");
}

#[rstest]
#[case::secrets_that_may_not_be_read(Some(("GET ", "/client-secret")), true)]
#[case::a_secret_that_is_not_there(None, false)]
#[tokio::test]
async fn where_the_secrets_are_not_told_nobody_is_made(
    #[case] broken: Option<(&'static str, &'static str)>,
    #[case] tells_secrets: bool,
) {
    let (outcome, made) = run(broken, tells_secrets, None).await;
    assert!(outcome.is_err() && !made, "{outcome:?}");
}

/// Whether the mark is gone is not known then. The account has its rights, and somebody has to know its password.
#[rstest]
#[case::made_at_random(None, true)]
#[case::known_to_who_asked(Some("given"), false)]
#[tokio::test]
async fn a_mark_that_stays_does_not_lose_the_password(#[case] password: Option<&str>, #[case] goes_on: bool) {
    let (outcome, made) = run(Some(("PUT ", "/users/new-id")), true, password).await;
    assert!(made);
    assert_eq!(outcome.is_ok_and(|outcome| outcome.administrator_password.is_some()), goes_on);
}
