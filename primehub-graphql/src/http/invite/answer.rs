//! Accepting an invitation as the original console's page does it: JSON, and status 200 whatever comes of it.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, REFERRER_POLICY, RETRY_AFTER};
use http::{HeaderValue, StatusCode};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::origin::is_ours;
use super::{NoBody, Place, body_of, request_id};
use crate::error::{ApiError, Code};
use crate::http::rate_limit::Client;
use crate::http::refusal::json_bytes;
use crate::operations::invitation::NewCredentials;

/// The text that the page shows for whatever is wrong with an invitation or a name.
const INVALID: &str = "Invalid token or duplicated username.";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Acceptance {
    invitation_token: String,
    username: String,
}

/// Creates an account and answers with its first password, this once.
pub(super) async fn accept_json(State(place): State<Arc<Place>>, request: http::Request<Body>) -> Response {
    let invitations = &place.invitations;
    if let Err(too_fast) = invitations.limit.check(Client::of(request.extensions())) {
        let message = "Too many requests. Try again in a moment.";
        let body = json!({"code": "BAD_REQUEST", "message": message, "error": message});
        let mut response = answered(StatusCode::TOO_MANY_REQUESTS, &body);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(too_fast.retry_after));
        return response;
    }
    if !is_ours(request.headers(), &invitations.origin) {
        return refused(StatusCode::FORBIDDEN, "This request comes from a page of another site.");
    }
    let id = request_id(request.extensions());
    let body = match body_of(request).await {
        Ok(body) => body,
        Err(NoBody::TooLong) => return refused(StatusCode::PAYLOAD_TOO_LARGE, "This request is too long."),
        Err(NoBody::Broken) => return refused(StatusCode::OK, INVALID),
    };
    let Ok(Acceptance { invitation_token, username }) = serde_json::from_slice(&body) else {
        return refused(StatusCode::OK, INVALID);
    };
    match invitations.accept(id, invitation_token.into(), username).await {
        Ok(NewCredentials { username, password }) => {
            let user = json!({"username": username, "password": password.expose_secret()});
            answered(StatusCode::OK, &json!({"code": "SUCCESS", "createdUser": user}))
        }
        Err(error) => refused(StatusCode::OK, &message(error)),
    }
}

/// What is said of an error. That the platform is away is no fault of the token or the name.
fn message(error: ApiError) -> String {
    match error.code {
        Code::ExceedQuota | Code::ApiUnavailable | Code::InternalServerError => error.message,
        _ => INVALID.to_owned(),
    }
}

fn refused(status: StatusCode, message: &str) -> Response {
    answered(status, &json!({"code": "BAD_REQUEST", "message": message}))
}

fn answered(status: StatusCode, body: &Value) -> Response {
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    (status, headers, json_bytes(body.to_string().into_bytes())).into_response()
}
