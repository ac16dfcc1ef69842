//! The path before every route.

use std::fmt;

/// What stands before every route: nothing, or `/` and at least one segment, without a slash at the end.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Prefix(String);

impl Prefix {
    /// Reads `APP_PREFIX` as it has always been read: empty and `/` mean none, a slash at the beginning is added, one at the end taken
    /// away.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let inner = text.strip_suffix('/').unwrap_or(text);
        let inner = inner.strip_prefix('/').unwrap_or(inner);
        if inner.is_empty() { Self::default() } else { Self(format!("/{inner}")) }
    }

    /// The prefix, empty if there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The prefix as the beginning of a route: braces mean something to the router; in a prefix they are just characters.
    pub(super) fn pattern(&self) -> String {
        self.0.replace('{', "{{").replace('}', "}}")
    }

    /// The path of the GraphQL endpoint.
    #[must_use]
    pub fn graphql(&self) -> String {
        format!("{self}/graphql")
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Prefix {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[rstest::rstest]
    #[case::none("", "")]
    #[case::slash("/", "")]
    #[case::usual("/api", "/api")]
    #[case::without_slash("api", "/api")]
    #[case::slash_at_the_end("/api/", "/api")]
    #[case::several_segments("a/b/", "/a/b")]
    fn prefixes_are_normalized(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(Prefix::new(text).as_str(), expected);
    }
}
