use primehub_core::identity::{Conflict, Edit, IdentityError, UserEdit};
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::{Answer, Harness, LAST_BINDING};

async fn create(harness: &Harness, data: Value) -> Answer {
    const CREATE: &str = "mutation CreateUser($payload: UserCreateInput!) { createUser(data: $payload) { id username email firstName \
        lastName enabled totp isAdmin volumeCapacity groups { name } } }";
    harness.run(harness.caller("amy"), CREATE, json!({ "payload": data })).await
}

fn people(harness: &Harness) -> usize {
    harness.directory().people_count()
}

#[tokio::test]
async fn a_new_user_is_enabled_and_has_what_was_given() {
    let harness = Harness::new().await;
    let data = json!({
        "username": "eve", "email": "Eve@example.com", "firstName": "Eve", "enabled": false, "totp": true, "volumeCapacity": 5,
        "createdTimestamp": 1, "federated": true, "groups": { "connect": [{ "id": harness.group_id("lab").as_str() }] },
    });
    let created = create(&harness, data).await.data();
    let expected = json!({
        "id": harness.user_id("eve").as_str(), "username": "eve", "email": "eve@example.com", "firstName": "Eve", "lastName": null,
        "enabled": true, "totp": false, "isAdmin": false, "volumeCapacity": 5, "groups": [{ "name": "everyone" }, { "name": "lab" }],
    });
    assert_eq!(created["createUser"], expected);
}

#[tokio::test]
async fn do_better_6_7_1_only_the_created_user_gets_the_rights() {
    let harness = Harness::new().await;
    let data = json!({ "username": "ob", "isAdmin": true, "groups": { "connect": [{ "id": harness.group_id("ops").as_str() }] } });
    let created = create(&harness, data).await.data();
    assert_eq!(created["createUser"]["id"], harness.user_id("ob").as_str());
    assert_eq!(created["createUser"]["isAdmin"], true);
    assert!(!harness.directory().is_administrator(&harness.user_id("bob")));
    assert_eq!(harness.groups_of("bob"), ["everyone", "lab"]);
}

#[rstest]
#[case::upper_case(json!({ "username": "Eve" }), "REQUEST_BODY_INVALID: username cannot be \"Eve\"")]
#[case::empty(json!({ "username": "" }), "REQUEST_BODY_INVALID: username cannot be \"\"")]
#[case::taken(json!({ "username": "bob" }), "USER_CONFLICT_USERNAME: User exists with same username")]
#[case::taken_address(json!({ "username": "eve", "email": "BOB@example.com" }), "USER_CONFLICT_EMAIL: User exists with same email")]
#[case::no_address(json!({ "username": "eve", "email": "eve" }), "REQUEST_BODY_INVALID: email ")]
#[case::negative_capacity(json!({ "username": "eve", "volumeCapacity": -1 }), "REQUEST_BODY_INVALID: volumeCapacity must not be negative")]
#[case::negative_time(json!({ "username": "eve", "sendEmail": true, "expiresIn": -1 }), "BAD_USER_INPUT: expiresIn must not be negative")]
#[case::unknown_action(
    json!({ "username": "eve", "sendEmail": true, "resetActions": { "set": ["BOGUS"] } }),
    "REQUEST_BODY_INVALID: resetActions contains the unknown action \"BOGUS\""
)]
#[case::a_clients_name(
    json!({ "username": "service-account-eve" }),
    "REQUEST_BODY_INVALID: username cannot be \"service-account-eve\": names that begin with service-account- are reserved"
)]
#[case::unknown_group(json!({ "username": "eve", "groups": { "connect": [{ "id": "x" }] } }), "RESOURCE_NOT_FOUND: there is no group with id x")]
#[tokio::test]
async fn what_cannot_be_stored_is_refused(#[case] data: Value, #[case] error: &str) {
    let harness = Harness::new().await;
    harness.edit_user("bob", UserEdit { email: Edit::Set("bob@example.com".into()), ..UserEdit::default() }).await;
    let found = create(&harness, data).await.error();
    assert!(found.starts_with(error), "{found}");
    assert_eq!(people(&harness), 4);
}

