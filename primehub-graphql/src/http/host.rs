//! Which host names a server on loopback answers to: a page whose name was made to point here must not reach it.

use std::collections::BTreeSet;

use http::HeaderMap;
use http::header::HOST;
use http::uri::{Authority, Uri};

/// The names of one's own machine: what a server bound on loopback should answer to.
pub const LOOPBACK_HOSTS: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// The names that are answered to; none means any.
#[derive(Clone, Debug, Default)]
pub(super) struct AllowedHosts(BTreeSet<String>);

impl AllowedHosts {
    pub(super) fn new(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self(names.into_iter().map(|name| name.into().to_ascii_lowercase()).collect())
    }

    /// Whether a request to this address is answered. The port does not matter.
    pub(super) fn admit(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let named = |authority: &Authority| self.0.contains(&authority.host().to_ascii_lowercase());
        // HTTP/2 puts the name into the address; HTTP/1 into a header, exactly once.
        if let Some(authority) = uri.authority() {
            return named(authority);
        }
        let mut values = headers.get_all(HOST).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return false };
        value.to_str().ok().and_then(|text| text.parse().ok()).is_some_and(|authority| named(&authority))
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[rstest::rstest]
    #[case::name("localhost", true)]
    #[case::port("localhost:8080", true)]
    #[case::case("LocalHost:8080", true)]
    #[case::address("127.0.0.1:1", true)]
    #[case::version_6("[::1]:8080", true)]
    #[case::rebound("evil.example", false)]
    #[case::beginning("localhost.evil.example", false)]
    #[case::user_part("localhost@evil.example", false)]
    #[case::empty("", false)]
    fn only_the_listed_names_are_answered_to(#[case] host: &str, #[case] admitted: bool) {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_str(host).unwrap())]);
        let uri = Uri::from_static("/graphql");
        assert_eq!(AllowedHosts::new(LOOPBACK_HOSTS).admit(&uri, &headers), admitted);
        assert!(AllowedHosts::default().admit(&uri, &headers), "no list, no check");
    }

    #[test]
    fn the_address_of_http_2_counts_and_a_missing_name_does_not() {
        let hosts = AllowedHosts::new(LOOPBACK_HOSTS);
        assert!(hosts.admit(&Uri::from_static("http://localhost:1/graphql"), &HeaderMap::new()));
        assert!(!hosts.admit(&Uri::from_static("http://evil.example/graphql"), &HeaderMap::new()));
        assert!(!hosts.admit(&Uri::from_static("/graphql"), &HeaderMap::new()));
    }
}
