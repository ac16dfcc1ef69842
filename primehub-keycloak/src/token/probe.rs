//! Whether the realm is where the settings say, and issues the tokens that they expect.

use http::Method;
use serde::Deserialize;

use super::KeycloakTokens;
use crate::transport::{By, Call, CallError, Class, Kind};

const DISCOVERY: Kind = Kind::new("token.discovery", Class::Public, "no role");

/// Why the realm's tokens would not be accepted, or could not be had.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IssuerProbeError {
    /// Keycloak cannot be reached or is still starting.
    #[error("Keycloak is not available: {cause}")]
    Unavailable {
        /// What happened.
        cause: String,
    },
    /// Something answers, but there is no such realm.
    #[error("there is no realm {realm:?} at {base}: {cause}")]
    NoRealm {
        /// The realm's name in the settings.
        realm: String,
        /// The address that was asked.
        base: String,
        /// The words of whoever answered.
        cause: String,
    },
    /// The realm's tokens name another issuer than the settings, so that none would be accepted.
    #[error(
        "the realm names itself {found:?} in its tokens, but {expected:?} is expected: compare the public address with the realm's frontendUrl"
    )]
    Different {
        /// The issuer by the realm's own words.
        found: String,
        /// The issuer by the settings.
        expected: String,
    },
}

impl KeycloakTokens {
    /// Asks the realm what issuer its tokens name, and compares that with the settings. One call.
    ///
    /// # Errors
    /// When the realm cannot be asked, does not exist, or names another issuer.
    pub async fn probe(&self) -> Result<(), IssuerProbeError> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
        }
        let settings = self.transport().settings();
        let path = ["realms", settings.realm.as_str(), ".well-known", "openid-configuration"];
        let call = Call::new(DISCOVERY, Method::GET, path).by(By::Nobody);
        let answer = self.transport().send(&call, None).await.and_then(|answer| answer.json::<Discovery>());
        let found = match answer {
            Ok(discovery) => discovery.issuer,
            // Somebody else may answer there, a web server perhaps.
            Err(error @ (CallError::Refused(_) | CallError::Unreadable { .. })) if error.status() != Some(500) => {
                return Err(IssuerProbeError::NoRealm {
                    realm: settings.realm.clone(),
                    base: settings.base.to_string(),
                    cause: error.to_string(),
                });
            }
            Err(error) => return Err(IssuerProbeError::Unavailable { cause: error.to_string() }),
        };
        let expected = settings.issuer();
        if found == expected { Ok(()) } else { Err(IssuerProbeError::Different { found, expected }) }
    }
}
