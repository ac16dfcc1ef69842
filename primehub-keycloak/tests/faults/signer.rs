//! Signs access tokens as the realm would.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use primehub_core::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

const KEY: &str = "key-1";

pub(crate) struct Signer(EcdsaKeyPair);

impl Signer {
    pub(crate) fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
    }

    /// What the realm publishes.
    pub(crate) fn published(&self) -> Value {
        // An uncompressed point: one byte of kind, then both coordinates.
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": KEY, "x": x, "y": y }] })
    }

    /// An hour of an administrator of the platform.
    pub(crate) fn administrator(&self, issuer: &str, user: &str) -> String {
        let claims = json!({
            "iss": issuer, "azp": "admin-ui", "typ": "Bearer", "sub": user, "preferred_username": user,
            "exp": SystemClock.now().as_second() + 3600,
            "resource_access": { "realm-management": { "roles": ["realm-admin"] } },
        });
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", part(&json!({ "alg": "ES256", "typ": "JWT", "kid": KEY })), part(&claims));
        let signature = self.0.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}
