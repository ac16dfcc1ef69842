//! How the endpoints say no, word for word as a Keycloak realm: clients read the status and `error`, people the description.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use primehub_core::identity::IdentityError;
use serde_json::json;

use super::keys::KeyError;
use super::logins::LoginFailure;

/// Why the token endpoint, or one that authenticates clients like it, refused.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("Missing form parameter: {0}")]
    MissingFormParameter(&'static str),
    #[error("Missing parameter: {0}")]
    MissingParameter(&'static str),
    #[error("No refresh token")]
    NoRefreshToken,
    #[error("Token not provided")]
    NoToken,
    #[error("duplicated parameter")]
    DuplicatedParameter,
    #[error("the request body cannot be read")]
    UnreadableBody,
    #[error("the request body is too long")]
    BodyTooLong,
    #[error("Unsupported grant_type")]
    UnsupportedGrantType,
    #[error("Invalid client or Invalid client credentials")]
    UnknownClient,
    #[error("Invalid client or Invalid client credentials")]
    WrongClientSecret,
    #[error("Client not allowed.")]
    PublicClient,
    #[error("Client not allowed for direct access grants")]
    NoDirectAccess,
    #[error("Client not enabled to retrieve service account")]
    NoServiceAccount,
    #[error("Unmatching clients")]
    TokenOfOtherClient,
    #[error("Invalid scopes: {0}")]
    InvalidScope(String),
    #[error("Invalid user credentials")]
    InvalidCredentials,
    #[error("Account disabled")]
    AccountDisabled,
    #[error("Account is not fully set up")]
    AccountNotSetUp,
    #[error("Offline tokens not allowed for the user or client")]
    OfflineNotAllowed,
    #[error("Invalid refresh token")]
    InvalidRefreshToken,
    #[error("Invalid token issuer. Expected '{expected}'")]
    WrongIssuer { expected: String },
    #[error("Token is not active")]
    RefreshTokenExpired,
    #[error("Invalid refresh token. Token client and authorized client don't match")]
    RefreshTokenOfOtherClient,
    #[error("Session not active")]
    SessionNotActive,
    #[error("Offline user session not found")]
    OfflineSessionNotFound,
    #[error("User disabled")]
    UserDisabled,
    /// Never made, forgotten, used, or too old.
    #[error("Code not valid")]
    CodeNotValid,
    #[error("Auth error")]
    CodeOfOtherClient,
    #[error("Incorrect redirect_uri")]
    IncorrectRedirectUri,
    #[error("PKCE code verifier not specified")]
    VerifierMissing,
    #[error("PKCE code verifier specified but challenge not present in authorization")]
    VerifierWithoutChallenge,
    #[error("PKCE verification failed: Invalid code verifier")]
    VerifierMalformed,
    #[error("PKCE verification failed: Code mismatch")]
    VerifierMismatch,
    /// More logins at once than are let wait, or the hashing of passwords does not work.
    #[error("Too many logins at the moment")]
    Busy,
    #[error("For more on this error consult the server log.")]
    Key(#[from] KeyError),
    /// The session could not be kept.
    #[error("Nothing can be stored at the moment")]
    NotKept(IdentityError),
    #[error("Client not allowed to exchange code")]
    NoStandardFlow,
    /// One address has tried too many wrong passwords.
    #[error("Too many attempts")]
    AddressWaits(Duration),
}

impl From<IdentityError> for TokenError {
    fn from(error: IdentityError) -> Self {
        match error {
            // The account was deleted while its tokens were made.
            IdentityError::Absent(_) => Self::AccountDisabled,
            error => Self::NotKept(error),
        }
    }
}

impl TokenError {
    /// Status and `error` of the answer.
    fn code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MissingFormParameter(_)
            | Self::MissingParameter(_)
            | Self::NoRefreshToken
            | Self::NoToken
            | Self::DuplicatedParameter
            | Self::UnreadableBody => (StatusCode::BAD_REQUEST, "invalid_request"),
            Self::BodyTooLong => (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request"),
            Self::UnsupportedGrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            Self::UnknownClient => (StatusCode::UNAUTHORIZED, "invalid_client"),
            Self::WrongClientSecret | Self::NoServiceAccount => (StatusCode::UNAUTHORIZED, "unauthorized_client"),
            Self::PublicClient => (StatusCode::FORBIDDEN, "invalid_request"),
            Self::NoDirectAccess | Self::NoStandardFlow => (StatusCode::BAD_REQUEST, "unauthorized_client"),
            Self::TokenOfOtherClient => (StatusCode::BAD_REQUEST, "invalid_client"),
            Self::InvalidScope(_) => (StatusCode::BAD_REQUEST, "invalid_scope"),
            Self::InvalidCredentials
            | Self::AccountDisabled
            | Self::AccountNotSetUp
            | Self::InvalidRefreshToken
            | Self::WrongIssuer { .. }
            | Self::RefreshTokenExpired
            | Self::RefreshTokenOfOtherClient
            | Self::SessionNotActive
            | Self::OfflineSessionNotFound
            | Self::UserDisabled
            | Self::CodeNotValid
            | Self::CodeOfOtherClient
            | Self::IncorrectRedirectUri
            | Self::VerifierMissing
            | Self::VerifierWithoutChallenge
            | Self::VerifierMalformed
            | Self::VerifierMismatch => (StatusCode::BAD_REQUEST, "invalid_grant"),
            Self::OfflineNotAllowed => (StatusCode::BAD_REQUEST, "not_allowed"),
            Self::Busy | Self::NotKept(_) => (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable"),
            Self::Key(_) => (StatusCode::INTERNAL_SERVER_ERROR, "unknown_error"),
            Self::AddressWaits(_) => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
        }
    }

    /// `error` of the answer (RFC 6749 §5.2).
    pub(super) fn error(&self) -> &'static str {
        self.code().1
    }

    /// Whether the provider itself is at fault: the request may be right.
    pub(super) fn is_ours(&self) -> bool {
        matches!(self, Self::AddressWaits(_)) || self.code().0.is_server_error()
    }
}

impl From<LoginFailure> for TokenError {
    fn from(failure: LoginFailure) -> Self {
        match failure {
            LoginFailure::WrongCredentials => Self::InvalidCredentials,
            LoginFailure::AddressWaits(left) => Self::AddressWaits(left),
            LoginFailure::Busy => Self::Busy,
        }
    }
}

impl IntoResponse for TokenError {
    fn into_response(self) -> Response {
        if let Self::Key(error) = &self {
            tracing::error!(%error, "the OpenID provider could not sign a token");
        }
        if let Self::NotKept(error) = &self {
            tracing::error!(%error, "the OpenID provider could not keep a session");
        }
        let (status, code) = self.code();
        let retry_after = match &self {
            Self::AddressWaits(left) => Some(HeaderValue::from(left.as_secs().saturating_add(1))),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some(HeaderValue::from_static("1")),
            _ => None,
        };
        let mut response = not_stored((status, Json(json!({ "error": code, "error_description": self.to_string() }))));
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"clients\""));
        }
        if let Some(retry_after) = retry_after {
            headers.insert(header::RETRY_AFTER, retry_after);
        }
        response
    }
}

