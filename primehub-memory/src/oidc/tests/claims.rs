//! The claims of every token, and that PrimeHub's own check believes what it should.

use jiff::Timestamp;
use primehub_core::clock::Clock as _;
use primehub_core::identity::RoleKey;
use primehub_core::identity::token::{
    AccessClaims, TokenIssuer as _, TokenPolicy, TokenRejection, TokenShape, VerificationKeys, check_access_token,
};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::{ADMIN_UI, BASE, CERTS, TOKEN, World, forged, no_name, parts};
use crate::oidc::KeyUse;

/// The claims with what differs from run to run replaced.
fn stable(token: &str) -> Value {
    let (_, mut claims) = parts(token);
    for (claim, length) in [("sub", 36), ("sid", 24), ("at_hash", 22)] {
        if let Some(value) = claims.get_mut(claim) {
            assert_eq!(value.as_str().unwrap().len(), length, "{claim}");
            *value = format!("[{claim}]").into();
        }
    }
    let id = claims["jti"].as_str().unwrap();
    assert!(id.ends_with(|letter: char| letter.is_ascii_hexdigit()));
    let how = id.rsplit_once(':').map_or_else(|| "[jti]".to_owned(), |(how, _)| format!("{how}:[jti]"));
    claims["jti"] = how.into();
    claims
}

