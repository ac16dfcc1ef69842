//! What a browser takes back to the client.

use serde::{Deserialize, Serialize};
use url::form_urlencoded;

/// Where in the address the answer stands.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::oidc) enum ResponseMode {
    #[default]
    Query,
    Fragment,
}

/// Everything that an answer needs of its request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::oidc) struct ReturnAddress {
    /// One of the client's.
    pub(in crate::oidc) redirect_uri: String,
    #[serde(default)]
    pub(in crate::oidc) mode: ResponseMode,
    /// As it came, letter by letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::oidc) state: Option<String>,
}

/// An error of RFC 6749 §4.1.2.1 or OpenID Connect, for the client.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::oidc) struct AuthorizationError {
    pub(in crate::oidc) error: &'static str,
    pub(in crate::oidc) description: Option<String>,
}

impl AuthorizationError {
    pub(in crate::oidc) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self { error, description: Some(description.into()) }
    }

    /// The request wants no page, and one would be needed.
    pub(in crate::oidc) fn login_required() -> Self {
        Self { error: "login_required", description: None }
    }

    /// The request wants no page, and the person has something to do first.
    pub(in crate::oidc) fn interaction_required() -> Self {
        Self { error: "interaction_required", description: None }
    }
}

impl ReturnAddress {
    /// Where the browser goes with a code. `iss` tells the client whose code it is (RFC 9207).
    pub(in crate::oidc) fn with_code(&self, code: &str, session: &str, issuer: &str) -> String {
        self.with(&[("session_state", session), ("iss", issuer), ("code", code)])
    }

    /// Where the browser goes with an error.
    pub(in crate::oidc) fn with_error(&self, error: &AuthorizationError, issuer: &str) -> String {
        let mut fields = vec![("error", error.error)];
        fields.extend(error.description.as_deref().map(|description| ("error_description", description)));
        fields.push(("iss", issuer));
        self.with(&fields)
    }

    fn with(&self, fields: &[(&str, &str)]) -> String {
        let state = self.state.as_deref().map(|state| ("state", state));
        with_fields(&self.redirect_uri, self.mode, state.into_iter().chain(fields.iter().copied()))
    }
}

/// The address with more fields in its query, or as its fragment. What it has already stays as it is.
pub(in crate::oidc) fn with_fields<'a>(
    address: &str,
    mode: ResponseMode,
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> String {
    // `%20` is a blank wherever it stands; `+` is one in queries alone.
    let fields = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish().replace('+', "%20");
    let separator = match mode {
        _ if fields.is_empty() => "",
        ResponseMode::Fragment => "#",
        ResponseMode::Query if !address.contains('?') => "?",
        ResponseMode::Query if address.ends_with(['?', '&']) => "",
        ResponseMode::Query => "&",
    };
    format!("{address}{separator}{fields}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const ISSUER: &str = "https://id.example/realms/r";

    fn to(redirect_uri: &str, mode: ResponseMode, state: Option<&str>) -> ReturnAddress {
        ReturnAddress { redirect_uri: redirect_uri.to_owned(), mode, state: state.map(str::to_owned) }
    }

    #[rstest]
    #[case::query(
        "https://a.example/cb",
        ResponseMode::Query,
        Some("s"),
        "https://a.example/cb?state=s&session_state=sid&iss=https%3A%2F%2Fid.example%2Frealms%2Fr&code=c"
    )]
    #[case::more_of_a_query(
        "https://a.example/cb?back=%2Fg",
        ResponseMode::Query,
        None,
        "https://a.example/cb?back=%2Fg&session_state=sid&iss=https%3A%2F%2Fid.example%2Frealms%2Fr&code=c"
    )]
    #[case::empty_query(
        "https://a.example/cb?",
        ResponseMode::Query,
        None,
        "https://a.example/cb?session_state=sid&iss=https%3A%2F%2Fid.example%2Frealms%2Fr&code=c"
    )]
    #[case::fragment(
        "https://a.example/cb?x=1",
        ResponseMode::Fragment,
        Some("s"),
        "https://a.example/cb?x=1#state=s&session_state=sid&iss=https%3A%2F%2Fid.example%2Frealms%2Fr&code=c"
    )]
    #[case::state_as_it_came(
        "app:/cb",
        ResponseMode::Query,
        Some("a+b c&d=é#\r\n"),
        "app:/cb?state=a%2Bb%20c%26d%3D%C3%A9%23%0D%0A&session_state=sid&iss=https%3A%2F%2Fid.example%2Frealms%2Fr&code=c"
    )]
    fn codes(#[case] uri: &str, #[case] mode: ResponseMode, #[case] state: Option<&str>, #[case] expected: &str) {
        assert_eq!(to(uri, mode, state).with_code("c", "sid", ISSUER), expected);
    }

    #[test]
    fn errors() {
        let address = to("https://a.example/cb", ResponseMode::Query, Some("s"));
        assert_eq!(
            address.with_error(&AuthorizationError::new("invalid_scope", "Invalid scopes: x"), ISSUER),
            "https://a.example/cb?state=s&error=invalid_scope&error_description=Invalid%20scopes%3A%20x&iss=https%3A%2F%2Fid.example%2Frealms%2Fr"
        );
        assert_eq!(
            address.with_error(&AuthorizationError::login_required(), ISSUER),
            "https://a.example/cb?state=s&error=login_required&iss=https%3A%2F%2Fid.example%2Frealms%2Fr"
        );
    }

    #[test]
    fn nothing_to_say_changes_nothing() {
        assert_eq!(with_fields("https://a.example/bye", ResponseMode::Query, []), "https://a.example/bye");
    }
}
