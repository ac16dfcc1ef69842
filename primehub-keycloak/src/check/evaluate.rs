//! Judging what was seen. No calls, no clock: equal facts give equal findings.

use std::collections::BTreeMap;

use primehub_core::names::GroupPath;
use serde_json::{Value, json};

use super::facts::{Expected, Facts, Reach, Seen};
use super::report::Report;
use crate::admin::GroupRow;
use crate::bootstrap::{
    EVENT_TYPES, EVERYONE, Harm, REALM_ADMIN, REALM_MANAGEMENT, RIGHTS, Settings, USERNAME, duration, repair,
};

const RUN_BOOTSTRAP: &str = "run the bootstrap, which repairs it";
/// Both the scope that asks for an API token and the role that allows it.
const OFFLINE_ACCESS: &str = "offline_access";
const LOOK_AT_KEYCLOAK: &str = "look into Keycloak's log, and ask again";

/// The oldest Keycloak whose user profile can keep attributes for administrators alone.
const OLDEST: u64 = 24;

/// API tokens that end sooner than this when they lie unused surprise people.
const SHORT_IDLE: u64 = 30 * 24 * 60 * 60;

/// Judges everything, from the outside in; what cannot be known because of something before it is left out.
pub(super) fn evaluate(facts: &Facts, expected: &Expected, report: &mut Report) {
    if !reach(facts, report) || !issuer(facts, expected, report) {
        return;
    }
    keys(facts, report);
    if !login(facts, expected, report) {
        return;
    }
    version(facts, report);
    rights(facts, expected, report);
    client(facts, expected, report);
    everyone(facts, expected, report);
    profile(facts, report);
    if let Some(realm) = seen(&facts.realm, "realm settings", report) {
        let settings = Settings(realm);
        events(&settings, expected, report);
        api_tokens(&settings, report);
        offline_access(facts, report);
    }
    collisions(facts, report);
}

fn reach(facts: &Facts, report: &mut Report) -> bool {
    let address = &facts.address;
    match &facts.reach {
        Reach::Answers => {
            report.ok("address", format!("{address} answers"));
            return true;
        }
        Reach::NoAddress(cause) => {
            let finding = report.error("address", format!("the name in {address} has no address: {cause}"));
            finding.advise("compare the address of Keycloak with what the name server of this network knows");
        }
        Reach::NoConnection(cause) => {
            let finding = report.error("address", format!("nobody listens at {address}: {cause}"));
            finding.advise("see whether Keycloak runs, and whether a network policy or a firewall stands between");
        }
        Reach::NoAnswer(cause) => {
            let certificate = cause.contains("certificate");
            let finding = report.error("address", format!("{address} does not answer as Keycloak does: {cause}"));
            finding.advise(if certificate {
                "name the certificate of the authority that vouches for Keycloak (KC_CA_FILE)"
            } else {
                "see whether the address, its scheme and port are Keycloak's, and whether Keycloak is overloaded"
            });
        }
        Reach::Starts => {
            report.warning("address", format!("Keycloak at {address} is starting")).advise("ask again in a minute");
        }
    }
    false
}

fn issuer(facts: &Facts, expected: &Expected, report: &mut Report) -> bool {
    let realm = &expected.realm;
    let found = match &facts.issuer {
        Seen::Is(found) => found,
        Seen::Absent => {
            let finding = report.error("realm", format!("there is no realm {realm}"));
            finding
                .advise("run the bootstrap, or compare the realm's name and the path of the address (/auth or none)");
            return false;
        }
        other => {
            report.error("realm", format!("realm {realm} cannot be asked: {}", why(other))).advise(LOOK_AT_KEYCLOAK);
            return false;
        }
    };
    report.ok("realm", format!("{realm} exists"));
    if *found != expected.issuer {
        let what =
            format!("tokens name {found} as their issuer, but {} is expected, so none is accepted", expected.issuer);
        report.error("issuer", what).advise(
            "compare the public address of Keycloak (KC_OIDC_BASEURL) with the realm's frontendUrl; all API tokens stop working when \
             frontendUrl changes, and work again when it changes back",
        );
        return true;
    }
    let settings = facts.realm.get().map(Settings);
    let frontend_url = settings.map(|settings| settings.attribute("frontendUrl").unwrap_or_default());
    if frontend_url == Some("") {
        let what = format!("{found} today, but it follows the host that a token is asked for at");
        report.warning("issuer", what).advise(
            "set the realm's frontendUrl, with the bootstrap or by hand: otherwise API tokens fetched at one address are refused at another",
        );
    } else {
        report.ok("issuer", found.clone());
    }
    true
}

