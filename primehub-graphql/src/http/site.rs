//! What people are shown beside the API, before anybody has logged in: where it is, and how often they may ask.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;

use primehub_core::identity::token::LoginProvider;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::prefix::Prefix;

/// The public face of an installation: invitation pages, and, with [`Self::log_in_with`], the way by which a command line gets its API
/// token (`primehub config generate-token` of the published Python SDK).
///
/// Both are found below each of [`Self::below`]: the SDK looks at the root of the site first, then below `/console`.
///
/// ```
/// use primehub_graphql::Site;
///
/// let site = Site::new("https://hub.example", "https://hub.example/api/graphql")?
///     .log_in_at("https://hub.example/console/g")?
///     .below(["/console"]);
/// # let _ = site;
/// # Ok::<_, primehub_graphql::InvalidSite>(())
/// ```
#[derive(Clone)]
pub struct Site {
    pub(super) address: String,
    pub(super) graphql: String,
    pub(super) log_in: String,
    pub(super) prefixes: Vec<Prefix>,
    pub(super) limits: SiteLimits,
    pub(super) login: Option<Login>,
}

/// How people log in.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) provider: Arc<dyn LoginProvider>,
    pub(super) secret: SecretString,
}

/// How often one client may ask. A client is an IPv4 address or an IPv6 network of 64 bits; beyond the limit it is answered 429.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SiteLimits {
    /// Exchanges of a code for an API token, per minute. Default: 30.
    pub exchanges_per_minute: NonZeroU32,
    /// Looks at an invitation and attempts to accept one, together, per minute. Default: 30.
    pub invitations_per_minute: NonZeroU32,
}

/// Why a [`Site`] cannot be like that.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSite {
    /// An address is not one that a browser could go to.
    #[error("{0:?} is not an http or https URL without a user, a query and a fragment")]
    Address(String),
    /// The secret could be guessed.
    #[error("the secret is shorter than {SHORTEST_SECRET} bytes")]
    SecretTooShort,
}

/// 128 bits, if they are random.
const SHORTEST_SECRET: usize = 16;

impl Site {
    /// The site that browsers reach at `address` (`CANNER_CMS_HOST`), whose GraphQL endpoint is reached at `graphql` (`GRAPHQL_ENDPOINT`).
    /// People log in at `address` itself, and nothing but invitations is offered.
    ///
    /// # Errors
    /// [`InvalidSite::Address`].
    pub fn new(address: &str, graphql: &str) -> Result<Self, InvalidSite> {
        let address = public_url(address)?;
        Ok(Self {
            log_in: format!("{address}/"),
            address,
            graphql: public_url(graphql)?,
            prefixes: ["", "/console"].map(Prefix::new).into(),
            limits: SiteLimits::default(),
            login: None,
        })
    }

    /// Where people with a new account are sent.
    ///
    /// # Errors
    /// [`InvalidSite::Address`].
    pub fn log_in_at(mut self, url: &str) -> Result<Self, InvalidSite> {
        public_url(url)?;
        url.clone_into(&mut self.log_in);
        Ok(self)
    }

    /// Offers API tokens to whoever logs in at `provider`.
    ///
    /// All replicas of a server need the same `secret`, and nothing else in common: what one has begun any other can end.
    ///
    /// # Errors
    /// [`InvalidSite::SecretTooShort`] for less than 16 bytes.
    pub fn log_in_with(mut self, provider: Arc<dyn LoginProvider>, secret: SecretString) -> Result<Self, InvalidSite> {
        if secret.expose_secret().len() < SHORTEST_SECRET {
            return Err(InvalidSite::SecretTooShort);
        }
        self.login = Some(Login { provider, secret });
        Ok(self)
    }

