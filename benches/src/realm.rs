//! A realm of a real Keycloak, and PrimeHub in front of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use primehub_core::clock::SystemClock;
use primehub_core::identity::IdentityStore as _;
use primehub_core::identity::token::{CodeGrant, LoginProvider as _, TokenPolicy};
use primehub_graphql::{PlatformConfig, Server};
use primehub_keycloak::{Keycloak, KeycloakIdentityStore, KeycloakSettings, KeycloakTokens};
use real_peers::{Admin, Endpoint, Fetched, PlatformRealm, Population};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

/// A realm of some size.
pub struct RealRealm {
    admin: Admin,
    realm: PlatformRealm,
    size: Population,
    paths: Vec<String>,
}

/// What one cold start cost.
#[derive(Clone, Debug)]
pub struct ColdStart {
    /// Calls, without the looks at the events that come afterwards.
    pub calls: u64,
    /// Until there was a picture.
    pub elapsed: Duration,
    /// How much more memory the process took at the most, in MiB; none where the system does not tell.
    pub peak: Option<f64>,
    /// How long the same took somebody who only reads.
    pub bare: Fetched,
}

/// PrimeHub in front of a realm, asked by a platform administrator.
pub struct RealServer {
    keycloak: Keycloak,
    store: KeycloakIdentityStore,
    router: Router,
    token: SecretString,
    api_token: SecretString,
}

/// The connections of bulk reads.
const CONNECTIONS: usize = 4;
const ADMINISTRATOR: &str = "administrator";
const PASSWORD: &str = "correct horse battery staple";
const CALLBACK: &str = "http://127.0.0.1/callback";

impl RealRealm {
    /// Makes the realm, and reads it once: the first reading after an import is slow, whoever reads.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn new(endpoint: &Endpoint, size: Population) -> anyhow::Result<Self> {
        let admin = Admin::new(endpoint)?;
        let realm = size.make(&admin, "bench", json!({ "accessTokenLifespan": 3_600 })).await?;
        let paths = realm.cold_start_paths(&admin).await?;
        realm.fetch(&admin, &paths, CONNECTIONS).await?;
        Ok(Self { admin, realm, size, paths })
    }

    /// Reads everything twice: with nothing behind it, and with a store that makes a picture of it.
    ///
    /// # Errors
    /// A server that refuses, a picture that lacks something.
    pub async fn cold_start(&self) -> anyhow::Result<ColdStart> {
        let bare = self.realm.fetch(&self.admin, &self.paths, CONNECTIONS).await?;
        let before = reset_peak();
        let began = Instant::now();
        let (keycloak, store) = self.follow()?;
        store.loaded().await;
        let elapsed = began.elapsed();
        let peak = before.and_then(|before| Some(peak()? - before));
        let kinds = keycloak.metrics().calls_by_kind();
        let looks: u64 = kinds.iter().filter(|(kind, _)| kind.starts_with("events.")).map(|(_, count)| count).sum();
        let calls = kinds.values().sum::<u64>() - looks.saturating_sub(2);
        let directory = store.directory();
        let read = (directory.people_count(), directory.group_count());
        anyhow::ensure!(read == (self.size.users, self.size.groups), "{read:?} people and groups were read");
        let memberships: usize = directory.groups().map(|group| directory.member_count(&group.id)).sum();
        anyhow::ensure!(memberships > self.size.users * self.size.groups_each, "{memberships} memberships were read");
        Ok(ColdStart { calls, elapsed, peak, bare })
    }

    /// A server in front of the realm, and a platform administrator's tokens.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn server(&self) -> anyhow::Result<RealServer> {
        let name = &self.realm.name;
        let account = json!({
            "username": ADMINISTRATOR, "email": "administrator@example.com", "firstName": "An", "lastName": "Administrator",
            "enabled": true, "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
        });
        let id = self.admin.create(&format!("{name}/users"), &account).await?;
        let client = self.admin.get(&format!("{name}/clients?clientId=realm-management")).await?;
        let client = client[0]["id"].as_str().context("a realm without realm-management")?;
        let role = self.admin.get(&format!("{name}/clients/{client}/roles/realm-admin")).await?;
        let grant = json!([{ "id": role["id"], "name": role["name"] }]);
        self.admin.post(&format!("{name}/users/{id}/role-mappings/clients/{client}"), &grant).await?;
        let [token, api_token] = [self.token("openid", "access_token"), self.token("offline_access", "refresh_token")];
        let (token, api_token) = futures::future::try_join(token, api_token).await?;

        let (keycloak, store) = self.follow()?;
        store.loaded().await;
        let settings = keycloak.settings();
        let policy = TokenPolicy::new(settings.issuer(), &settings.client_id);
        let tokens = Arc::new(KeycloakTokens::new(&keycloak));
        let config = PlatformConfig::new(&settings.client_id);
        let server = Server::builder(Arc::new(store.clone()), tokens, config, policy).prefix("/api").build();
        Ok(RealServer { store, router: server.router(), keycloak, token, api_token })
    }

    /// Logs in as a browser does, and answers the code that the platform exchanges, with where it was sent to.
    ///
    /// # Errors
    /// A login that is refused.
    pub async fn code(&self, verifier: &SecretString, challenge: &str) -> anyhow::Result<CodeGrant> {
        let policy = reqwest::redirect::Policy::none();
        let browser = reqwest::Client::builder().no_proxy().redirect(policy).build()?;
        let url = format!("{}/protocol/openid-connect/auth", self.url());
        let query = [
            ("client_id", self.realm.client_id.as_str()),
            ("response_type", "code"),
            ("scope", "openid offline_access"),
            ("redirect_uri", CALLBACK),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256"),
        ];
        let page = browser.get(url).query(&query).send().await?;
        let set = page.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies: Vec<_> = set.filter_map(|cookie| cookie.split(';').next()).map(ToOwned::to_owned).collect();
        let text = page.text().await?;
        let action = text.split("action=\"").skip(1).filter_map(|rest| rest.split('"').next());
        let action = action.into_iter().find(|action| action.contains("login-actions/authenticate"));
        let action = action.context("a login page without a form")?.replace("&amp;", "&");
        let form = [("username", ADMINISTRATOR), ("password", PASSWORD)];
        let answer = browser.post(action).header(COOKIE, cookies.join("; ")).form(&form).send().await?;
        let location = answer.headers().get(LOCATION).context("a login that leads nowhere")?.to_str()?;
        let code = location.split(['?', '&']).find_map(|part| part.strip_prefix("code="));
        let code = code.with_context(|| format!("no code in {location}"))?;
        Ok(CodeGrant::new(code.into(), CALLBACK, verifier.clone()))
    }

    /// Takes the realm away.
    ///
    /// # Errors
    /// A server that refuses.
    pub async fn end(self) -> anyhow::Result<()> {
        Ok(self.admin.delete_realm(&self.realm.name).await?)
    }

    fn follow(&self) -> anyhow::Result<(Keycloak, KeycloakIdentityStore)> {
        let base = self.admin.endpoint().base_url.parse()?;
        let PlatformRealm { name, client_id, client_secret, .. } = &self.realm;
        let settings = KeycloakSettings::new(base, name.as_str(), client_id.as_str(), client_secret.clone());
        let keycloak = Keycloak::new(settings)?;
        let store = KeycloakIdentityStore::start(keycloak.clone(), Arc::new(SystemClock));
        Ok((keycloak, store))
    }

    fn url(&self) -> String {
        format!("{}/realms/{}", self.admin.endpoint().base_url, self.realm.name)
    }

    async fn token(&self, scope: &str, field: &str) -> anyhow::Result<SecretString> {
        let form = [
            ("grant_type", "password"),
            ("client_id", &self.realm.client_id),
            ("client_secret", self.realm.client_secret.expose_secret()),
            ("username", ADMINISTRATOR),
            ("password", PASSWORD),
            ("scope", scope),
        ];
        let url = format!("{}/protocol/openid-connect/token", self.url());
        let client = reqwest::Client::builder().no_proxy().build()?;
        let answer: Value = client.post(url).form(&form).send().await?.json().await?;
        Ok(answer[field].as_str().with_context(|| format!("no {field}: {answer}"))?.into())
    }
}

