//! What an account has to do before its owner is let in.

use primehub_core::identity::{Actor, IdentityStore as _, NewPassword, NewUser};
use rstest::rstest;

use super::browser::{Browser, request};
use super::{Answer, World};
use crate::identity::{MemoryIdentityStore, RealmSettings};

/// A new person `fresh` with the password `first-one`, who has to do these things.
async fn fresh(actions: &[&str]) -> World {
    let mut realm = RealmSettings::new("primehub", "admin-ui");
    realm.default_actions =
        actions.iter().filter(|action| **action != "UPDATE_PASSWORD").map(|action| (*action).to_owned()).collect();
    let world = World::in_realm(realm, |_| {}).await;
    let by = Actor::service();
    let user = world.store.create_user(&by, NewUser::new("fresh".parse().unwrap())).await.unwrap().value;
    let temporary = actions.contains(&"UPDATE_PASSWORD");
    let password =
        if temporary { NewPassword::temporary("first-one".into()) } else { NewPassword::lasting("first-one".into()) };
    world.store.set_password(&by, &user.id, password).await.unwrap();
    world
}

fn open_actions(store: &MemoryIdentityStore) -> Vec<String> {
    store.directory().user_named("fresh").unwrap().required_actions.clone()
}

async fn log_in(browser: &mut Browser<'_>) -> Answer {
    browser.log_in_at(&request(&[]), "fresh", "first-one").await
}

fn new_password<'a>(new: &'a str, again: &'a str) -> [(&'static str, &'a str); 2] {
    [("password-new", new), ("password-confirm", again)]
}

#[tokio::test]
async fn a_temporary_password_is_changed_first() {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    assert_eq!(page.status, 200);
    assert!(page.html().contains("name=\"password-new\"") && !browser.cookies.contains_key("PRIMEHUB_SESSION"));
    let back = browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    assert_eq!(back.status, 303, "{}", back.body);
    assert_eq!(world.exchange(&back.parameter("code")).await.status, 200);
    assert_eq!(open_actions(&world.store), Vec::<String>::new());
    assert_eq!(world.log_in("fresh", "second-one", "").await.status, 200);
    assert_eq!(world.log_in("fresh", "first-one", "").await.status, 400);
}

#[rstest]
#[case::not_repeated("second-one", "third-one")]
#[case::empty("", "")]
#[case::short("short", "short")]
#[case::the_same("first-one", "first-one")]
#[tokio::test]
async fn a_bad_new_password_is_asked_for_again(#[case] new: &str, #[case] again: &str) {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    let page = browser.submit(&page.form(), &new_password(new, again)).await;
    assert_eq!(page.status, 200);
    assert!(page.html().contains("role=\"alert\"") && open_actions(&world.store) == ["UPDATE_PASSWORD"]);
    let back = browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    assert_eq!(back.status, 303);
}

#[tokio::test]
async fn a_form_that_has_done_its_work_lets_nobody_in() {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    let question = browser.get(super::LOGOUT).await;
    browser.submit(&question.form(), &[]).await;
    let again = browser.submit(&page.form(), &new_password("third-one", "third-one")).await;
    assert_eq!((again.status.as_u16(), browser.cookies.contains_key("PRIMEHUB_SESSION")), (200, false));
    assert!(again.html().contains("name=\"username\""), "a password is asked for");
    assert_eq!(world.log_in("fresh", "second-one", "").await.status, 200, "nothing has changed");
}

#[tokio::test]
async fn the_page_for_an_action_is_void_once_the_password_is_another() {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    // Somebody else knew it, so it is replaced, by the same or another one.
    let id = world.store.directory().user_named("fresh").unwrap().id.clone();
    world.store.set_password(&Actor::service(), &id, NewPassword::temporary("first-one".into())).await.unwrap();
    let again = browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    assert!(again.html().contains("name=\"username\""), "a password is asked for");
    assert_eq!(open_actions(&world.store), ["UPDATE_PASSWORD"]);
    assert!(!browser.cookies.contains_key("PRIMEHUB_SESSION"));
}

