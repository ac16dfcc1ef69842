//! The keys that tokens are signed with: RSA for what others check, HMAC for what only the provider itself reads again.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jsonwebtoken::jwk::{Jwk, JwkSet, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use primehub_core::identity::IdentityError;
use primehub_core::identity::token::VerificationKeys;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::stored_keys::{StoredKey, StoredKeys, new_rsa};
use crate::identity::MemoryIdentityStore;
use crate::random::random_text;

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
    /// The store could not keep a key, or has one that is none.
    #[error("a signing key could not be stored or read: {0}")]
    Storage(String),
}

/// The keys in use. Cheap to read; replaced as a whole.
pub(super) struct Keys {
    ring: Mutex<Arc<KeyRing>>,
    changing: tokio::sync::Mutex<()>,
    /// What a realm's key set lists beside the keys that sign: a key to encrypt with. Nothing that is served takes anything encrypted, so
    /// the private half is not kept; the key is there because clients must be able to tell the two uses apart. Made when it is first
    /// asked for: most runs never need it.
    encryption: OnceCell<Jwk>,
}

/// One state of the keys: newest first, the first one signs, all of them check.
pub(super) struct KeyRing {
    rsa: Vec<RsaKey>,
    hmac: Vec<HmacKey>,
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
    /// The keys that the store has, and new ones of a kind that it lacks. Making an RSA key takes a good part of a second at worst, on a
    /// thread where blocking is allowed.
    pub(super) async fn of(store: &MemoryIdentityStore, now: Timestamp) -> Result<Self, KeyError> {
        let mut stored = StoredKeys::read(store)?;
        for which in [KeyUse::AccessTokens, KeyUse::RefreshTokens] {
            if stored.of(which).next().is_none() {
                let key = StoredKey::generate(which, now).await?;
                store.change_secrets(vec![key.entry()]).await.map_err(|error| not_stored(&error))?;
                stored.0.push(key);
            }
        }
        let ring = KeyRing::of(&stored)?;
        Ok(Self::with(ring))
    }

    /// New keys that no store has.
    #[cfg(test)]
    pub(super) fn generate() -> Result<Self, KeyError> {
        let key =
            |which, material| StoredKey { which, id: random_text::<32>(), made_at: Timestamp::UNIX_EPOCH, material };
        let secret = crate::random::random_bytes::<64>().to_vec();
        let stored = vec![key(KeyUse::AccessTokens, new_rsa()?), key(KeyUse::RefreshTokens, secret)];
        Ok(Self::with(KeyRing::of(&StoredKeys(stored))?))
    }

