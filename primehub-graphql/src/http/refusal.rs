//! Answers to requests that no operation is run for.

use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use crate::authentication::AuthenticationError;
use crate::error::{ApiError, Code};

/// A request that is answered without an operation: status, code and text.
///
/// The body is what each kind of client looks for: `errors[0]` for GraphQL clients at whatever status, `code` and `message` for the
/// others.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: ApiError,
    /// How to say who one is, for those who did not manage to.
    challenge: Option<&'static str>,
    /// Seconds after which asking again helps, if that is known.
    retry_after: Option<u64>,
}

/// What is told to whoever has shown nothing that could be checked.
const CHALLENGE: &str = "Bearer realm=\"primehub\"";
/// What is told to whoever has shown a token that does not count.
const CHALLENGE_AFTER_TOKEN: &str = "Bearer realm=\"primehub\", error=\"invalid_token\"";

impl Refusal {
    pub(super) fn new(status: StatusCode, code: Code, message: impl Into<String>) -> Self {
        Self { status, error: ApiError::new(code, message), challenge: None, retry_after: None }
    }

    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, Code::InternalError, "request entity too large")
    }

    pub(super) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::InternalError, message)
    }

    pub(super) fn bad_input(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Code::BadUserInput, message)
    }

    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::InternalError, message)
    }

    pub(super) fn method_not_allowed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, Code::InternalError, message)
    }

    pub(super) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, Code::ResourceNotFound, "there is nothing at this address")
    }

    pub(super) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, Code::ApiUnavailable, message)
    }

    /// What is said when something of ours is broken: the log knows more.
    pub(super) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, Code::InternalServerError, "internal server error")
    }

    /// The answer of a request that has panicked, logged without the panic's text: it may quote what somebody has typed. Where it happened,
    /// the program's panic hook knows.
    pub(super) fn panicked() -> Self {
        tracing::error!("a request has panicked");
        Self::internal()
    }
}

impl From<AuthenticationError> for Refusal {
    fn from(error: AuthenticationError) -> Self {
        let (status, challenge) = match error {
            AuthenticationError::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, None),
            AuthenticationError::TooFast { .. } => (StatusCode::TOO_MANY_REQUESTS, None),
            AuthenticationError::InvalidToken => (StatusCode::UNAUTHORIZED, Some(CHALLENGE_AFTER_TOKEN)),
            // No challenge asks for `Basic`: browsers would open a dialog in front of the console.
            AuthenticationError::NotAuthorized | AuthenticationError::BasicInvalid => {
                (StatusCode::UNAUTHORIZED, Some(CHALLENGE))
            }
        };
        let retry_after = match error {
            AuthenticationError::TooFast { retry_after } => Some(retry_after),
            _ => None,
        };
        Self { status, error: error.into(), challenge, retry_after }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let ApiError { code, message } = self.error;
        let code = code.as_str();
        let body = json!({
            "errors": [{"message": message, "extensions": {"code": code}}],
            "code": code,
            "message": message,
        });
        let mut response = (self.status, json_bytes(body.to_string().into_bytes())).into_response();
        let extra = match self.status {
            StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "GET, POST")),
            StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, "5")),
            _ => self.challenge.map(|challenge| (WWW_AUTHENTICATE, challenge)),
        };
        if let Some((name, value)) = extra {
            response.headers_mut().entry(name).or_insert(HeaderValue::from_static(value));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// A JSON body from its bytes.
pub(super) fn json_bytes(body: Vec<u8>) -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"))], body)
}
