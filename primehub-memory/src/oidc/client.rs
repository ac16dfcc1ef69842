//! Applications that may ask for tokens, and how they show who they are.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use primehub_core::identity::RoleKey;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use super::error::TokenError;

/// An application that may ask for tokens, set up as a client of a Keycloak realm would be.
///
/// Its access tokens always name it as audience, carry the account's groups, and of the account's roles those that
/// [`Client::full_scope`] or [`Client::role_scope`] let through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// The client id.
    pub id: String,
    /// What the client shows to prove itself; `None` for a client that can keep no secret.
    pub secret: Option<SecretString>,
    /// Whether the client has an account of its own, and may ask for tokens of it (`client_credentials`).
    pub service_account: bool,
    /// Whether the client may exchange a name and a password for tokens.
    pub direct_access_grants: bool,
    /// Addresses of the client; a `*` at the end stands for anything.
    pub redirect_uris: Vec<String>,
    /// Origins of the pages that may read the provider's answers, as browsers spell them; `+` stands for the origins of
    /// [`Client::redirect_uris`], `*` for every origin. They are the token's `allowed-origins`.
    pub web_origins: Vec<String>,
    /// Whether tokens carry every role of the account.
    pub full_scope: bool,
    /// Without full scope: the roles that tokens may carry, with all that these contain.
    pub role_scope: BTreeSet<RoleKey>,
}

impl Client {
    /// The client that PrimeHub itself is: it may do everything, has an account of its own, and its tokens carry no role but the
    /// administrator's, so that they stay small. Pages of any origin may read the answers, as they may those of PrimeHub's API.
    #[must_use]
    pub fn prime_hub(id: impl Into<String>, secret: SecretString, realm: &str) -> Self {
        Self {
            service_account: true,
            direct_access_grants: true,
            role_scope: BTreeSet::from([RoleKey::administrator(realm)]),
            full_scope: false,
            web_origins: vec![ANY_ORIGIN.to_owned()],
            ..Self::public(id, Some(secret))
        }
    }

    /// Any other client with a secret: full scope, no password exchange, no account of its own, pages at its addresses alone.
    #[must_use]
    pub fn confidential(id: impl Into<String>, secret: SecretString) -> Self {
        Self::public(id, Some(secret))
    }

    fn public(id: impl Into<String>, secret: Option<SecretString>) -> Self {
        Self {
            id: id.into(),
            secret,
            service_account: false,
            direct_access_grants: false,
            redirect_uris: Vec::new(),
            web_origins: vec![OWN_ORIGINS.to_owned()],
            full_scope: true,
            role_scope: BTreeSet::new(),
        }
    }

    /// The login name of the client's own account.
    #[must_use]
    pub fn service_account_name(&self) -> String {
        format!("service-account-{}", self.id)
    }

    /// The client's web origins, with `+` resolved.
    pub(super) fn origins(&self) -> BTreeSet<String> {
        let mut origins: BTreeSet<_> = self.web_origins.iter().cloned().collect();
        if origins.remove(OWN_ORIGINS) {
            origins.extend(self.origins_of_addresses());
        }
        origins
    }

    fn origins_of_addresses(&self) -> impl Iterator<Item = String> {
        let origin = |address: &String| {
            let origin = url::Url::parse(address.trim_end_matches('*')).ok()?.origin();
            origin.is_tuple().then(|| origin.ascii_serialization())
        };
        self.redirect_uris.iter().filter_map(origin)
    }
}

/// Among web origins: every origin.
pub(super) const ANY_ORIGIN: &str = "*";

/// Among web origins: those of the client's addresses.
const OWN_ORIGINS: &str = "+";

