use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::{Body, to_bytes};
use futures::FutureExt as _;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, REFERRER_POLICY, RETRY_AFTER};
use http::{HeaderMap, Method, Request};
use primehub_core::identity::token::TokenPolicy;
use primehub_memory::identity::PasswordCheck;
use rstest::rstest;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use url::form_urlencoded;

use super::without_token;
use crate::authentication::testing::{CLIENT, FakeIssuer, ISSUER};
use crate::http::captured_log::CapturedLog;
use crate::schema::harness::Harness;
use crate::{AuditRecord, AuditResult, AuditSink, Code, PlatformConfig, Server, Site, SiteLimits};

/// A server over a store in memory.
struct World {
    harness: Harness,
    audit: Arc<Records>,
    server: Server,
}

#[derive(Default)]
struct Records(Mutex<Vec<AuditRecord>>);

impl AuditSink for Records {
    fn record(&self, record: &AuditRecord) {
        self.0.lock().unwrap().push(record.clone());
    }
}

struct Reply {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl World {
    async fn new() -> Self {
        Self::configured(SiteLimits::default(), |_| {}).await
    }

    async fn configured(limits: SiteLimits, configure: impl FnOnce(&mut PlatformConfig)) -> Self {
        let harness = Harness::new().await;
        let audit = Arc::new(Records::default());
        let site = Site::new("https://hub.example", "https://hub.example/api/graphql").unwrap();
        let site = site.log_in_at("https://hub.example/console/g").unwrap().limits(limits);
        let mut config = PlatformConfig::new(CLIENT);
        configure(&mut config);
        let issuer = FakeIssuer::new(harness.clock.clone());
        let policy = TokenPolicy::new(ISSUER, CLIENT);
        let server = Server::builder(harness.store.clone(), issuer, config, policy)
            .clock(harness.clock.clone())
            .audit(audit.clone())
            .prefix("/api")
            .site(site)
            .build();
        Self { harness, audit, server }
    }

    /// The token of a new invitation.
    async fn invite(&self) -> String {
        let document = "mutation ($data: InvitationCreateInput!) { createInvitation(data: $data) { invitationToken } }";
        let data = json!({"data": {"groupId": self.harness.group_id("lab").as_str()}});
        let answer = self.harness.run(self.harness.caller("amy"), document, data).await.data();
        answer["createInvitation"]["invitationToken"].as_str().unwrap().to_owned()
    }

    async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: String) -> Reply {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body)).unwrap();
        let (parts, body) = self.server.router().oneshot(request).await.unwrap().into_parts();
        let body = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Reply { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    async fn look(&self, token: &str) -> Reply {
        self.send(Method::GET, &format!("/console/invite/{token}"), &[], String::new()).await
    }

    async fn submit(&self, token: &str, username: &str, headers: &[(&str, &str)]) -> Reply {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("username", username).finish();
        let form = (CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
        let headers: Vec<_> = std::iter::once(form).chain(headers.iter().copied()).collect();
        self.send(Method::POST, &format!("/console/invite/{token}"), &headers, body).await
    }

    async fn accept(&self, token: &str, username: &str) -> (u16, Value) {
        self.call(&json!({"invitationToken": token, "username": username}).to_string()).await
    }

    async fn call(&self, body: &str) -> (u16, Value) {
        let json = [(CONTENT_TYPE.as_str(), "application/json")];
        let reply = self.send(Method::POST, "/console/invite", &json, body.to_owned()).await;
        (reply.status, serde_json::from_str(&reply.body).unwrap())
    }

    fn has(&self, username: &str) -> bool {
        self.harness.directory().user_named(username).is_some()
    }
}

/// What the page shows in the element with that id.
fn shown<'a>(page: &'a str, id: &str) -> &'a str {
    let rest = page.split_once(&format!("id=\"{id}\">")).unwrap_or_else(|| panic!("no {id} in {page}")).1;
    rest.split_once('<').unwrap().0
}

async fn can_log_in(world: &World, username: &str, password: &str) -> bool {
    let check = world.harness.memory.verify_password(username, &password.into()).await.unwrap();
    matches!(check, PasswordCheck::Correct(_))
}

