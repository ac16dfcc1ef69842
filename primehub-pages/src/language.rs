//! The languages of the pages, and which of them somebody gets.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

/// A language that all pages exist in.
///
/// Whoever has texts matches on it without a wildcard, so that a text that a language lacks does not compile.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Language {
    /// What everybody gets who asks for nothing that we have.
    #[default]
    English,
    /// German, in the polite form.
    German,
}

impl Language {
    /// All languages, in the order in which a switch shows them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// The language that fits what a browser says, from the strongest wish to the weakest: `ui_locales` of the authorization request
    /// (OpenID Connect Core 3.1.2.1: tags in order of preference), the cookie that remembers an earlier choice, and `Accept-Language`
    /// (RFC 9110 12.5.4, looked up as in RFC 4647 3.4: `de-AT` is served with German).
    #[must_use]
    pub fn choose(ui_locales: Option<&str>, cookie: Option<&str>, accept_language: Option<&str>) -> Self {
        ui_locales
            .into_iter()
            .flat_map(str::split_ascii_whitespace)
            .chain(cookie)
            .find_map(Self::from_tag)
            .unwrap_or_else(|| accept_language.map_or(Self::default(), |list| Self::accepted(list.split(','))))
    }

    /// The language that fits `Accept-Language` alone, however many such fields there are (RFC 9110 5.3: they are one list).
    #[must_use]
    pub fn of_headers(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        Self::accepted(values.flat_map(|value| value.split(',')))
    }

    /// The language of a tag such as `de` or `de-AT`, also as Java spells it (`de_AT`).
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next()?;
        Self::ALL.into_iter().find(|language| language.tag().eq_ignore_ascii_case(primary))
    }

    /// The tag of RFC 5646: the value of `lang`, `ui_locales` and of the cookie.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// The language's name in itself, so that those find it who read nothing else.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    fn accepted<'a>(members: impl Iterator<Item = &'a str>) -> Self {
        let ranges: Vec<Range<'_>> = members.take(MOST_RANGES).filter_map(Range::parse).collect();
        let mut best: Option<(Self, &Range<'_>, usize)> = None;
        for language in Self::ALL {
            let named = |range: &&(usize, &Range<'_>)| Self::from_tag(range.1.tag) == Some(language);
            let numbered = || ranges.iter().enumerate();
            // `max_by_key` keeps the last of equals, and the first is wanted.
            let range = numbered()
                .rev()
                .filter(|range| named(&range))
                .max_by_key(|(_, range)| range.quality)
                .or_else(|| numbered().find(|(_, range)| range.tag == "*"));
            let Some((position, range)) = range.filter(|(_, range)| range.quality > 0) else { continue };
            let better = best.is_none_or(|(_, other, at)| {
                range.quality > other.quality || (range.quality == other.quality && position < at)
            });
            if better {
                best = Some((language, range, position));
            }
        }
        best.map_or(Self::default(), |(language, ..)| language)
    }
}

/// Nobody speaks more languages; a longer header is somebody's who wants to keep us busy.
const MOST_RANGES: usize = 32;

/// One member of `Accept-Language`.
struct Range<'a> {
    tag: &'a str,
    /// In thousandths.
    quality: u16,
}

impl<'a> Range<'a> {
    /// None if the member is malformed: then it says nothing.
    fn parse(member: &'a str) -> Option<Self> {
        let mut parts = member.split(';');
        let tag = parts.next()?.trim();
        let quality = match parts.next() {
            None => 1000,
            Some(weight) => {
                thousandths(weight.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?.trim())?
            }
        };
        (!tag.is_empty()).then_some(Self { tag, quality })
    }
}

