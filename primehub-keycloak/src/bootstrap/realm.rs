//! The realm's own settings.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::observed::{ObservedRealm, People};
use super::request::{BootstrapRequest, SslRequired};
use super::step::{Change, Flag, Plan, Verdict};
use crate::admin::Full;

/// What people do by themselves and the picture of the realm has to learn: such changes leave no event of an administrator.
pub(crate) const EVENT_TYPES: [&str; 12] = [
    "REGISTER",
    "UPDATE_PROFILE",
    "UPDATE_EMAIL",
    "VERIFY_EMAIL",
    "DELETE_ACCOUNT",
    "UPDATE_TOTP",
    "REMOVE_TOTP",
    "UPDATE_CREDENTIAL",
    "REMOVE_CREDENTIAL",
    "IDENTITY_PROVIDER_FIRST_LOGIN",
    "FEDERATED_IDENTITY_LINK",
    "USER_DISABLED_BY_PERMANENT_LOCKOUT",
];

/// How long events are kept where nobody has decided: a follower that was away for longer reads the realm as a whole.
const EVENTS_KEPT: u64 = 7 * DAY;

/// The shortest time for which events have to be kept to be of use.
const EVENTS_NEEDED: u64 = 60 * 60;

/// How long an API token may lie unused where nobody has decided. Keycloak's own answer is a month.
const API_TOKEN_IDLE: u64 = 365 * DAY;
const KEYCLOAKS_IDLE: u64 = 30 * DAY;

const DAY: u64 = 24 * 60 * 60;

/// What it means that usernames can be changed at all: who may do so is the user profile's to say.
pub(super) const RENAMING: &str = "let administrators rename people";

/// A realm as it is made: at once, so that it is never seen half set up. All but [`RENAMING`], which has to wait for the user profile.
pub(super) fn new_realm(request: &BootstrapRequest) -> Full {
    let mut realm = json!({
        "realm": request.realm,
        "enabled": true,
        "revokeRefreshToken": false,
        "offlineSessionIdleTimeout": API_TOKEN_IDLE,
        "eventsEnabled": true,
        "eventsExpiration": EVENTS_KEPT,
        "enabledEventTypes": EVENT_TYPES,
        "adminEventsEnabled": true,
        "adminEventsDetailsEnabled": false,
        "attributes": {
            "frontendUrl": request.frontend_url(),
            "adminEventsExpiration": EVENTS_KEPT.to_string(),
        },
    });
    if let Some(ssl) = request.new_realms_ssl() {
        realm["sslRequired"] = ssl.as_str().into();
    }
    match realm {
        Value::Object(realm) => Full(realm),
        _ => Full::default(),
    }
}

/// What an existing realm's settings lack.
pub(super) fn plan(seen: &ObservedRealm, request: &BootstrapRequest, plan: &mut Plan) {
    let settings = Settings(&seen.settings);
    let start = plan.steps.len();
    if !settings.flag("enabled") {
        let change = fields([("enabled", json!(true))]);
        plan.asks(Flag::Reopen, request.flags.reopen, "enable the realm, in which nobody can log in", change);
    }
    frontend_url(seen, request, &settings, plan);
    ssl(request, &settings, plan);
    if !settings.flag("editUsernameAllowed") {
        plan.does(Verdict::Repaired, RENAMING, let_rename());
    }
    sessions(request, &settings, plan);
    events(&settings, plan);
    if plan.steps.len() == start {
        plan.notes(Verdict::Unchanged, format!("realm {}", request.realm));
    }
}

pub(super) fn let_rename() -> Change {
    fields([("editUsernameAllowed", json!(true))])
}

fn frontend_url(seen: &ObservedRealm, request: &BootstrapRequest, settings: &Settings<'_>, plan: &mut Plan) {
    let (is, wanted) = (settings.attribute("frontendUrl").unwrap_or_default(), request.frontend_url());
    if is.trim_end_matches('/') == wanted {
        return;
    }
    let change = Change::Realm { fields: Map::new(), attributes: BTreeMap::from([("frontendUrl", wanted.to_owned())]) };
    let instead = if is.is_empty() { "following each request's host" } else { is };
    let line = format!("set frontendUrl to {wanted} instead of {instead}");
    if seen.people == People::Somebody {
        let line =
            format!("{line}: all API tokens whose issuer changes stop working, and everybody has to log in again");
        plan.asks(Flag::ChangeFrontendUrl, request.flags.change_frontend_url, line, change);
    } else {
        // Nobody has tokens.
        plan.does(Verdict::Repaired, line, change);
    }
}