fn keys(facts: &Facts, report: &mut Report) {
    match &facts.signing {
        Seen::Is(algorithms) if algorithms.contains("RS256") => {
            report.ok("keys", "RS256 is among the published keys");
        }
        Seen::Is(_) => report
            .error("keys", "no key for RS256 is published, so no token can be checked")
            .advise("add an RSA key to the realm, and sign access tokens with RS256"),
        other => {
            report.error("keys", format!("the published keys cannot be read: {}", why(other))).advise(LOOK_AT_KEYCLOAK);
        }
    }
}

fn login(facts: &Facts, expected: &Expected, report: &mut Report) -> bool {
    let client = &expected.client_id;
    match &facts.login {
        Seen::Is(_) => {
            report.ok("client", format!("{client} and its secret are accepted"));
            true
        }
        other => {
            let finding =
                report.error("client", format!("the service account of {client} cannot log in: {}", why(other)));
            finding.advise("compare the client's name and secret with the realm; it has to be confidential and have a service account");
            false
        }
    }
}

fn version(facts: &Facts, report: &mut Report) {
    let Some(version) = facts.version.get() else { return };
    let major = version.split('.').next().and_then(|major| major.parse::<u64>().ok());
    if major.is_some_and(|major| major < OLDEST) {
        let what = format!("Keycloak {version} cannot keep attributes for administrators alone");
        report.warning("version", what).advise(format!("use Keycloak {OLDEST} or newer"));
    } else {
        report.ok("version", format!("Keycloak {version}"));
    }
}

fn rights(facts: &Facts, expected: &Expected, report: &mut Report) {
    let listed = facts.login.get().and_then(Option::as_ref);
    if listed.is_some_and(|listed| listed.contains(REALM_ADMIN)) {
        let finding = report.ok("right", format!("the service account holds {REALM_ADMIN}, which contains all others"));
        finding.advise(format!("it needs no more than {}", RIGHTS.join(", ")));
    }
    if listed.is_none() && facts.reads.iter().all(|(_, seen)| matches!(seen, Seen::Denied(_))) {
        let what = format!(
            "the service account may do nothing: it holds no role of {REALM_MANAGEMENT}, or its client's scope leaves them out"
        );
        report
            .error("rights", what)
            .advise("run the bootstrap, which repairs the scope, and with its flag for wider rights the roles");
    }
    for right in RIGHTS {
        let subject = format!("right {right}");
        let read = facts.reads.iter().find(|(needs, _)| *needs == right).map(|(_, seen)| seen);
        let has = match read {
            Some(Seen::Is(())) => Some(true),
            Some(Seen::Denied(_)) => Some(false),
            Some(other @ Seen::Failed(_)) => {
                report.error(&subject, format!("cannot be tried: {}", why(other))).advise(LOOK_AT_KEYCLOAK);
                continue;
            }
            _ => match listed {
                Some(listed) => Some(listed.contains(right)),
                None => may_not_even_look(facts, right).then_some(false),
            },
        };
        let grant = format!(
            "give the account service-account-{} the role {right} of {REALM_MANAGEMENT}, by hand or by the bootstrap with its flag for wider rights",
            expected.client_id
        );
        match has {
            Some(true) => {
                report.ok(&subject, "held");
            }
            Some(false) if right == "view-events" => {
                let every = expected.refresh_without_events.as_secs();
                report
                    .warning(&subject, format!("missing: changes made in Keycloak are seen every {every} seconds only"))
                    .advise(grant);
            }
            Some(false) => report.error(&subject, "missing").advise(grant),
            None => report
                .warning(&subject, "cannot be told without writing, because the account's tokens do not list roles")
                .advise("make sure by hand that the service account has it"),
        }
    }
}

/// Whether the account is refused what is contained in a right to change something: looking at it.
fn may_not_even_look(facts: &Facts, right: &str) -> bool {
    let contained = match right {
        "manage-users" => "view-users",
        "manage-realm" => "view-realm",
        _ => return false,
    };
    facts.reads.iter().any(|(needs, seen)| *needs == contained && matches!(seen, Seen::Denied(_)))
}

