//! From what is there and what is wanted to what is to be done. No calls, no clock, no randomness: equal input gives an equal plan.

use std::collections::BTreeMap;

use primehub_core::identity::{Attributes, attribute};
use serde_json::{Map, Value, json};

use super::clients::{ClientSpec, REALM_ADMIN, RIGHTS, clients, name_of};
use super::observed::{Observed, ObservedClient, ObservedRealm, People};
use super::profile::{self, Harm};
use super::realm;
use super::request::BootstrapRequest;
use super::step::{Change, Flag, Plan, Verdict};

/// The group that stands for everybody.
pub(crate) const EVERYONE: &str = "everyone";

/// What of a realm's administration follows from a right by itself.
const CONTAINED: [(&str, &[&str]); 2] =
    [("view-users", &["query-users", "query-groups"]), ("view-clients", &["query-clients"])];

/// What has to be done so that the realm is what the request wants. Once it has been done, nothing has to be done.
pub(super) fn plan(seen: &Observed, request: &BootstrapRequest) -> Plan {
    let mut plan = Plan::default();
    let fresh = ObservedRealm::default();
    let there = seen.realm.as_ref();
    if let Some(seen) = there {
        // Before names can be changed at all, nobody but administrators may change them.
        user_profile(seen, &mut plan);
        realm::plan(seen, request, &mut plan);
        // What closes something comes before what opens something, so that nobody slips through in between.
        plan.steps.sort_by_key(|step| step.verdict != Verdict::Tightened);
        if !seen.marked.is_empty() {
            // Not before the profile is closed: they would put it back.
            let line = "take the mark of an unfinished administrator off people who could have given it to themselves";
            plan.does(Verdict::Tightened, line, Change::Unmark(seen.marked.clone()));
        }
    } else {
        let line = format!("create realm {} with frontendUrl {}", request.realm, request.frontend_url());
        plan.does(Verdict::Created, line, Change::CreateRealm);
        let line = "set the user profile: undeclared attributes ADMIN_EDIT, quotas and names for administrators alone, nothing required";
        plan.does(Verdict::Created, line, Change::Profile);
        // Not before the profile is as it has to be: a new realm lets people change what Keycloak lets them.
        plan.does(Verdict::Created, realm::RENAMING, realm::let_rename());
    }
    let seen = there.unwrap_or(&fresh);
    everyone(seen, &mut plan);
    for spec in clients(request) {
        match seen.clients.get(spec.id) {
            None => new_client(&spec, &mut plan),
            Some(client) => existing_client(client, &spec, request, &mut plan),
        }
    }
    if request.terms {
        if seen.terms {
            plan.notes(Verdict::Unchanged, "terms and conditions for everybody new");
        } else {
            plan.does(Verdict::Created, "ask everybody new to agree to terms and conditions", Change::Terms);
        }
    }
    first_things(seen, request, &mut plan);
    plan
}

fn user_profile(seen: &ObservedRealm, plan: &mut Plan) {
    let (_, changes) = profile::repair(&seen.profile);
    if changes.is_empty() {
        return plan.notes(Verdict::Unchanged, "user profile");
    }
    let (verdict, verb) = if changes.iter().any(|change| change.harm == Harm::Opens) {
        (Verdict::Tightened, "tighten")
    } else {
        (Verdict::Repaired, "repair")
    };
    let what: Vec<_> = changes.into_iter().map(|change| change.what).collect();
    plan.does(verdict, format!("{verb} the user profile: {}", what.join("; ")), Change::Profile);
}

fn everyone(seen: &ObservedRealm, plan: &mut Plan) {
    match &seen.everyone {
        None => plan.does(Verdict::Created, "create group everyone, without any quota", Change::CreateEveryone),
        Some(_) => plan.notes(Verdict::Unchanged, "group everyone"),
    }
    if !seen.everyone.as_ref().is_some_and(|everyone| seen.default_groups.contains(everyone)) {
        let verdict = if seen.everyone.is_some() { Verdict::Repaired } else { Verdict::Created };
        plan.does(verdict, "make everybody new a member of everyone", Change::DefaultGroup);
    }
}

