use std::task::{Context, Waker};

use primehub_core::identity::{IdentityError, Key, User};
use serde_json::json;

use crate::operations::api_token::ApiTokenCounts;
use crate::request::Budget;
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

/// Even where there are so many rows that work on them is interrupted again and again.
#[tokio::test]
async fn the_numbers_of_a_long_list_cost_one_call() {
    let harness = Harness::new().await;
    let mut directory = (*harness.directory()).clone();
    for number in 0..1_000 {
        let name = format!("person-{number}");
        directory.put_user(User::new(name.as_str().into(), name.as_str()));
    }
    let document = "{ users(first: 1000) { apiTokenCount groups { name } } usersConnection(first: 9) { edges { node { apiTokenCount } } } }";
    let directory = std::sync::Arc::new(directory);
    for used in [0, 1, 40, 127] {
        // However much of its turn the task has used before.
        tokio::task::yield_now().await;
        for _ in 0..used {
            tokio::task::consume_budget().await;
        }
        let answer = harness.run_in(directory.clone(), harness.caller("amy"), document, json!({})).await;
        assert_eq!(answer.data()["users"].as_array().map(Vec::len), Some(1_000));
        assert_eq!(harness.store.take_calls(), ["api_token_counts"], "{used}");
    }
}

#[tokio::test]
async fn a_number_is_right_although_whoever_asked_first_is_gone() {
    let harness = Harness::new().await;
    let (bob, cat) = (harness.user_id("bob"), harness.user_id("cat"));
    let (counts, budget) = (ApiTokenCounts::default(), Budget::default());
    let mut first = Box::pin(counts.of(&*harness.store, &budget, &bob));
    let mut second = Box::pin(counts.of(&*harness.store, &budget, &cat));
    let context = &mut Context::from_waker(Waker::noop());
    // Both join; then the first asks, and is dropped while the store works.
    assert!(first.as_mut().poll(context).is_pending() && second.as_mut().poll(context).is_pending());
    assert!(first.as_mut().poll(context).is_pending());
    assert!(first.as_mut().poll(context).is_pending());
    assert_eq!(harness.store.take_calls(), ["api_token_counts"]);
    drop(first);
    second.await.unwrap();
    let mut together = vec![bob.clone(), cat.clone()];
    together.sort();
    assert_eq!(harness.store.take_counted(), [together], "nobody is left out of the second call");
}