    /// What stands before the paths; by default nothing, and `/console`.
    #[must_use]
    pub fn below(mut self, prefixes: impl IntoIterator<Item = impl Into<Prefix>>) -> Self {
        self.prefixes = Vec::new();
        for prefix in prefixes {
            let prefix = prefix.into();
            if !self.prefixes.contains(&prefix) {
                self.prefixes.push(prefix);
            }
        }
        self
    }

    /// How often one client may ask.
    #[must_use]
    pub fn limits(mut self, limits: SiteLimits) -> Self {
        self.limits = limits;
        self
    }

    /// The path under which browsers see `prefix`: the site itself may lie below one.
    pub(super) fn path(&self, prefix: &Prefix) -> String {
        let path = Url::parse(&self.address).map(|url| url.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        format!("{path}{prefix}")
    }

    /// Whether browsers talk to it through TLS.
    pub(super) fn is_https(&self) -> bool {
        self.address.starts_with("https:")
    }

    /// The origin of its pages.
    pub(super) fn origin(&self) -> String {
        Url::parse(&self.address).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("address", &self.address)
            .field("prefixes", &self.prefixes)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

impl Default for SiteLimits {
    fn default() -> Self {
        Self { exchanges_per_minute: THIRTY, invitations_per_minute: THIRTY }
    }
}

/// A person with a slow network and a shaky hand stays below it; whoever guesses 256 bits gets nowhere.
const THIRTY: NonZeroU32 = match NonZeroU32::new(30) {
    Some(number) => number,
    None => NonZeroU32::MIN,
};

/// An address for browsers, without slashes at its end.
fn public_url(text: &str) -> Result<String, InvalidSite> {
    let invalid = || InvalidSite::Address(text.to_owned());
    let url = Url::parse(text).map_err(|_| invalid())?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if matches!(url.scheme(), "http" | "https") && plain && url.fragment().is_none() {
        Ok(url.as_str().trim_end_matches('/').to_owned())
    } else {
        Err(invalid())
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::token::MockLoginProvider;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("https://hub.example", Ok("https://hub.example"))]
    #[case::slash("https://hub.example/", Ok("https://hub.example"))]
    #[case::port_and_path("http://127.0.0.1:8080/hub/", Ok("http://127.0.0.1:8080/hub"))]
    #[case::letters("HTTPS://Hub.Example", Ok("https://hub.example"))]
    #[case::no_url("hub.example", Err(()))]
    #[case::script("javascript:alert(1)", Err(()))]
    #[case::user("https://ada@hub.example", Err(()))]
    #[case::query("https://hub.example/?a", Err(()))]
    #[case::fragment("https://hub.example/#a", Err(()))]
    fn addresses_are_those_of_browsers(#[case] text: &str, #[case] expected: Result<&str, ()>) {
        assert_eq!(public_url(text).map_err(|_| ()).as_deref(), expected.as_deref());
        assert_eq!(Site::new("https://a.example", text).is_ok(), expected.is_ok());
    }

    #[test]
    fn paths_are_those_that_browsers_see() {
        let site = Site::new("https://hub.example/team/", "https://hub.example/api/graphql").unwrap();
        let paths: Vec<_> = site.prefixes.iter().map(|prefix| site.path(prefix)).collect();
        assert_eq!(paths, ["/team", "/team/console"]);
        assert_eq!(site.origin(), "https://hub.example");
        let site = site.below(["/a/", "a", ""]);
        assert_eq!(site.prefixes, ["/a", ""].map(Prefix::new));
    }

    #[test]
    fn secrets_are_long_and_not_shown() {
        let site = Site::new("https://hub.example", "https://hub.example/api/graphql").unwrap();
        let provider: Arc<dyn LoginProvider> = Arc::new(MockLoginProvider::new());
        let short = site.clone().log_in_with(provider.clone(), "fifteen letters".into());
        assert_eq!(short.unwrap_err(), InvalidSite::SecretTooShort);
        let site = site.log_in_with(provider, "sixteen letters!".into()).unwrap();
        assert!(!format!("{site:?}").contains("letters"));
    }
}
