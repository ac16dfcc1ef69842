//! What a person or a program has to know to use this deployment.

use std::net::SocketAddr;

use primehub_memory::demo::DemoPerson;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use super::platform::{CLIENT_ID, Platform};

/// The content of `up.json`.
#[derive(Serialize)]
pub(super) struct Description<'a> {
    pub(super) graphql: String,
    pub(super) issuer: &'a str,
    pub(super) management: String,
    pub(super) client_id: &'static str,
    pub(super) client_secret: &'a str,
    pub(super) shared_secret: &'a str,
    pub(super) people: Vec<Person<'a>>,
}

/// Somebody who can log in, with everything that it takes.
#[derive(Serialize)]
pub(super) struct Person<'a> {
    pub(super) id: &'a str,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
    pub(super) api_token: &'a str,
    pub(super) rights: &'a str,
    pub(super) groups: &'a [&'a str],
}

impl<'a> Description<'a> {
    /// Of a platform that is reached at `base`.
    pub(super) fn new(platform: &'a Platform, base: &str, management: SocketAddr) -> Self {
        Self {
            graphql: format!("{base}{}", platform.server.graphql_path()),
            issuer: platform.provider.issuer(),
            management: format!("http://{management}"),
            client_id: CLIENT_ID,
            client_secret: platform.client_secret.expose_secret(),
            shared_secret: platform.shared_secret.expose_secret(),
            people: platform.people.iter().map(Person::of).collect(),
        }
    }

    /// The content of `sdk.json`: the Python SDK's configuration file, for the platform administrator.
    pub(super) fn sdk_configuration(&self) -> serde_json::Value {
        let person = self.people.first();
        // The SDK looks up the group's id by its name.
        let group = person.and_then(|person| person.groups.first()).map(|name| serde_json::json!({ "name": name }));
        serde_json::json!({
            "endpoint": self.graphql,
            "api-token": person.map(|person| person.api_token),
            "group": group.unwrap_or_default(),
        })
    }
}

impl<'a> Person<'a> {
    fn of(person: &'a DemoPerson) -> Self {
        Self {
            id: person.id.as_str(),
            username: person.username,
            password: person.password.expose_secret(),
            api_token: person.api_token.expose_secret(),
            rights: person.rights,
            groups: person.groups,
        }
    }
}
