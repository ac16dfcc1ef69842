//! What goes over the wire, and what an answer means.

use std::time::Duration;

use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{any, body_string_contains, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::{AdminLogin, Bootstrap, BootstrapError, BootstrapRequest};
use super::fixtures::request;

fn login() -> AdminLogin {
    AdminLogin::password("admin", SecretString::from("hush-hush"))
}

fn bootstrap(server: &MockServer, login: AdminLogin) -> Bootstrap {
    let request = BootstrapRequest { base: server.uri().parse().unwrap(), ..request() };
    Bootstrap::new(request, login).unwrap()
}

async fn on(server: &MockServer, verb: &str, at: &str, status: u16, body: Value) {
    let answer = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method(verb)).and(path(at)).respond_with(answer).mount(server).await;
}

async fn with_token(server: &MockServer) {
    let token = json!({"access_token": "t", "expires_in": 60});
    on(server, "POST", "/realms/master/protocol/openid-connect/token", 200, token).await;
}

#[tokio::test]
async fn a_plan_for_an_empty_keycloak_takes_one_look() {
    let server = MockServer::start().await;
    with_token(&server).await;
    on(&server, "GET", "/admin/realms/primehub", 404, json!({"error": "Realm not found."})).await;
    let plan = bootstrap(&server, login()).plan().await.unwrap();
    assert_eq!(plan.changes().count(), 14);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_address_that_is_not_keycloaks_is_no_empty_keycloak() {
    let server = MockServer::start().await;
    with_token(&server).await;
    on(&server, "GET", "/admin/realms/primehub", 404, json!({"error": "HTTP 404 Not Found"})).await;
    let error = bootstrap(&server, login()).plan().await.unwrap_err();
    assert!(matches!(error, BootstrapError::Failed { .. }), "{error}");
}

#[rstest]
#[case::person(login(), "grant_type=password", "/realms/master/protocol/openid-connect/token")]
#[case::service(
    AdminLogin::service_account("primehub", "admin-ui", SecretString::from("hush-hush")),
    "grant_type=client_credentials",
    "/realms/primehub/protocol/openid-connect/token"
)]
#[tokio::test]
async fn a_login_that_is_refused_is_told_apart(#[case] login: AdminLogin, #[case] grant: &str, #[case] at: &str) {
    let server = MockServer::start().await;
    let refused = json!({"error": "invalid_grant", "error_description": "Invalid user credentials"});
    let refused = ResponseTemplate::new(401).set_body_json(refused);
    let token = Mock::given(method("POST")).and(path(at)).and(body_string_contains(grant));
    token.respond_with(refused).expect(1).mount(&server).await;
    assert!(!format!("{login:?}").contains("hush-hush"));
    let error = bootstrap(&server, login).plan().await.unwrap_err();
    assert!(matches!(error, BootstrapError::Login { .. }), "{error}");
    assert!(!format!("{error} {error:?}").contains("hush-hush"));
}

#[tokio::test]
async fn a_right_that_is_missing_is_named() {
    let server = MockServer::start().await;
    with_token(&server).await;
    on(&server, "GET", "/admin/realms/primehub", 403, json!({"error": "HTTP 403 Forbidden"})).await;
    let error = bootstrap(&server, login()).plan().await.unwrap_err();
    assert!(matches!(&error, BootstrapError::Denied { missing, .. } if missing == "view-realm"), "{error}");
}

#[rstest]
#[case::up(200, json!({"realm": "master"}), true)]
#[case::up_without_master(404, json!({"error": "Realm does not exist"}), true)]
#[case::starting(503, json!("Bootstrap in progress. Retry in 1 seconds."), false)]
#[tokio::test]
async fn keycloak_is_up_once_it_answers(#[case] status: u16, #[case] body: Value, #[case] up: bool) {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status).set_body_json(body)).mount(&server).await;
    let mut looks = 0;
    let waited = bootstrap(&server, login()).wait(Duration::ZERO, |_, _| looks += 1).await;
    assert_eq!((waited.is_ok(), looks), (up, usize::from(!up)));
}

#[rstest]
#[case::master(|request: &mut BootstrapRequest| request.realm = "master".into())]
#[case::nameless(|request: &mut BootstrapRequest| request.realm = String::new())]
#[case::one_client_twice(|request: &mut BootstrapRequest| request.jupyterhub.client_id = "admin-ui".into())]
#[case::nameless_client(|request: &mut BootstrapRequest| request.jupyterhub.client_id = String::new())]
fn what_no_keycloak_can_do_is_refused_at_once(#[case] edit: fn(&mut BootstrapRequest)) {
    let mut request = request();
    edit(&mut request);
    assert!(matches!(Bootstrap::new(request, login()), Err(BootstrapError::Request(_))));
}