/// A `qvalue`: 0 to 1 with at most three decimals.
fn thousandths(quality: &str) -> Option<u16> {
    let (whole, decimals) = quality.split_once('.').unwrap_or((quality, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<3}").parse().ok()?;
    match whole {
        "0" => Some(decimals),
        "1" if decimals == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::Language::{English, German};
    use super::*;

    #[rstest]
    #[case::nothing(None, None, None, English)]
    #[case::request(Some("de"), Some("en"), Some("en"), German)]
    #[case::request_in_order(Some("fr de en"), None, None, German)]
    #[case::request_with_region(Some("de-AT"), None, None, German)]
    #[case::request_in_capitals(Some("DE"), None, None, German)]
    #[case::request_we_do_not_speak(Some("fr"), Some("de"), Some("en"), German)]
    #[case::empty_request(Some(""), Some("de"), None, German)]
    #[case::cookie(None, Some("de"), Some("en"), German)]
    #[case::cookie_spelled_as_java_does(None, Some("de_CH"), None, German)]
    #[case::foreign_cookie(None, Some("den"), Some("de"), German)]
    #[case::header(None, None, Some("de"), German)]
    #[case::header_of_a_browser(None, None, Some("de-AT,de;q=0.9,en-US;q=0.8,en;q=0.7"), German)]
    #[case::header_by_quality(None, None, Some("de;q=0.5,en;q=0.6"), English)]
    #[case::header_best_range_counts(None, None, Some("de-AT;q=0.1,en;q=0.5,de;q=0.9"), German)]
    #[case::header_equal_qualities(None, None, Some("fr,de,en"), German)]
    #[case::header_spaces(None, None, Some(" en ; q = 0.1 , de ; q=0.2"), German)]
    #[case::header_refuses(None, None, Some("en;q=0,de;q=0.001"), German)]
    #[case::header_refuses_all(None, None, Some("de;q=0,en;q=0"), English)]
    #[case::header_anything(None, None, Some("*"), English)]
    #[case::header_anything_but(None, None, Some("en;q=0,*;q=0.5"), German)]
    #[case::header_anything_rather(None, None, Some("de;q=0.5,*"), English)]
    #[case::header_anything_else(None, None, Some("de,*;q=0.1"), German)]
    #[case::header_other_languages(None, None, Some("fr,it;q=0.8"), English)]
    #[case::malformed_quality_is_not_read(None, None, Some("en;q=2,de;q=0.1"), German)]
    #[case::long_quality_is_not_read(None, None, Some("en;q=0.9999,de;q=0.1"), German)]
    #[case::other_parameter_is_not_read(None, None, Some("en;level=1,de;q=0.1"), German)]
    #[case::empty_members(None, None, Some(",,de,"), German)]
    fn chosen(
        #[case] ui_locales: Option<&str>,
        #[case] cookie: Option<&str>,
        #[case] accept_language: Option<&str>,
        #[case] language: Language,
    ) {
        assert_eq!(Language::choose(ui_locales, cookie, accept_language), language);
    }

    #[rstest]
    #[case::none(&[], English)]
    #[case::one(&["de"], German)]
    #[case::several(&["fr, en;q=0.5", "de;q=0.501"], German)]
    #[case::first_of_equals(&["en", "de"], English)]
    #[case::unreadable(&["\u{e4}", "de"], German)]
    #[case::similar_name(&["deu"], English)]
    #[case::signed(&["de;q=0.+5"], English)]
    fn headers_are_one_list(#[case] values: &[&str], #[case] language: Language) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(ACCEPT_LANGUAGE, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        assert_eq!(Language::of_headers(&headers), language);
    }

    #[rstest]
    #[case("1", Some(1000))]
    #[case("1.000", Some(1000))]
    #[case("0", Some(0))]
    #[case("0.", Some(0))]
    #[case("0.5", Some(500))]
    #[case("0.025", Some(25))]
    #[case("1.001", None)]
    #[case("0.0001", None)]
    #[case("0.+1", None)]
    #[case("", None)]
    #[case("-0", None)]
    #[case(".5", None)]
    fn quality(#[case] text: &str, #[case] thousandths: Option<u16>) {
        assert_eq!(super::thousandths(text), thousandths);
    }

    proptest! {
        #[test]
        fn tags_lead_back_whatever_the_header_says(header in ".*") {
            for language in Language::ALL {
                prop_assert_eq!(Language::choose(None, Some(language.tag()), Some(&header)), language);
                let refusing = format!("{};q=1", language.tag());
                prop_assert_eq!(Language::choose(None, None, Some(&refusing)), language);
            }
            // Whatever it says, it is read.
            let _ = Language::choose(Some(&header), Some(&header), Some(&header));
        }
    }
}
