use std::collections::BTreeSet;
use std::time::Duration;

use primehub_core::names::GroupId;
use serde_json::{Value, json};

use super::super::evaluate::evaluate;
use super::super::facts::{Expected, Facts, Reach, Seen};
use super::super::report::{FindingState, Report};
use crate::admin::{Full, GroupRow};
use crate::bootstrap::{EVENT_TYPES, RIGHTS, repair};

pub(super) fn object(value: Value) -> Full {
    let Value::Object(fields) = value else { panic!("not an object: {value}") };
    Full(fields)
}

pub(super) fn group(id: &str, name: &str) -> GroupRow {
    serde_json::from_value(json!({"id": id, "name": name})).unwrap()
}

/// An installation in order.
pub(super) fn facts() -> Facts {
    let reads = ["view-users", "query-groups", "view-realm", "view-clients", "view-events"];
    Facts {
        address: "http://keycloak:8080/".to_owned(),
        reach: Reach::Answers,
        issuer: Seen::Is("https://id.example.com/realms/primehub".to_owned()),
        signing: Seen::Is(BTreeSet::from(["RS256".to_owned()])),
        login: Seen::Is(Some(RIGHTS.map(ToOwned::to_owned).into())),
        version: Seen::Is("26.7.3".to_owned()),
        reads: reads.map(|right| (right, Seen::Is(()))).into(),
        realm: Seen::Is(object(json!({
            "editUsernameAllowed": true, "revokeRefreshToken": false, "offlineSessionIdleTimeout": 31_536_000,
            "eventsEnabled": true, "adminEventsEnabled": true, "enabledEventTypes": EVENT_TYPES, "eventsExpiration": 604_800,
            "attributes": {"frontendUrl": "https://id.example.com", "adminEventsExpiration": "604800"},
        }))),
        default_roles: Seen::Is(BTreeSet::from(["offline_access".to_owned(), "uma_authorization".to_owned()])),
        profile: Seen::Is(repair(&object(json!({"attributes": []}))).0),
        groups: Seen::Is(vec![group("everyone-id", "everyone"), group("1", "research")]),
        default_groups: Seen::Is(BTreeSet::from([GroupId::new("everyone-id")])),
        client: Seen::Is((
            object(json!({
                "standardFlowEnabled": true, "fullScopeAllowed": false, "optionalClientScopes": ["offline_access"],
                "protocolMappers": [{"protocolMapper": "oidc-audience-mapper", "config": {"included.client.audience": "admin-ui"}}],
            })),
            BTreeSet::from(["realm-admin".to_owned()]),
        )),
        people: Seen::Is(3),
        members: Some(3),
    }
}

pub(super) fn expected() -> Expected {
    Expected {
        realm: "primehub".to_owned(),
        client_id: "admin-ui".to_owned(),
        issuer: "https://id.example.com/realms/primehub".to_owned(),
        everyone: Some(GroupId::new("everyone-id")),
        overlap: Duration::from_secs(30),
        refresh_without_events: Duration::from_mins(1),
        passwords: false,
    }
}

pub(super) fn judge(facts: &Facts) -> Report {
    let mut report = Report::default();
    evaluate(facts, &expected(), &mut report);
    report
}

/// What is not in order, without the advice.
pub(super) fn wrong(report: &Report) -> Vec<String> {
    let wrong = report.findings.iter().filter(|finding| finding.state != FindingState::Ok);
    wrong.map(|finding| format!("{} {}: {}", finding.state, finding.subject, finding.what)).collect()
}
