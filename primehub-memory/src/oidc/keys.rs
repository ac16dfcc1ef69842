//! The keys that tokens are signed with: RSA for what others check, HMAC for what only the provider itself reads again.

use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use primehub_core::identity::token::VerificationKeys;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use crate::sessions::{random_bytes, random_text};

/// Which of the provider's two kinds of keys.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyUse {
    /// RSA keys: they sign access and ID tokens, and the key set publishes their public halves.
    AccessTokens,
    /// HMAC keys: they sign refresh and offline tokens. Nobody else ever needs or sees them.
    RefreshTokens,
}

/// Why there is no key, or a key did not sign.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The cryptographic library made no key.
    #[error("no signing key could be made: {0}")]
    Generation(String),
    /// The cryptographic library made no signature.
    #[error("a token could not be signed: {0}")]
    Signing(String),
}

/// The keys in use. Cheap to read; replaced as a whole.
pub(super) struct Keys {
    ring: Mutex<Arc<KeyRing>>,
    /// What a realm's key set lists beside the keys that sign: a key to encrypt with. Nothing that is served takes anything encrypted, so
    /// the private half is not kept; the key is there because clients must be able to tell the two uses apart. Made when it is first
    /// asked for: most runs never need it.
    encryption: OnceCell<Jwk>,
}

/// One state of the keys: newest first, the first one signs, all of them check.
#[derive(Clone)]
pub(super) struct KeyRing {
    rsa: Vec<Arc<RsaKey>>,
    hmac: Vec<Arc<HmacKey>>,
    /// The public halves of the RSA keys.
    jwks: JwkSet,
    verification: Arc<VerificationKeys>,
}

struct RsaKey {
    id: String,
    signing: EncodingKey,
    public: Jwk,
    public_der: Vec<u8>,
}

struct HmacKey {
    id: String,
    signing: EncodingKey,
    checking: DecodingKey,
}

impl Keys {
    /// New keys of both kinds. Making an RSA key takes a good part of a second at worst: call it where blocking is allowed.
    pub(super) fn generate() -> Result<Self, KeyError> {
        let ring = KeyRing::of(vec![Arc::new(RsaKey::generate()?)], vec![Arc::new(HmacKey::generate())]);
        Ok(Self { ring: Mutex::new(Arc::new(ring)), encryption: OnceCell::new() })
    }

    /// The keys as they are now.
    pub(super) fn ring(&self) -> Arc<KeyRing> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key set as it is published: the keys that sign, newest first, and one to encrypt with. The first call takes as long as a new
    /// key does.
    pub(super) async fn published(&self) -> JwkSet {
        let encryption = self.encryption.get_or_try_init(async || {
            let made = tokio::task::spawn_blocking(encryption_key).await;
            made.map_err(|error| KeyError::Generation(error.to_string()))?
        });
        let encryption = encryption.await.inspect_err(|error| {
            // The keys that tokens are checked with must be had all the same.
            tracing::error!(%error, "the key set is published without a key for encryption");
        });
        let mut set = self.ring().jwks.clone();
        set.keys.extend(encryption.ok().cloned());
        set
    }

    /// Puts a new key in front; those before it go on checking. Blocks like [`Keys::generate`].
    pub(super) fn rotate(&self, which: KeyUse) -> Result<(), KeyError> {
        // Made before the lock is taken: nobody waits for a key to be found.
        match which {
            KeyUse::AccessTokens => {
                let key = Arc::new(RsaKey::generate()?);
                self.replace(|ring| KeyRing::of(in_front(key, &ring.rsa), ring.hmac.clone()));
            }
            KeyUse::RefreshTokens => {
                let key = Arc::new(HmacKey::generate());
                self.replace(|ring| KeyRing::of(ring.rsa.clone(), in_front(key, &ring.hmac)));
            }
        }
        Ok(())
    }

    /// Forgets every key but the newest: tokens of the others are refused from now on.
    pub(super) fn retire(&self, which: KeyUse) {
        self.replace(|ring| {
            let (mut rsa, mut hmac) = (ring.rsa.clone(), ring.hmac.clone());
            match which {
                KeyUse::AccessTokens => rsa.truncate(1),
                KeyUse::RefreshTokens => hmac.truncate(1),
            }
            KeyRing::of(rsa, hmac)
        });
    }

    fn replace(&self, change: impl FnOnce(&KeyRing) -> KeyRing) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        *ring = Arc::new(change(&ring));
    }
}

impl KeyRing {
    fn of(rsa: Vec<Arc<RsaKey>>, hmac: Vec<Arc<HmacKey>>) -> Self {
        let jwks = JwkSet { keys: rsa.iter().map(|key| key.public.clone()).collect() };
        let json = serde_json::to_string(&jwks).unwrap_or_default();
        #[expect(clippy::expect_used, reason = "a key set that was written a moment ago can be read")]
        let verification = Arc::new(VerificationKeys::from_jwks(&json).expect("a key set"));
        Self { rsa, hmac, jwks, verification }
    }

    /// The public halves of the keys that sign, ready for checking.
    pub(super) fn verification(&self) -> &Arc<VerificationKeys> {
        &self.verification
    }

    /// The public key that is signed with at the moment, as the realm's page shows it: base64 of its X.509 form.
    pub(super) fn public_key(&self) -> Option<String> {
        self.rsa.first().map(|key| STANDARD.encode(&key.public_der))
    }

