//! Continue tokens: where a list goes on, and at which revision.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::Key;
use crate::kubernetes::status::Status;

/// Base64 JSON, with the fields of a real server and one more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Token {
    #[serde(default)]
    v: String,
    /// The revision of the whole list; -1 for "as it is now".
    #[serde(default)]
    pub(super) rv: i64,
    #[serde(default)]
    start: String,
    /// How many objects are left, so that they are counted once and not for every page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) left: Option<u64>,
}

const VERSION: &str = "meta.k8s.io/v1";
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Token {
    /// Goes on behind `last`, in a list of one namespace (or of cluster objects) or of all.
    pub(super) fn behind(last: &Key, one_namespace: bool, revision: u64, left: Option<u64>) -> Self {
        let start = match last.namespace.as_deref().filter(|_| !one_namespace) {
            Some(namespace) => format!("/{namespace}/{}\0", last.name),
            None => format!("/{}\0", last.name),
        };
        Self { v: VERSION.to_owned(), rv: i64::try_from(revision).unwrap_or(i64::MAX), start, left }
    }

    /// The same place, in what is there now.
    pub(super) fn inconsistent(mut self) -> Self {
        (self.rv, self.left) = (-1, None);
        self
    }

    pub(super) fn encode(&self) -> String {
        ENGINE.encode(serde_json::to_string(self).unwrap_or_default())
    }

    pub(super) fn decode(text: &str) -> Result<Self, Status> {
        let invalid =
            |why: String| Status::bad_request(format!("invalid continue token: continue key is not valid: {why}"));
        let bytes = ENGINE.decode(text).map_err(|error| {
            let at = match error {
                base64::DecodeError::InvalidByte(at, _) => at,
                _ => text.len(),
            };
            invalid(format!("illegal base64 data at input byte {at}"))
        })?;
        let token: Self = serde_json::from_slice(&bytes).map_err(|error| {
            invalid(match bytes.first() {
                Some(first) if !b"{[\"-0123456789tfn \t\r\n".contains(first) => {
                    format!("invalid character '{}' looking for beginning of value", char::from(*first))
                }
                Some(b'[') => "json: cannot unmarshal array into Go value of type storage.continueToken".to_owned(),
                None => "unexpected end of JSON input".to_owned(),
                Some(_) => error.to_string(),
            })
        })?;
        if token.v != VERSION {
            return Err(invalid(format!("server does not recognize this encoded version {}", token.v)));
        }
        if token.rv == 0 {
            return Err(invalid(format!("incorrect encoded start resourceVersion (version {VERSION})")));
        }
        if token.start.is_empty() {
            return Err(invalid(format!("encoded start key empty (version {VERSION})")));
        }
        let path = token.start.strip_prefix('/').unwrap_or(&token.start);
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(invalid(token.start));
        }
        Ok(token)
    }

    /// The key to start at; the flag says to start behind it.
    pub(super) fn start(&self, namespace: Option<&str>) -> (Key, bool) {
        let path = self.start.strip_prefix('/').unwrap_or(&self.start);
        let (path, behind) = path.strip_suffix('\0').map_or((path, false), |path| (path, true));
        let key = match path.split_once('/') {
            Some((namespace, name)) => Key::new(Some(namespace), name),
            None => Key::new(namespace, path),
        };
        (key, behind)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Key::new(Some("ns"), "n"), true, Some("ns"), "/n\0")]
    #[case(Key::new(Some("ns"), "n"), false, None, "/ns/n\0")]
    #[case(Key::new(None, "n"), false, None, "/n\0")]
    fn a_token_leads_back(#[case] key: Key, #[case] one: bool, #[case] namespace: Option<&str>, #[case] start: &str) {
        let token = Token::behind(&key, one, 678, None);
        assert_eq!(token.start, start);
        let again = Token::decode(&token.encode()).unwrap();
        assert_eq!((again.start(namespace), again), ((key, true), token));
    }

    #[test]
    fn tokens_look_like_those_of_a_real_server() {
        let token = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6Njc4LCJzdGFydCI6Ii9jMlx1MDAwMCJ9";
        assert_eq!(Token::behind(&Key::new(Some("a"), "c2"), true, 678, None).encode(), token);
    }

    #[rstest]
    #[case("!!", "illegal base64 data at input byte 0")]
    #[case("abc", "invalid character 'i' looking for beginning of value")]
    #[case("WzFd", "json: cannot unmarshal array into Go value of type storage.continueToken")]
    #[case(&ENGINE.encode(r#"{"v":"meta.k8s.io/v2","rv":5,"start":"a"}"#), "server does not recognize this encoded version meta.k8s.io/v2")]
    #[case(&ENGINE.encode(r#"{"v":"meta.k8s.io/v1"}"#), "incorrect encoded start resourceVersion (version meta.k8s.io/v1)")]
    #[case(&ENGINE.encode(r#"{"v":"meta.k8s.io/v1","rv":5,"start":""}"#), "encoded start key empty (version meta.k8s.io/v1)")]
    #[case(&ENGINE.encode(r#"{"v":"meta.k8s.io/v1","rv":5,"start":"../../x"}"#), "../../x")]
    fn other_tokens_are_refused(#[case] token: &str, #[case] why: &str) {
        let message = format!("invalid continue token: continue key is not valid: {why}");
        assert_eq!(Token::decode(token).unwrap_err(), Status::bad_request(message));
    }
}
