//! An OpenID Connect client library that knows nothing of this provider, as witness.

use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier, CoreJsonWebKeySet, CoreProviderMetadata};
use openidconnect::{AccessToken, AccessTokenHash, ClientId, ClientSecret, Nonce};

use super::{CERTS, World, forged};

#[tokio::test]
async fn a_client_library_believes_the_id_token() {
    let world = World::new().await;
    // The library reads the machine's clock: far in its future nothing has expired.
    world.advance(10 * 366 * 24 * 60 * 60);
    let discovery = world.get("/realms/primehub/.well-known/openid-configuration", None).await.body;
    let metadata: CoreProviderMetadata = serde_json::from_value(discovery).unwrap();
    let keys: CoreJsonWebKeySet = serde_json::from_value(world.get(CERTS, None).await.body).unwrap();
    let verifier = CoreIdTokenVerifier::new_confidential_client(
        ClientId::new("admin-ui".to_owned()),
        ClientSecret::new("s3cret".to_owned()),
        metadata.issuer().clone(),
        keys,
    );

    let answer = world.log_in("alice", "wonder", "openid").await;
    let token: CoreIdToken = answer.text("id_token").parse().unwrap();
    let any_nonce = |_: Option<&Nonce>| Ok(());
    let claims = token.claims(&verifier, any_nonce).unwrap();
    assert_eq!(claims.subject().as_str(), world.alice.as_str());
    let access = AccessToken::new(answer.text("access_token"));
    let hash =
        AccessTokenHash::from_token(&access, token.signing_alg().unwrap(), token.signing_key(&verifier).unwrap());
    assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));

    let forged: CoreIdToken = forged(&answer.text("id_token")).parse().unwrap();
    assert!(forged.claims(&verifier, any_nonce).is_err());
}
