//! Every mutation leaves one record.

use futures::FutureExt as _;
use serde_json::json;

use crate::audit::AuditResult;
use crate::error::Code;
use crate::schema::harness::Harness;

#[tokio::test]
async fn a_mutation_that_is_given_up_leaves_a_record_too() {
    let harness = Harness::new().await;
    let id = harness.user_id("dan");
    let document = format!("mutation {{ deleteUser(where: {{ id: \"{id}\" }}) {{ id }} }}");
    // Given up while the store works.
    assert!(harness.run_as("amy", &document).now_or_never().is_none());
    assert_eq!(harness.store.take_calls(), ["delete_user"]);
    let [record] = &harness.audit()[..] else { panic!("one record") };
    assert_eq!(record.result, AuditResult::Failed(Code::InternalServerError));
    assert_eq!((record.mutation.as_str(), &record.targets[..]), ("deleteUser", &[id.to_string()][..]));
}

#[tokio::test]
async fn a_record_names_who_joins_and_leaves() {
    let harness = Harness::new().await;
    let (lab, dan, bob) = (harness.group_id("lab"), harness.user_id("dan"), harness.user_id("bob"));
    let document = "mutation ($id: ID!, $users: UserUpdateManyInput!) \
        { updateGroup(where: { id: $id }, data: { users: $users }) { id } }";
    let users = json!({ "connect": [{ "id": dan.as_str() }], "disconnect": [{ "id": bob.as_str() }] });
    harness.run(harness.caller("amy"), document, json!({ "id": lab.as_str(), "users": users })).await.data();
    let [record] = &harness.audit()[..] else { panic!("one record") };
    assert_eq!(record.result, AuditResult::Done);
    assert_eq!(record.targets, [lab.to_string(), dan.to_string(), bob.to_string()]);
}
