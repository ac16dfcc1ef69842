use axum::body::{Body, to_bytes};
use axum::extract::Extension;
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, HOST, ORIGIN, VARY,
};
use http::{HeaderMap, Method, Request};
use rstest::rstest;
use tower::ServiceExt as _;

use super::super::host::{AllowedHosts, LOOPBACK_HOSTS};
use super::super::request_id::RequestId;
use super::*;

fn bug() -> String {
    panic!("a bug")
}

fn router(edge: Edge) -> Router {
    let id = |Extension(id): Extension<RequestId>| async move { id.as_str().to_owned() };
    let sensitive = |headers: HeaderMap| async move { headers["authorization"].is_sensitive().to_string() };
    let routes =
        Router::new().route("/id", get(id)).route("/sensitive", get(sensitive)).route("/boom", get(|| async { bug() }));
    finish(routes, Arc::new(edge))
}

async fn send(method: Method, path: &str, headers: &[(http::HeaderName, &str)]) -> Response {
    send_to(router(Edge::default()), method, path, headers).await
}

async fn send_to(router: Router, method: Method, path: &str, headers: &[(http::HeaderName, &str)]) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
}

#[rstest]
#[case::found("/id", 200)]
#[case::unknown("/nothing", 404)]
#[case::panic("/boom", 500)]
#[tokio::test]
async fn every_answer_may_be_read_by_every_page(#[case] path: &str, #[case] status: u16) {
    let response = send(Method::GET, path, &[(ORIGIN, "https://console.example")]).await;
    assert_eq!(response.status(), status);
    assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://console.example");
    assert!(response.headers().get_all(VARY).iter().any(|value| value == "Origin"));
    assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS));
    let response = send(Method::GET, path, &[]).await;
    assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
    assert!(response.headers().contains_key(VARY), "caches must not give this answer to a page");
}

#[tokio::test]
async fn browsers_may_ask_first_on_every_route() {
    let headers = [(ORIGIN, "https://console.example"), (ACCESS_CONTROL_REQUEST_METHOD, "POST")];
    for path in ["/id", "/nothing"] {
        let response = send(Method::OPTIONS, path, &headers).await;
        assert_eq!(response.status(), 204);
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_METHODS], "GET,HEAD,PUT,POST,DELETE,PATCH");
        let allowed = response.headers()[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().to_owned();
        for header in ["content-type", "authorization", "x-primehub-use-cache", "x-primehub-job"] {
            assert!(allowed.split(", ").any(|name| name == header), "{allowed}");
        }
        assert_eq!(response.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://console.example");
    }
}

#[tokio::test]
async fn ids_are_given_back_and_reach_the_handler() {
    let name = http::HeaderName::from_static("x-request-id");
    let response = send(Method::GET, "/id", &[(name.clone(), "abc-1")]).await;
    assert_eq!(response.headers()["x-request-id"], "abc-1");
    assert_eq!(text(response).await, "abc-1");
    let response = send(Method::GET, "/boom", &[(name, "not sane")]).await;
    let id = response.headers()["x-request-id"].to_str().unwrap().to_owned();
    assert!(id.parse::<uuid::Uuid>().is_ok(), "{id}");
}

#[tokio::test]
async fn other_host_names_are_not_answered() {
    let edge = || Edge { hosts: AllowedHosts::new(LOOPBACK_HOSTS), ..Edge::default() };
    for (host, status) in [("localhost:8080", 200), ("evil.example", 421)] {
        let response = send_to(router(edge()), Method::GET, "/id", &[(HOST, host)]).await;
        assert_eq!(response.status(), status, "{host}");
    }
    let body = text(send_to(router(edge()), Method::GET, "/id", &[(HOST, "evil.example")]).await).await;
    assert!(body.contains(r#""errors":[{"#), "{body}");
}

#[tokio::test]
async fn credentials_are_marked_so_that_no_log_prints_them() {
    let response = send(Method::GET, "/sensitive", &[(http::header::AUTHORIZATION, "Bearer x")]).await;
    assert_eq!(text(response).await, "true");
}

#[tokio::test]
async fn routes_that_are_not_ours_have_the_edge_and_their_own_rules_for_pages() {
    let edge = || Arc::new(Edge { hosts: AllowedHosts::new(LOOPBACK_HOSTS), ..Edge::default() });
    let theirs = Router::new().route("/theirs", get(|| async { "theirs" })).route("/bug", get(|| async { bug() }));
    let router = finish(Router::new(), edge()).merge(beside(theirs, edge()));
    let headers = [(HOST, "localhost"), (ORIGIN, "https://console.example")];
    let response = send_to(router.clone(), Method::GET, "/theirs", &headers).await;
    assert_eq!(response.status(), 200);
    assert!(response.headers().contains_key("x-request-id"));
    assert!(!response.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "not every page may read them");
    for (path, host, status) in [("/bug", "localhost", 500), ("/theirs", "evil.example", 421), ("/x", "localhost", 404)]
    {
        assert_eq!(send_to(router.clone(), Method::GET, path, &[(HOST, host)]).await.status(), status, "{path}");
    }
}
