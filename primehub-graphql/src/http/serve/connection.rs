//! One connection: TLS if it is wanted, then requests and answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::server::TlsStream;
use tower::ServiceExt as _;

use super::Bounds;

/// How long a connection may take to send the head of a request, and how long it may be idle.
const HEAD_TIME: Duration = Duration::from_secs(30);

/// A connection that was accepted, and what it is to be served with.
pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) client: SocketAddr,
    pub(super) router: Router,
    pub(super) bounds: Bounds,
    pub(super) watcher: Watcher,
    /// Closed once no more connections are wanted.
    pub(super) stopping: watch::Receiver<()>,
}

impl Connection {
    /// Returns when it is closed, from whichever side.
    pub(super) async fn run(self, tls: Option<Arc<ServerConfig>>) {
        let Self { stream, client, router, bounds, watcher, stopping } = self;
        // Answers are written at once: waiting to fill packets would only delay them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection cannot be set up");
        }
        let ended = match tls {
            None => converse(stream, client, router, bounds.unread, watcher).await,
            Some(config) => match shake_hands(stream, client, config, bounds.handshake, stopping).await {
                Some(stream) => converse(stream, client, router, bounds.unread, watcher).await,
                None => Ok(()),
            },
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection has ended early");
        }
    }
}

/// Sets up TLS; nothing if the client does not, or if nobody wants its request any more.
async fn shake_hands(
    stream: TcpStream,
    client: SocketAddr,
    config: Arc<ServerConfig>,
    time: Duration,
    mut stopping: watch::Receiver<()>,
) -> Option<TlsStream<TcpStream>> {
    // Nothing is ever sent: this ends when the other side is gone.
    let stopped = async { stopping.changed().await.is_err() };
    tokio::select! {
        shaken = tokio::time::timeout(time, TlsAcceptor::from(config).accept(stream)) => match shaken {
            Ok(Ok(stream)) => return Some(stream),
            // Everyday events: plain HTTP, port scans, clients that do not trust the certificate.
            Ok(Err(error)) => tracing::debug!(%error, %client, "TLS was not set up"),
            Err(_) => tracing::debug!(%client, "TLS was not set up in time"),
        },
        _ = stopped => {}
    }
    None
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Send + 'static,
    client: SocketAddr,
    router: Router,
    unread: Duration,
    watcher: Watcher,
) -> Result<(), hyper::Error> {
    let service = router.map_request(move |mut request: http::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(client));
        request.map(Body::new)
    });
    let mut stream = TimeoutStream::new(stream);
    stream.set_write_timeout(Some(unread));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service));
    watcher.watch(connection).await
}
