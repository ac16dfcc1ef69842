//! A small realm, and a script of what is answered instead.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use serde_json::{Value, json};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use crate::signer::Signer;

/// What is answered instead of what the realm would say.
type Fault = Box<dyn Fn(&Request) -> Option<ResponseTemplate> + Send>;

/// A Keycloak with one realm.
pub(crate) struct FakeKeycloak {
    pub(crate) server: MockServer,
    state: Arc<Mutex<State>>,
}

/// What the realm consists of: `root`, who administers the platform, and a group of which `root` is a member.
pub(crate) struct State {
    pub(crate) signer: Signer,
    /// Accounts by id.
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) group: Value,
    pub(crate) members: BTreeSet<String>,
    pub(crate) admin_events: Vec<Value>,
    /// How many tokens the service account got; the last one counts.
    pub(crate) tokens: usize,
    /// How many requests there were, and how many of them a fault has answered.
    pub(crate) requests: usize,
    pub(crate) faulty: usize,
    fault: Option<Fault>,
}

struct Script(Arc<Mutex<State>>);

impl FakeKeycloak {
    pub(crate) async fn start() -> Self {
        let state = Arc::new(Mutex::new(State {
            signer: Signer::new(),
            users: [("root".to_owned(), user("root"))].into(),
            group: json!({ "id": "lab", "name": "lab", "path": "/lab", "attributes": {}, "realmRoles": [], "subGroupCount": 0 }),
            members: ["root".to_owned()].into(),
            admin_events: vec![event("first", 1_000_000, "users/root")],
            tokens: 0,
            requests: 0,
            faulty: 0,
            fault: None,
        }));
        let server = MockServer::builder().disable_request_recording().start().await;
        Mock::given(any()).respond_with(Script(state.clone())).mount(&server).await;
        Self { server, state }
    }

    /// The realm, to be changed or looked at.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// From now on `fault` may answer first.
    pub(crate) fn fails(&self, fault: impl Fn(&Request) -> Option<ResponseTemplate> + Send + 'static) {
        self.state().fault = Some(Box::new(fault));
    }

    /// From now on everything works.
    pub(crate) fn works(&self) {
        self.state().fault = None;
    }
}

/// A row of the list of accounts.
pub(crate) fn user(name: &str) -> Value {
    json!({ "id": name, "username": name, "enabled": true, "createdTimestamp": 1_000 })
}

/// A row of the list of events.
pub(crate) fn event(id: &str, time: i64, path: &str) -> Value {
    let kind = if path.starts_with("users/") { "USER" } else { "GROUP" };
    json!({ "id": id, "time": time, "operationType": "UPDATE", "resourceType": kind, "resourcePath": path })
}

impl Respond for Script {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock().unwrap();
        state.requests += 1;
        let instead = state.fault.as_ref().and_then(|fault| fault(request));
        state.faulty += usize::from(instead.is_some());
        instead.unwrap_or_else(|| state.answer(request))
    }
}

impl State {
    /// The present token of the service account.
    fn token(&self) -> String {
        format!("service-{}", self.tokens)
    }

    fn answer(&mut self, request: &Request) -> ResponseTemplate {
        let path = request.url.path();
        if let Some(rest) = path.strip_prefix("/realms/primehub/protocol/openid-connect/") {
            if rest == "certs" {
                return ok(&self.signer.published());
            }
            self.tokens += 1;
            return ok(&json!({ "access_token": self.token(), "expires_in": 300 }));
        }
        let bearer = request.headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        // People's tokens have three parts.
        if bearer != format!("Bearer {}", self.token()) && bearer.split('.').count() != 3 {
            return ResponseTemplate::new(401).set_body_json(json!({ "error": "HTTP 401 Unauthorized" }));
        }
        let rest: Vec<&str> = path
            .strip_prefix("/admin/realms/primehub")
            .unwrap_or("/?")
            .split('/')
            .filter(|part| !part.is_empty())
            .collect();
        let asked =
            |name: &str| request.url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
        let later_page = asked("first").is_some_and(|first| first != "0");
        let changes = request.method != wiremock::http::Method::GET;
        match *rest.as_slice() {
            [] => {
                ok(&json!({ "id": "realm-id", "realm": "primehub", "adminEventsEnabled": true, "eventsEnabled": true }))
            }
            ["admin-events"] => ok(&self.admin_events(asked("dateFrom"), later_page)),
            _ if later_page => ok(&json!([])),
            ["users"] if asked("username").is_some() => ok(&json!([])),
            ["users"] => ok(&self.users.values().cloned().collect()),
            ["users", id] => self.users.get(id).map_or_else(|| absent("User not found"), ok),
            ["users", id, "groups"] if self.members.contains(id) => ok(&json!([self.group])),
            ["users", "root", "role-mappings", ..] => ok(&json!([role()])),
            ["groups"] => ok(&json!([self.group])),
            ["groups", "lab"] if changes => {
                self.group = request.body_json().unwrap();
                ResponseTemplate::new(204)
            }
            ["groups", "lab"] => ok(&self.group),
            ["groups", "lab", "members"] => ok(&self.members.iter().map(|id| self.users[id].clone()).collect()),
            ["clients"] => {
                let id = asked("clientId").unwrap_or_default();
                ok(&json!([{ "id": id, "clientId": id }]))
            }
            ["clients", _, "roles", "realm-admin"] => ok(&role()),
            ["clients", _, "roles", "realm-admin", "users"] => ok(&json!([self.users["root"]])),
            ["users", _, "groups" | "role-mappings", ..] | ["roles" | "events" | "default-groups"] => ok(&json!([])),
            _ => absent("HTTP 404 Not Found"),
        }
    }

    /// The newest one, or all from a time on.
    fn admin_events(&self, from: Option<String>, later_page: bool) -> Value {
        let mut events = self.admin_events.clone();
        events.sort_by_key(|event| event["time"].as_i64());
        match from {
            _ if later_page => json!([]),
            None => events.pop().into_iter().collect(),
            Some(from) => {
                let from: i64 = from.parse().unwrap();
                events.into_iter().filter(|event| event["time"].as_i64().unwrap() >= from).collect()
            }
        }
    }
}

fn ok(body: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

fn absent(words: &str) -> ResponseTemplate {
    ResponseTemplate::new(404).set_body_json(json!({ "error": words }))
}

fn role() -> Value {
    json!({ "id": "role-id", "name": "realm-admin", "clientRole": true, "containerId": "realm-management" })
}