#[tokio::test]
async fn the_page_for_an_action_does_not_stay_good_for_long() {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    world.advance(600);
    let again = browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    assert!(again.html().contains("name=\"username\""), "a password is asked for");
    assert_eq!(open_actions(&world.store), ["UPDATE_PASSWORD"]);
}

#[tokio::test]
async fn a_login_form_does_no_action_and_an_action_no_login() {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let login = browser.get(&request(&[])).await.form();
    let action = log_in(&mut browser).await.form();
    let typed = [&new_password("second-one", "second-one")[..], &[("username", "root"), ("password", "toor")]].concat();
    for (form, action) in [(&login, &action.action), (&action, &login.action)] {
        let crossed = super::browser::Form { action: action.clone(), fields: form.fields.clone() };
        assert_eq!(browser.submit(&crossed, &typed).await.status, 403);
    }
}

#[tokio::test]
async fn terms_are_accepted_once() {
    let world = fresh(&["TERMS_AND_CONDITIONS", "UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let mut page = log_in(&mut browser).await;
    assert!(page.html().contains("Be kind."));
    let ask_again = browser.submit(&page.form(), &[]).await;
    assert_eq!(ask_again.status, 200, "neither button was pressed");
    page = browser.submit(&page.form(), &[("accept", "true")]).await;
    assert!(page.html().contains("name=\"password-new\""), "{}", page.html());
    let back = browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    assert_eq!(world.exchange(&back.parameter("code")).await.status, 200);
    let directory = world.store.directory();
    let user = directory.user_named("fresh").unwrap();
    assert_eq!((user.required_actions.len(), user.attributes.first("terms_and_conditions")), (0, Some("1800000000")));
}

#[tokio::test]
async fn whoever_declines_terms_is_not_let_in() {
    let world = fresh(&["TERMS_AND_CONDITIONS"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    let back = browser.submit(&page.form(), &[("cancel", "true")]).await;
    assert_eq!((back.parameter("error"), back.parameter("state")), ("access_denied".to_owned(), "st&te".to_owned()));
    assert!(!browser.cookies.contains_key("PRIMEHUB_SESSION"));
    assert_eq!(open_actions(&world.store), ["TERMS_AND_CONDITIONS"]);

    let page = browser.log_in_at(super::browser::ACCOUNT, "fresh", "first-one").await;
    assert_eq!(browser.submit(&page.form(), &[("cancel", "true")]).await.status, 403);
}

#[tokio::test]
async fn what_is_not_offered_here_is_said_last() {
    let world = fresh(&["CONFIGURE_TOTP", "TERMS_AND_CONDITIONS"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    let page = browser.submit(&page.form(), &[("accept", "true")]).await;
    assert_eq!((page.status.as_u16(), browser.cookies.contains_key("PRIMEHUB_SESSION")), (403, false));
    assert!(page.html().contains("error=access_denied"), "there is a way back: {}", page.html());
    assert_eq!(open_actions(&world.store), ["CONFIGURE_TOTP"]);
}

#[tokio::test]
async fn an_account_that_is_disabled_meanwhile_stays_out() {
    let world = fresh(&["UPDATE_PASSWORD"]).await;
    let mut browser = world.browser();
    let page = log_in(&mut browser).await;
    let id = world.store.directory().user_named("fresh").unwrap().id.clone();
    let off = primehub_core::identity::UserEdit { enabled: Some(false), ..Default::default() };
    world.store.edit_user(&Actor::service(), &id, off).await.unwrap();
    let refused = browser.submit(&page.form(), &new_password("second-one", "second-one")).await;
    assert_eq!((refused.status.as_u16(), open_actions(&world.store)), (400, vec!["UPDATE_PASSWORD".to_owned()]));
}
