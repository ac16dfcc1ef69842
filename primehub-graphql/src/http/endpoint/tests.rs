use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_graphql::{Context, EmptySubscription, Error, ErrorExtensions as _, Object, Schema};
use axum::Router;
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE};
use primehub_core::identity::{Freshness, User};
use prometheus_client::registry::Registry;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tower::ServiceExt as _;

use super::super::edge::Edge;
use super::super::prefix::Prefix;
use super::super::router::public;
use super::*;
use crate::audit::TracingAudit;
use crate::authentication::testing::{CLIENT, FakeStore, Scene, scene};
use crate::config::PlatformConfig;

mod load;

/// What the resolvers of the test schema share with the test.
struct Stage {
    started: Notify,
    release: Notify,
    written: AtomicU32,
    store: Arc<FakeStore>,
}

fn disable(store: &FakeStore, user: &str) {
    store.change(|directory| {
        let mut gone = User::new(user.into(), user);
        gone.enabled = false;
        directory.put_user(gone);
    });
}

fn bug() -> i32 {
    panic!("a bug")
}

struct Query;

#[Object]
impl Query {
    async fn echo(&self, text: Option<String>, number: Option<i32>) -> Option<String> {
        text.or_else(|| number.map(|number| number.to_string()))
    }

    async fn nested(&self) -> Query {
        Query
    }

    async fn users(&self) -> Vec<Query> {
        Vec::new()
    }

    async fn groups(&self) -> Vec<Query> {
        Vec::new()
    }

    async fn fails(&self) -> Option<Result<i32, Error>> {
        Some(Err(Error::new("it went wrong")))
    }

    async fn refuses(&self) -> Option<Result<i32, Error>> {
        Some(Err(Error::new("no").extend_with(|_, extensions| extensions.set("code", "NOT_AUTH"))))
    }

    async fn caller(&self, context: &Context<'_>) -> &'static str {
        Request::of(context).caller().role()
    }

    async fn written(&self, context: &Context<'_>) -> u32 {
        context.data_unchecked::<Arc<Stage>>().written.load(Ordering::SeqCst)
    }

    async fn forever(&self) -> i32 {
        std::future::pending().await
    }

    async fn boom(&self) -> i32 {
        bug()
    }

    async fn long(&self) -> String {
        "long ".repeat(1000)
    }
}

struct Mutation;

#[Object]
impl Mutation {
    async fn write(&self, context: &Context<'_>) -> u32 {
        context.data_unchecked::<Arc<Stage>>().written.fetch_add(1, Ordering::SeqCst) + 1
    }

    async fn write_slowly(&self, context: &Context<'_>) -> u32 {
        let stage = context.data_unchecked::<Arc<Stage>>();
        stage.started.notify_one();
        stage.release.notified().await;
        stage.written.fetch_add(1, Ordering::SeqCst) + 1
    }

    async fn disable(&self, context: &Context<'_>, user: String) -> bool {
        disable(&context.data_unchecked::<Arc<Stage>>().store, &user);
        true
    }

    async fn boom(&self) -> i32 {
        bug()
    }
}

struct App {
    router: Router,
    scene: Scene,
    stage: Arc<Stage>,
    endpoint: Arc<Endpoint<Schema<Query, Mutation, EmptySubscription>>>,
}

fn app() -> App {
    app_with(Limits::default(), false)
}

fn app_with(limits: Limits, introspection: bool) -> App {
    let (scene, spare) = (scene(), scene());
    let stage = Arc::new(Stage {
        started: Notify::new(),
        release: Notify::new(),
        written: AtomicU32::new(0),
        store: scene.store.clone(),
    });
    let schema = Schema::build(Query, Mutation, EmptySubscription).data(stage.clone()).finish();
    // The scene keeps its issuer and store; its authenticator moves into the services.
    let Scene { clock, issuer, store, identity, authenticator } = scene;
    let services = Services {
        store: identity.clone(),
        authenticator: Arc::new(authenticator),
        clock: clock.clone(),
        audit: Arc::new(TracingAudit),
        config: PlatformConfig::new(CLIENT),
        administrators: tokio::sync::Mutex::default(),
    };
    let metrics = RequestMetrics::register(&mut Registry::default());
    let endpoint = Arc::new(Endpoint::new(Arc::new(services), schema, limits, introspection, metrics));
    let router = public(&Prefix::new("/api"), endpoint.clone(), Arc::new(Edge::default()));
    let scene = Scene { clock, issuer, store, identity, authenticator: spare.authenticator };
    App { router, scene, stage, endpoint }
}

fn aliases() -> String {
    (0..1000).fold(String::new(), |text, n| text + &format!("a{n}: caller "))
}

type HttpRequest = http::request::Builder;

fn post() -> HttpRequest {
    http::Request::post("/api/graphql")
        .header(AUTHORIZATION, "Bearer open-sesame")
        .header(CONTENT_TYPE, "application/json")
}

impl App {
    async fn send(&self, request: HttpRequest, body: impl Into<Body>) -> Response {
        self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap()
    }

