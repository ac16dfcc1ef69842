use rstest::rstest;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::super::observed::{ObservedRealm, People};
use super::super::profile::repair;
use super::super::request::{BootstrapRequest, SslRequired};
use super::super::step::{Flag, Verdict};
use super::fixtures::{complete, first_profile, lines, mark, plan_for, platform, request};

fn set(realm: &mut ObservedRealm, name: &str, value: Value) {
    realm.settings.set(name, value);
}

fn attribute(realm: &mut ObservedRealm, name: &str, value: &str) {
    realm.settings.0["attributes"][name] = json!(value);
}

fn flags(request: &mut BootstrapRequest) {
    request.flags.change_frontend_url = true;
    request.flags.widen_rights = true;
    request.flags.reopen = true;
    request.flags.revoke_refresh_tokens = true;
}

type Edit = fn(&mut ObservedRealm);

#[rstest]
#[case::names_are_fixed(|realm: &mut ObservedRealm| set(realm, "editUsernameAllowed", json!(false)), "~ let administrators rename people")]
#[case::mapper_removed(
    |realm: &mut ObservedRealm| realm.clients.get_mut("jupyterhub").unwrap().client.0["protocolMappers"].as_array_mut().unwrap().retain(|it| it["name"] != "groups"),
    "~ give client jupyterhub its mapper groups"
)]
#[case::address_removed(
    |realm: &mut ObservedRealm| platform(realm).client.set("redirectUris", json!(["https://other.example/*", "https://hub.example.com/oidc/auth-flow/callback"])),
    "~ let client admin-ui send browsers back to https://hub.example.com/console/*"
)]
#[case::base_url(
    |realm: &mut ObservedRealm| platform(realm).client.set("baseUrl", "https://old.example/console"),
    "~ set the address of client admin-ui to https://hub.example.com/console"
)]
#[case::no_scope(|realm: &mut ObservedRealm| platform(realm).scope.clear(), "~ let tokens of admin-ui carry realm-admin")]
#[case::not_a_default_group(|realm: &mut ObservedRealm| realm.default_groups.clear(), "~ make everybody new a member of everyone")]
#[case::no_everyone(
    |realm: &mut ObservedRealm| { realm.everyone = None; realm.default_groups.clear(); realm.default_groups.insert("else".into()); },
    "+ create group everyone, without any quota|+ make everybody new a member of everyone"
)]
#[case::details(
    |realm: &mut ObservedRealm| set(realm, "adminEventsDetailsEnabled", json!(true)),
    "! keep values out of the recorded events: they hold people's environment variables"
)]
#[case::short_events(
    |realm: &mut ObservedRealm| attribute(realm, "adminEventsExpiration", "60"),
    "~ keep events of administrators for 7 days"
)]
#[case::events_for_ever(
    |realm: &mut ObservedRealm| { set(realm, "eventsExpiration", json!(0)); realm.settings.0["attributes"].as_object_mut().unwrap().remove("adminEventsExpiration"); },
    ""
)]
#[case::all_event_types(|realm: &mut ObservedRealm| set(realm, "enabledEventTypes", json!([])), "")]
#[case::own_event_types(
    |realm: &mut ObservedRealm| set(realm, "enabledEventTypes", json!(["LOGIN", "REGISTER"])),
    "~ record the events that a picture of the realm follows (enabledEventTypes)"
)]
#[case::events_off(
    |realm: &mut ObservedRealm| {
        set(realm, "eventsEnabled", json!(false));
        set(realm, "adminEventsEnabled", json!(false));
        set(realm, "enabledEventTypes", json!([]));
        set(realm, "eventsExpiration", Value::Null);
    },
    "~ record the events that a picture of the realm follows (adminEventsEnabled, enabledEventTypes, eventsEnabled)\
     |~ keep events of people for 7 days"
)]
#[case::keycloaks_idle_time(
    |realm: &mut ObservedRealm| set(realm, "offlineSessionIdleTimeout", json!(2_592_000)),
    "~ let API tokens lie unused for 365 days instead of 30"
)]
#[case::own_idle_time(|realm: &mut ObservedRealm| set(realm, "offlineSessionIdleTimeout", json!(86_400)), "")]
#[case::open_profile(
    |realm: &mut ObservedRealm| realm.profile.set("unmanagedAttributePolicy", "ENABLED"),
    "! tighten the user profile: undeclared attributes ADMIN_EDIT instead of ENABLED"
)]
#[case::no_policy(
    |realm: &mut ObservedRealm| { realm.profile.0.remove("unmanagedAttributePolicy"); },
    "~ repair the user profile: undeclared attributes ADMIN_EDIT instead of dropping them"
)]
#[case::administrator_by_service(
    |realm: &mut ObservedRealm| platform(realm).rights = ["realm-admin".to_owned()].into(),
    ""
)]
#[case::contained_rights(|realm: &mut ObservedRealm| { platform(realm).rights.remove("query-groups"); }, "")]
#[case::contained_right_that_an_interrupted_run_left_out(
    |realm: &mut ObservedRealm| { platform(realm).rights.remove("query-groups"); mark(platform(realm)); },
    "~ allow the service account of admin-ui query-groups"
)]
#[case::public_client(
    |realm: &mut ObservedRealm| platform(realm).client.set("publicClient", true),
    "x client admin-ui is public and keeps no secret; make it confidential by hand, or name another one"
)]
fn what_is_wrong_is_put_right(#[case] edit: Edit, #[case] expected: &str) {
    let request = request();
    let mut realm = complete(&request);
    edit(&mut realm);
    assert_eq!(lines(&plan_for(realm, &request)).join("|"), expected);
}

