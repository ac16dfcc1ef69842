//! As whom a realm is set up.

use std::fmt;

use http::Method;
use secrecy::SecretString;

use crate::token::{Fresh, Grant, Source};
use crate::transport::{Call, CallError, Class, Kind, Transport};

/// The account that sets up the realm. It needs the rights of an administrator of Keycloak for a realm that does not exist yet, and those of
/// an administrator of the realm (`realm-admin`) for one that does.
#[derive(Clone)]
#[non_exhaustive]
pub enum AdminLogin {
    /// A person of the realm `master`, through Keycloak's own client for command lines.
    Password {
        /// Login name.
        username: String,
        /// The password.
        password: SecretString,
    },
    /// A client's own account: one of the realm `master`, or the platform's in a realm where it holds `realm-admin`.
    ServiceAccount {
        /// The realm that the client is in.
        realm: String,
        /// The client.
        client_id: String,
        /// Its secret.
        client_secret: SecretString,
    },
}

impl AdminLogin {
    /// A person of the realm `master`.
    #[must_use]
    pub fn password(username: impl Into<String>, password: SecretString) -> Self {
        Self::Password { username: username.into(), password }
    }

    /// A client's own account.
    #[must_use]
    pub fn service_account(
        realm: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: SecretString,
    ) -> Self {
        Self::ServiceAccount { realm: realm.into(), client_id: client_id.into(), client_secret }
    }
}

/// Fetches tokens for the login. Those of people live for a minute only, which a run may outlast.
pub(super) struct LoginSource {
    pub(super) transport: Transport,
    pub(super) login: AdminLogin,
}

impl Source for LoginSource {
    async fn ask(&self) -> Result<Fresh, CallError> {
        // A wrong password that is tried again and again locks the account.
        const KIND: Kind = Kind::new("token.bootstrap", Class::Token, "a login");
        let (realm, fields) = match &self.login {
            AdminLogin::Password { username, password } => {
                let fields = vec![
                    ("grant_type", "password".into()),
                    ("client_id", "admin-cli".into()),
                    ("username", username.as_str().into()),
                    ("password", password.clone()),
                ];
                ("master", fields)
            }
            AdminLogin::ServiceAccount { realm, client_id, client_secret } => {
                let fields = vec![
                    ("grant_type", "client_credentials".into()),
                    ("client_id", client_id.as_str().into()),
                    ("client_secret", client_secret.clone()),
                ];
                (realm.as_str(), fields)
            }
        };
        let call = Call::new(KIND, Method::POST, ["realms", realm, "protocol", "openid-connect", "token"]);
        let grant: Grant = self.transport.send(&call.form(fields), None).await?.json()?;
        Ok(Fresh { lifetime: grant.lifetime(), token: grant.access_token })
    }
}

impl fmt::Debug for AdminLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { username, .. } => write!(f, "Password({username})"),
            Self::ServiceAccount { realm, client_id, .. } => write!(f, "ServiceAccount({realm}, {client_id})"),
        }
    }
}
