//! A check where the platform's account lacks rights.

use std::sync::Arc;

use primehub_keycloak::{CheckOptions, Report, check};
use real_peers::Shared;

use super::check::{assert_advised, wrong};
use super::place::Place;

/// Each right with what a check says where it is the only one that is missing.
const TABLE: [(&str, &[&str]); 7] = [
    ("manage-users", &["error right manage-users: missing"]),
    // The right to change people contains the right to see them.
    ("view-users", &[]),
    ("query-groups", &[]),
    ("manage-realm", &["error right manage-realm: missing"]),
    // The right to change the realm contains the right to see it.
    ("view-realm", &[]),
    (
        "view-clients",
        &[
            "error right view-clients: missing",
            "warning client settings: cannot be looked at: the service account lacks view-clients",
        ],
    ),
    ("view-events", &["warning right view-events: missing: changes made in Keycloak are seen every 60 seconds only"]),
];

pub(super) async fn missing(shared: Arc<Shared>) {
    let (place, secret) = Place::bootstrapped(&shared, "check-rights").await;
    let account = place.service_account().await;
    let look = async || -> Report {
        let report = check(&place.settings(&secret), &CheckOptions::default()).await;
        assert_advised(&report);
        report
    };
    for (right, expected) in TABLE {
        place.set_rights(&account, &[right], false).await;
        assert_eq!(wrong(&look().await), expected, "without {right}");
        place.set_rights(&account, &[right], true).await;
    }
    // With those that contain others gone, each is missed.
    place.set_rights(&account, &["manage-users", "view-users", "manage-realm", "view-realm"], false).await;
    let report = look().await;
    for right in ["manage-users", "view-users", "manage-realm", "view-realm"] {
        assert!(wrong(&report).contains(&format!("error right {right}: missing")), "{right}\n{report}");
    }
    // With nothing at all there is nothing to look at, and every line says why.
    place.set_rights(&account, &["query-groups", "view-clients", "view-events"], false).await;
    let report = look().await;
    for right in ["manage-users", "view-users", "query-groups", "manage-realm", "view-realm", "view-clients"] {
        assert!(wrong(&report).contains(&format!("error right {right}: missing")), "{right}\n{report}");
    }
    assert!(report.to_string().contains("the service account may do nothing"), "{report}");
    // One that holds everything lacks nothing.
    place.set_rights(&account, &["realm-admin"], true).await;
    assert_eq!(wrong(&look().await), Vec::<String>::new());
    place.end().await;
}
