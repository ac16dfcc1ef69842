//! Whether an installation's Keycloak is reachable, permitted and configured, line by line and with advice.

mod evaluate;
mod facts;
mod look;
mod report;

pub use report::{Finding, FindingState, Report};

use self::facts::Expected;
use crate::Keycloak;
use crate::settings::KeycloakSettings;

/// How thorough a check is.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CheckOptions {
    /// Members of the group of everyone are counted only where there are at most so many people: it takes a call for each 1,000.
    pub count_members_up_to: u64,
    /// Whether people's names and passwords go through the platform (`KC_GRANT_TYPE=password`), which its client has to allow.
    pub passwords: bool,
}

impl Default for CheckOptions {
    fn default() -> Self {
        Self { count_members_up_to: 2_000, passwords: false }
    }
}

/// Looks at everything that the platform needs of Keycloak. Writes nothing. Takes about twenty calls; where Keycloak cannot be reached,
/// seconds.
pub async fn check(settings: &KeycloakSettings, options: &CheckOptions) -> Report {
    let mut report = Report::default();
    let keycloak = match Keycloak::new(settings.clone()) {
        Ok(keycloak) => keycloak,
        Err(error) => {
            report.error("settings", error.to_string());
            return report;
        }
    };
    let facts = look::look(&keycloak, options).await;
    let expected = Expected {
        realm: settings.realm.clone(),
        client_id: settings.client_id.clone(),
        issuer: settings.issuer(),
        everyone: settings.everyone.clone(),
        overlap: settings.following.overlap,
        refresh_without_events: settings.following.refresh_without_events,
        passwords: options.passwords,
    };
    evaluate::evaluate(&facts, &expected, &mut report);
    report
}

#[cfg(test)]
mod tests;
