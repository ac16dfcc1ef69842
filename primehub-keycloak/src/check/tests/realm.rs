use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use super::super::evaluate::evaluate;
use super::super::facts::{Expected, Facts, Seen};
use super::super::look::rights_of;
use super::super::report::Report;
use super::fixtures::{expected as expected_settings, facts, group, judge, object, wrong};
use crate::admin::Full;

fn set(facts: &mut Facts, name: &str, value: Value) {
    let Seen::Is(realm) = &mut facts.realm else { panic!("no realm") };
    realm.set(name, value);
}

fn edit_client(facts: &mut Facts, edit: impl FnOnce(&mut Full, &mut BTreeSet<String>)) {
    let Seen::Is((client, scope)) = &mut facts.client else { panic!("no client") };
    edit(client, scope);
}

fn deny(facts: &mut Facts, right: &'static str) {
    for (needs, seen) in &mut facts.reads {
        if *needs == right {
            *seen = Seen::Denied(right);
        }
    }
}

#[rstest]
#[case::no_view(|facts: &mut Facts| deny(facts, "view-users"), "error right view-users: missing")]
#[case::no_events(
    |facts: &mut Facts| deny(facts, "view-events"),
    "warning right view-events: missing: changes made in Keycloak are seen every 60 seconds only"
)]
#[case::no_manage(
    |facts: &mut Facts| facts.login = Seen::Is(Some(BTreeSet::from(["manage-realm".to_owned()]))),
    "error right manage-users: missing"
)]
#[case::unlisted(
    |facts: &mut Facts| facts.login = Seen::Is(None),
    "warning right manage-users: cannot be told without writing, because the account's tokens do not list roles\
     |warning right manage-realm: cannot be told without writing, because the account's tokens do not list roles"
)]
#[case::nothing_at_all(
    |facts: &mut Facts| {
        facts.login = Seen::Is(None);
        deny(facts, "view-users");
        deny(facts, "view-realm");
    },
    "error right manage-users: missing|error right view-users: missing|error right manage-realm: missing\
     |error right view-realm: missing"
)]
#[case::nothing_readable(
    |facts: &mut Facts| {
        facts.login = Seen::Is(None);
        facts.reads = vec![("view-events", Seen::Denied("view-events"))];
    },
    "error rights: the service account may do nothing: it holds no role of realm-management, or its client's scope leaves them out\
     |warning right manage-users: cannot be told without writing, because the account's tokens do not list roles\
     |warning right view-users: cannot be told without writing, because the account's tokens do not list roles\
     |warning right query-groups: cannot be told without writing, because the account's tokens do not list roles\
     |warning right manage-realm: cannot be told without writing, because the account's tokens do not list roles\
     |warning right view-realm: cannot be told without writing, because the account's tokens do not list roles\
     |warning right view-clients: cannot be told without writing, because the account's tokens do not list roles\
     |warning right view-events: missing: changes made in Keycloak are seen every 60 seconds only"
)]
#[case::no_api_tokens(
    |facts: &mut Facts| edit_client(facts, |client, _| client.set("optionalClientScopes", json!(["phone"]))),
    "error client settings: admin-ui may not ask for offline_access, so there are no API tokens"
)]
#[case::no_logins(
    |facts: &mut Facts| edit_client(facts, |client, _| client.set("standardFlowEnabled", false)),
    "error client settings: nobody can log in through admin-ui"
)]
#[case::no_administrators(
    |facts: &mut Facts| edit_client(facts, |_, scope| scope.clear()),
    "error client settings: tokens of admin-ui do not carry realm-admin, so nobody is an administrator"
)]
#[case::full_scope(
    |facts: &mut Facts| edit_client(facts, |client, scope| { scope.clear(); client.set("fullScopeAllowed", true); }),
    ""
)]
#[case::no_audience(
    |facts: &mut Facts| edit_client(facts, |client, _| client.set("protocolMappers", json!([]))),
    "warning client settings: admin-ui is not in the audience of its own tokens"
)]
#[case::client_unseen(
    |facts: &mut Facts| facts.client = Seen::Denied("view-clients"),
    "warning client settings: cannot be looked at: the service account lacks view-clients"
)]
#[case::other_everyone(
    |facts: &mut Facts| {
        facts.groups = Seen::Is(vec![group("2", "everyone")]);
        facts.default_groups = Seen::Is(BTreeSet::from(["2".into()]));
    },
    "warning everyone: there is no group everyone-id; the one named everyone, 2, is taken instead"
)]
#[case::no_everyone(
    |facts: &mut Facts| facts.groups = Seen::Is(vec![group("2", "Everyone")]),
    "error everyone: there is no group that stands for everybody"
)]
#[case::not_default(
    |facts: &mut Facts| facts.default_groups = Seen::Is(BTreeSet::new()),
    "error everyone: people who are new do not become members"
)]
#[case::outsiders(
    |facts: &mut Facts| facts.members = Some(1),
    "warning people: 2 of 3 are not members of everyone, and lack what everybody has"
)]
#[case::not_counted(|facts: &mut Facts| facts.members = None, "")]
#[case::collision(
    |facts: &mut Facts| facts.groups = Seen::Is(vec![group("everyone-id", "everyone"), group("1", "Team A"), group("2", "team a")]),
    "warning groups: Team A, team a share the folder team a"
)]
#[case::admin_events_off(
    |facts: &mut Facts| set(facts, "adminEventsEnabled", json!(false)),
    "warning events: those of administrators are not recorded: their changes are seen every 60 seconds only"
)]
#[case::user_events_off(
    |facts: &mut Facts| set(facts, "eventsEnabled", json!(false)),
    "warning events: those of people are not recorded: their changes are seen every 60 seconds only"
)]
#[case::few_events(
    |facts: &mut Facts| set(facts, "enabledEventTypes", json!(crate::bootstrap::EVENT_TYPES[1..].to_vec())),
    "warning events: not recorded: REGISTER"
)]
#[case::all_events(|facts: &mut Facts| set(facts, "enabledEventTypes", json!([])), "")]
#[case::details(
    |facts: &mut Facts| set(facts, "adminEventsDetailsEnabled", json!(true)),
    "warning events: they are recorded with all values, people's environment variables among them"
)]
#[case::short(
    |facts: &mut Facts| set(facts, "eventsExpiration", json!(60)),
    "error events: those of people are gone after 60 seconds, before they are surely seen"
)]
#[case::just_long_enough(|facts: &mut Facts| set(facts, "eventsExpiration", json!(61)), "")]
#[case::for_ever(|facts: &mut Facts| set(facts, "eventsExpiration", json!(0)), "")]
#[case::revoked(
    |facts: &mut Facts| set(facts, "revokeRefreshToken", json!(true)),
    "error API tokens: refresh tokens are revoked on use: an API token dies at its second use"
)]
#[case::nobody_may_have_one(
    |facts: &mut Facts| facts.default_roles = Seen::Is(BTreeSet::from(["uma_authorization".to_owned()])),
    "error API tokens: the realm's default roles lack offline_access, so nobody new can have an API token"
)]
#[case::everyone_may_have_one(
    |facts: &mut Facts| {
        facts.default_roles = Seen::Is(BTreeSet::new());
        let Seen::Is(groups) = &mut facts.groups else { panic!("no groups") };
        groups[0].realm_roles.push("offline_access".to_owned());
    },
    ""
)]
#[case::default_roles_unseen(
    |facts: &mut Facts| facts.default_roles = Seen::Denied("view-realm"),
    "warning API tokens: cannot be looked at: the service account lacks view-realm"
)]
#[case::idle(
    |facts: &mut Facts| set(facts, "offlineSessionIdleTimeout", json!(3_600)),
    "warning API tokens: they end when they lie unused for 1 hour"
)]
#[case::limited(
    |facts: &mut Facts| {
        set(facts, "offlineSessionMaxLifespanEnabled", json!(true));
        set(facts, "offlineSessionMaxLifespan", json!(5_184_000));
    },
    "warning API tokens: they end 60 days after they were made, used or not"
)]
#[case::fixed_names(
    |facts: &mut Facts| set(facts, "editUsernameAllowed", json!(false)),
    "warning renaming: administrators cannot rename people"
)]
fn what_is_not_in_order_is_said(#[case] edit: fn(&mut Facts), #[case] expected: &str) {
    let mut facts = facts();
    edit(&mut facts);
    let report = judge(&facts);
    assert_eq!(wrong(&report).join("|"), expected);
    let without_advice =
        |finding: &&super::super::Finding| finding.state != super::super::FindingState::Ok && finding.advice.is_none();
    assert_eq!(report.findings.iter().find(without_advice), None);
}

