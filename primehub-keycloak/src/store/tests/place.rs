//! A realm that answers as a test says, and a store on it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use primehub_core::clock::SystemClock;
use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::super::KeycloakIdentityStore;
use crate::{Keycloak, KeycloakSettings};

/// What is answered instead of what the realm would say, and what happens beside it.
type Script = Box<dyn FnMut(&mut State, &Request) -> Option<ResponseTemplate> + Send>;

/// The store, and the realm behind it. No event is told, so the picture shows only what writes publish.
pub(super) struct Place {
    pub(super) store: KeycloakIdentityStore,
    state: Arc<Mutex<State>>,
    _server: MockServer,
}

/// What the realm consists of.
pub(super) struct State {
    pub(super) realm: Value,
    /// By id.
    pub(super) users: BTreeMap<String, Value>,
    /// By id.
    pub(super) groups: BTreeMap<String, Value>,
    /// By name.
    pub(super) roles: BTreeMap<String, Value>,
    /// Methods and paths below the realm, in order.
    pub(super) requests: Vec<String>,
    script: Option<Script>,
}

struct Answering(Arc<Mutex<State>>);

impl Place {
    /// A realm with the account `amy` and the group `lab`.
    pub(super) async fn start() -> Self {
        let amy = json!({ "id": "amy", "username": "amy", "enabled": true, "createdTimestamp": 1_000, "email": "amy@example.com",
            "emailVerified": true, "attributes": { "volumeCapacity": ["20G"] } });
        let lab = json!({ "id": "lab", "name": "lab", "path": "/lab", "attributes": { "quota-cpu": ["1"] }, "realmRoles": [] });
        let realm = json!({ "id": "realm-id", "realm": "primehub", "adminEventsEnabled": true, "eventsEnabled": true,
            "displayName": "PrimeHub", "displayNameHtml": "<b>PrimeHub</b>",
            "smtpServer": { "host": "mail", "from": "a@b.example", "auth": "true", "user": "u", "password": "**********" } });
        let state = Arc::new(Mutex::new(State {
            realm,
            users: [("amy".to_owned(), amy)].into(),
            groups: [("lab".to_owned(), lab)].into(),
            roles: BTreeMap::new(),
            requests: Vec::new(),
            script: None,
        }));
        let server = MockServer::builder().disable_request_recording().start().await;
        Mock::given(any()).respond_with(Answering(state.clone())).mount(&server).await;
        let base = server.uri().parse().unwrap();
        let mut settings = KeycloakSettings::new(base, "primehub", "admin-ui", "secret".into());
        settings.following.interval = Duration::from_hours(1);
        let store = KeycloakIdentityStore::start(Keycloak::new(settings).unwrap(), Arc::new(SystemClock));
        store.loaded().await;
        state.lock().unwrap().requests.clear();
        Self { store, state, _server: server }
    }

    /// The realm, to be changed or looked at.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on `script` answers first.
    pub(super) fn script(&self, script: impl FnMut(&mut State, &Request) -> Option<ResponseTemplate> + Send + 'static) {
        self.state().script = Some(Box::new(script));
    }

    /// The same for requests with this method and path below the realm, counted from 0.
    pub(super) fn on(
        &self,
        wanted: &'static str,
        mut script: impl FnMut(&mut State, &Request, usize) -> Option<ResponseTemplate> + Send + 'static,
    ) {
        let mut count = 0;
        self.script(move |state, request| {
            if line(request) != wanted {
                return None;
            }
            count += 1;
            script(state, request, count - 1)
        });
    }

    /// The requests since the realm was read that are about these things. The follower goes on with its own.
    pub(super) fn requests(&self, about: &[&str]) -> Vec<String> {
        let state = self.state();
        let is_about = |request: &&String| about.iter().any(|end| request.ends_with(end));
        state.requests.iter().filter(is_about).cloned().collect()
    }

    /// How often something was requested.
    pub(super) fn count(&self, wanted: &str) -> usize {
        self.state().requests.iter().filter(|request| *request == wanted).count()
    }
}

impl Respond for Answering {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        if request.url.path().starts_with("/realms/") {
            return ok(&json!({ "access_token": "token", "expires_in": 300 }));
        }
        state.requests.push(line(request));
        let mut script = state.script.take();
        let instead = script.as_mut().and_then(|script| script(&mut state, request));
        state.script = script;
        instead.unwrap_or_else(|| state.answer(request))
    }
}

