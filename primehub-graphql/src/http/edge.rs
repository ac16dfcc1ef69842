//! What happens around every request: its id, its place in the log, host names; around ours also cross-origin rules.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{AUTHORIZATION, CACHE_CONTROL, ORIGIN, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, StatusCode};
use tracing::Instrument as _;

use super::cors;
use super::host::AllowedHosts;
use super::invite::without_token;
use super::peer::{self, Network};
use super::refusal::Refusal;
use super::request_id::{REQUEST_ID, RequestId};
use crate::error::Code;

/// For a year, browsers come back over TLS only.
const OVER_TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whom the server answers, and whom it believes.
#[derive(Clone, Default)]
pub(super) struct Edge {
    pub(super) hosts: AllowedHosts,
    pub(super) trusted_proxies: Vec<Network>,
    /// Whether nobody but those proxies, and this machine, may connect.
    pub(super) proxied_only: bool,
    /// Whether people reach these routes over TLS, here or at a proxy.
    pub(super) secure_site: bool,
}

impl Edge {
    /// Whether a connection from there may ask for anything.
    fn lets_connect(&self, connection: SocketAddr) -> bool {
        let address = connection.ip().to_canonical();
        let trusted = || self.trusted_proxies.iter().any(|network| network.contains(address));
        !self.proxied_only || address.is_loopback() || trusted()
    }
}

/// Surrounds every route, also the unknown ones.
pub(super) async fn surround(State(edge): State<Arc<Edge>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let id = RequestId::of(request.headers());
    let connection = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
    let client = connection.map(|address| peer::client(address, request.headers(), &edge.trusted_proxies));
    if let Some(client) = client {
        // Whoever is behind the edge sees the client and not the proxy; limits per client would hit everybody at once otherwise.
        request.extensions_mut().insert(ConnectInfo(client));
    }
    // Neither the query string nor any header: both may hold secrets.
    let span = tracing::info_span!(
        "request",
        request.id = id.as_str(),
        method = %request.method(),
        path = %without_token(request.uri().path()),
        client = client.map(|client| tracing::field::display(client.ip())),
    );
    if let Some(value) = request.headers_mut().get_mut(AUTHORIZATION) {
        value.set_sensitive(true);
    }
    let mut response = if connection.is_some_and(|address| !edge.lets_connect(address)) {
        let message = "this server is reached through its proxy alone";
        Refusal::new(StatusCode::FORBIDDEN, Code::InternalError, message).into_response()
    } else if !edge.hosts.admit(request.uri(), request.headers()) {
        let message = "this server does not answer to that host name";
        Refusal::new(StatusCode::MISDIRECTED_REQUEST, Code::InternalError, message).into_response()
    } else {
        request.extensions_mut().insert(id.clone());
        next.run(request).instrument(span.clone()).await
    };
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if edge.secure_site {
        response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, OVER_TLS_ONLY);
    }
    if let Some(value) = id.header() {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| tracing::info!(status = response.status().as_u16(), duration_ms, "answered"));
    response
}

/// Surrounds the routes that are ours: pages from anywhere may call them, and nobody keeps the answers.
pub(super) async fn api(request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match cors::preflight(request.method(), request.headers()) {
        Some(preflight) => preflight,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    cors::allow(origin, headers);
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