fn ssl(request: &BootstrapRequest, settings: &Settings<'_>, plan: &mut Plan) {
    let Some(wanted) = request.ssl_required else { return };
    let is = settings.text("sslRequired").and_then(SslRequired::read);
    if is == Some(wanted) {
        return;
    }
    let instead = is.map_or("what it was", SslRequired::as_str);
    let line = format!("require encryption for {} instead of {instead}", wanted.as_str());
    let change = fields([("sslRequired", json!(wanted.as_str()))]);
    // What is not known may be as strict as can be.
    if is.unwrap_or(SslRequired::All) <= wanted {
        plan.does(Verdict::Tightened, line, change);
    } else {
        plan.asks(Flag::Reopen, request.flags.reopen, line, change);
    }
}

fn sessions(request: &BootstrapRequest, settings: &Settings<'_>, plan: &mut Plan) {
    if settings.flag("revokeRefreshToken") {
        let line = "stop revoking refresh tokens on use: an API token dies at its second use";
        let change = fields([("revokeRefreshToken", json!(false))]);
        plan.asks(Flag::RevokeRefreshTokens, request.flags.revoke_refresh_tokens, line, change);
    }
    let idle = settings.number("offlineSessionIdleTimeout").unwrap_or_default();
    if idle == KEYCLOAKS_IDLE {
        let line = format!("let API tokens lie unused for {} days instead of {}", API_TOKEN_IDLE / DAY, idle / DAY);
        plan.does(Verdict::Repaired, line, fields([("offlineSessionIdleTimeout", json!(API_TOKEN_IDLE))]));
    } else if idle < API_TOKEN_IDLE {
        let line = format!("API tokens end when they lie unused for {}, as somebody decided", duration(idle));
        plan.notes(Verdict::Unchanged, line);
    }
}

fn events(settings: &Settings<'_>, plan: &mut Plan) {
    let (on, admin_on) = (settings.flag("eventsEnabled"), settings.flag("adminEventsEnabled"));
    let mut change: Map<String, Value> = Map::new();
    if !on {
        change.insert("eventsEnabled".into(), json!(true));
    }
    let enabled = settings.list("enabledEventTypes");
    // None named means all, where events are on.
    if !(on && enabled.is_empty()) {
        let missing: Vec<Value> =
            EVENT_TYPES.map(Value::from).into_iter().filter(|kind| !enabled.contains(kind)).collect();
        if !missing.is_empty() {
            change.insert("enabledEventTypes".into(), enabled.iter().cloned().chain(missing).collect());
        }
    }
    if !admin_on {
        change.insert("adminEventsEnabled".into(), json!(true));
    }
    if !change.is_empty() {
        let names = change.keys().cloned().collect::<Vec<_>>().join(", ");
        let change = Change::Realm { fields: change, attributes: BTreeMap::new() };
        plan.does(
            Verdict::Repaired,
            format!("record the events that a picture of the realm follows ({names})"),
            change,
        );
    }
    if settings.flag("adminEventsDetailsEnabled") {
        let line = "keep values out of the recorded events: they hold people's environment variables";
        plan.does(Verdict::Tightened, line, fields([("adminEventsDetailsEnabled", json!(false))]));
    }
    // Zero and absent are for ever: whoever had events on before wants to keep them.
    let kept = |is: Option<u64>, on: bool| match is.filter(|seconds| *seconds > 0) {
        None if on => None,
        None => Some(EVENTS_KEPT),
        Some(seconds) => (seconds < EVENTS_NEEDED).then_some(EVENTS_KEPT),
    };
    if let Some(seconds) = kept(settings.number("eventsExpiration"), on) {
        let line = format!("keep events of people for {}", duration(seconds));
        plan.does(Verdict::Repaired, line, fields([("eventsExpiration", json!(seconds))]));
    }
    let admin = settings.attribute("adminEventsExpiration").and_then(|seconds| seconds.parse().ok());
    if let Some(seconds) = kept(admin, admin_on) {
        let attributes = BTreeMap::from([("adminEventsExpiration", seconds.to_string())]);
        let line = format!("keep events of administrators for {}", duration(seconds));
        plan.does(Verdict::Repaired, line, Change::Realm { fields: Map::new(), attributes });
    }
}

fn fields<const N: usize>(fields: [(&str, Value); N]) -> Change {
    let fields = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Change::Realm { fields, attributes: BTreeMap::new() }
}

/// Seconds, for people to read.
pub(crate) fn duration(seconds: u64) -> String {
    let (number, unit) = match seconds {
        DAY.. if seconds.is_multiple_of(DAY) => (seconds / DAY, "day"),
        3600.. if seconds.is_multiple_of(3600) => (seconds / 3600, "hour"),
        _ => (seconds, "second"),
    };
    if number == 1 { format!("1 {unit}") } else { format!("{number} {unit}s") }
}

/// Reads a realm's settings.
pub(crate) struct Settings<'a>(pub(crate) &'a Full);

impl<'a> Settings<'a> {
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.0.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'a str> {
        self.0.0.get(name).and_then(Value::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.0.get(name).and_then(Value::as_u64)
    }

    pub(crate) fn list(&self, name: &str) -> &'a [Value] {
        self.0.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.0.0.get("attributes")?.get(name)?.as_str()
    }
}