#[tokio::test]
async fn an_invited_person_makes_an_account_on_the_page() {
    let world = World::new().await;
    let token = world.invite().await;
    for method in [Method::GET, Method::HEAD, Method::GET] {
        let reply = world.send(method, &format!("/invite/{token}"), &[], String::new()).await;
        assert_eq!((reply.status, &reply.headers[REFERRER_POLICY]), (200, &"no-referrer".parse().unwrap()));
    }
    let form = world.look(&token).await.body;
    for part in ["<label for=\"username\">Username</label>", "aria-describedby=\"hint\"", "method=\"post\""] {
        assert!(form.contains(part), "{part}\n{form}");
    }
    let reply = world.submit(&token, " eve ", &[("sec-fetch-site", "same-origin"), ("origin", "null")]).await;
    assert_eq!((reply.status, &reply.headers[CACHE_CONTROL]), (200, &"no-store".parse().unwrap()));
    assert_eq!(shown(&reply.body, "created-username"), "eve");
    assert!(reply.body.contains("href=\"https://hub.example/console/g\""));
    let password = shown(&reply.body, "created-password");
    assert!(can_log_in(&world, "eve", password).await);
    assert_eq!(world.harness.groups_of("eve"), ["everyone", "lab"]);
    assert_eq!(world.look(&token).await.status, 404, "once");
    assert_eq!(world.submit(&token, "eva", &[]).await.status, 404);
    assert!(!world.has("eva"));
}

#[tokio::test]
async fn accepting_leaves_the_record_of_the_mutation_that_does_the_same() {
    let world = World::new().await;
    let token = world.invite().await;
    world.submit(&token, "bob", &[]).await;
    let reply = world.submit(&token, "eve", &[("x-request-id", "request-7")]).await;
    assert_eq!(reply.headers["x-request-id"], "request-7");
    let records = world.audit.0.lock().unwrap().clone();
    let results: Vec<_> = records.iter().map(|record| record.result).collect();
    assert_eq!(results, [AuditResult::Failed(Code::BadUsername), AuditResult::Done]);
    let record = records.last().unwrap();
    assert_eq!((record.mutation.as_str(), record.actor_role), ("createUserFromInvitation", "CLIENT"));
    assert_eq!(
        (record.request_id.as_str(), &record.fields[..]),
        ("request-7", &["invitationToken", "username"].map(str::to_owned)[..])
    );
    assert_eq!(record.targets, [world.harness.user_id("eve").to_string()]);
}

#[rstest]
#[case::taken("bob", "This username is taken")]
#[case::not_acceptable("No Name", "This username is taken")]
#[case::a_clients("service-account-eve", "This username is taken")]
#[case::missing("", "Please enter a username.")]
#[tokio::test]
async fn a_name_that_cannot_be_is_explained_beside_the_field(#[case] username: &str, #[case] problem: &str) {
    let world = World::new().await;
    let token = world.invite().await;
    let reply = world.submit(&token, username, &[]).await;
    assert_eq!(reply.status, 422);
    assert!(reply.body.contains(&format!("id=\"problem\" role=\"alert\">{problem}")), "{}", reply.body);
    assert!(reply.body.contains("aria-describedby=\"problem hint\" aria-invalid=\"true\""), "{}", reply.body);
    assert!(reply.body.contains(&format!("value=\"{username}\"")), "{}", reply.body);
    assert_eq!(world.submit(&token, "eve", &[]).await.status, 200, "the invitation is still good");
}

#[tokio::test]
async fn names_are_escaped() {
    let world = World::new().await;
    let token = world.invite().await;
    let reply = world.submit(&token, "\"><script>alert(1)</script>", &[]).await;
    assert_eq!(reply.status, 422);
    assert!(!reply.body.contains("<script"), "{}", reply.body);
    assert!(reply.body.contains("value=\"&quot;&gt;&lt;script&gt;"), "{}", reply.body);
}

/// What is wrong with an invitation.
#[derive(Clone, Copy, PartialEq)]
enum Wrong {
    Unknown,
    Expired,
    NoRoom,
}

