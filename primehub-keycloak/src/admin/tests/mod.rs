//! What is sent, and how answers are read, against a server that answers what it is told and remembers what it was asked.

mod answers;
mod groups_and_roles;
mod realm_and_clients;
mod users;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use primehub_core::names::{GroupId, UserId};
use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::matchers::{any, path_regex};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::{Full, RoleReference};
use crate::transport::By;
use crate::{Keycloak, KeycloakSettings};

/// A server that gives the same answer to every call.
pub(super) struct Peer {
    server: MockServer,
    answer: Arc<Mutex<ResponseTemplate>>,
    pub(super) keycloak: Keycloak,
    person: SecretString,
    asked_before: AtomicUsize,
}

struct Told(Arc<Mutex<ResponseTemplate>>);

impl Respond for Told {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.0.lock().unwrap().clone()
    }
}

impl Peer {
    pub(super) async fn start() -> Self {
        let server = MockServer::start().await;
        let answer = Arc::new(Mutex::new(ResponseTemplate::new(204)));
        let token = json!({"access_token": "service", "expires_in": 300});
        Mock::given(path_regex("/protocol/openid-connect/token$"))
            .respond_with(ResponseTemplate::new(200).set_body_json(token))
            .mount(&server)
            .await;
        Mock::given(any()).respond_with(Told(Arc::clone(&answer))).mount(&server).await;
        let base = format!("{}/auth", server.uri()).parse().unwrap();
        let keycloak = Keycloak::new(KeycloakSettings::new(base, "primehub", "admin-ui", "secret".into())).unwrap();
        Self { server, answer, keycloak, person: "person".into(), asked_before: AtomicUsize::new(0) }
    }

    /// From now on the answer is `status` with `body`.
    pub(super) fn answers(&self, status: u16, body: impl serde::Serialize) -> &Keycloak {
        *self.answer.lock().unwrap() = ResponseTemplate::new(status).set_body_json(body);
        &self.keycloak
    }

    /// From now on something is created at `location`.
    pub(super) fn creates(&self, location: &str) -> &Keycloak {
        let location = format!("{}/auth/admin/realms/primehub/{location}", self.server.uri());
        *self.answer.lock().unwrap() = ResponseTemplate::new(201).insert_header("Location", location);
        &self.keycloak
    }

    /// From now on all is carried out without a word.
    pub(super) fn obeys(&self) -> &Keycloak {
        *self.answer.lock().unwrap() = ResponseTemplate::new(204);
        &self.keycloak
    }

    /// The rights of a person.
    pub(super) fn person(&self) -> By<'_> {
        By::Token(&self.person)
    }

    /// What was sent since the last question, a line each: whose token, method, address below the realm's, body.
    pub(super) async fn sent(&self) -> Vec<String> {
        let requests = self.server.received_requests().await.unwrap();
        let calls = requests.iter().filter(|request| !request.url.path().ends_with("/token"));
        let before = self.asked_before.load(Ordering::Relaxed);
        let new: Vec<_> = calls.skip(before).map(line).collect();
        self.asked_before.fetch_add(new.len(), Ordering::Relaxed);
        new
    }
}

fn line(request: &Request) -> String {
    let bearer = request.headers.get("authorization").map_or("nobody", |value| value.to_str().unwrap());
    let path = request.url.path();
    let address = path.strip_prefix("/auth/admin/realms/primehub").unwrap_or(path);
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let body = match request.body.as_slice() {
        [] => String::new(),
        body => format!(" {}", serde_json::from_slice::<Value>(body).unwrap()),
    };
    let changes_mappings = address.contains("/role-mappings/") && request.method.as_str() != "GET";
    assert!(!changes_mappings || body.len() > 4, "such a call would take all roles: {address}{body}");
    format!("{} {} {address}{query}{body}", bearer.trim_start_matches("Bearer "), request.method)
}

pub(super) fn user() -> UserId {
    UserId::from("u-1")
}

pub(super) fn group() -> GroupId {
    GroupId::from("g-1")
}

pub(super) fn role() -> RoleReference {
    RoleReference { id: "r-1".to_owned(), name: "it:cpu-1".to_owned() }
}

pub(super) fn full(object: Value) -> Full {
    serde_json::from_value(object).unwrap()
}
