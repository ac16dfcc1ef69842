//! Applications that may ask for tokens.

mod authenticate;
mod mappers;
mod representation;

use std::collections::{BTreeMap, BTreeSet};

use primehub_core::identity::RoleKey;
use secrecy::SecretString;

use super::authorization::{InvalidRedirectUri, check_pattern};

pub use mappers::{AccountField, ClaimMapper, ClaimSource, ClaimType, GroupNames, TokenKinds};
pub use representation::ClientRepresentationError;

pub(super) use authenticate::authenticate;
pub(super) use mappers::{Account, TokenKind, apply as apply_mappers, full_path};

/// An application that may ask for tokens, set up as a client of a Keycloak realm would be.
///
/// Its access tokens always name it as audience, carry what its [mappers](Client::mappers) put there, and of the account's roles those that
/// [`Client::full_scope`] or [`Client::role_scope`] let through.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Client {
    /// The client id.
    pub id: String,
    /// What people call it, on the page that asks whether to log out of it.
    pub name: Option<String>,
    /// Where people find it: pages that end here lead back to it.
    pub base_url: Option<String>,
    /// Whether the client is let in at all. One that is not is refused like one that does not exist.
    pub enabled: bool,
    /// What the client shows to prove itself; `None` for a client that can keep no secret.
    pub secret: Option<SecretString>,
    /// Whether people log in to the client in a browser (the authorization code flow).
    pub standard_flow: bool,
    /// Whether the client has an account of its own, and may ask for tokens of it (`client_credentials`).
    pub service_account: bool,
    /// Whether the client may exchange a name and a password for tokens.
    pub direct_access_grants: bool,
    /// The kinds of code challenge that the client may send (PKCE, RFC 7636).
    pub pkce: PkcePolicy,
    /// Whether the client must send a code challenge. A client without a secret must in any case.
    pub pkce_required: bool,
    /// Where people are sent back to with a code: whole addresses, or addresses with a `*` at the end of their path, which stands for
    /// anything below. An `http` address of this very machine that names no port stands for every port (RFC 8252 §7.3).
    pub redirect_uris: Vec<String>,
    /// Where people are sent back to once they are logged out, by the same rules. Empty, and `+` among others, stand for
    /// [`Client::redirect_uris`]; `-` alone for nowhere.
    pub post_logout_redirect_uris: Vec<String>,
    /// Origins of the pages that may read the provider's answers, as browsers spell them; `+` stands for the origins of
    /// [`Client::redirect_uris`], `*` for every origin. They are the token's `allowed-origins`.
    pub web_origins: Vec<String>,
    /// Whether tokens carry every role of the account.
    pub full_scope: bool,
    /// Without full scope: the roles that tokens may carry, with all that these contain.
    pub role_scope: BTreeSet<RoleKey>,
    /// What tokens tell beyond the claims that they always have, in this order: where two speak of one claim, the later one wins.
    pub mappers: Vec<ClaimMapper>,
}

/// Which kinds of code challenge a client may send.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum PkcePolicy {
    /// `S256` alone.
    #[default]
    S256Only,
    /// `plain` too, which protects from nobody who can read the browser's requests: for clients that know nothing better.
    PlainAllowed,
}

impl Client {
    /// The client that PrimeHub itself is: it may do everything, has an account of its own, and its tokens carry no role but the
    /// administrator's, so that they stay small. Pages of any origin may read the answers, as they may those of PrimeHub's API.
    #[must_use]
    pub fn prime_hub(id: impl Into<String>, secret: SecretString, realm: &str) -> Self {
        Self {
            // For people, who see it on the way to an API token; the id means nothing to them.
            name: Some("PrimeHub".to_owned()),
            service_account: true,
            direct_access_grants: true,
            role_scope: BTreeSet::from([RoleKey::administrator(realm)]),
            full_scope: false,
            web_origins: vec![ANY_ORIGIN.to_owned()],
            ..Self::new(id, Some(secret))
        }
    }

    /// Any other client with a secret: people log in to it in a browser, full scope, no password exchange, no account of its own, pages at
    /// its addresses alone. Give it its [`Client::redirect_uris`].
    #[must_use]
    pub fn confidential(id: impl Into<String>, secret: SecretString) -> Self {
        Self::new(id, Some(secret))
    }

    /// A client that can keep no secret, such as a program on people's machines: the same, and a code challenge is asked of it.
    #[must_use]
    pub fn public(id: impl Into<String>) -> Self {
        Self::new(id, None)
    }

