//! Where a Keycloak is, as whom the platform speaks to it, and how patient it is.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use primehub_core::names::GroupId;
use secrecy::SecretString;
use url::{Url, form_urlencoded};

/// Keycloak's own client for command lines: its access tokens name no account, so nobody can be recognized by them.
const ADMIN_CLI: &str = "admin-cli";

/// Which realm of which Keycloak, and the client by which the platform acts in it.
#[derive(Clone)]
#[non_exhaustive]
pub struct KeycloakSettings {
    /// Address that this process reaches Keycloak at, such as `http://keycloak:8080`; with the relative path if Keycloak has one (`/auth`
    /// before version 17).
    pub base: Url,
    /// Address that people's browsers reach it at. The realm's tokens name it as issuer.
    pub public_base: Url,
    /// The realm's name.
    pub realm: String,
    /// The confidential client whose service account the platform uses, and whose offline tokens are API tokens.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretString,
    /// Id of the group that stands for everybody. Without it, or if it does not exist, the top-level group named `everyone` is taken.
    pub everyone: Option<GroupId>,
    /// How patient and how busy the client is.
    pub patience: Patience,
    /// How the picture of the realm is kept fresh.
    pub following: Following,
    /// Certificates of authorities to trust besides the system's, as PEM; empty if there are none.
    pub extra_authorities: Vec<u8>,
    /// A proxy for all calls, such as `http://proxy:3128`, unless [`KeycloakSettings::no_proxy`] names the host.
    pub proxy: Option<Url>,
    /// Hosts that are reached directly: names (with all names below them), addresses and networks, separated by commas; `*` for all.
    pub no_proxy: String,
}

/// Time limits and numbers of simultaneous calls.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Patience {
    /// For the connection to be made.
    pub connect: Duration,
    /// For an answer of the token endpoint, and of what everybody may ask for (the published keys), repeats included.
    pub token: Duration,
    /// For one call of the admin interface: waiting for its turn, a token for it, and repeats included.
    pub admin: Duration,
    /// For one page of a bulk read.
    pub page: Duration,
    /// For sending an e-mail, which Keycloak does before it answers.
    pub mail: Duration,
    /// How many calls run at once; others wait, within their time limits. Bulk reads and e-mails have places of their own, and so does
    /// what keeps the picture fresh when all of these are taken: four each for the latter two.
    pub calls: usize,
    /// How many bulk reads run at once. More than four are slower, not faster, on a small server.
    pub bulk_reads: usize,
    /// How many idle connections are kept.
    pub idle_connections: usize,
}

/// How the picture of the realm follows Keycloak.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Following {
    /// Between two looks at the events. That Keycloak is away is known three seconds after its last answer to a look, and at the latest one
    /// interval later: so long reads go on as if nothing had happened, also where they are to stop at once (`KC_STALE_MAX=0`).
    pub interval: Duration,
    /// How late an event may become visible: Keycloak stamps it before it commits, so each look goes back this far.
    pub overlap: Duration,
    /// Between two complete readings while events are followed: finds what has no event. A fifth of it where accounts come from a directory
    /// behind Keycloak (LDAP, for example), whose changes have none at all.
    ///
    /// Such a directory is known only by accounts that Keycloak has taken over from it: before the first one has been, complete readings are as
    /// rare as elsewhere. What is changed or deleted in the directory shows after Keycloak's own synchronization and then the next complete
    /// reading; an account that Keycloak does not list before it has taken it over is in no picture until then. Where that is too late,
    /// synchronize more often there and make this shorter.
    pub refresh: Duration,
    /// Between two complete readings while events are not available.
    pub refresh_without_events: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            token: Duration::from_secs(3),
            admin: Duration::from_secs(10),
            page: Duration::from_secs(30),
            mail: Duration::from_secs(10),
            calls: 80,
            bulk_reads: 4,
            idle_connections: 10,
        }
    }
}

