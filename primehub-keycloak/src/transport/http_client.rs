//! The HTTP client that the settings ask for.

use std::time::Duration;

use crate::settings::{InvalidSettings, KeycloakSettings};

/// How long an idle connection is kept: shorter than servers and gateways keep theirs, so that few calls meet a connection that is just
/// being closed.
const IDLE: Duration = Duration::from_secs(20);

/// A client with the connections, authorities and proxy of `settings`; the environment's proxy is not looked at.
pub(super) fn http_client(settings: &KeycloakSettings) -> Result<reqwest::Client, InvalidSettings> {
    let patience = settings.patience;
    let mut builder = reqwest::Client::builder()
        .connect_timeout(patience.connect)
        .pool_max_idle_per_host(patience.idle_connections)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("primehub/", env!("CARGO_PKG_VERSION")))
        .no_proxy();
    let mut authorities = Vec::new();
    if !settings.extra_authorities.is_empty() {
        authorities = reqwest::Certificate::from_pem_bundle(&settings.extra_authorities)
            .map_err(|error| InvalidSettings::Authorities(error.without_url().into()))?;
        if authorities.is_empty() {
            return Err(InvalidSettings::NoAuthorities);
        }
    }
    let encrypted = |url: &url::Url| url.scheme() == "https";
    builder = if encrypted(&settings.base) || settings.proxy.as_ref().is_some_and(encrypted) {
        builder.tls_certs_merge(authorities)
    } else {
        // An image without any certificates of its own is good enough for a Keycloak in the same cluster.
        builder.tls_certs_only(authorities)
    };
    if let Some(proxy) = &settings.proxy {
        let proxy =
            reqwest::Proxy::all(proxy.clone()).map_err(|error| InvalidSettings::Proxy(error.without_url().into()))?;
        builder = builder.proxy(proxy.no_proxy(reqwest::NoProxy::from_string(&settings.no_proxy)));
    }
    builder.build().map_err(|error| InvalidSettings::Client(error.without_url().into()))
}
