//! What people meet with a browser: logging in, doing first what the account asks for, logging out, and the account page.

mod account;
mod actions;
mod authenticate;
mod authorize;
mod log_out;
mod new_password;
mod session;
mod visitor;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Path};
use axum::response::Response;
use axum::routing::{get, post};
use http::StatusCode;

use super::error::refused;
use super::pages::{Failure, RESOURCE_ROUTE, resource};
use super::provider::OpenIdProvider;

pub(super) use log_out::log_out;
pub(super) use visitor::Visitor;

/// The longest form that is read, in bytes: a login page carries the whole authorization request.
const LONGEST_BODY: usize = 64 * 1024;

/// The routes of pages. No page of another origin may read them.
pub(super) fn routes() -> Router<OpenIdProvider> {
    Router::new()
        .route("/realms/{realm}/protocol/openid-connect/auth", get(authorize::authorize).post(authorize::authorize))
        .route("/realms/{realm}/login-actions/authenticate", post(authenticate::authenticate))
        .route("/realms/{realm}/login-actions/required-action", post(actions::required_action))
        .route("/realms/{realm}/protocol/openid-connect/logout/logout-confirm", post(log_out::confirmed))
        .route("/realms/{realm}/account", get(account::show))
        .route("/realms/{realm}/account/", get(account::show))
        .route("/realms/{realm}/account/password", post(account::change_password))
        .route("/realms/{realm}/account/sessions/end", post(account::end_session))
        .route("/realms/{realm}/account/sessions/end-others", post(account::end_other_sessions))
        .route("/realms/{realm}/account/tokens/revoke", post(account::revoke_token))
        .route("/realms/{realm}/account/logout", post(account::log_out))
        .route(RESOURCE_ROUTE, get(loaded))
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
}

/// What pages load.
async fn loaded(Path((_, version, name)): Path<(String, String, String)>) -> Response {
    match resource(&version, &name) {
        Some(resource) => resource.response().map(Body::from),
        None => refused(StatusCode::NOT_FOUND, "HTTP 404 Not Found"),
    }
}

/// What a handler comes to: an answer, or a page that says what went wrong.
type Outcome = Result<Response, Failure<'static>>;
