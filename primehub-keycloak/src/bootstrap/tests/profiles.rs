use rstest::rstest;
use serde_json::{Value, json};

use super::super::profile::{Harm, lets_people_write, repair};
use super::fixtures::{first_profile, object};
use crate::admin::Full;

fn of(profile: &Full, name: &str) -> Value {
    let attributes = profile.0["attributes"].as_array().unwrap();
    attributes.iter().find(|declared| declared["name"] == name).cloned().unwrap_or_default()
}

#[test]
fn a_new_realms_profile_is_repaired_once() {
    let (repaired, changes) = repair(&first_profile());
    let whats: Vec<_> = changes.iter().map(|change| &*change.what).collect();
    assert_eq!(
        whats,
        [
            "undeclared attributes ADMIN_EDIT instead of dropping them",
            "usernames of one letter",
            "username changed by administrators alone",
            "email not required",
            "firstName not required",
            "lastName not required",
            "predefinedEnvs declared, for administrators alone",
            "volumeCapacity declared, for administrators alone",
            "enableInviteUsers declared, for administrators alone",
            "annLastReadTime declared, for administrators alone",
        ]
    );
    assert_eq!(of(&repaired, "predefinedEnvs")["validations"]["length"]["max"], 100_000);
    assert_eq!(of(&repaired, "username")["permissions"], json!({"view": ["admin", "user"], "edit": ["admin"]}));
    assert_eq!(repair(&repaired), (repaired, Vec::new()));
}

#[rstest]
#[case::open(json!("ENABLED"), Harm::Opens)]
#[case::read_only(json!("ADMIN_VIEW"), Harm::Loses)]
#[case::absent(Value::Null, Harm::Loses)]
fn only_one_policy_will_do(#[case] policy: Value, #[case] harm: Harm) {
    let (mut profile, _) = repair(&first_profile());
    profile.set("unmanagedAttributePolicy", policy);
    let (repaired, changes) = repair(&profile);
    assert_eq!(changes.iter().map(|change| change.harm).collect::<Vec<_>>(), [harm]);
    assert_eq!(repaired.0["unmanagedAttributePolicy"], "ADMIN_EDIT");
}

#[rstest]
#[case::open(json!({"view": ["admin", "user"], "edit": ["admin", "user"]}), Some(Harm::Opens))]
#[case::nobodys(json!({"view": ["admin"], "edit": []}), Some(Harm::Loses))]
#[case::shown(json!({"view": ["admin", "user"], "edit": ["admin"]}), None)]
fn quotas_are_for_administrators_alone(#[case] permissions: Value, #[case] harm: Option<Harm>) {
    let declared = json!({"name": "volumeCapacity", "permissions": permissions});
    let mut profile = first_profile();
    profile.0["attributes"].as_array_mut().unwrap().push(declared);
    let (repaired, changes) = repair(&profile);
    let harms: Vec<_> = changes.iter().filter(|it| it.attribute.as_deref() == Some("volumeCapacity")).collect();
    assert_eq!(harms.first().map(|change| change.harm), harm);
    assert_eq!(of(&repaired, "volumeCapacity")["permissions"]["edit"], json!(["admin"]));
    assert_eq!(of(&repaired, "volumeCapacity")["permissions"]["view"], permissions["view"]);
}

#[test]
fn what_is_declared_too_short_is_lengthened() {
    let mut profile = first_profile();
    profile.0["attributes"].as_array_mut().unwrap().push(json!({
        "name": "predefinedEnvs", "validations": {"length": {"max": "2048"}}, "permissions": {"view": [], "edit": ["admin"]},
    }));
    let (repaired, changes) = repair(&profile);
    assert!(changes.iter().any(|change| change.what == "predefinedEnvs up to 100000 characters"));
    assert_eq!(of(&repaired, "predefinedEnvs")["validations"]["length"]["max"], 100_000);
}

#[rstest]
#[case::undeclared_where_people_write(json!({"unmanagedAttributePolicy": "ENABLED", "attributes": []}), true)]
#[case::undeclared_elsewhere(json!({"unmanagedAttributePolicy": "ADMIN_EDIT", "attributes": []}), false)]
#[case::undeclared_and_dropped(json!({}), false)]
#[case::declared_for_administrators(
    json!({"unmanagedAttributePolicy": "ENABLED", "attributes": [{"name": "mark", "permissions": {"edit": ["admin"]}}]}),
    false
)]
#[case::declared_for_people(
    json!({"unmanagedAttributePolicy": "ADMIN_EDIT", "attributes": [{"name": "mark", "permissions": {"edit": ["admin", "user"]}}]}),
    true
)]
fn who_writes_an_attribute_is_the_profiles_to_say(#[case] profile: Value, #[case] expected: bool) {
    assert_eq!(lets_people_write(&object(profile), "mark"), expected);
}

#[test]
fn other_attributes_are_left_alone() {
    let own =
        json!({"name": "phone", "required": {"roles": ["user"]}, "permissions": {"view": ["user"], "edit": ["user"]}});
    let mut profile = first_profile();
    profile.0["attributes"].as_array_mut().unwrap().push(own.clone());
    profile.set("groups", json!([{"name": "g"}]));
    let (repaired, _) = repair(&profile);
    assert_eq!(of(&repaired, "phone"), own);
    assert_eq!(repaired.0["groups"], json!([{"name": "g"}]));
}

#[rstest]
#[case::nothing(json!({}))]
#[case::nonsense(json!({"attributes": "none"}))]
#[case::half(json!({"attributes": [{"name": "username"}, {}, 5]}))]
fn nonsense_is_repaired_as_far_as_it_goes(#[case] profile: Value) {
    let (repaired, _) = repair(&object(profile));
    assert_eq!(repair(&repaired).1, Vec::new());
}
