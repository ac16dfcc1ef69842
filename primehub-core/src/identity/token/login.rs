//! The seam to an OpenID provider as an application uses it: where people are sent to log in, and what their code is worth.

use async_trait::async_trait;
use secrecy::SecretString;

/// An OpenID provider, seen by one application (its client): the authorization code flow of OpenID Connect with PKCE (RFC 7636).
///
/// An implementation knows the client's id and secret; callers never see the secret.
#[cfg_attr(feature = "mock", mockall::automock)]
#[async_trait]
pub trait LoginProvider: Send + Sync + 'static {
    /// Where a browser is sent to log in: an absolute URL without a query.
    fn authorization_endpoint(&self) -> String;

    /// The client that people log in to.
    fn client_id(&self) -> String;

    /// What the provider calls itself when it sends a browser back (`iss` of RFC 9207), if that is known: whoever sends it back as somebody
    /// else mixes up two providers.
    fn issuer(&self) -> Option<String> {
        None
    }

    /// Exchanges an authorization code for tokens. A code works once.
    ///
    /// # Errors
    /// [`CodeExchangeError::Refused`] when the code is unknown, used, expired, another client's, or `redirect_uri` or `verifier` are not
    /// those of the request that it came from.
    async fn exchange_code(&self, grant: &CodeGrant) -> Result<IssuedTokens, CodeExchangeError>;
}

/// What is exchanged for tokens.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CodeGrant {
    /// The code that the browser came back with.
    pub code: SecretString,
    /// Where it came back to, exactly as in the authorization request.
    pub redirect_uri: String,
    /// The PKCE verifier whose SHA-256 stood in the authorization request.
    pub verifier: SecretString,
}

impl CodeGrant {
    /// All three belong to one authorization request.
    #[must_use]
    pub fn new(code: SecretString, redirect_uri: impl Into<String>, verifier: SecretString) -> Self {
        Self { code, redirect_uri: redirect_uri.into(), verifier }
    }
}

/// The tokens of one login.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct IssuedTokens {
    /// Opens the API for minutes.
    pub access_token: SecretString,
    /// Gets new access tokens. With scope `offline_access` it is an API token.
    pub refresh_token: Option<SecretString>,
    /// Says who logged in; with scope `openid` alone.
    pub id_token: Option<SecretString>,
}

impl IssuedTokens {
    /// Just an access token.
    #[must_use]
    pub fn new(access_token: SecretString) -> Self {
        Self { access_token, refresh_token: None, id_token: None }
    }
}

/// Why a code got no tokens.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CodeExchangeError {
    /// The provider said no, in the terms of OAuth 2.0 (RFC 6749 §5.2).
    #[error("the OpenID provider refused the code: {error}")]
    Refused {
        /// Its code for the error, such as `invalid_grant`.
        error: String,
        /// Its explanation.
        description: Option<String>,
    },
    /// The provider could not be asked; the code may still be good.
    #[error("the OpenID provider is not available: {cause}")]
    Unavailable {
        /// What happened, for the log.
        cause: String,
    },
}