impl World {
    async fn access_token(&self, username: &str, password: &str) -> String {
        self.log_in(username, password, "").await.text("access_token")
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// PrimeHub's check, with the keys that the key set publishes.
    async fn check(&self, token: &str) -> Result<AccessClaims, TokenRejection> {
        let keys = VerificationKeys::from_jwks(&self.get(CERTS, None).await.body.to_string()).unwrap();
        check_access_token(token, &keys, &TokenPolicy::new(format!("{BASE}/realms/primehub"), "admin-ui"), self.now())
    }
}

#[tokio::test]
async fn tokens_of_a_login() {
    let world = World::new().await;
    let answer = world.log_in("alice", "wonder", "openid").await;
    insta::assert_json_snapshot!(stable(&answer.text("access_token")), @r#"
    {
      "acr": "1",
      "allowed-origins": [
        "*"
      ],
      "aud": "admin-ui",
      "azp": "admin-ui",
      "email": "alice@example.com",
      "email_verified": false,
      "exp": 1800000300,
      "family_name": "Lee",
      "given_name": "Al",
      "groups": [
        "/Vision_Lab",
        "/everyone"
      ],
      "iat": 1800000000,
      "iss": "http://127.0.0.1:8180/realms/primehub",
      "jti": "onrtro:[jti]",
      "name": "Al Lee",
      "preferred_username": "alice",
      "scope": "openid email profile",
      "sid": "[sid]",
      "sub": "[sub]",
      "typ": "Bearer"
    }
    "#);
    insta::assert_json_snapshot!(stable(&answer.text("id_token")), @r#"
    {
      "acr": "1",
      "at_hash": "[at_hash]",
      "aud": "admin-ui",
      "azp": "admin-ui",
      "email": "alice@example.com",
      "email_verified": false,
      "exp": 1800000300,
      "family_name": "Lee",
      "given_name": "Al",
      "groups": [
        "/Vision_Lab",
        "/everyone"
      ],
      "iat": 1800000000,
      "iss": "http://127.0.0.1:8180/realms/primehub",
      "jti": "[jti]",
      "name": "Al Lee",
      "preferred_username": "alice",
      "sid": "[sid]",
      "sub": "[sub]",
      "typ": "ID"
    }
    "#);
    insta::assert_json_snapshot!(stable(&answer.text("refresh_token")), @r#"
    {
      "aud": "http://127.0.0.1:8180/realms/primehub",
      "azp": "admin-ui",
      "exp": 1800001800,
      "iat": 1800000000,
      "iss": "http://127.0.0.1:8180/realms/primehub",
      "jti": "[jti]",
      "scope": "openid email profile",
      "sid": "[sid]",
      "sub": "[sub]",
      "typ": "Refresh"
    }
    "#);
    let header = |kind: &str| {
        let (header, _) = parts(&answer.text(kind));
        (header["alg"].clone(), header["typ"].clone())
    };
    assert_eq!(header("access_token"), ("RS256".into(), "JWT".into()));
    assert_eq!(header("refresh_token"), ("HS512".into(), "JWT".into()));
}

#[tokio::test]
async fn tokens_of_an_administrator() {
    let world = World::new().await;
    let token = world.access_token("root", "toor").await;
    insta::assert_json_snapshot!(stable(&token), @r#"
    {
      "acr": "1",
      "allowed-origins": [
        "*"
      ],
      "aud": [
        "admin-ui",
        "realm-management"
      ],
      "azp": "admin-ui",
      "email_verified": false,
      "exp": 1800000300,
      "groups": [
        "/everyone"
      ],
      "iat": 1800000000,
      "iss": "http://127.0.0.1:8180/realms/primehub",
      "jti": "onrtro:[jti]",
      "preferred_username": "root",
      "resource_access": {
        "realm-management": {
          "roles": [
            "create-client",
            "impersonation",
            "manage-authorization",
            "manage-clients",
            "manage-events",
            "manage-identity-providers",
            "manage-organizations",
            "manage-realm",
            "manage-users",
            "query-clients",
            "query-groups",
            "query-organizations",
            "query-realms",
            "query-users",
            "realm-admin",
            "view-authorization",
            "view-clients",
            "view-events",
            "view-identity-providers",
            "view-organizations",
            "view-realm",
            "view-users"
          ]
        }
      },
      "scope": "email profile",
      "sid": "[sid]",
      "sub": "[sub]",
      "typ": "Bearer"
    }
    "#);
}

#[tokio::test]
async fn tokens_of_a_client_s_own_account() {
    let world = World::new().await;
    let answer = world.post(TOKEN, &[ADMIN_UI, &[("grant_type", "client_credentials")]]).await;
    insta::assert_json_snapshot!(stable(&answer.text("access_token")), @r#"
    {
      "acr": "1",
      "allowed-origins": [
        "*"
      ],
      "aud": [
        "admin-ui",
        "realm-management"
      ],
      "azp": "admin-ui",
      "client_id": "admin-ui",
      "email_verified": false,
      "exp": 1800000300,
      "groups": [
        "/everyone"
      ],
      "iat": 1800000000,
      "iss": "http://127.0.0.1:8180/realms/primehub",
      "jti": "trrtcc:[jti]",
      "preferred_username": "service-account-admin-ui",
      "resource_access": {
        "realm-management": {
          "roles": [
            "create-client",
            "impersonation",
            "manage-authorization",
            "manage-clients",
            "manage-events",
            "manage-identity-providers",
            "manage-organizations",
            "manage-realm",
            "manage-users",
            "query-clients",
            "query-groups",
            "query-organizations",
            "query-realms",
            "query-users",
            "realm-admin",
            "view-authorization",
            "view-clients",
            "view-events",
            "view-identity-providers",
            "view-organizations",
            "view-realm",
            "view-users"
          ]
        }
      },
      "scope": "email profile",
      "sub": "[sub]",
      "typ": "Bearer"
    }
    "#);
}

#[tokio::test]
async fn tokens_of_an_api_token() {
    let world = World::new().await;
    let token = world.api_token().await;
    insta::assert_json_snapshot!(stable(&token), @r#"
    {
      "aud": "http://127.0.0.1:8180/realms/primehub",
      "azp": "admin-ui",
      "iat": 1800000000,
      "iss": "http://127.0.0.1:8180/realms/primehub",
      "jti": "[jti]",
      "scope": "email profile offline_access",
      "sid": "[sid]",
      "sub": "[sub]",
      "typ": "Offline"
    }
    "#);
    let (_, claims) = parts(&world.refresh(&token).await.text("access_token"));
    assert_eq!(claims["realm_access"], serde_json::json!({ "roles": ["offline_access"] }));
    assert!(claims["jti"].as_str().unwrap().starts_with("ofrtrt:"));
}

#[tokio::test]
async fn who_tells_nothing_has_no_empty_claims() {
    let world = World::new().await;
    world.edit_alice(no_name()).await;
    let (_, claims) = parts(&world.access_token("alice", "wonder").await);
    for claim in ["name", "given_name", "family_name", "email", "realm_access", "resource_access"] {
        assert_eq!(claims.get(claim), None, "{claim}");
    }
}

#[tokio::test]
async fn primehub_believes_the_tokens() {
    let world = World::new().await;
    let (root, alice) = (world.access_token("root", "toor").await, world.access_token("alice", "wonder").await);
    let role = RoleKey::administrator("primehub");
    assert!(world.check(&root).await.unwrap().has_role(&role));
    let claims = world.check(&alice).await.unwrap();
    assert_eq!((claims.subject, claims.preferred_username.as_deref()), (Some(world.alice.clone()), Some("alice")));
    assert!(!world.check(&alice).await.unwrap().has_role(&role));
    let service = world.post(TOKEN, &[ADMIN_UI, &[("grant_type", "client_credentials")]]).await.text("access_token");
    assert!(world.check(&service).await.unwrap().has_role(&role));

    let exchanged = world.provider.exchange_api_token(&world.api_token().await.into()).await.unwrap();
    let logged_in = world.provider.log_in("alice", &"wonder".into()).await.unwrap();
    let keys = world.provider.verification_keys(None).await.unwrap();
    for token in [exchanged, logged_in] {
        assert!(
            matches!(TokenShape::of(token.expose_secret()), TokenShape::Access { key_id: Some(id) } if keys.contains(&id))
        );
        assert!(world.check(token.expose_secret()).await.is_ok());
    }
}

#[tokio::test]
async fn primehub_refuses_what_is_no_access_token_of_today() {
    let world = World::new().await;
    let answer = world.log_in("alice", "wonder", "openid offline_access").await;
    let access = answer.text("access_token");
    assert_eq!(world.check(&answer.text("id_token")).await.unwrap_err(), TokenRejection::WrongType);
    assert_eq!(world.check(&answer.text("refresh_token")).await.unwrap_err(), TokenRejection::UnknownKey);
    assert_eq!(TokenShape::of(&answer.text("refresh_token")), TokenShape::Opaque);
    assert_eq!(world.check(&forged(&access)).await.unwrap_err(), TokenRejection::WrongSignature);
    world.advance(299);
    assert!(world.check(&access).await.is_ok());
    world.advance(31);
    assert_eq!(world.check(&access).await.unwrap_err(), TokenRejection::Expired);
}

#[tokio::test]
async fn tokens_of_an_older_key_are_believed_until_it_is_retired() {
    let world = World::new().await;
    let old = world.access_token("alice", "wonder").await;
    world.provider.rotate_keys(KeyUse::AccessTokens).await.unwrap();
    let new = world.access_token("alice", "wonder").await;
    let keys = world.get(CERTS, None).await.body;
    let ids: Vec<_> = keys["keys"].as_array().unwrap().iter().map(|key| &key["kid"]).collect();
    assert_eq!(ids.len(), 3, "and the one for encryption");
    assert_eq!(ids[..2], [&parts(&new).0["kid"], &parts(&old).0["kid"]], "the newest comes first");
    assert!(world.check(&old).await.is_ok() && world.check(&new).await.is_ok());
    world.provider.retire_keys(KeyUse::AccessTokens, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(world.check(&old).await.unwrap_err(), TokenRejection::UnknownKey);
    assert!(world.check(&new).await.is_ok());
    assert!(!world.provider.verification_keys(None).await.unwrap().contains(parts(&old).0["kid"].as_str().unwrap()));
}