#[rstest]
#[case::unknown(Wrong::Unknown, 404, "This invitation is not valid", "Invalid token or duplicated username.")]
#[case::expired(Wrong::Expired, 410, "This invitation has expired", "Invalid token or duplicated username.")]
#[case::no_room(Wrong::NoRoom, 403, "No more accounts", "")]
#[tokio::test]
async fn an_invitation_that_cannot_be_used_says_why(
    #[case] wrong: Wrong,
    #[case] status: u16,
    #[case] title: &str,
    #[case] message: &str,
) {
    let most = if wrong == Wrong::NoRoom { Some(1) } else { None };
    let world = World::configured(SiteLimits::default(), |config| config.license.max_users = most).await;
    let token = if wrong == Wrong::Unknown { "unknown".to_owned() } else { world.invite().await };
    if wrong == Wrong::Expired {
        world.harness.clock.advance(Duration::from_hours(24));
    }
    let reply = world.submit(&token, "eve", &[]).await;
    assert_eq!(reply.status, status);
    assert!(reply.body.contains(&format!("<h1>{title}</h1>")), "{}", reply.body);
    if wrong != Wrong::NoRoom {
        // Whether there is room is asked when it matters.
        assert_eq!([world.look(&token).await.status, world.submit(&token, "", &[]).await.status], [status; 2]);
    }
    let (json_status, body) = world.accept(&token, "eve").await;
    assert_eq!((json_status, &body["code"]), (200, &json!("BAD_REQUEST")));
    if message.is_empty() {
        assert!(body["message"].as_str().unwrap().contains("user"), "the licence's own words: {body}");
    } else {
        assert_eq!(body["message"], message);
    }
    assert!(!world.has("eve"));
}

#[rstest]
#[case::another_site("sec-fetch-site", "cross-site")]
#[case::old_browser("origin", "https://evil.example")]
#[tokio::test]
async fn forms_of_other_sites_are_refused(#[case] name: &str, #[case] value: &str) {
    let world = World::new().await;
    let token = world.invite().await;
    let reply = world.submit(&token, "eve", &[(name, value)]).await;
    assert_eq!(reply.status, 403);
    assert!(reply.body.contains("<h1>Not from this page</h1>"));
    let body = json!({"invitationToken": token, "username": "eve"}).to_string();
    assert_eq!(world.send(Method::POST, "/invite", &[(name, value)], body).await.status, 403);
    assert!(!world.has("eve"));
}

#[tokio::test]
async fn the_original_page_gets_the_shape_that_it_knows() {
    let world = World::new().await;
    let token = world.invite().await;
    let refused = json!({"code": "BAD_REQUEST", "message": "Invalid token or duplicated username."});
    assert_eq!(world.accept(&token, "bob").await, (200, refused.clone()));
    let without_name = json!({ "invitationToken": token }).to_string();
    for body in ["", "{", "[]", &without_name, r#"{"invitationToken": 1, "username": "eve"}"#] {
        assert_eq!(world.call(body).await, (200, refused.clone()), "{body}");
    }
    let (status, body) = world.accept(&token, "eve").await;
    let password = body["createdUser"]["password"].as_str().unwrap().to_owned();
    assert_eq!(
        (status, body),
        (200, json!({"code": "SUCCESS", "createdUser": {"username": "eve", "password": password}}))
    );
    assert!(can_log_in(&world, "eve", &password).await);
    assert_eq!(world.accept(&token, "eva").await, (200, refused));
}

#[tokio::test]
async fn what_is_away_is_no_fault_of_the_invitation() {
    let world = World::new().await;
    let token = world.invite().await;
    world.harness.store.fail_unavailable("take_invitation");
    let (status, body) = world.accept(&token, "eve").await;
    assert_eq!((status, &body["code"]), (200, &json!("BAD_REQUEST")));
    assert!(body["message"].as_str().unwrap().contains("not available"), "{body}");
    world.harness.store.fail_unavailable("take_invitation");
    let reply = world.submit(&token, "eve", &[("accept-language", "de")]).await;
    assert_eq!((reply.status, reply.headers.contains_key(RETRY_AFTER)), (503, true));
    assert!(reply.body.contains("<h1>Zurzeit nicht verfügbar</h1>"), "{}", reply.body);
    assert_eq!(world.submit(&token, "eve", &[]).await.status, 200);
}