    fn new(id: impl Into<String>, secret: Option<SecretString>) -> Self {
        Self {
            id: id.into(),
            name: None,
            base_url: None,
            enabled: true,
            secret,
            standard_flow: true,
            service_account: false,
            direct_access_grants: false,
            pkce: PkcePolicy::S256Only,
            pkce_required: false,
            redirect_uris: Vec::new(),
            post_logout_redirect_uris: Vec::new(),
            web_origins: vec![OWN_ORIGINS.to_owned()],
            full_scope: true,
            role_scope: BTreeSet::new(),
            mappers: vec![ClaimMapper::groups(GroupNames::FullPath)],
        }
    }

    /// The login name of the client's own account.
    #[must_use]
    pub fn service_account_name(&self) -> String {
        format!("service-account-{}", self.id)
    }

    /// What people call it.
    #[must_use]
    pub fn display_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// Whether an authorization request without a code challenge is refused.
    #[must_use]
    pub fn needs_pkce(&self) -> bool {
        self.pkce_required || self.secret.is_none()
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

    /// Whether all addresses can be registered: the first that cannot, and why.
    pub(super) fn check_addresses(&self) -> Result<(), (&str, InvalidRedirectUri)> {
        let addresses = self.redirect_uris.iter().map(String::as_str).chain(self.post_logout_targets());
        addresses.into_iter().try_for_each(|address| check_pattern(address).map_err(|source| (address, source)))
    }

    /// Where people may be sent once they are logged out, with `+` and an empty list resolved.
    pub(super) fn post_logout_targets(&self) -> Vec<&str> {
        let listed = &self.post_logout_redirect_uris;
        let own = if listed.is_empty() || listed.iter().any(|target| target == REDIRECT_URIS) {
            &*self.redirect_uris
        } else {
            &[]
        };
        own.iter()
            .chain(listed)
            .map(String::as_str)
            .filter(|target| ![REDIRECT_URIS, NOWHERE].contains(target))
            .collect()
    }
}

/// The client of that id, if it is let in.
pub(super) fn enabled<'a>(clients: &'a BTreeMap<String, Client>, id: &str) -> Option<&'a Client> {
    clients.get(id).filter(|client| client.enabled)
}

/// Among web origins: every origin.
pub(super) const ANY_ORIGIN: &str = "*";

/// Among web origins: those of the client's addresses.
const OWN_ORIGINS: &str = "+";

/// Among addresses for after a logout: those for after a login.
const REDIRECT_URIS: &str = "+";

/// Among addresses for after a logout: none.
const NOWHERE: &str = "-";

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn client(web_origins: &[&str], after_logout: &[&str]) -> Client {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let mut client = Client::confidential("c", "s".into());
        client.redirect_uris =
            owned(&["https://a.example/console/*", "https://a.example/x", "http://b:8080/*", "nonsense"]);
        client.web_origins = owned(web_origins);
        client.post_logout_redirect_uris = owned(after_logout);
        client
    }

    #[rstest]
    #[case::of_the_addresses(&["+"], &["http://b:8080", "https://a.example"])]
    #[case::those_and_another(&["https://c.example", "+"], &["http://b:8080", "https://a.example", "https://c.example"])]
    #[case::another_alone(&["https://c.example"], &["https://c.example"])]
    #[case::every(&["*"], &["*"])]
    #[case::none(&[], &[])]
    fn origins_of_a_client(#[case] web_origins: &[&str], #[case] expected: &[&str]) {
        assert_eq!(client(web_origins, &[]).origins().into_iter().collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case::those_for_a_login(&[], &["https://a.example/console/*", "https://a.example/x", "http://b:8080/*", "nonsense"])]
    #[case::own_ones(&["https://c.example/bye"], &["https://c.example/bye"])]
    #[case::nowhere(&["-"], &[])]
    #[case::both(&["https://c.example/bye", "+"], &[
        "https://a.example/console/*", "https://a.example/x", "http://b:8080/*", "nonsense", "https://c.example/bye",
    ])]
    fn addresses_after_a_logout(#[case] listed: &[&str], #[case] expected: &[&str]) {
        assert_eq!(client(&[], listed).post_logout_targets(), expected);
    }

    #[test]
    fn a_client_without_a_secret_needs_a_code_challenge() {
        let mut client = Client::confidential("c", "s".into());
        assert!(Client::public("c").needs_pkce() && !client.needs_pkce());
        client.pkce_required = true;
        assert!(client.needs_pkce());
    }
}
