//! Logging out in a browser.

use rstest::rstest;

use super::browser::{Browser, request};
use super::{ADMIN_UI, LOGOUT, World};

const BYE: &str = "http://127.0.0.1:8080/console/bye";

fn log_out(fields: &[(&str, &str)]) -> String {
    format!("{LOGOUT}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

impl Browser<'_> {
    async fn is_logged_in(&mut self) -> bool {
        !self.get(&request(&[("prompt", "none")])).await.parameters().contains_key("error")
    }
}

#[tokio::test]
async fn with_an_id_token_the_session_ends_at_once() {
    let world = World::new().await;
    let mut browser = world.browser();
    let api_token = world.exchange(&browser.code(&[("scope", "offline_access")]).await).await.text("refresh_token");
    let login = world.exchange(&browser.get(&request(&[])).await.parameter("code")).await;
    // Long after it has expired.
    world.advance(29 * 60);
    let hint = login.text("id_token");
    let fields = [("id_token_hint", &*hint), ("post_logout_redirect_uri", BYE), ("state", "a&b")];
    let out = browser.get(&log_out(&fields)).await;
    assert_eq!((out.status.as_u16(), out.location()), (302, "http://127.0.0.1:8080/console/bye?state=a%26b"));
    assert!(!browser.cookies.contains_key("PRIMEHUB_SESSION") && !browser.is_logged_in().await);
    let error = (400, "invalid_grant", "Session not active");
    assert_eq!(world.refresh(&login.text("refresh_token")).await.error(), error);
    assert_eq!(world.refresh(&api_token).await.status, 200, "API tokens go on");
    assert_eq!(browser.get(&log_out(&fields)).await.status, 302, "once more does no harm");
}

#[rstest]
#[case::nothing(&[])]
#[case::client(&[("client_id", "admin-ui")])]
#[case::client_and_target(&[("client_id", "admin-ui"), ("post_logout_redirect_uri", BYE)])]
#[tokio::test]
async fn without_one_the_person_is_asked(#[case] fields: &[(&str, &str)]) {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let question = browser.get(&log_out(fields)).await;
    assert_eq!(question.status, 200);
    assert!(question.html().contains("alice") && browser.is_logged_in().await);
    let out = browser.submit(&question.form(), &[]).await;
    let expected = if fields.len() == 2 { (303, BYE) } else { (200, "") };
    assert_eq!((out.status.as_u16(), out.location()), expected);
    assert!(!browser.cookies.contains_key("PRIMEHUB_SESSION") && !browser.is_logged_in().await);
}

#[rstest]
#[case::unregistered_target(&[("client_id", "admin-ui"), ("post_logout_redirect_uri", "https://evil.example/")], "Invalid redirect uri")]
#[case::target_of_nobody(&[("post_logout_redirect_uri", BYE)], "Missing parameters: id_token_hint")]
#[case::bad_hint(&[("id_token_hint", "x.y.z"), ("post_logout_redirect_uri", BYE)], "Invalid parameter: id_token_hint")]
#[case::unknown_client(&[("client_id", "nobody")], "Invalid parameter: client_id")]
#[tokio::test]
async fn refused_logouts(#[case] fields: &[(&str, &str)], #[case] says: &str) {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let page = browser.get(&log_out(fields)).await;
    assert_eq!((page.status.as_u16(), page.location()), (400, ""));
    assert!(page.html().contains(says), "{}", page.html());
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn an_access_token_is_no_hint() {
    let world = World::new().await;
    let mut browser = world.browser();
    let login = world.exchange(&browser.code(&[]).await).await;
    for token in [login.text("access_token"), login.text("refresh_token"), super::forged(&login.text("id_token"))] {
        assert_eq!(browser.get(&log_out(&[("id_token_hint", &token)])).await.status, 400);
    }
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn the_id_token_of_somebody_else_does_not_log_this_browser_out() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let back = world.browser().log_in_at(&request(&[]), "root", "toor").await;
    let root = world.exchange(&back.parameter("code")).await.text("id_token");
    let fields = [("id_token_hint", &*root), ("post_logout_redirect_uri", BYE)];
    assert_eq!(browser.get(&log_out(&fields)).await.status, 200, "the person is asked");
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn a_request_may_come_as_a_form() {
    let world = World::new().await;
    let mut browser = world.browser();
    let login = world.exchange(&browser.code(&[]).await).await;
    let fields = [("id_token_hint", login.text("id_token")), ("post_logout_redirect_uri", BYE.to_owned())];
    let fields = fields.map(|(name, value)| (name.to_owned(), value));
    // As another site would make the browser send it: without cookies.
    let out = world.browser().post(LOGOUT, &fields).await;
    assert_eq!((out.status.as_u16(), out.location()), (303, BYE));
    assert!(!browser.is_logged_in().await);
}

#[tokio::test]
async fn clients_log_out_with_a_refresh_token() {
    let world = World::new().await;
    let mut browser = world.browser();
    let token = world.exchange(&browser.code(&[]).await).await.text("refresh_token");
    let answer = world.post(LOGOUT, &[ADMIN_UI, &[("refresh_token", &token)]]).await;
    assert_eq!(answer.status, 204);
    assert!(!browser.is_logged_in().await);
    let missing = world.post(LOGOUT, &[ADMIN_UI]).await;
    assert_eq!(missing.error(), (400, "invalid_request", "No refresh token"));
}

#[tokio::test]
async fn a_question_that_was_open_too_long_logs_nobody_out() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let question = browser.get(LOGOUT).await;
    world.advance(20 * 60);
    assert!(browser.is_logged_in().await);
    world.advance(10 * 60);
    assert_eq!(browser.submit(&question.form(), &[]).await.status, 400);
    assert!(browser.is_logged_in().await);
}

#[tokio::test]
async fn pages_lead_back_to_the_client() {
    let world = World::with(|settings| {
        settings.client.base_url = Some("http://127.0.0.1:8080/console/home".to_owned());
        settings.client.name = Some("The <console>".to_owned());
    })
    .await;
    let mut browser = world.browser();
    browser.code(&[]).await;
    let question = browser.get(&log_out(&[("client_id", "admin-ui")])).await;
    let done = browser.submit(&question.form(), &[]).await;
    for page in [question, done] {
        assert!(page.html().contains("href=\"http://127.0.0.1:8080/console/home\""), "{}", page.html());
        assert!(page.html().contains("The &lt;console&gt;"));
    }
}
