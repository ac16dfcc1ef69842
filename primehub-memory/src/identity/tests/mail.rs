use std::time::Duration;

use primehub_core::identity::{
    Edit, IdentityError, IdentityStore as _, Key, RealmEdit, RequiredActionsEmail, UserEdit,
};
use primehub_core::names::UserId;
use rstest::rstest;

use super::*;

fn email(actions: &[&str]) -> RequiredActionsEmail {
    RequiredActionsEmail::new(texts(actions), Duration::from_hours(24))
}

async fn configure(store: &MemoryIdentityStore, settings: &[(&str, &str)]) {
    let entry = |(key, value): &(&str, &str)| ((*key).to_owned(), Edit::Set((*value).to_owned()));
    let smtp = settings.iter().map(entry).collect();
    store.edit_realm(&service(), RealmEdit { smtp, ..RealmEdit::default() }).await.unwrap();
}

#[tokio::test]
async fn a_message_lies_in_the_outbox() {
    let store = store();
    let amy = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    configure(&store, &[("host", "mail"), ("from", "primehub@example.com")]).await;
    store.send_required_actions(&service(), &amy.id, email(&["VERIFY_EMAIL", "UPDATE_PASSWORD"])).await.unwrap();
    let [message] = store.outbox().try_into().unwrap();
    assert_eq!(
        (message.user, message.to.as_str(), message.from.as_str()),
        (amy.id.clone(), "amy@example.com", "primehub@example.com")
    );
    assert_eq!(message.actions, ["VERIFY_EMAIL", "UPDATE_PASSWORD"]);
    assert_eq!(message.expires_at.duration_since(message.written_at).as_secs(), 86_400);
    assert!(store.directory().user(&amy.id).unwrap().required_actions.is_empty());
}

#[rstest]
#[case::nothing(&[])]
#[case::no_host(&[("from", "primehub@example.com")])]
#[case::empty_host(&[("host", ""), ("from", "primehub@example.com")])]
#[tokio::test]
async fn without_a_mail_server_nothing_is_sent(#[case] settings: &[(&str, &str)]) {
    let store = store();
    let amy = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    configure(&store, settings).await;
    let error = store.send_required_actions(&service(), &amy.id, email(&["VERIFY_EMAIL"])).await.unwrap_err();
    assert_eq!(error, IdentityError::Unavailable { cause: "no outgoing mail server is configured".into() });
    assert!(store.outbox().is_empty());
}

#[rstest]
#[case::no_address(new_user("amy"), true, &["VERIFY_EMAIL"], "email")]
#[case::disabled(with_email("amy", "amy@example.com"), false, &["VERIFY_EMAIL"], "user")]
#[case::unknown_action(with_email("amy", "amy@example.com"), true, &["VERIFY_EMAIL", "DANCE"], "actions")]
#[case::lower_case_action(with_email("amy", "amy@example.com"), true, &["verify_email"], "actions")]
#[tokio::test]
async fn messages_that_cannot_be_sent(
    #[case] new: NewUser,
    #[case] enabled: bool,
    #[case] actions: &[&str],
    #[case] field: &str,
) {
    let store = store();
    configure(&store, &[("host", "mail"), ("from", "primehub@example.com")]).await;
    let amy = store.create_user(&service(), new).await.unwrap().value;
    let edit = UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    store.edit_user(&service(), &amy.id, edit).await.unwrap();
    let error = store.send_required_actions(&service(), &amy.id, email(actions)).await.unwrap_err();
    assert_eq!(field_of(&error), Some(field));
    assert!(store.outbox().is_empty());
}

#[tokio::test]
async fn nobody_gets_no_mail() {
    let nobody = UserId::new("nobody");
    let error = store().send_required_actions(&service(), &nobody, email(&[])).await.unwrap_err();
    assert_eq!(error, IdentityError::Absent(Key::User(nobody)));
}
