//! Secrets that the server makes up.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;

use crate::error::{ApiError, Code};

/// 256 random bits as text that needs no escaping anywhere.
///
/// # Errors
/// [`Code::InternalServerError`] when the operating system has no randomness to give.
pub(crate) fn random_secret() -> Result<SecretString, ApiError> {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).map_err(|_| {
        tracing::error!("there is no randomness for a secret");
        ApiError::new(Code::InternalServerError, "internal server error")
    })?;
    Ok(URL_SAFE_NO_PAD.encode(random).into())
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn secrets_are_long_plain_and_different() {
        let (one, other) = (random_secret().unwrap(), random_secret().unwrap());
        assert_eq!(one.expose_secret().len(), 43);
        assert!(one.expose_secret().bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
        assert_ne!(one.expose_secret(), other.expose_secret());
    }
}
