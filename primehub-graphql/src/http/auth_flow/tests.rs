use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, X_FRAME_OPTIONS,
};
use http::{Method, Request};
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::testing::{API_TOKEN, GRAPHQL, SITE, World, shown_code};
use crate::http::captured_log::CapturedLog;
use crate::{Site, SiteLimits};

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The query that a login ends with, changed.
fn with(query: &str, name: &str, value: &str) -> String {
    let pairs = url::form_urlencoded::parse(query.as_bytes()).into_owned();
    let changed = pairs.map(|(key, old)| if key == name { (key, value.to_owned()) } else { (key, old) });
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(changed).finish()
}

#[rstest]
#[case::at_the_root("", "")]
#[case::below_console("/console", "/console")]
#[case::handed_in_at_the_other("/console", "")]
#[tokio::test]
async fn a_command_line_gets_its_api_token(#[case] prefix: &str, #[case] handed_in: &str) {
    let world = World::new();
    let code = world.code(prefix).await;
    let reply = world.hand_in(handed_in, &code).await;
    assert_eq!((reply.status, &reply.headers[CACHE_CONTROL]), (200, &"no-store".parse().unwrap()));
    assert_eq!(json_of(&reply.body), json!({"api-token": API_TOKEN, "endpoint": GRAPHQL}));
}

#[rstest]
#[case::get(Method::GET)]
#[case::head(Method::HEAD)]
#[tokio::test]
async fn the_sdk_finds_the_flow_by_302_and_the_login_page_gets_all_it_needs(#[case] method: Method) {
    let world = World::new();
    for prefix in ["", "/console"] {
        let reply = world.send(method.clone(), &format!("{prefix}/oidc/auth-flow/request"), &[], String::new()).await;
        assert_eq!((reply.status, reply.body.as_str()), (302, ""));
        assert_eq!(reply.headers[CACHE_CONTROL], "no-store");
        let location: url::Url = reply.headers[LOCATION].to_str().unwrap().parse().unwrap();
        assert!(location.as_str().starts_with("https://id.example/auth?"));
        let asked: HashMap<_, _> = location.query_pairs().into_owned().collect();
        assert_eq!(asked["response_type"], "code");
        assert_eq!(asked["scope"], "offline_access");
        assert_eq!(asked["client_id"], "admin-ui");
        assert_eq!(asked["redirect_uri"], format!("{SITE}{prefix}/oidc/auth-flow/callback"));
        assert_eq!((asked["code_challenge"].len(), asked["code_challenge_method"].as_str()), (43, "S256"));
        assert_eq!(asked.len(), 7);
        let cookie = reply.headers[SET_COOKIE].to_str().unwrap();
        let rest = format!("; Path={prefix}/oidc/auth-flow; Max-Age=600; HttpOnly; SameSite=Lax; Secure");
        assert!(cookie.starts_with("__Secure-primehub-api-token=") && cookie.ends_with(&rest), "{cookie}");
    }
}

#[rstest]
#[case::below_the_api("/api/oidc/auth-flow/request")]
#[case::elsewhere("/other/oidc/auth-flow/request")]
#[case::unknown("/oidc/auth-flow/")]
#[tokio::test]
async fn the_flow_is_nowhere_else(#[case] path: &str) {
    let reply = World::new().get(path, &[]).await;
    assert_eq!((reply.status, &json_of(&reply.body)["code"]), (404, &json!("RESOURCE_NOT_FOUND")));
}

#[tokio::test]
async fn without_a_login_there_is_no_flow() {
    let world = World::with_site(|_| Site::new(SITE, GRAPHQL).unwrap());
    let reply = world.get("/oidc/auth-flow/request", &[]).await;
    assert_eq!((reply.status, &json_of(&reply.body)["code"]), (404, &json!("RESOURCE_NOT_FOUND")));
    assert_eq!(world.get("/invite/unknown", &[]).await.status, 404);
}

#[rstest]
#[case::request(Method::POST, "/oidc/auth-flow/request", "GET,HEAD")]
#[case::callback(Method::POST, "/console/oidc/auth-flow/callback", "GET,HEAD")]
#[case::exchange(Method::GET, "/oidc/auth-flow/exchange", "POST")]
#[case::exchange_head(Method::HEAD, "/oidc/auth-flow/exchange", "POST")]
#[tokio::test]
async fn other_methods_are_refused(#[case] method: Method, #[case] path: &str, #[case] allowed: &str) {
    let reply = World::new().send(method, path, &[], String::new()).await;
    assert_eq!((reply.status, reply.headers[ALLOW].to_str().unwrap()), (405, allowed));
}

