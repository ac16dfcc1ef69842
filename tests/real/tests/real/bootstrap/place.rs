//! A name for a realm, and the hand of the administrator of Keycloak.

use primehub_keycloak::{AdminLogin, Bootstrap, BootstrapRequest, KeycloakSettings, Outcome, Plan};
use real_peers::{Admin, Endpoint, Shared};
use reqwest::Client;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

/// The client of the platform.
pub(super) const CLIENT: &str = "admin-ui";
/// The client that realms' own administration belongs to.
pub(super) const MANAGEMENT: &str = "realm-management";
/// A client of the tests, by which people log in with their passwords.
pub(super) const DIRECT: &str = "direct";
/// Everybody's password.
pub(super) const PASSWORD: &str = "the-password-of-the-bootstrap";

/// A realm that is there or is not. A trial that fails leaves it to be looked at.
pub(super) struct Place {
    pub(super) name: String,
    pub(super) admin: Admin,
    pub(super) endpoint: Endpoint,
    pub(super) http: Client,
}

impl Place {
    /// Nothing yet.
    pub(super) async fn new(shared: &Shared, purpose: &str) -> Self {
        let endpoint = shared.keycloak().await.unwrap();
        let name = format!("{purpose}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Self { name, admin: Admin::new(&endpoint).unwrap(), endpoint, http }
    }

    /// A realm as the bootstrap makes it, without people, and the secret of its client.
    pub(super) async fn bootstrapped(shared: &Shared, purpose: &str) -> (Self, SecretString) {
        let place = Self::new(shared, purpose).await;
        let outcome = place.run(place.request()).await;
        let secret = outcome.secrets[CLIENT].clone();
        (place, secret)
    }

    pub(super) fn base(&self) -> &str {
        &self.endpoint.base_url
    }

    /// What an installation asks for that starts without people.
    pub(super) fn request(&self) -> BootstrapRequest {
        let base = self.base().parse().unwrap();
        BootstrapRequest::new(base, &*self.name, "http://hub.example".parse().unwrap())
    }

    pub(super) fn bootstrap(&self, request: BootstrapRequest) -> Bootstrap {
        let administrator = self.endpoint.administrator.clone();
        Bootstrap::new(request, AdminLogin::password(administrator.name, administrator.password)).unwrap()
    }

    pub(super) async fn plan(&self, request: BootstrapRequest) -> Plan {
        self.bootstrap(request).plan().await.unwrap()
    }

    /// Runs, and makes sure that exactly what the plan says is done.
    pub(super) async fn run(&self, request: BootstrapRequest) -> Outcome {
        let bootstrap = self.bootstrap(request);
        let planned = lines(&bootstrap.plan().await.unwrap());
        let mut told = Vec::new();
        let outcome = bootstrap.run(|step| told.push(step.to_string())).await.unwrap();
        assert_eq!(planned, told);
        assert_eq!(planned, lines(&outcome.steps));
        outcome
    }

    /// Runs, and makes sure that nothing is found or done.
    pub(super) async fn run_in_vain(&self, request: BootstrapRequest) -> Outcome {
        let events = self.writes().await;
        let outcome = self.run(request).await;
        assert!(outcome.steps.is_empty(), "{}", outcome.steps);
        assert_eq!(self.writes().await, events);
        outcome
    }

    /// The ids of what administrators have changed. Every change leaves an event, also one that changes nothing.
    pub(super) async fn writes(&self) -> Vec<String> {
        let events = self.get("admin-events?max=10000").await;
        events.as_array().unwrap().iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The connection of the platform.
    pub(super) fn settings(&self, secret: &SecretString) -> KeycloakSettings {
        KeycloakSettings::new(self.base().parse().unwrap(), &*self.name, CLIENT, secret.clone())
    }

    /// A path within the realm, or the realm's own.
    pub(super) fn path(&self, rest: &str) -> String {
        if rest.is_empty() { self.name.clone() } else { format!("{}/{rest}", self.name) }
    }

    pub(super) async fn get(&self, rest: &str) -> Value {
        self.admin.get(&self.path(rest)).await.unwrap()
    }

    pub(super) async fn put(&self, rest: &str, body: &Value) {
        self.admin.put(&self.path(rest), body).await.unwrap();
    }

    pub(super) async fn post(&self, rest: &str, body: &Value) {
        self.admin.post(&self.path(rest), body).await.unwrap();
    }

    pub(super) async fn create(&self, rest: &str, body: &Value) -> String {
        self.admin.create(&self.path(rest), body).await.unwrap()
    }

    pub(super) async fn delete(&self, rest: &str) {
        self.admin.delete(&self.path(rest)).await.unwrap();
    }

    /// Reads something, changes it and sends the whole back.
    pub(super) async fn change(&self, rest: &str, change: impl FnOnce(&mut Value)) {
        let mut whole = self.get(rest).await;
        change(&mut whole);
        self.put(rest, &whole).await;
    }

    pub(super) async fn client(&self, client_id: &str) -> String {
        id(&self.get(&format!("clients?clientId={client_id}")).await, client_id)
    }

    pub(super) async fn group(&self, name: &str) -> String {
        id(&self.get(&format!("groups?search={name}&exact=true")).await, name)
    }

    pub(super) async fn user(&self, username: &str) -> String {
        id(&self.get(&format!("users?username={username}&exact=true")).await, username)
    }

    /// Somebody who can log in, without an e-mail address and without names.
    pub(super) async fn person(&self, username: &str) -> String {
        let credentials = [json!({ "type": "password", "value": PASSWORD, "temporary": false })];
        self.create("users", &json!({ "username": username, "enabled": true, "credentials": credentials })).await
    }

    /// A client that people log in by with their passwords, and whose tokens may do all that they may.
    pub(super) async fn add_direct_client(&self) {
        let client = json!({
            "clientId": DIRECT, "enabled": true, "publicClient": true, "directAccessGrantsEnabled": true,
            "standardFlowEnabled": false, "fullScopeAllowed": true,
        });
        self.create("clients", &client).await;
    }

    /// The rights that somebody holds in the realm, by name.
    pub(super) async fn rights(&self, user: &str) -> Vec<String> {
        let management = self.client(MANAGEMENT).await;
        let rows = self.get(&format!("users/{user}/role-mappings/clients/{management}")).await;
        names(&rows)
    }

    /// Gives somebody rights in the realm, or takes them away.
    pub(super) async fn set_rights(&self, user: &str, rights: &[&str], held: bool) {
        let management = self.client(MANAGEMENT).await;
        let mut roles = Vec::new();
        for right in rights {
            let role = self.get(&format!("clients/{management}/roles/{right}")).await;
            roles.push(json!({ "id": role["id"], "name": role["name"] }));
        }
        let path = self.path(&format!("users/{user}/role-mappings/clients/{management}"));
        if held {
            self.admin.post(&path, &json!(roles)).await.unwrap();
        } else {
            self.admin.delete_listed(&path, &json!(roles)).await.unwrap();
        }
    }

    /// The account of the platform's client.
    pub(super) async fn service_account(&self) -> String {
        let client = self.client(CLIENT).await;
        self.get(&format!("clients/{client}/service-account-user")).await["id"].as_str().unwrap().to_owned()
    }

    /// Asks the realm for tokens.
    pub(super) async fn tokens(&self, fields: &[(&str, &str)]) -> (u16, Value) {
        let url = format!("{}/realms/{}/protocol/openid-connect/token", self.base(), self.name);
        let answer = self.http.post(url).form(fields).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// Logs somebody in by the client of the tests.
    pub(super) async fn direct_token(&self, username: &str) -> String {
        let (status, body) = self.try_direct(username).await;
        assert_eq!(status, 200, "{username}: {body}");
        body["access_token"].as_str().unwrap().to_owned()
    }

    pub(super) async fn try_direct(&self, username: &str) -> (u16, Value) {
        let fields = [("grant_type", "password"), ("client_id", DIRECT), ("username", username)];
        self.tokens(&[&fields[..], &[("password", PASSWORD), ("scope", "openid")]].concat()).await
    }

    /// Logs somebody in by the client of the platform, which has to allow passwords for it.
    pub(super) async fn platform_tokens(&self, secret: &SecretString, username: &str, scope: &str) -> Value {
        let fields = [
            ("grant_type", "password"),
            ("client_id", CLIENT),
            ("client_secret", secret.expose_secret()),
            ("username", username),
            ("password", PASSWORD),
            ("scope", scope),
        ];
        let (status, body) = self.tokens(&fields).await;
        assert_eq!(status, 200, "{username}: {body}");
        body
    }

    /// Lets people log in by the platform's client with a password alone, as no installation does.
    pub(super) async fn allow_passwords(&self) {
        let client = format!("clients/{}", self.client(CLIENT).await);
        self.change(&client, |client| client["directAccessGrantsEnabled"] = true.into()).await;
    }

    /// Deletes the realm.
    pub(super) async fn end(&self) {
        self.admin.delete_realm(&self.name).await.unwrap();
    }
}

/// The lines of a plan.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    plan.steps().iter().map(ToString::to_string).collect()
}

/// The lines of a plan that say more than that something is as it has to be.
pub(super) fn news(plan: &Plan) -> Vec<String> {
    lines(plan).into_iter().filter(|line| !line.starts_with('=')).collect()
}

/// The names in a list of objects, in order.
pub(super) fn names(rows: &Value) -> Vec<String> {
    let mut names: Vec<String> =
        rows.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

fn id(rows: &Value, of: &str) -> String {
    rows[0]["id"].as_str().unwrap_or_else(|| panic!("no {of} in {rows}")).to_owned()
}
