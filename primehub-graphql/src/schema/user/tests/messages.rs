//! E-mails and passwords.

use primehub_core::identity::{Edit, UserEdit};
use primehub_memory::identity::PasswordCheck;
use rstest::rstest;
use serde_json::{Value, json};

use crate::schema::harness::{Answer, Harness};

const SEND: &str = "mutation ($id: String, $resetActions: [String], $expiresIn: Int) \
    { sendEmail(id: $id, resetActions: $resetActions, expiresIn: $expiresIn) { id } }";
const SEND_ALL: &str = "mutation ($in: [String], $resetActions: [String], $expiresIn: Int) \
    { sendMultiEmail(in: $in, resetActions: $resetActions, expiresIn: $expiresIn) { status } }";
const RESET: &str = "mutation ResetPassword($id: String, $password: String, $temporary: Boolean) \
    { resetPassword(id: $id, password: $password, temporary: $temporary) { id } }";

async fn run(harness: &Harness, document: &str, variables: Value) -> Answer {
    harness.run(harness.caller("amy"), document, variables).await
}

async fn add_address(harness: &Harness, username: &str) {
    harness
        .edit_user(username, UserEdit { email: Edit::Set(format!("{username}@example.com")), ..UserEdit::default() })
        .await;
}

#[tokio::test]
async fn one_person_is_asked() {
    let harness = Harness::new().await;
    harness.add_mail_server().await;
    add_address(&harness, "dan").await;
    let id = harness.user_id("dan");
    let data = run(&harness, SEND, json!({ "id": id.as_str() })).await.data();
    assert_eq!(data, json!({ "sendEmail": { "id": id.as_str() } }));
    let [message] = &harness.memory.outbox()[..] else { panic!("one message") };
    assert_eq!(message.actions, ["VERIFY_EMAIL", "UPDATE_PASSWORD"]);
    assert_eq!(message.expires_at.duration_since(message.written_at).as_hours(), 24);
}

#[tokio::test]
async fn a_message_that_cannot_be_sent_is_an_error() {
    let harness = Harness::new().await;
    let id = harness.user_id("dan");
    assert_eq!(run(&harness, SEND, json!({ "id": "x" })).await.error(), "USER_NOT_EXIST: user does not exist");
    assert_eq!(run(&harness, SEND, json!({})).await.error(), "BAD_USER_INPUT: id must not be null");
    let without_address = run(&harness, SEND, json!({ "id": id.as_str() })).await.error();
    assert_eq!(without_address, "USER_EMAIL_NOT_EXIST: user email not defined");
    add_address(&harness, "dan").await;
    let without_server = run(&harness, SEND, json!({ "id": id.as_str() })).await.error();
    assert_eq!(without_server, "API_UNAVAILABLE: no outgoing mail server is configured: set it in the system settings");
    let negative = run(&harness, SEND, json!({ "id": id.as_str(), "expiresIn": -1 })).await.error();
    assert_eq!(negative, "BAD_USER_INPUT: expiresIn must not be negative");
    harness.add_mail_server().await;
    harness.store.fail_unavailable("send_required_actions");
    let failed = run(&harness, SEND, json!({ "id": id.as_str() })).await.error();
    assert_eq!(failed, "API_UNAVAILABLE: the e-mail could not be sent");
    harness.store.take_calls();
    for (document, who) in [(SEND, json!({ "id": id.as_str() })), (SEND_ALL, json!({ "in": [id.as_str()] }))] {
        let mut variables = who;
        variables["resetActions"] = json!(["VERIFY_EMAIL", "DANCE"]);
        let unknown = run(&harness, document, variables).await.error();
        assert_eq!(unknown, "REQUEST_BODY_INVALID: resetActions contains the unknown action \"DANCE\"");
    }
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn do_better_6_7_9_many_messages_are_sent_a_few_at_a_time() {
    let harness = Harness::new().await;
    harness.add_mail_server().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        let name = format!("user-{number}");
        ids.push(harness.add_user(&name).await);
        add_address(&harness, &name).await;
    }
    let data = run(&harness, SEND_ALL, json!({ "in": ids })).await.data();
    assert_eq!(data, json!({ "sendMultiEmail": { "status": true } }));
    assert_eq!(harness.memory.outbox().len(), 10);
    assert_eq!(harness.store.most_at_once(), 4);
}

