//! Form bodies.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use url::form_urlencoded;

use super::error::{TokenError, refused};

/// The fields of a form body. No field stands twice (RFC 6749 §3.2).
pub(super) struct Form(pub(super) BTreeMap<String, String>);

impl Form {
    /// A field; an empty one counts as absent (RFC 6749 §3.1).
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

/// Reads a form. What is no valid `%xx` or UTF-8 is taken as it stands: no body is malformed.
pub(super) fn parse(body: &[u8]) -> Result<BTreeMap<String, String>, TokenError> {
    let mut fields = BTreeMap::new();
    for (name, value) in form_urlencoded::parse(body) {
        if fields.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(TokenError::DuplicatedParameter);
        }
    }
    Ok(fields)
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let content_type =
            request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(refused(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "The content-type header value did not match the value in @Consumes",
            ));
        }
        let body = Bytes::from_request(request, state).await.map_err(|rejection| {
            let too_long = rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
            let error = if too_long { TokenError::BodyTooLong } else { TokenError::UnreadableBody };
            error.into_response()
        })?;
        parse(&body).map(Self).map_err(TokenError::into_response)
    }
}