/// How a browser comes back, other than it should.
#[derive(Clone, Copy)]
enum Way {
    AsItShould,
    WithoutCookie,
    WithCookieOfAnotherAttempt,
    WithTamperedState,
    WithoutState,
    TooLate,
    AtTheOtherPrefix,
    WithTwoCodes,
    FromAnotherProvider,
}

#[rstest]
#[case::as_it_should(Way::AsItShould, 200, "Code for your API token")]
#[case::no_cookie(Way::WithoutCookie, 400, "This login began elsewhere")]
#[case::foreign_cookie(Way::WithCookieOfAnotherAttempt, 400, "This login began elsewhere")]
#[case::tampered_state(Way::WithTamperedState, 400, "This login began elsewhere")]
#[case::no_state(Way::WithoutState, 400, "No code came back")]
#[case::expired(Way::TooLate, 400, "This login took too long")]
#[case::other_prefix(Way::AtTheOtherPrefix, 400, "This login began elsewhere")]
#[case::two_codes(Way::WithTwoCodes, 400, "No code came back")]
#[case::other_provider(Way::FromAnotherProvider, 400, "The login has failed")]
#[tokio::test]
async fn a_code_is_shown_only_where_the_login_has_begun(#[case] way: Way, #[case] status: u16, #[case] title: &str) {
    let world = World::new();
    let begun = world.begin("/console").await;
    let query = world.provider.log_in(&begun.location);
    let cookie = Some(begun.cookie.as_str());
    let reply = match way {
        Way::AsItShould => world.come_back("/console", &query, cookie).await,
        Way::WithoutCookie => world.come_back("/console", &query, None).await,
        Way::WithCookieOfAnotherAttempt => {
            let other = world.begin("/console").await;
            world.come_back("/console", &query, Some(&other.cookie)).await
        }
        Way::WithTamperedState => world.come_back("/console", &with(&query, "state", "AAAA"), cookie).await,
        Way::WithoutState => world.come_back("/console", &with(&query, "state", ""), cookie).await,
        Way::TooLate => {
            world.clock.advance(Duration::from_mins(10));
            world.come_back("/console", &query, cookie).await
        }
        Way::AtTheOtherPrefix => world.come_back("", &query, cookie).await,
        Way::WithTwoCodes => world.come_back("/console", &format!("{query}&code=another"), cookie).await,
        Way::FromAnotherProvider => {
            world.come_back("/console", &with(&query, "iss", "https://evil.example"), cookie).await
        }
    };
    assert_eq!(reply.status, status);
    assert!(reply.body.contains(&format!("<h1>{title}</h1>")), "{}", reply.body);
    assert_eq!(reply.body.contains("<textarea"), status == 200);
    if status == 400 {
        let start = if matches!(way, Way::AtTheOtherPrefix) { "" } else { "/console" };
        assert!(reply.body.contains(&format!("href=\"{start}/oidc/auth-flow/request\"")), "{}", reply.body);
    }
}

#[rstest]
#[case::denied("error=access_denied&error_description=No&state=x", 403, "No API token")]
#[case::login("error=login_required", 400, "Login needed")]
#[case::away("error=temporarily_unavailable", 503, "Not available right now")]
#[case::script(
    "error=%3Cscript%3Ealert(1)%3C/script%3E&error_description=%3Cimg%20src=x%3E",
    400,
    "The login has failed"
)]
#[case::nothing("", 400, "No code came back")]
#[tokio::test]
async fn errors_of_the_login_page_are_explained(#[case] query: &str, #[case] status: u16, #[case] title: &str) {
    let reply = World::new().come_back("", query, None).await;
    assert_eq!(reply.status, status);
    assert!(reply.body.contains(&format!("<h1>{title}</h1>")), "{}", reply.body);
    for foreign in ["script", "src=x", "alert", "error_description"] {
        assert!(!reply.body.contains(foreign), "nothing of the query is shown: {}", reply.body);
    }
}

