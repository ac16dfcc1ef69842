//! The server, put together from its configuration and served.

use std::net::SocketAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use primehub_core::clock::{Clock as _, SystemClock};
use primehub_graphql::{InvalidSite, Server, Site};
use primehub_keycloak::InvalidSettings;
use secrecy::{ExposeSecret as _, SecretString};
use url::{Host, Url};

use crate::config::Config;
use crate::identity::KeycloakIdentity;
use crate::process::{self, Stop};

/// Why no server can be made from a configuration.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AssemblyError {
    /// The connection to Keycloak.
    #[error("the connection to Keycloak cannot be made")]
    Keycloak(#[from] InvalidSettings),
    /// The site.
    #[error("GRAPHQL_HOST cannot be used")]
    Site(#[from] InvalidSite),
}

/// A server on the realm, which is followed from now on. It need not be there yet: until then the server is not ready, and answers 503. Within
/// a runtime.
///
/// # Errors
/// A configuration that only looks usable.
pub fn assemble(config: &Config) -> Result<Server, AssemblyError> {
    let identity = KeycloakIdentity::follow(config.keycloak.clone())?;
    let mut platform = config.platform.clone();
    platform.timezone_offset_minutes = system_offset_minutes();
    let host = config.site.as_str().trim_end_matches('/');
    let site = Site::new(host, &format!("{host}{}", config.prefix.graphql()))?
        .log_in_with(identity.tokens.clone(), site_secret(&config.keycloak.client_secret))?;
    let mut server = identity
        .server(platform)
        .prefix(config.prefix.clone())
        .site(site)
        .introspection(config.introspection)
        .password_login(config.password_login)
        .stale_max(config.stale_max)
        .trusted_proxies(config.trusted_proxies.iter().copied())
        .secure_site(is_secure(&config.site));
    if let Some(secret) = &config.shared_secret {
        server = server.shared_secret(secret.clone());
    }
    Ok(server.build())
}

/// Serves until the process is told to stop.
///
/// # Errors
/// When the server cannot be made, or a port is not to be had.
pub async fn run(config: Config, stop: Stop) -> anyhow::Result<()> {
    let listener = process::bind(config.listen, config.port).await?;
    let management = process::bind(config.listen, config.management_port).await?;
    let server = assemble(&config)?;
    announce(&config, listener.local_addr()?, management.local_addr()?);
    process::serve(&server, listener.into(), server.router(), management, &stop, config.grace).await;
    Ok(())
}

fn announce(config: &Config, public: SocketAddr, management: SocketAddr) {
    let graphql = config.prefix.graphql();
    let issuer = config.keycloak.issuer();
    tracing::info!(%public, %management, graphql, issuer, version = env!("CARGO_PKG_VERSION"), "serving");
    if !config.without_effect.is_empty() {
        let variables = config.without_effect.join(", ");
        tracing::info!(variables, "set, and without effect in this release");
    }
}

/// The timezone of this machine at this moment, in minutes east of UTC.
#[must_use]
pub fn system_offset_minutes() -> i32 {
    offset_minutes(&TimeZone::system(), SystemClock.now())
}

/// Daylight saving included.
fn offset_minutes(zone: &TimeZone, now: Timestamp) -> i32 {
    zone.to_offset(now).seconds() / 60
}

/// One secret for all replicas, without another variable: they share the client's secret, which must not be used for a second purpose itself.
fn site_secret(client_secret: &SecretString) -> SecretString {
    use aws_lc_rs::hmac;
    let key = hmac::Key::new(hmac::HMAC_SHA256, client_secret.expose_secret().as_bytes());
    let tag = hmac::sign(&key, b"primehub-graphql: cookies of the site");
    tag.as_ref().iter().fold(String::with_capacity(64), |text, byte| format!("{text}{byte:02x}")).into()
}

/// Whether browsers should be told to come over TLS only. Not for this machine's own names, which other programs share.
fn is_secure(site: &Url) -> bool {
    let loopback = match site.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => true,
    };
    site.scheme() == "https" && !loopback
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_offset_is_that_of_the_moment() {
        let (winter, summer) = ("2026-01-15T12:00:00Z".parse().unwrap(), "2026-07-15T12:00:00Z".parse().unwrap());
        let offset = |zone: &str, now| offset_minutes(&TimeZone::posix(zone).unwrap(), now);
        assert_eq!(offset("CST-8", winter), 480);
        assert_eq!(offset("NST3:30NDT,M3.2.0,M11.1.0", winter), -210);
        assert_eq!(offset("NST3:30NDT,M3.2.0,M11.1.0", summer), -150);
        assert_eq!(offset_minutes(&TimeZone::UTC, summer), 0);
    }

    #[rstest]
    #[case::tls("https://hub.example.com", true)]
    #[case::clear("http://hub.example.com", false)]
    #[case::own_name("https://localhost", false)]
    #[case::own_address("https://127.0.0.1:3001", false)]
    fn browsers_are_told_to_keep_to_tls(#[case] site: &str, #[case] expected: bool) {
        assert_eq!(is_secure(&site.parse().unwrap()), expected);
    }

    #[test]
    fn the_secret_of_the_site_is_the_same_in_all_replicas_and_not_the_clients() {
        let [one, again, other] = ["s", "s", "t"].map(|secret| site_secret(&secret.into()));
        assert_eq!(one.expose_secret(), again.expose_secret());
        assert_ne!(one.expose_secret(), other.expose_secret());
        assert_eq!(one.expose_secret().len(), 64);
    }
}