/// Finds out which client sends a request: by `Authorization: Basic`, or by `client_id` and `client_secret` in the form.
pub(super) fn authenticate<'a>(
    clients: &'a BTreeMap<String, Client>,
    headers: &HeaderMap,
    form: &BTreeMap<String, String>,
) -> Result<&'a Client, TokenError> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic_credentials);
    let (id, secret) = match basic {
        Some((id, secret)) => (id, Some(secret)),
        None => (form.get("client_id").cloned().ok_or(TokenError::UnknownClient)?, form.get("client_secret").cloned()),
    };
    let client = clients.get(&id).or_else(|| clients.get(&decoded(&id))).ok_or(TokenError::UnknownClient)?;
    let Some(expected) = &client.secret else { return Ok(client) };
    let given = secret.ok_or(TokenError::WrongClientSecret)?;
    // RFC 6749 has clients encode the secret in the header; many do not.
    let matches = |given: &str| bool::from(given.as_bytes().ct_eq(expected.expose_secret().as_bytes()));
    if matches(&given) | matches(&decoded(&given)) { Ok(client) } else { Err(TokenError::WrongClientSecret) }
}

fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// The text with `%xx` and `+` resolved.
fn decoded(text: &str) -> String {
    // A whole text as the name of a form field: `=` and `&` must not split it.
    let guarded = text.replace('=', "%3D").replace('&', "%26");
    form_urlencoded::parse(guarded.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn client(header: Option<&str>, form: &[(&str, &str)]) -> Result<String, TokenError> {
        let known = Client::prime_hub("admin-ui", "s3cr%t:+".into(), "primehub");
        let public = Client::public("cli", None);
        let clients = BTreeMap::from([(known.id.clone(), known), (public.id.clone(), public)]);
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            let (scheme, credentials) = header.split_once(' ').unwrap();
            let value = format!("{scheme} {}", STANDARD.encode(credentials));
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        authenticate(&clients, &headers, &form).map(|client| client.id.clone())
    }

    #[rstest]
    #[case::plain_header(Some("Basic admin-ui:s3cr%t:+"), &[], Ok("admin-ui"))]
    #[case::encoded_header(Some("basic admin-ui:s3cr%25t%3A%2B"), &[], Ok("admin-ui"))]
    #[case::form(None, &[("client_id", "admin-ui"), ("client_secret", "s3cr%t:+")], Ok("admin-ui"))]
    #[case::public(None, &[("client_id", "cli")], Ok("cli"))]
    #[case::header_before_form(Some("Basic admin-ui:no"), &[("client_id", "cli")], Err(TokenError::WrongClientSecret))]
    #[case::wrong_secret(None, &[("client_id", "admin-ui"), ("client_secret", "x")], Err(TokenError::WrongClientSecret))]
    #[case::start_of_the_secret(None, &[("client_id", "admin-ui"), ("client_secret", "s3cr")], Err(TokenError::WrongClientSecret))]
    #[case::no_secret(None, &[("client_id", "admin-ui")], Err(TokenError::WrongClientSecret))]
    #[case::unknown(None, &[("client_id", "other"), ("client_secret", "x")], Err(TokenError::UnknownClient))]
    #[case::nobody(None, &[], Err(TokenError::UnknownClient))]
    #[case::other_scheme(Some("Bearer x"), &[], Err(TokenError::UnknownClient))]
    fn clients_show_who_they_are(
        #[case] header: Option<&str>,
        #[case] form: &[(&str, &str)],
        #[case] expected: Result<&str, TokenError>,
    ) {
        assert_eq!(client(header, form), expected.map(str::to_owned));
    }

    #[rstest]
    #[case::of_the_addresses(&["+"], &["http://b:8080", "https://a.example"])]
    #[case::those_and_another(&["https://c.example", "+"], &["http://b:8080", "https://a.example", "https://c.example"])]
    #[case::another_alone(&["https://c.example"], &["https://c.example"])]
    #[case::every(&["*"], &["*"])]
    #[case::none(&[], &[])]
    fn origins_of_a_client(#[case] web_origins: &[&str], #[case] expected: &[&str]) {
        let mut client = Client::confidential("c", "s".into());
        client.redirect_uris = ["https://a.example/console/*", "https://a.example/x", "http://b:8080/*", "nonsense"]
            .map(str::to_owned)
            .to_vec();
        client.web_origins = web_origins.iter().map(|origin| (*origin).to_owned()).collect();
        assert_eq!(client.origins().into_iter().collect::<Vec<_>>(), expected);
    }
}
