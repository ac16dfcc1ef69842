//! The routes.

use std::sync::Arc;

use async_graphql::Executor;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::StatusCode;
use http::header::LOCATION;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::edge::{Edge, api, surround};
use super::endpoint::{Endpoint, graphql};
use super::prefix::Prefix;
use super::refusal::Refusal;

/// Shorter answers gain nothing from being compressed.
const WORTH_COMPRESSING: u64 = 1024;

/// The public routes below `prefix`.
pub(super) fn public<E: Executor>(prefix: &Prefix, endpoint: Arc<Endpoint<E>>, edge: Arc<Edge>) -> Router {
    let target = prefix.graphql();
    let to_graphql = move || async move { (StatusCode::FOUND, [(LOCATION, target)]) };
    // Braces mean something to the router; in a prefix they are just characters.
    let prefix = prefix.as_str().replace('{', "{{").replace('}', "}}");
    let mut router = Router::new()
        .without_v07_checks()
        .route(&format!("{prefix}/"), get(to_graphql.clone()))
        .route(&format!("{prefix}/health"), get(|| async { "OK" }))
        .route(&format!("{prefix}/graphql"), get(graphql::<E>).post(graphql::<E>));
    if !prefix.is_empty() {
        router = router.route(&prefix, get(to_graphql));
    }
    finish(router.with_state(endpoint), edge)
}

/// What all routes have in common: JSON for whatever is not there, no panic that closes a connection, compression, and the edge.
pub(super) fn finish(router: Router, edge: Arc<Edge>) -> Router {
    let compression =
        CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(SizeAbove::new(WORTH_COMPRESSING));
    router
        .method_not_allowed_fallback(|| async { Refusal::method_not_allowed("this method is not supported here") })
        .fallback(|| async { Refusal::not_found() })
        .layer(compression)
        .layer(CatchPanicLayer::custom(|_| Refusal::panicked().into_response()))
        .layer(from_fn(api))
        .layer(from_fn_with_state(edge, surround))
}

/// What routes that are not ours have in common with them, once they stand beside them: the edge, and no panic that closes a connection.
pub(super) fn beside(router: Router, edge: Arc<Edge>) -> Router {
    router
        .layer(CatchPanicLayer::custom(|_| Refusal::panicked().into_response()))
        .layer(from_fn_with_state(edge, surround))
}

#[cfg(test)]
mod tests;
