//! Signing keys as the store keeps them: among its secrets, one by one.

use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::keys::{KeyError, KeyUse};
use crate::identity::MemoryIdentityStore;
use crate::random::{random_bytes, random_text};

/// What the names of all signing keys begin with.
const PREFIX: &str = "signing-key/";

/// All signing keys of a store, newest first.
pub(super) struct StoredKeys(pub(super) Vec<StoredKey>);

/// One signing key.
pub(super) struct StoredKey {
    pub(super) which: KeyUse,
    /// The `kid` of what it signs.
    pub(super) id: String,
    pub(super) made_at: Timestamp,
    /// PKCS#8 of an RSA key, or the secret of an HMAC key.
    pub(super) material: Vec<u8>,
}

/// A key's content among the secrets.
#[derive(Deserialize, Serialize)]
struct Content {
    made_at: Timestamp,
    material: String,
}

impl StoredKeys {
    pub(super) fn read(store: &MemoryIdentityStore) -> Result<Self, KeyError> {
        let keys = store.secrets_under(PREFIX);
        let mut keys: Vec<StoredKey> =
            keys.iter().map(|(name, secret)| StoredKey::read(name, secret)).collect::<Result<_, _>>()?;
        keys.sort_by_key(|key| std::cmp::Reverse(key.made_at));
        Ok(Self(keys))
    }

    pub(super) fn of(&self, which: KeyUse) -> impl Iterator<Item = &StoredKey> {
        self.0.iter().filter(move |key| key.which == which)
    }
}

impl StoredKey {
    /// A new key. Blocking work is done where it is allowed.
    pub(super) async fn generate(which: KeyUse, now: Timestamp) -> Result<Self, KeyError> {
        let material = match which {
            KeyUse::AccessTokens => {
                let made = tokio::task::spawn_blocking(new_rsa).await;
                made.map_err(|error| KeyError::Generation(error.to_string()))??
            }
            KeyUse::RefreshTokens => random_bytes::<64>().to_vec(),
        };
        Ok(Self { which, id: random_text::<32>(), made_at: now, material })
    }

    pub(super) fn name(&self) -> Arc<str> {
        format!("{PREFIX}{}/{}", kind(self.which), self.id).into()
    }

    /// The key as a change of the store's secrets.
    pub(super) fn entry(&self) -> (Arc<str>, Option<SecretString>) {
        let content = Content { made_at: self.made_at, material: STANDARD.encode(&self.material) };
        (self.name(), serde_json::to_string(&content).ok().map(SecretString::from))
    }

    fn read(name: &str, secret: &SecretString) -> Result<Self, KeyError> {
        let unreadable = || KeyError::Storage(format!("the stored key {name} is none"));
        let (which, id) = name.strip_prefix(PREFIX).and_then(|name| name.split_once('/')).ok_or_else(unreadable)?;
        let which = [KeyUse::AccessTokens, KeyUse::RefreshTokens].into_iter().find(|known| kind(*known) == which);
        let Content { made_at, material } = serde_json::from_str(secret.expose_secret()).map_err(|_| unreadable())?;
        let material = STANDARD.decode(material).map_err(|_| unreadable())?;
        Ok(Self { which: which.ok_or_else(unreadable)?, id: id.to_owned(), made_at, material })
    }
}

fn kind(which: KeyUse) -> &'static str {
    match which {
        KeyUse::AccessTokens => "access-tokens",
        KeyUse::RefreshTokens => "refresh-tokens",
    }
}

/// A new RSA key in PKCS#8. Takes a good part of a second at worst.
pub(super) fn new_rsa() -> Result<Vec<u8>, KeyError> {
    let failed = |cause: &dyn std::fmt::Display| KeyError::Generation(cause.to_string());
    let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|error| failed(&error))?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|error| failed(&error))?;
    Ok(private.as_ref().to_vec())
}
