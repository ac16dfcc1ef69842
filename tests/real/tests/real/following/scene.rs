//! A realm of its own for each trial, and stores on it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use libtest_mimic::{Failed, Trial};
use primehub_core::clock::SystemClock;
use primehub_core::identity::{Directory, IdentityStore as _};
use primehub_graphql::prometheus_client::encoding::text::encode;
use primehub_graphql::prometheus_client::registry::Registry;
use primehub_keycloak::{Following, Keycloak, KeycloakIdentityStore, KeycloakSettings};
use real_peers::{Admin, PlatformRealm, Population, Shared};
use serde_json::Value;
use tokio::time::Instant;

/// One after the other: they measure time, or put the server under load.
static TURN: Mutex<()> = Mutex::new(());

/// A trial with a runtime of its own.
pub(crate) fn trial<F>(name: &str, shared: &Arc<Shared>, run: impl FnOnce(Arc<Shared>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    let shared = Arc::clone(shared);
    Trial::test(name, move || {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        runtime.block_on(run(shared));
        Ok::<_, Failed>(())
    })
}

/// A realm, and somebody else's hand in it.
#[derive(Clone)]
pub(crate) struct Scene {
    pub(crate) admin: Arc<Admin>,
    pub(crate) realm: Arc<PlatformRealm>,
}

/// A store, and what it has cost.
pub(crate) struct Follower {
    pub(crate) store: KeycloakIdentityStore,
    pub(crate) keycloak: Keycloak,
}

impl Scene {
    /// A realm of that size. `settings` replaces settings of the realm.
    pub(crate) async fn new(shared: &Shared, label: &str, population: Population, settings: Value) -> Self {
        let admin = Admin::new(&shared.keycloak().await.unwrap()).unwrap();
        let realm = population.make(&admin, label, settings).await.unwrap();
        Self { admin: Arc::new(admin), realm: Arc::new(realm) }
    }

    /// A path below the realm.
    pub(crate) fn path(&self, path: &str) -> String {
        format!("{}/{path}", self.realm.name)
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.admin.get(&self.path(path)).await.unwrap()
    }

    /// The rows of a list.
    pub(crate) async fn rows(&self, path: &str) -> Vec<Value> {
        match self.get(path).await {
            Value::Array(rows) => rows,
            other => panic!("{path} is no list: {other}"),
        }
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) {
        self.admin.put(&self.path(path), body).await.unwrap();
    }

    pub(crate) async fn create(&self, path: &str, body: &Value) -> String {
        self.admin.create(&self.path(path), body).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) {
        self.admin.delete(&self.path(path)).await.unwrap();
    }

    /// A store on the realm, which begins to read it.
    pub(crate) fn follow(&self, change: impl FnOnce(&mut Following)) -> Follower {
        let base = self.admin.endpoint().base_url.parse().unwrap();
        let realm = &self.realm;
        let mut settings =
            KeycloakSettings::new(base, realm.name.as_str(), realm.client_id.as_str(), realm.client_secret.clone());
        change(&mut settings.following);
        let keycloak = Keycloak::new(settings).unwrap();
        let store = KeycloakIdentityStore::start(keycloak.clone(), Arc::new(SystemClock));
        Follower { store, keycloak }
    }

    /// Takes the realm away. One in which a trial has failed stays, to be looked at.
    pub(crate) async fn end(self) {
        self.admin.delete_realm(&self.realm.name).await.unwrap();
    }
}

impl Follower {
    /// Waits until there is a picture.
    pub(crate) async fn loaded(self) -> Self {
        let loaded = tokio::time::timeout(Duration::from_mins(2), self.store.loaded()).await;
        loaded.expect("the realm is read");
        self
    }

    /// Waits until the picture is as asked, and tells how long that took from `since` on. Ends the trial with what `say` says otherwise.
    pub(crate) async fn shows(
        &self,
        since: Instant,
        within: Duration,
        is: impl Fn(&Directory) -> bool,
        say: impl Fn(&Directory) -> String,
    ) -> Duration {
        let mut changes = self.store.changes(None);
        loop {
            if is(&self.store.directory()) {
                return since.elapsed();
            }
            if tokio::time::timeout_at(since + within, changes.next()).await.is_err() {
                let directory = self.store.directory();
                assert!(is(&directory), "not shown within {within:?}: {}\n{}", say(&directory), self.metrics());
                return since.elapsed();
            }
        }
    }

    /// A number of the mirror's own.
    pub(crate) fn count(&self, name: &str) -> u64 {
        let metrics = self.metrics();
        let line = metrics.lines().find_map(|line| line.strip_prefix(&format!("keycloak_mirror_{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not among {metrics}")).parse().unwrap()
    }

    fn metrics(&self) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        self.keycloak.metrics().register(&mut registry);
        encode(&mut text, &registry).unwrap();
        let numbers = text.lines().filter(|line| line.starts_with("keycloak_mirror_"));
        numbers.collect::<Vec<_>>().join("\n")
    }
}
