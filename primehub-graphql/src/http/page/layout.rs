//! What all pages have in common: the frame, the stylesheet, and headers that allow nothing else.

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{
    CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY, RETRY_AFTER,
    VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};

use super::language::Language;
use super::texts::Notice;
use crate::http::rate_limit::TooFast;

const STYLE: &str = include_str!("style.css");
const LOGO: &str = include_str!("logo.svg");

/// The pages below one prefix.
#[derive(Clone, Debug)]
pub(in crate::http) struct Pages {
    /// Where browsers find the stylesheet.
    stylesheet: String,
    /// Where they find the logo. Without it they ask for an icon at the root of the site, which is not ours.
    logo: String,
}

impl Pages {
    /// Pages that browsers see below `base`, a path without a slash at its end.
    pub(in crate::http) fn below(base: &str) -> Self {
        Self { stylesheet: format!("{base}{}", stylesheet_path()), logo: format!("{base}{}", logo_path()) }
    }

    /// What the pages refer to, to be nested below the prefix `pattern`.
    pub(in crate::http) fn files<S: Clone + Send + Sync + 'static>(pattern: &str) -> Router<S> {
        let file = |media_type, content: &'static str| {
            // Its name changes with its content.
            let headers = [
                (CONTENT_TYPE, HeaderValue::from_static(media_type)),
                (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ];
            get(move || async move { (headers, content) })
        };
        Router::new()
            .route(&format!("{pattern}{}", stylesheet_path()), file("text/css; charset=utf-8", STYLE))
            .route(&format!("{pattern}{}", logo_path()), file("image/svg+xml", LOGO))
    }

    /// A page.
    pub(in crate::http) fn page(
        &self,
        language: Language,
        status: StatusCode,
        title: &str,
        content: &Markup,
    ) -> Response {
        let document = html! {
            (DOCTYPE)
            html lang=(language.tag()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="robots" content="noindex";
                    title { (title) " · PrimeHub" }
                    link rel="icon" type="image/svg+xml" href=(self.logo);
                    link rel="stylesheet" href=(self.stylesheet);
                }
                body {
                    header {
                        p.brand { img src=(self.logo) alt="" width="40" height="40"; span { "PrimeHub" } }
                    }
                    main { (content) }
                }
            }
        };
        let mut response = (status, document.into_string()).into_response();
        for (name, value) in HEADERS {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        response
    }

    /// A page that only says something, and perhaps where to go on.
    pub(in crate::http) fn notice(
        &self,
        language: Language,
        status: StatusCode,
        notice: &Notice,
        go_on: Option<(&str, &str)>,
    ) -> Response {
        let content = html! {
            h1 { (notice.title) }
            p { (notice.text) }
            @if let Some((text, href)) = go_on {
                a.button href=(href) { (text) }
            }
        };
        let mut response = self.page(language, status, notice.title, &content);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }

    /// The page of whoever asks too often.
    pub(in crate::http) fn too_fast(&self, language: Language, too_fast: TooFast) -> Response {
        let status = StatusCode::TOO_MANY_REQUESTS;
        let mut response = self.notice(language, status, &language.texts().too_fast, None);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(too_fast.retry_after));
        response
    }
}

/// The stylesheet below every prefix.
fn stylesheet_path() -> String {
    format!("/assets/pages-{}.css", hash(STYLE))
}

/// The logo below every prefix.
fn logo_path() -> String {
    format!("/assets/logo-{}.svg", hash(LOGO))
}

fn hash(content: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, content.as_bytes()).as_ref().get(..12).unwrap_or_default())
}

/// Pages show secrets, and some have one in their address.
const HEADERS: [(HeaderName, &str); 6] = [
    (CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    ),
    (X_FRAME_OPTIONS, "DENY"),
    (REFERRER_POLICY, "no-referrer"),
    (CACHE_CONTROL, "no-store"),
    (VARY, "accept-language"),
];

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use tower::ServiceExt as _;

    use super::*;

    async fn text(response: Response) -> String {
        String::from_utf8(to_bytes(response.into_body(), usize::MAX).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test]
    async fn pages_find_their_stylesheet_and_escape_what_they_show() {
        let pages = Pages::below("/console");
        let response = pages.page(Language::German, StatusCode::OK, "<b>", &html! { h1 { "\"<script>\"" } });
        assert_eq!(response.headers()[CONTENT_LANGUAGE], "de");
        assert_eq!(response.headers()[X_FRAME_OPTIONS], "DENY");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let page = text(response).await;
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"de\">"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("<script"), "{page}");
        for (before, media_type, content) in [
            ("rel=\"stylesheet\" href=\"", "text/css; charset=utf-8", STYLE),
            ("rel=\"icon\" type=\"image/svg+xml\" href=\"", "image/svg+xml", LOGO),
            ("img src=\"", "image/svg+xml", LOGO),
        ] {
            let href = page.split_once(before).unwrap().1.split('"').next().unwrap();
            let request = Request::get(href).body(Body::empty()).unwrap();
            let response = Pages::files("/console").oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[CONTENT_TYPE], media_type);
            assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
            assert_eq!(text(response).await, content);
        }
    }

    /// Contrast of two colours as the Web Content Accessibility Guidelines define it.
    fn contrast(one: &str, other: &str) -> f64 {
        let luminance = |colour: &str| {
            let channel = |range| {
                let value = f64::from(u8::from_str_radix(&colour[range], 16).unwrap()) / 255.0;
                if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * channel(1..3) + 0.7152 * channel(3..5) + 0.0722 * channel(5..7)
        };
        let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
        one.max(other) / one.min(other)
    }

    #[test]
    fn text_can_be_read() {
        let (light, dark) = STYLE.split_once("prefers-color-scheme: dark").unwrap();
        for scheme in [light, dark] {
            let colour = |name: &str| {
                let rest = scheme.split_once(&format!("--{name}: ")).unwrap().1;
                rest.split(';').next().unwrap().to_owned()
            };
            let readable = |text: &str, ground: &str, least| {
                let found = contrast(&colour(text), &colour(ground));
                assert!(found >= least, "{text} on {ground}: {found}");
            };
            for text in ["text", "muted", "danger"] {
                readable(text, "card", 4.5);
            }
            readable("text", "page", 4.5);
            readable("text", "inset", 4.5);
            readable("button-text", "button", 4.5);
            readable("button-text", "button-strong", 4.5);
            // What shows where a field begins, and which one has the focus.
            readable("border", "card", 3.0);
            readable("link", "card", 3.0);
        }
    }
}
