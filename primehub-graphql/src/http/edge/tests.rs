use axum::body::{Body, to_bytes};
use axum::routing::get;
use axum::{Extension, Router};
use http::Request;
use rstest::rstest;
use tower::ServiceExt as _;

use super::super::router::{beside, finish};
use super::*;

const PROXY: &str = "10.0.0.1:4000";

async fn who(client: Option<Extension<ConnectInfo<SocketAddr>>>) -> String {
    client.map_or_else(|| "nobody".to_owned(), |Extension(ConnectInfo(address))| address.to_string())
}

/// Our routes and others beside them, as a server has them.
fn router(secure_site: bool) -> Router {
    let edge = Arc::new(Edge { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], secure_site, ..Edge::default() });
    let ours = finish(Router::new().route("/ours", get(who)), edge.clone());
    ours.merge(beside(Router::new().route("/theirs", get(who)), edge))
}

async fn send(router: Router, path: &str, connection: Option<&str>, forwarded: Option<&str>) -> Response {
    let mut request = Request::builder().uri(path);
    if let Some(text) = forwarded {
        request = request.header("x-forwarded-for", text);
    }
    let mut request = request.body(Body::empty()).unwrap();
    if let Some(address) = connection {
        request.extensions_mut().insert(ConnectInfo(address.parse::<SocketAddr>().unwrap()));
    }
    router.oneshot(request).await.unwrap()
}

#[rstest]
#[case::direct(Some("192.0.2.9:5000"), None, "192.0.2.9:5000")]
#[case::invented(Some("192.0.2.9:5000"), Some("198.51.100.1"), "192.0.2.9:5000")]
#[case::proxied(Some(PROXY), Some("198.51.100.1"), "198.51.100.1:0")]
#[case::invented_before_the_proxy(Some(PROXY), Some("127.0.0.1, 198.51.100.1"), "198.51.100.1:0")]
#[case::by_the_proxy_itself(Some(PROXY), None, PROXY)]
#[case::no_socket(None, Some("198.51.100.1"), "nobody")]
#[tokio::test]
async fn handlers_see_the_client_and_not_the_proxy(
    #[values("/ours", "/theirs")] path: &str,
    #[case] connection: Option<&str>,
    #[case] forwarded: Option<&str>,
    #[case] seen: &str,
) {
    let response = send(router(false), path, connection, forwarded).await;
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(std::str::from_utf8(&body).unwrap(), seen);
}

#[rstest]
#[case::the_proxy(PROXY, 200)]
#[case::this_machine("127.0.0.1:4000", 200)]
#[case::this_machine_mapped("[::ffff:127.0.0.1]:4000", 200)]
#[case::past_the_proxy("192.0.2.9:5000", 403)]
#[tokio::test]
async fn behind_a_proxy_nobody_else_connects(#[case] connection: &str, #[case] status: u16) {
    let trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let edge = Arc::new(Edge { trusted_proxies, proxied_only: true, ..Edge::default() });
    let router = beside(Router::new().route("/", get(who)), edge);
    assert_eq!(send(router, "/", Some(connection), Some("10.0.0.1")).await.status().as_u16(), status);
}

#[rstest]
#[tokio::test]
async fn a_secure_site_is_only_come_back_to_over_tls(#[values("/ours", "/theirs", "/nowhere")] path: &str) {
    let header = |response: Response| response.headers().get(STRICT_TRANSPORT_SECURITY).cloned();
    assert_eq!(header(send(router(true), path, None, None).await), Some(OVER_TLS_ONLY));
    assert_eq!(header(send(router(false), path, None, None).await), None);
}
