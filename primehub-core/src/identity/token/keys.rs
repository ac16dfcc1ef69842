//! The public keys that access tokens are checked with.

use std::collections::HashMap;

use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Why a published key set could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the key set of the identity provider cannot be read")]
pub struct InvalidKeySet(#[source] serde_json::Error);

/// Public signature keys of a realm, by key id. Keys for encryption, symmetric keys and keys of unknown kinds are left out, so that no
/// token can choose them.
#[derive(Clone, Default)]
pub struct VerificationKeys {
    keys: HashMap<String, (DecodingKey, Algorithm)>,
}

impl std::fmt::Debug for VerificationKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

impl VerificationKeys {
    /// Reads a JSON Web Key Set.
    ///
    /// # Errors
    /// When the text is not a key set. Single keys that cannot be used are skipped.
    pub fn from_jwks(json: &str) -> Result<Self, InvalidKeySet> {
        // Key by key: one key of a kind that the library does not know must not hide the others.
        #[derive(serde::Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_str(json).map_err(InvalidKeySet)?;
        Ok(Self::of(set.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok())))
    }

    /// Whether the key is known.
    #[must_use]
    pub fn contains(&self, key_id: &str) -> bool {
        self.keys.contains_key(key_id)
    }

    pub(super) fn get(&self, key_id: &str) -> Option<(&DecodingKey, Algorithm)> {
        self.keys.get(key_id).map(|(key, algorithm)| (key, *algorithm))
    }

    fn of(keys: impl Iterator<Item = Jwk>) -> Self {
        let usable = |jwk: Jwk| {
            let id = jwk.common.key_id.clone()?;
            let signs = !matches!(jwk.common.public_key_use, Some(PublicKeyUse::Encryption | PublicKeyUse::Other(_)));
            let algorithm = asymmetric(&jwk)?;
            let key = DecodingKey::from_jwk(&jwk).ok()?;
            signs.then_some((id, (key, algorithm)))
        };
        Self { keys: keys.filter_map(usable).collect() }
    }
}

/// The algorithm that a key is for. It comes from the key, never from the token.
fn asymmetric(jwk: &Jwk) -> Option<Algorithm> {
    use std::str::FromStr as _;
    let algorithm = Algorithm::from_str(&jwk.common.key_algorithm?.to_string()).ok()?;
    let symmetric = matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
    (!symmetric).then_some(algorithm)
}
