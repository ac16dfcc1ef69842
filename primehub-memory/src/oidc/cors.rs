//! Cross-origin requests of browsers.
//!
//! A preflight does not say which client will ask, so the origins of all clients count together. Nobody gains by that: the browser sends
//! nothing on its own, and every answer worth reading takes a client's secret or an account's token.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::client::ANY_ORIGIN;
use super::provider::{Inner, OpenIdProvider};

/// The same for every route, and the same as at PrimeHub's API: pages that call both need one rule.
const METHODS: &str = "GET,HEAD,PUT,POST,DELETE,PATCH";
const HEADERS: &str = "content-type, authorization, x-primehub-use-cache, x-primehub-job, Content-Length, Upload-Length, \
                       Tus-Resumable, Upload-Metadata, Upload-Offset, Upload-Defer-Length";

/// Surrounds every route: answers preflights, and lets pages of the clients' web origins read all other answers but
/// those for people: a logout may be asked for by a client, and is answered with a page.
pub(super) async fn surround(State(provider): State<OpenIdProvider>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = if is_preflight(request.method(), request.headers()) {
        let allowed = [(ACCESS_CONTROL_ALLOW_METHODS, METHODS), (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)];
        (StatusCode::NO_CONTENT, allowed).into_response()
    } else {
        next.run(request).await
    };
    let is_page = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin.filter(|origin| !is_page && provider.0.allows_pages_of(origin)) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    response
}

fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

impl Inner {
    fn allows_pages_of(&self, origin: &HeaderValue) -> bool {
        self.clients.values().any(|client| {
            client.origins().iter().any(|allowed| allowed == ANY_ORIGIN || allowed.as_bytes() == origin.as_bytes())
        })
    }
}
