//! Certificates and private keys in the text form in which they are kept.

use tokio_rustls::rustls::pki_types::pem::{self, PemObject as _};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::TlsError;

/// All certificates, in their order; at least one.
pub(super) fn certificates(text: &[u8], place: &str) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates =
        CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>().map_err(|error| malformed(error, place))?;
    if certificates.is_empty() {
        return Err(TlsError::NoCertificate { place: place.to_owned() });
    }
    Ok(certificates)
}

/// The first private key, in any of the usual forms.
pub(super) fn private_key(text: &[u8], place: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    // First: the older form of encryption is no valid PEM to the reader, the newer one something unknown.
    if ENCRYPTED.iter().any(|mark| text.windows(mark.len()).any(|part| part == *mark)) {
        return Err(TlsError::EncryptedKey { place: place.to_owned() });
    }
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => TlsError::NoKey { place: place.to_owned() },
        error => malformed(error, place),
    })
}

fn malformed(error: pem::Error, place: &str) -> TlsError {
    // What was read may be part of a key, which the reader's own messages quote.
    let reason = match error {
        pem::Error::MissingSectionEnd { .. } => "a section has no end",
        pem::Error::IllegalSectionStart { .. } => "a section begins in an unknown way",
        pem::Error::Base64Decode(_) => "a section is no Base64",
        _ => "it cannot be understood",
    };
    TlsError::Malformed { place: place.to_owned(), reason }
}

/// What encrypted keys have in them: of PKCS #8, and of OpenSSL's older form.
const ENCRYPTED: [&[u8]; 2] = [b"BEGIN ENCRYPTED PRIVATE KEY", b"Proc-Type: 4,ENCRYPTED"];
