//! A page as a response: status, markup, and the headers that keep it to itself.

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use maud::Markup;

/// Where the forms of a page may lead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Forms {
    /// Forms, and whatever they are answered with, stay where the page is: even a form that somebody slips in sends nothing elsewhere.
    SameOrigin,
    /// For pages on the way to somewhere else, such as a login. Browsers apply `form-action` also to the redirect that answers a form, so
    /// that `'self'` would keep a login from leading back to the application.
    AnyOrigin,
}

impl Forms {
    const fn content_security_policy(self) -> &'static str {
        match self {
            Self::SameOrigin => {
                "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
            }
            Self::AnyOrigin => {
                "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
            }
        }
    }
}

/// Nothing but our own stylesheet and pictures is loaded, nobody frames the page, no address of it reaches another site, and no cache keeps
/// it: pages show secrets, forms carry tokens, and some pages have a secret in their address.
///
/// There is no `Cross-Origin-Opener-Policy`: an application that logs in through a window of its own would lose its hold of that window
/// here, and never hear that the login is done.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    // The same as `frame-ancestors`, for browsers that do not know that.
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
];

pub(crate) fn response(status: StatusCode, forms: Forms, document: Markup) -> Response<String> {
    let mut response = Response::new(document.into_string());
    *response.status_mut() = status;
    let policy = (header::CONTENT_SECURITY_POLICY, forms.content_security_policy());
    let headers = HEADERS.into_iter().chain([policy]);
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

#[cfg(test)]
mod tests {
    use maud::html;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::same_origin(
        Forms::SameOrigin,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )]
    #[case::any_origin(
        Forms::AnyOrigin,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )]
    fn a_page_keeps_to_itself(#[case] forms: Forms, #[case] policy: &str) {
        let response = response(StatusCode::GONE, forms, html! { p { "<" } });
        assert_eq!((response.status(), response.body().as_str()), (StatusCode::GONE, "<p>&lt;</p>"));
        let expected = [
            ("content-type", "text/html; charset=utf-8"),
            ("content-security-policy", policy),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ];
        assert_eq!(response.headers().len(), expected.len());
        for (name, value) in expected {
            assert_eq!(response.headers()[name], value);
        }
    }
}
