use axum::body::{Body, to_bytes};
use http::Request;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use primehub_core::identity::{Freshness, Group, User};
use rstest::rstest;
use serde_json::json;
use tower::ServiceExt as _;

use super::*;
use crate::authentication::testing::{CLIENT, ISSUER, Scene, scene};

fn server(scene: &Scene) -> Server {
    Server::builder(
        scene.identity.clone(),
        scene.issuer.clone(),
        PlatformConfig::new(CLIENT),
        TokenPolicy::new(ISSUER, CLIENT),
    )
    .clock(scene.clock.clone())
    .prefix("/api")
    .build()
}

async fn send(router: Router, request: Request<Body>) -> (u16, http::HeaderMap, String) {
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    (parts.status.as_u16(), parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

async fn get(router: Router, path: &str) -> (u16, http::HeaderMap, String) {
    send(router, Request::get(path).body(Body::empty()).unwrap()).await
}

async fn ask(server: &Server, token: &str, query: &str) -> (u16, serde_json::Value) {
    let request = Request::post(server.graphql_path())
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(CONTENT_TYPE, "application/json")
        .body(Body::from(json!({ "query": query }).to_string()))
        .unwrap();
    let (status, _, body) = send(server.router(), request).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn people_ask_the_real_schema() {
    let scene = scene();
    let token = scene.issuer.access_token("ada", false);
    let answer = ask(&server(&scene), &token, "{ me { id username isAdmin __typename } }").await;
    let me = json!({"id": "ada", "username": "ada", "isAdmin": false, "__typename": "User"});
    assert_eq!(answer, (200, json!({"data": {"me": me}})));
}

#[tokio::test]
async fn without_a_shared_secret_nobody_is_a_server() {
    let scene = scene();
    assert_eq!(ask(&server(&scene), "open-sesame", "{ me { id } }").await.0, 401);
}

#[rstest]
#[case::with_slash("/api/")]
#[case::without("/api")]
#[tokio::test]
async fn the_root_leads_to_graphql(#[case] path: &str) {
    let (status, headers, _) = get(server(&scene()).router(), path).await;
    assert_eq!((status, headers["location"].to_str().unwrap()), (302, "/api/graphql"));
}

#[tokio::test]
async fn health_depends_on_nothing() {
    let scene = scene();
    *scene.store.freshness.write().unwrap() = Freshness::NotLoaded;
    let server = server(&scene);
    let (status, _, body) = get(server.router(), "/api/health").await;
    assert_eq!((status, body.as_str()), (200, "OK"));
    let (status, _, body) = send(server.router(), Request::head("/api/health").body(Body::empty()).unwrap()).await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert_eq!(get(server.management_router(), "/healthz").await.0, 200);
}

#[tokio::test]
async fn readiness_says_whether_questions_can_be_answered() {
    let scene = scene();
    let server = server(&scene);
    let ready = || get(server.management_router(), "/readyz");
    assert_eq!(ready().await.0, 200);
    let since = primehub_core::clock::Clock::now(&*scene.clock);
    *scene.store.freshness.write().unwrap() = Freshness::Stale { since, cause: "switched off".into() };
    let (status, _, body) = ready().await;
    assert_eq!((status, body), (200, format!("OK, but the identity provider has been away since {since}")));
    scene.clock.advance(STALE_MAX);
    assert_eq!(ready().await.0, 503);
    *scene.store.freshness.write().unwrap() = Freshness::NotLoaded;
    assert_eq!(ready().await.0, 503);
}

#[tokio::test]
async fn a_picture_that_is_behind_answers_and_says_so() {
    let scene = scene();
    let server = server(&scene);
    let cause = "the account of the server lacks the role view-events".to_owned();
    *scene.store.freshness.write().unwrap() = Freshness::Delayed { by: Duration::from_mins(1), cause };
    let (status, _, body) = get(server.management_router(), "/readyz").await;
    let remark = "OK, but what is changed elsewhere at the identity provider shows after up to 60 s: \
                  the account of the server lacks the role view-events";
    assert_eq!((status, body.as_str()), (200, remark));
    let token = scene.issuer.access_token("ada", false);
    assert_eq!(ask(&server, &token, "{ me { id } }").await.1, json!({"data": {"me": {"id": "ada"}}}));
}

#[tokio::test]
async fn metrics_say_how_far_the_picture_can_be_trusted() {
    let scene = scene();
    let server = server(&scene);
    let since = primehub_core::clock::Clock::now(&*scene.clock);
    scene.clock.advance(Duration::from_secs(5));
    let states = [
        (Freshness::Live, "live", "0.0"),
        (Freshness::Delayed { by: Duration::from_mins(1), cause: "no events".into() }, "delayed", "60.0"),
        (Freshness::Stale { since, cause: "switched off".into() }, "stale", "5.0"),
        (Freshness::NotLoaded, "not_loaded", "0.0"),
    ];
    for (freshness, label, behind) in states {
        *scene.store.freshness.write().unwrap() = freshness;
        let (_, _, text) = get(server.management_router(), "/metrics").await;
        let value = |name: &str| {
            let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            found.map_or_else(|| panic!("{name} in {text}"), str::to_owned)
        };
        for other in ["live", "delayed", "stale", "not_loaded"] {
            let shown = value(&format!("primehub_graphql_identity_picture{{freshness=\"{other}\"}}"));
            assert_eq!(shown, if other == label { "1" } else { "0" }, "{other} while {label}");
        }
        assert_eq!(value("primehub_graphql_identity_picture_behind_seconds"), behind, "{label}");
    }
}

#[tokio::test]
async fn do_better_7_8_6_groups_made_elsewhere_whose_paths_collide_are_counted() {
    let scene = scene();
    let server = server(&scene);
    let counted = async || {
        let (_, _, text) = get(server.management_router(), "/metrics").await;
        let line = text.lines().find_map(|line| line.strip_prefix("primehub_graphql_group_path_collisions "));
        line.map(str::to_owned)
    };
    assert_eq!(counted().await.as_deref(), Some("0"));
    scene.store.change(|directory| {
        for name in ["Team_A", "team-a", "alone"] {
            directory.put_group(Group::new(name.into(), name));
        }
    });
    assert_eq!(counted().await.as_deref(), Some("1"));
}

#[tokio::test]
async fn metrics_count_requests_and_what_they_cost() {
    let scene = scene();
    scene.issuer.give("offline-ada", "ada", false);
    let server = server(&scene);
    for token in ["offline-ada", "offline-ada", "unknown"] {
        ask(&server, token, "{ me { id } }").await;
    }
    ask(&server, "offline-ada", "{ nothing }").await;
    let (status, headers, text) = get(server.management_router(), "/metrics").await;
    assert_eq!(status, 200);
    assert!(headers[CONTENT_TYPE].to_str().unwrap().starts_with("application/openmetrics-text"));
    for line in [
        r#"primehub_graphql_requests_total{operation="query",result="ok"} 2"#,
        r#"primehub_graphql_requests_total{operation="unknown",result="unauthenticated"} 1"#,
        r#"primehub_graphql_requests_total{operation="query",result="refused"} 1"#,
        r#"primehub_graphql_authentications_total{credentials="api_token",result="ok"} 3"#,
        r#"primehub_graphql_authentications_total{credentials="api_token",result="refused"} 1"#,
        r#"primehub_graphql_api_token_lookups_total{result="hit"} 2"#,
        r#"primehub_graphql_api_token_lookups_total{result="miss"} 2"#,
        r"primehub_graphql_api_tokens_remembered 2",
        r#"primehub_graphql_identity_provider_calls_total{call="exchange",result="ok"} 1"#,
        r#"primehub_graphql_identity_provider_calls_total{call="exchange",result="refused"} 1"#,
        r"primehub_graphql_requests_running 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n---\n{text}");
    }
    for secret in ["offline-ada", "unknown\"} x", "ada"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

#[tokio::test]
async fn host_names_count_on_every_router() {
    let scene = scene();
    let (issuer, policy) = (scene.issuer.clone(), TokenPolicy::new(ISSUER, CLIENT));
    let builder = Server::builder(scene.identity.clone(), issuer, PlatformConfig::new(CLIENT), policy);
    let server = builder.allowed_hosts(crate::LOOPBACK_HOSTS).build();
    let theirs = Router::new().route("/theirs", axum::routing::get(|| async { "theirs" }));
    let routers =
        [(server.router(), "/health"), (server.management_router(), "/healthz"), (server.surround(theirs), "/theirs")];
    for (router, path) in routers {
        for (host, status) in [("127.0.0.1:80", 200), ("evil.example", 421)] {
            let request = Request::get(path).header(http::header::HOST, host).body(Body::empty()).unwrap();
            assert_eq!(send(router.clone(), request).await.0, status, "{path} {host}");
        }
    }
}

/// A query that takes long must let others through, and be stopped when its time is over: both need that it gives way again and again.
#[tokio::test]
async fn long_answers_give_way_to_others() {
    let scene = scene();
    scene.store.change(|directory| {
        for number in 0..2_000 {
            let name = format!("person-{number}");
            directory.put_user(User::new(name.as_str().into(), name.as_str()));
        }
    });
    let token = scene.issuer.access_token("root", true);
    let server = server(&scene);
    let asking = tokio::spawn(async move { ask(&server, &token, "{ users(first: 3000) { id username } }").await });
    let mut turns = 0;
    while !asking.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
    }
    let (status, body) = asking.await.unwrap();
    assert_eq!((status, body["data"]["users"].as_array().map(Vec::len)), (200, Some(2_004)), "{}", body["errors"]);
    assert!(turns > 10, "{turns}");
}

#[tokio::test]
async fn numbers_of_the_program_around_the_server_are_among_the_metrics() {
    let scene = scene();
    let mut registry = Registry::default();
    let counter = prometheus_client::metrics::counter::Counter::<u64>::default();
    counter.inc();
    registry.register("doors_opened", "Of the house around", counter);
    let server = Server::builder(
        scene.identity.clone(),
        scene.issuer.clone(),
        PlatformConfig::new(CLIENT),
        TokenPolicy::new(ISSUER, CLIENT),
    )
    .registry(registry)
    .build();
    let (_, _, text) = get(server.management_router(), "/metrics").await;
    assert!(text.contains("\ndoors_opened_total 1\n"), "{text}");
    assert!(text.contains("\nprimehub_graphql_requests_running 0\n"), "{text}");
}
