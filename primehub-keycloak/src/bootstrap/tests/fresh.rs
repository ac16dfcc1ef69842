use rstest::rstest;
use serde_json::json;

use super::super::observe::people;
use super::super::observed::{Observed, People};
use super::super::plan::plan;
use super::super::realm::new_realm;
use super::super::request::{BootstrapRequest, SslRequired};
use super::super::step::Verdict;
use super::fixtures::{complete, lines, mark, plan_for, platform, request};

/// What `--plan` shows for a Keycloak that has nothing yet.
const EMPTY_KEYCLOAK: &str = "\
+ create realm primehub with frontendUrl https://id.example.com
+ set the user profile: undeclared attributes ADMIN_EDIT, quotas and names for administrators alone, nothing required
+ let administrators rename people
+ create group everyone, without any quota
+ make everybody new a member of everyone
+ create client admin-ui for https://hub.example.com/console/*, https://hub.example.com/oidc/auth-flow/callback
+ let tokens of admin-ui carry realm-admin
+ allow the service account of admin-ui manage-users, view-users, query-groups, manage-realm, view-realm, view-clients, view-events
+ create client jupyterhub for https://hub.example.com/*
+ create client maintenance-proxy for https://hub.example.com/maintenance/*
+ create roles it:cpu-1, it:cpu-2, it:cpu-3, it:cpu-4, it:gpu-1, it:gpu-2, img:base-notebook, img:pytorch-1, img:tf-1, img:tf-2
+ give everyone it:cpu-1, it:cpu-2, it:cpu-3, it:cpu-4, it:gpu-1, it:gpu-2, img:base-notebook, img:pytorch-1, img:tf-1, img:tf-2
+ create group phusers
+ create administrator phadmin
";

#[test]
fn an_empty_keycloak_gets_everything() {
    assert_eq!(plan(&Observed::default(), &request()).to_string(), EMPTY_KEYCLOAK);
}

/// Otherwise people could take the names of others in between.
#[test]
fn a_new_realm_lets_nobody_change_names_before_the_profile_is_set() {
    let realm = new_realm(&request());
    assert_eq!(realm.0.get("editUsernameAllowed"), None, "Keycloak's default is that names are fixed");
}

#[rstest]
#[case::encrypted("https://hub.example.com", None, None)]
#[case::plain("http://hub.example.com", None, Some("none"))]
#[case::asked_for("http://hub.example.com", Some(SslRequired::All), Some("all"))]
fn a_new_realm_wants_connections_encrypted_as_its_site_has_them(
    #[case] site: &str,
    #[case] asked: Option<SslRequired>,
    #[case] expected: Option<&str>,
) {
    let base = "http://keycloak:8080".parse().unwrap();
    let mut request = BootstrapRequest::new(base, "primehub", site.parse().unwrap());
    request.ssl_required = asked;
    assert_eq!(new_realm(&request).0.get("sslRequired").and_then(|ssl| ssl.as_str()), expected);
}

#[test]
fn terms_come_before_the_first_person() {
    let mut request = request();
    request.terms = true;
    let text = plan(&Observed::default(), &request).to_string();
    let place = |words: &str| text.find(words).unwrap();
    assert!(place("agree to terms") < place("create administrator"));
}

#[test]
fn the_prefix_stands_before_resource_roles() {
    let roles = BootstrapRequest::default_resources(Some(&"blue".parse().unwrap()));
    assert_eq!(roles.len(), 10);
    assert!(roles.iter().all(|role| role.as_str().starts_with("blue:")));
}

#[test]
fn a_complete_realm_needs_nothing() {
    let request = request();
    let plan = plan_for(complete(&request), &request);
    assert!(plan.is_empty(), "{plan}");
    assert!(plan.steps().iter().all(|step| step.verdict() == Verdict::Unchanged));
}

#[test]
fn a_run_that_was_interrupted_is_continued() {
    let request = request();
    let mut realm = complete(&request);
    realm.people = People::Nobody;
    realm.groups.remove("phusers");
    realm.everyones_roles.remove("img:tf-2");
    realm.clients.remove("jupyterhub");
    platform(&mut realm).rights = ["manage-users".to_owned()].into();
    mark(platform(&mut realm));
    assert_eq!(
        lines(&plan_for(realm, &request)),
        [
            "~ allow the service account of admin-ui view-users, query-groups, manage-realm, view-realm, view-clients, view-events",
            "+ create client jupyterhub for https://hub.example.com/*",
            "+ give everyone img:tf-2",
            "+ create group phusers",
            "+ create administrator phadmin",
        ]
    );
}

#[test]
fn an_administrator_who_was_begun_is_finished() {
    let request = request();
    let mut realm = complete(&request);
    realm.people = People::Unfinished("42".into());
    let expected = ["~ finish administrator phadmin, whom an interrupted run began to make"];
    assert_eq!(lines(&plan_for(realm, &request)), expected);
}

#[rstest]
#[case::nobody(&[], true, People::Nobody)]
#[case::begun(&[("phadmin", true)], true, People::Unfinished("phadmin".into()))]
#[case::begun_by_another_name(&[("root", true)], true, People::Nobody)]
#[case::finished(&[("phadmin", false)], true, People::Somebody)]
#[case::beside_somebody(&[("ada", false), ("phadmin", true)], true, People::Somebody)]
#[case::mark_that_anybody_could_bear(&[("phadmin", true)], false, People::Somebody)]
#[case::nobody_who_could_bear_one(&[], false, People::Nobody)]
fn an_unfinished_administrator_is_told_by_a_mark(
    #[case] first: &[(&str, bool)],
    #[case] marks_count: bool,
    #[case] expected: People,
) {
    let user = |(name, is_marked): &(&str, bool)| {
        let attributes = if *is_marked { json!({"primehub-bootstrap": ["unfinished"]}) } else { json!({}) };
        serde_json::from_value(json!({"id": name, "username": name, "attributes": attributes})).unwrap()
    };
    let first: Vec<_> = first.iter().map(user).collect();
    assert_eq!(people(&first, marks_count, &request()), expected);
}

/// Otherwise the next run, which finds the profile closed, would believe it.
#[test]
fn a_mark_that_does_not_count_is_taken_off_once_the_profile_is_closed() {
    let request = request();
    let mut realm = complete(&request);
    realm.profile.set("unmanagedAttributePolicy", "ENABLED");
    realm.marked = vec!["42".into()];
    assert_eq!(
        lines(&plan_for(realm, &request)),
        [
            "! tighten the user profile: undeclared attributes ADMIN_EDIT instead of ENABLED",
            "! take the mark of an unfinished administrator off people who could have given it to themselves",
        ]
    );
}

#[test]
fn where_somebody_lives_nothing_of_theirs_is_made() {
    let request = request();
    let mut realm = complete(&request);
    realm.groups.clear();
    realm.roles.clear();
    realm.everyones_roles.clear();
    assert_eq!(lines(&plan_for(realm, &request)), Vec::<String>::new());
}
