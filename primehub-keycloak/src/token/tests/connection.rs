//! The service account's token as the connection uses it.

use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::join_all;
use http::Method;
use tokio::time::Instant;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::Keycloak;
use crate::transport::tests::{LONG, keycloak};
use crate::transport::{By, Call, CallError, Class, Kind};

const READ: Kind = Kind::new("user.read", Class::Read, "view-users");
const TOKEN: &str = "/realms/primehub/protocol/openid-connect/token";
const USERS: &str = "/admin/realms/primehub/users";

fn users<'a>() -> Call<'a> {
    Call::new(READ, Method::GET, ["admin", "realms", "primehub", "users"])
}

fn connect(server: &MockServer) -> Keycloak {
    keycloak(&server.uri().parse().unwrap(), LONG)
}

/// Issues token-1, token-2 …
async fn issue(server: &MockServer) {
    let issued = AtomicU64::new(0);
    let grant = move |_: &Request| {
        let token = format!("token-{}", issued.fetch_add(1, Ordering::SeqCst) + 1);
        ResponseTemplate::new(200).set_body_json(serde_json::json!({"access_token": token, "expires_in": 300}))
    };
    Mock::given(method("POST"))
        .and(path(TOKEN))
        .and(body_string_contains("grant_type=client_credentials"))
        .and(body_string_contains("client_id=admin-ui"))
        .and(body_string_contains("client_secret=the-client-secret"))
        .respond_with(grant)
        .mount(server)
        .await;
}

async fn accept(server: &MockServer, token: &str) {
    Mock::given(path(USERS))
        .and(header("Authorization", format!("Bearer {token}").as_str()))
        .respond_with(ResponseTemplate::new(200).set_body_string("[]"))
        .mount(server)
        .await;
}

async fn refuse_others(server: &MockServer) {
    let refusal = serde_json::json!({"error": "HTTP 401 Unauthorized"});
    Mock::given(path(USERS)).respond_with(ResponseTemplate::new(401).set_body_json(refusal)).mount(server).await;
}

#[tokio::test]
async fn one_token_serves_all_calls() {
    let server = MockServer::start().await;
    issue(&server).await;
    accept(&server, "token-1").await;
    let keycloak = connect(&server);
    let call = users();
    for answer in join_all((0..20).map(|_| keycloak.call(&call))).await {
        answer.unwrap();
    }
    let metrics = keycloak.metrics();
    assert_eq!((metrics.calls_of("token.service"), metrics.calls_of("user.read"), metrics.total_calls()), (1, 20, 21));
}

#[tokio::test]
async fn a_token_that_is_not_accepted_any_more_is_renewed_once_for_all() {
    let server = MockServer::start().await;
    issue(&server).await;
    accept(&server, "token-2").await;
    refuse_others(&server).await;
    let keycloak = connect(&server);
    let call = users();
    for answer in join_all((0..20).map(|_| keycloak.call(&call))).await {
        answer.unwrap();
    }
    assert_eq!(keycloak.metrics().calls_of("token.service"), 2);
}

#[tokio::test]
async fn a_new_token_that_is_refused_as_well_is_nothing_a_person_can_help() {
    let server = MockServer::start().await;
    issue(&server).await;
    refuse_others(&server).await;
    let keycloak = connect(&server);
    let error = keycloak.call(&users()).await.unwrap_err();
    assert!(matches!(&error, CallError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("the service account's token"), "{error}");
    let metrics = keycloak.metrics();
    assert_eq!((metrics.calls_of("token.service"), metrics.calls_of("user.read")), (2, 2));
}

#[tokio::test]
async fn a_persons_own_token_is_neither_renewed_nor_replaced() {
    let server = MockServer::start().await;
    refuse_others(&server).await;
    let keycloak = connect(&server);
    let token = "of-a-person".into();
    assert_eq!(keycloak.call(&users().by(By::Token(&token))).await.unwrap_err().status(), Some(401));
    assert_eq!(keycloak.metrics().total_calls(), 1);
}

#[tokio::test]
async fn a_client_that_is_not_accepted_is_no_answer_to_the_call_and_asked_once_a_second() {
    let server = MockServer::start().await;
    for (status, body, words) in [
        (
            401,
            r#"{"error":"unauthorized_client","error_description":"Invalid client or Invalid client credentials"}"#,
            "\"admin-ui\" or its secret",
        ),
        (404, r#"{"error":"Realm does not exist"}"#, "no realm \"primehub\""),
    ] {
        server.reset().await;
        Mock::given(path(TOKEN)).respond_with(ResponseTemplate::new(status).set_body_string(body)).mount(&server).await;
        let keycloak = connect(&server);
        let began = Instant::now();
        for _ in 0..20 {
            let error = keycloak.call(&users()).await.unwrap_err();
            assert!(!error.is_absent(), "it is not the user that is absent");
            assert!(matches!(&error, CallError::Unavailable { cause, .. } if cause.contains(words)), "{error}");
        }
        let asked = keycloak.metrics().total_calls();
        assert!(asked <= 1 + began.elapsed().as_secs(), "asked {asked} times");
    }
}