impl RealServer {
    /// Asks with the access token, and tells how many calls to Keycloak that cost; those that keep the picture fresh do not count.
    ///
    /// # Errors
    /// An answer with errors.
    pub async fn calls_of(&self, query: &str) -> anyhow::Result<(Value, u64)> {
        self.counted(self.ask(&self.token, query)).await
    }

    /// The same with an API token, which is exchanged the first time.
    ///
    /// # Errors
    /// An answer with errors.
    pub async fn calls_with_api_token(&self, query: &str) -> anyhow::Result<(Value, u64)> {
        self.counted(self.ask(&self.api_token, query)).await
    }

    /// How many calls the exchange of a code costs, as the flow for API tokens makes it.
    ///
    /// # Errors
    /// A code that is refused.
    pub async fn calls_of_exchange(&self, grant: &CodeGrant) -> anyhow::Result<u64> {
        let tokens = KeycloakTokens::new(&self.keycloak);
        let exchanged = async { Ok(tokens.exchange_code(grant).await?) };
        let (issued, calls) = self.counted(exchanged).await?;
        anyhow::ensure!(issued.refresh_token.is_some(), "a code without an API token");
        Ok(calls)
    }

    /// Ids of some people and groups, by name.
    #[must_use]
    pub fn ids(&self, count: usize) -> (Vec<String>, Vec<String>) {
        let directory = self.store.directory();
        let people = directory.people_from(1).take(count).map(|user| user.id.to_string()).collect();
        let groups = directory.groups().filter(|group| &*group.name != "everyone");
        (people, groups.take(count).map(|group| group.id.to_string()).collect())
    }

    async fn ask(&self, token: &SecretString, query: &str) -> anyhow::Result<Value> {
        let request = Request::post("/api/graphql")
            .header(HOST, "localhost")
            .header(CONTENT_TYPE, "application/json")
            .header(AUTHORIZATION, format!("Bearer {}", token.expose_secret()))
            .body(Body::from(json!({ "query": query }).to_string()))?;
        let answer = tower::ServiceExt::oneshot(self.router.clone(), request).await?;
        let answer: Value = serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await?)?;
        anyhow::ensure!(answer.get("errors").is_none(), "{query}: {answer}");
        Ok(answer["data"].clone())
    }

    async fn counted<T>(&self, work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, u64)> {
        let calls = || self.keycloak.metrics().calls_for_requests();
        let before = calls();
        let done = work.await?;
        let made: BTreeMap<_, _> = calls()
            .into_iter()
            .map(|(kind, count)| (kind, count - before.get(kind).copied().unwrap_or_default()))
            .filter(|(_, count)| *count > 0)
            .collect();
        println!("    {made:?}");
        Ok((done, made.values().sum()))
    }
}

/// Forgets the largest size so far, and answers the present one, in MiB.
fn reset_peak() -> Option<f64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    status("VmRSS:")
}

fn peak() -> Option<f64> {
    status("VmHWM:")
}

fn status(field: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    let kibibytes: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes / 1024.0)
}
