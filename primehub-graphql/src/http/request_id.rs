//! Ids of requests: the client's own if it is sane, else a new one.

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const LONGEST: usize = 128;

/// The id of a request; given back to the client, and found in logs and audit records.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RequestId(String);

impl RequestId {
    /// Takes the client's id if it is a short word that cannot disturb a log, else makes one.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let sane = |text: &&str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            (1..=LONGEST).contains(&text.len()) && text.bytes().all(plain)
        };
        let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok()).filter(sane);
        Self(given.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a header; every id can be one.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::uuid("0b6f7d52-7e2b-4a51-9d3c-0123456789ab", true)]
    #[case::word("a.b_c-1", true)]
    #[case::empty("", false)]
    #[case::space("a b", false)]
    #[case::quotation_mark("a\"b", false)]
    #[case::too_long(&"a".repeat(129), false)]
    fn sane_ids_are_taken_over(#[case] given: &str, #[case] taken: bool) {
        let headers = HeaderMap::from_iter([(REQUEST_ID, HeaderValue::from_str(given).unwrap())]);
        assert_eq!(RequestId::of(&headers).as_str() == given, taken);
    }

    #[test]
    fn other_requests_get_an_id_of_their_own() {
        let headers = HeaderMap::new();
        assert_ne!(RequestId::of(&headers), RequestId::of(&headers));
    }
}
