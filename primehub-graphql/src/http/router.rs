//! The routes.

use std::sync::Arc;

use async_graphql::Executor;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse as _;
use axum::routing::get;
use http::StatusCode;
use http::header::{ALLOW, LOCATION};
use prometheus_client::registry::Registry;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::SizeAbove;

use super::auth_flow::{Surroundings, auth_flow};
use super::edge::{Edge, api, surround};
use super::endpoint::{Endpoint, graphql};
use super::invite::invitations;
use super::page::Pages;
use super::prefix::Prefix;
use super::rate_limit::{RateLimit, RateLimitMetrics};
use super::refusal::Refusal;
use super::site::Site;
use crate::schema::Schema;

/// Shorter answers gain nothing from being compressed.
const WORTH_COMPRESSING: u64 = 1024;

/// The public routes below `prefix`.
pub(super) fn public<E: Executor>(prefix: &Prefix, endpoint: Arc<Endpoint<E>>, edge: Arc<Edge>) -> Router {
    let target = prefix.graphql();
    let to_graphql = move || async move { (StatusCode::FOUND, [(LOCATION, target)]) };
    let prefix = prefix.pattern();
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

/// What people are shown before anybody has logged in, below the prefixes of `site`. Pages from elsewhere may not read it.
pub(super) fn site(site: &Site, endpoint: &Arc<Endpoint<Schema>>, registry: &mut Registry, edge: Arc<Edge>) -> Router {
    let clock = endpoint.services().clock.clone();
    let refused = RateLimitMetrics::default();
    registry.register("rate_limited", "Requests refused because a client asks too often, by route", refused.family());
    let limit = |per_minute, route| RateLimit::new(per_minute, clock.clone(), refused.at(route));
    let mut router = invitations(site, endpoint.clone(), limit(site.limits.invitations_per_minute, "invite"));
    for prefix in &site.prefixes {
        router = router.merge(Pages::files(&prefix.pattern()));
    }
    if let Some(login) = &site.login {
        let limit = limit(site.limits.exchanges_per_minute, "exchange");
        let surroundings = Surroundings { clock: clock.clone(), limit, registry, time: endpoint.limits().time };
        router = router.merge(auth_flow(site, login, surroundings));
    }
    let wrong_method = || async {
        let mut response = Refusal::method_not_allowed("this method is not supported here").into_response();
        // The router knows better which ones are.
        response.headers_mut().remove(ALLOW);
        response
    };
    beside(router.method_not_allowed_fallback(wrong_method), edge)
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
