use std::collections::BTreeSet;

use rstest::rstest;

use super::super::facts::{Facts, Reach, Seen};
use super::super::report::FindingState;
use super::fixtures::{facts, judge, wrong};

const IN_ORDER: &str = "\
ok       address: http://keycloak:8080/ answers
ok       realm: primehub exists
ok       issuer: https://id.example.com/realms/primehub
ok       keys: RS256 is among the published keys
ok       client: admin-ui and its secret are accepted
ok       version: Keycloak 26.7.3
ok       right manage-users: held
ok       right view-users: held
ok       right query-groups: held
ok       right manage-realm: held
ok       right view-realm: held
ok       right view-clients: held
ok       right view-events: held
ok       client settings: admin-ui can log people in and hand out API tokens
ok       everyone: everyone-id is the group of everybody new
ok       people: all 3 are members of everyone
ok       user profile: quotas are for administrators alone, and nothing keeps people from logging in
ok       events: those of administrators are recorded
ok       events: those of people are recorded
ok       API tokens: nothing but disuse ends them
ok       API tokens: everybody new may have them
ok       groups: 2, each with a folder of its own
";

#[test]
fn an_installation_in_order_has_nothing_but_good_lines() {
    let report = judge(&facts());
    assert_eq!(report.to_string(), IN_ORDER);
    assert_eq!((report.errors(), report.warnings()), (0, 0));
}

#[rstest]
#[case::no_address(Reach::NoAddress("unknown name".into()), FindingState::Error, "has no address: unknown name", "name server")]
#[case::refused(Reach::NoConnection("connection refused".into()), FindingState::Error, "nobody listens", "firewall")]
#[case::tls(Reach::NoAnswer("invalid peer certificate: UnknownIssuer".into()), FindingState::Error, "does not answer", "KC_CA_FILE")]
#[case::silent(Reach::NoAnswer("timed out".into()), FindingState::Error, "does not answer", "overloaded")]
#[case::starting(Reach::Starts, FindingState::Warning, "is starting", "again")]
fn what_cannot_be_reached_is_the_only_line(
    #[case] reach: Reach,
    #[case] state: FindingState,
    #[case] what: &str,
    #[case] advice: &str,
) {
    let report = judge(&Facts { reach, ..Facts::default() });
    let [finding] = &*report.findings else { panic!("{report}") };
    assert_eq!(finding.state, state);
    assert!(finding.what.contains(what), "{report}");
    assert!(finding.advice.as_ref().unwrap().contains(advice), "{report}");
}

#[rstest]
#[case::no_realm(|facts: &mut Facts| facts.issuer = Seen::Absent, "error realm: there is no realm primehub", false)]
#[case::other_issuer(
    |facts: &mut Facts| facts.issuer = Seen::Is("http://keycloak:8080/realms/primehub".into()),
    "error issuer: tokens name http://keycloak:8080/realms/primehub as their issuer, but https://id.example.com/realms/primehub is \
     expected, so none is accepted",
    true
)]
#[case::no_frontend_url(
    |facts: &mut Facts| {
        if let Seen::Is(realm) = &mut facts.realm { realm.0["attributes"]["frontendUrl"] = "".into(); }
    },
    "warning issuer: https://id.example.com/realms/primehub today, but it follows the host that a token is asked for at",
    true
)]
#[case::no_key(
    |facts: &mut Facts| facts.signing = Seen::Is(BTreeSet::from(["ES256".to_owned()])),
    "error keys: no key for RS256 is published, so no token can be checked",
    true
)]
#[case::refused(
    |facts: &mut Facts| facts.login = Seen::Failed("status 401, invalid_client".into()),
    "error client: the service account of admin-ui cannot log in: status 401, invalid_client",
    false
)]
#[case::old(
    |facts: &mut Facts| facts.version = Seen::Is("19.0.3".into()),
    "warning version: Keycloak 19.0.3 cannot keep attributes for administrators alone",
    true
)]
fn the_outside_is_judged_first(#[case] edit: fn(&mut Facts), #[case] expected: &str, #[case] goes_on: bool) {
    let mut facts = facts();
    edit(&mut facts);
    let report = judge(&facts);
    assert_eq!(wrong(&report), [expected]);
    assert_eq!(report.findings.iter().any(|finding| finding.subject == "everyone"), goes_on);
}