    /// Signs a token that others check.
    pub(super) fn sign_public(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let key = self.rsa.first().ok_or_else(|| KeyError::Signing("there is no key".to_owned()))?;
        sign(Algorithm::RS256, &key.id, &key.signing, claims)
    }

    /// Signs a token that only the provider reads again.
    pub(super) fn sign_private(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let key = self.hmac.first().ok_or_else(|| KeyError::Signing("there is no key".to_owned()))?;
        sign(Algorithm::HS512, &key.id, &key.signing, claims)
    }

    /// Reads a token made by [`KeyRing::sign_private`] with one of the present keys. Looks at the signature alone: times are not checked.
    pub(super) fn read_private<C: DeserializeOwned + Clone>(&self, token: &str) -> Option<C> {
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = self.hmac.iter().find(|key| key.id == id)?;
        read(Algorithm::HS512, &key.checking, token)
    }

    /// Reads a token made by [`KeyRing::sign_public`], as [`KeyRing::read_private`] reads the others.
    pub(super) fn read_public<C: DeserializeOwned + Clone>(&self, token: &str) -> Option<C> {
        let id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = self.rsa.iter().find(|key| key.id == id)?;
        read(Algorithm::RS256, &DecodingKey::from_jwk(&key.public).ok()?, token)
    }
}

impl RsaKey {
    fn generate() -> Result<Self, KeyError> {
        let failed = |cause: &dyn std::fmt::Display| KeyError::Generation(cause.to_string());
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|error| failed(&error))?;
        let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| failed(&error))?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|error| failed(&error))?;
        let signing =
            EncodingKey::from_rsa_pem(private_pem(private.as_ref()).as_bytes()).map_err(|error| failed(&error))?;
        let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(|error| failed(&error))?;
        let id = random_text::<32>();
        jwk.common.key_id = Some(id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { id, signing, public: jwk, public_der: public.as_ref().to_vec() })
    }
}

/// The public half of a new RSA key that is not for signing. Blocks like [`Keys::generate`].
fn encryption_key() -> Result<Jwk, KeyError> {
    let mut key = RsaKey::generate()?.public;
    key.common.public_key_use = Some(PublicKeyUse::Encryption);
    key.common.key_algorithm = Some(KeyAlgorithm::RSA_OAEP);
    Ok(key)
}

impl HmacKey {
    fn generate() -> Self {
        let secret = random_bytes::<64>();
        Self {
            id: random_text::<32>(),
            signing: EncodingKey::from_secret(&secret),
            checking: DecodingKey::from_secret(&secret),
        }
    }
}

fn sign(algorithm: Algorithm, id: &str, key: &EncodingKey, claims: &impl Serialize) -> Result<String, KeyError> {
    let mut header = Header::new(algorithm);
    header.kid = Some(id.to_owned());
    jsonwebtoken::encode(&header, claims, key).map_err(|error| KeyError::Signing(error.to_string()))
}

fn read<C: DeserializeOwned + Clone>(algorithm: Algorithm, key: &DecodingKey, token: &str) -> Option<C> {
    let mut signature_only = Validation::new(algorithm);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    jsonwebtoken::decode::<C>(token, key, &signature_only).ok().map(|data| data.claims)
}

fn in_front<T>(first: Arc<T>, others: &[Arc<T>]) -> Vec<Arc<T>> {
    std::iter::once(first).chain(others.iter().cloned()).collect()
}

/// A private key in the text form that the token library reads.
fn private_pem(pkcs8: &[u8]) -> String {
    let encoded = STANDARD.encode(pkcs8);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (position, letter) in encoded.chars().enumerate() {
        if position > 0 && position % 64 == 0 {
            pem.push('\n');
        }
        pem.push(letter);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Claims {
        sub: String,
    }

    #[test]
    fn older_keys_check_until_they_are_retired() {
        let keys = Keys::generate().unwrap();
        let claims = Claims { sub: "u".to_owned() };
        let old = keys.ring().sign_private(&claims).unwrap();
        let old_public = keys.ring().sign_public(&claims).unwrap();
        let first_public = keys.ring().public_key();

        keys.rotate(KeyUse::RefreshTokens).unwrap();
        keys.rotate(KeyUse::AccessTokens).unwrap();
        let new = keys.ring().sign_private(&claims).unwrap();
        assert_eq!(keys.ring().read_private::<Claims>(&old), Some(claims.clone()));
        assert_eq!(keys.ring().jwks.keys.len(), 2);
        assert_ne!(keys.ring().public_key(), first_public);
        assert_eq!(keys.ring().read_public::<Claims>(&old_public), Some(claims.clone()));
        assert_eq!(keys.ring().read_public::<Claims>(&new), None, "signed for the provider alone");
        assert_eq!(keys.ring().read_private::<Claims>(&old_public), None);

        keys.retire(KeyUse::RefreshTokens);
        assert_eq!(keys.ring().read_private::<Claims>(&old), None);
        assert_eq!(keys.ring().read_private::<Claims>(&new), Some(claims));
        assert_eq!(keys.ring().jwks.keys.len(), 2, "the other kind is left alone");
        keys.retire(KeyUse::AccessTokens);
        assert_eq!(keys.ring().jwks.keys.len(), 1);
        assert_eq!(keys.ring().read_public::<Claims>(&old_public), None);
    }
}