#[rstest]
#[case::not_asked_for(false, false, "")]
#[case::allowed(true, true, "")]
#[case::not_allowed(
    true,
    false,
    "error client settings: admin-ui may not log people in with their passwords, as KC_GRANT_TYPE asks for"
)]
fn passwords_take_the_clients_leave(#[case] passwords: bool, #[case] allowed: bool, #[case] expected: &str) {
    let mut facts = facts();
    edit_client(&mut facts, |client, _| client.set("directAccessGrantsEnabled", allowed));
    let mut report = Report::default();
    evaluate(&facts, &Expected { passwords, ..expected_settings() }, &mut report);
    assert_eq!(wrong(&report).join("|"), expected);
}

fn open_username(renames: bool) -> Facts {
    let mut facts = facts();
    set(&mut facts, "editUsernameAllowed", json!(renames));
    facts.profile = Seen::Is(object(json!({
        "unmanagedAttributePolicy": "ADMIN_EDIT",
        "attributes": [{"name": "username", "permissions": {"view": ["admin", "user"], "edit": ["admin", "user"]}}],
    })));
    facts
}

#[rstest]
#[case::may(true, 1)]
#[case::nobody_may(false, 0)]
fn who_may_rename_themselves_matters_only_where_names_change(#[case] renames: bool, #[case] errors: usize) {
    assert_eq!(judge(&open_username(renames)).errors(), errors);
}