#[tokio::test]
async fn pages_allow_nothing_and_speak_two_languages() {
    let world = World::new();
    let begun = world.begin("").await;
    let query = format!("{}&more=%22%3E%3Cscript%3E", world.provider.log_in(&begun.location));
    let path = format!("/oidc/auth-flow/callback?{query}");
    let headers =
        [("cookie", begun.cookie.as_str()), ("accept-language", "de-CH, en;q=0.5"), ("origin", "https://evil.example")];
    let reply = world.get(&path, &headers).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains("<html lang=\"de\">") && reply.body.contains("<h1>Code für Ihr API-Token</h1>"));
    assert!(!reply.body.contains("<script"), "{}", reply.body);
    let policy = reply.headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"] {
        assert!(policy.contains(part) && !policy.contains("unsafe"), "{policy}");
    }
    assert_eq!(
        (&reply.headers[X_FRAME_OPTIONS], &reply.headers[REFERRER_POLICY]),
        (&"DENY".parse().unwrap(), &"no-referrer".parse().unwrap())
    );
    assert_eq!(reply.headers[CACHE_CONTROL], "no-store");
    assert!(!reply.headers.contains_key(ACCESS_CONTROL_ALLOW_ORIGIN), "pages from elsewhere read nothing here");
    let head = world.send(Method::HEAD, &path, &headers, String::new()).await;
    assert_eq!((head.status, head.body.as_str()), (200, ""));
}

#[rstest]
#[case::text("not base64 at all!")]
#[case::nothing("")]
#[case::no_code(&STANDARD.encode("state=x"))]
#[case::an_error(&STANDARD.encode("error=access_denied&state=x"))]
#[tokio::test]
async fn what_is_no_code_is_answered_with_the_text_that_the_sdk_knows(#[case] code: &str) {
    let reply = World::new().hand_in("/console", code).await;
    assert_eq!((reply.status, reply.body.as_str()), (400, "Bad Request"));
    assert_eq!(reply.headers[CONTENT_TYPE], "text/plain; charset=utf-8");
}

#[tokio::test]
async fn a_code_may_come_as_json_and_broken_into_lines() {
    let world = World::new();
    let code = world.code("").await;
    let (first, rest) = code.split_at(40);
    let body = json!({"code": format!("{first}\r\n  {}", rest.trim_end_matches('='))}).to_string();
    let headers = [("content-type", "application/json; charset=utf-8")];
    let reply = world.send(Method::POST, "/oidc/auth-flow/exchange", &headers, body).await;
    assert_eq!((reply.status, &json_of(&reply.body)["api-token"]), (200, &json!(API_TOKEN)));
}

#[tokio::test]
async fn do_better_10_2_only_code_and_state_go_on_to_the_provider() {
    let world = World::new();
    let begun = world.begin("").await;
    let query = world.provider.log_in(&begun.location);
    let injected = format!("{query}&client_id=other&grant_type=password&redirect_uri=https://evil.example&scope=admin");
    let reply = world.hand_in("", &STANDARD.encode(injected)).await;
    assert_eq!((reply.status, &json_of(&reply.body)["api-token"]), (200, &json!(API_TOKEN)));
}

#[tokio::test]
async fn do_better_10_2_states_are_ours_and_not_old() {
    let world = World::new();
    let begun = world.begin("").await;
    let query = world.provider.log_in(&begun.location);
    let reply = world.hand_in("", &STANDARD.encode(with(&query, "state", "AAAA"))).await;
    assert_eq!((reply.status, &json_of(&reply.body)["error"]), (400, &json!("invalid_request")));
    let other = world.begin("").await;
    let other_state = other.location.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    world.clock.advance(Duration::from_mins(10));
    let reply = world.hand_in("", &STANDARD.encode(&query)).await;
    assert_eq!((reply.status, &json_of(&reply.body)["error"]), (400, &json!("invalid_grant")));
    assert!(world.provider.verifiers.lock().unwrap().is_empty(), "the provider was not asked");
    let fresh = world.begin("").await;
    let fresh_query = world.provider.log_in(&fresh.location);
    let mixed = with(&fresh_query, "state", &other_state);
    assert_eq!(world.hand_in("", &STANDARD.encode(mixed)).await.status, 400, "a state of an older attempt");
}

#[tokio::test]
async fn a_code_of_another_provider_is_not_shown_to_ours() {
    let world = World::new();
    let begun = world.begin("").await;
    let query = with(&world.provider.log_in(&begun.location), "iss", "https://evil.example");
    let log = CapturedLog::start();
    let reply = world.hand_in("", &STANDARD.encode(query)).await;
    let log = log.end();
    assert_eq!((reply.status, &json_of(&reply.body)["error"]), (400, &json!("invalid_request")));
    assert!(world.provider.verifiers.lock().unwrap().is_empty(), "the provider was not asked");
    assert!(log.contains("WARN") && log.contains("expected=\"https://id.example/realms/primehub\""), "{log}");
}

