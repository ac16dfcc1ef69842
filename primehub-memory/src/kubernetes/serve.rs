//! The API over HTTPS: `kubectl`, like every client that is built as it is, sends tokens over nothing else.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ServerConfig, version};
use tokio_rustls::server::TlsStream;

use super::kubeconfig;
use super::server::ApiServer;

/// How long a client may take to agree on a cipher.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How many connections may wait to be served.
const WAITING: usize = 64;

/// A server that answers over HTTPS until this is dropped. Watches that are under way are cut off then.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    certificate: String,
    tasks: [JoinHandle<()>; 2],
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
        let (ready, secured) = mpsc::channel(WAITING);
        let accepting = tokio::spawn(accept(listener, TlsAcceptor::from(Arc::new(config)), ready));
        let router = self.router();
        let serving = tokio::spawn(async move {
            // It ends with the task alone.
            let _ = axum::serve(Secured { secured, address }, router).await;
        });
        Ok(Serving { address, certificate: made.cert.pem(), tasks: [accepting, serving] })
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
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Takes connections, and secures each on its own, so that a slow client holds up nobody.
async fn accept(listener: TcpListener, acceptor: TlsAcceptor, ready: mpsc::Sender<(TlsStream<TcpStream>, SocketAddr)>) {
    loop {
        let (stream, address) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                // Too many open files, as a rule: others will be closed.
                tracing::warn!(%error, "a connection was lost");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let (acceptor, ready) = (acceptor.clone(), ready.clone());
        tokio::spawn(async move {
            if let Ok(Ok(secured)) = tokio::time::timeout(HANDSHAKE, acceptor.accept(stream)).await {
                // Nobody takes it once the server has ended.
                let _ = ready.send((secured, address)).await;
            }
        });
    }
}

/// Connections that are secured.
struct Secured {
    secured: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
    address: SocketAddr,
}

impl axum::serve::Listener for Secured {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.secured.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.address)
    }
}