#[tokio::test]
async fn the_licence_limits_the_number_of_people() {
    let harness = Harness::configured(|config| config.license.max_users = Some(5)).await;
    create(&harness, json!({ "username": "eve" })).await.data();
    let error = create(&harness, json!({ "username": "fay" })).await.error();
    assert_eq!(error, "EXCEED_QUOTA: Number of users exceeds license limitation.");
    assert_eq!(people(&harness), 5);
}

#[tokio::test]
async fn do_better_6_7_7_a_user_who_cannot_join_is_not_created() {
    let harness = Harness::new().await;
    let group = harness.group_id("lab");
    harness.store.fail(LAST_BINDING, IdentityError::Conflict(Conflict::Expectation));
    let data = json!({ "username": "eve", "isAdmin": true, "groups": { "connect": [{ "id": group.as_str() }] } });
    let error = create(&harness, data).await.error();
    let expected =
        "RESOURCE_CONFLICT: user eve was not created: eve joining group lab: the stored values have changed meanwhile";
    assert_eq!(error, expected);
    assert!(harness.directory().user_named("eve").is_none());
}

#[tokio::test]
async fn do_better_6_7_7_a_user_who_is_left_over_is_named() {
    let harness = Harness::new().await;
    harness.store.fail_unavailable("bind");
    harness.store.fail_unavailable("delete_user");
    let error = create(&harness, json!({ "username": "eve", "isAdmin": true })).await.error();
    assert!(error.starts_with("PARTIAL_FAILURE: done: creating user eve; failed: "), "{error}");
    assert!(harness.directory().user_named("eve").is_some());
}

#[tokio::test]
async fn an_administrator_grants_rights_with_a_token_of_their_own() {
    let harness = Harness::new().await;
    create(&harness, json!({ "username": "eve", "isAdmin": true })).await.data();
    let by = harness.user_id("amy");
    assert_eq!(harness.store.take_persons(), [by.clone(), by]);
}

#[tokio::test]
async fn the_new_user_is_asked_by_e_mail_in_the_background() {
    let harness = Harness::new().await;
    harness.add_mail_server().await;
    let data = json!({
        "username": "eve", "email": "eve@example.com", "sendEmail": true, "resetActions": { "set": ["CONFIGURE_TOTP"] }, "expiresIn": 60,
    });
    create(&harness, data).await.data();
    harness.settle(|| !harness.memory.outbox().is_empty()).await;
    let [message] = &harness.memory.outbox()[..] else { panic!("one message") };
    assert_eq!((message.to.as_str(), &message.actions[..]), ("eve@example.com", &["CONFIGURE_TOTP".to_owned()][..]));
    assert_eq!(message.expires_at.duration_since(message.written_at).as_secs(), 60);
}

#[tokio::test]
async fn a_mail_server_that_fails_does_not_decide_about_the_account() {
    let harness = Harness::new().await;
    create(&harness, json!({ "username": "eve", "email": "eve@example.com", "sendEmail": true })).await.data();
    create(&harness, json!({ "username": "fay", "sendEmail": true })).await.data();
    harness.settle(|| harness.store.has_called("send_required_actions")).await;
    assert_eq!(people(&harness), 6);
    assert_eq!(harness.store.take_calls(), ["create_user", "create_user", "send_required_actions"]);
}

#[tokio::test]
async fn only_administrators_create_users() {
    let harness = Harness::new().await;
    let document = "mutation { createUser(data: { username: \"eve\" }) { id } }";
    assert_eq!(harness.run_as("bob", document).await.error(), "NOT_AUTH: Not Authorised!");
    assert_eq!(harness.run_as_server(document).await.error(), "NOT_AUTH: Not Authorised!");
    let records: Vec<_> =
        harness.audit().into_iter().map(|record| (record.actor_role, record.mutation, record.fields)).collect();
    let expected = |role| (role, "createUser".to_owned(), vec!["username".to_owned()]);
    assert_eq!(records, [expected("USER"), expected("CLIENT")]);
}
