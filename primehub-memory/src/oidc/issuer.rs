//! The provider as PrimeHub's token issuer, without a network between.

use std::sync::Arc;

use async_trait::async_trait;
use primehub_core::identity::token::{TokenIssuer, TokenIssuerError, VerificationKeys};
use secrecy::{ExposeSecret as _, SecretString};

use super::error::TokenError;
use super::provider::{OpenIdProvider, TokenAnswer};

#[async_trait]
impl TokenIssuer for OpenIdProvider {
    async fn verification_keys<'a>(
        &'a self,
        _wanted: Option<&'a str>,
    ) -> Result<Arc<VerificationKeys>, TokenIssuerError> {
        // What is not among the present keys does not exist: there is nothing to ask again.
        Ok(self.0.keys.ring().verification().clone())
    }

    async fn exchange_api_token(&self, api_token: &SecretString) -> Result<SecretString, TokenIssuerError> {
        access_token(
            self.0.own_client().and_then(|client| self.0.refresh_grant(client, api_token.expose_secret(), None)),
        )
    }

    async fn log_in(&self, username: &str, password: &SecretString) -> Result<SecretString, TokenIssuerError> {
        let client = self.0.own_client().map_err(refusal)?;
        access_token(self.0.password_grant(client, username, password, None).await)
    }
}

fn access_token(answer: Result<TokenAnswer, TokenError>) -> Result<SecretString, TokenIssuerError> {
    answer.map(|answer| answer.access_token.into()).map_err(refusal)
}

fn refusal(error: TokenError) -> TokenIssuerError {
    if error.is_ours() {
        TokenIssuerError::Unavailable { cause: error.to_string() }
    } else {
        TokenIssuerError::Rejected { reason: error.to_string() }
    }
}
