//! Serving both ports until the process is told to stop.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use primehub_graphql::{Listener, Server};
use tokio::net::TcpListener;

use super::Stop;

/// Takes a port; zero is any free one.
///
/// # Errors
/// When it is taken, or not to be had.
pub async fn bind(address: IpAddr, port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((address, port))
        .await
        .with_context(|| format!("port {port} of {address} is not to be had; choose another one, or 0 for any"))
}

/// Serves `routes`, and health and metrics on `management`, until the process is told to stop. Then requests and changes in work have `grace` to
/// finish.
pub async fn serve(
    server: &Server,
    listener: Listener,
    routes: Router,
    management: TcpListener,
    stop: &Stop,
    grace: Duration,
) {
    let finished = async {
        tokio::join!(
            primehub_graphql::serve(listener, routes, stop.requested(), grace),
            primehub_graphql::serve(management, server.management_router(), stop.requested(), grace),
        );
        // Changes whose client has gone away are finished all the same.
        server.drained().await;
    };
    let overdue = async {
        stop.requested().await;
        tokio::time::sleep(grace).await;
    };
    tokio::select! {
        () = finished => {}
        () = overdue => tracing::warn!(grace_ms = grace.as_millis(), "stopped with work unfinished"),
    }
}
