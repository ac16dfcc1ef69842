//! What comes back from the login page: first in the address of a page, then as text that somebody has copied.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use secrecy::SecretString;
use url::form_urlencoded;

/// What a login page has sent a browser back with.
#[derive(Debug)]
pub(super) enum Returned {
    /// It worked.
    Code(CodeAndState),
    /// It did not.
    Error(LoginError),
    /// Nothing that a login page would say.
    Nothing,
}

/// All that is taken from what came back; the rest is whatever somebody may have added.
#[derive(Debug)]
pub(super) struct CodeAndState {
    pub(super) code: SecretString,
    pub(super) state: String,
    /// Who says to have sent the browser back (RFC 9207). Older providers do not say it.
    issuers: Vec<String>,
}

impl CodeAndState {
    /// Whether it comes from `provider`, as far as both are known. Who says two things lies.
    pub(super) fn may_come_from(&self, provider: Option<&str>) -> bool {
        provider.is_none_or(|provider| self.issuers.iter().all(|issuer| issuer == provider))
    }
}

/// Why a login page gives no code, in the terms of OAuth 2.0 and OpenID Connect.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LoginError {
    /// `access_denied`.
    Denied,
    /// `login_required` and its like.
    LoginNeeded,
    /// `temporarily_unavailable`, `server_error`.
    Unavailable,
    /// Any other.
    Other,
}

impl LoginError {
    fn of(code: &str) -> Self {
        match code {
            "access_denied" => Self::Denied,
            "login_required" | "interaction_required" | "consent_required" | "account_selection_required" => {
                Self::LoginNeeded
            }
            "temporarily_unavailable" | "server_error" => Self::Unavailable,
            _ => Self::Other,
        }
    }

    /// A word for the log: what came may be anything.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::LoginNeeded => "login_needed",
            Self::Unavailable => "unavailable",
            Self::Other => "other",
        }
    }
}

impl Returned {
    /// Reads a query string. Each name counts only if it is there once.
    pub(super) fn of_query(query: &[u8]) -> Self {
        let once = |name: &str| {
            let mut values = form_urlencoded::parse(query).filter(|(key, _)| key == name).map(|(_, value)| value);
            match (values.next(), values.next()) {
                (Some(value), None) if !value.is_empty() => Some(value.into_owned()),
                _ => None,
            }
        };
        match (once("error"), once("code"), once("state")) {
            (Some(error), _, _) => Self::Error(LoginError::of(&error)),
            (None, Some(code), Some(state)) => {
                let issuers = form_urlencoded::parse(query).filter(|(key, _)| key == "iss");
                let issuers = issuers.map(|(_, value)| value.into_owned()).collect();
                Self::Code(CodeAndState { code: code.into(), state, issuers })
            }
            _ => Self::Nothing,
        }
    }
}

/// The text that is shown for a query string, to be copied.
pub(super) fn text_of(query: &str) -> SecretString {
    STANDARD.encode(query).into()
}

/// Reads the text again, as it comes out of a terminal: perhaps broken into lines, without padding, or in the alphabet of addresses.
pub(super) fn read_text(text: &str) -> Option<CodeAndState> {
    let plain: String = text.chars().filter(|character| !character.is_whitespace()).map(standard).collect();
    match Returned::of_query(&LENIENT.decode(plain).ok()?) {
        Returned::Code(returned) => Some(returned),
        Returned::Error(_) | Returned::Nothing => None,
    }
}

fn standard(character: char) -> char {
    match character {
        '-' => '+',
        '_' => '/',
        other => other,
    }
}

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    fn read(text: &str) -> Option<(String, String)> {
        read_text(text).map(|returned| (returned.code.expose_secret().to_owned(), returned.state))
    }

    #[rstest]
    #[case::plain("code=c&state=s", Some(("c", "s")))]
    #[case::more_than_that("session_state=x&state=s&iss=https%3A%2F%2Fid&code=c.d", Some(("c.d", "s")))]
    #[case::escaped("code=a%26client_id%3Dother&state=s", Some(("a&client_id=other", "s")))]
    #[case::no_code("state=s", None)]
    #[case::no_state("code=c", None)]
    #[case::empty_code("code=&state=s", None)]
    #[case::two_codes("code=c&code=d&state=s", None)]
    #[case::two_states("code=c&state=s&state=t", None)]
    #[case::an_error("code=c&state=s&error=access_denied", None)]
    #[case::nothing("", None)]
    #[case::the_letters_of_base64("code=>>>???~~~&state=ÿÿÿ", Some((">>>???~~~", "ÿÿÿ")))]
    fn only_code_and_state_are_taken(#[case] query: &str, #[case] expected: Option<(&str, &str)>) {
        let text = text_of(query).expose_secret().to_owned();
        let expected = expected.map(|(code, state)| (code.to_owned(), state.to_owned()));
        assert_eq!(read(&text), expected);
        let wrapped: Vec<_> = text.as_bytes().chunks(7).map(|line| std::str::from_utf8(line).unwrap()).collect();
        assert_eq!(read(&format!(" {}\r\n", wrapped.join("\n "))), expected, "from a narrow terminal");
        assert_eq!(read(text.trim_end_matches('=')), expected, "without padding");
        assert_eq!(read(&URL_SAFE_NO_PAD.encode(query)), expected, "in the other alphabet");
    }

    #[rstest]
    #[case::the_provider("&iss=https%3A%2F%2Fid", true)]
    #[case::nobody("", true)]
    #[case::another("&iss=https%3A%2F%2Fevil", false)]
    #[case::one_below_it("&iss=https%3A%2F%2Fid%2F", false)]
    #[case::empty("&iss=", false)]
    #[case::two("&iss=https%3A%2F%2Fid&iss=https%3A%2F%2Fevil", false)]
    fn whoever_sends_a_browser_back_is_the_provider(#[case] added: &str, #[case] expected: bool) {
        let text = text_of(&format!("code=c&state=s{added}"));
        let returned = read_text(text.expose_secret()).unwrap();
        assert_eq!(returned.may_come_from(Some("https://id")), expected);
        assert!(returned.may_come_from(None), "nothing is known to compare with");
    }

    #[rstest]
    #[case::denied("error=access_denied&state=s", Some(LoginError::Denied))]
    #[case::login("error=login_required", Some(LoginError::LoginNeeded))]
    #[case::away("error=temporarily_unavailable", Some(LoginError::Unavailable))]
    #[case::anything("error=<b>", Some(LoginError::Other))]
    #[case::none("error=&state=s", None)]
    fn errors_of_the_login_page_are_told_apart(#[case] query: &str, #[case] expected: Option<LoginError>) {
        let found = match Returned::of_query(query.as_bytes()) {
            Returned::Error(error) => Some(error),
            Returned::Code(_) | Returned::Nothing => None,
        };
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case::not_base64("code=c&state=s")]
    #[case::padding_in_the_middle("Y29kZT1j=JnN0YXRlPXM")]
    #[case::letters_of_others("Ünïcödé")]
    fn other_texts_are_no_codes(#[case] text: &str) {
        assert_eq!(read(text), None);
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in any::<String>(), bytes in any::<Vec<u8>>()) {
            read_text(&text);
            read_text(&STANDARD.encode(&bytes));
            Returned::of_query(&bytes);
        }

        #[test]
        fn what_a_login_page_sends_arrives(code in ".{1,40}", state in "[A-Za-z0-9_-]{1,40}") {
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("state", &state)
                .append_pair("code", &code)
                .finish();
            prop_assert_eq!(read(text_of(&query).expose_secret()), Some((code, state)));
        }
    }
}
