//! Randomness for ids, secrets and keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` bytes that nobody can guess.
#[expect(clippy::expect_used, reason = "a machine without randomness cannot issue anything worth having")]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A text of `N` bytes that nobody can guess, in the letters of URLs.
pub(crate) fn random_text<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<N>())
}
