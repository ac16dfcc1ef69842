//! What depends on whether browsers come over TLS.

use primehub_tests::{Browser, Page};
use reqwest::RequestBuilder;

use super::answers::check;
use super::scene::Scene;

const PUBLIC: &str = "https://hub.example.com";

async fn over_tls() -> Scene {
    Scene::start_with(|options| {
        options.public_url = Some(PUBLIC.to_owned());
        options.trusted_proxies.push("127.0.0.1".parse().unwrap());
    })
    .await
}

/// Sends all cookies: the proxy, which is played here, speaks TLS with the browser.
async fn through_the_proxy(scene: &Scene, browser: &mut Browser, request: RequestBuilder) -> Page {
    let cookies = browser.cookies.all().iter().map(|cookie| format!("{}={}", cookie.name, cookie.value));
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    let request = if cookies.is_empty() { request } else { request.header("cookie", cookies) };
    let page = browser.exchange(request).await;
    check(scene, &page);
    page
}

#[tokio::test]
async fn over_tls_every_cookie_is_for_tls_alone() {
    let scene = over_tls().await;
    let person = scene.person().await;
    let mut browser = scene.browser();
    let address = format!("{}/oidc/auth-flow/request", scene.platform.base);
    let page = browser.open(&address).await;
    check(&scene, &page);
    let login = scene.here(page.location().unwrap().as_str());
    let german = format!("{login}&kc_locale=de");
    let request = scene.platform.client.get(&german);
    let page = through_the_proxy(&scene, &mut browser, request).await;
    let entries = [("username", &*person.username), ("password", &person.password)];
    let request = browser.submission(&page, &page.form("password"), &entries);
    let page = through_the_proxy(&scene, &mut browser, request).await;
    let back = page.location().unwrap();
    assert!(back.as_str().starts_with(&format!("{PUBLIC}/oidc/auth-flow/callback?")), "{back}");
    let request = scene.platform.client.get(scene.here(back.as_str()));
    let page = through_the_proxy(&scene, &mut browser, request).await;
    assert!(page.element("textarea").is_some(), "{}", page.text);
    assert!(page.headers.contains_key("strict-transport-security"));

    let mut names: Vec<(&str, bool)> =
        browser.cookies.all().iter().map(|cookie| (cookie.name.as_str(), cookie.secure)).collect();
    names.sort_unstable();
    let expected = ["PRIMEHUB_BROWSER", "PRIMEHUB_LANGUAGE", "PRIMEHUB_SESSION", "__Secure-primehub-api-token"];
    assert_eq!(names, expected.map(|name| (name, true)));
}

/// The address of the site counts, not that of the connection: whoever sends a form from there sends it from our own page.
#[tokio::test]
async fn forms_come_from_the_public_address() {
    let scene = over_tls().await;
    let person = scene.person().await;
    for (origin, expected) in [(PUBLIC, 303), (&*scene.platform.base, 403), ("http://hub.example.com", 403)] {
        let mut browser = scene.browser();
        let request = scene.platform.client.get(scene.authorization(&[]).as_str());
        let page = through_the_proxy(&scene, &mut browser, request).await;
        let entries = [("username", &*person.username), ("password", &person.password)];
        let (client, request) = browser.submission(&page, &page.form("password"), &entries).build_split();
        let mut request = request.unwrap();
        request.headers_mut().insert("origin", origin.parse().unwrap());
        request.headers_mut().remove("sec-fetch-site");
        let page = through_the_proxy(&scene, &mut browser, RequestBuilder::from_parts(client, request)).await;
        assert_eq!(page.status, expected, "{origin}: {}", page.text);
    }
}
