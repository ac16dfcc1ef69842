//! From texts to values. The reason why a text is none goes on after the text itself: `"x" is not a number`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use primehub_core::names::{GroupId, RolePrefix};
use primehub_core::quantity::CapacityG;
use primehub_graphql::{LicenseStatus, Network, Prefix};
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::process::LogFormat;

/// Why a text is not a value.
#[derive(Debug)]
pub(crate) struct Wrong(pub(crate) String);

impl From<&str> for Wrong {
    fn from(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

/// How much of the platform may be used; `None` is any number.
pub(crate) type Capacity = Option<u32>;

/// Line breaks and the like get into values by mistake, and would be looked for elsewhere.
fn plain(text: &str) -> Result<&str, Wrong> {
    if text.chars().any(char::is_control) {
        return Err("has a line break or another control character in it".into());
    }
    Ok(text)
}

pub(super) fn text(text: &str) -> Result<String, Wrong> {
    plain(text).map(str::to_owned)
}

pub(super) fn path(text: &str) -> Result<PathBuf, Wrong> {
    plain(text).map(PathBuf::from)
}

pub(super) fn secret(text: &str) -> Result<SecretString, Wrong> {
    plain(text).map(SecretString::from)
}

pub(super) fn port(text: &str) -> Result<u16, Wrong> {
    parsed(text, "is not a number from 0 to 65535")
}

pub(super) fn address(text: &str) -> Result<IpAddr, Wrong> {
    parsed(text, "is not an IP address")
}

pub(super) fn prefix(text: &str) -> Result<Prefix, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
    if !text.chars().all(plain) || text.contains("//") {
        return Err("has something in it that is no plain path".into());
    }
    Ok(Prefix::new(text))
}

/// Whether it is exactly `expected`.
macro_rules! is {
    ($name:ident, $expected:literal) => {
        pub(super) fn $name(text: &str) -> Result<bool, Wrong> {
            Ok(text == $expected)
        }
    };
}
is!(is_production, "production");
is!(is_password, "password");

/// An address that others are built from.
pub(super) fn base(text: &str) -> Result<Url, Wrong> {
    let url = Url::parse(text).map_err(|_| Wrong::from("is not a URL"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("begins neither with http:// nor with https://".into());
    }
    if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
        return Err("has a user, a query or a fragment".into());
    }
    Ok(url)
}

/// An address of a service that is called, without a slash at the end. Loose, as it has always been.
pub(super) fn endpoint(text: &str) -> Result<String, Wrong> {
    if !text.starts_with("http") {
        return Err("does not begin with http".into());
    }
    Ok(text.strip_suffix('/').unwrap_or(text).to_owned())
}

/// Programs take it without a scheme too.
pub(super) fn proxy(text: &str) -> Result<Url, Wrong> {
    let url = if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) };
    // The text may hold a password, so it is not repeated.
    let url = url.map_err(|_| Wrong::from("is not the address of a proxy"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err("is not the address of an HTTP proxy".into());
    }
    Ok(url)
}

pub(super) fn client_id(text: &str) -> Result<String, Wrong> {
    if text == "admin-cli" {
        return Err("cannot be used: the tokens of Keycloak's own client for command lines name no account".into());
    }
    Ok(text.to_owned())
}

pub(super) fn group_id(text: &str) -> Result<GroupId, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    if !text.chars().all(plain) {
        return Err("is not the id of a group".into());
    }
    Ok(GroupId::from(text))
}

pub(super) fn role_prefix(text: &str) -> Result<RolePrefix, Wrong> {
    text.parse::<RolePrefix>().map_err(|error| Wrong(format!("cannot be used ({error})")))
}

pub(super) fn capacity(text: &str) -> Result<CapacityG, Wrong> {
    parsed(text, "is not a capacity")
}

pub(super) fn milliseconds(text: &str) -> Result<Duration, Wrong> {
    match text.parse() {
        Ok(number @ 1..=3_600_000) => Ok(Duration::from_millis(number)),
        _ => Err("is not a number of milliseconds from 1 to 3600000".into()),
    }
}

/// Zero is allowed.
pub(super) fn time(text: &str) -> Result<Duration, Wrong> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let time: SignedDuration = text.parse().map_err(|_| Wrong::from("is not a length of time"))?;
    Duration::try_from(time).map_err(|_| "is less than no time".into())
}

pub(super) fn some_time(text: &str) -> Result<Duration, Wrong> {
    match time(text)? {
        Duration::ZERO => Err("is no time at all".into()),
        time => Ok(time),
    }
}

pub(super) fn count(text: &str) -> Result<usize, Wrong> {
    match text.parse() {
        Ok(number @ 1..=10_000) => Ok(number),
        _ => Err("is not a number from 1 to 10000".into()),
    }
}

/// Negative is any number.
pub(super) fn limit(text: &str) -> Result<Capacity, Wrong> {
    let number: i64 = parsed(text, "is not a whole number")?;
    if number < 0 {
        return Ok(None);
    }
    u32::try_from(number).map(Some).map_err(|_| "is too large".into())
}

pub(super) fn license_status(text: &str) -> Result<LicenseStatus, Wrong> {
    [LicenseStatus::Unexpired, LicenseStatus::Expired, LicenseStatus::Invalid]
        .into_iter()
        .find(|status| status.as_str() == text)
        .ok_or_else(|| "is none of them".into())
}

/// Whether new groups may deploy models.
pub(super) fn is_deploy_mode(text: &str) -> Result<bool, Wrong> {
    match text {
        "ce" | "ee" => Ok(false),
        "deploy" => Ok(true),
        _ => Err("is none of them".into()),
    }
}

pub(super) fn networks(text: &str) -> Result<Vec<Network>, Wrong> {
    let networks = text.split(',').map(str::trim).filter(|network| !network.is_empty());
    networks
        .map(|network| network.parse::<Network>().map_err(|error| Wrong(format!("has an entry too many: {error}"))))
        .collect()
}

pub(super) fn log_filter(text: &str) -> Result<String, Wrong> {
    EnvFilter::try_new(text).map(|_| text.to_owned()).map_err(|error| Wrong(format!("is no log filter ({error})")))
}

pub(super) fn log_format(text: &str) -> Result<LogFormat, Wrong> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err("is none of them".into()),
    }
}

fn parsed<T: FromStr>(text: &str, reason: &str) -> Result<T, Wrong> {
    text.parse().map_err(|_| reason.into())
}
