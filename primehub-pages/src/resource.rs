//! What the pages load: one stylesheet and one picture. Whoever serves them chooses the address.

use std::fmt::Write as _;
use std::sync::OnceLock;

use aws_lc_rs::digest::{SHA256, digest};
use http::{HeaderValue, Response, header};

/// The stylesheet of all pages, for light and dark screens.
pub static STYLESHEET: Resource = Resource::new("text/css; charset=utf-8", include_str!("style.css"));

/// The logo, also the icon of the site: browsers that are not told of one ask for it at the root of the site, which may be somebody else's.
pub static LOGO: Resource = Resource::new("image/svg+xml", include_str!("logo.svg"));

/// A file that pages load.
#[derive(Debug)]
pub struct Resource {
    media_type: &'static str,
    content: &'static str,
    fingerprint: OnceLock<String>,
}

impl Resource {
    const fn new(media_type: &'static str, content: &'static str) -> Self {
        Self { media_type, content, fingerprint: OnceLock::new() }
    }

    /// Sixteen hexadecimal digits that tell this content from any other. They have to be a part of the address, since
    /// [`response`](Self::response) lets browsers keep the file for ever.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| {
            digest(&SHA256, self.content.as_bytes()).as_ref().iter().take(8).fold(String::new(), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
        })
    }

    /// The file, to be kept for ever and taken for nothing but what it is.
    #[must_use]
    pub fn response(&self) -> Response<&'static str> {
        let mut response = Response::new(self.content);
        let headers = [
            (header::CONTENT_TYPE, self.media_type),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
        response
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::stylesheet(&STYLESHEET, "text/css; charset=utf-8", ":root {")]
    #[case::logo(&LOGO, "image/svg+xml", "<svg ")]
    fn may_be_kept_under_a_name_of_its_own(
        #[case] resource: &Resource,
        #[case] media_type: &str,
        #[case] beginning: &str,
    ) {
        let response = resource.response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], media_type);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "public, max-age=31536000, immutable");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
        assert!(response.body().starts_with(beginning));
        let fingerprint = resource.fingerprint();
        assert!(fingerprint.len() == 16 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit()), "{fingerprint}");
    }

    #[test]
    fn another_content_has_another_fingerprint() {
        // The first digits that `printf abc | sha256sum` prints.
        assert_eq!(Resource::new("", "abc").fingerprint(), "ba7816bf8f01cfea");
        assert_ne!(STYLESHEET.fingerprint(), LOGO.fingerprint());
    }

    #[test]
    fn nothing_is_loaded_from_elsewhere() {
        for resource in [&STYLESHEET, &LOGO] {
            let content = resource.content.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
            for forbidden in ["//", "@import", "url(", "<script", "style=", "href", "data:"] {
                assert!(!content.contains(forbidden), "{} contains {forbidden}", resource.media_type);
            }
        }
    }
}
