//! Cross-origin requests: the console and other pages may call from anywhere, since a token is needed for everything and none is sent by
//! the browser on its own.

use axum::response::{IntoResponse, Response};
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

const METHODS: &str = "GET,HEAD,PUT,POST,DELETE,PATCH";
const HEADERS: &str = "content-type, authorization, x-primehub-use-cache, x-primehub-job, Content-Length, Upload-Length, \
                       Tus-Resumable, Upload-Metadata, Upload-Offset, Upload-Defer-Length";

/// The answer to a browser that asks whether it may send the real request.
pub(super) fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = method == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    asks.then(|| {
        let allowed = [(ACCESS_CONTROL_ALLOW_METHODS, METHODS), (ACCESS_CONTROL_ALLOW_HEADERS, HEADERS)];
        (StatusCode::NO_CONTENT, allowed).into_response()
    })
}

/// Lets the page at `origin` read the answer.
pub(super) fn allow(origin: Option<HeaderValue>, headers: &mut HeaderMap) {
    headers.append(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
}
