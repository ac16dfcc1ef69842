//! Pages that call the provider from elsewhere.

use axum::body::Body;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{Method, Request};
use rstest::rstest;

use super::{Answer, CERTS, LOGOUT, REVOKE, TOKEN, USER_INFO, World};
use crate::oidc::Client;

const CONSOLE: &str = "https://console.example";
const DISCOVERY: &str = "/realms/primehub/.well-known/openid-configuration";

impl World {
    async fn call_of_page(&self, method: Method, path: &str, origin: Option<&str>, asks_for: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in [(ORIGIN, origin), (ACCESS_CONTROL_REQUEST_METHOD, asks_for)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }
}

#[rstest]
#[case::discovery(DISCOVERY)]
#[case::keys(CERTS)]
#[case::tokens(TOKEN)]
#[case::user_information(USER_INFO)]
#[case::revocation(REVOKE)]
#[case::logout(LOGOUT)]
#[case::unknown_path("/realms/primehub/nothing")]
#[case::unknown_realm("/realms/nowhere")]
#[tokio::test]
async fn browsers_may_ask_first(#[case] path: &str) {
    let world = World::new().await;
    let answer = world.call_of_page(Method::OPTIONS, path, Some(CONSOLE), Some("POST")).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (204, &serde_json::Value::Null));
    assert_eq!(answer.header(ACCESS_CONTROL_ALLOW_ORIGIN), CONSOLE);
    assert_eq!(answer.header(ACCESS_CONTROL_ALLOW_METHODS), "GET,HEAD,PUT,POST,DELETE,PATCH");
    let headers = "content-type, authorization, x-primehub-use-cache, x-primehub-job, Content-Length, Upload-Length, \
                   Tus-Resumable, Upload-Metadata, Upload-Offset, Upload-Defer-Length";
    assert_eq!(answer.header(ACCESS_CONTROL_ALLOW_HEADERS), headers);
    assert_eq!((answer.header(VARY), answer.headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS)), ("Origin", None));
}

#[rstest]
#[case::answer(Method::GET, DISCOVERY, 200)]
#[case::refused_token(Method::GET, USER_INFO, 401)]
#[case::no_form(Method::POST, TOKEN, 415)]
#[case::wrong_method(Method::GET, TOKEN, 405)]
#[case::no_question(Method::OPTIONS, TOKEN, 405)]
#[case::unknown_path(Method::GET, "/realms/primehub/nothing", 404)]
#[case::unknown_realm(Method::GET, "/realms/nowhere", 404)]
#[tokio::test]
async fn pages_may_read_answers_and_refusals(#[case] method: Method, #[case] path: &str, #[case] status: u16) {
    let world = World::new().await;
    let answer = world.call_of_page(method.clone(), path, Some(CONSOLE), None).await;
    assert_eq!((answer.status.as_u16(), answer.header(ACCESS_CONTROL_ALLOW_ORIGIN)), (status, CONSOLE));
    assert_eq!((answer.header(VARY), answer.headers.get(ACCESS_CONTROL_ALLOW_CREDENTIALS)), ("Origin", None));

    let answer = world.call_of_page(method, path, None, None).await;
    assert_eq!((answer.status.as_u16(), answer.headers.get(ACCESS_CONTROL_ALLOW_ORIGIN)), (status, None));
    assert_eq!(answer.header(VARY), "Origin", "a cache must not hand this to a page");
}

#[rstest]
#[case::address_of_the_first("http://127.0.0.1:8080", true)]
#[case::listed_by_the_second("https://console.example", true)]
#[case::other_port("http://127.0.0.1:8081", false)]
#[case::longer("https://console.example.com", false)]
#[case::sandboxed("null", false)]
#[tokio::test]
async fn without_an_open_client_origins_are_those_of_the_clients(#[case] origin: &str, #[case] allowed: bool) {
    let world = World::with(|settings| {
        settings.client.web_origins = vec!["+".to_owned()];
        let mut other = Client::confidential("other", "0ther".into());
        other.web_origins = vec![CONSOLE.to_owned()];
        settings.other_clients = vec![other];
    })
    .await;
    for (method, asks_for, status) in [(Method::OPTIONS, Some("GET"), 204), (Method::GET, None, 200)] {
        let answer = world.call_of_page(method, CERTS, Some(origin), asks_for).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header(ACCESS_CONTROL_ALLOW_ORIGIN), if allowed { origin } else { "" });
        assert_eq!(answer.header(VARY), "Origin");
    }
}

#[tokio::test]
async fn a_server_with_the_routes_in_it_keeps_its_own_rules() {
    let mut world = World::new().await;
    world.router = axum::Router::new().fallback(|| async { axum::Json("elsewhere") }).merge(world.provider.router());
    let elsewhere = world.call_of_page(Method::GET, "/other", Some(CONSOLE), None).await;
    assert_eq!((elsewhere.body, elsewhere.headers.get(VARY)), ("elsewhere".into(), None));
    let keys = world.call_of_page(Method::GET, CERTS, Some(CONSOLE), None).await;
    assert_eq!((keys.status.as_u16(), keys.header(ACCESS_CONTROL_ALLOW_ORIGIN)), (200, CONSOLE));
}
