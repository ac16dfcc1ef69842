use primehub_core::access::Caller;
use primehub_core::identity::{AttributeEdit, AttributeEdits, Edit, IdentityError, Key, UserEdit, UserSettings};
use primehub_core::names::GroupId;
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::{Answer, Harness, LAST_BINDING};

const UPDATE: &str = "mutation ($data: UserUpdateInput!, $where: UserWhereUniqueInput!) { updateUser(data: $data, where: $where) { \
    id username email enabled isAdmin volumeCapacity enableInviteUsers predefinedEnvs groups { name } } }";

async fn update_by(harness: &Harness, caller: Caller, username: &str, data: Value) -> Answer {
    harness.run(caller, UPDATE, json!({ "data": data, "where": { "id": harness.user_id(username).as_str() } })).await
}

async fn update(harness: &Harness, username: &str, data: Value) -> Answer {
    update_by(harness, harness.caller("amy"), username, data).await
}

async fn bob_with_address() -> Harness {
    let harness = Harness::new().await;
    harness.edit_user("bob", UserEdit { email: Edit::Set("bob@example.com".into()), ..UserEdit::default() }).await;
    harness
}

fn groups(ids: &[&GroupId]) -> Value {
    ids.iter().map(|id| json!({ "id": id.as_str() })).collect()
}

#[tokio::test]
async fn do_better_6_7_2_an_update_without_enabled_leaves_it_alone() {
    let harness = Harness::new().await;
    update(&harness, "dan", json!({ "enabled": false })).await.data();
    let data = update(&harness, "dan", json!({ "firstName": "Dan" })).await.data();
    assert_eq!(data["updateUser"]["enabled"], false);
    update_by(&harness, Caller::SharedSecret, "dan", json!({ "predefinedEnvs": "{}" })).await.data();
    assert!(!harness.user("dan").enabled);
    update(&harness, "dan", json!({ "enabled": null })).await.data();
    assert!(!harness.user("dan").enabled);
    update(&harness, "dan", json!({ "enabled": true })).await.data();
    assert!(harness.user("dan").enabled);
}

#[rstest]
#[case::null(json!({ "enableInviteUsers": null, "volumeCapacity": null, "predefinedEnvs": null }))]
#[case::nothing_worth(json!({ "enableInviteUsers": false, "volumeCapacity": 0, "predefinedEnvs": "" }))]
#[tokio::test]
async fn do_better_6_7_3_settings_are_taken_away(#[case] data: Value) {
    let harness = Harness::new().await;
    let set = json!({ "enableInviteUsers": true, "volumeCapacity": 7, "predefinedEnvs": "{\"A\": 1}" });
    let answer = update(&harness, "dan", set.clone()).await.data();
    for (field, value) in set.as_object().unwrap() {
        assert_eq!(&answer["updateUser"][field], value);
    }
    update(&harness, "dan", json!({ "firstName": "Dan" })).await.data();
    assert!(UserSettings::of(&harness.user("dan").attributes).enable_invite_users);
    update(&harness, "dan", data).await.data();
    assert_eq!(harness.user("dan").attributes.iter().count(), 0);
}

#[tokio::test]
async fn do_better_6_7_4_attributes_from_elsewhere_keep_all_their_values() {
    let harness = Harness::new().await;
    let mut attributes = AttributeEdits::default();
    let values = vec!["a".to_owned(), "b".to_owned()];
    attributes.put("badge", AttributeEdit::Set(values.clone()));
    harness.edit_user("dan", UserEdit { attributes, ..UserEdit::default() }).await;
    update(&harness, "dan", json!({ "volumeCapacity": 7, "lastName": "D" })).await.data();
    assert_eq!(harness.user("dan").attributes.all("badge"), values);
}

#[rstest]
#[case::username(json!({ "username": "bob" }), "USER_CONFLICT_USERNAME: User exists with same username")]
#[case::email(json!({ "email": "bob@example.com" }), "USER_CONFLICT_EMAIL: User exists with same email")]
#[tokio::test]
async fn do_better_6_7_5_a_conflict_tells_username_from_address(#[case] data: Value, #[case] error: &str) {
    let harness = bob_with_address().await;
    assert_eq!(update(&harness, "dan", data).await.error(), error);
}

#[tokio::test]
async fn do_better_6_7_6_totp_false_takes_one_time_passwords_away() {
    let harness = Harness::new().await;
    update(&harness, "dan", json!({ "totp": true })).await.data();
    assert!(harness.store.take_calls().is_empty());
    update(&harness, "dan", json!({ "totp": false })).await.data();
    assert_eq!(harness.store.take_calls(), ["remove_one_time_passwords"]);
}

#[tokio::test]
async fn do_better_6_7_7_the_answer_is_fresh() {
    let harness = bob_with_address().await;
    let data = json!({
        "username": "rob", "email": null, "volumeCapacity": 9, "isAdmin": true,
        "groups": { "connect": groups(&[&harness.group_id("ops")]), "disconnect": groups(&[&harness.group_id("lab")]) },
    });
    let answer = update(&harness, "bob", data).await.data();
    let expected = json!({
        "id": harness.user_id("rob").as_str(), "username": "rob", "email": null, "enabled": true, "isAdmin": true, "volumeCapacity": 9,
        "enableInviteUsers": false, "predefinedEnvs": null, "groups": [{ "name": "everyone" }, { "name": "ops" }],
    });
    assert_eq!(answer["updateUser"], expected);
}