#[tokio::test]
async fn long_bodies_and_other_methods_are_refused() {
    let world = World::new().await;
    let token = world.invite().await;
    let long = "a".repeat(16 * 1024);
    let reply = world.submit(&token, &long, &[]).await;
    assert_eq!((reply.status, reply.body.contains("<h1>Too much input</h1>")), (413, true));
    assert_eq!(world.accept(&token, &long).await.0, 413);
    let reply = world.send(Method::GET, "/invite", &[], String::new()).await;
    assert_eq!((reply.status, reply.headers[ALLOW].to_str().unwrap()), (405, "POST"));
    let reply = world.send(Method::DELETE, &format!("/invite/{token}"), &[], String::new()).await;
    assert_eq!((reply.status, reply.headers[ALLOW].to_str().unwrap()), (405, "GET,HEAD,POST"));
    assert_eq!(world.send(Method::GET, &format!("/api/invite/{token}"), &[], String::new()).await.status, 404);
}

#[tokio::test]
async fn do_better_10_1_nobody_tries_tokens_fast() {
    let limits = SiteLimits { invitations_per_minute: NonZeroU32::new(3).unwrap(), ..SiteLimits::default() };
    let world = World::configured(limits, |_| {}).await;
    assert_eq!(world.look("one").await.status, 404);
    assert_eq!(world.submit("two", "eve", &[]).await.status, 404);
    assert_eq!(world.accept("three", "eve").await.0, 200);
    for reply in [world.look("four").await, world.submit("five", "eve", &[]).await] {
        assert_eq!((reply.status, reply.headers[RETRY_AFTER].to_str().unwrap()), (429, "20"));
        assert!(reply.body.contains("<h1>Too many requests</h1>"), "{}", reply.body);
    }
    let (status, body) = world.accept("six", "eve").await;
    assert_eq!((status, &body["code"], body["error"].is_string()), (429, &json!("BAD_REQUEST"), true));
    world.harness.clock.advance(Duration::from_secs(20));
    assert_eq!(world.look("seven").await.status, 404);
}

#[tokio::test]
async fn an_account_is_finished_also_for_a_browser_that_goes_away() {
    let world = World::new().await;
    let token = world.invite().await;
    {
        let submitted = std::pin::pin!(world.submit(&token, "eve", &[]));
        assert!(submitted.now_or_never().is_none(), "gone before the answer");
    }
    world.server.drained().await;
    assert_eq!(world.harness.groups_of("eve"), ["everyone", "lab"]);
    assert_eq!(world.audit.0.lock().unwrap().last().unwrap().result, AuditResult::Done);
}

#[rstest]
#[case::at_the_root("/invite/abc", "/invite/…")]
#[case::below_console("/console/invite/abc/def", "/console/invite/…")]
#[case::twice("/invite/invite/abc", "/invite/…")]
#[case::no_token("/invite/", "/invite/")]
#[case::the_call("/console/invite", "/console/invite")]
#[case::other("/api/graphql", "/api/graphql")]
fn paths_are_shown_without_tokens(#[case] path: &str, #[case] expected: &str) {
    assert_eq!(without_token(path), expected);
}

#[tokio::test]
async fn the_log_has_no_token_and_no_password() {
    let world = World::new().await;
    let (token, other) = (world.invite().await, world.invite().await);
    let log = CapturedLog::start();
    world.look(&token).await;
    world.submit(&token, "bob", &[]).await;
    let page = world.submit(&token, "eve", &[]).await.body;
    let (_, body) = world.accept(&other, "eva").await;
    let log = log.end();
    assert!(log.contains("/console/invite/…") && log.contains("answered"), "{log}");
    let passwords = [shown(&page, "created-password"), body["createdUser"]["password"].as_str().unwrap()];
    for secret in passwords.into_iter().chain([token.as_str(), &other]) {
        assert!(!log.contains(secret), "{secret}\n{log}");
    }
}
