mod connections;
mod limits;
mod properties;
mod refusals;
mod secrets;
pub(crate) mod server;
mod tls;

use std::time::Duration;

use http::Method;
use url::Url;

use super::{Call, Class, Kind};
use crate::{Keycloak, KeycloakSettings};

/// A connection to `base` that waits for nothing longer than `limit`.
pub(crate) fn keycloak(base: &Url, limit: Duration) -> Keycloak {
    Keycloak::new(settings(base, limit)).unwrap()
}

pub(crate) fn settings(base: &Url, limit: Duration) -> KeycloakSettings {
    let mut settings = KeycloakSettings::new(base.clone(), "primehub", "admin-ui", "the-client-secret".into());
    let patience = &mut settings.patience;
    for part in [&mut patience.admin, &mut patience.page, &mut patience.token, &mut patience.mail] {
        *part = limit;
    }
    settings
}

/// Longer than any test should take.
pub(crate) const LONG: Duration = Duration::from_mins(1);

/// Not longer than a test should take, but longer than a local connection.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

fn call<'a>(class: Class) -> Call<'a> {
    let method = match class {
        Class::Public | Class::Read | Class::Page => Method::GET,
        Class::Idempotent | Class::Mail => Method::PUT,
        Class::Token | Class::Write => Method::POST,
    };
    Call::new(Kind::new("test.call", class, "manage-users"), method, ["admin", "realms", "primehub", "users"])
}