#[tokio::test]
async fn one_failure_does_not_keep_the_others_from_being_asked() {
    let harness = Harness::new().await;
    harness.add_mail_server().await;
    for name in ["bob", "dan"] {
        add_address(&harness, name).await;
    }
    let ids = json!(["nobody", harness.user_id("bob"), null, harness.user_id("cat"), harness.user_id("dan")]);
    let data = run(&harness, SEND_ALL, json!({ "in": ids })).await.data();
    assert_eq!(data, json!({ "sendMultiEmail": { "status": false } }));
    assert_eq!(harness.memory.outbox().len(), 2);
}

#[rstest]
#[case::missing(json!({}))]
#[case::null(json!({ "in": null }))]
#[case::empty(json!({ "in": [] }))]
#[case::nothing_but_null(json!({ "in": [null] }))]
#[tokio::test]
async fn an_e_mail_to_nobody_is_a_mistake(#[case] variables: Value) {
    let error = run(&Harness::new().await, SEND_ALL, variables).await.error();
    assert_eq!(error, "BAD_USER_INPUT: in must name at least one user");
}

#[tokio::test]
async fn a_password_is_set_and_may_have_to_be_changed() {
    let harness = Harness::new().await;
    let id = harness.user_id("dan");
    let data = run(&harness, RESET, json!({ "id": id.as_str(), "password": "secret", "temporary": true })).await.data();
    assert_eq!(data, json!({ "resetPassword": { "id": id.as_str() } }));
    assert_eq!(harness.user("dan").required_actions, ["UPDATE_PASSWORD"]);
    run(&harness, RESET, json!({ "id": id.as_str(), "password": "other", "temporary": false })).await.data();
    assert!(harness.user("dan").required_actions.is_empty());
    let check = harness.memory.verify_password("dan", &"other".into()).await.unwrap();
    assert!(matches!(check, PasswordCheck::Correct(_)));
}

#[tokio::test]
async fn a_password_needs_a_user_and_a_character() {
    let harness = Harness::new().await;
    let id = harness.user_id("dan");
    for password in [json!(""), Value::Null] {
        let error = run(&harness, RESET, json!({ "id": id.as_str(), "password": password })).await.error();
        assert_eq!(error, "REQUEST_BODY_INVALID: password must not be empty");
    }
    let error = run(&harness, RESET, json!({ "id": "x", "password": "secret" })).await.error();
    assert_eq!(error, "USER_NOT_EXIST: user does not exist");
    assert!(harness.store.take_calls().is_empty());
}

#[tokio::test]
async fn only_administrators_send_messages_and_set_passwords() {
    let harness = Harness::new().await;
    for document in [SEND, SEND_ALL, RESET] {
        let answer =
            harness.run(harness.caller("bob"), document, json!({ "id": "x", "password": "secret", "in": [] })).await;
        assert_eq!(answer.error(), "NOT_AUTH: Not Authorised!");
    }
}

#[tokio::test]
async fn notebooks_are_taken_note_of_for_servers() {
    let harness = Harness::new().await;
    let document = "mutation { notifyNotebookEvent(data: { notebookStatus: \"success\", notebookGpu: false, notebookDuration: 1.5 }) }";
    assert_eq!(harness.run_as_server(document).await.data(), json!({ "notifyNotebookEvent": 0 }));
    assert_eq!(harness.run_as("amy", document).await.error(), "NOT_AUTH: Not Authorised!");
}
