//! A code that is shown twice was seen by somebody else: everything that its first use was worth ends.

use primehub_tests::Platform;

use super::scene::{CALLBACK, PORTAL, Scene, VERIFIER, code_grant, json, text};

#[tokio::test]
async fn a_replayed_code_ends_the_login_of_its_first_use() {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let mut browser = scene.browser();
    let code = scene.code(&mut browser, &person, &[]).await;
    let first = scene.token(&mut browser, &code_grant(&code)).await;
    let tokens = json(&first);
    let other = scene.tokens(&mut scene.browser(), &person).await;
    assert!(scene.refreshes(&tokens).await.is_ok());

    let replayed = scene.token(&mut scene.browser(), &code_grant(&code)).await;
    assert_eq!(json(&replayed)["error_description"], "Code not valid");
    assert_eq!(scene.refreshes(&tokens).await.unwrap_err(), "Session not active");
    let http = &scene.platform.client;
    let told = http.get(scene.openid("userinfo")).bearer_auth(text(&tokens, "access_token"));
    let told = scene.browser().exchange(told).await;
    assert_eq!((told.status, &json(&told)["error_description"]), (401, &"user_session_not_found".into()));
    let page = browser.open(scene.authorization(&[]).as_str()).await;
    assert_eq!(page.heading(), "Log in", "the browser is logged out as well");
    assert!(scene.refreshes(&other).await.is_ok(), "other logins of the account go on");
}

/// Whoever replays it need not be the client, nor know the verifier.
#[tokio::test]
async fn who_has_only_the_code_ends_the_login_all_the_same() {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let mut browser = scene.browser();
    let code = scene.code(&mut browser, &person, &[]).await;
    let tokens = json(&scene.token(&mut browser, &code_grant(&code)).await);
    let fields = [("grant_type", "authorization_code"), ("code", &code), ("client_id", Platform::OTHER_CLIENT_ID)];
    assert_eq!(scene.token(&mut scene.browser(), &fields).await.status, 400);
    assert_eq!(scene.refreshes(&tokens).await.unwrap_err(), "Session not active");
}

#[tokio::test]
async fn a_replayed_code_ends_the_api_token_of_its_first_use() {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let mut browser = scene.browser();
    let code = scene.code(&mut browser, &person, &[("scope", "openid offline_access")]).await;
    let tokens = json(&scene.token(&mut browser, &code_grant(&code)).await);
    assert!(scene.refreshes(&tokens).await.is_ok());
    scene.token(&mut scene.browser(), &code_grant(&code)).await;
    assert_eq!(scene.refreshes(&tokens).await.unwrap_err(), "Offline user session not found");
}

#[tokio::test]
async fn of_two_who_show_a_code_at_once_at_most_one_gets_tokens_and_nobody_keeps_them() {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let code = scene.code(&mut scene.browser(), &person, &[]).await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", &*code),
        ("client_id", PORTAL),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    let (mut one, mut other) = (scene.browser(), scene.browser());
    let (one, other) = tokio::join!(scene.token(&mut one, &fields), scene.token(&mut other, &fields));
    let got: Vec<_> = [one, other].into_iter().filter(|answer| answer.status == 200).collect();
    assert!(got.len() <= 1);
    for answer in got {
        assert_eq!(scene.refreshes(&json(&answer)).await.unwrap_err(), "Session not active");
    }
}
