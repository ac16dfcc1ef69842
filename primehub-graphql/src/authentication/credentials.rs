//! The `Authorization` header, taken apart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::SecretString;

use super::AuthenticationError;

/// Longer than any token that an identity provider issues; keeps nonsense from being hashed and sent on.
const LONGEST_TOKEN: usize = 16 * 1024;

/// What a request shows to say who it is from.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Credentials<'a> {
    /// `Bearer <token>`: the shared secret, an access token or an API token.
    Bearer(&'a str),
    /// `Basic <user name and password>`, not decoded yet.
    Basic(&'a str),
}

impl<'a> Credentials<'a> {
    /// Takes the one `Authorization` header apart: a scheme in any case, spaces, and one word of visible ASCII.
    pub(super) fn of(headers: &'a HeaderMap) -> Result<Self, AuthenticationError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return Err(AuthenticationError::NotAuthorized);
        };
        Self::parse(value.as_bytes())
    }

    fn parse(value: &'a [u8]) -> Result<Self, AuthenticationError> {
        let refused = AuthenticationError::NotAuthorized;
        let text = std::str::from_utf8(value).map_err(|_| refused)?.trim_matches(' ');
        let (scheme, rest) = text.split_once(' ').ok_or(refused)?;
        let word = rest.trim_start_matches(' ');
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(refused);
        }
        if scheme.eq_ignore_ascii_case("bearer") {
            if word.len() > LONGEST_TOKEN { Err(AuthenticationError::InvalidToken) } else { Ok(Self::Bearer(word)) }
        } else if scheme.eq_ignore_ascii_case("basic") {
            Ok(Self::Basic(word))
        } else {
            Err(refused)
        }
    }
}

/// The user name and password inside a `Basic` header. Both must be there.
pub(super) fn user_and_password(encoded: &str) -> Result<(String, SecretString), AuthenticationError> {
    let invalid = AuthenticationError::BasicInvalid;
    let decoded = STANDARD.decode(encoded).map_err(|_| invalid)?;
    let text = String::from_utf8(decoded).map_err(|_| invalid)?;
    match text.split_once(':') {
        Some((user, password)) if !user.is_empty() && !password.is_empty() => {
            Ok((user.to_owned(), password.to_owned().into()))
        }
        _ => Err(invalid),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;

    #[rstest]
    #[case::as_clients_send_it("Bearer abc", Ok(Credentials::Bearer("abc")))]
    #[case::lower_case_scheme("bearer abc", Ok(Credentials::Bearer("abc")))]
    #[case::upper_case_scheme("BEARER abc", Ok(Credentials::Bearer("abc")))]
    #[case::several_spaces("Bearer   abc", Ok(Credentials::Bearer("abc")))]
    #[case::spaces_around("  Bearer abc ", Ok(Credentials::Bearer("abc")))]
    #[case::basic("Basic YTpi", Ok(Credentials::Basic("YTpi")))]
    #[case::two_words("Bearer a b", Err(AuthenticationError::NotAuthorized))]
    #[case::scheme_inside("Token Bearer", Err(AuthenticationError::NotAuthorized))]
    #[case::no_space("Bearerabc", Err(AuthenticationError::NotAuthorized))]
    #[case::scheme_alone("Bearer", Err(AuthenticationError::NotAuthorized))]
    #[case::empty_token("Bearer   ", Err(AuthenticationError::NotAuthorized))]
    #[case::empty("", Err(AuthenticationError::NotAuthorized))]
    #[case::other_scheme("Digest abc", Err(AuthenticationError::NotAuthorized))]
    #[case::not_ascii("Bearer ä", Err(AuthenticationError::NotAuthorized))]
    #[case::tab("Bearer\tabc", Err(AuthenticationError::NotAuthorized))]
    fn the_header_is_read_strictly(
        #[case] value: &str,
        #[case] expected: Result<Credentials<'_>, AuthenticationError>,
    ) {
        assert_eq!(Credentials::parse(value.as_bytes()), expected);
    }

    #[test]
    fn an_endless_token_is_not_looked_at() {
        let value = format!("Bearer {}", "a".repeat(LONGEST_TOKEN + 1));
        assert_eq!(Credentials::parse(value.as_bytes()), Err(AuthenticationError::InvalidToken));
    }

    #[test]
    fn no_header_and_two_headers_are_refused_alike() {
        let mut headers = HeaderMap::new();
        assert_eq!(Credentials::of(&headers), Err(AuthenticationError::NotAuthorized));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
        assert_eq!(Credentials::of(&headers), Ok(Credentials::Bearer("a")));
        headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer b"));
        assert_eq!(Credentials::of(&headers), Err(AuthenticationError::NotAuthorized));
    }

    #[rstest]
    #[case::both("ada:secret", Some(("ada", "secret")))]
    #[case::colon_in_the_password("ada:a:b", Some(("ada", "a:b")))]
    #[case::no_user(":secret", None)]
    #[case::no_password("ada:", None)]
    #[case::no_colon("ada", None)]
    fn both_parts_of_basic_must_be_there(#[case] text: &str, #[case] expected: Option<(&str, &str)>) {
        let read = user_and_password(&STANDARD.encode(text)).ok();
        let read = read.as_ref().map(|(user, password)| (user.as_str(), password.expose_secret()));
        assert_eq!(read, expected);
    }

    #[rstest]
    #[case::not_base64("*")]
    #[case::not_text("/w==")]
    fn basic_that_cannot_be_read(#[case] encoded: &str) {
        assert_eq!(user_and_password(encoded).map(|_| ()), Err(AuthenticationError::BasicInvalid));
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_refused(value in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(Credentials::Basic(encoded)) = Credentials::parse(&value) {
                let _ = user_and_password(encoded);
            }
        }
    }
}