fn new_client(spec: &ClientSpec<'_>, plan: &mut Plan) {
    let id = spec.id;
    let addresses = spec.redirect_uris.join(", ");
    plan.does(Verdict::Created, format!("create client {id} for {addresses}"), Change::CreateClient(id.into()));
    if spec.is_platform {
        let line = format!("let tokens of {id} carry {REALM_ADMIN}");
        plan.does(Verdict::Created, line, Change::Scope(id.into()));
        let line = format!("allow the service account of {id} {}", RIGHTS.join(", "));
        plan.does(Verdict::Created, line, Change::Rights { client_id: id.into(), rights: RIGHTS.to_vec() });
    }
}

fn existing_client(seen: &ObservedClient, spec: &ClientSpec<'_>, request: &BootstrapRequest, plan: &mut Plan) {
    use secrecy::ExposeSecret as _;
    let (id, start) = (spec.id, plan.steps.len());
    let client_id = id.to_owned();
    let change = |name: &str, value: Value| Change::Client {
        client_id: id.to_owned(),
        fields: Map::from_iter([(name.to_owned(), value)]),
        redirect_uris: Vec::new(),
    };
    if seen.flag("publicClient") {
        let line =
            format!("client {id} is public and keeps no secret; make it confidential by hand, or name another one");
        return plan.notes(Verdict::Refused(None), line);
    }
    if !seen.flag("enabled") {
        plan.asks(Flag::Reopen, request.flags.reopen, format!("enable client {id}"), change("enabled", json!(true)));
    }
    let mut needed = vec![("standardFlowEnabled", "allow logins through client")];
    if spec.is_platform {
        needed.push(("serviceAccountsEnabled", "make a service account for client"));
    }
    for (flag, what) in needed {
        if !seen.flag(flag) {
            plan.does(Verdict::Repaired, format!("{what} {id}"), change(flag, json!(true)));
        }
    }
    if let Some(url) = spec.base_url.as_deref().filter(|url| seen.text("baseUrl") != Some(url)) {
        plan.does(Verdict::Repaired, format!("set the address of client {id} to {url}"), change("baseUrl", json!(url)));
    }
    let known = seen.list("redirectUris");
    let lacks = |address: &&String| !known.iter().any(|known| known.as_str() == Some(address));
    let missing: Vec<String> = spec.redirect_uris.iter().filter(lacks).cloned().collect();
    if !missing.is_empty() {
        let line = format!("let client {id} send browsers back to {}", missing.join(", "));
        let change = Change::Client { client_id: client_id.clone(), fields: Map::new(), redirect_uris: missing };
        plan.does(Verdict::Repaired, line, change);
    }
    if spec.secret.is_some_and(|secret| seen.text("secret") != Some(secret.expose_secret())) {
        plan.does(
            Verdict::Repaired,
            format!("give client {id} the secret asked for"),
            Change::Secret(client_id.clone()),
        );
    }
    for mapper in &spec.mappers {
        let name = name_of(mapper);
        if !seen.list("protocolMappers").iter().any(|known| name_of(known) == name) {
            let change = Change::Mapper { client_id: client_id.clone(), mapper: mapper.clone() };
            plan.does(Verdict::Repaired, format!("give client {id} its mapper {name}"), change);
        }
    }
    if spec.is_platform {
        // Somebody may have taken it away by hand, and it is put back all the same: it gives nobody any right. It lets the tokens that
        // administrators get through this client carry what those administrators hold; what the service account holds is another matter,
        // which takes a flag.
        if !seen.scope.contains(REALM_ADMIN) && !seen.flag("fullScopeAllowed") {
            let line = format!("let tokens of {id} carry {REALM_ADMIN}");
            plan.does(Verdict::Repaired, line, Change::Scope(client_id.clone()));
        }
        rights(seen, spec, request, plan);
    }
    if plan.steps.len() == start {
        plan.notes(Verdict::Unchanged, format!("client {id}"));
    }
}

