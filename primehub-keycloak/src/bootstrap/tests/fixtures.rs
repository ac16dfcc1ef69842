//! A realm as a finished run leaves it, and a Keycloak's own beginnings.

use std::collections::BTreeSet;

use primehub_core::names::GroupId;
use serde_json::{Value, json};

use super::super::clients::{REALM_ADMIN, RIGHTS, UNFINISHED, clients};
use super::super::observed::{Observed, ObservedClient, ObservedRealm, People};
use super::super::plan::{EVERYONE, plan};
use super::super::profile::repair;
use super::super::realm::new_realm;
use super::super::request::{BootstrapRequest, FirstAdministrator, FirstGroup};
use super::super::step::{Plan, Verdict};
use crate::admin::Full;

/// What the reference deployment asks for.
pub(super) fn request() -> BootstrapRequest {
    let base = "http://keycloak:8080".parse().unwrap();
    let mut request = BootstrapRequest::new(base, "primehub", "https://hub.example.com".parse().unwrap());
    request.public_base = "https://id.example.com/".parse().unwrap();
    request.resources = BootstrapRequest::default_resources(None);
    request.administrator = Some(FirstAdministrator::new("phadmin".parse().unwrap()));
    request.group = Some(FirstGroup::new("phusers".parse().unwrap()));
    request
}

pub(super) fn object(value: Value) -> Full {
    let Value::Object(fields) = value else { panic!("not an object: {value}") };
    Full(fields)
}

/// The user profile of a new realm.
pub(super) fn first_profile() -> Full {
    let open = json!({"view": ["admin", "user"], "edit": ["admin", "user"]});
    let required = |name: &str| {
        json!({
            "name": name, "validations": {"length": {"max": 255}}, "required": {"roles": ["user"]}, "permissions": open,
        })
    };
    object(json!({"attributes": [
        {"name": "username", "validations": {"length": {"min": 3, "max": 255}}, "permissions": open},
        required("email"), required("firstName"), required("lastName"),
    ]}))
}

/// A realm in which everything is as the request wants it, and somebody lives.
pub(super) fn complete(request: &BootstrapRequest) -> ObservedRealm {
    let everyone = GroupId::new("everyone-id");
    let mut settings = new_realm(request);
    settings.set("editUsernameAllowed", true);
    let mut realm = ObservedRealm {
        settings,
        profile: repair(&first_profile()).0,
        everyone: Some(everyone.clone()),
        default_groups: BTreeSet::from([everyone]),
        terms: request.terms,
        people: People::Somebody,
        roles: request.resources.iter().map(ToString::to_string).collect(),
        everyones_roles: request.resources.iter().map(ToString::to_string).collect(),
        groups: BTreeSet::from([EVERYONE.to_owned(), "phusers".to_owned()]),
        ..ObservedRealm::default()
    };
    for spec in clients(request) {
        let mut client = object(spec.representation());
        client.0.remove("attributes");
        client.set("id", format!("{}-uuid", spec.id));
        client.set("secret", "of-the-client");
        let mut seen = ObservedClient { client, ..ObservedClient::default() };
        if spec.is_platform {
            seen.rights = RIGHTS.map(ToOwned::to_owned).into();
            seen.scope = [REALM_ADMIN.to_owned()].into();
        }
        realm.clients.insert(spec.id.to_owned(), seen);
    }
    realm
}

/// The platform's client of a realm.
pub(super) fn platform(realm: &mut ObservedRealm) -> &mut ObservedClient {
    realm.clients.get_mut("admin-ui").unwrap()
}

/// As an interrupted run leaves a client.
pub(super) fn mark(client: &mut ObservedClient) {
    client.client.set("attributes", json!({ UNFINISHED: "unfinished" }));
}

pub(super) fn plan_for(realm: ObservedRealm, request: &BootstrapRequest) -> Plan {
    plan(&Observed { realm: Some(realm) }, request)
}

/// The steps that are not as they have to be, as text.
pub(super) fn lines(plan: &Plan) -> Vec<String> {
    let wrong = |step: &&super::super::step::Step| step.change.is_some() || matches!(step.verdict, Verdict::Refused(_));
    plan.steps().iter().filter(wrong).map(ToString::to_string).collect()
}
