//! The realm as issuer of tokens.

use std::sync::Arc;

use async_trait::async_trait;
use http::Method;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError, VerificationKeys};
use secrecy::SecretString;

use super::Grant;
use super::endpoint::{advice, is_about_the_credentials};
use crate::Keycloak;
use crate::transport::{By, Call, CallError, Class, Kind, Transport};

const KEYS: Kind = Kind::new("token.keys", Class::Public, "no role");

/// The realm as issuer of tokens and as the place where people log in, seen by the platform's client. Keeps nothing: each question is one
/// call. Clones share the connection.
#[derive(Clone, Debug)]
pub struct KeycloakTokens {
    keycloak: Keycloak,
}

impl KeycloakTokens {
    /// The tokens of the realm that `keycloak` is connected to.
    #[must_use]
    pub fn new(keycloak: &Keycloak) -> Self {
        Self { keycloak: keycloak.clone() }
    }

    pub(super) fn transport(&self) -> &Transport {
        self.keycloak.transport()
    }

    async fn access_token(
        &self,
        kind: &'static str,
        fields: Vec<(&'static str, SecretString)>,
    ) -> Result<SecretString, TokenIssuerError> {
        let transport = self.transport();
        match Grant::ask(transport, kind, Class::Token, fields).await {
            Ok(grant) => Ok(grant.access_token),
            Err(CallError::Refused(refusal)) if is_about_the_credentials(&refusal) => {
                Err(TokenIssuerError::Rejected { reason: refusal.message.unwrap_or_else(|| "no reason given".into()) })
            }
            Err(CallError::Refused(refusal)) => {
                let cause = format!("{} ({refusal})", advice(transport.settings(), &refusal));
                tracing::error!(call = kind, cause, "nobody can get a token");
                Err(TokenIssuerError::Unavailable { cause })
            }
            Err(error) => Err(TokenIssuerError::Unavailable { cause: error.to_string() }),
        }
    }
}

#[async_trait]
impl TokenIssuer for KeycloakTokens {
    async fn verification_keys<'a>(
        &'a self,
        wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        tracing::debug!(wanted, "reading the published keys");
        let path = ["realms", &self.transport().settings().realm, "protocol", "openid-connect", "certs"];
        let unavailable = |cause: String| TokenIssuerError::Unavailable { cause };
        let call = Call::new(KEYS, Method::GET, path).by(By::Nobody);
        let answer = self.transport().send(&call, None).await.map_err(|error| unavailable(error.to_string()))?;
        let json = str::from_utf8(&answer.body).map_err(|error| unavailable(error.to_string()))?;
        let keys = VerificationKeys::from_jwks(json).map_err(|error| unavailable(error.to_string()))?;
        Ok(Arc::new(keys))
    }

    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        let fields = vec![("grant_type", "refresh_token".into()), ("refresh_token", api_token.clone())];
        self.access_token("token.exchange", fields).await
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        let fields = vec![
            ("grant_type", "password".into()),
            ("scope", "openid".into()),
            ("username", username.into()),
            ("password", password.clone()),
        ];
        self.access_token("token.password", fields).await
    }
}
