//! Logging in to a client on a page, and what comes of it.

use http::header;
use primehub_core::identity::IdentityStore as _;
use primehub_core::identity::token::{CodeExchangeError, CodeGrant, LoginProvider};
use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::browser::{REDIRECT, VERIFIER, request};
use super::{BASE, World, parts};

#[tokio::test]
async fn a_login_ends_with_tokens_for_the_client() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&request(&[("login_hint", "alice")])).await;
    assert_eq!(page.status, 200);
    assert!(page.html().contains("value=\"alice\""), "the hint stands in the field");
    world.advance(60);

    let back = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
    assert_eq!((back.status.as_u16(), back.header(header::CACHE_CONTROL)), (303, "no-store"));
    assert!(back.location().starts_with(&format!("{REDIRECT}?state=st%26te&session_state=")), "{}", back.location());
    assert_eq!(back.parameter("iss"), format!("{BASE}/realms/primehub"));

    world.advance(10);
    let answer = world.exchange(&back.parameter("code")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let (access, id) = (parts(&answer.text("access_token")).1, parts(&answer.text("id_token")).1);
    assert!(access["jti"].as_str().unwrap().starts_with("onrtac:"), "{access}");
    assert_eq!((&access["auth_time"], &id["auth_time"]), (&1_800_000_060.into(), &1_800_000_060.into()));
    assert_eq!((&id["nonce"], access.get("nonce")), (&"n0nce".into(), None));
    for sid in [&access["sid"], &id["sid"], &answer.body["session_state"]] {
        assert_eq!(*sid, back.parameter("session_state"));
    }
    assert_eq!((&access["sub"], &access["azp"]), (&world.alice.as_str().into(), &"admin-ui".into()));

    let again = world.refresh(&answer.text("refresh_token")).await;
    let id = parts(&again.text("id_token")).1;
    assert_eq!((id.get("nonce"), &id["auth_time"]), (None, &1_800_000_060.into()));
}

#[rstest]
#[case::query("", '?')]
#[case::fragment("fragment", '#')]
#[tokio::test]
async fn answers_stand_where_the_client_wants_them(#[case] mode: &str, #[case] separator: char) {
    let world = World::new().await;
    let back = world.browser().log_in_at(&request(&[("response_mode", mode)]), "alice", "wonder").await;
    assert!(back.location().starts_with(&format!("{REDIRECT}{separator}state=")), "{}", back.location());
}

#[tokio::test]
async fn a_request_may_come_as_a_form() {
    let world = World::new().await;
    let address = request(&[]);
    let fields = url::form_urlencoded::parse(address.split_once('?').unwrap().1.as_bytes()).into_owned();
    let mut browser = world.browser();
    let page = browser.post(super::browser::AUTH, &fields.collect::<Vec<_>>()).await;
    let back = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
    assert_eq!(world.exchange(&back.parameter("code")).await.status, 200);
}

#[rstest]
#[case::wrong_password("alice", "x", "Invalid username or password.")]
#[case::unknown("nobody", "wonder", "Invalid username or password.")]
#[case::nobody("", "", "Invalid username or password.")]
#[case::service_account("service-account-admin-ui", "x", "Invalid username or password.")]
#[tokio::test]
async fn failed_logins_look_alike(#[case] username: &str, #[case] password: &str, #[case] says: &str) {
    let world = World::new().await;
    let mut browser = world.browser();
    let again = browser.log_in_at(&request(&[]), username, password).await;
    assert_eq!((again.status.as_u16(), again.heading()), (200, "Log in"));
    assert!(again.html().contains(says) && !browser.cookies.contains_key("PRIMEHUB_SESSION"));
    let back = browser.submit(&again.form(), &[("username", "alice"), ("password", "wonder")]).await;
    assert_eq!(back.status, 303, "the page can be sent again");
}