#[tokio::test]
async fn do_better_6_7_7_what_failed_is_reported() {
    let harness = Harness::new().await;
    let ops = harness.group_id("ops");
    harness.store.fail(LAST_BINDING, IdentityError::Absent(Key::Group(ops.clone())));
    let data = json!({ "lastName": "D", "isAdmin": true, "groups": { "connect": groups(&[&ops]) } });
    let error = update(&harness, "dan", data).await.error();
    let expected = format!(
        "PARTIAL_FAILURE: done: changing the account, granting realm-management:realm-admin to dan; \
         failed: dan joining group ops: there is no group with id {ops}"
    );
    assert_eq!(error, expected);
}

#[tokio::test]
async fn a_failure_of_the_first_write_is_told_as_it_is() {
    let harness = Harness::new().await;
    harness.store.fail_unavailable("edit_user");
    let data = json!({ "lastName": "D", "isAdmin": true });
    let error = update(&harness, "dan", data).await.error();
    assert_eq!(error, "API_UNAVAILABLE: the identity provider is not available; nothing was changed");
    assert!(!harness.directory().is_administrator(&harness.user_id("dan")));
}

#[rstest]
#[case::null(json!({ "email": null }))]
#[case::empty(json!({ "email": "" }))]
#[tokio::test]
async fn an_emptied_address_is_none(#[case] data: Value) {
    let harness = bob_with_address().await;
    update(&harness, "bob", json!({ "lastName": "B" })).await.data();
    assert_eq!(harness.user("bob").email.as_deref(), Some("bob@example.com"));
    update(&harness, "bob", data).await.data();
    assert_eq!(harness.user("bob").email, None);
}

#[tokio::test]
async fn an_unknown_user_is_an_error() {
    let harness = Harness::new().await;
    let variables = json!({ "data": { "lastName": "X" }, "where": { "id": "nobody" } });
    let answer = harness.run(harness.caller("amy"), UPDATE, variables).await;
    assert_eq!(answer.error(), "USER_NOT_EXIST: user does not exist");
    assert_eq!(answer.partial_data(), &json!({ "updateUser": null }));
}

#[rstest]
#[case::connect(json!({ "connect": [{ "id": "x" }] }), "RESOURCE_NOT_FOUND: there is no group with id x")]
#[case::disconnect(json!({ "disconnect": [{ "id": "x" }] }), "RESOURCE_NOT_FOUND: there is no group with id x")]
#[tokio::test]
async fn an_unknown_group_stops_the_whole_update(#[case] groups: Value, #[case] error: &str) {
    let harness = Harness::new().await;
    assert_eq!(update(&harness, "dan", json!({ "lastName": "D", "groups": groups })).await.error(), error);
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn do_better_7_8_8_nobody_leaves_the_group_of_everyone() {
    let harness = Harness::new().await;
    let data = json!({ "groups": { "disconnect": groups(&[&harness.group_id("everyone")]) } });
    let error = update(&harness, "dan", data).await.error();
    let expected = "REQUEST_BODY_INVALID: groups.disconnect must not name the group of everyone: nobody can leave it";
    assert_eq!(error, expected);
    assert_eq!(harness.groups_of("dan"), ["everyone"]);
}

#[rstest]
#[case::alone(json!({ "predefinedEnvs": "{\"A\": 1}" }), true)]
#[case::taken_away(json!({ "predefinedEnvs": null }), true)]
#[case::ignored_fields(json!({ "predefinedEnvs": "{}", "createdTimestamp": 1, "federated": false, "totp": true, "groups": {} }), true)]
#[case::name(json!({ "predefinedEnvs": "{}", "lastName": "X" }), false)]
#[case::address_taken_away(json!({ "email": null }), false)]
#[case::rights(json!({ "isAdmin": true }), false)]
#[case::not_even_what_is_so_already(json!({ "enabled": true }), false)]
#[case::capacity(json!({ "volumeCapacity": 100 }), false)]
#[case::one_time_passwords(json!({ "totp": false }), false)]
#[case::groups(json!({ "groups": { "connect": [{ "id": "x" }] } }), false)]
#[tokio::test]
async fn do_better_3_6_4_servers_write_predefined_envs_only(#[case] data: Value, #[case] allowed: bool) {
    let harness = Harness::new().await;
    let answer = update_by(&harness, Caller::SharedSecret, "dan", data).await;
    if allowed {
        answer.data();
    } else {
        assert_eq!(answer.error(), "NOT_AUTH: user not auth");
        assert!(harness.store.take_calls().is_empty());
    }
}

#[tokio::test]
async fn people_do_not_update_users_not_even_themselves() {
    let harness = Harness::new().await;
    let answer = update_by(&harness, harness.caller("bob"), "bob", json!({ "predefinedEnvs": "{}" })).await;
    assert_eq!(answer.error(), "NOT_AUTH: Not Authorised!");
}

#[tokio::test]
async fn a_long_text_of_the_spawner_is_kept_and_a_huge_one_refused() {
    let harness = Harness::new().await;
    let data = json!({ "predefinedEnvs": "x".repeat(50_000) });
    update_by(&harness, Caller::SharedSecret, "dan", data).await.data();
    let data = json!({ "predefinedEnvs": "x".repeat(200_000) });
    let error = update_by(&harness, Caller::SharedSecret, "dan", data).await.error();
    assert!(error.starts_with("REQUEST_BODY_INVALID: predefinedEnvs is longer than "), "{error}");
}
