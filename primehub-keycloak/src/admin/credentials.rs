//! How users prove who they are: passwords, second factors, API tokens, sessions.

use std::time::Duration;

use http::Method;
use primehub_core::names::UserId;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::view::number;
use super::{CredentialRow, OfflineSession, Users};
use crate::transport::{By, CallError, Class, Kind};

impl Users<'_> {
    /// Sets a password; a temporary one must be replaced at the next login. Not repeated: a realm may refuse a password that was used before.
    pub(crate) async fn set_password(
        self,
        by: By<'_>,
        id: &UserId,
        password: &SecretString,
        temporary: bool,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.set_password", Class::Write, "manage-users");
        let body = json!({"type": "password", "value": password.expose_secret(), "temporary": temporary});
        let call = self.0.call(KIND, Method::PUT, &["users", id.as_str(), "reset-password"]);
        self.0.carry_out(call.by(by).json(&body)).await
    }

    /// The user's password and second factors: that they exist, not what they are. Only who may write them may read them.
    pub(crate) async fn credentials(self, by: By<'_>, id: &UserId) -> Result<Vec<CredentialRow>, CallError> {
        const KIND: Kind = Kind::new("users.credentials", Class::Read, "manage-users");
        self.0.read(self.0.get(KIND, &["users", id.as_str(), "credentials"]).by(by)).await
    }

    pub(crate) async fn remove_credential(self, by: By<'_>, id: &UserId, credential: &str) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.remove_credential", Class::Idempotent, "manage-users");
        let path = ["users", id.as_str(), "credentials", credential];
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &path).by(by)).await
    }

    /// Sends the user an e-mail with a link, good for `lifespan`, that asks for `actions`. Returns when it is sent.
    pub(crate) async fn send_actions(
        self,
        by: By<'_>,
        id: &UserId,
        actions: &[String],
        lifespan: Duration,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.send_actions", Class::Mail, "manage-users");
        let call = self.0.call(KIND, Method::PUT, &["users", id.as_str(), "execute-actions-email"]);
        self.0.carry_out(call.by(by).query("lifespan", number(lifespan.as_secs())).json(&actions)).await
    }

    /// The user's API tokens: sessions of a client that last while nobody is there.
    pub(crate) async fn offline_sessions(self, id: &UserId, client: &str) -> Result<Vec<OfflineSession>, CallError> {
        const KIND: Kind = Kind::new("users.offline_sessions", Class::Read, "view-users");
        self.0.read(self.0.get(KIND, &["users", id.as_str(), "offline-sessions", client])).await
    }

    /// Ends the consents and all API tokens of the client with this name (`clientId`). None there is a refusal with 404.
    pub(crate) async fn revoke_consent(self, by: By<'_>, id: &UserId, client_id: &str) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.revoke_consent", Class::Idempotent, "manage-users");
        let path = ["users", id.as_str(), "consents", client_id];
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &path).by(by)).await
    }
}