#[tokio::test]
async fn a_disabled_account_is_told_to_who_knows_its_password() {
    let world = World::new().await;
    world.enable_alice(false).await;
    let mut browser = world.browser();
    let known = browser.log_in_at(&request(&[]), "alice", "wonder").await;
    assert!(known.html().contains("This account is disabled."), "{}", known.html());
    let guessed = browser.log_in_at(&request(&[]), "alice", "x").await;
    assert!(!guessed.html().contains("disabled") && !browser.cookies.contains_key("PRIMEHUB_SESSION"));
}

#[rstest]
#[case::existing("alice")]
#[case::by_mail("alice@example.com")]
#[case::nobody("nobody")]
#[tokio::test]
async fn a_name_that_is_guessed_at_waits(#[case] username: &str) {
    let world = World::new().await;
    let mut browser = world.browser();
    let mut page = browser.get(&request(&[])).await;
    for _ in 0..10 {
        page = browser.submit(&page.form(), &[("username", username), ("password", "x")]).await;
    }
    let hashes = world.store.password_hashes();
    let waits = browser.submit(&page.form(), &[("username", username), ("password", "wonder")]).await;
    assert_eq!(waits.status, 200);
    assert_eq!(world.store.password_hashes() - hashes, 1, "it takes as long as any other attempt");
    assert!(waits.html().contains("Invalid username or password."), "even with the right password");
    let grant = world.log_in(username, "wonder", "").await;
    assert_eq!(grant.error(), (400, "invalid_grant", "Invalid user credentials"), "also by a client");
    world.advance(1);
    let back = browser.submit(&waits.form(), &[("username", username), ("password", "wonder")]).await;
    assert_eq!(back.status.as_u16() == 303, username != "nobody");
}

#[rstest]
#[case::unknown_client(&[("client_id", "nobody")], 400, "is not known")]
#[case::no_client(&[("client_id", "")], 400, "Missing parameters: client_id")]
#[case::other_address(&[("redirect_uri", "https://evil.example/")], 400, "Invalid parameter: redirect_uri")]
#[case::address_that_climbs(&[("redirect_uri", "http://127.0.0.1:8080/console/../x")], 400, "Invalid parameter: redirect_uri")]
#[case::no_address(&[("redirect_uri", "")], 400, "Missing parameters: redirect_uri")]
#[tokio::test]
async fn nobody_is_sent_to_an_unknown_address(#[case] more: &[(&str, &str)], #[case] status: u16, #[case] says: &str) {
    let world = World::new().await;
    let page = world.browser().get(&request(more)).await;
    assert_eq!((page.status.as_u16(), page.location()), (status, ""));
    assert!(page.html().contains(says) && page.forms().is_empty(), "{}", page.html());
}

#[rstest]
#[case::implicit(&[("response_type", "token")], "unsupported_response_type")]
#[case::scope(&[("scope", "openid nonsense")], "invalid_scope")]
#[case::plain(&[("code_challenge_method", "plain")], "invalid_request")]
#[case::request_object(&[("request", "x.y.z")], "request_not_supported")]
#[case::nobody_logged_in(&[("prompt", "none")], "login_required")]
#[tokio::test]
async fn the_client_is_told_what_is_wrong(#[case] more: &[(&str, &str)], #[case] error: &str) {
    let world = World::new().await;
    let back = world.browser().get(&request(more)).await;
    assert_eq!((back.status.as_u16(), back.parameter("error").as_str()), (302, error));
    assert_eq!(
        (back.parameter("state"), back.parameter("iss")),
        ("st&te".to_owned(), format!("{BASE}/realms/primehub"))
    );
    assert!(back.location().starts_with(REDIRECT));
}

#[tokio::test]
async fn pages_are_kept_to_themselves() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.headers = vec![("origin", "https://console.example")];
    let page = browser.get(&request(&[])).await;
    let policy = page.header(header::CONTENT_SECURITY_POLICY);
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert_eq!((page.header(header::X_FRAME_OPTIONS), page.header(header::CACHE_CONTROL)), ("DENY", "no-store"));
    assert_eq!(page.headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN), None, "no page of the clients reads this one");
    let stylesheet = page.html().split_once("stylesheet\" href=\"").unwrap().1.split('"').next().unwrap();
    assert_eq!(browser.get(stylesheet).await.header(header::CONTENT_TYPE), "text/css; charset=utf-8");
}