    async fn ask(&self, request: HttpRequest, body: impl Into<Body>) -> (u16, Value) {
        read_json(self.send(request, body).await).await
    }

    async fn query(&self, query: &str) -> (u16, Value) {
        self.ask(post(), json!({ "query": query }).to_string()).await
    }
}

async fn read_json(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_else(|error| panic!("{error}: {body:?}")))
}

/// What clients look at: the status, and the first error's code and message.
fn seen((status, body): (u16, Value)) -> (u16, String, String) {
    let error = &body["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (status, text(&error["extensions"]["code"]), text(&error["message"]))
}

#[rstest]
#[case::json("application/json", r#"{"query":"{ caller }"}"#)]
#[case::form("application/x-www-form-urlencoded", "query=%7B+caller+%7D&variables=%7B%7D")]
#[tokio::test]
async fn both_formats_are_answered(#[case] content_type: &str, #[case] body: &'static str) {
    let request = http::Request::post("/api/graphql")
        .header(AUTHORIZATION, "bearer open-sesame")
        .header(CONTENT_TYPE, content_type);
    assert_eq!(app().ask(request, body).await, (200, json!({"data": {"caller": "CLIENT"}})));
}

#[tokio::test]
async fn variables_come_as_object_or_text() {
    let app = app();
    for variables in [json!({"t": "x"}), json!("{\"t\":\"x\"}")] {
        let body = json!({"query": "query ($t: String) { echo(text: $t) }", "variables": variables});
        assert_eq!(app.ask(post(), body.to_string()).await, (200, json!({"data": {"echo": "x"}})));
    }
}

#[tokio::test]
async fn get_asks_and_does_not_write() {
    let app = app();
    let get =
        |query: &str| http::Request::get(format!("/api/graphql?{query}")).header(AUTHORIZATION, "Bearer open-sesame");
    assert_eq!(app.ask(get("query=%7Bcaller%7D"), "").await, (200, json!({"data": {"caller": "CLIENT"}})));
    let (status, code, _) = seen(app.ask(get("query=mutation%7Bwrite%7D"), "").await);
    assert_eq!((status, code.as_str()), (405, "INTERNAL_ERROR"));
    assert_eq!(app.stage.written.load(Ordering::SeqCst), 0);
    assert_eq!(seen(app.ask(get(""), "").await).0, 400);
}

#[rstest]
#[case::none(None, "Context creation failed: request not authorized", "Bearer realm=\"primehub\"")]
#[case::bad_token(
    Some("Bearer x"),
    "Context creation failed: Invalid API Token",
    "Bearer realm=\"primehub\", error=\"invalid_token\""
)]
#[case::basic(Some("Basic YTpi"), "Context creation failed: request not authorized", "Bearer realm=\"primehub\"")]
#[tokio::test]
async fn whoever_is_nobody_gets_401(#[case] header: Option<&str>, #[case] message: &str, #[case] challenge: &str) {
    let mut request = http::Request::post("/api/graphql").header(CONTENT_TYPE, "application/json");
    if let Some(header) = header {
        request = request.header(AUTHORIZATION, header);
    }
    let response = app().send(request, r#"{"query":"{caller}"}"#).await;
    assert_eq!(response.headers()["www-authenticate"], challenge);
    let (status, body) = read_json(response).await;
    let code = "UNAUTHENTICATED";
    assert_eq!((body["code"].as_str(), body["message"].as_str()), (Some(code), Some(message)), "for other clients");
    assert_eq!(seen((status, body)), (401, code.into(), message.into()));
}

#[tokio::test]
async fn an_outage_is_503_and_a_stale_picture_says_so() {
    let app = app();
    app.scene.issuer.away.store(true, Ordering::SeqCst);
    let request =
        http::Request::post("/api/graphql").header(AUTHORIZATION, "Bearer x").header(CONTENT_TYPE, "application/json");
    let (status, code, _) = seen(app.ask(request, r#"{"query":"{caller}"}"#).await);
    assert_eq!((status, code.as_str()), (503, "API_UNAVAILABLE"));
    let since = "2027-01-15T08:00:00Z".parse().unwrap();
    *app.scene.store.freshness.write().unwrap() = Freshness::Stale { since, cause: "switched off".into() };
    let response = app.send(post(), r#"{"query":"{caller}"}"#).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-primehub-stale"], "2027-01-15T08:00:00Z");
    let (status, code, _) = seen(app.query("mutation { write }").await);
    assert_eq!((status, code.as_str()), (503, "API_UNAVAILABLE"), "changes are refused before they begin");
    assert_eq!(app.stage.written.load(Ordering::SeqCst), 0);
    *app.scene.store.freshness.write().unwrap() = Freshness::NotLoaded;
    assert_eq!(seen(app.query("{ caller }").await).0, 503);
}

#[rstest]
#[case::syntax("{", 400, "GRAPHQL_PARSE_FAILED")]
#[case::no_operation("fragment f on Query { caller }", 400, "GRAPHQL_PARSE_FAILED")]
#[case::unknown_field("{ nothing }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::unknown_argument("{ echo(nothing: 1) }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::wrong_literal("{ echo(number: \"x\") }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::missing_selection("{ nested }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::unknown_fragment("{ ...f }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::subscription("subscription { caller }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::introspection("{ __schema { types { name } } }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::required_variable("query ($n: Int!) { echo(number: $n) }", 400, "BAD_USER_INPUT")]
#[case::several_operations("query a { caller } query b { caller }", 400, "INTERNAL_SERVER_ERROR")]
#[case::relations("{ users { groups { users { caller } } } }", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::field_error("{ fails }", 200, "INTERNAL_SERVER_ERROR")]
#[case::field_error_with_code("{ refuses }", 200, "NOT_AUTH")]
#[tokio::test]
async fn errors_have_a_status_and_a_code(#[case] query: &str, #[case] status: u16, #[case] code: &str) {
    let answer = app().query(query).await;
    assert_eq!(answer.1.get("data").is_some(), status == 200, "only an operation that ran has data: {}", answer.1);
    let (found, found_code, _) = seen(answer);
    assert_eq!((found, found_code.as_str()), (status, code));
}

#[rstest]
#[case::of_fields("fails", 200, "INTERNAL_SERVER_ERROR")]
#[case::of_the_document("nothing", 400, "GRAPHQL_VALIDATION_FAILED")]
#[tokio::test]
async fn the_first_errors_are_told_and_how_many_more_there_are(
    #[case] field: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let query = (0..30).fold(String::new(), |text, n| text + &format!("a{n}: {field} "));
    let (found, body) = app().query(&format!("{{ {query} }}")).await;
    let errors = body["errors"].as_array().unwrap();
    assert_eq!((found, errors.len()), (status, 21));
    assert_eq!(errors[20]["message"], "10 more errors were left out");
    assert!(errors.iter().all(|error| error["extensions"]["code"] == code), "{body}");
}

#[tokio::test]
async fn a_wrong_value_in_a_variable_is_bad_input() {
    let body = json!({"query": "query ($n: Int) { nested { echo(number: $n) } }", "variables": {"n": "x"}});
    let (status, code, _) = seen(app().ask(post(), body.to_string()).await);
    assert_eq!((status, code.as_str()), (400, "BAD_USER_INPUT"));
}

#[tokio::test]
async fn whole_floats_are_integers_and_others_are_not() {
    let app = app();
    let ask = async |number: f64| {
        let body = json!({"query": "query ($n: Int) { echo(number: $n) }", "variables": {"n": number}});
        app.ask(post(), body.to_string()).await
    };
    assert_eq!(ask(4.0).await, (200, json!({"data": {"echo": "4"}})));
    assert_eq!(seen(ask(4.5).await).1, "BAD_USER_INPUT");
}

#[tokio::test]
async fn an_integer_that_is_too_large_is_named() {
    let body = json!({"query": "query ($n: Int) { echo(number: $n) }", "variables": {"n": 1e12}});
    let (status, code, message) = seen(app().ask(post(), body.to_string()).await);
    assert_eq!((status, code.as_str()), (400, "BAD_USER_INPUT"));
    assert!(message.ends_with(" (n)"), "{message}");
}

#[rstest]
#[case::unknown_type("query ($f: Foo) { caller }", "Unknown type \"Foo\"")]
#[case::subscription("subscription { caller }", "Schema is not configured for subscriptions.")]
#[tokio::test]
async fn nothing_is_said_twice(#[case] query: &str, #[case] message: &str) {
    let (_, body) = app().query(query).await;
    let errors = body["errors"].as_array().unwrap();
    assert_eq!(errors.iter().filter(|error| error["message"] == message).count(), 1, "{body}");
}

#[tokio::test]
async fn a_post_without_anything_is_told_what_is_missing() {
    let request = http::Request::post("/api/graphql").header(AUTHORIZATION, "Bearer open-sesame");
    let (status, code, message) = seen(app().ask(request, Body::empty()).await);
    assert_eq!((status, code.as_str()), (400, "INTERNAL_ERROR"));
    assert!(message.contains("no body"), "{message}");
    let request = http::Request::post("/api/graphql").header(AUTHORIZATION, "Bearer open-sesame");
    assert_eq!(seen(app().ask(request, "{}").await).0, 415);
}

#[tokio::test]
async fn operations_are_chosen_by_name() {
    let app = app();
    let body = |name: &str| {
        json!({"query": "query a { caller } query b { echo(text: \"b\") }", "operationName": name}).to_string()
    };
    assert_eq!(app.ask(post(), body("b")).await, (200, json!({"data": {"echo": "b"}})));
    let unknown = seen(app.ask(post(), body("c")).await);
    assert_eq!(unknown, (400, "INTERNAL_SERVER_ERROR".into(), "Unknown operation named \"c\".".into()));
}

#[tokio::test]
async fn field_errors_keep_path_and_data() {
    let (_, body) = app().query("{ nested { fails caller } }").await;
    assert_eq!(body["errors"][0]["path"], json!(["nested", "fails"]));
    assert_eq!(body["data"], json!({"nested": {"fails": null, "caller": "CLIENT"}}));
}

#[tokio::test]
async fn batches_run_in_order_and_answer_in_order() {
    let batch = json!([{"query": "mutation { write }"}, {"query": "{ written }"}, {"query": "{ nothing }"}]);
    let (status, body) = app().ask(post(), batch.to_string()).await;
    assert_eq!((status, &body[0]["data"], &body[1]["data"]), (200, &json!({"write": 1}), &json!({"written": 1})));
    assert_eq!(body[2]["errors"][0]["extensions"]["code"], "GRAPHQL_VALIDATION_FAILED");
}

#[rstest]
#[case::announced(true)]
#[case::not_announced(false)]
#[tokio::test]
async fn a_body_that_is_too_large_is_413(#[case] announced: bool) {
    let app = app_with(Limits { body_bytes: 100, ..Limits::default() }, false);
    let text = "x".repeat(101);
    let request = if announced { post().header(CONTENT_LENGTH, text.len()) } else { post() };
    let refused = seen(app.ask(request, text).await);
    assert_eq!(refused, (413, "INTERNAL_ERROR".into(), "request entity too large".into()));
}

#[rstest]
#[case::malformed("application/json", "{", 400)]
#[case::empty("application/json", "", 400)]
#[case::variables("application/json", r#"{"query":"{caller}","variables":"{"}"#, 400)]
#[case::wrong_type("text/plain", "{caller}", 415)]
#[tokio::test]
async fn other_bodies_are_refused(#[case] content_type: &str, #[case] body: &'static str, #[case] status: u16) {
    let request = http::Request::post("/api/graphql")
        .header(AUTHORIZATION, "Bearer open-sesame")
        .header(CONTENT_TYPE, content_type);
    assert_eq!(seen(app().ask(request, body).await).0, status);
}

#[rstest]
#[case::put("PUT", "/api/graphql", 405)]
#[case::delete("DELETE", "/api/graphql", 405)]
#[case::bare_options("OPTIONS", "/api/graphql", 405)]
#[case::post_to_health("POST", "/api/health", 405)]
#[case::unknown_path("GET", "/api/nothing", 404)]
#[case::outside_the_prefix("POST", "/graphql", 404)]
#[tokio::test]
async fn other_methods_and_paths_are_answered_in_json(#[case] method: &str, #[case] path: &str, #[case] status: u16) {
    let app = app();
    let request = http::Request::builder().method(method).uri(path);
    assert_eq!(seen(app.ask(request, "").await).0, status);
    let allow = app.send(http::Request::builder().method(method).uri(path), "").await.headers().contains_key(ALLOW);
    assert_eq!(allow, status == 405);
}

#[tokio::test]
async fn an_answer_that_takes_too_long_is_503() {
    let (status, code, _) =
        seen(app_with(Limits { time: Duration::ZERO, ..Limits::default() }, false).query("{ forever }").await);
    assert_eq!((status, code.as_str()), (503, "API_UNAVAILABLE"));
}

#[tokio::test]
async fn too_many_requests_at_once_are_503() {
    let app = app_with(Limits { concurrent_requests: 1, ..Limits::default() }, false);
    let slow = app.query("mutation { writeSlowly }");
    let other = async {
        app.stage.started.notified().await;
        let refused = seen(app.query("{ caller }").await).0;
        app.stage.release.notify_one();
        refused
    };
    let (slow, other) = tokio::join!(slow, other);
    assert_eq!((slow.0, other), (200, 503));
    assert_eq!(app.query("{ caller }").await.0, 200, "there is room again");
}

#[tokio::test]
async fn a_change_is_finished_when_the_client_goes_away() {
    let app = app();
    {
        let request = app.query("mutation { writeSlowly }");
        tokio::pin!(request);
        tokio::select! {
            _ = &mut request => panic!("it cannot be finished yet"),
            () = app.stage.started.notified() => {}
        }
    }
    app.stage.release.notify_one();
    app.endpoint.drained().await;
    assert_eq!(app.stage.written.load(Ordering::SeqCst), 1);
}

#[rstest]
#[case::query("{ boom }")]
#[case::mutation("mutation { boom }")]
#[tokio::test]
async fn a_panic_is_answered_500_and_nothing_is_lost(#[case] query: &str) {
    let app = app_with(Limits { concurrent_requests: 1, ..Limits::default() }, false);
    let failed = seen(app.query(query).await);
    assert_eq!(failed, (500, "INTERNAL_SERVER_ERROR".into(), "internal server error".into()));
    assert_eq!(app.query("{ caller }").await.0, 200);
}

#[rstest]
#[case::deep(format!("{}caller{}", "{ nested ".repeat(50), "}".repeat(50)))]
#[case::endlessly_deep("{".repeat(10_000))]
#[case::deep_value(format!("{{ echo(text: {}) }}", "[".repeat(10_000)))]
#[case::aliases(format!("{{ {} }}", aliases()))]
#[case::fields(format!("{{ nested {{ {} }} }}", "caller ".repeat(1001)))]
#[case::long_name(format!("{{ {} }}", "a".repeat(100_000)))]
#[tokio::test]
async fn what_costs_too_much_is_refused(#[case] query: String) {
    let (status, code, _) = seen(app().query(&query).await);
    assert_eq!((status, code.as_str()), (400, "GRAPHQL_VALIDATION_FAILED"));
}

#[tokio::test]
async fn introspection_can_be_switched_on() {
    let (status, body) = app_with(Limits::default(), true).query("{ __schema { queryType { name } } }").await;
    assert_eq!((status, body), (200, json!({"data": {"__schema": {"queryType": {"name": "Query"}}}})));
}

#[tokio::test]
async fn long_answers_are_compressed() {
    let body = r#"{"query":"{ long }"}"#;
    let response = app().send(post().header("accept-encoding", "gzip, deflate"), body).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let response = app().send(post(), body).await;
    assert!(!response.headers().contains_key("content-encoding"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// Whatever arrives is answered, on the GraphQL path always in JSON with an error or data.
    #[test]
    fn every_request_is_answered(
        method in "GET|POST|PUT|OPTIONS",
        path in "/api/graphql|/api/graphql\\?query=[a-z{}%0-9]{0,20}|/[a-z/%2F.]{0,20}",
        content_type in "application/json|application/x-www-form-urlencoded|[a-z/;=]{0,20}",
        authorization in "Bearer open-sesame|[A-Za-z]{0,8} [ -~]{0,20}",
        body in ".{0,60}|\\{\"query\":\"[a-z{}()$:\\[\\] ]{0,30}\"\\}",
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = app();
            let request = http::Request::builder().method(method.as_str()).uri(&path);
            let request = request.header(CONTENT_TYPE, &content_type).header(AUTHORIZATION, authorization);
            let Ok(request) = request.body(Body::from(body)) else { return };
            let response = app.router.clone().oneshot(request).await.unwrap();
            let status = response.status();
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR);
            if path.starts_with("/api/graphql") {
                let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
                let answer: Value = serde_json::from_slice(&bytes).unwrap();
                assert!(answer.get("errors").is_some() || answer.get("data").is_some() || answer.is_array(), "{answer}");
            }
        });
    }
}
