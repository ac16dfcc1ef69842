//! Whether a form comes from a page of ours.

use http::HeaderMap;
use http::header::{HOST, HeaderName, ORIGIN};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether the request was sent by a page of ours, or by something that is no browser.
///
/// Nothing depends on it: what gives an account is the token in the address. It keeps pages of others from making accounts look like an
/// act of whoever visits them.
pub(super) fn is_ours(headers: &HeaderMap, origin: &str) -> bool {
    let text = |name| headers.get(name).map(|value: &http::HeaderValue| value.to_str().unwrap_or("?"));
    if let Some(site) = text(SEC_FETCH_SITE) {
        return matches!(site, "same-origin" | "none");
    }
    match text(ORIGIN) {
        // `null` is what browsers send for a page that gives away no referrer, as ours do not.
        None | Some("null") => true,
        Some(sent) => {
            // The site may have more names than it knows.
            let authority = sent.split_once("://").map(|(_, authority)| authority);
            sent.eq_ignore_ascii_case(origin) || (authority.is_some() && authority == text(HOST))
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_browser(&[], true)]
    #[case::our_page(&[("sec-fetch-site", "same-origin"), ("origin", "null")], true)]
    #[case::our_page_by_another_name(&[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:1")], true)]
    #[case::typed(&[("sec-fetch-site", "none")], true)]
    #[case::a_neighbour(&[("sec-fetch-site", "same-site"), ("origin", "https://hub.example")], false)]
    #[case::another_site(&[("sec-fetch-site", "cross-site")], false)]
    #[case::nonsense(&[("sec-fetch-site", "\u{e9}")], false)]
    #[case::old_browser(&[("origin", "https://hub.example")], true)]
    #[case::old_browser_without_referrer(&[("origin", "null")], true)]
    #[case::old_browser_by_another_name(&[("origin", "http://localhost:1"), ("host", "localhost:1")], true)]
    #[case::old_browser_elsewhere(&[("origin", "https://evil.example"), ("host", "hub.example")], false)]
    #[case::origin_without_scheme(&[("origin", "hub.example"), ("host", "hub.example")], false)]
    fn forms_come_from_our_pages(#[case] headers: &[(&str, &str)], #[case] expected: bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        assert_eq!(is_ours(&map, "https://hub.example"), expected);
    }
}
