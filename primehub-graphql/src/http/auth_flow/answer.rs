//! What the command line is answered. It prints any JSON that has no token in it, and knows one other text.

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::http::rate_limit::TooFast;
use crate::http::refusal::json_bytes;

/// The answer to an exchange.
#[derive(Debug)]
pub(super) enum Answer {
    /// The token, and where it opens the API.
    Token { token: SecretString, endpoint: String },
    /// There is no code in what was sent.
    BadRequest,
    /// Somebody said no, in the terms of OAuth 2.0.
    Refused { status: StatusCode, error: String, description: Option<String> },
    /// Too many exchanges by one client.
    TooFast(TooFast),
}

impl Answer {
    /// What we refuse ourselves.
    pub(super) fn refused(status: StatusCode, error: &str, description: &str) -> Self {
        Self::Refused { status, error: error.to_owned(), description: Some(description.to_owned()) }
    }

    pub(super) fn into_response(self) -> Response {
        let mut response = match self {
            Self::Token { token, endpoint } => {
                let body = json!({"api-token": token.expose_secret(), "endpoint": endpoint});
                json_bytes(body.to_string().into_bytes()).into_response()
            }
            Self::BadRequest => {
                let plain = HeaderValue::from_static("text/plain; charset=utf-8");
                (StatusCode::BAD_REQUEST, [(CONTENT_TYPE, plain)], "Bad Request").into_response()
            }
            Self::Refused { status, error, description } => error_response(status, &error, description.as_deref()),
            Self::TooFast(TooFast { retry_after }) => {
                let description = format!("too many attempts; try again in {retry_after} s");
                let status = StatusCode::TOO_MANY_REQUESTS;
                let mut response = error_response(status, "temporarily_unavailable", Some(&description));
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after));
                response
            }
        };
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn error_response(status: StatusCode, error: &str, description: Option<&str>) -> Response {
    let mut body = json!({ "error": error });
    if let Some(description) = description {
        body["error_description"] = description.into();
    }
    (status, json_bytes(body.to_string().into_bytes())).into_response()
}