impl Default for Following {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(1),
            overlap: Duration::from_secs(30),
            refresh: Duration::from_mins(10),
            refresh_without_events: Duration::from_mins(1),
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSettings {
    /// The client cannot be used for this.
    #[error(
        "the client {ADMIN_CLI} cannot be used: its tokens name no account; create a confidential client, for example with the bootstrap"
    )]
    AdminCli,
    /// An address is no base of others, or not one of a proxy.
    #[error("{0} is not an http or https address")]
    NotHttp(Url),
    /// An address has more than a base has. A password in it is not shown.
    #[error("{0} must have neither a user nor a query nor a fragment")]
    NotABase(Url),
    /// A certificate cannot be read.
    #[error("the certificates of additional authorities cannot be read")]
    Authorities(#[source] Box<dyn Error + Send + Sync>),
    /// There is text where certificates were expected.
    #[error("there is no certificate among the additional authorities; they must be in the form PEM")]
    NoAuthorities,
    /// The proxy cannot be used.
    #[error("the proxy cannot be used")]
    Proxy(#[source] Box<dyn Error + Send + Sync>),
    /// The HTTP client cannot be built.
    #[error("no HTTP client can be built")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl KeycloakSettings {
    /// The realm at `base`, which browsers reach at the same address.
    #[must_use]
    pub fn new(base: Url, realm: impl Into<String>, client_id: impl Into<String>, client_secret: SecretString) -> Self {
        Self {
            public_base: base.clone(),
            base,
            realm: realm.into(),
            client_id: client_id.into(),
            client_secret,
            everyone: None,
            patience: Patience::default(),
            following: Following::default(),
            extra_authorities: Vec::new(),
            proxy: None,
            no_proxy: String::new(),
        }
    }

    /// The issuer of the realm's tokens: `<public base>/realms/<realm>`.
    #[must_use]
    pub fn issuer(&self) -> String {
        self.public_url(&["realms", &self.realm]).into()
    }

    /// The same, without durations that no clock can add: a year is for ever here.
    pub(crate) fn within_a_year(mut self) -> Self {
        let year = Duration::from_hours(24 * 365);
        let (patience, following) = (&mut self.patience, &mut self.following);
        for duration in [
            &mut patience.connect,
            &mut patience.token,
            &mut patience.admin,
            &mut patience.page,
            &mut patience.mail,
            &mut following.interval,
            &mut following.overlap,
            &mut following.refresh,
            &mut following.refresh_without_events,
        ] {
            *duration = (*duration).min(year);
        }
        self
    }

    /// Checks what can be checked without a call.
    ///
    /// # Errors
    /// [`InvalidSettings::AdminCli`], [`InvalidSettings::NotHttp`], [`InvalidSettings::NotABase`].
    pub(crate) fn check(&self) -> Result<(), InvalidSettings> {
        if self.client_id == ADMIN_CLI {
            return Err(InvalidSettings::AdminCli);
        }
        for base in [&self.base, &self.public_base] {
            if !matches!(base.scheme(), "http" | "https") || base.cannot_be_a_base() {
                return Err(InvalidSettings::NotHttp(without_password(base)));
            }
            let extras = [base.password(), base.query(), base.fragment()];
            if !base.username().is_empty() || extras.iter().any(Option::is_some) {
                return Err(InvalidSettings::NotABase(without_password(base)));
            }
        }
        // The HTTP client passes over a proxy that it does not know how to speak to.
        match &self.proxy {
            Some(proxy) if !matches!(proxy.scheme(), "http" | "https") => {
                Err(InvalidSettings::NotHttp(without_password(proxy)))
            }
            _ => Ok(()),
        }
    }

    /// An address below the one that this process uses. The segments are escaped as they need to be.
    pub(crate) fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        let mut path = url.path().strip_suffix('/').unwrap_or(url.path()).to_owned();
        for segment in segments {
            path.push('/');
            // More is escaped than an address must have escaped: Keycloak refuses a bare `;`, and `Url` drops tabs and line breaks.
            let escaped: String = form_urlencoded::byte_serialize(segment.as_bytes()).collect();
            path.push_str(&escaped.replace('+', "%20"));
        }
        url.set_path(&path);
        url
    }

    /// An address below the one that browsers use.
    pub(crate) fn public_url(&self, segments: &[&str]) -> Url {
        below(&self.public_base, segments)
    }
}

fn without_password(url: &Url) -> Url {
    let mut url = url.clone();
    // Fails for addresses that cannot hold a password.
    let _ = url.set_password(None);
    url
}

fn below(base: &Url, segments: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut path) = url.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    url
}

impl fmt::Debug for KeycloakSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeycloakSettings")
            .field("base", &self.base.as_str())
            .field("public_base", &self.public_base.as_str())
            .field("realm", &self.realm)
            .field("client_id", &self.client_id)
            .field("everyone", &self.everyone)
            .field("patience", &self.patience)
            .field("following", &self.following)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn settings(base: &str) -> KeycloakSettings {
        KeycloakSettings::new(base.parse().unwrap(), "primehub", "admin-ui", "secret".into())
    }

    #[rstest]
    #[case::root("http://keycloak:8080", "http://keycloak:8080/admin/realms/it%3Acpu%2F1")]
    #[case::root_with_slash("http://keycloak:8080/", "http://keycloak:8080/admin/realms/it%3Acpu%2F1")]
    #[case::relative_path("https://id.example.com/auth", "https://id.example.com/auth/admin/realms/it%3Acpu%2F1")]
    #[case::relative_path_with_slash(
        "https://id.example.com/auth/",
        "https://id.example.com/auth/admin/realms/it%3Acpu%2F1"
    )]
    fn addresses_stand_below_the_base(#[case] base: &str, #[case] expected: &str) {
        let url = settings(base).url(&["admin", "realms", "it:cpu/1"]);
        assert_eq!(url.as_str(), expected);
    }

    #[test]
    fn the_issuer_has_no_slash_at_the_end() {
        assert_eq!(settings("http://keycloak:8080/").issuer(), "http://keycloak:8080/realms/primehub");
    }

    #[test]
    fn secrets_stay_out_of_the_debug_form() {
        assert!(!format!("{:?}", settings("http://keycloak:8080")).contains("secret"));
    }

    #[rstest]
    #[case::another_scheme("ftp://keycloak", "is not an http or https address")]
    #[case::no_base("mailto:keycloak@example.com", "is not an http or https address")]
    #[case::password("http://admin:hidden@keycloak", "http://admin@keycloak/ must have neither")]
    #[case::query("http://keycloak/?hidden=1", "must have neither")]
    #[case::fragment("http://keycloak/#top", "must have neither")]
    fn what_is_no_base_is_refused(#[case] base: &str, #[case] expected: &str) {
        let mut settings = settings("http://keycloak:8080");
        settings.public_base = base.parse().unwrap();
        let error = settings.check().unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("hidden@"), "{error}");
    }

    #[test]
    fn a_client_whose_tokens_name_nobody_is_refused() {
        let mut settings = settings("http://keycloak:8080");
        settings.client_id = ADMIN_CLI.into();
        assert!(settings.check().unwrap_err().to_string().contains("admin-cli"));
    }

    #[test]
    fn for_ever_is_a_year() {
        let mut settings = settings("http://keycloak:8080");
        settings.following.refresh = Duration::MAX;
        let settings = settings.within_a_year();
        assert_eq!(settings.following.refresh, Duration::from_hours(24 * 365));
        assert_eq!(settings.following.interval, Following::default().interval);
    }
}