#[rstest]
#[case::frontend_url(
    |realm: &mut ObservedRealm| attribute(realm, "frontendUrl", "https://old.example/auth"),
    Flag::ChangeFrontendUrl,
    "set frontendUrl to https://id.example.com instead of https://old.example/auth: all API tokens whose issuer changes stop working, \
     and everybody has to log in again"
)]
#[case::rights(
    |realm: &mut ObservedRealm| { platform(realm).rights.remove("view-events"); },
    Flag::WidenRights,
    "allow the service account of admin-ui view-events"
)]
#[case::no_rights(
    |realm: &mut ObservedRealm| platform(realm).rights.clear(),
    Flag::WidenRights,
    "allow the service account of admin-ui manage-users, view-users, query-groups, manage-realm, view-realm, view-clients, view-events"
)]
#[case::revoked(
    |realm: &mut ObservedRealm| set(realm, "revokeRefreshToken", json!(true)),
    Flag::RevokeRefreshTokens,
    "stop revoking refresh tokens on use: an API token dies at its second use"
)]
#[case::realm_disabled(
    |realm: &mut ObservedRealm| set(realm, "enabled", json!(false)),
    Flag::Reopen,
    "enable the realm, in which nobody can log in"
)]
#[case::client_disabled(
    |realm: &mut ObservedRealm| realm.clients.get_mut("maintenance-proxy").unwrap().client.set("enabled", false),
    Flag::Reopen,
    "enable client maintenance-proxy"
)]
fn what_people_notice_takes_a_flag(#[case] edit: Edit, #[case] flag: Flag, #[case] line: &str) {
    let mut request = request();
    let mut realm = complete(&request);
    edit(&mut realm);
    let plan = plan_for(realm.clone(), &request);
    assert!(plan.is_empty(), "{plan}");
    let refused: Vec<_> = plan.refused().map(|step| (step.verdict(), step.line().to_owned())).collect();
    assert_eq!(refused, [(Verdict::Refused(Some(flag)), format!("{line}; done with the flag {flag}"))]);

    flags(&mut request);
    assert_eq!(lines(&plan_for(realm, &request)), [format!("~ {line}")]);
}

#[test]
fn an_issuer_that_nobody_has_tokens_of_is_changed_without_a_flag() {
    let request = request();
    let mut realm = complete(&request);
    attribute(&mut realm, "frontendUrl", "https://old.example/auth");
    realm.people = People::Unfinished("42".into());
    assert!(plan_for(realm, &request).refused().next().is_none());
}

