//! Reading what is there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::apply::is_unfinished;
use super::clients::{REALM_MANAGEMENT, clients};
use super::login::LoginSource;
use super::observed::{Observed, ObservedClient, ObservedRealm, People};
use super::plan::EVERYONE;
use super::profile;
use super::request::BootstrapRequest;
use crate::Keycloak;
use crate::admin::{Admin, ClientRow, Full, GroupRow, RoleReference, UserRow};
use crate::token::ServiceToken;
use crate::transport::{By, CallError};

/// The action of agreeing to terms and conditions.
pub(super) const TERMS: &str = "TERMS_AND_CONDITIONS";

/// Marks an administrator who has not got all that belongs to one, so that a run that was interrupted is continued.
pub(super) const UNFINISHED_PERSON: &str = "primehub-bootstrap";

/// Reads what a plan depends on: about fifteen calls, and one more for each 500 groups.
pub(super) async fn observe(
    keycloak: &Keycloak,
    session: &ServiceToken<LoginSource>,
    request: &BootstrapRequest,
) -> Result<Observed, CallError> {
    let token = session.get().await?;
    let admin = keycloak.admin(By::Token(&token));
    let settings = match admin.realm().full().await {
        Ok(settings) => settings,
        Err(CallError::Refused(refusal)) if refusal.is_realm_absent() => return Ok(Observed::default()),
        Err(error) => return Err(error),
    };
    let groups = admin.groups().all().await?;
    let everyone = groups.iter().find(|group| group.name == EVERYONE && group.parent_id.is_none());
    let profile = admin.realm().profile().await?;
    let first = admin.users().page(0, 2).await?;
    let marks_count = !profile::lets_people_write(&profile, UNFINISHED_PERSON);
    let mut realm = ObservedRealm {
        settings,
        profile,
        everyone: everyone.map(|group| group.id.clone()),
        default_groups: admin.realm().default_groups().await?.into_iter().collect(),
        terms: false,
        clients: BTreeMap::new(),
        people: people(&first, marks_count, request),
        marked: if marks_count {
            Vec::new()
        } else {
            first.iter().filter(|user| is_unfinished(user)).map(|user| user.id.clone()).collect()
        },
        everyones_roles: everyone.map(|group| group.realm_roles.iter().cloned().collect()).unwrap_or_default(),
        groups: groups.iter().map(|group: &GroupRow| group.name.clone()).collect(),
        ..ObservedRealm::default()
    };
    if request.terms {
        realm.terms = admin.realm().required_action(TERMS).await?.is_some_and(|action| is_for_everybody(&action));
    }
    let management = admin.clients().find(REALM_MANAGEMENT).await?;
    for spec in clients(request) {
        let Some(client) = admin.clients().full(spec.id).await? else { continue };
        let mut seen = ObservedClient { client, ..ObservedClient::default() };
        if let (true, Some(management)) = (spec.is_platform, &management) {
            rights(admin, &mut seen, management).await?;
        }
        realm.clients.insert(spec.id.to_owned(), seen);
    }
    if realm.people != People::Somebody && !request.resources.is_empty() {
        realm.roles = admin.roles().all().await?.into_iter().map(|role| role.name).collect();
    }
    Ok(Observed { realm: Some(realm) })
}

async fn rights(admin: Admin<'_>, seen: &mut ObservedClient, management: &ClientRow) -> Result<(), CallError> {
    let names = |roles: Vec<RoleReference>| roles.into_iter().map(|role| role.name).collect();
    let Some(uuid) = seen.text("id").map(ToOwned::to_owned) else { return Ok(()) };
    seen.scope = names(admin.clients().scope_mappings(&uuid, &management.id).await?);
    if seen.flag("serviceAccountsEnabled") {
        let account = admin.clients().service_account_user(&uuid).await?;
        seen.rights = names(admin.users().client_roles(&account.id, &management.id).await?);
    }
    Ok(())
}

/// Who is in the realm, by its first two people. Those whom an interrupted run began to make do not count, if the marks that tell so do:
/// where people can write attributes of their own, anybody could bear one, and would be given the realm.
pub(super) fn people(first: &[UserRow], marks_count: bool, request: &BootstrapRequest) -> People {
    let name = request.administrator.as_ref().map(|administrator| administrator.username.as_str());
    if !first.iter().all(|user| marks_count && is_unfinished(user)) {
        return People::Somebody;
    }
    let administrator = first.iter().find(|user| Some(&*user.username) == name);
    administrator.map_or(People::Nobody, |user| People::Unfinished(user.id.clone()))
}

fn is_for_everybody(action: &Full) -> bool {
    ["enabled", "defaultAction"].into_iter().all(|flag| action.0.get(flag).and_then(Value::as_bool) == Some(true))
}