    fn with(ring: KeyRing) -> Self {
        Self { ring: Mutex::new(Arc::new(ring)), changing: tokio::sync::Mutex::default(), encryption: OnceCell::new() }
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

    /// Puts a new key in front; those before it go on checking.
    pub(super) async fn rotate(
        &self,
        store: &MemoryIdentityStore,
        which: KeyUse,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        // Made before the turn is taken: nobody waits for a key to be found.
        let mut key = StoredKey::generate(which, now).await?;
        self.change(store, |stored| {
            // Their times tell which is the newest, even if the clock stood still.
            let newest = stored.of(which).map(|older| older.made_at).max();
            let after = newest.and_then(|newest| newest.checked_add(Duration::from_nanos(1)).ok());
            key.made_at = after.map_or(now, |after| after.max(now));
            vec![key.entry()]
        })
        .await
    }

    /// Forgets the keys that were replaced `overlap` ago or earlier: tokens of theirs are refused from now on.
    pub(super) async fn retire(
        &self,
        store: &MemoryIdentityStore,
        which: KeyUse,
        overlap: Duration,
        now: Timestamp,
    ) -> Result<(), KeyError> {
        self.change(store, |stored| {
            let keys: Vec<&StoredKey> = stored.of(which).collect();
            // Each key was replaced when the one before it in this order was made.
            let replaced = keys.iter().zip(keys.iter().skip(1));
            let old = replaced.filter(|(newer, _)| now.duration_since(newer.made_at).unsigned_abs() >= overlap);
            old.map(|(_, key)| (key.name(), None)).collect()
        })
        .await
    }

    /// Stores changes and goes by what is stored then. One change at a time.
    async fn change(
        &self,
        store: &MemoryIdentityStore,
        changes: impl FnOnce(&StoredKeys) -> Vec<(Arc<str>, Option<SecretString>)>,
    ) -> Result<(), KeyError> {
        let _changing = self.changing.lock().await;
        store.change_secrets(changes(&StoredKeys::read(store)?)).await.map_err(|error| not_stored(&error))?;
        let ring = Arc::new(KeyRing::of(&StoredKeys::read(store)?)?);
        *self.ring.lock().unwrap_or_else(PoisonError::into_inner) = ring;
        Ok(())
    }
}

fn not_stored(error: &IdentityError) -> KeyError {
    KeyError::Storage(error.to_string())
}

impl KeyRing {
    fn of(stored: &StoredKeys) -> Result<Self, KeyError> {
        let rsa: Vec<RsaKey> = stored.of(KeyUse::AccessTokens).map(RsaKey::of).collect::<Result<_, _>>()?;
        let hmac: Vec<HmacKey> = stored.of(KeyUse::RefreshTokens).map(HmacKey::of).collect();
        let jwks = JwkSet { keys: rsa.iter().map(|key| key.public.clone()).collect() };
        let json = serde_json::to_string(&jwks).unwrap_or_default();
        #[expect(clippy::expect_used, reason = "a key set that was written a moment ago can be read")]
        let verification = Arc::new(VerificationKeys::from_jwks(&json).expect("a key set"));
        Ok(Self { rsa, hmac, jwks, verification })
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
    fn of(stored: &StoredKey) -> Result<Self, KeyError> {
        let failed = |cause: &dyn std::fmt::Display| KeyError::Storage(cause.to_string());
        let pair = KeyPair::from_pkcs8(&stored.material).map_err(|error| failed(&error))?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|error| failed(&error))?;
        let signing =
            EncodingKey::from_rsa_pem(private_pem(&stored.material).as_bytes()).map_err(|error| failed(&error))?;
        let mut jwk = Jwk::from_encoding_key(&signing, Algorithm::RS256).map_err(|error| failed(&error))?;
        jwk.common.key_id = Some(stored.id.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { id: stored.id.clone(), signing, public: jwk, public_der: public.as_ref().to_vec() })
    }
}

/// The public half of a new RSA key that is not for signing. Blocks like [`new_rsa`].
fn encryption_key() -> Result<Jwk, KeyError> {
    let stored = StoredKey {
        which: KeyUse::AccessTokens,
        id: random_text::<32>(),
        made_at: Timestamp::UNIX_EPOCH,
        material: new_rsa()?,
    };
    let mut key = RsaKey::of(&stored)?.public;
    key.common.public_key_use = Some(PublicKeyUse::Encryption);
    key.common.key_algorithm = Some(KeyAlgorithm::RSA_OAEP);
    Ok(key)
}

impl HmacKey {
    fn of(stored: &StoredKey) -> Self {
        Self {
            id: stored.id.clone(),
            signing: EncodingKey::from_secret(&stored.material),
            checking: DecodingKey::from_secret(&stored.material),
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
    use crate::identity::RealmSettings;

    #[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
    struct Claims {
        sub: String,
    }

    #[tokio::test]
    async fn older_keys_check_until_they_are_retired_and_a_store_keeps_them() {
        let store = MemoryIdentityStore::new(RealmSettings::new("primehub", "admin-ui"));
        let hour = Duration::from_hours(1);
        let (start, later) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH + hour);
        let keys = Keys::of(&store, start).await.unwrap();
        let claims = Claims { sub: "u".to_owned() };
        let old = keys.ring().sign_private(&claims).unwrap();
        let old_public = keys.ring().sign_public(&claims).unwrap();
        let first_public = keys.ring().public_key();

        keys.rotate(&store, KeyUse::RefreshTokens, later).await.unwrap();
        keys.rotate(&store, KeyUse::AccessTokens, later).await.unwrap();
        let new = keys.ring().sign_private(&claims).unwrap();
        assert_eq!(keys.ring().read_private::<Claims>(&old), Some(claims.clone()));
        assert_eq!(keys.ring().jwks.keys.len(), 2);
        assert_ne!(keys.ring().public_key(), first_public);
        assert_eq!(keys.ring().read_public::<Claims>(&old_public), Some(claims.clone()));
        assert_eq!(keys.ring().read_public::<Claims>(&new), None, "signed for the provider alone");
        assert_eq!(keys.ring().read_private::<Claims>(&old_public), None);

        keys.retire(&store, KeyUse::RefreshTokens, hour, later).await.unwrap();
        assert_eq!(keys.ring().read_private::<Claims>(&old), Some(claims.clone()), "it was replaced just now");
        keys.retire(&store, KeyUse::RefreshTokens, hour, later + hour).await.unwrap();
        assert_eq!(keys.ring().read_private::<Claims>(&old), None);
        assert_eq!(keys.ring().read_private::<Claims>(&new), Some(claims.clone()));
        assert_eq!(keys.ring().jwks.keys.len(), 2, "the other kind is left alone");
        keys.retire(&store, KeyUse::AccessTokens, Duration::ZERO, later).await.unwrap();
        assert_eq!(keys.ring().jwks.keys.len(), 1);
        assert_eq!(keys.ring().read_public::<Claims>(&old_public), None);

        let again = Keys::of(&store, later).await.unwrap();
        assert_eq!(again.ring().public_key(), keys.ring().public_key());
        assert_eq!(again.ring().read_private::<Claims>(&new), Some(claims));
    }
}
