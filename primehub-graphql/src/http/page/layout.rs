//! Pages below a prefix: in the frame that all of PrimeHub's pages have.

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{CONTENT_LANGUAGE, RETRY_AFTER, VARY};
use http::{HeaderValue, StatusCode};
use maud::{Markup, html};
use primehub_pages::{Forms, Frame, LOGO, Language, Resource, STYLESHEET, Width};

use super::texts::{Notice, Texts};
use crate::http::rate_limit::TooFast;

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
        let file = |resource: &'static Resource| get(move || async { resource.response().map(Body::from) });
        Router::new()
            .route(&format!("{pattern}{}", stylesheet_path()), file(&STYLESHEET))
            .route(&format!("{pattern}{}", logo_path()), file(&LOGO))
    }

    /// A page.
    pub(in crate::http) fn page(
        &self,
        language: Language,
        status: StatusCode,
        title: &str,
        content: &Markup,
    ) -> Response {
        let frame = Frame {
            language,
            // Browsers say which language is wanted; nobody can choose another here.
            switch: None,
            site: "PrimeHub",
            stylesheet: &self.stylesheet,
            logo: &self.logo,
            width: Width::Medium,
            // Nothing here leads elsewhere by a form.
            forms: Forms::SameOrigin,
        };
        let mut response = frame.page(status, title, content).into_response();
        response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
        response.headers_mut().insert(VARY, HeaderValue::from_static("accept-language"));
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
                div.actions { a class="button full" href=(href) { (text) } }
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
        let mut response = self.notice(language, status, &Texts::of(language).too_fast, None);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(too_fast.retry_after));
        response
    }
}

/// The stylesheet below every prefix.
fn stylesheet_path() -> String {
    format!("/assets/pages-{}.css", STYLESHEET.fingerprint())
}

/// The logo below every prefix.
fn logo_path() -> String {
    format!("/assets/logo-{}.svg", LOGO.fingerprint())
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use http::Request;
    use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};
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
        assert_eq!(response.headers()[VARY], "accept-language");
        assert_eq!(response.headers()[X_FRAME_OPTIONS], "DENY");
        assert!(response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("form-action 'self'"));
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let page = text(response).await;
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"de\">"), "{page}");
        assert!(!page.contains("<b>") && !page.contains("<script"), "{page}");
        for (before, media_type, resource) in [
            ("rel=\"stylesheet\" href=\"", "text/css; charset=utf-8", &STYLESHEET),
            ("rel=\"icon\" type=\"image/svg+xml\" href=\"", "image/svg+xml", &LOGO),
            ("img src=\"", "image/svg+xml", &LOGO),
        ] {
            let href = page.split_once(before).unwrap().1.split('"').next().unwrap();
            let request = Request::get(href).body(Body::empty()).unwrap();
            let response = Pages::files("/console").oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::OK);
            assert_eq!(response.headers()[CONTENT_TYPE], media_type);
            assert!(response.headers()[CACHE_CONTROL].to_str().unwrap().contains("immutable"));
            assert_eq!(text(response).await, *resource.response().body());
        }
    }
}