fn client(facts: &Facts, expected: &Expected, report: &mut Report) {
    let id = &expected.client_id;
    let Some((client, scope)) = seen(&facts.client, "client settings", report) else { return };
    let settings = Settings(client);
    let mut fine = true;
    if !settings
        .list("optionalClientScopes")
        .iter()
        .chain(settings.list("defaultClientScopes"))
        .any(|scope| scope == OFFLINE_ACCESS)
    {
        fine = false;
        let finding = report
            .error("client settings", format!("{id} may not ask for {OFFLINE_ACCESS}, so there are no API tokens"));
        finding.advise(format!("add {OFFLINE_ACCESS} to the client's optional scopes"));
    }
    if !settings.flag("standardFlowEnabled") {
        fine = false;
        report.error("client settings", format!("nobody can log in through {id}")).advise(RUN_BOOTSTRAP);
    }
    if expected.passwords && !settings.flag("directAccessGrantsEnabled") {
        fine = false;
        let what = format!("{id} may not log people in with their passwords, as KC_GRANT_TYPE asks for");
        report.error("client settings", what).advise("allow direct access grants for the client, by hand");
    }
    if !settings.flag("fullScopeAllowed") && !scope.contains(REALM_ADMIN) {
        fine = false;
        let what = format!("tokens of {id} do not carry {REALM_ADMIN}, so nobody is an administrator");
        report.error("client settings", what).advise(RUN_BOOTSTRAP);
    }
    let is_audience = |mapper: &Value| {
        mapper["protocolMapper"] == "oidc-audience-mapper" && mapper["config"]["included.client.audience"] == json!(id)
    };
    if !settings.list("protocolMappers").iter().any(is_audience) {
        fine = false;
        report
            .warning("client settings", format!("{id} is not in the audience of its own tokens"))
            .advise(RUN_BOOTSTRAP);
    }
    if fine {
        report.ok("client settings", format!("{id} can log people in and hand out API tokens"));
    }
}

fn everyone(facts: &Facts, expected: &Expected, report: &mut Report) {
    let Some(groups) = seen(&facts.groups, "everyone", report) else { return };
    let configured = expected.everyone.as_ref();
    let by_id = groups.iter().find(|group| Some(&group.id) == configured);
    let by_name = || groups.iter().find(|group| group.name == EVERYONE && group.parent_id.is_none());
    let Some(group) = by_id.or_else(by_name) else {
        report.error("everyone", "there is no group that stands for everybody").advise(RUN_BOOTSTRAP);
        return;
    };
    if let Some(id) = configured.filter(|id| **id != group.id) {
        let what = format!("there is no group {id}; the one named {EVERYONE}, {}, is taken instead", group.id);
        report.warning("everyone", what).advise("correct the id of the group of everyone (KC_EVERYONE_GROUP_ID)");
    }
    match &facts.default_groups {
        Seen::Is(defaults) if defaults.contains(&group.id) => {
            report.ok("everyone", format!("{} is the group of everybody new", group.id));
        }
        Seen::Is(_) => {
            report.error("everyone", "people who are new do not become members").advise(RUN_BOOTSTRAP);
        }
        other => {
            let what = format!("whether people who are new become members is unknown: {}", why(other));
            report.warning("everyone", what).advise(what_helps(other));
        }
    }
    if let (Some(people), Some(members)) = (facts.people.get(), facts.members) {
        match people.saturating_sub(members) {
            0 => {
                report.ok("people", format!("all {people} are members of everyone"));
            }
            missing => report
                .warning(
                    "people",
                    format!("{missing} of {people} are not members of everyone, and lack what everybody has"),
                )
                .advise("imported people lack it, and perhaps the role that API tokens take: add both by hand"),
        }
    }
}

fn profile(facts: &Facts, report: &mut Report) {
    let Some(profile) = seen(&facts.profile, "user profile", report) else { return };
    let realm = facts.realm.get().map(Settings);
    let renames = realm.as_ref().is_none_or(|realm| realm.flag("editUsernameAllowed"));
    let (_, changes) = repair(profile);
    let mut fine = true;
    for change in changes {
        // Where names cannot be changed at all it does not matter who may.
        if change.harm == Harm::Opens && change.attribute.as_deref() == Some(USERNAME) && !renames {
            continue;
        }
        fine = false;
        let finding = match change.harm {
            Harm::Opens => {
                report.error("user profile", format!("people can change what they must not; needed: {}", change.what))
            }
            Harm::Loses => report
                .error("user profile", format!("what is written about people is dropped; needed: {}", change.what)),
            Harm::Hinders => report.warning("user profile", format!("needed: {}", change.what)),
        };
        finding.advise(RUN_BOOTSTRAP);
    }
    if fine {
        report.ok("user profile", "quotas are for administrators alone, and nothing keeps people from logging in");
    }
    if realm.is_some() && !renames {
        report.warning("renaming", "administrators cannot rename people").advise(RUN_BOOTSTRAP);
    }
}

