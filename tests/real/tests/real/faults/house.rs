//! A whole server on a realm, and what its clients see.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use primehub_core::clock::{Clock, SystemClock};
use primehub_core::identity::token::TokenPolicy;
use primehub_core::identity::{Freshness, IdentityStore as _};
use primehub_graphql::prometheus_client::registry::Registry;
use primehub_graphql::{PlatformConfig, Server};
use primehub_keycloak::{Keycloak, KeycloakIdentityStore, KeycloakSettings, KeycloakTokens};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::realm::CLIENT;

/// What servers show.
pub(super) const SHARED: &str = "shared-secret-of-the-faults";
/// Nothing that is waited for takes longer, on whatever machine.
const PATIENCE: Duration = Duration::from_secs(90);

/// The time of the operating system, put forward or back.
#[derive(Debug, Default)]
pub(super) struct SkewedClock(AtomicI64);

impl SkewedClock {
    pub(super) fn skew(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_secs()).unwrap(), Ordering::SeqCst);
    }

    pub(super) fn skew_back(&self, by: Duration) {
        self.0.fetch_sub(i64::try_from(by.as_secs()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now() + SignedDuration::from_secs(self.0.load(Ordering::SeqCst))
    }
}

/// The server, serving until it is dropped.
pub(super) struct House {
    pub(super) keycloak: Keycloak,
    pub(super) store: KeycloakIdentityStore,
    pub(super) clock: Arc<SkewedClock>,
    base: String,
    management: String,
    http: Client,
    tasks: [JoinHandle<()>; 2],
}

/// An HTTP answer.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The header that says since when the answer may be out of date.
    pub(super) stale: Option<String>,
    pub(super) body: Value,
    /// How long it took.
    pub(super) took: Duration,
}

impl Answer {
    #[track_caller]
    pub(super) fn data(&self) -> &Value {
        assert!(self.status == 200 && self.body.get("errors").is_none(), "{self:?}");
        &self.body["data"]
    }

    pub(super) fn code(&self) -> &str {
        self.body.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn message(&self) -> &str {
        self.body.pointer("/errors/0/message").and_then(Value::as_str).unwrap_or_default()
    }

    /// That nothing could be answered, in the shape that clients know.
    #[track_caller]
    pub(super) fn assert_unavailable(&self) {
        assert_eq!((self.status, self.code()), (503, "API_UNAVAILABLE"), "{self:?}");
        assert!(!self.message().is_empty(), "{self:?}");
    }
}

impl House {
    /// A server on the realm, from now on, whether the realm is there or not.
    pub(super) async fn start(settings: KeycloakSettings) -> Self {
        Self::start_with(settings, Duration::from_mins(10)).await
    }

    /// The same that goes on for `stale_max` while Keycloak is away.
    pub(super) async fn start_with(settings: KeycloakSettings, stale_max: Duration) -> Self {
        let clock = Arc::new(SkewedClock::default());
        let keycloak = Keycloak::new(settings).unwrap();
        let store = KeycloakIdentityStore::start(keycloak.clone(), clock.clone());
        let mut registry = Registry::default();
        keycloak.metrics().register(&mut registry);
        let policy = TokenPolicy::new(keycloak.settings().issuer(), CLIENT);
        let issuer = Arc::new(KeycloakTokens::new(&keycloak));
        let server = Server::builder(Arc::new(store.clone()), issuer, PlatformConfig::new(CLIENT), policy)
            .shared_secret(SHARED.into())
            .stale_max(stale_max)
            .clock(clock.clone())
            .registry(registry)
            .build();
        let (public, base) = listen().await;
        let (operators, management) = listen().await;
        let tasks = [(public, server.router()), (operators, server.management_router())].map(|(listener, router)| {
            tokio::spawn(primehub_graphql::serve(listener, router, std::future::pending(), Duration::ZERO))
        });
        let http = Client::builder().no_proxy().build().unwrap();
        Self { keycloak, store, clock, base, management, http, tasks }
    }

    /// The same, once it has read the realm.
    pub(super) async fn ready(settings: KeycloakSettings) -> Self {
        let house = Self::start(settings).await;
        house.becomes_live().await;
        house
    }

    /// Sends a document.
    pub(super) async fn run(&self, token: &str, document: &str, variables: Value) -> Answer {
        let began = Instant::now();
        let request = self.http.post(format!("{}/graphql", self.base)).bearer_auth(token);
        let answer = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
        let status = answer.status().as_u16();
        let stale = answer.headers().get("x-primehub-stale").map(|value| value.to_str().unwrap().to_owned());
        let body = answer.json().await.unwrap_or_default();
        Answer { status, stale, body, took: began.elapsed() }
    }

    pub(super) async fn query(&self, token: &str, document: &str) -> Answer {
        self.run(token, document, json!({})).await
    }

    /// Asks with the shared secret.
    pub(super) async fn ask(&self, document: &str) -> Answer {
        self.query(SHARED, document).await
    }

    /// Changes the name of the group `research` that people see: one change of one object.
    pub(super) async fn rename(&self, token: &str, group: &str, name: &str) -> Answer {
        let document = "mutation ($id: ID!, $name: String) {
            updateGroup(where: { id: $id }, data: { displayName: $name }) { displayName }
        }";
        self.run(token, document, json!({ "id": group, "name": name })).await
    }

    /// What the operators' port says.
    pub(super) async fn operators(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.management)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// One number of the metrics, without what follows its point: the line that begins with `name`.
    pub(super) async fn metric(&self, name: &str) -> u64 {
        let (_, text) = self.operators("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
        value.split('.').next().unwrap_or_default().parse().unwrap()
    }

    /// Waits until the picture follows Keycloak.
    pub(super) async fn becomes_live(&self) {
        eventually("the picture follows", async || self.store.freshness() == Freshness::Live).await;
    }

    /// Waits until Keycloak counts as away for this reason. First there may be another one: that it has not answered yet.
    pub(super) async fn becomes_stale(&self, because: &str) {
        let stale =
            async || matches!(self.store.freshness(), Freshness::Stale { cause, .. } if cause.contains(because));
        eventually(&format!("the picture counts as old because of {because:?}"), stale).await;
    }

    /// Waits until events are known to be missing, and answers why.
    pub(super) async fn becomes_delayed(&self) -> String {
        let delayed = async || matches!(self.store.freshness(), Freshness::Delayed { .. });
        eventually("events are missing", delayed).await;
        match self.store.freshness() {
            Freshness::Delayed { cause, .. } => cause,
            other => panic!("{other:?}"),
        }
    }

    /// Waits until a login name is to be seen, or is not any more.
    pub(super) async fn shows_user(&self, username: &str, shown: bool) {
        let what = format!("{username} is shown: {shown}");
        eventually(&what, async || self.store.directory().user_named(username).is_some() == shown).await;
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Waits until something holds.
pub(super) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}