#[test]
fn the_original_is_adopted() {
    let request = request();
    let mut realm = complete(&request);
    platform(&mut realm).rights = ["realm-admin".to_owned()].into();
    attribute(&mut realm, "frontendUrl", "https://id.example.com/auth/");
    let plan = plan_for(realm, &request);
    let line = "= the service account of admin-ui keeps realm-admin, which is more than it needs: \
                manage-users, view-users, query-groups, manage-realm, view-realm, view-clients, view-events";
    assert!(plan.to_string().contains(line), "{plan}");
    assert_eq!(plan.refused().count(), 1);
}

#[rstest]
#[case::higher("external", SslRequired::All, "! require encryption for all instead of external")]
#[case::same("external", SslRequired::External, "")]
#[case::lower(
    "external",
    SslRequired::None,
    "x require encryption for none instead of external; done with the flag reopen"
)]
#[case::unknown_to_highest("some", SslRequired::All, "! require encryption for all instead of what it was")]
#[case::unknown_to_lower(
    "some",
    SslRequired::External,
    "x require encryption for external instead of what it was; done with the flag reopen"
)]
fn less_encryption_takes_a_flag(#[case] is: &str, #[case] wanted: SslRequired, #[case] expected: &str) {
    let mut request = request();
    let mut realm = complete(&request);
    set(&mut realm, "sslRequired", json!(is));
    request.ssl_required = Some(wanted);
    assert_eq!(lines(&plan_for(realm.clone(), &request)).join("|"), expected);
    request.flags.reopen = true;
    assert_eq!(plan_for(realm, &request).refused().count(), 0);
}

#[test]
fn a_site_without_encryption_loosens_nothing_that_exists() {
    let base = "http://keycloak:8080".parse().unwrap();
    let request = BootstrapRequest::new(base, "primehub", "http://hub.example.com".parse().unwrap());
    let mut realm = complete(&request);
    set(&mut realm, "sslRequired", json!("external"));
    attribute(&mut realm, "frontendUrl", "http://keycloak:8080");
    assert_eq!(lines(&plan_for(realm, &request)), Vec::<String>::new());
}

/// Somebody is in the realm while it is repaired: nothing may be opened while something is still to be closed.
#[test]
fn what_closes_comes_before_what_opens() {
    let mut request = request();
    flags(&mut request);
    request.ssl_required = Some(SslRequired::All);
    let mut realm = complete(&request);
    realm.profile = first_profile();
    set(&mut realm, "enabled", json!(false));
    set(&mut realm, "editUsernameAllowed", json!(false));
    set(&mut realm, "sslRequired", json!("none"));
    set(&mut realm, "adminEventsEnabled", json!(false));
    set(&mut realm, "adminEventsDetailsEnabled", json!(true));
    let plan = plan_for(realm.clone(), &request);
    let marks: String = plan.changes().map(|step| step.to_string().remove(0)).collect();
    assert_eq!(marks, "!!!~~~", "{plan}");
    assert!(plan.steps()[0].line().starts_with("tighten the user profile"), "{plan}");

    // Also where the profile only refuses what should work.
    realm.profile = repair(&first_profile()).0;
    realm.profile.set("unmanagedAttributePolicy", "ADMIN_VIEW");
    let text = plan_for(realm, &request).to_string();
    let place = |words: &str| text.find(words).unwrap();
    assert!(place("user profile") < place("rename people"), "{text}");
}

#[rstest]
#[case::none(None, "")]
#[case::same(Some("of-the-client"), "")]
#[case::other(Some("new"), "~ give client admin-ui the secret asked for")]
fn a_secret_is_replaced_only_by_one_that_is_given(#[case] secret: Option<&str>, #[case] expected: &str) {
    let mut request = request();
    request.admin_ui.secret = secret.map(SecretString::from);
    let plan = plan_for(complete(&request), &request);
    assert_eq!(lines(&plan).join("|"), expected);
    assert!(!plan.to_string().contains("new"));
}
