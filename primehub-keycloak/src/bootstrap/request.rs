//! What a realm is to become.

use std::fmt;
use std::time::Duration;

use primehub_core::names::{GroupName, ResourceKind, RoleName, RolePrefix, UserName};
use secrecy::SecretString;
use url::Url;

use crate::settings::{KeycloakSettings, Patience};

/// The realm that an installation of PrimeHub needs. Made with [`BootstrapRequest::new`], then adapted field by field.
#[derive(Clone)]
#[non_exhaustive]
pub struct BootstrapRequest {
    /// Address that this process reaches Keycloak at.
    pub base: Url,
    /// Address that people's browsers reach Keycloak at. It becomes the realm's `frontendUrl`, so that all tokens name
    /// `<public base>/realms/<realm>` as their issuer, whichever way they were fetched.
    pub public_base: Url,
    /// Name of the realm.
    pub realm: String,
    /// The public address of PrimeHub, such as `https://hub.example.com`: clients may send browsers back to addresses below it.
    pub site: Url,
    /// Which connections have to be encrypted. Without it a new realm for a site without TLS wants none encrypted, any other new realm has
    /// Keycloak's default (all but those from private networks), and an existing realm keeps what it has. In an existing realm, less than
    /// it wants takes [`Flags::reopen`].
    pub ssl_required: Option<SslRequired>,
    /// The client of the platform: its service account acts for the platform, its offline tokens are API tokens.
    pub admin_ui: ClientRequest,
    /// The client of JupyterHub.
    pub jupyterhub: ClientRequest,
    /// The client of the proxy in front of pages for maintenance.
    pub maintenance_proxy: ClientRequest,
    /// Whether new people have to agree to terms and conditions at their first login. Never switched off where it is on.
    pub terms: bool,
    /// The first person, if nobody is in the realm yet.
    pub administrator: Option<FirstAdministrator>,
    /// The first group, if nobody is in the realm yet.
    pub group: Option<FirstGroup>,
    /// Resources that everybody may use from the start: each becomes a role that is mapped on the group of everyone, if nobody is in the
    /// realm yet.
    pub resources: Vec<RoleName>,
    /// What may be done to a realm that exists already.
    pub flags: Flags,
    /// Time limits and numbers of simultaneous calls. Those for tokens and calls are taken as a quarter of a minute and a minute if they are
    /// shorter: nobody waits for a page.
    pub patience: Patience,
    /// Certificates of authorities to trust besides the system's, as PEM.
    pub extra_authorities: Vec<u8>,
    /// A proxy for all calls, unless [`BootstrapRequest::no_proxy`] names the host.
    pub proxy: Option<Url>,
    /// Hosts that are reached directly, separated by commas.
    pub no_proxy: String,
}

/// A client of the realm.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientRequest {
    /// The client's name.
    pub client_id: String,
    /// The secret that the client is to have. Without it an existing client keeps its own, and Keycloak makes one for a new client.
    pub secret: Option<SecretString>,
    /// Addresses that browsers may be sent back to, besides those that every installation needs.
    pub redirect_uris: Vec<String>,
}

/// The first person of a realm, who administers it.
#[derive(Clone)]
#[non_exhaustive]
pub struct FirstAdministrator {
    /// Login name.
    pub username: UserName,
    /// E-mail address, taken as verified.
    pub email: Option<String>,
    /// The password; without it one is made at random and handed out in the [`Outcome`](super::Outcome).
    pub password: Option<SecretString>,
    /// Whether the password has to be changed at the first login.
    pub temporary: bool,
}

/// The first group of a realm. The first administrator joins it and is its administrator.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FirstGroup {
    /// Name of the group.
    pub name: GroupName,
    /// How pages call it.
    pub display_name: Option<String>,
    /// Whether the group may deploy models.
    pub deployments: bool,
}

/// What is done to a realm that exists already only if somebody says so, because people notice it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Flags {
    /// May change the realm's `frontendUrl`. The issuer of its tokens changes with it, so **all API tokens stop working** and everybody
    /// has to log in again.
    pub change_frontend_url: bool,
    /// May give the service account rights that it does not have.
    pub widen_rights: bool,
    /// May open what somebody has closed: enable a realm or a client that is disabled, and ask for less encryption than the realm does.
    pub reopen: bool,
    /// May change whether refresh tokens are revoked on use. It has to be off for PrimeHub: where it is on, an API token dies at its second
    /// use.
    pub revoke_refresh_tokens: bool,
}

