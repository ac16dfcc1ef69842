//! The address that people and clients use.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// An origin: scheme, host and perhaps a port. What tokens name as their issuer, links and redirects begin with it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct PublicUrl(Url);

/// Why a text is not a [`PublicUrl`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{reason}; write it like https://primehub.example or http://localhost:3001")]
pub(crate) struct InvalidPublicUrl {
    reason: &'static str,
}

impl PublicUrl {
    /// Whether it is reached over TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host as requests name it.
    pub(crate) fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Whether it means the machine that it is used on: then nothing travels over a network.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.0.host() {
            // All names below it are one's own machine too (RFC 6761).
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| InvalidPublicUrl { reason: "this is no URL" })?;
        let reason = if !["http", "https"].contains(&url.scheme()) {
            "a public URL begins with https:// or http://"
        } else if !url.username().is_empty() || url.password().is_some() {
            "a public URL names no user"
        } else if url.path() != "/" {
            "a public URL has no path: PrimeHub is not served below one"
        } else if url.query().is_some() || url.fragment().is_some() {
            "a public URL has no query and no fragment"
        } else if url.port() == Some(0) {
            "nothing is reached at port 0"
        } else {
            return Ok(Self(url));
        };
        Err(InvalidPublicUrl { reason })
    }
}

/// Without a slash at the end, and without a port that goes without saying.
impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.origin().ascii_serialization())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::name("https://primehub.example", "https://primehub.example", "primehub.example", false)]
    #[case::slash("https://primehub.example/", "https://primehub.example", "primehub.example", false)]
    #[case::usual_port("https://primehub.example:443", "https://primehub.example", "primehub.example", false)]
    #[case::other_port("HTTP://PrimeHub.Example:8080", "http://primehub.example:8080", "primehub.example", false)]
    #[case::own_name("http://localhost:3001", "http://localhost:3001", "localhost", true)]
    #[case::below_own_name("http://hub.localhost", "http://hub.localhost", "hub.localhost", true)]
    #[case::beginning_of_own_name("http://localhost.example", "http://localhost.example", "localhost.example", false)]
    #[case::own_address("http://127.0.0.2:1", "http://127.0.0.2:1", "127.0.0.2", true)]
    #[case::version_6("https://[::1]:3001", "https://[::1]:3001", "[::1]", true)]
    #[case::other_version_6("https://[2001:db8::1]", "https://[2001:db8::1]", "[2001:db8::1]", false)]
    fn origins_are_taken(#[case] text: &str, #[case] written: &str, #[case] host: &str, #[case] loopback: bool) {
        let url: PublicUrl = text.parse().unwrap();
        assert_eq!((url.to_string().as_str(), url.host(), url.is_loopback()), (written, host, loopback));
        assert_eq!(url.is_https(), written.starts_with("https:"));
    }

    #[rstest]
    #[case::name_alone("primehub.example", "no URL")]
    #[case::scheme("ftp://primehub.example", "begins with https://")]
    #[case::name_and_port("localhost:3001", "begins with https://")]
    #[case::no_host("https://", "no URL")]
    #[case::user("https://ada@primehub.example", "no user")]
    #[case::password("https://:secret@primehub.example", "no user")]
    #[case::path("https://primehub.example/hub", "no path")]
    #[case::query("https://primehub.example?a", "no query")]
    #[case::fragment("https://primehub.example#a", "no fragment")]
    #[case::port("https://primehub.example:0", "port 0")]
    fn anything_more_is_refused_and_said_why(#[case] text: &str, #[case] reason: &str) {
        let message = text.parse::<PublicUrl>().unwrap_err().to_string();
        assert!(message.contains(reason) && !message.contains("secret"), "{message}");
    }
}
