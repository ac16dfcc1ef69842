//! A realm for PrimeHub, and how people log in to it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use primehub_conformance::Failure;
use primehub_core::clock::SystemClock;
use primehub_core::identity::Actor;
use primehub_keycloak::{AdminLogin, Bootstrap, BootstrapRequest, Keycloak, KeycloakIdentityStore, KeycloakSettings};
use real_peers::{Admin, Endpoint, Shared};
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

/// The client of the platform.
pub(super) const CLIENT: &str = "admin-ui";
/// Longer than all trials together: administrators keep one token.
const TOKENS_LIVE: Duration = Duration::from_hours(4);

/// One realm of the shared server, with the hand of an administrator of Keycloak.
pub(super) struct Realm {
    pub(super) name: String,
    pub(super) admin: Arc<Admin>,
    pub(super) secret: SecretString,
    base: String,
    http: Client,
}

/// A name that no other run has used.
pub(super) fn fresh_name(purpose: &str) -> String {
    format!("{purpose}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8])
}

impl Realm {
    /// A realm as `primehub bootstrap` makes it, but for people who may log in with a password alone, and tokens that live as long as the trials.
    pub(super) async fn bootstrapped(shared: &Shared, purpose: &str) -> Self {
        let endpoint = shared.keycloak().await.unwrap();
        let name = fresh_name(purpose);
        let site = "http://127.0.0.1:3000".parse().unwrap();
        let request = BootstrapRequest::new(endpoint.base_url.parse().unwrap(), &*name, site);
        let administrator = endpoint.administrator.clone();
        let login = AdminLogin::password(administrator.name, administrator.password);
        let outcome = Bootstrap::new(request, login).unwrap().run(|_| {}).await.unwrap();
        let realm = Self::at(&endpoint, name, outcome.secrets[CLIENT].clone());
        realm.admin.put(&realm.name, &json!({ "accessTokenLifespan": TOKENS_LIVE.as_secs() })).await.unwrap();
        let client = realm.client(CLIENT).await;
        realm
            .admin
            .put(&realm.path(&["clients", &client]), &json!({ "directAccessGrantsEnabled": true }))
            .await
            .unwrap();
        realm
    }

    /// A realm that exists already.
    pub(super) fn at(endpoint: &Endpoint, name: String, secret: SecretString) -> Self {
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let admin = Arc::new(Admin::new(endpoint).unwrap());
        Self { name, admin, secret, base: endpoint.base_url.clone(), http }
    }

    /// The connection of the platform to it.
    pub(super) fn keycloak(&self) -> Keycloak {
        let settings = KeycloakSettings::new(self.base.parse().unwrap(), &*self.name, CLIENT, self.secret.clone());
        Keycloak::new(settings).unwrap()
    }

    /// A store on it that has read it.
    pub(super) async fn store(&self) -> KeycloakIdentityStore {
        Self::store_on(self.keycloak()).await
    }

    /// A store on a connection, once it has read the realm.
    pub(super) async fn store_on(keycloak: Keycloak) -> KeycloakIdentityStore {
        let store = KeycloakIdentityStore::start(keycloak, Arc::new(SystemClock));
        let loaded = tokio::time::timeout(Duration::from_mins(1), store.loaded()).await;
        loaded.expect("the realm is not read within a minute");
        store
    }

    /// A path within the realm, each part escaped.
    pub(super) fn path(&self, parts: &[&str]) -> String {
        let mut path = self.name.clone();
        for part in parts {
            path.push('/');
            let escaped: String = url::form_urlencoded::byte_serialize(part.as_bytes()).collect();
            path.push_str(&escaped.replace('+', "%20"));
        }
        path
    }

    /// The id of a client.
    pub(super) async fn client(&self, client_id: &str) -> String {
        let found = self.admin.get(&format!("{}/clients?clientId={client_id}", self.name)).await.unwrap();
        found[0]["id"].as_str().unwrap().to_owned()
    }

    /// Creates somebody who can log in, and answers the id.
    pub(super) async fn person(&self, username: &str, password: &str) -> String {
        let user = json!({
            "username": username, "enabled": true, "email": format!("{username}@example.com"),
            "credentials": [{ "type": "password", "value": password, "temporary": false }],
        });
        self.admin.create(&self.path(&["users"]), &user).await.unwrap()
    }

    /// Makes a user a platform administrator.
    pub(super) async fn administrates(&self, user: &str) {
        let management = self.client("realm-management").await;
        let role = self.admin.get(&self.path(&["clients", &management, "roles", "realm-admin"])).await.unwrap();
        let mapping = json!([{ "id": role["id"], "name": role["name"] }]);
        self.admin.post(&self.path(&["users", user, "role-mappings", "clients", &management]), &mapping).await.unwrap();
    }

    /// Asks for tokens. `None` if whoever asks is refused.
    pub(super) async fn tokens(&self, fields: &[(&str, &str)]) -> Result<Option<Value>, Failure> {
        let url = format!("{}/realms/{}/protocol/openid-connect/token", self.base, self.name);
        let own = [("client_id", CLIENT), ("client_secret", self.secret.expose_secret())];
        let fields: Vec<_> = own.iter().chain(fields).collect();
        let answer = self.http.post(url).form(&fields).send().await.map_err(Failure::broken)?;
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.map_err(Failure::broken)?;
        match status {
            200 => Ok(Some(body)),
            400 | 401 if matches!(body["error"].as_str(), Some("invalid_grant")) => Ok(None),
            _ => Err(Failure::broken(format_args!("the token endpoint answers {status}: {body}"))),
        }
    }

    /// Logs somebody in with name and password, with further scopes.
    pub(super) async fn with_password(
        &self,
        username: &str,
        password: &SecretString,
        scope: &str,
    ) -> Result<Option<Value>, Failure> {
        let password = password.expose_secret();
        self.tokens(&[("grant_type", "password"), ("username", username), ("password", password), ("scope", scope)])
            .await
    }

    /// Somebody who acts with an access token of their own.
    pub(super) async fn log_in(&self, username: &str, password: &SecretString) -> Result<Option<Actor>, Failure> {
        let Some(tokens) = self.with_password(username, password, "openid").await? else { return Ok(None) };
        let token = tokens["access_token"].as_str().unwrap_or_default();
        let claims = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap_or_default());
        let claims: Value = serde_json::from_slice(&claims.map_err(Failure::broken)?).map_err(Failure::broken)?;
        let id = claims["sub"].as_str().ok_or_else(|| Failure::broken("a token without subject"))?.into();
        Ok(Some(Actor::Person { id, token: token.into() }))
    }

    /// Deletes it.
    pub(super) async fn end(&self) {
        self.admin.delete_realm(&self.name).await.unwrap();
    }
}
