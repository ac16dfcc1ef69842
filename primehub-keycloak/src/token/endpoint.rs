//! The token endpoint of a realm.

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::transport::{Call, CallError, Class, Kind, Transport};

/// What the token endpoint gives.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Grant {
    pub(crate) access_token: SecretString,
    #[serde(default)]
    pub(crate) refresh_token: Option<SecretString>,
    #[serde(default)]
    pub(crate) id_token: Option<SecretString>,
    #[serde(default)]
    expires_in: u64,
}

impl Grant {
    /// How long the access token is good, counted from the answer.
    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.expires_in)
    }

    /// Asks the token endpoint of the realm, as the client of the settings. `fields` are those of the grant, `grant_type` included.
    pub(crate) async fn ask(
        transport: &Transport,
        kind: &'static str,
        mut fields: Vec<(&'static str, SecretString)>,
    ) -> Result<Self, CallError> {
        let settings = transport.settings();
        fields.push(("client_id", settings.client_id.as_str().into()));
        fields.push(("client_secret", settings.client_secret.clone()));
        let path = ["realms", settings.realm.as_str(), "protocol", "openid-connect", "token"];
        let call = Call::new(Kind::new(kind, Class::Token, "a login"), Method::POST, path).form(fields);
        transport.send(&call, None).await?.json()
    }
}
