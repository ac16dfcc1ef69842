//! A whole server on the scripted Keycloak, and what its clients see.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use primehub_core::clock::SystemClock;
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

use crate::realm::FakeKeycloak;

/// What servers show.
const SHARED: &str = "shared-secret-of-the-faults";
/// Nothing that is waited for takes longer, on whatever machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The server, serving until it is dropped.
pub(crate) struct House {
    pub(crate) store: KeycloakIdentityStore,
    /// A token of the administrator.
    pub(crate) token: String,
    base: String,
    management: String,
    http: Client,
    tasks: [JoinHandle<()>; 2],
}

/// An HTTP answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The header that says since when the answer may be out of date.
    pub(crate) stale: Option<String>,
    pub(crate) body: Value,
    pub(crate) took: Duration,
}

impl Answer {
    #[track_caller]
    pub(crate) fn data(&self) -> &Value {
        assert!(self.status == 200 && self.body.get("errors").is_none(), "{self:?}");
        &self.body["data"]
    }

    /// That nothing could be done, however far the request came.
    #[track_caller]
    pub(crate) fn assert_unavailable(&self) {
        let error = &self.body["errors"][0];
        assert_eq!(error["extensions"]["code"], "API_UNAVAILABLE", "{self:?}");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{self:?}");
        assert!(matches!(self.status, 200 | 503), "{self:?}");
    }
}

impl House {
    /// A server with as much patience as the platform has, and a quick eye, from now on.
    pub(crate) async fn start(keycloak: &FakeKeycloak) -> Self {
        Self::start_with(keycloak, |_| {}).await
    }

    pub(crate) async fn start_with(fake: &FakeKeycloak, change: impl FnOnce(&mut KeycloakSettings)) -> Self {
        let base = fake.server.uri().parse().unwrap();
        let mut settings = KeycloakSettings::new(base, "primehub", "admin-ui", "secret-of-the-faults".into());
        settings.following.interval = Duration::from_millis(100);
        change(&mut settings);
        let token = fake.state().signer.administrator(&settings.issuer(), "root");
        let keycloak = Keycloak::new(settings).unwrap();
        let store = KeycloakIdentityStore::start(keycloak.clone(), Arc::new(SystemClock));
        let mut registry = Registry::default();
        keycloak.metrics().register(&mut registry);
        let policy = TokenPolicy::new(keycloak.settings().issuer(), "admin-ui");
        let issuer = Arc::new(KeycloakTokens::new(&keycloak));
        let server = Server::builder(Arc::new(store.clone()), issuer, PlatformConfig::new("admin-ui"), policy)
            .shared_secret(SHARED.into())
            .registry(registry)
            .build();
        let (public, base) = listen().await;
        let (operators, management) = listen().await;
        let tasks = [(public, server.router()), (operators, server.management_router())].map(|(listener, router)| {
            tokio::spawn(primehub_graphql::serve(listener, router, std::future::pending(), Duration::ZERO))
        });
        let http = Client::builder().no_proxy().build().unwrap();
        Self { store, token, base, management, http, tasks }
    }

    /// The same, once it has read the realm and the administrator is known.
    pub(crate) async fn ready(fake: &FakeKeycloak, change: impl FnOnce(&mut KeycloakSettings)) -> Self {
        let house = Self::start_with(fake, change).await;
        house.becomes_live().await;
        house.me().await.data();
        house
    }

    async fn run(&self, token: &str, document: &str, variables: Value) -> Answer {
        let began = Instant::now();
        let request = self.http.post(format!("{}/graphql", self.base)).bearer_auth(token);
        let answer = request.json(&json!({ "query": document, "variables": variables })).send().await.unwrap();
        let status = answer.status().as_u16();
        let stale = answer.headers().get("x-primehub-stale").map(|value| value.to_str().unwrap().to_owned());
        let body = answer.json().await.unwrap_or_default();
        Answer { status, stale, body, took: began.elapsed() }
    }

    /// A read with the shared secret.
    pub(crate) async fn groups(&self) -> Answer {
        self.run(SHARED, "{ groups { name displayName } }", json!({})).await
    }

    /// A read of the administrator's.
    pub(crate) async fn me(&self) -> Answer {
        self.run(&self.token, "{ me { username } }", json!({})).await
    }

    /// A write of the administrator's.
    pub(crate) async fn rename(&self, name: &str) -> Answer {
        let document = "mutation ($name: String) {
            updateGroup(where: { id: \"lab\" }, data: { displayName: $name }) { displayName }
        }";
        self.run(&self.token, document, json!({ "name": name })).await
    }

    /// What the operators' port says.
    pub(crate) async fn operators(&self, path: &str) -> (u16, String) {
        let answer = self.http.get(format!("{}{path}", self.management)).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    /// One number of the metrics, without what follows its point: the line that begins with `name`.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let (_, text) = self.operators("/metrics").await;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let value = value.unwrap_or_else(|| panic!("no {name} in {text}"));
        value.split('.').next().unwrap_or_default().parse().unwrap()
    }

    /// Waits until the picture follows Keycloak.
    pub(crate) async fn becomes_live(&self) {
        eventually("the picture follows", async || self.store.freshness() == Freshness::Live).await;
    }

    /// Waits until Keycloak counts as away for this reason. First there may be another one: that it has not answered yet.
    pub(crate) async fn becomes_stale(&self, because: &str) {
        let stale =
            async || matches!(self.store.freshness(), Freshness::Stale { cause, .. } if cause.contains(because));
        eventually(&format!("the picture counts as old because of {because:?}"), stale).await;
    }

    /// Waits until a login name is to be seen.
    pub(crate) async fn shows_user(&self, username: &str) {
        let shown = async || self.store.directory().user_named(username).is_some();
        eventually(&format!("{username} is shown"), shown).await;
    }

    /// That reads go on from the last picture, and say so, and that writes are refused without asking Keycloak.
    pub(crate) async fn goes_on_from_the_last_picture(&self) {
        for read in [self.groups().await, self.me().await] {
            read.data();
            assert!(read.stale.is_some(), "{read:?}");
        }
        let write = self.rename("refused").await;
        write.assert_unavailable();
        assert_eq!(write.status, 503);
        assert!(write.took < Duration::from_secs(3), "{write:?}");
        let (status, text) = self.operators("/readyz").await;
        assert!(status == 200 && text.contains("has been away since"), "{status} {text}");
        assert_eq!(self.metric(r#"primehub_graphql_identity_picture{freshness="stale"}"#).await, 1);
    }

    /// That everything works again, without anybody doing anything about it.
    pub(crate) async fn heals(&self) {
        self.becomes_live().await;
        assert_eq!(self.operators("/readyz").await, (200, "OK".to_owned()));
        // Keys that could not be read are not asked for again at once.
        eventually("tokens can be checked", async || self.me().await.status == 200).await;
        assert_eq!(self.me().await.stale, None);
        assert_eq!(self.rename("healed").await.data()["updateGroup"]["displayName"], "healed");
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Waits until something holds.
pub(crate) async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {} s: {what}", PATIENCE.as_secs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    (listener, base)
}
