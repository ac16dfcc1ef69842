use primehub_core::identity::{Applied, IdentityError, IdentityStore as _, Key, NewPassword, UserEdit};
use primehub_core::names::UserId;

use super::*;
use crate::identity::PasswordCheck;
use crate::sessions::{Session, SessionKind};

async fn set(store: &MemoryIdentityStore, id: &UserId, password: &str, temporary: bool) -> Result<(), IdentityError> {
    let new = if temporary { NewPassword::temporary } else { NewPassword::lasting };
    store.set_password(&service(), id, new(secret(password))).await
}

async fn check(store: &MemoryIdentityStore, login: &str, password: &str) -> Option<String> {
    match store.verify_password(login, &secret(password)).await.unwrap() {
        PasswordCheck::Correct(user) => Some(user.username.to_string()),
        PasswordCheck::Wrong => None,
    }
}

#[tokio::test]
async fn a_password_opens_its_account_only() {
    let store = store();
    let amy = store.create_user(&service(), with_email("amy", "amy@example.com")).await.unwrap().value;
    add_user(&store, "bob").await;
    assert_eq!(check(&store, "amy", "secret").await, None);
    set(&store, &amy.id, "secret", false).await.unwrap();
    for (login, password, opens) in [
        ("amy", "secret", true),
        ("AMY", "secret", true),
        ("Amy@Example.com", "secret", true),
        ("amy", "Secret", false),
        ("amy", "", false),
        ("bob", "secret", false),
        ("nobody", "secret", false),
        ("", "secret", false),
    ] {
        assert_eq!(check(&store, login, password).await.as_deref(), opens.then_some("amy"), "{login:?} {password:?}");
    }
    set(&store, &amy.id, "newer", false).await.unwrap();
    assert_eq!((check(&store, "amy", "secret").await, check(&store, "amy", "newer").await), (None, Some("amy".into())));
}

#[tokio::test]
async fn the_password_follows_the_account() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    set(&store, &amy.id, "secret", false).await.unwrap();
    let edit = UserEdit { username: Some("zoe".parse().unwrap()), ..UserEdit::default() };
    store.edit_user(&service(), &amy.id, edit).await.unwrap();
    assert_eq!(check(&store, "zoe", "secret").await.as_deref(), Some("zoe"));
    assert_eq!(check(&store, "amy", "secret").await, None);
    store.delete_user(&service(), &amy.id).await.unwrap();
    add_user(&store, "zoe").await;
    assert_eq!(check(&store, "zoe", "secret").await, None);
}

#[tokio::test]
async fn an_address_opens_the_account_that_has_it_not_the_one_named_so() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let named = add_user(&store, "amy@example.com").await;
    set(&store, &amy.id, "amy's", false).await.unwrap();
    set(&store, &named.id, "other", false).await.unwrap();
    assert_eq!(check(&store, "amy@example.com", "other").await.as_deref(), Some("amy@example.com"));
    collide(&store, &amy, "amy@example.com").await;
    assert_eq!(check(&store, "amy@example.com", "amy's").await.as_deref(), Some("amy"));
    assert_eq!(check(&store, "amy@example.com", "other").await, None);
}

#[tokio::test]
async fn a_temporary_password_has_to_be_changed() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let actions = || store.directory().user(&amy.id).unwrap().required_actions.clone();
    for _ in 0..2 {
        set(&store, &amy.id, "secret", true).await.unwrap();
        assert_eq!(actions(), ["UPDATE_PASSWORD"]);
    }
    set(&store, &amy.id, "own", false).await.unwrap();
    assert!(actions().is_empty());
}

#[tokio::test]
async fn passwords_that_cannot_be_set() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    let before = store.directory();
    let error = set(&store, &amy.id, "", true).await.unwrap_err();
    assert_eq!(field_of(&error), Some("password"));
    let nobody = UserId::new("nobody");
    let error = set(&store, &nobody, "secret", false).await.unwrap_err();
    assert_eq!(error, IdentityError::Absent(Key::User(nobody)));
    assert!(unchanged(&before, &store));
}

#[tokio::test]
async fn one_time_passwords_are_removed_once() {
    let store = store();
    let amy = add_user(&store, "amy").await;
    store.write(&service(), |draft| draft.set_one_time_password(&amy.id, true)).await.unwrap();
    assert!(store.directory().user(&amy.id).unwrap().has_one_time_password);
    let removed = store.remove_one_time_passwords(&service(), &amy.id).await.unwrap();
    assert!(!removed.value.has_one_time_password);
    assert_eq!(store.remove_one_time_passwords(&service(), &amy.id).await.unwrap(), removed);
}

#[tokio::test]
async fn api_tokens_are_the_offline_sessions_of_the_client() {
    let store = store();
    let (amy, bob) = (add_user(&store, "amy").await, add_user(&store, "bob").await);
    for (user, client, kind) in [
        (&amy, "admin-ui", SessionKind::Offline),
        (&amy, "admin-ui", SessionKind::Offline),
        (&amy, "admin-ui", SessionKind::Online),
        (&amy, "jupyterhub", SessionKind::Offline),
    ] {
        let session = Session::new(kind, client, Timestamp::UNIX_EPOCH);
        store.sessions().start(&user.id, session).await.unwrap();
    }
    let asked = [amy.id.clone(), UserId::new("nobody"), bob.id.clone()];
    let expected = [(amy.id.clone(), 2), (bob.id.clone(), 0)].into();
    assert_eq!(store.api_token_counts(&asked).await, Ok(expected));
    assert_eq!(store.revoke_api_tokens(&service(), &amy.id).await, Ok(Applied::Changed));
    assert_eq!(store.revoke_api_tokens(&service(), &amy.id).await, Ok(Applied::Unchanged));
    assert_eq!(store.api_token_counts(&asked[..1]).await, Ok([(amy.id.clone(), 0)].into()));
    assert_eq!(store.sessions().offline_count(&amy.id, "jupyterhub"), 1);
    store.delete_user(&service(), &amy.id).await.unwrap();
    assert_eq!(store.sessions().offline_count(&amy.id, "jupyterhub"), 0);
}
