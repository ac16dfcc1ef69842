//! In which language a page is written.

use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;

use super::texts::{ENGLISH, GERMAN, Texts};

/// The languages of the pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::http) enum Language {
    English,
    German,
}

impl Language {
    /// The language that a browser prefers among ours; English for whoever names none of them.
    pub(in crate::http) fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
        let wanted = values.flat_map(|value| value.split(',')).filter_map(wish);
        // Of equal wishes the first counts.
        let best = wanted.fold(
            None,
            |best: Option<(Self, u16)>, wish| {
                if best.is_some_and(|best| best.1 >= wish.1) { best } else { Some(wish) }
            },
        );
        best.map_or(Self::English, |best| best.0)
    }

    /// The tag of the language.
    pub(in crate::http) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// All that the pages say.
    pub(in crate::http) fn texts(self) -> &'static Texts {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
        }
    }
}

/// A language of ours and how much it is wanted, in thousandths.
fn wish(text: &str) -> Option<(Language, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let primary = parts.next()?.split('-').next()?.to_ascii_lowercase();
    let language = match primary.as_str() {
        "en" => Language::English,
        "de" => Language::German,
        _ => return None,
    };
    let quality = match parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="))) {
        None => 1_000,
        Some(text) => thousandths(text)?,
    };
    (quality > 0).then_some((language, quality))
}

/// `1`, `0.8` and the like, as HTTP writes them.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    match (whole, fraction) {
        ("0", fraction) => Some(fraction),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("", Language::English)]
    #[case::german("de", Language::German)]
    #[case::region("de-AT,de;q=0.9,en;q=0.8", Language::German)]
    #[case::case("DE-de", Language::German)]
    #[case::english_first("en,de", Language::English)]
    #[case::less_wanted("en;q=0.5, de;q=0.501", Language::German)]
    #[case::unwanted("de;q=0", Language::English)]
    #[case::another_first("fr, de;q=0.3", Language::German)]
    #[case::only_others("fr,*;q=0.5", Language::English)]
    #[case::similar_name("deu", Language::English)]
    #[case::nonsense_is_no_wish("de;q=2, en;q=0.1", Language::English)]
    #[case::too_exact("de;q=0.1234", Language::English)]
    #[case::signed("de;q=0.+5", Language::English)]
    fn the_preferred_language_is_taken(#[case] header: &str, #[case] expected: Language) {
        let headers = HeaderMap::from_iter([(ACCEPT_LANGUAGE, HeaderValue::from_str(header).unwrap())]);
        assert_eq!(Language::of(&headers), expected);
    }
}
