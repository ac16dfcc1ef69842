use primehub_core::access::Caller;
use primehub_core::identity::{Edit, UserEdit};
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::{Answer, Harness};

const USER: &str =
    "query ($where: UserWhereUniqueInput!) { user(where: $where) { id username email firstName lastName } }";

async fn user(harness: &Harness, caller: Caller, username: &str, fields: &str) -> Answer {
    let document = format!("query ($where: UserWhereUniqueInput!) {{ user(where: $where) {{ {fields} }} }}");
    harness.run(caller, &document, json!({ "where": { "id": harness.user_id(username).as_str() } })).await
}

async fn with_names() -> Harness {
    let harness = Harness::new().await;
    for name in ["cat", "dan"] {
        let edit = UserEdit {
            email: Edit::Set(format!("{name}@example.com")),
            first_name: Edit::Set("First".into()),
            last_name: Edit::Set("Last".into()),
            ..UserEdit::default()
        };
        harness.edit_user(name, edit).await;
    }
    harness
}

#[tokio::test]
async fn me_is_the_caller() {
    let harness = Harness::new().await;
    let data = harness.run_as("bob", "{ me { id username firstName lastName email isAdmin } }").await.data();
    let id = harness.user_id("bob");
    let me = json!({ "id": id.as_str(), "username": "bob", "firstName": null, "lastName": null, "email": null, "isAdmin": false });
    assert_eq!(data["me"], me);
    assert_eq!(harness.run_as("amy", "{ me { isAdmin } }").await.data()["me"]["isAdmin"], true);
    assert_eq!(harness.run_as_server("{ me { id } }").await.error(), "NOT_AUTH: Not Authorised!");
}

#[tokio::test]
async fn groups_hold_everyone_and_effective_groups_do_not() {
    let harness = Harness::new().await;
    let data = harness.run_as("bob", "{ me { groups { name } effectiveGroups { name } } }").await.data();
    let expected =
        json!({ "groups": [{ "name": "everyone" }, { "name": "lab" }], "effectiveGroups": [{ "name": "lab" }] });
    assert_eq!(data["me"], expected);
}

#[tokio::test]
async fn a_new_account_has_nothing_optional() {
    let harness = Harness::new().await;
    let fields = "totp enabled createdTimestamp federated volumeCapacity enableInviteUsers predefinedEnvs announcements { id } \
                  apiTokenCount sendEmail resetActions expiresIn";
    let data = user(&harness, harness.caller("amy"), "dan", fields).await.data();
    let expected = json!({
        "totp": false, "enabled": true, "createdTimestamp": 1_893_456_000_000.0, "federated": false, "volumeCapacity": null,
        "enableInviteUsers": false, "predefinedEnvs": null, "announcements": [], "apiTokenCount": 0,
        "sendEmail": null, "resetActions": null, "expiresIn": null,
    });
    assert_eq!(data["user"], expected);
}

#[tokio::test]
async fn do_better_3_6_2_a_member_of_the_same_group_shows_names_and_address() {
    let harness = with_names().await;
    let answer = user(&harness, harness.caller("bob"), "cat", "username firstName lastName email").await;
    let expected = json!({ "username": "cat", "firstName": "First", "lastName": "Last", "email": "cat@example.com" });
    assert_eq!(answer.data()["user"], expected);
}

#[tokio::test]
async fn do_better_3_6_2_a_stranger_shows_id_and_username() {
    let harness = with_names().await;
    let id = harness.user_id("dan");
    let answer = harness.run(harness.caller("bob"), USER, json!({ "where": { "id": id.as_str() } })).await;
    let expected = json!({ "id": id.as_str(), "username": "dan", "email": null, "firstName": null, "lastName": null });
    assert_eq!(answer.partial_data()["user"], expected);
    assert_eq!(answer.errors(), ["NOT_AUTH: user not auth"; 3]);
}

#[rstest]
#[case("isAdmin")]
#[case("totp")]
#[case("enabled")]
#[case("createdTimestamp")]
#[case("federated")]
#[case("volumeCapacity")]
#[case("enableInviteUsers")]
#[case("predefinedEnvs")]
#[case("groups { id }")]
#[case("effectiveGroups { id }")]
#[case("announcements { id }")]
#[case("apiTokenCount")]
#[tokio::test]
async fn do_better_3_6_2_everything_else_is_for_oneself_and_administrators(#[case] field: &str) {
    let harness = Harness::new().await;
    let answer = user(&harness, harness.caller("bob"), "cat", field).await;
    let name = field.split(' ').next().unwrap();
    assert_eq!(answer.error(), "NOT_AUTH: user not auth");
    assert_eq!(answer.partial_data()["user"][name], Value::Null);
    for caller in [harness.caller("cat"), harness.caller("amy"), Caller::SharedSecret] {
        user(&harness, caller, "cat", field).await.data();
    }
}