#[rstest]
#[case::browser(&[], Some("de-AT,en;q=0.5"), "Anmelden")]
#[case::client(&[("ui_locales", "de")], Some("en"), "Anmelden")]
#[case::nothing(&[], None, "Log in")]
#[tokio::test]
async fn pages_speak_the_language_of_the_person(
    #[case] more: &[(&str, &str)],
    #[case] accepts: Option<&'static str>,
    #[case] heading: &str,
) {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.headers = accepts.into_iter().map(|accepts| ("accept-language", accepts)).collect();
    assert_eq!(browser.get(&request(more)).await.heading(), heading);
}

#[tokio::test]
async fn a_language_that_is_chosen_stays() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&request(&[("ui_locales", "en"), ("login_hint", "alice")])).await;
    let switch = page.html().split("href=\"").find(|link| link.contains("kc_locale=de")).unwrap();
    let switch = switch.split('"').next().unwrap().replace("&amp;", "&");
    let german = browser.get(&switch).await;
    assert_eq!(german.heading(), "Anmelden");
    assert!(german.html().contains("value=\"alice\""), "it is the same request");
    let wrong = browser.submit(&german.form(), &[("username", "alice"), ("password", "x")]).await;
    assert_eq!(wrong.heading(), "Anmelden", "whatever the client wished");
    assert_eq!(browser.get(&request(&[])).await.heading(), "Anmelden");
}

#[tokio::test]
async fn an_api_token_comes_of_a_login_in_a_browser() {
    let world = World::new().await;
    let code = world.browser().code(&[("scope", "offline_access"), ("nonce", "")]).await;
    let answer = world.exchange(&code).await;
    assert_eq!((&answer.body["scope"], answer.body.get("id_token")), (&"email profile offline_access".into(), None));
    let offline = answer.text("refresh_token");
    assert_eq!(parts(&offline).1["typ"], "Offline");
    assert!(parts(&answer.text("access_token")).1["jti"].as_str().unwrap().starts_with("ofrtac:"));
    let count = world.store.api_token_counts(std::slice::from_ref(&world.alice)).await.unwrap()[&world.alice];
    assert_eq!(count, 1);
    world.advance(20 * 24 * 3_600);
    assert_eq!(world.refresh(&offline).await.status, 200);
}

#[tokio::test]
async fn the_platform_itself_exchanges_codes() {
    let world = World::new().await;
    let provider = &world.provider;
    assert_eq!(provider.authorization_endpoint(), format!("{BASE}{}", super::browser::AUTH));
    assert_eq!(LoginProvider::issuer(provider), Some(format!("{BASE}/realms/primehub")));
    assert_eq!(provider.client_id(), "admin-ui");
    let mut browser = world.browser();
    let grant = |code: &str, redirect: &str| CodeGrant::new(code.to_owned().into(), redirect, VERIFIER.into());
    let tokens = provider.exchange_code(&grant(&browser.code(&[]).await, REDIRECT)).await.unwrap();
    assert_eq!(parts(tokens.access_token.expose_secret()).1["preferred_username"], "alice");
    assert!(tokens.id_token.is_some());
    assert_eq!(world.refresh(tokens.refresh_token.unwrap().expose_secret()).await.status, 200);

    let code = browser.get(&request(&[])).await.parameter("code");
    let refused = provider.exchange_code(&grant(&code, "http://127.0.0.1:8080/console/other")).await.unwrap_err();
    let description = Some("Incorrect redirect_uri".to_owned());
    assert_eq!(refused, CodeExchangeError::Refused { error: "invalid_grant".to_owned(), description });
}
