//! What stands for a password where it must not be replaced unnoticed.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::passwords::PasswordHash;

/// Tells a stored password from any other, an equal one that was set later included. Whoever sees it learns nothing about the password: it is
/// the digest of a hash of 256 bits, which cannot be guessed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct PasswordFingerprint(String);

impl PasswordFingerprint {
    pub(super) fn of(stored: &PasswordHash) -> Self {
        Self(URL_SAFE_NO_PAD.encode(digest(&SHA256, stored.to_string().as_bytes())))
    }
}