#[tokio::test]
async fn nobody_has_an_unknown_id() {
    let harness = Harness::new().await;
    let data = harness.run(harness.caller("bob"), USER, json!({ "where": { "id": "nobody" } })).await.data();
    assert_eq!(data, json!({ "user": null }));
}

#[tokio::test]
async fn do_better_3_6_8_a_refused_list_says_so_with_a_code() {
    let harness = Harness::new().await;
    for document in ["{ users { id } }", "{ usersConnection { edges { cursor } } }"] {
        let answer = harness.run_as("bob", document).await;
        assert_eq!(answer.error(), "NOT_AUTH: Not Authorised!");
        assert_eq!(answer.partial_data(), &Value::Null);
    }
    assert_eq!(harness.run_as_server("{ users { username } }").await.data()["users"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_published_client_reads_pages_until_one_is_empty() {
    const PAGE: &str = "query UsersConnection($userAfter: String $userBefore: String $userLast: Int $userFirst: Int \
        $where: UserWhereInput $userOrderBy: UsersOrderBy) { users: usersConnection(after: $userAfter before: $userBefore \
        last: $userLast first: $userFirst where: $where userOrderBy: $userOrderBy) { edges { cursor node { id username email \
        firstName lastName enabled isAdmin } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let harness = Harness::new().await;
    for number in 10..25 {
        harness.add_user(&format!("user-{number}")).await;
    }
    let mut sizes = Vec::new();
    for index in 0..3 {
        let variables = json!({ "userAfter": index.to_string(), "userFirst": 10 });
        let data = harness.run(harness.caller("amy"), PAGE, variables).await.data();
        sizes.push(data["users"]["edges"].as_array().unwrap().len());
    }
    assert_eq!(sizes, [10, 9, 0]);
}

#[tokio::test]
async fn the_plain_list_has_the_same_pages() {
    let harness = Harness::new().await;
    let names = |data: &Value| {
        data["users"].as_array().unwrap().iter().map(|user| user["username"].clone()).collect::<Vec<_>>()
    };
    let data = harness.run_as("amy", "{ users { username } }").await.data();
    assert_eq!(names(&data), ["amy", "bob", "cat", "dan"]);
    let data =
        harness.run_as("amy", "{ users(first: 2, after: \"1\", page: null, where: null) { username } }").await.data();
    assert_eq!(names(&data), ["cat", "dan"]);
    let data =
        harness.run_as("amy", "{ users(where: { username_contains: \"A\", id: null }) { username } }").await.data();
    assert_eq!(names(&data), ["amy", "cat", "dan"]);
    let error = harness.run_as("amy", "{ users(first: -1) { username } }").await.error();
    assert_eq!(error, "BAD_USER_INPUT: first must not be negative");
}

#[rstest]
#[case::of_this_installation("ann:news", true)]
#[case::of_another_installation("other:ann:news", false)]
#[case::no_announcement("img:news", false)]
#[tokio::test]
async fn announcements_need_kubernetes_only_where_there_are_some(#[case] role: &str, #[case] some: bool) {
    let harness = Harness::new().await;
    harness.add_group_role("lab", role).await;
    let answer = harness.run_as("bob", "{ me { announcements { id content expiryDate } } }").await;
    assert_eq!(answer.partial_data()["me"]["announcements"], if some { Value::Null } else { json!([]) });
    let refused: Vec<_> = answer.errors().iter().map(|error| error.starts_with("API_UNAVAILABLE: ")).collect();
    assert_eq!(refused, if some { vec![true] } else { vec![] });
    harness.run_as("dan", "{ me { announcements { id } } }").await.data();
}

#[tokio::test]
async fn numbers_of_api_tokens_cost_one_call_for_everybody() {
    let harness = Harness::new().await;
    let document = "{ me { apiTokenCount } users { apiTokenCount groups { users { apiTokenCount } } } \
                      other: usersConnection { edges { node { username apiTokenCount } } } }";
    harness.run_as("amy", document).await.data();
    assert_eq!(harness.store.take_calls(), ["api_token_counts"]);
}

#[tokio::test]
async fn whoever_does_not_ask_for_numbers_of_api_tokens_causes_no_call() {
    let harness = Harness::new().await;
    harness
        .run_as("amy", "{ users { id isAdmin groups { name } effectiveGroups { name } announcements { id } } }")
        .await
        .data();
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn a_number_of_api_tokens_that_cannot_be_told_has_a_code() {
    let harness = Harness::new().await;
    harness.store.fail_unavailable("api_token_counts");
    let answer = harness.run_as("bob", "{ me { username apiTokenCount } }").await;
    assert_eq!(answer.error(), "USER_API_TOKEN_COUNT: Cannot get API token count");
    assert_eq!(answer.partial_data()["me"], json!({ "username": "bob", "apiTokenCount": null }));
}