fn events(settings: &Settings<'_>, expected: &Expected, report: &mut Report) {
    let every = expected.refresh_without_events.as_secs();
    for (flag, whose) in [("adminEventsEnabled", "administrators"), ("eventsEnabled", "people")] {
        if settings.flag(flag) {
            report.ok("events", format!("those of {whose} are recorded"));
        } else {
            let what = format!("those of {whose} are not recorded: their changes are seen every {every} seconds only");
            report.warning("events", what).advise(RUN_BOOTSTRAP);
        }
    }
    let enabled = settings.list("enabledEventTypes");
    let missing: Vec<_> =
        EVENT_TYPES.into_iter().filter(|kind| !enabled.iter().any(|enabled| enabled == kind)).collect();
    if settings.flag("eventsEnabled") && !enabled.is_empty() && !missing.is_empty() {
        report.warning("events", format!("not recorded: {}", missing.join(", "))).advise(RUN_BOOTSTRAP);
    }
    if settings.flag("adminEventsDetailsEnabled") {
        let what = "they are recorded with all values, people's environment variables among them";
        report.warning("events", what).advise(RUN_BOOTSTRAP);
    }
    let admin = settings.attribute("adminEventsExpiration").and_then(|seconds| seconds.parse::<u64>().ok());
    for (kept, whose) in [(admin, "administrators"), (settings.number("eventsExpiration"), "people")] {
        let needed = 2 * expected.overlap.as_secs();
        if let Some(kept) = kept.filter(|kept| *kept > 0 && *kept <= needed) {
            let what = format!("those of {whose} are gone after {}, before they are surely seen", duration(kept));
            report.error("events", what).advise(RUN_BOOTSTRAP);
        }
    }
}

fn api_tokens(settings: &Settings<'_>, report: &mut Report) {
    let mut fine = true;
    if settings.flag("revokeRefreshToken") {
        fine = false;
        let finding =
            report.error("API tokens", "refresh tokens are revoked on use: an API token dies at its second use");
        finding.advise("switch \"Revoke Refresh Token\" off, by hand or by the bootstrap with its flag");
    }
    if let Some(idle) = settings.number("offlineSessionIdleTimeout").filter(|idle| *idle < SHORT_IDLE) {
        fine = false;
        let finding = report.warning("API tokens", format!("they end when they lie unused for {}", duration(idle)));
        finding.advise("raise the realm's idle time-out of offline sessions");
    }
    if settings.flag("offlineSessionMaxLifespanEnabled") {
        fine = false;
        let life = settings.number("offlineSessionMaxLifespan").unwrap_or_default();
        let finding =
            report.warning("API tokens", format!("they end {} after they were made, used or not", duration(life)));
        finding.advise("tell people, or switch the limit for offline sessions off");
    }
    if fine {
        report.ok("API tokens", "nothing but disuse ends them");
    }
}

/// Keycloak gives an offline token to nobody without the role of that name.
fn offline_access(facts: &Facts, report: &mut Report) {
    let Some(default_roles) = seen(&facts.default_roles, "API tokens", report) else { return };
    // What the group of everybody has will do as well.
    let has = |group: &GroupRow| group.name == EVERYONE && group.realm_roles.iter().any(|role| role == OFFLINE_ACCESS);
    if default_roles.contains(OFFLINE_ACCESS) || facts.groups.get().is_some_and(|groups| groups.iter().any(has)) {
        report.ok("API tokens", "everybody new may have them");
    } else {
        let what = format!("the realm's default roles lack {OFFLINE_ACCESS}, so nobody new can have an API token");
        report
            .error("API tokens", what)
            .advise(format!("add the role {OFFLINE_ACCESS} to the default roles of the realm, by hand"));
    }
}

/// Names that differ may lead to the same folder.
fn collisions(facts: &Facts, report: &mut Report) {
    let Some(groups) = facts.groups.get() else { return };
    let mut by_path: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for GroupRow { name, .. } in groups {
        by_path.entry(GroupPath::of(name).to_string()).or_default().push(name);
    }
    let mut fine = true;
    for (path, names) in by_path.iter().filter(|(_, names)| names.len() > 1) {
        fine = false;
        let what = format!("{} share the folder {path}", names.join(", "));
        report.warning("groups", what).advise("rename all but one while nobody has files there");
    }
    if fine {
        report.ok("groups", format!("{}, each with a folder of its own", groups.len()));
    }
}

/// The thing, if it was seen; otherwise the report says why not.
fn seen<'a, T>(thing: &'a Seen<T>, subject: &str, report: &mut Report) -> Option<&'a T> {
    match thing {
        Seen::Is(thing) => Some(thing),
        Seen::NotAsked => None,
        other => {
            report.warning(subject, format!("cannot be looked at: {}", why(other))).advise(what_helps(other));
            None
        }
    }
}

fn why<T>(seen: &Seen<T>) -> String {
    match seen {
        Seen::Is(_) | Seen::NotAsked => "it was not looked at".to_owned(),
        Seen::Absent => "it does not exist".to_owned(),
        Seen::Denied(right) => format!("the service account lacks {right}"),
        Seen::Failed(cause) => cause.clone(),
    }
}

fn what_helps<T>(seen: &Seen<T>) -> &'static str {
    match seen {
        Seen::Denied(_) => "see the line about that right",
        _ => LOOK_AT_KEYCLOAK,
    }
}
