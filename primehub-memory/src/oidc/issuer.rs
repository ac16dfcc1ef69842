//! The provider as PrimeHub's token issuer, without a network between.

use std::sync::Arc;

use async_trait::async_trait;
use primehub_core::identity::token::{
    CodeExchangeError, CodeGrant, IssuedTokens, LoginProvider, TokenIssuer, TokenIssuerError, VerificationKeys,
};
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
        access_token(self.0.password_grant(client, username, password, None, None).await)
    }
}

#[async_trait]
impl LoginProvider for OpenIdProvider {
    fn authorization_endpoint(&self) -> String {
        self.0.endpoint("auth")
    }

    fn client_id(&self) -> String {
        self.0.own_client.clone()
    }

    fn issuer(&self) -> Option<String> {
        Some(self.0.issuer.clone())
    }

    async fn exchange_code(&self, grant: &CodeGrant) -> Result<IssuedTokens, CodeExchangeError> {
        let client = self.0.own_client().map_err(code_refusal)?;
        let (code, verifier) = (grant.code.expose_secret(), grant.verifier.expose_secret());
        let answer = self.0.code_grant(client, code, Some(&grant.redirect_uri), Some(verifier)).await;
        let answer = answer.map_err(code_refusal)?;
        let mut tokens = IssuedTokens::new(answer.access_token.into());
        tokens.refresh_token = answer.refresh_token.map(SecretString::from);
        tokens.id_token = answer.id_token.map(SecretString::from);
        Ok(tokens)
    }
}

fn code_refusal(error: TokenError) -> CodeExchangeError {
    if error.is_ours() {
        CodeExchangeError::Unavailable { cause: error.to_string() }
    } else {
        CodeExchangeError::Refused { error: error.error().to_owned(), description: Some(error.to_string()) }
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
