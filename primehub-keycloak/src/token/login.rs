//! The realm as the place where people log in.

use async_trait::async_trait;
use primehub_core::identity::token::{CodeExchangeError, CodeGrant, IssuedTokens, LoginProvider};

use super::endpoint::{advice, is_about_the_credentials};
use super::{Grant, KeycloakTokens};
use crate::transport::{CallError, Class};

#[async_trait]
impl LoginProvider for KeycloakTokens {
    fn authorization_endpoint(&self) -> String {
        let settings = self.transport().settings();
        settings.public_url(&["realms", &settings.realm, "protocol", "openid-connect", "auth"]).into()
    }

    fn client_id(&self) -> String {
        self.transport().settings().client_id.clone()
    }

    fn issuer(&self) -> Option<String> {
        Some(self.transport().settings().issuer())
    }

    async fn exchange_code(&self, grant: &CodeGrant) -> Result<IssuedTokens, CodeExchangeError> {
        let fields = vec![
            ("grant_type", "authorization_code".into()),
            ("code", grant.code.clone()),
            ("redirect_uri", grant.redirect_uri.as_str().into()),
            ("code_verifier", grant.verifier.clone()),
        ];
        let refusal = match Grant::ask(self.transport(), "token.code", Class::Token, fields).await {
            Ok(grant) => {
                let mut tokens = IssuedTokens::new(grant.access_token);
                tokens.refresh_token = grant.refresh_token;
                tokens.id_token = grant.id_token;
                return Ok(tokens);
            }
            Err(CallError::Refused(refusal)) => refusal,
            Err(error) => return Err(CodeExchangeError::Unavailable { cause: error.to_string() }),
        };
        if !is_about_the_credentials(&refusal) {
            let cause = advice(self.transport().settings(), &refusal);
            tracing::error!(call = "token.code", cause, %refusal, "nobody can log in");
        }
        // An error of OAuth 2.0 has one of these statuses and a code. Others are no answers to the question.
        match &refusal.error {
            Some(error) if matches!(refusal.status, 400 | 401) => {
                Err(CodeExchangeError::Refused { error: error.clone(), description: refusal.message })
            }
            _ => Err(CodeExchangeError::Unavailable { cause: format!("the token endpoint answers {refusal}") }),
        }
    }
}
