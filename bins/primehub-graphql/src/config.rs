//! The configuration of the server.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use primehub_graphql::{License, Network, PlatformConfig, Prefix};
use primehub_keycloak::{Following, KeycloakSettings, Patience};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::SecretString;
use url::Url;

use crate::process::LogFormat;
use crate::variables::{self as table, ConfigErrors, Environment, Standing, variables};

/// Everything that the environment says.
#[derive(Debug)]
#[non_exhaustive]
pub struct Config {
    /// Where the ports listen.
    pub listen: IpAddr,
    /// The public port; zero is any free one.
    pub port: u16,
    /// The port of health and metrics; zero is any free one.
    pub management_port: u16,
    /// What stands before every route of the API.
    pub prefix: Prefix,
    /// Where people reach the installation.
    pub site: Url,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<Network>,
    /// What the spawner and controllers show.
    pub shared_secret: Option<SecretString>,
    /// Whether the schema can be asked for.
    pub introspection: bool,
    /// Whether user name and password are accepted in place of a token.
    pub password_login: bool,
    /// How long reads go on from what was last known.
    pub stale_max: Duration,
    /// How long work may go on once the process is told to stop.
    pub grace: Duration,
    /// The realm.
    pub keycloak: KeycloakSettings,
    /// What answers depend on besides.
    pub platform: PlatformConfig,
    /// The log.
    pub log: LogSettings,
    /// Variables that are set, and have no effect in this release.
    pub without_effect: Vec<&'static str>,
}

/// What is logged, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct LogSettings {
    /// A filter of `tracing-subscriber`.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Config {
    /// Reads the variables, and the files that they name.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn from_vars(vars: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigErrors> {
        let mut environment = Environment::new(&vars);
        let config = read(&mut environment);
        match config {
            Some(config) if !environment.has_problems() => Ok(config),
            _ => Err(environment.problems()),
        }
    }
}

/// `None` only after something was wrong. Everything is read before anything is left, so that nothing that is wrong stays untold.
fn read(from: &mut Environment<'_>) -> Option<Config> {
    let keycloak = keycloak(from);
    let password_login = from.value(&table::KC_GRANT_TYPE);
    let role_prefix = from.value(&table::KC_ROLE_PREFIX);
    let stale_max = from.value(&table::KC_STALE_MAX);
    let listen = from.value(&table::LISTEN_ADDRESS);
    let port = from.value(&table::NODE_PORT);
    let management_port = from.value(&table::MANAGEMENT_PORT);
    let prefix = from.value(&table::APP_PREFIX);
    let site = from.value(&table::GRAPHQL_HOST);
    let trusted_proxies = from.value(&table::TRUSTED_PROXIES);
    let shared_secret = from.value(&table::SHARED_GRAPHQL_SECRET_KEY);
    let production = from.value(&table::NODE_ENV);
    let playground = from.value(&table::GRAPHQL_PLAYGROUND);
    let grace = from.value(&table::SHUTDOWN_GRACE);
    let filter = from.value(&table::PRIMEHUB_LOG);
    let format = from.value(&table::LOG_FORMAT);
    let deploy_mode = from.value(&table::PRIMEHUB_MODE);
    let volume_capacity = from.value(&table::DEFAULT_USER_VOLUME_CAPACITY);
    let license = license(from);
    // Of a later part, but a mistake in it has always kept the server from starting.
    from.value(&table::DATASET_ENDPOINT);
    let without_effect = variables().filter(|variable| variable.standing != Standing::InUse && from.is_set(variable));
    let without_effect = without_effect.map(|variable| variable.name).collect();

    let keycloak = keycloak?;
    let mut platform = PlatformConfig::new(&keycloak.client_id);
    platform.default_user_volume_capacity = volume_capacity?;
    platform.role_prefix = role_prefix;
    platform.deploy_mode = deploy_mode.unwrap_or_default();
    platform.license = license?;
    Some(Config {
        listen: listen?,
        port: port?,
        management_port: management_port?,
        prefix: prefix.unwrap_or_default(),
        site: site?,
        trusted_proxies: trusted_proxies.unwrap_or_default(),
        shared_secret,
        introspection: playground.is_some() || !production?,
        password_login: password_login?,
        stale_max: stale_max?,
        grace: grace?,
        keycloak,
        platform,
        log: LogSettings { filter: filter?, format: format? },
        without_effect,
    })
}

