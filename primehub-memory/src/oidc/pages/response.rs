//! A page as a response: status, markup, and the headers that keep it to itself.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use maud::Markup;

/// A whole page. As a response it has all of [`HEADERS`].
pub(crate) struct Page {
    status: StatusCode,
    markup: Markup,
}

impl Page {
    pub(super) const fn new(status: StatusCode, markup: Markup) -> Self {
        Self { status, markup }
    }

    /// The status that the page is answered with.
    #[cfg(test)]
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The document.
    #[cfg(test)]
    pub(crate) fn html(&self) -> &str {
        &self.markup.0
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        (self.status, HEADERS, self.markup.into_string()).into_response()
    }
}

/// Nothing but our own stylesheet and pictures is loaded, nobody frames the page, no address of it reaches another site, and no cache
/// keeps it: forms carry tokens.
///
/// There is no `form-action`: browsers apply it also to the redirect that answers a form, so that `'self'` would keep a login from leading
/// back to the application. There is no `Cross-Origin-Opener-Policy`: an application that logs in through a window of its own would lose
/// its hold of that window here, and never hear that the login is done.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    // The same as `frame-ancestors`, for browsers that do not know that.
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CACHE_CONTROL, "no-store"),
];
