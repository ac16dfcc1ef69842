//! Who can log in to a bootstrapped realm, and what the tokens say.

use std::sync::Arc;

use primehub_core::clock::{Clock as _, SystemClock};
use primehub_core::identity::RoleKey;
use primehub_core::identity::token::{AccessClaims, TokenIssuer as _, TokenPolicy, TokenRejection, check_access_token};
use primehub_keycloak::{Keycloak, KeycloakTokens};
use real_peers::Shared;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::place::{CLIENT, Place};

pub(super) async fn believed(shared: Arc<Shared>) {
    let (place, secret) = Place::bootstrapped(&shared, "bootstrap-tokens").await;
    place.allow_passwords().await;
    place.add_direct_client().await;
    // As from an invitation: a name, perhaps of one letter, and a password.
    place.person("i").await;
    let administrator = place.person("phadmin").await;
    place.set_rights(&administrator, &["realm-admin"], true).await;

    let keycloak = Keycloak::new(place.settings(&secret)).unwrap();
    let issuer = KeycloakTokens::new(&keycloak);
    let policy = TokenPolicy::new(keycloak.settings().issuer(), CLIENT);
    let keys = issuer.verification_keys(None).await.unwrap();
    let check = |token: &str| check_access_token(token, &keys, &policy, SystemClock.now());
    let administers = |claims: &AccessClaims| claims.has_role(&RoleKey::administrator(&place.name));

    for (username, is_administrator) in [("i", false), ("phadmin", true)] {
        let tokens = place.platform_tokens(&secret, username, "openid offline_access").await;
        let claims = check(tokens["access_token"].as_str().unwrap()).unwrap();
        assert_eq!(administers(&claims), is_administrator, "{username}");

        // What a page shows once and people keep for ever.
        let api_token = SecretString::from(tokens["refresh_token"].as_str().unwrap());
        for _ in 0..3 {
            let access = issuer.exchange_api_token(&api_token).await.unwrap();
            let claims = check(access.expose_secret()).unwrap();
            assert_eq!(claims.preferred_username.as_deref(), Some(username));
            assert_eq!(claims.subject.unwrap().as_str(), place.user(username).await);
            assert_eq!(claims.authorized_party.as_deref(), Some(CLIENT));
            assert!(claims.audience.contains(CLIENT), "{:?}", claims.audience);
            assert_eq!(claims.issuer, format!("{}/realms/{}", place.base(), place.name));
        }
        let access = issuer.exchange_api_token(&api_token).await.unwrap();
        assert_eq!(administers(&check(access.expose_secret()).unwrap()), is_administrator, "{username}");
    }
    // Tokens of another client of the realm are not the platform's.
    assert_eq!(check(&place.direct_token("i").await).unwrap_err(), TokenRejection::WrongClient);
    place.end().await;

    // Without the bootstrap, invited people have to fill in a form before anything else.
    let plain = Place::new(&shared, "bootstrap-plain").await;
    plain.admin.create_realm(&plain.name, json!({ "sslRequired": "none" })).await.unwrap();
    plain.add_direct_client().await;
    plain.person("invited").await;
    let (status, body) = plain.try_direct("invited").await;
    assert_eq!((status, &body["error_description"]), (400, &json!("Account is not fully set up")));
    plain.run(plain.request()).await;
    plain.direct_token("invited").await;
    plain.end().await;
}
