//! Serving a router on a socket, until told to stop.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

/// How long a connection may take to send the head of a request, and how long it may be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// After a failed accept (too many open files, for instance) there is no point in trying again at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What connections may take of a server.
#[derive(Clone, Copy)]
struct Bounds {
    /// Connections at the same time; others wait to be accepted.
    connections: usize,
    /// How long a client may read nothing of an answer that is there.
    unread: Duration,
}

const BOUNDS: Bounds = Bounds { connections: 4096, unread: Duration::from_secs(30) };

/// Serves `router` over HTTP/1.1 until `shutdown` completes; then takes no more connections and returns once all requests are answered,
/// or after `grace`. Failures of single connections are logged.
///
/// Handlers find the client's address as [`ConnectInfo<SocketAddr>`].
///
/// No more than 4,096 connections are open at the same time: others wait to be accepted. One that sends no request, or whose client reads
/// nothing of its answer, is closed after 30 seconds.
pub async fn serve(listener: TcpListener, router: Router, shutdown: impl Future<Output = ()> + Send, grace: Duration) {
    serve_within(BOUNDS, listener, router, shutdown, grace).await;
}

async fn serve_within(
    bounds: Bounds,
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
    grace: Duration,
) {
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(bounds.connections));
    let mut shutdown = pin!(shutdown);
    loop {
        let next = async {
            // Never closed; if it were, nothing would count any more.
            let place = places.clone().acquire_owned().await.ok();
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut shutdown => break,
            next = next => next,
        };
        match accepted {
            Ok((stream, client)) => {
                let connection = connections.watch(connection(stream, client, &router, bounds.unread));
                tokio::spawn(async move {
                    if let Err(error) = connection.await {
                        tracing::debug!(%error, "a connection has ended early");
                    }
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
    drop(listener);
    if tokio::time::timeout(grace, connections.shutdown()).await.is_err() {
        tracing::warn!(grace_ms = grace.as_millis(), "some requests were not answered before the end");
    }
}

fn connection(
    stream: TcpStream,
    client: SocketAddr,
    router: &Router,
    unread: Duration,
) -> impl GracefulConnection<Error = hyper::Error> + Send + use<> {
    // Answers are written at once: waiting to fill packets would only delay them.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection cannot be set up");
    }
    let service = router.clone().map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        request.map(Body::new)
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(unread));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service))
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
