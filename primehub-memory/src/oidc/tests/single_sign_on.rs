//! One login for all clients of a browser, and when it is not enough.

use http::header;
use primehub_core::identity::{Actor, IdentityStore as _, NewPassword};
use rstest::rstest;

use super::browser::{Browser, request};
use super::{BASE, OTHER, TOKEN, World};

const HUB: [(&str, &str); 5] = [
    ("client_id", "other"),
    ("redirect_uri", "https://hub.example/cb"),
    ("code_challenge", ""),
    ("code_challenge_method", ""),
    ("nonce", ""),
];

async fn world() -> World {
    World::with(|settings| settings.other_clients[0].redirect_uris = vec!["https://hub.example/*".to_owned()]).await
}

const SESSION: &str = "PRIMEHUB_SESSION";

#[tokio::test]
async fn the_next_client_gets_a_code_without_a_page() {
    let world = world().await;
    let mut browser = world.browser();
    let first = world.exchange(&browser.code(&[]).await).await;
    let back = browser.get(&request(&HUB)).await;
    assert_eq!(back.status, 302);
    let code = back.parameter("code");
    let grant = [("grant_type", "authorization_code"), ("code", &*code), ("redirect_uri", "https://hub.example/cb")];
    let second = world.post(TOKEN, &[OTHER, &grant]).await;
    assert_eq!(second.body["session_state"], first.body["session_state"], "it is one session");
    assert_eq!(browser.get(&request(&[("prompt", "none")])).await.parameter("state"), "st&te");
}

#[tokio::test]
async fn what_a_client_has_revoked_stays_so_when_it_logs_in_again_in_the_session() {
    let world = world().await;
    let mut browser = world.browser();
    let before = world.exchange(&browser.code(&[]).await).await;
    // Another client keeps the session alive.
    browser.get(&request(&HUB)).await;
    let (refresh, access) = (before.text("refresh_token"), before.text("access_token"));
    assert_eq!(world.post(super::REVOKE, &[super::ADMIN_UI, &[("token", &refresh)]]).await.status, 200);
    world.advance(1);
    let again = world.exchange(&browser.get(&request(&[])).await.parameter("code")).await;
    assert_eq!(again.body["session_state"], before.body["session_state"]);
    assert_eq!(world.refresh(&refresh).await.error(), (400, "invalid_grant", "Session not active"));
    assert_eq!(world.get(super::USER_INFO, Some(&access)).await.status, 401);
    for hint in ["refresh_token", "access_token"] {
        let shown = [("token", if hint == "access_token" { &*access } else { &refresh }), ("token_type_hint", hint)];
        let seen = world.post(super::INTROSPECT, &[super::ADMIN_UI, &shown]).await;
        assert_eq!(seen.body["active"], false, "{hint}");
    }
    let revoked = world.post(super::REVOKE, &[super::ADMIN_UI, &[("token", &refresh)]]).await;
    assert_eq!(revoked.status, 200, "once more, which concerns nothing that came later");
    let out = world.post(super::LOGOUT, &[super::ADMIN_UI, &[("refresh_token", &refresh)]]).await;
    assert_eq!(out.status, 204, "nor does a logout with it");
    assert_eq!(world.refresh(&again.text("refresh_token")).await.status, 200);
    assert_eq!(world.get(super::USER_INFO, Some(&again.text("access_token"))).await.status, 200);
}

#[rstest]
#[case::at_once(&[], 0, 302)]
#[case::after_a_while(&[], 29 * 60, 302)]
#[case::after_too_long(&[], 30 * 60, 200)]
#[case::wanted_anew(&[("prompt", "login")], 0, 200)]
#[case::somebody_else(&[("prompt", "select_account")], 0, 200)]
#[case::young_enough(&[("max_age", "60")], 59, 302)]
#[case::too_old(&[("max_age", "60")], 60, 200)]
#[case::always_too_old(&[("max_age", "0")], 0, 200)]
#[tokio::test]
async fn a_page_is_shown_when_the_login_is_not_enough(
    #[case] more: &[(&str, &str)],
    #[case] seconds: u64,
    #[case] status: u16,
) {
    let world = world().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    world.advance(seconds);
    assert_eq!(browser.get(&request(more)).await.status, status);
    let silent = [more, &[("prompt", "none")]].concat();
    if !more.iter().any(|(name, _)| *name == "prompt") {
        let back = browser.get(&request(&silent)).await;
        assert_eq!(back.parameters().get("error").map(String::as_str), (status == 200).then_some("login_required"));
    }
}

