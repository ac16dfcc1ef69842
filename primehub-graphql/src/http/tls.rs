//! TLS towards clients: one certificate, which can be replaced while connections go on.

mod pem;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret as _, SecretSlice};
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::server::ResolvesServerCert;
use tokio_rustls::rustls::sign::{CertifiedKey, SingleCertAndKey};
use tokio_rustls::rustls::{self, InconsistentKeys, ServerConfig, version};

/// What a server speaks TLS with: versions 1.2 and 1.3, for HTTP/1.1. Cheap to clone; all clones have the same certificate.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<Arc<ServerConfig>>>);

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Takes a certificate, with those between it and its root behind it, and its private key; both as PEM.
    ///
    /// # Errors
    ///
    /// If one of them is missing, encrypted or unusable, or if they do not belong together.
    pub fn from_pem(certificates: &[u8], key: &SecretSlice<u8>) -> Result<Self, TlsError> {
        let places = Places { certificates: "the certificates", key: "the private key's text" };
        Ok(Self::with(configuration(certificates, key.expose_secret(), places)?))
    }

    fn with(config: Arc<ServerConfig>) -> Self {
        Self(Arc::new(RwLock::new(config)))
    }

    /// What a connection that begins now is set up with.
    pub(super) fn present(&self) -> Arc<ServerConfig> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn replace(&self, config: Arc<ServerConfig>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = config;
    }
}

/// A certificate and its private key in two files, as whatever renews certificates leaves them.
#[derive(Debug)]
pub struct TlsFiles {
    certificates: PathBuf,
    key: PathBuf,
    tls: Tls,
}

impl TlsFiles {
    /// Reads both files, which are PEM. The first holds the server's own certificate, then those between it and its root.
    ///
    /// # Errors
    ///
    /// Names the file, and says what is wrong with it.
    pub fn load(certificates: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Result<Self, TlsError> {
        let (certificates, key) = (certificates.into(), key.into());
        let tls = Tls::with(read(&certificates, &key)?);
        Ok(Self { certificates, key, tls })
    }

    /// What a listener needs. It follows [`Self::reload`].
    #[must_use]
    pub fn tls(&self) -> Tls {
        self.tls.clone()
    }

    /// Reads both files again: connections that begin afterwards see the new certificate, those there are go on.
    ///
    /// # Errors
    ///
    /// As for [`Self::load`]; then the certificate stays what it was.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.tls.replace(read(&self.certificates, &self.key)?);
        Ok(())
    }
}

/// Why TLS cannot be spoken with what was given. Messages name the file, or which of two texts it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file is not there, or not for this process to read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The text is broken.
    #[error("{place} is no valid PEM: {reason}")]
    Malformed {
        /// The file, or which of two texts.
        place: String,
        /// What is broken. It quotes nothing of the text.
        reason: &'static str,
    },
    /// The text holds no certificate.
    #[error("there is no certificate in {place}")]
    NoCertificate {
        /// The file, or which of two texts.
        place: String,
    },
    /// The text holds no private key.
    #[error("there is no private key in {place}")]
    NoKey {
        /// The file, or which of two texts.
        place: String,
    },
    /// The private key needs a passphrase, for which a server cannot ask.
    #[error("the private key in {place} is encrypted; a server needs one without a passphrase")]
    EncryptedKey {
        /// The file, or which of two texts.
        place: String,
    },
    /// The first certificate is none, or of an unknown kind.
    #[error("the certificate in {place} cannot be used")]
    UnusableCertificate {
        /// The file, or which of two texts.
        place: String,
        /// What TLS has against it.
        source: BoxError,
    },
    /// The private key is none, or of an unknown kind.
    #[error("the private key in {place} cannot be used")]
    UnusableKey {
        /// The file, or which of two texts.
        place: String,
        /// What TLS has against it.
        source: BoxError,
    },
    /// The two do not belong together; perhaps one of them was renewed and the other was not.
    #[error("the private key in {key} does not belong to the first certificate in {certificates}")]
    KeyOfAnother {
        /// Where the certificates are.
        certificates: String,
        /// Where the private key is.
        key: String,
    },
    /// The implementation of TLS lacks what is asked of it.
    #[error("TLS cannot be set up")]
    Setup {
        /// What it lacks.
        source: BoxError,
    },
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What messages call the two.
#[derive(Clone, Copy)]
struct Places<'a> {
    certificates: &'a str,
    key: &'a str,
}

fn read(certificates: &PathBuf, key: &PathBuf) -> Result<Arc<ServerConfig>, TlsError> {
    let content =
        |path: &PathBuf| std::fs::read(path).map_err(|source| TlsError::Unreadable { path: path.clone(), source });
    let places = (certificates.display().to_string(), key.display().to_string());
    let (certificates, key) = (content(certificates)?, SecretSlice::from(content(key)?));
    configuration(&certificates, key.expose_secret(), Places { certificates: &places.0, key: &places.1 })
}

fn configuration(certificates: &[u8], key: &[u8], places: Places<'_>) -> Result<Arc<ServerConfig>, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let certified = SingleCertAndKey::from(certified(certificates, key, places, &provider)?);
    let certified: Arc<dyn ResolvesServerCert> = Arc::new(certified);
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])
        .map_err(|error| TlsError::Setup { source: error.into() })?
        .with_no_client_auth()
        .with_cert_resolver(certified);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn certified(
    certificates: &[u8],
    key: &[u8],
    places: Places<'_>,
    provider: &CryptoProvider,
) -> Result<CertifiedKey, TlsError> {
    let chain = pem::certificates(certificates, places.certificates)?;
    let key = pem::private_key(key, places.key)?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| TlsError::UnusableKey { place: places.key.to_owned(), source: error.into() })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // Some kinds of keys do not tell their public half; then the client will find out.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(TlsError::KeyOfAnother { certificates: places.certificates.to_owned(), key: places.key.to_owned() })
        }
        Err(error) => {
            Err(TlsError::UnusableCertificate { place: places.certificates.to_owned(), source: error.into() })
        }
    }
}

#[cfg(test)]
mod tests;
