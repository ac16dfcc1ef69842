//! What the login page shows of the organization.

use std::fmt::Write;

use super::attribute::{ORG_LOGO_URL, field};
use crate::identity::IdentityError;

/// The HTML that the login page shows: the logo with the organization's name as alternative text, or nothing without logo.
///
/// # Errors
/// [`IdentityError::Invalid`] for an address that is neither `http(s)://` nor an image in itself (`data:image/…`), or that contains
/// white space or control characters: everybody who logs in gets this page.
pub fn display_name_html(name: Option<&str>, url: Option<&str>) -> Result<String, IdentityError> {
    let Some(url) = url.filter(|url| !url.is_empty()) else {
        return Ok(String::new());
    };
    if !is_image_address(url) {
        let reason = "must start with http://, https:// or data:image/ and contain no white space".to_owned();
        return Err(IdentityError::Invalid { field: field(ORG_LOGO_URL).to_owned(), reason });
    }
    Ok(format!("<img src=\"{}\" alt=\"{}\" width=\"500\" >", escaped(url), escaped(name.unwrap_or_default())))
}

fn is_image_address(url: &str) -> bool {
    let has_scheme = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    ["http://", "https://", "data:image/"].into_iter().any(has_scheme)
        && !url.chars().any(|character| character.is_whitespace() || character.is_control())
}

/// Safe as text and between quotation marks of either kind.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' | '<' | '>' | '"' | '\'' => {
                // Writing to a string does not fail.
                let _ = write!(html, "&#{};", u32::from(character));
            }
            character => html.push(character),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::both(
        Some("ACME"),
        Some("https://a.example/l.png"),
        r#"<img src="https://a.example/l.png" alt="ACME" width="500" >"#
    )]
    #[case::no_name(None, Some("http://a/l.png"), r#"<img src="http://a/l.png" alt="" width="500" >"#)]
    #[case::no_logo(Some("ACME"), None, "")]
    #[case::empty_address(Some("ACME"), Some(""), "")]
    #[case::image_in_itself(
        Some("A"),
        Some("data:image/png;base64,AA=="),
        r#"<img src="data:image/png;base64,AA==" alt="A" width="500" >"#
    )]
    #[case::capital_scheme(None, Some("HTTPS://a/"), r#"<img src="HTTPS://a/" alt="" width="500" >"#)]
    #[case::escaped(
        Some(r#"A&B <"x">'"#),
        Some(r#"https://a/?b=1&c="><script>"#),
        r#"<img src="https://a/?b=1&#38;c=&#34;&#62;&#60;script&#62;" alt="A&#38;B &#60;&#34;x&#34;&#62;&#39;" width="500" >"#
    )]
    fn the_logo_is_an_image(#[case] name: Option<&str>, #[case] url: Option<&str>, #[case] html: &str) {
        assert_eq!(display_name_html(name, url).as_deref(), Ok(html));
    }

    #[rstest]
    #[case::script("javascript:alert(1)")]
    #[case::other_data("data:text/html,<script>")]
    #[case::path("/logo.png")]
    #[case::hidden_scheme(" https://a/")]
    #[case::line_feed("https://a/\nb")]
    #[case::shorter_than_a_scheme("ä")]
    fn other_addresses_are_refused(#[case] url: &str) {
        let error = display_name_html(None, Some(url)).unwrap_err();
        assert!(matches!(error, IdentityError::Invalid { field, .. } if field == "org.logo.url"));
    }

    proptest! {
        #[test]
        fn no_name_and_no_address_leave_their_attribute(name in any::<String>(), rest in "[^\\s\\p{Cc}]*") {
            let html = display_name_html(Some(&name), Some(&format!("https://{rest}"))).unwrap();
            prop_assert_eq!(html.matches('"').count(), 6);
            prop_assert_eq!((html.matches('<').count(), html.matches('>').count()), (1, 1));
        }
    }
}
