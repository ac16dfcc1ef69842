//! What holds for every answer, and what an answer says, without what differs from run to run.

use primehub_tests::Page;
use reqwest::Url;
use serde_json::Value;

use super::scene::{CALLBACK, Scene};

/// Checks what holds for all answers, and tells what this one says.
pub(crate) fn check(scene: &Scene, page: &Page) -> String {
    let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().unwrap());
    let at = format!("{} ({}) {:?}", page.url, page.status, page.headers);
    assert!(page.status < 500, "no request breaks anything: {at} {}", page.text);
    assert_eq!(header("x-content-type-options"), "nosniff", "{at}");
    check_cookies(scene, page, &at);
    if let Some(location) = page.location() {
        let ours = [&*scene.public, &scene.platform.base]
            .iter()
            .any(|base| base.parse::<Url>().unwrap().origin() == location.origin());
        let registered = location.as_str().split(['?', '#']).next() == Some(CALLBACK);
        assert!(ours || registered, "an open redirect: {at}");
        if !location.path().ends_with("/graphql") {
            assert_eq!(header("cache-control"), "no-store", "a redirect may carry a code: {at}");
        }
    }
    if header("content-type").starts_with("text/html") {
        let policy = header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{at}");
        assert_eq!(header("x-frame-options"), "DENY", "{at}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{at}");
        assert_eq!(header("cache-control"), "no-store", "{at}");
        assert!(page.text.contains("lang=") && !page.text.contains("<script"), "{at}");
        assert!(!page.headers.contains_key("access-control-allow-origin"), "pages are for people alone: {at}");
        for link in page.text.split("href=\"").chain(page.text.split("action=\"")).skip(1) {
            assert!(!link.starts_with("https://evil.example"), "a page leads elsewhere: {at}");
        }
    }
    assert!(!page.headers.contains_key("access-control-allow-credentials"), "cookies are for our own pages: {at}");
    says(scene, page)
}

fn check_cookies(scene: &Scene, page: &Page, at: &str) {
    let https = scene.public.starts_with("https:");
    for line in page.headers.get_all("set-cookie") {
        let line = line.to_str().unwrap();
        let attributes: Vec<&str> = line.split(';').skip(1).map(str::trim).collect();
        assert!(attributes.contains(&"HttpOnly"), "{at}");
        assert!(["SameSite=Lax", "SameSite=Strict"].iter().any(|same_site| attributes.contains(same_site)), "{at}");
        let path = attributes.iter().find_map(|attribute| attribute.strip_prefix("Path="));
        assert!(path.is_some_and(|path| path.len() > 1), "a cookie goes where it is needed alone: {at}");
        assert_eq!(attributes.contains(&"Secure"), https, "{at}");
        assert!(!attributes.iter().any(|attribute| attribute.starts_with("Domain")), "{at}");
    }
}

/// Where an answer leads, what a page is about, or what error it is.
fn says(scene: &Scene, page: &Page) -> String {
    if let Some(location) = page.location() {
        return format!("-> {}", without_values(scene, &location));
    }
    let kind = page.headers.get("content-type").map_or("", |value| value.to_str().unwrap());
    if kind.starts_with("text/html") {
        let (heading, alert) = (page.heading(), page.alert());
        let reason = page.element("code").filter(|_| page.status == 400);
        return match reason.or(alert).or_else(|| page.notice()) {
            Some(more) => format!("{heading}: {more}"),
            None => heading,
        };
    }
    match serde_json::from_str::<Value>(&page.text) {
        Ok(body) => says_json(&body),
        Err(_) if page.text.is_empty() => "(empty)".to_owned(),
        Err(_) => kind.split(';').next().unwrap_or_default().to_owned(),
    }
}

fn says_json(body: &Value) -> String {
    let text = |name: &str| body[name].as_str();
    match (text("error"), text("error_description")) {
        (Some(error), Some(description)) => return format!("{error}: {description}"),
        (Some(error), None) => return error.to_owned(),
        _ => {}
    }
    if let Some(code) = body.pointer("/errors/0/extensions/code").and_then(Value::as_str) {
        return code.to_owned();
    }
    if body["active"] == Value::Bool(false) {
        return "not active".to_owned();
    }
    if let (Some(code), Some(message)) = (text("code"), text("message")) {
        return format!("{code}: {message}");
    }
    let keys: Vec<&str> = body.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let first: Vec<&str> = keys.iter().take(4).copied().collect();
    format!("{{{}{}}}", first.join(", "), if keys.len() > first.len() { ", …" } else { "" })
}

/// The address with the names of its parameters, and with the values of those that say something.
fn without_values(scene: &Scene, location: &Url) -> String {
    let path = location.as_str().split(['?', '#']).next().unwrap_or_default();
    let path = path.replace(&scene.public, "").replace(&scene.platform.base, "");
    let fields = location.fragment().or(location.query()).unwrap_or_default();
    let fields: Vec<String> = Url::parse(&format!("http://x/?{fields}"))
        .unwrap()
        .query_pairs()
        .map(|(name, value)| match &*name {
            "error" | "error_description" => format!("{name}={value}"),
            _ => name.into_owned(),
        })
        .collect();
    if fields.is_empty() { path } else { format!("{path}?{}", fields.join("&")) }
}
