use primehub_core::identity::{IdentityError, Key};
use serde_json::json;

use crate::schema::harness::Harness;

#[tokio::test]
async fn people_revoke_their_own_tokens_whoever_is_named() {
    let harness = Harness::new().await;
    let document = format!("mutation {{ revokeApiToken(userId: \"{}\") {{ id }} }}", harness.user_id("cat"));
    for caller in ["bob", "amy"] {
        let data = harness.run_as(caller, &document).await.data();
        assert_eq!(data, json!({ "revokeApiToken": { "id": harness.user_id(caller).as_str() } }));
    }
    assert_eq!(harness.store.take_calls(), ["revoke_api_tokens", "revoke_api_tokens"]);
    assert_eq!(harness.run_as_server(&document).await.error(), "NOT_AUTH: Not Authorised!");
}

#[tokio::test]
async fn tokens_that_cannot_be_revoked_are_an_error() {
    let harness = Harness::new().await;
    harness.store.fail_unavailable("revoke_api_tokens");
    harness.store.fail("revoke_api_tokens", IdentityError::Absent(Key::Realm));
    for _ in 0..2 {
        let answer = harness.run_as("bob", "mutation { revokeApiToken { id } }").await;
        assert_eq!(answer.error(), "USER_REVOKE_FAILED: Cannot revoke API token");
        assert_eq!(answer.partial_data(), &json!({ "revokeApiToken": null }));
    }
}