#[tokio::test]
async fn a_password_shown_anew_renews_the_session_and_its_secret() {
    let world = world().await;
    let mut browser = world.browser();
    let first = world.exchange(&browser.code(&[]).await).await;
    let stolen = browser.cookies[SESSION].clone();
    world.advance(100);
    let page = browser.get(&request(&[("max_age", "60")])).await;
    assert!(page.html().contains("enter your password again") && page.html().contains("value=\"alice\""));
    let back = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
    let second = world.exchange(&back.parameter("code")).await;
    assert_eq!(second.body["session_state"], first.body["session_state"]);
    assert_eq!(super::parts(&second.text("id_token")).1["auth_time"], 1_800_000_100);

    assert_ne!(browser.cookies[SESSION], stolen);
    let mut thief = world.browser();
    thief.cookies.insert(SESSION.to_owned(), stolen);
    assert_eq!(thief.get(&request(&[])).await.status, 200, "the old secret opens nothing");
    assert_eq!(browser.get(&request(&[])).await.status, 302);
}

#[rstest]
#[case::other_secret(|cookie: &str| { let (rest, secret) = cookie.rsplit_once('.').unwrap(); let other = if secret.starts_with('A') { "B" } else { "A" }; format!("{rest}.{other}{}", &secret[1..]) })]
#[case::no_secret(|cookie: &str| cookie.rsplit_once('.').unwrap().0.to_owned())]
#[case::empty_secret(|cookie: &str| format!("{}.", cookie.rsplit_once('.').unwrap().0))]
#[case::more(|cookie: &str| format!("{cookie}.x"))]
#[case::nonsense(|_: &str| "x".to_owned())]
#[tokio::test]
async fn a_cookie_that_is_not_the_session_s_is_none(#[case] change: fn(&str) -> String) {
    let world = world().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let cookie = browser.cookies[SESSION].clone();
    browser.cookies.insert(SESSION.to_owned(), change(&cookie));
    assert_eq!(browser.get(&request(&[])).await.status, 200);
    browser.cookies.insert(SESSION.to_owned(), cookie);
    assert_eq!(browser.get(&request(&[])).await.status, 302);
}

#[tokio::test]
async fn tokens_of_a_client_s_own_login_open_no_browser() {
    let world = world().await;
    let login = world.log_in("alice", "wonder", "openid").await;
    let sid = login.text("session_state");
    let user = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, world.alice.as_str());
    for secret in ["", "x", &sid] {
        let mut browser = world.browser();
        browser.cookies.insert(SESSION.to_owned(), format!("{user}.{sid}.{secret}"));
        assert_eq!(browser.get(&request(&[])).await.status, 200);
    }
}

#[rstest]
#[case::disabled("disabled")]
#[case::deleted("deleted")]
#[tokio::test]
async fn an_account_that_may_not_log_in_is_not_logged_in(#[case] what: &str) {
    let world = world().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    if what == "disabled" {
        world.enable_alice(false).await;
    } else {
        world.delete_alice().await;
    }
    assert_eq!(browser.get(&request(&[("prompt", "none")])).await.parameter("error"), "login_required");
}

#[tokio::test]
async fn something_to_do_first_is_no_silent_login() {
    let world = world().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let temporary = NewPassword::temporary("changed".into());
    world.store.set_password(&Actor::service(), &world.alice, temporary).await.unwrap();
    assert_eq!(browser.get(&request(&[("prompt", "none")])).await.parameter("error"), "interaction_required");
    assert_eq!(browser.get(&request(&[])).await.status, 200);
}

#[rstest]
#[case::http(BASE, "")]
#[case::https("https://id.example", "; Secure")]
#[tokio::test]
async fn cookies_are_for_the_provider_alone(#[case] base: &str, #[case] secure: &str) {
    let world = World::with(|settings| settings.base_url = base.to_owned()).await;
    let mut browser = world.browser();
    let page = browser.get(&request(&[])).await;
    let back = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
    for (answer, name) in [(&page, "PRIMEHUB_BROWSER"), (&back, SESSION)] {
        let cookie = answer.header(header::SET_COOKIE);
        let end = format!("; Path=/realms/primehub/; HttpOnly; SameSite=Lax{secure}");
        assert!(cookie.starts_with(&format!("{name}=")) && cookie.ends_with(&end), "{cookie}");
    }
}

