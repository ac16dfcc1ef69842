//! The token endpoint of a realm.

use std::time::Duration;

use http::Method;
use secrecy::SecretString;
use serde::Deserialize;

use crate::settings::KeycloakSettings;
use crate::transport::{Call, CallError, Class, Kind, Refusal, Transport};

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

    /// Asks the token endpoint of the realm, as the client of the settings. `fields` are those of the grant, `grant_type` included;
    /// `class` is [`Class::Token`] for what must not be tried twice, otherwise [`Class::Public`].
    pub(super) async fn ask(
        transport: &Transport,
        kind: &'static str,
        class: Class,
        mut fields: Vec<(&'static str, SecretString)>,
    ) -> Result<Self, CallError> {
        let settings = transport.settings();
        fields.push(("client_id", settings.client_id.as_str().into()));
        fields.push(("client_secret", settings.client_secret.clone()));
        let path = ["realms", settings.realm.as_str(), "protocol", "openid-connect", "token"];
        let call = Call::new(Kind::new(kind, class, "a login"), Method::POST, path).form(fields);
        transport.send(&call, None).await?.json()
    }
}

/// Whether a refusal is about the person's credentials. Everything else that the token endpoint refuses is about the platform's own
/// configuration, or about the realm's. Decided by the code, because the words change.
pub(super) fn is_about_the_credentials(refusal: &Refusal) -> bool {
    match refusal.status {
        // Keycloak drops a value that is longer than it allows, and then says that the request is incomplete. Ours never is.
        400 => matches!(refusal.error.as_deref(), Some("invalid_grant" | "not_allowed" | "invalid_request")),
        // Longer still.
        413 => true,
        _ => false,
    }
}

/// What to do about a refusal that is not about a person's credentials, as the beginning of a message.
pub(super) fn advice(settings: &KeycloakSettings, refusal: &Refusal) -> String {
    let KeycloakSettings { realm, client_id, .. } = settings;
    match (refusal.status, refusal.error.as_deref()) {
        (401, Some("invalid_client" | "unauthorized_client")) => format!(
            "Keycloak does not accept the client {client_id:?} or its secret: compare them with the realm {realm:?}"
        ),
        (_, Some("unauthorized_client" | "unsupported_grant_type" | "invalid_scope")) => {
            format!(
                "the client {client_id:?} of the realm {realm:?} is not set up for this: repair it, for example with the bootstrap"
            )
        }
        (404, _) => format!("there is no realm {realm:?} at {}: compare the settings", settings.base),
        _ => "Keycloak refuses in an unexpected way".to_owned(),
    }
}
