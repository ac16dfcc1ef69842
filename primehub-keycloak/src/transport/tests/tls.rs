use std::error::Error as _;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rstest::rstest;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{LONG, call, settings};
use crate::transport::{By, CallError, Class};
use crate::{InvalidSettings, Keycloak};

/// An authority, and a server for `name` that it vouches for. Gives the port and the authority's certificate.
async fn server(name: &str) -> (u16, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // Refused certificates end here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]").await;
            }
        }
    });
    (port, authority)
}

#[tokio::test]
async fn only_servers_that_a_trusted_authority_vouches_for_are_spoken_to() {
    let (port, authority) = server("localhost").await;
    let (_, stranger) = server("localhost").await;
    let (misnamed, its_authority) = server("keycloak.example.com").await;
    let ask = async |port: u16, authorities: String| {
        let mut settings = settings(&format!("https://localhost:{port}").parse().unwrap(), LONG);
        settings.extra_authorities = authorities.into_bytes();
        Keycloak::new(settings).unwrap().call(&call(Class::Write).by(By::Nobody)).await
    };
    ask(port, authority.clone()).await.unwrap();
    ask(port, format!("{stranger}\n{authority}")).await.unwrap();
    for (port, authorities) in [(port, stranger), (misnamed, its_authority)] {
        let error = ask(port, authorities).await.unwrap_err();
        assert!(matches!(&error, CallError::Unavailable { cause, .. } if cause.contains("certificate")), "{error}");
    }
}

#[rstest]
#[case::no_certificate("not a certificate")]
#[case::key_alone("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")]
#[case::broken_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
#[case::broken_text("-----BEGIN CERTIFICATE-----\n&&&&\n-----END CERTIFICATE-----\n")]
fn authorities_that_cannot_be_read_are_an_error(#[case] text: &str, #[values("http", "https")] scheme: &str) {
    let mut settings = settings(&format!("{scheme}://keycloak").parse().unwrap(), LONG);
    settings.extra_authorities = text.into();
    let error = Keycloak::new(settings).unwrap_err();
    assert!(matches!(error, InvalidSettings::NoAuthorities) || error.source().is_some(), "{error:?}");
}
