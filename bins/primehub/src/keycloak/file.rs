//! What `primehub bootstrap --out` writes.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::up::Person;

/// How a realm is reached, and its secrets.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct KeycloakFile {
    pub(crate) keycloak_url: Url,
    pub(crate) public_url: Url,
    pub(crate) realm: String,
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) everyone_group_id: String,
    /// The secrets of all clients by the clients' names.
    pub(crate) clients: BTreeMap<String, String>,
    /// The platform administrator that was made at this run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) administrator: Option<Administrator>,
    /// The people of the demo.
    #[serde(default)]
    pub(crate) people: Vec<Person>,
}

/// The first to log in.
#[derive(Clone, Deserialize, Serialize)]
pub(crate) struct Administrator {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl KeycloakFile {
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&text)
            .with_context(|| format!("{} is not what `primehub bootstrap --out` writes", path.display()))
    }

    /// What an earlier run has written of the same realm, as far as nobody else knows it.
    pub(crate) fn recall(&mut self, earlier: Self) {
        if earlier.issuer == self.issuer {
            self.administrator = self.administrator.take().or(earlier.administrator);
            if self.people.is_empty() {
                self.people = earlier.people;
            }
        }
    }
}