/// Why an access token does not open the user information.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum BearerError {
    #[error("Token not provided")]
    Missing,
    #[error("Token verification failed")]
    Invalid,
    #[error("user_session_not_found")]
    SessionEnded,
    #[error("User disabled")]
    UserDisabled,
    #[error("Missing openid scope")]
    InsufficientScope,
}

impl BearerError {
    /// The answer of RFC 6750. Who showed no token at all is not told an error code.
    pub(super) fn response(self, realm: &str) -> Response {
        let (status, code) = match self {
            Self::Missing => (StatusCode::UNAUTHORIZED, None),
            Self::Invalid | Self::SessionEnded | Self::UserDisabled => {
                (StatusCode::UNAUTHORIZED, Some("invalid_token"))
            }
            Self::InsufficientScope => (StatusCode::FORBIDDEN, Some("insufficient_scope")),
        };
        let mut challenge = format!("Bearer realm=\"{realm}\"");
        if let Some(code) = code {
            challenge = format!("{challenge}, error=\"{code}\", error_description=\"{self}\"");
        }
        let body = json!({ "error": code.unwrap_or("invalid_request"), "error_description": self.to_string() });
        let mut response = not_stored((status, Json(body)));
        if let Ok(challenge) = HeaderValue::from_str(&challenge) {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// An answer for a path, method or kind of body that is not served.
pub(super) fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// An answer that no cache may keep.
pub(super) fn not_stored(answer: impl IntoResponse) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::PRAGMA, "no-cache")];
    (headers, answer).into_response()
}