impl State {
    /// What the realm says, and does.
    pub(super) fn answer(&mut self, request: &Request) -> ResponseTemplate {
        let asked =
            |name: &str| request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        if asked("first").is_some_and(|first| first != "0") {
            return ok(&json!([]));
        }
        let line = line(request);
        let (method, path) = line.split_once(' ').unwrap();
        let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
        let body = || request.body_json::<Value>().unwrap();
        match (method, steps.as_slice()) {
            ("GET", []) => ok(&self.realm),
            ("PUT", []) => {
                for (name, value) in body().as_object().unwrap() {
                    self.realm[name] = value.clone();
                    if let Some(password) = self.realm[name].get_mut("password") {
                        *password = "**********".into();
                    }
                }
                done()
            }
            ("GET", ["users"]) => {
                let name = asked("username");
                ok(&self
                    .users
                    .values()
                    .filter(|user| name.as_deref().is_none_or(|name| user["username"] == name))
                    .cloned()
                    .collect())
            }
            ("GET", ["users", "profile"]) => ok(&json!({ "unmanagedAttributePolicy": "ADMIN_EDIT" })),
            ("POST", ["users"]) => self.create("users", &body()),
            ("GET", ["users", id]) => self.users.get(*id).map_or_else(absent, ok),
            ("PUT", ["users", id]) => put(self.users.get_mut(*id), body()),
            ("GET", ["groups"]) => {
                let name = asked("search");
                ok(&self
                    .groups
                    .values()
                    .filter(|group| name.as_deref().is_none_or(|name| group["name"] == name))
                    .cloned()
                    .collect())
            }
            ("POST", ["groups"]) => self.create("groups", &body()),
            ("GET", ["groups", id]) => self.groups.get(*id).map_or_else(absent, ok),
            ("PUT", ["groups", id]) => put(self.groups.get_mut(*id), body()),
            ("GET", ["roles"]) => ok(&self.roles.values().cloned().collect()),
            ("POST", ["roles"]) => self.create("roles", &body()),
            ("GET", ["roles", name]) => self.roles.get(*name).map_or_else(absent, ok),
            ("DELETE", ["roles", name]) => self.roles.remove(*name).map_or_else(absent, |_| done()),
            ("PUT", ["roles-by-id", id]) => put(self.roles.get_mut(*id), body()),
            ("GET", ["clients"]) => {
                let id = asked("clientId").unwrap_or_default();
                ok(&json!([{ "id": id, "clientId": id }]))
            }
            ("GET", ["clients", _, "roles", "realm-admin"]) => ok(&json!({ "id": "role-id", "name": "realm-admin" })),
            ("GET", _) => ok(&json!([])),
            _ => absent(),
        }
    }

    /// Keeps something new. Its id is its name.
    fn create(&mut self, kind: &str, body: &Value) -> ResponseTemplate {
        let (all, name) = match kind {
            "users" => (&mut self.users, &body["username"]),
            "groups" => (&mut self.groups, &body["name"]),
            _ => (&mut self.roles, &body["name"]),
        };
        let id = name.as_str().unwrap().to_owned();
        if all.contains_key(&id) {
            return ResponseTemplate::new(409).set_body_json(json!({ "errorMessage": "it exists" }));
        }
        let mut stored = body.clone();
        stored["id"] = json!(id);
        let location = format!("http://keycloak/{kind}/{id}");
        all.insert(id, stored);
        ResponseTemplate::new(201).insert_header("location", location)
    }
}

fn put(place: Option<&mut Value>, mut body: Value) -> ResponseTemplate {
    let Some(place) = place else { return absent() };
    body["id"] = place["id"].clone();
    *place = body;
    done()
}

/// Method and path below the realm.
fn line(request: &Request) -> String {
    let path = request.url.path().replace("%3A", ":");
    format!("{} {}", request.method, path.strip_prefix("/admin/realms/primehub").unwrap_or(&path))
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn done() -> ResponseTemplate {
    ResponseTemplate::new(204)
}

fn absent() -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({ "error": "User, group or role not found" }))
}

/// What a gateway says that has lost the answer.
pub(super) fn lost() -> ResponseTemplate {
    ResponseTemplate::new(504).set_body_string("no answer")
}

/// A refusal.
pub(super) fn denied() -> ResponseTemplate {
    ResponseTemplate::new(403).set_body_json(json!({ "error": "HTTP 403 Forbidden" }))
}
