//! Forms that are not taken: from another site, another browser, another time, or nobody at all.

use rstest::rstest;

use super::browser::{ACCOUNT, Browser, Form, request};
use super::{BASE, LOGOUT, World};

/// Every form that a page has, of a browser that is logged in as alice.
async fn forms(browser: &mut Browser<'_>) -> Vec<Form> {
    let mut forms = vec![browser.get(&request(&[])).await.form()];
    browser.code(&[]).await;
    forms.push(browser.get(LOGOUT).await.form());
    browser.world.log_in("alice", "wonder", "offline_access").await;
    browser.world.log_in("alice", "wonder", "").await;
    forms.extend(browser.get(ACCOUNT).await.forms());
    assert!(forms.len() >= 6, "{forms:?}");
    forms
}

const TYPED: [(&str, &str); 5] = [
    ("username", "alice"),
    ("password", "wonder"),
    ("password-new", "wonderland"),
    ("password-confirm", "wonderland"),
    ("accept", "true"),
];

#[rstest]
#[case::other_origin(&[("origin", "https://evil.example")])]
#[case::other_port(&[("origin", "http://127.0.0.1:8181")])]
#[case::other_site(&[("sec-fetch-site", "cross-site")])]
#[case::neighbour(&[("sec-fetch-site", "same-site"), ("origin", "null")])]
#[tokio::test]
async fn other_sites_send_no_form(#[case] headers: &[(&'static str, &'static str)]) {
    let world = World::new().await;
    let mut browser = world.browser();
    let forms = forms(&mut browser).await;
    browser.headers = headers.to_vec();
    for form in forms {
        let refused = browser.submit(&form, &TYPED).await;
        assert_eq!(refused.status, 403, "{}", form.action);
    }
    browser.headers.clear();
    nothing_has_happened(&mut browser).await;
}

/// Alice is still logged in, with her password and API token.
async fn nothing_has_happened(browser: &mut Browser<'_>) {
    assert_eq!(browser.get(&request(&[("prompt", "none")])).await.parameter("state"), "st&te");
    assert_eq!(browser.world.log_in("alice", "wonder", "").await.status, 200);
    assert_eq!(browser.get(ACCOUNT).await.forms_to("tokens/revoke").len(), 1);
}

#[rstest]
#[case::own(&[("origin", BASE), ("sec-fetch-site", "same-origin")])]
#[case::as_our_pages_do(&[("origin", "null"), ("sec-fetch-site", "same-origin")])]
#[case::typed_address(&[("sec-fetch-site", "none")])]
#[tokio::test]
async fn own_pages_do(#[case] headers: &[(&'static str, &'static str)]) {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.headers = headers.to_vec();
    assert_eq!(browser.log_in_at(&request(&[]), "alice", "wonder").await.status, 303);
}

#[tokio::test]
async fn a_form_needs_the_browser_that_it_was_made_for() {
    let world = World::new().await;
    let mut browser = world.browser();
    let forms = forms(&mut browser).await;
    let kept = browser.cookies.clone();
    for form in forms {
        browser.cookies.remove("PRIMEHUB_BROWSER");
        assert_eq!(browser.submit(&form, &TYPED).await.status, 400, "{} without the cookie", form.action);
        browser.cookies.insert("PRIMEHUB_BROWSER".to_owned(), "other".to_owned());
        assert_eq!(browser.submit(&form, &TYPED).await.status, 403, "{} with another", form.action);
        browser.cookies.clone_from(&kept);
        let mut changed = form.clone();
        for (name, value) in &mut changed.fields {
            if name == "form" {
                *value = super::forged(value);
            }
        }
        assert_eq!(browser.submit(&changed, &TYPED).await.status, 403, "{} with another signature", form.action);
        let empty = Form { fields: Vec::new(), ..form.clone() };
        assert_eq!(browser.submit(&empty, &TYPED).await.status, 403, "{} without the field", form.action);
        let twice = Form { fields: [form.fields.clone(), form.fields.clone()].concat(), ..form.clone() };
        assert_eq!(browser.submit(&twice, &TYPED).await.status, 400, "{} with it twice", form.action);
    }
    nothing_has_happened(&mut browser).await;
}

#[tokio::test]
async fn a_form_of_one_kind_is_none_of_another() {
    let world = World::new().await;
    let mut browser = world.browser();
    let forms = forms(&mut browser).await;
    let login = world.log_in("alice", "wonder", "openid").await;
    let mut fields: Vec<String> = forms.iter().map(|form| form.field("form").to_owned()).collect();
    fields.extend([login.text("refresh_token"), login.text("id_token")]);
    for form in &forms {
        let own = form.field("form");
        let kind = |token: &str| super::parts(token).1["typ"].clone();
        for field in fields.iter().filter(|field| kind(field) != kind(own)) {
            let mut wrong = form.clone();
            wrong.fields.retain(|(name, _)| name != "form");
            wrong.fields.push(("form".to_owned(), field.clone()));
            assert_eq!(browser.submit(&wrong, &TYPED).await.status, 403, "{} {}", form.action, kind(field));
        }
        let answer = world.refresh(own).await;
        assert_eq!(answer.error(), (400, "invalid_grant", "Invalid refresh token"));
    }
    nothing_has_happened(&mut browser).await;
}

#[tokio::test]
async fn a_login_page_that_was_open_too_long_is_shown_again() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = browser.get(&request(&[])).await;
    world.advance(30 * 60);
    let again = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
    assert_eq!((again.status.as_u16(), browser.cookies.contains_key("PRIMEHUB_SESSION")), (200, false));
    let back = browser.submit(&again.form(), &[("username", "alice"), ("password", "wonder")]).await;
    assert_eq!(
        (back.parameter("state"), world.exchange(&back.parameter("code")).await.status.as_u16()),
        ("st&te".to_owned(), 200)
    );
}

#[tokio::test]
async fn two_pages_of_one_browser_do_not_disturb_each_other() {
    let world = World::new().await;
    let mut browser = world.browser();
    let (first, second) = (browser.get(&request(&[])).await, browser.get(&request(&[("state", "2")])).await);
    for (page, state) in [(second, "2"), (first, "st&te")] {
        let back = browser.submit(&page.form(), &[("username", "alice"), ("password", "wonder")]).await;
        assert_eq!(back.parameter("state"), state);
    }
}

#[rstest]
#[case::authenticate("/realms/nowhere/login-actions/authenticate", "POST")]
#[case::authorization("/realms/nowhere/protocol/openid-connect/auth", "GET")]
#[case::account("/realms/nowhere/account", "GET")]
#[tokio::test]
async fn another_realm_has_a_page_that_says_so(#[case] path: &str, #[case] method: &str) {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = if method == "GET" { browser.get(path).await } else { browser.post(path, &[]).await };
    assert_eq!((page.status.as_u16(), page.heading()), (404, "Page not found"));
}
