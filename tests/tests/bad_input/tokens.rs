//! Tokens that are not what they should be.

use std::time::Duration;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use primehub_core::identity::{Actor, IdentityStore as _, UserEdit};
use primehub_tests::{Caller, Platform};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

const ME: &str = "{ me { username } }";

/// Nobody: 401, and the same words whatever is wrong.
async fn is_refused(platform: &Platform, what: &str, token: &str) {
    let answer = platform.query_with(token, ME).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{what}: {}", answer.text);
    assert!(answer.message().contains("Invalid API Token"), "{what}: {}", answer.message());
    assert!(!answer.text.contains(token), "{what}: the token comes back");
}

async fn is_accepted(platform: &Platform, token: &str) {
    assert_eq!(platform.query_with(token, ME).await.data()["me"]["username"], "grace");
}

fn part(token: &str, number: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(number).unwrap()).unwrap()).unwrap()
}

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(algorithm: Algorithm, key: &EncodingKey, key_id: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(algorithm);
    header.kid = key_id.map(str::to_owned);
    encode(&header, claims, key).unwrap()
}

/// A key of the same kind as the provider's, that is not the provider's.
fn another_key() -> EncodingKey {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(der.as_ref()));
    EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap()
}

#[tokio::test]
async fn forged_tokens_are_nobodys() {
    let platform = Platform::start().await;
    let token = platform.token(Caller::Member).to_owned();
    is_accepted(&platform, &token).await;
    let (header, mut claims) = (part(&token, 0), part(&token, 1));
    let key_id = header["kid"].as_str().unwrap();
    let signature = token.rsplit('.').next().unwrap();

    // Somebody else's name under the same signature.
    claims["sub"] = platform.person("phadmin").id.as_str().into();
    is_refused(&platform, "changed claims", &format!("{}.{}.{signature}", encoded(&header), encoded(&claims))).await;

    for algorithm in ["none", "None", "NONE"] {
        let header = encoded(&json!({ "alg": algorithm, "typ": "JWT", "kid": key_id }));
        is_refused(&platform, algorithm, &format!("{header}.{}.", encoded(&claims))).await;
        is_refused(&platform, algorithm, &format!("{header}.{}.{signature}", encoded(&claims))).await;
    }

    // The public key as a secret: in all forms in which it is published.
    let keys = platform
        .send(platform.client.get(format!("{}/protocol/openid-connect/certs", platform.provider.issuer())))
        .await;
    let realm = platform.send(platform.client.get(platform.provider.issuer())).await;
    let public_key = realm.body["public_key"].as_str().unwrap();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{public_key}\n-----END PUBLIC KEY-----\n");
    let modulus = keys.body["keys"][0]["n"].as_str().unwrap();
    let published = [
        pem.into_bytes(),
        public_key.as_bytes().to_vec(),
        STANDARD.decode(public_key).unwrap(),
        modulus.as_bytes().to_vec(),
        URL_SAFE_NO_PAD.decode(modulus).unwrap(),
    ];
    for secret in published {
        let forged = signed(Algorithm::HS256, &EncodingKey::from_secret(&secret), Some(key_id), &claims);
        is_refused(&platform, "HS256 with the public key", &forged).await;
    }

    let key = another_key();
    is_refused(&platform, "another key under the known id", &signed(Algorithm::RS256, &key, Some(key_id), &claims))
        .await;
    is_refused(&platform, "unknown key id", &signed(Algorithm::RS256, &key, Some("unknown"), &claims)).await;
    is_refused(&platform, "no key id", &signed(Algorithm::RS256, &key, None, &claims)).await;
    for cut in [token.len() - 1, token.len() / 2, 10] {
        is_refused(&platform, "cut off", &token[..cut]).await;
    }
    is_accepted(&platform, &token).await;
}

#[tokio::test]
async fn tokens_of_others_are_nobodys() {
    let platform = Platform::start().await;
    let elsewhere = Platform::start().await;
    is_refused(&platform, "another issuer's access token", elsewhere.token(Caller::Member)).await;
    is_refused(&platform, "another issuer's API token", elsewhere.person("grace").api_token.expose_secret()).await;

    let other_app = platform.log_in_at(Platform::OTHER_CLIENT_ID, "phadmin", "openid offline_access").await;
    for kind in ["access_token", "refresh_token", "id_token"] {
        is_refused(&platform, &format!("{kind} of another client"), other_app.body[kind].as_str().unwrap()).await;
    }
}