fn keycloak(from: &mut Environment<'_>) -> Option<KeycloakSettings> {
    let base = from.value(&table::KC_API_BASEURL);
    let public_base = from.value(&table::KC_OIDC_BASEURL);
    let realm = from.value(&table::KC_REALM);
    let client_id = from.value(&table::KC_CLIENT_ID);
    let client_secret = from.value(&table::KC_CLIENT_SECRET);
    let everyone = from.value(&table::KC_EVERYONE_GROUP_ID);
    let authorities = from.value(&table::KC_CA_FILE).and_then(|file| authorities(from, &file));
    let proxies = [&table::HTTPS_PROXY, &table::HTTP_PROXY].map(|proxy| from.value(proxy));
    let no_proxy = from.value(&table::NO_PROXY);
    let patience = patience(from);
    let following = following(from);

    let base = base?;
    let proxy = proxy_for(&base, proxies);
    let mut settings = KeycloakSettings::new(base, realm?, client_id?, client_secret?);
    if let Some(public_base) = public_base {
        settings.public_base = public_base;
    }
    settings.everyone = everyone;
    settings.extra_authorities = authorities.unwrap_or_default();
    settings.proxy = proxy;
    settings.no_proxy = no_proxy.unwrap_or_default();
    settings.patience = patience?;
    settings.following = following?;
    Some(settings)
}

/// The proxy for `base`, and the hosts that are reached without it, as the environment says.
///
/// # Errors
/// A proxy that is none.
pub fn proxy_from_vars(
    base: &Url,
    vars: impl Fn(&str) -> Option<String>,
) -> Result<(Option<Url>, String), ConfigErrors> {
    let mut from = Environment::new(&vars);
    let proxies = [&table::HTTPS_PROXY, &table::HTTP_PROXY].map(|proxy| from.value(proxy));
    let no_proxy = from.value(&table::NO_PROXY).unwrap_or_default();
    if from.has_problems() { Err(from.problems()) } else { Ok((proxy_for(base, proxies), no_proxy)) }
}

fn proxy_for(base: &Url, [secure, plain]: [Option<Url>; 2]) -> Option<Url> {
    if base.scheme() == "https" { secure } else { plain }
}

fn authorities(from: &mut Environment<'_>, file: &Path) -> Option<Vec<u8>> {
    let variable = &table::KC_CA_FILE.variable;
    let pem = match std::fs::read(file) {
        Ok(pem) => pem,
        Err(error) => return from.wrong(variable, format!("{} cannot be read ({error})", file.display())),
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match certificates {
        Ok(found) if !found.is_empty() => Some(pem),
        Ok(_) => from.wrong(variable, format!("{} holds no certificate", file.display())),
        Err(error) => from.wrong(variable, format!("{} cannot be understood ({error})", file.display())),
    }
}

fn patience(from: &mut Environment<'_>) -> Option<Patience> {
    let token = from.value(&table::KC_OIDC_TIMEOUT);
    let calls = from.value(&table::KC_MAX_SOCKETS);
    let idle_connections = from.value(&table::KC_MAX_FREE_SOCKETS);
    let mut patience = Patience::default();
    patience.token = token?;
    patience.calls = calls?;
    patience.idle_connections = idle_connections?;
    Some(patience)
}

fn following(from: &mut Environment<'_>) -> Option<Following> {
    let interval = from.value(&table::KC_POLL_INTERVAL);
    let refresh = from.value(&table::KC_REFRESH_INTERVAL);
    let mut following = Following::default();
    following.interval = interval?;
    following.refresh = refresh?;
    Some(following)
}

fn license(from: &mut Environment<'_>) -> Option<License> {
    let status = from.value(&table::EXPIRED);
    let limits = [&table::MAX_USER, &table::MAX_GROUP, &table::MAX_NODE, &table::MAX_MODEL_DEPLOY];
    let [users, groups, nodes, deployments] = limits.map(|limit| from.value(limit));
    let [licensed_to, started_at, expired_at] =
        [&table::LICENSED_TO, &table::STARTED_AT, &table::EXPIRED_AT].map(|text| from.value(text));
    let mut license = License::default();
    license.status = status?;
    (license.licensed_to, license.started_at, license.expired_at) = (licensed_to, started_at, expired_at);
    (license.max_users, license.max_groups) = (users?, groups?);
    (license.max_nodes, license.max_model_deployments) = (nodes?, deployments?);
    Some(license)
}

#[cfg(test)]
mod tests;
