//! Serving a router on a socket, until told to stop.

mod connection;

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

use self::connection::Connection;
use super::tls::Tls;

/// After a failed accept (too many open files, for instance) there is no point in trying again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Where connections come from: a socket, in clear (`listener.into()`) or over TLS.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    tls: Option<Tls>,
}

impl Listener {
    /// A socket on which only TLS is spoken. Each connection is set up with the certificate that `tls` has at that moment.
    #[must_use]
    pub fn tls(socket: TcpListener, tls: Tls) -> Self {
        Self { socket, tls: Some(tls) }
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self { socket, tls: None }
    }
}

/// What connections may take of a server.
#[derive(Clone, Copy)]
struct Bounds {
    /// Connections at the same time, those included that are still being set up; others wait to be accepted.
    connections: usize,
    /// How long a client may take to set up TLS.
    handshake: Duration,
    /// How long a client may read nothing of an answer that is there.
    unread: Duration,
}

const BOUNDS: Bounds =
    Bounds { connections: 4096, handshake: Duration::from_secs(10), unread: Duration::from_secs(30) };

/// Serves `router` over HTTP/1.1 until `shutdown` completes; then takes no more connections and returns once all requests are answered,
/// or after `grace`. Failures of single connections are logged.
///
/// Handlers find the client's address as [`ConnectInfo<SocketAddr>`](axum::extract::ConnectInfo).
///
/// No more than 4,096 connections are open at the same time: others wait to be accepted. One that sends no request, or whose client reads
/// nothing of its answer, is closed after 30 seconds; one that has not set up TLS, after 10.
pub async fn serve(
    listener: impl Into<Listener> + Send,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
    grace: Duration,
) {
    serve_within(BOUNDS, listener.into(), router, shutdown, grace).await;
}

async fn serve_within(
    bounds: Bounds,
    listener: Listener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
    grace: Duration,
) {
    let Listener { socket, tls } = listener;
    let connections = GracefulShutdown::new();
    // Held until the end, which those who are setting up TLS learn from its being gone.
    let (serving, stopping) = watch::channel(());
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            // Never closed; if it were, nothing would count any more.
            let place = places.clone().acquire_owned().await.ok();
            (place, socket.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, client)) => {
                let connection = Connection {
                    stream,
                    client,
                    router: router.clone(),
                    bounds,
                    watcher: connections.watcher(),
                    stopping: stopping.clone(),
                };
                // The certificate of this moment: one that is replaced is not used for a connection that begins later.
                let config = tls.as_ref().map(Tls::present);
                tokio::spawn(async move {
                    connection.run(config).await;
                    drop(place);
                });
            }
            Err(error) if is_the_clients(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(socket);
    drop(serving);
    if tokio::time::timeout(grace, connections.shutdown()).await.is_err() {
        tracing::warn!(grace_ms = grace.as_millis(), "some requests were not answered before the end");
    }
}

/// Whether the client gave up before the connection was taken: nothing is wrong here.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests;
