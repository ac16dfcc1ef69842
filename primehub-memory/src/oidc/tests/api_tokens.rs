//! API tokens: offline tokens, event by event.

use primehub_core::identity::token::{TokenIssuer as _, TokenIssuerError};
use primehub_core::identity::{Actor, IdentityStore as _, NewPassword};
use primehub_core::names::UserId;

use super::{ADMIN_UI, LOGOUT, OTHER, REVOKE, TOKEN, World, parts};
use crate::oidc::{KeyUse, MintError};

const GONE: (u16, &str, &str) = (400, "invalid_grant", "Offline user session not found");

impl World {
    async fn api_token_count(&self) -> u32 {
        self.store.api_token_counts(std::slice::from_ref(&self.alice)).await.unwrap()[&self.alice]
    }
}

#[tokio::test]
async fn a_token_has_no_end_and_is_counted_once_per_login() {
    let world = World::new().await;
    let answer = world.log_in("alice", "wonder", "offline_access").await;
    assert_eq!((&answer.body["refresh_expires_in"], answer.body.get("id_token")), (&0.into(), None));
    let token = answer.text("refresh_token");
    let (header, claims) = parts(&token);
    assert_eq!((&header["alg"], &claims["typ"], claims.get("exp")), (&"HS512".into(), &"Offline".into(), None));

    world.advance(29 * 24 * 60 * 60);
    let next = world.refresh(&token).await;
    assert_eq!(next.body["refresh_expires_in"], 0);
    assert_ne!(next.text("refresh_token"), token, "each answer carries a new one");
    world.advance(29 * 24 * 60 * 60);
    for again in [&token, &next.text("refresh_token")] {
        assert_eq!(world.refresh(again).await.status, 200);
    }
    assert_eq!(world.api_token_count().await, 1);
    world.api_token().await;
    assert_eq!(world.api_token_count().await, 2);
    world.advance(30 * 24 * 60 * 60);
    assert_eq!(world.refresh(&token).await.error(), GONE, "unused for too long");
    assert_eq!(world.api_token_count().await, 0);
}

#[tokio::test]
async fn a_disabled_account_s_tokens_sleep_and_a_deleted_one_s_die() {
    let world = World::new().await;
    let token = world.api_token().await;
    world.enable_alice(false).await;
    assert_eq!(world.refresh(&token).await.error(), (400, "invalid_grant", "User disabled"));
    world.enable_alice(true).await;
    assert_eq!(world.refresh(&token).await.status, 200);
    world.delete_alice().await;
    assert_eq!(world.refresh(&token).await.error(), GONE);
}