#[tokio::test]
async fn do_better_2_1_refresh_and_id_tokens_are_not_for_calling() {
    let platform = Platform::start().await;
    let session = platform.log_in_at(Platform::CLIENT_ID, "grace", "openid").await;
    is_accepted(&platform, session.body["access_token"].as_str().unwrap()).await;
    is_refused(&platform, "refresh token", session.body["refresh_token"].as_str().unwrap()).await;
    is_refused(&platform, "ID token", session.body["id_token"].as_str().unwrap()).await;
    is_accepted(&platform, platform.person("grace").api_token.expose_secret()).await;
}

#[tokio::test]
async fn expired_tokens_are_nobodys_but_api_tokens_go_on() {
    let platform = Platform::start().await;
    let token = platform.token(Caller::Member).to_owned();
    is_accepted(&platform, &token).await;
    platform.clock.advance(Duration::from_hours(24));
    is_refused(&platform, "expired", &token).await;
    is_accepted(&platform, platform.person("grace").api_token.expose_secret()).await;
}

#[tokio::test]
async fn disabled_and_deleted_accounts_are_nobodys_at_once() {
    let platform = Platform::start().await;
    let by = Actor::service();
    let grace = platform.person("grace");
    let tokens = [platform.token(Caller::Member), grace.api_token.expose_secret()];
    let enable = async |enabled| {
        let edit = UserEdit { enabled: Some(enabled), ..UserEdit::default() };
        platform.memory.edit_user(&by, &grace.id, edit).await.unwrap();
    };
    for token in tokens {
        is_accepted(&platform, token).await;
    }
    enable(false).await;
    for token in tokens {
        is_refused(&platform, "disabled", token).await;
    }
    enable(true).await;
    is_accepted(&platform, tokens[0]).await;
    platform.memory.delete_user(&by, &grace.id).await.unwrap();
    platform.counted.take();
    for _ in 0..3 {
        for token in tokens {
            is_refused(&platform, "deleted", token).await;
        }
    }
    let calls = platform.counted.take();
    assert!(
        calls.keys().all(|call| *call == "refresh"),
        "an unknown account is looked for, and nothing else: {calls:?}"
    );
    assert!(calls.values().sum::<usize>() <= 6, "{calls:?}");
}

#[tokio::test]
async fn an_administrator_who_is_none_any_more_has_lost_the_right_at_once() {
    let platform = Platform::start().await;
    let role = platform.directory().administrator_role().clone();
    let from = primehub_core::identity::Subject::User(platform.person("phadmin").id.clone());
    platform.query(Caller::PlatformAdministrator, "{ system { __typename } }").await.data();
    platform.bind(primehub_core::identity::Binding::Revoke { from, role }).await;
    let answer = platform.query(Caller::PlatformAdministrator, "{ system { __typename } }").await;
    assert_eq!((answer.status, answer.code()), (200, "NOT_AUTH"));
}

/// Who was given the right after the token was issued has to get a new one: the role must stand in both.
#[tokio::test]
async fn an_administrator_needs_the_role_in_the_token_too() {
    let mut platform = Platform::start().await;
    platform.make_administrator(&platform.person("grace").id).await;
    let answer = platform.query(Caller::Member, "{ system { __typename } }").await;
    assert_eq!(answer.code(), "NOT_AUTH");
    platform.log_in().await;
    platform.query(Caller::Member, "{ system { __typename } }").await.data();
}

#[tokio::test]
async fn do_better_2_1_a_revoked_api_token_is_worthless_at_once() {
    let platform = Platform::start().await;
    let token = platform.person("grace").api_token.expose_secret();
    is_accepted(&platform, token).await;
    let answer = platform.query_with(token, "mutation { revokeApiToken { id } }").await;
    assert_eq!(answer.data()["revokeApiToken"]["id"], platform.person("grace").id.as_str());
    is_refused(&platform, "revoked", token).await;
    assert_eq!(platform.query(Caller::Member, "{ me { apiTokenCount } }").await.data()["me"]["apiTokenCount"], 0);
}
