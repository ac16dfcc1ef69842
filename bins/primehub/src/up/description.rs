//! What a person or a program has to know to use this deployment.

use std::net::SocketAddr;
use std::path::PathBuf;

use primehub_memory::demo::DemoPerson;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use super::kubernetes::Told;
use super::platform::Platform;

/// The content of `up.json`.
#[derive(Serialize)]
pub(super) struct Description<'a> {
    /// What stands before every path.
    #[serde(skip)]
    pub(super) base: &'a str,
    pub(super) graphql: String,
    pub(super) issuer: &'a str,
    pub(super) management: String,
    /// Where the Kubernetes API answers.
    pub(super) kubernetes: String,
    /// The file that tells clients of the Kubernetes API how to reach it.
    pub(super) kubeconfig: PathBuf,
    pub(super) client_id: &'a str,
    pub(super) client_secret: &'a str,
    pub(super) shared_secret: &'a str,
    /// What the content of the data folder is known by; absent in memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) store: Option<&'a str>,
    /// Of this process, for signals.
    pub(super) pid: u32,
    /// The issuer of the API tokens of `people`. They are good for no other.
    pub(super) token_issuer: String,
    pub(super) people: Vec<Person>,
}

/// What matters of the `up.json` of an earlier start.
#[derive(Deserialize)]
pub(crate) struct Previous {
    #[serde(default)]
    store: Option<String>,
    #[serde(default)]
    issuer: Option<String>,
    #[serde(default)]
    token_issuer: Option<String>,
    #[serde(default)]
    people: Vec<Person>,
}

impl Previous {
    /// What the content of its data folder was known by.
    pub(crate) fn store(&self) -> Option<&str> {
        self.store.as_deref()
    }

    /// Whether it tells passwords and tokens.
    pub(crate) fn has_people(&self) -> bool {
        !self.people.is_empty()
    }

    #[cfg(test)]
    pub(crate) fn usernames(&self) -> Vec<String> {
        self.people.iter().map(|person| person.username.clone()).collect()
    }
}

/// Somebody who can log in, with everything that it takes.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Person {
    pub(super) id: String,
    pub(super) username: String,
    pub(super) password: String,
    pub(super) api_token: String,
    pub(super) rights: String,
    pub(super) groups: Vec<String>,
}

impl<'a> Description<'a> {
    /// Of a platform that is reached at `base`.
    pub(super) fn new(platform: &'a Platform, base: &'a str, management: SocketAddr, cluster: Told) -> Self {
        Self {
            base,
            graphql: format!("{base}{}", platform.server.graphql_path()),
            issuer: &platform.issuer,
            management: format!("http://{management}"),
            kubernetes: cluster.url,
            kubeconfig: cluster.kubeconfig,
            client_id: &platform.client_id,
            client_secret: platform.client_secret.expose_secret(),
            shared_secret: platform.shared_secret.expose_secret(),
            store: platform.store_id.as_deref(),
            pid: std::process::id(),
            token_issuer: platform.issuer.clone(),
            people: platform.people.clone(),
        }
    }

    /// Takes over the people of an earlier start with the same data folder: only a first start knows their passwords and tokens. They are as
    /// they were then; who has changed a password since knows the new one.
    pub(super) fn recall(&mut self, previous: Option<Previous>) {
        if let Some(Previous { store: Some(store), people, issuer, token_issuer }) = previous
            && self.people.is_empty()
            && self.store == Some(&store)
        {
            self.people = people;
            self.token_issuer = token_issuer.or(issuer).unwrap_or_default();
        }
    }

    /// Whether there are API tokens that are good for another address alone.
    pub(super) fn has_stale_tokens(&self) -> bool {
        !self.people.is_empty() && self.token_issuer != self.issuer
    }

    /// The content of `sdk.json`: the Python SDK's configuration file, for the platform administrator.
    pub(super) fn sdk_configuration(&self) -> serde_json::Value {
        let person = self.people.first();
        // The SDK looks up the group's id by its name.
        let group = person.and_then(|person| person.groups.first()).map(|name| serde_json::json!({ "name": name }));
        serde_json::json!({
            "endpoint": self.graphql,
            "api-token": person.map(|person| &person.api_token),
            "group": group.unwrap_or_default(),
        })
    }
}

impl Person {
    pub(crate) fn of(person: &DemoPerson) -> Self {
        Self {
            id: person.id.to_string(),
            username: person.username.to_owned(),
            password: person.password.expose_secret().to_owned(),
            api_token: person.api_token.expose_secret().to_owned(),
            rights: person.rights.to_owned(),
            groups: person.groups.iter().map(ToString::to_string).collect(),
        }
    }
}