/// Which connections Keycloak wants encrypted.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SslRequired {
    /// None: for a site without TLS.
    None,
    /// Those from outside private networks.
    External,
    /// All.
    All,
}

impl BootstrapRequest {
    /// A realm named `realm` in the Keycloak at `base`, for a site; without anybody in it, and with the names of clients that the
    /// reference deployment uses.
    #[must_use]
    pub fn new(base: Url, realm: impl Into<String>, site: Url) -> Self {
        Self {
            public_base: base.clone(),
            base,
            realm: realm.into(),
            ssl_required: None,
            site,
            admin_ui: ClientRequest::new("admin-ui"),
            jupyterhub: ClientRequest::new("jupyterhub"),
            maintenance_proxy: ClientRequest::new("maintenance-proxy"),
            terms: false,
            administrator: None,
            group: None,
            resources: Vec::new(),
            flags: Flags::default(),
            patience: Patience::default(),
            extra_authorities: Vec::new(),
            proxy: None,
            no_proxy: String::new(),
        }
    }

    /// The roles of the resources that an installation starts with, under its prefix.
    #[must_use]
    pub fn default_resources(prefix: Option<&RolePrefix>) -> Vec<RoleName> {
        const INSTANCE_TYPES: [&str; 6] = ["cpu-1", "cpu-2", "cpu-3", "cpu-4", "gpu-1", "gpu-2"];
        const IMAGES: [&str; 4] = ["base-notebook", "pytorch-1", "tf-1", "tf-2"];
        let instance_types = INSTANCE_TYPES.map(|name| (ResourceKind::InstanceType, name));
        let images = IMAGES.map(|name| (ResourceKind::Image, name));
        // None is refused but behind a prefix that leaves no room for it.
        let role = |(kind, name)| RoleName::for_resource(prefix, kind, false, name).ok();
        instance_types.into_iter().chain(images).filter_map(role).collect()
    }

    /// How the realm's `frontendUrl` is written: without a slash at the end.
    pub(super) fn frontend_url(&self) -> &str {
        self.public_base.as_str().trim_end_matches('/')
    }

    /// Which connections a new realm wants encrypted, unless that is Keycloak's to decide.
    pub(super) fn new_realms_ssl(&self) -> Option<SslRequired> {
        self.ssl_required.or_else(|| (self.site.scheme() == "http").then_some(SslRequired::None))
    }

    /// The site, without a slash at the end.
    pub(super) fn site_text(&self) -> &str {
        self.site.as_str().trim_end_matches('/')
    }

    /// The connection to the realm. The service account's secret is not known yet; the calls carry an administrator's token instead.
    pub(super) fn settings(&self) -> KeycloakSettings {
        let secret = self.admin_ui.secret.clone().unwrap_or_default();
        let mut settings = KeycloakSettings::new(self.base.clone(), &*self.realm, &*self.admin_ui.client_id, secret);
        settings.public_base = self.public_base.clone();
        // Making a realm takes many seconds on a busy machine.
        settings.patience = self.patience;
        settings.patience.token = settings.patience.token.max(Duration::from_secs(15));
        settings.patience.admin = settings.patience.admin.max(Duration::from_mins(1));
        settings.extra_authorities.clone_from(&self.extra_authorities);
        settings.proxy.clone_from(&self.proxy);
        settings.no_proxy.clone_from(&self.no_proxy);
        settings
    }
}

impl ClientRequest {
    /// A client by name, whose secret Keycloak makes.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self { client_id: client_id.into(), secret: None, redirect_uris: Vec::new() }
    }
}

impl FirstAdministrator {
    /// Somebody with a password made at random, to be changed at the first login.
    #[must_use]
    pub fn new(username: UserName) -> Self {
        Self { username, email: None, password: None, temporary: true }
    }
}

impl FirstGroup {
    /// A group by name.
    #[must_use]
    pub fn new(name: GroupName) -> Self {
        Self { name, display_name: None, deployments: false }
    }
}

impl SslRequired {
    /// As the realm's settings write it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::External => "external",
            Self::All => "all",
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        [Self::None, Self::External, Self::All]
            .into_iter()
            .find(|required| required.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Debug for BootstrapRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BootstrapRequest")
            .field("base", &self.base.as_str())
            .field("public_base", &self.public_base.as_str())
            .field("realm", &self.realm)
            .field("site", &self.site.as_str())
            .field("flags", &self.flags)
            .finish_non_exhaustive()
    }
}
