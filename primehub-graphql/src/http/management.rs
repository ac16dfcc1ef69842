//! Routes for whoever operates the server: not for the public port.

use std::sync::Arc;

use async_graphql::Executor;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::edge::Edge;
use super::endpoint::Endpoint;
use super::refusal::Refusal;
use super::router::finish;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

struct Management<E> {
    endpoint: Arc<Endpoint<E>>,
    registry: Arc<Registry>,
}

/// `/healthz`, `/readyz` and `/metrics`.
pub(super) fn management<E: Executor>(endpoint: Arc<Endpoint<E>>, registry: Arc<Registry>, edge: Arc<Edge>) -> Router {
    let state = Arc::new(Management { endpoint, registry });
    let router = Router::new()
        .route("/healthz", get(|| async { "OK" }))
        .route("/readyz", get(ready::<E>))
        .route("/metrics", get(metrics::<E>))
        .with_state(state);
    finish(router, edge)
}

/// Ready as long as questions can be answered; says so when the answers may be out of date, or behind.
async fn ready<E: Executor>(State(state): State<Arc<Management<E>>>) -> Response {
    match state.endpoint.services().authenticator.readiness() {
        Ok(None) => "OK".into_response(),
        Ok(Some(remark)) => format!("OK, but {remark}").into_response(),
        Err(error) => Refusal::from(error).into_response(),
    }
}

async fn metrics<E: Executor>(State(state): State<Arc<Management<E>>>) -> Response {
    state.endpoint.update_metrics();
    state.endpoint.services().authenticator.update_metrics().await;
    let mut text = String::new();
    match encode(&mut text, &state.registry) {
        Ok(()) => ([(CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(_) => Refusal::internal().into_response(),
    }
}