fn rights(seen: &ObservedClient, spec: &ClientSpec<'_>, request: &BootstrapRequest, plan: &mut Plan) {
    let id = spec.id;
    let is_administrator = seen.rights.contains(REALM_ADMIN);
    if is_administrator {
        let needed = RIGHTS.join(", ");
        let line = format!("the service account of {id} keeps {REALM_ADMIN}, which is more than it needs: {needed}");
        plan.notes(Verdict::Unchanged, line);
    }
    let contained = |right: &str| {
        let by = |(owner, contained): &(&str, &[&str])| seen.rights.contains(*owner) && contained.contains(&right);
        // A client that a run began to make gets all of them, as if nothing had interrupted it.
        is_administrator || !seen.is_unfinished() && CONTAINED.iter().any(by)
    };
    let missing: Vec<&'static str> =
        RIGHTS.into_iter().filter(|right| !seen.rights.contains(*right) && !contained(right)).collect();
    let line = format!("allow the service account of {id} {}", missing.join(", "));
    if seen.is_unfinished() {
        // Made by a run that was interrupted; taking the mark off is a part of this step.
        let line = if missing.is_empty() { format!("finish client {id}") } else { line };
        plan.does(Verdict::Repaired, line, Change::Rights { client_id: id.into(), rights: missing });
    } else if !missing.is_empty() {
        let change = Change::Rights { client_id: id.into(), rights: missing };
        plan.asks(Flag::WidenRights, request.flags.widen_rights, line, change);
    }
}

/// What a realm without people gets.
fn first_things(seen: &ObservedRealm, request: &BootstrapRequest, plan: &mut Plan) {
    if seen.people == People::Somebody {
        return plan.notes(Verdict::Unchanged, "there are people, so nobody and nothing of theirs is made");
    }
    let wanted = || request.resources.iter().map(|role| role.as_str().to_owned());
    let missing: Vec<String> = wanted().filter(|role| !seen.roles.contains(role)).collect();
    if !missing.is_empty() {
        plan.does(Verdict::Created, format!("create roles {}", missing.join(", ")), Change::CreateRoles(missing));
    }
    let missing: Vec<String> = wanted().filter(|role| !seen.everyones_roles.contains(role)).collect();
    if !missing.is_empty() {
        plan.does(Verdict::Created, format!("give everyone {}", missing.join(", ")), Change::GiveEveryone(missing));
    }
    if let Some(group) = &request.group {
        if seen.groups.contains(group.name.as_str()) {
            plan.notes(Verdict::Unchanged, format!("group {}", group.name));
        } else {
            plan.does(Verdict::Created, format!("create group {}", group.name), Change::CreateGroup);
        }
    }
    if let Some(administrator) = &request.administrator {
        let name = &administrator.username;
        match &seen.people {
            People::Unfinished(_) => {
                let line = format!("finish administrator {name}, whom an interrupted run began to make");
                plan.does(Verdict::Repaired, line, Change::FinishAdministrator);
            }
            _ => plan.does(Verdict::Created, format!("create administrator {name}"), Change::CreateAdministrator),
        }
    }
}

/// The attributes of a new group of everyone: nobody may use anything before somebody decides so.
pub(super) fn everyones_attributes() -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set_one(attribute::DISPLAY_NAME, "Global");
    attributes.set_one("canUseGpu", "false");
    for quota in
        [attribute::QUOTA_CPU, attribute::QUOTA_GPU, attribute::PROJECT_QUOTA_CPU, attribute::PROJECT_QUOTA_GPU]
    {
        attributes.set_one(quota, "0");
    }
    attributes
}

/// The attributes of the first group.
pub(super) fn first_groups_attributes(request: &BootstrapRequest) -> Attributes {
    let mut attributes = Attributes::default();
    if let Some(name) = request.group.as_ref().and_then(|group| group.display_name.as_deref()) {
        attributes.set_one(attribute::DISPLAY_NAME, name);
    }
    if request.group.as_ref().is_some_and(|group| group.deployments) {
        attributes.set_one(attribute::ENABLED_DEPLOYMENT, "true");
    }
    if let Some(administrator) = &request.administrator {
        attributes.set_one(attribute::ADMINS, administrator.username.as_str());
    }
    attributes
}

/// What a run leaves of a map of attributes: those that are there, with those that it sets.
pub(super) fn merged(is: Option<&Value>, set: &BTreeMap<&'static str, String>) -> Value {
    let mut attributes = is.and_then(Value::as_object).cloned().unwrap_or_default();
    attributes.extend(set.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
    Value::Object(attributes)
}