#[tokio::test]
async fn do_better_10_2_a_code_of_another_attempt_has_another_verifier() {
    let world = World::new();
    let (mine, theirs) = (world.begin("").await, world.begin("").await);
    let theirs = world.provider.log_in(&theirs.location);
    let state = mine.location.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    let reply = world.hand_in("", &STANDARD.encode(with(&theirs, "state", &state))).await;
    assert_eq!((reply.status, &json_of(&reply.body)["error"]), (200, &json!("invalid_grant")));
}

#[tokio::test]
async fn what_the_provider_says_is_passed_on() {
    let world = World::new();
    let code = world.code("").await;
    world.provider.away.store(true, Ordering::SeqCst);
    let reply = world.hand_in("", &code).await;
    assert_eq!((reply.status, &json_of(&reply.body)["error"]), (503, &json!("temporarily_unavailable")));
    assert!(reply.headers.contains_key(RETRY_AFTER) && !reply.body.contains("switched off"), "{}", reply.body);
    world.provider.away.store(false, Ordering::SeqCst);
    assert_eq!(world.hand_in("", &code).await.status, 200, "the code is still good");
    let reply = world.hand_in("", &code).await;
    let refused = json!({"error": "invalid_grant", "error_description": "Code not valid"});
    assert_eq!((reply.status, json_of(&reply.body)), (200, refused), "but once only");
}

#[tokio::test]
async fn an_account_without_api_tokens_is_told_so() {
    let world = World::new();
    let code = world.code("").await;
    world.provider.without_api_tokens.store(true, Ordering::SeqCst);
    let reply = world.hand_in("", &code).await;
    let refused = json!({"error": "access_denied", "error_description": "this account may not have API tokens"});
    assert_eq!((reply.status, json_of(&reply.body)), (200, refused));
}

#[tokio::test]
async fn long_bodies_are_refused_before_they_are_read() {
    let reply = World::new().hand_in("", &"A".repeat(16 * 1024)).await;
    assert_eq!((reply.status, &json_of(&reply.body)["error"]), (413, &json!("invalid_request")));
}

#[tokio::test]
async fn do_better_10_2_exchanges_have_a_pace_and_are_counted() {
    let limits = SiteLimits { exchanges_per_minute: NonZeroU32::new(2).unwrap(), ..SiteLimits::default() };
    let world = World::with_site(|site| site.limits(limits));
    let code = world.code("").await;
    assert_eq!(world.hand_in("", "?").await.status, 400);
    assert_eq!(world.hand_in("/console", "?").await.status, 400);
    let reply = world.hand_in("", &code).await;
    assert_eq!((reply.status, reply.headers[RETRY_AFTER].to_str().unwrap()), (429, "30"));
    assert_eq!(json_of(&reply.body)["error"], "temporarily_unavailable");
    assert!(!world.code("").await.is_empty(), "logins have no limit of ours");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(world.hand_in("", &code).await.status, 200);
    let metrics = Request::get("/metrics").body(Body::empty()).unwrap();
    let metrics = world.server.management_router().oneshot(metrics).await.unwrap();
    let metrics = String::from_utf8(to_bytes(metrics.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap();
    for line in [
        "primehub_graphql_rate_limited_total{route=\"exchange\"} 1",
        "primehub_graphql_rate_limited_total{route=\"invite\"} 0",
        "primehub_graphql_api_token_exchanges_total{result=\"bad_request\"} 2",
        "primehub_graphql_api_token_exchanges_total{result=\"issued\"} 1",
        "primehub_graphql_api_token_exchanges_total{result=\"too_fast\"} 1",
    ] {
        assert!(metrics.contains(line), "{line}\n{metrics}");
    }
}

#[tokio::test]
async fn the_log_has_no_code_no_state_no_verifier_and_no_token() {
    let world = World::new();
    let log = CapturedLog::start();
    let begun = world.begin("").await;
    let query = world.provider.log_in(&begun.location);
    let page = world.come_back("", &query, Some(&begun.cookie)).await;
    let code = shown_code(&page.body);
    for _ in 0..2 {
        world.hand_in("", &code).await;
    }
    world.come_back("", &query, None).await;
    let log = log.end();
    assert!(log.contains("a code for an API token was handed in") && log.contains("issued"), "{log}");
    let query: HashMap<_, _> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let verifier = world.provider.verifiers.lock().unwrap().first().unwrap().clone();
    let mark = begun.cookie.split_once('=').unwrap().1;
    for secret in [&code, &query["code"], &query["state"], &verifier, mark, API_TOKEN] {
        assert!(!log.contains(secret), "{secret}\n{log}");
    }
}