#[tokio::test]
async fn a_new_password_changes_nothing() {
    let world = World::new().await;
    let token = world.api_token().await;
    let password = NewPassword::temporary("other".into());
    world.store.set_password(&Actor::service(), &world.alice, password).await.unwrap();
    assert_eq!(world.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn every_way_to_revoke() {
    let world = World::new().await;
    let token = world.api_token().await;
    let other = world.api_token().await;
    let revoked = world.post(REVOKE, &[ADMIN_UI, &[("token", &token), ("token_type_hint", "refresh_token")]]).await;
    assert_eq!((revoked.status.as_u16(), &revoked.body), (200, &serde_json::Value::Null));
    assert_eq!(world.refresh(&token).await.error(), GONE);
    assert_eq!(world.refresh(&other).await.status, 200, "another login's token is left alone");

    assert_eq!(world.post(LOGOUT, &[ADMIN_UI, &[("refresh_token", &other)]]).await.status, 204);
    assert_eq!(world.refresh(&other).await.error(), GONE);

    let token = world.api_token().await;
    world.store.revoke_api_tokens(&Actor::service(), &world.alice).await.unwrap();
    assert_eq!(world.refresh(&token).await.error(), GONE);
}

#[tokio::test]
async fn ending_a_login_leaves_api_tokens() {
    let world = World::new().await;
    let token = world.api_token().await;
    let login = world.log_in("alice", "wonder", "openid").await.text("refresh_token");
    assert_eq!(world.post(LOGOUT, &[ADMIN_UI, &[("refresh_token", &login)]]).await.status, 204);
    assert_eq!(world.refresh(&login).await.error(), (400, "invalid_grant", "Session not active"));
    assert_eq!(world.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn a_token_belongs_to_its_client() {
    let world = World::new().await;
    let token = world.api_token().await;
    let grant = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let error = "Invalid refresh token. Token client and authorized client don't match";
    assert_eq!(world.post(TOKEN, &[OTHER, &grant]).await.error(), (400, "invalid_grant", error));
    assert_eq!(
        world.post(REVOKE, &[OTHER, &[("token", &token)]]).await.error(),
        (400, "invalid_client", "Unmatching clients")
    );
    assert_eq!(world.post(LOGOUT, &[OTHER, &[("refresh_token", &token)]]).await.error(), (400, "invalid_grant", error));
    assert_eq!(world.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn tokens_outlive_the_keys_of_access_tokens_but_not_their_own() {
    let world = World::new().await;
    let token = world.api_token().await;
    world.provider.rotate_keys(KeyUse::AccessTokens).await.unwrap();
    world.provider.retire_keys(KeyUse::AccessTokens, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(world.refresh(&token).await.status, 200);

    world.provider.rotate_keys(KeyUse::RefreshTokens).await.unwrap();
    let renewed = world.refresh(&token).await.text("refresh_token");
    assert_ne!(parts(&token).0["kid"], parts(&renewed).0["kid"]);
    world.provider.retire_keys(KeyUse::RefreshTokens, std::time::Duration::ZERO).await.unwrap();
    assert_eq!(world.refresh(&token).await.error(), (400, "invalid_grant", "Invalid refresh token"));
    assert_eq!(world.refresh(&renewed).await.status, 200);
}

#[tokio::test]
async fn tokens_of_another_issuer_are_refused() {
    let world = World::new().await;
    let (_, mut claims) = parts(&world.api_token().await);
    claims["iss"] = "http://before.the.move/realms/primehub".into();
    let token = world.provider.0.keys.ring().sign_private(&claims).unwrap();
    let expected = "Invalid token issuer. Expected 'http://127.0.0.1:8180/realms/primehub'";
    assert_eq!(world.refresh(&token).await.error(), (400, "invalid_grant", expected));
}

#[tokio::test]
async fn accounts_without_the_role_get_none() {
    let world = World::new().await;
    world.store.take_default_role(&world.alice).await;
    let expected = (400, "not_allowed", "Offline tokens not allowed for the user or client");
    assert_eq!(world.log_in("alice", "wonder", "offline_access").await.error(), expected);
    assert_eq!(
        world.provider.mint_api_token(&world.alice).await.unwrap_err(),
        MintError::NotAllowed(world.alice.clone())
    );
    assert_eq!(world.api_token_count().await, 0);
}

#[tokio::test]
async fn a_minted_token_is_like_any_other() {
    let world = World::new().await;
    let token = world.provider.mint_api_token(&world.alice).await.unwrap();
    assert_eq!(world.api_token_count().await, 1);
    let access = world.provider.exchange_api_token(&token).await.unwrap();
    assert_eq!(parts(secrecy::ExposeSecret::expose_secret(&access)).1["sub"], world.alice.as_str());
    world.store.revoke_api_tokens(&Actor::service(), &world.alice).await.unwrap();
    let refused = world.provider.exchange_api_token(&token).await;
    assert_eq!(refused.unwrap_err(), TokenIssuerError::Rejected { reason: GONE.2.to_owned() });

    let nobody = UserId::new("nobody");
    assert_eq!(world.provider.mint_api_token(&nobody).await.unwrap_err(), MintError::NoSuchUser(nobody));
    world.enable_alice(false).await;
    assert_eq!(
        world.provider.mint_api_token(&world.alice).await.unwrap_err(),
        MintError::Disabled(world.alice.clone())
    );
}