#[rstest]
#[case::open(json!("ENABLED"), "error user profile: people can change what they must not; needed: undeclared attributes ADMIN_EDIT instead of ENABLED")]
#[case::dropped(
    Value::Null,
    "error user profile: what is written about people is dropped; needed: undeclared attributes ADMIN_EDIT instead of dropping them"
)]
fn the_policy_of_undeclared_attributes_is_an_error(#[case] policy: Value, #[case] expected: &str) {
    let mut facts = facts();
    if let Seen::Is(profile) = &mut facts.profile {
        profile.set("unmanagedAttributePolicy", policy);
    }
    assert_eq!(wrong(&judge(&facts)), [expected]);
}

#[test]
fn too_many_rights_are_no_fault() {
    let mut facts = facts();
    if let Seen::Is(Some(rights)) = &mut facts.login {
        rights.insert("realm-admin".to_owned());
    }
    let report = judge(&facts);
    assert_eq!(wrong(&report), Vec::<String>::new());
    assert!(report.to_string().contains("holds realm-admin"));
}

#[rstest]
#[case::listed(r#"{"resource_access": {"realm-management": {"roles": ["view-users"]}}}"#, Some(vec!["view-users"]))]
#[case::none(r#"{"resource_access": {"account": {"roles": ["x"]}}}"#, None)]
#[case::light("{}", None)]
#[case::nonsense("no claims", None)]
fn rights_are_read_from_a_token(#[case] claims: &str, #[case] expected: Option<Vec<&str>>) {
    use base64::Engine as _;
    let token = format!("h.{}.s", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims));
    assert_eq!(rights_of(&token), expected.map(|rights| rights.into_iter().map(ToOwned::to_owned).collect()));
}
