//! The API over HTTPS: `kubectl`, like every client that is built as it is, sends tokens over nothing else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, version};

use super::kubeconfig;
use super::server::ApiServer;

/// How long a client may take to agree on a cipher.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server that answers over HTTPS until this is dropped. Watches that are under way are cut off then.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    certificate: String,
    task: JoinHandle<()>,
}

/// Why a server cannot answer over HTTPS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The listener cannot be used.
    #[error("the listener cannot be used")]
    Listener(#[from] io::Error),
    /// There is no certificate.
    #[error("no certificate can be made")]
    Certificate(#[from] rcgen::Error),
    /// The certificate is of no use.
    #[error("the certificate is of no use")]
    Tls(#[from] tokio_rustls::rustls::Error),
}

impl ApiServer {
    /// Serves callers from outside over HTTPS, with a certificate that is made for the occasion and that clients get with
    /// [`Serving::kubeconfig`].
    ///
    /// # Errors
    ///
    /// [`ServeError`] says what is missing.
    pub fn serve_https(&self, listener: TcpListener) -> Result<Serving, ServeError> {
        let address = listener.local_addr()?;
        let names = ["localhost".to_owned(), address.ip().to_string()];
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let task = tokio::spawn(serve(listener, TlsAcceptor::from(Arc::new(config)), self.untrusting()));
        Ok(Serving { address, certificate: made.cert.pem(), task })
    }
}

impl Serving {
    /// Where it answers.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// The certificate of the server, in PEM: nobody else vouches for it.
    #[must_use]
    pub fn certificate(&self) -> &str {
        &self.certificate
    }

    /// The kubeconfig of whoever has `token`: see [`kubeconfig`].
    #[must_use]
    pub fn kubeconfig(&self, name: &str, token: &str) -> Value {
        kubeconfig(name, &self.url(), Some(&self.certificate), token)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves connections, each in a task of its own, so that a slow client holds up nobody. They end with this.
async fn serve(listener: TcpListener, acceptor: TlsAcceptor, server: ApiServer) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, acceptor.clone(), server.clone()));
                }
                Err(error) => {
                    // Too many open files, as a rule: one of them will be closed.
                    tracing::warn!(%error, "a connection was lost");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

/// One connection, until the client has enough. What goes wrong with it is the client's loss.
async fn connection(stream: TcpStream, acceptor: TlsAcceptor, server: ApiServer) {
    let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await else { return };
    let service = TowerToHyperService::new(server);
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection broke");
    }
}
