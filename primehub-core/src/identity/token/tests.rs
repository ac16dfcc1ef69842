use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::identity::RoleKey;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.example.com/realms/primehub";

struct Signer {
    key: EncodingKey,
    jwk: Value,
}

fn signer(key_id: &str) -> Signer {
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let pkcs8 = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    let key = EncodingKey::from_ec_der(pkcs8.as_ref());
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap()).unwrap();
    jwk["kid"] = json!(key_id);
    jwk["use"] = json!("sig");
    jwk["alg"] = json!("ES256");
    Signer { key, jwk }
}

impl Signer {
    fn sign(&self, key_id: &str, claims: &Value) -> String {
        let header = Header { kid: Some(key_id.into()), ..Header::new(Algorithm::ES256) };
        jsonwebtoken::encode(&header, claims, &self.key).unwrap()
    }

    fn keys(&self) -> VerificationKeys {
        VerificationKeys::from_jwks(&json!({ "keys": [self.jwk] }).to_string()).unwrap()
    }
}

fn claims() -> Value {
    json!({
        "iss": ISSUER, "sub": "u-1", "azp": "admin-ui", "typ": "Bearer", "exp": NOW + 300, "preferred_username": "amy",
        "resource_access": { "realm-management": { "roles": ["realm-admin"] } },
    })
}

fn check(token: &str, keys: &VerificationKeys) -> Result<AccessClaims, TokenRejection> {
    let policy = TokenPolicy::new(ISSUER, "admin-ui");
    check_access_token(token, keys, &policy, Timestamp::from_second(NOW).unwrap())
}

#[test]
fn a_good_token_tells_account_and_roles() {
    let signer = signer("k1");
    let claims = check(&signer.sign("k1", &claims()), &signer.keys()).unwrap();
    assert_eq!(claims.subject.as_ref().map(crate::names::UserId::as_str), Some("u-1"));
    assert!(claims.has_role(&RoleKey::administrator("primehub")));
    assert!(!claims.has_role(&RoleKey::administrator("master")));
}

#[rstest]
#[case::within_the_leeway("exp", json!(NOW - 29), None)]
#[case::past_the_leeway("exp", json!(NOW - 30), Some(TokenRejection::Expired))]
#[case::no_expiry("exp", Value::Null, Some(TokenRejection::Expired))]
#[case::expiry_at_the_end_of_numbers("exp", json!(i64::MAX), None)]
#[case::too_early("nbf", json!(NOW + 31), Some(TokenRejection::NotYetValid))]
#[case::another_issuer("iss", json!("https://evil.example.com/realms/primehub"), Some(TokenRejection::WrongIssuer))]
#[case::another_client("azp", json!("somebody-else"), Some(TokenRejection::WrongClient))]
#[case::no_client("azp", Value::Null, Some(TokenRejection::WrongClient))]
#[case::a_refresh_token("typ", json!("Refresh"), Some(TokenRejection::WrongType))]
#[case::an_identity_token("typ", json!("ID"), Some(TokenRejection::WrongType))]
#[case::no_type("typ", Value::Null, Some(TokenRejection::WrongType))]
#[case::no_account("sub", Value::Null, Some(TokenRejection::NoSubject))]
#[case::claims_of_the_wrong_kind("iss", json!(5), Some(TokenRejection::Malformed))]
fn one_claim_changed(#[case] claim: &str, #[case] value: Value, #[case] rejection: Option<TokenRejection>) {
    let signer = signer("k1");
    let mut claims = claims();
    claims[claim] = value;
    assert_eq!(check(&signer.sign("k1", &claims), &signer.keys()).err(), rejection);
}

#[rstest]
#[case::one(json!("admin-ui"))]
#[case::among_several(json!(["account", "admin-ui"]))]
fn a_token_meant_for_us_may_come_from_another_client(#[case] audience: Value) {
    let signer = signer("k1");
    let mut claims = claims();
    claims["azp"] = json!("jupyterhub");
    claims["aud"] = audience;
    assert!(check(&signer.sign("k1", &claims), &signer.keys()).is_ok());
}

#[test]
fn keys_that_do_not_belong_are_refused() {
    let (ours, theirs) = (signer("k1"), signer("k1"));
    assert_eq!(check(&theirs.sign("k1", &claims()), &ours.keys()).err(), Some(TokenRejection::WrongSignature));
    assert_eq!(check(&ours.sign("k2", &claims()), &ours.keys()).err(), Some(TokenRejection::UnknownKey));
}

#[test]
fn the_token_cannot_choose_the_algorithm() {
    let signer = signer("k1");
    let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
    let public = EncodingKey::from_secret(signer.jwk["x"].as_str().unwrap().as_bytes());
    let symmetric = jsonwebtoken::encode(&header, &claims(), &public).unwrap();
    assert_eq!(check(&symmetric, &signer.keys()).err(), Some(TokenRejection::WrongSignature));

    let good = signer.sign("k1", &claims());
    let unsigned = format!("eyJhbGciOiJub25lIiwia2lkIjoiazEifQ.{}.", good.split('.').nth(1).unwrap());
    assert_eq!(check(&unsigned, &signer.keys()).err(), Some(TokenRejection::Malformed));
}

#[test]
fn a_changed_token_is_refused_at_every_place() {
    let signer = signer("k1");
    let good = signer.sign("k1", &claims());
    for part in 0..3 {
        let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
        let text = &mut parts[part];
        let middle = text.len() / 2;
        let other = if text.as_bytes()[middle] == b'A' { "B" } else { "A" };
        text.replace_range(middle..=middle, other);
        assert!(check(&parts.join("."), &signer.keys()).is_err(), "part {part}");
    }
}

#[test]
fn only_public_signature_keys_are_taken_from_a_set() {
    let signer = signer("k1");
    let mut for_encryption = signer.jwk.clone();
    for_encryption["kid"] = json!("k2");
    for_encryption["use"] = json!("enc");
    let symmetric = json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "k3", "alg": "HS256" });
    let unheard_of = json!({ "kty": "lattice", "kid": "k4" });
    let set = json!({ "keys": [signer.jwk, for_encryption, symmetric, unheard_of] }).to_string();
    let keys = VerificationKeys::from_jwks(&set).unwrap();
    assert_eq!(["k1", "k2", "k3", "k4"].map(|id| keys.contains(id)), [true, false, false, false]);
    assert!(VerificationKeys::from_jwks("[]").is_err());
}

#[test]
fn offline_tokens_are_told_by_their_shape() {
    let signer = signer("k1");
    let access = signer.sign("k1", &claims());
    assert_eq!(TokenShape::of(&access), TokenShape::Access { key_id: Some("k1".into()) });
    let mut offline = claims();
    offline["typ"] = json!("Offline");
    let symmetric = jsonwebtoken::encode(&Header::new(Algorithm::HS512), &offline, &EncodingKey::from_secret(b"s"));
    assert_eq!(TokenShape::of(&symmetric.unwrap()), TokenShape::Opaque);
    assert_eq!(TokenShape::of(&signer.sign("k1", &offline)), TokenShape::Opaque);
    let mut refresh = claims();
    refresh["typ"] = json!("Refresh");
    let symmetric = jsonwebtoken::encode(&Header::new(Algorithm::HS512), &refresh, &EncodingKey::from_secret(b"s"));
    assert_eq!(TokenShape::of(&symmetric.unwrap()), TokenShape::Refresh);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_check_panic(text in ".{0,200}") {
        let keys = VerificationKeys::default();
        proptest::prop_assert!(check(&text, &keys).is_err());
        proptest::prop_assert_eq!(TokenShape::of(&text), TokenShape::Opaque);
    }
}
