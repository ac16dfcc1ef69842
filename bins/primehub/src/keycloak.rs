//! A Keycloak, as the options, the environment and a file describe it.

mod file;

use std::path::Path;

use anyhow::Context as _;
use primehub_graphql_server::proxy_from_vars;
use primehub_keycloak::KeycloakSettings;
use secrecy::SecretString;
use url::Url;

pub(crate) use self::file::{Administrator, KeycloakFile};
use crate::command_line::KeycloakOptions;
use crate::up::{CLIENT_ID, REALM};

impl KeycloakOptions {
    /// Whether a Keycloak is named.
    pub(crate) fn is_asked(&self) -> bool {
        self.url.is_some() || self.file.is_some()
    }

    /// The first option besides those that name one.
    pub(crate) fn first_given(&self) -> Option<&'static str> {
        let given = [
            (self.realm.is_some(), "--keycloak-realm"),
            (self.public_url.is_some(), "--keycloak-public-url"),
            (self.client_id.is_some(), "--keycloak-client-id"),
            (self.client_secret_file.is_some(), "--keycloak-client-secret-file"),
            (self.ca_file.is_some(), "--keycloak-ca-file"),
        ];
        given.into_iter().find_map(|(given, option)| given.then_some(option))
    }
}

/// The connection that is asked for. Options stand above the file.
pub(crate) fn settings(options: &KeycloakOptions, file: Option<&KeycloakFile>) -> anyhow::Result<KeycloakSettings> {
    let given = options.url.clone();
    let base = given.clone().or_else(|| Some(file?.keycloak_url.clone()));
    let base = base.context("no Keycloak is named: add --keycloak-url or --keycloak-file")?;
    // The file's public address belongs to the file's address.
    let of_file = file.filter(|_| given.is_none()).map(|file| file.public_url.clone());
    let public_base = options.public_url.clone().or(of_file).unwrap_or_else(|| base.clone());
    let pick = |option: &Option<String>, in_file: fn(&KeycloakFile) -> &String, default: &str| {
        option.clone().or_else(|| file.map(in_file).cloned()).unwrap_or_else(|| default.to_owned())
    };
    let realm = pick(&options.realm, |file| &file.realm, REALM);
    let client_id = pick(&options.client_id, |file| &file.client_id, CLIENT_ID);
    let secret = match (&options.client_secret_file, variable("KC_CLIENT_SECRET"), file) {
        (Some(path), _, _) => secret_in(path)?,
        (None, Some(secret), _) => secret.into(),
        (None, None, Some(file)) => file.client_secret.clone().into(),
        (None, None, None) => anyhow::bail!(
            "the secret of the client {client_id} is not known: name a file with --keycloak-client-secret-file, or set KC_CLIENT_SECRET"
        ),
    };
    let mut settings = KeycloakSettings::new(base, realm, client_id, secret);
    settings.public_base = public_base;
    // An id means something in its own realm alone.
    let of_realm = file.filter(|file| file.issuer == settings.issuer());
    settings.everyone = of_realm.map(|file| file.everyone_group_id.as_str().into());
    settings.extra_authorities = authorities(options.ca_file.as_deref())?;
    (settings.proxy, settings.no_proxy) = proxy(&settings.base)?;
    Ok(settings)
}

/// A secret from a file, which editors end with a line break.
pub(crate) fn secret_in(path: &Path) -> anyhow::Result<SecretString> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = text.trim_end_matches(['\r', '\n']);
    anyhow::ensure!(!text.is_empty(), "{} is empty", path.display());
    Ok(text.into())
}

/// The certificates of a file, if one is named.
pub(crate) fn authorities(path: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    let Some(path) = path else { return Ok(Vec::new()) };
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// The proxy for an address, and what is reached without it, as the environment says.
pub(crate) fn proxy(base: &Url) -> anyhow::Result<(Option<Url>, String)> {
    Ok(proxy_from_vars(base, variable)?)
}

/// An environment variable; empty is unset.
pub(crate) fn variable(name: &str) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "a binary reads its configuration")]
    std::env::var(name).ok().filter(|text| !text.is_empty())
}
