//! The same over TLS.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rstest::rstest;
use secrecy::SecretSlice;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion, version};

use super::*;
use crate::http::tls::TlsFiles;

/// A certificate for `localhost`, as the server takes it and as the client trusts it.
struct Certificate {
    pem: String,
    key: String,
    der: CertificateDer<'static>,
}

impl Certificate {
    fn new() -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        Self { pem: cert.pem(), key: signing_key.serialize_pem(), der: cert.der().clone() }
    }

    fn tls(&self) -> Tls {
        Tls::from_pem(self.pem.as_bytes(), &SecretSlice::from(self.key.clone().into_bytes())).unwrap()
    }
}

/// A server that answers "hello"; it ends with the test.
async fn running(bounds: Bounds, tls: Tls) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let shutdown = async {
        let _ = stopped.await;
    };
    let routes = Router::new().route("/", get(|| async { "hello" }));
    let grace = Duration::from_hours(1);
    let done = tokio::spawn(serve_within(bounds, Listener::tls(socket, tls), routes, shutdown, grace));
    (address, stop, done)
}

async fn connect_with(
    versions: &[&'static SupportedProtocolVersion],
    protocols: &[&str],
    address: SocketAddr,
    trusted: &Certificate,
    name: &'static str,
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

async fn connect(address: SocketAddr, trusted: &Certificate) -> io::Result<TlsStream<TcpStream>> {
    connect_with(&[&version::TLS13], &["http/1.1"], address, trusted, "localhost").await
}

async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[rstest]
#[case::tls_1_3(&version::TLS13, ProtocolVersion::TLSv1_3)]
#[case::tls_1_2(&version::TLS12, ProtocolVersion::TLSv1_2)]
#[tokio::test]
async fn both_versions_are_spoken(#[case] version: &'static SupportedProtocolVersion, #[case] spoken: ProtocolVersion) {
    let certificate = Certificate::new();
    let (address, _stop, _) = running(BOUNDS, certificate.tls()).await;
    let protocols = ["h2", "http/1.1"];
    let mut stream = connect_with(&[version], &protocols, address, &certificate, "localhost").await.unwrap();
    assert_eq!(stream.get_ref().1.protocol_version(), Some(spoken));
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let answer = ask(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn a_client_that_speaks_only_http_2_is_told() {
    let certificate = Certificate::new();
    let (address, _stop, _) = running(BOUNDS, certificate.tls()).await;
    let refused = connect_with(&[&version::TLS13], &["h2"], address, &certificate, "localhost").await;
    assert!(refused.unwrap_err().to_string().contains("NoApplicationProtocol"));
}

#[tokio::test]
async fn clients_refuse_another_name_and_a_certificate_that_they_do_not_trust_and_others_are_served() {
    let certificate = Certificate::new();
    let (address, _stop, _) = running(BOUNDS, certificate.tls()).await;
    let other_name =
        connect_with(&[&version::TLS13], &["http/1.1"], address, &certificate, "primehub.example").await.unwrap_err();
    assert!(other_name.to_string().contains("not valid for name"), "{other_name}");
    let untrusted = connect(address, &Certificate::new()).await.unwrap_err();
    assert!(untrusted.to_string().contains("invalid peer certificate"), "{untrusted}");
    assert!(ask(&mut connect(address, &certificate).await.unwrap()).await.ends_with("hello"));
}

#[tokio::test]
async fn plain_http_is_closed_and_not_answered() {
    let (address, _stop, _) = running(BOUNDS, Certificate::new().tls()).await;
    let mut stream = request(address).await;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an end, not a reset");
    let alert = 21;
    assert!(answer.first().is_none_or(|first| *first == alert), "{answer:?}");
}

#[tokio::test]
async fn a_client_that_sets_nothing_up_holds_its_place_no_longer_than_agreed() {
    let certificate = Certificate::new();
    let bounds = Bounds { connections: 1, ..BOUNDS };
    let (address, _stop, _) = running(bounds, certificate.tls()).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    // The beginning of a handshake message of 512 bytes that never comes.
    silent.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    tokio::time::pause();
    let started = tokio::time::Instant::now();
    assert_eq!(silent.read(&mut [0]).await.unwrap(), 0, "it is closed");
    assert_eq!(started.elapsed().as_secs(), BOUNDS.handshake.as_secs());
    tokio::time::resume();
    assert!(ask(&mut connect(address, &certificate).await.unwrap()).await.ends_with("hello"), "its place is free");
}

#[tokio::test]
async fn the_end_waits_for_nobody_who_has_set_nothing_up() {
    let certificate = Certificate::new();
    let bounds = Bounds { handshake: Duration::from_hours(1), ..BOUNDS };
    let (address, stop, done) = running(bounds, certificate.tls()).await;
    let silent = TcpStream::connect(address).await.unwrap();
    // The next one is served, so this one has been accepted before it.
    ask(&mut connect(address, &certificate).await.unwrap()).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(30), done).await.expect("it waits for no client").unwrap();
    drop(silent);
}

#[tokio::test]
async fn a_new_certificate_is_for_new_connections() {
    let (before, after) = (Certificate::new(), Certificate::new());
    let folder = tempfile::tempdir().unwrap();
    let write = |certificate: &Certificate| {
        std::fs::write(folder.path().join("cert.pem"), &certificate.pem).unwrap();
        std::fs::write(folder.path().join("key.pem"), &certificate.key).unwrap();
    };
    write(&before);
    let files = TlsFiles::load(folder.path().join("cert.pem"), folder.path().join("key.pem")).unwrap();
    let (address, _stop, _) = running(BOUNDS, files.tls()).await;
    let mut old = connect(address, &before).await.unwrap();
    write(&after);
    assert!(connect(address, &after).await.is_err(), "not yet");
    files.reload().unwrap();
    let mut new = connect(address, &after).await.unwrap();
    assert!(connect(address, &before).await.is_err(), "no longer");
    for stream in [&mut old, &mut new] {
        assert!(ask(stream).await.ends_with("hello"), "both go on");
    }
}