async fn log_in_as_root(browser: &mut Browser<'_>, address: &str) -> super::Answer {
    browser.log_in_at(address, "root", "toor").await
}

#[tokio::test]
async fn somebody_else_logs_in_by_choice() {
    let world = world().await;
    let mut browser = world.browser();
    let alice = world.exchange(&browser.code(&[]).await).await.text("refresh_token");
    let page = browser.get(&request(&[("prompt", "login")])).await;
    let link = page.html().split("href=\"").find(|link| link.contains("select_account")).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    let back = log_in_as_root(&mut browser, &link).await;
    let tokens = world.exchange(&back.parameter("code")).await;
    assert_eq!(super::parts(&tokens.text("id_token")).1["preferred_username"], "root");
    assert_eq!(world.refresh(&alice).await.error().2, "Session not active", "the browser has one session");
}

#[tokio::test]
async fn a_page_from_before_does_not_silently_replace_a_login() {
    let world = world().await;
    let mut browser = world.browser();
    let old = browser.get(&request(&[])).await;
    browser.code(&[]).await;
    let asked = browser.submit(&old.form(), &[("username", "root"), ("password", "toor")]).await;
    assert_eq!(asked.status, 400);
    assert!(asked.html().contains("alice"), "{}", asked.html());
    assert_eq!(browser.get(&request(&[("prompt", "none")])).await.parameter("state"), "st&te", "alice goes on");

    let out = browser.submit(&asked.form(), &[]).await;
    assert_eq!(out.status, 303);
    let back = log_in_as_root(&mut browser, out.location()).await;
    let tokens = world.exchange(&back.parameter("code")).await;
    assert_eq!(super::parts(&tokens.text("id_token")).1["preferred_username"], "root");
}

/// An ID token of that person, as some client has it.
async fn id_token(world: &World, username: &str, password: &str) -> String {
    world.log_in(username, password, "openid").await.text("id_token")
}

#[rstest]
#[case::oneself("alice", "wonder", None)]
#[case::somebody_else("root", "toor", Some("login_required"))]
#[tokio::test]
async fn a_silent_login_is_for_the_person_whose_id_token_is_shown(
    #[case] username: &str,
    #[case] password: &str,
    #[case] expected: Option<&str>,
) {
    let world = world().await;
    let token = id_token(&world, username, password).await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let hint = [("prompt", "none"), ("id_token_hint", &*token)];
    let error = |back: super::Answer| back.parameters().remove("error");
    assert_eq!(error(browser.get(&request(&hint)).await).as_deref(), expected);
    world.advance(300);
    assert_eq!(error(browser.get(&request(&hint)).await).as_deref(), expected, "also once the token has expired");
    let foreign = super::forged(&token);
    let hint = [("prompt", "none"), ("id_token_hint", &*foreign)];
    assert_eq!(error(browser.get(&request(&hint)).await).as_deref(), Some("login_required"), "it says nothing");
    let nobody = world.browser().get(&request(&hint)).await;
    assert_eq!(nobody.parameter("error"), "login_required");
}

#[tokio::test]
async fn nobody_but_the_person_whose_id_token_is_shown_is_let_in() {
    let world = world().await;
    let token = id_token(&world, "root", "toor").await;
    let hint = [("id_token_hint", &*token)];
    let mut browser = world.browser();
    browser.code(&[]).await;
    let page = browser.get(&request(&hint)).await;
    assert_eq!(page.status, 200, "alice is somebody else");
    assert!(!page.html().contains("value=\"alice\""));
    // Another language is chosen on the way.
    let link = page.html().split("href=\"").find(|link| link.contains("kc_locale=de")).unwrap();
    let page = browser.get(&link.split('"').next().unwrap().replace("&amp;", "&")).await;
    let alice = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
    assert_eq!(alice.parameter("error"), "login_required");
    assert!(!alice.parameters().contains_key("code"));
    let root = log_in_as_root(&mut browser, &request(&hint)).await;
    let tokens = world.exchange(&root.parameter("code")).await;
    assert_eq!(super::parts(&tokens.text("id_token")).1["preferred_username"], "root");
    let unreadable = super::forged(&token);
    let back = browser.get(&request(&[("id_token_hint", &*unreadable)])).await;
    assert_eq!(back.status, 302, "what says nothing changes nothing");
}
