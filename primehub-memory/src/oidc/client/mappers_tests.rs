//! Each mapper on an account that has something to tell, and what mappers cannot do.

use primehub_core::names::{GroupId, UserId};
use rstest::rstest;

use super::*;

/// `ada`, in `/research/vision`, with attributes, a realm role and a client role.
fn told(kind: TokenKind, mappers: &[ClaimMapper]) -> Value {
    let mut directory = Directory::new(GroupId::new("everyone"), RoleKey::realm("admin"));
    directory.put_group(Group::new(GroupId::new("r"), "research"));
    let mut vision = Group::new(GroupId::new("v"), "vision");
    vision.parent = Some(GroupId::new("r"));
    directory.put_group(vision);
    let mut ada = User::new(UserId::new("ada-id"), "ada");
    ada.email = Some("ada@example.com".to_owned());
    for (name, values) in
        [("quota-gpu", &["2"][..]), ("timezone", &["UTC", "CET"]), ("nonsense", &["x"]), ("on", &["True"])]
    {
        ada.attributes.set(name, values.iter().map(|value| (*value).to_owned()).collect());
    }
    directory.put_user(ada.clone());
    directory.join(&ada.id, &GroupId::new("v"));
    let roles =
        || BTreeSet::from([RoleKey::realm("it:cpu"), RoleKey::Client { client: "c".into(), role: "inner".into() }]);
    let mut claims = Map::from_iter([("preferred_username".to_owned(), json!("ada"))]);
    apply(mappers, kind, &Account { directory: &directory, user: &ada, roles: &roles }, &mut claims);
    Value::Object(claims)
}

fn attribute(name: &str, claim: &str, claim_type: ClaimType, multivalued: bool) -> ClaimSource {
    ClaimSource::Attribute { attribute: name.to_owned(), claim: claim.to_owned(), claim_type, multivalued }
}

fn field(field: AccountField, claim: &str, claim_type: ClaimType) -> ClaimSource {
    ClaimSource::Field { field, claim: claim.to_owned(), claim_type }
}

fn roles(claim: &str, multivalued: bool) -> ClaimSource {
    ClaimSource::RealmRoles { claim: claim.to_owned(), multivalued }
}

fn groups(names: GroupNames) -> ClaimSource {
    ClaimMapper::groups(names).source
}

#[rstest]
#[case::group_paths(groups(GroupNames::FullPath), json!({ "groups": ["/research/vision"] }))]
#[case::group_names(groups(GroupNames::Name), json!({ "groups": ["vision"] }))]
#[case::realm_roles(roles("roles", true), json!({ "roles": ["it:cpu"] }))]
#[case::one_realm_role(roles("role", false), json!({ "role": "it:cpu" }))]
#[case::text(attribute("timezone", "timezone", ClaimType::Text, false), json!({ "timezone": "UTC" }))]
#[case::texts(attribute("timezone", "timezones", ClaimType::Text, true), json!({ "timezones": ["UTC", "CET"] }))]
#[case::nested_number(attribute("quota-gpu", "quota.gpu", ClaimType::Integer, false), json!({ "quota": { "gpu": 2 } }))]
#[case::escaped_dot(attribute("quota-gpu", r"https://a\.example/gpu", ClaimType::Text, false), json!({ "https://a.example/gpu": "2" }))]
#[case::boolean(attribute("on", "on", ClaimType::Boolean, false), json!({ "on": true }))]
#[case::no_number(attribute("nonsense", "n", ClaimType::Integer, false), json!({}))]
#[case::no_numbers(attribute("nonsense", "n", ClaimType::Integer, true), json!({}))]
#[case::no_attribute(attribute("absent", "a", ClaimType::Text, false), json!({}))]
#[case::e_mail(field(AccountField::Email, "mail", ClaimType::Text), json!({ "mail": "ada@example.com" }))]
#[case::id(field(AccountField::Id, "uid", ClaimType::Text), json!({ "uid": "ada-id" }))]
#[case::enabled(field(AccountField::Enabled, "on", ClaimType::Boolean), json!({ "on": true }))]
#[case::no_first_name(field(AccountField::FirstName, "first", ClaimType::Text), json!({}))]
#[case::standard_claim(field(AccountField::Email, "preferred_username", ClaimType::Text), json!({ "preferred_username": "ada@example.com" }))]
#[case::audience_is_no_claim_of_its_own(ClaimSource::Audience("x".to_owned()), json!({}))]
#[case::protected(field(AccountField::Email, "sub", ClaimType::Text), json!({}))]
#[case::within_a_protected_one(field(AccountField::Email, "realm_access.roles", ClaimType::Text), json!({}))]
#[case::no_name(field(AccountField::Email, "", ClaimType::Text), json!({}))]
#[case::half_a_name(field(AccountField::Email, "a.", ClaimType::Text), json!({}))]
#[case::within_a_text(field(AccountField::Email, "preferred_username.x", ClaimType::Text), json!({}))]
fn what_a_mapper_tells(#[case] source: ClaimSource, #[case] added: Value) {
    let mut expected = json!({ "preferred_username": "ada" });
    expected.as_object_mut().unwrap().extend(added.as_object().unwrap().clone());
    assert_eq!(told(TokenKind::Access, &[ClaimMapper::new(source, TokenKinds::ALL)]), expected);
}

#[rstest]
#[case::access(TokenKind::Access, TokenKinds::new(true, false, false))]
#[case::id(TokenKind::Id, TokenKinds::new(false, true, false))]
#[case::user_info(TokenKind::UserInfo, TokenKinds::new(false, false, true))]
fn a_mapper_speaks_in_its_tokens_alone(#[case] kind: TokenKind, #[case] tokens: TokenKinds) {
    let mapper = ClaimMapper::new(field(AccountField::Id, "uid", ClaimType::Text), tokens);
    for other in [TokenKind::Access, TokenKind::Id, TokenKind::UserInfo] {
        assert_eq!(told(other, std::slice::from_ref(&mapper)).get("uid").is_some(), other == kind);
    }
}

#[test]
fn claims_of_one_object_stand_side_by_side_and_the_later_mapper_wins() {
    let mappers = ["quota.gpu", "quota.cpu"]
        .map(|claim| ClaimMapper::new(attribute("quota-gpu", claim, ClaimType::Integer, false), TokenKinds::ALL));
    assert_eq!(told(TokenKind::Id, &mappers)["quota"], json!({ "gpu": 2, "cpu": 2 }));
    let both = [GroupNames::FullPath, GroupNames::Name].map(ClaimMapper::groups);
    assert_eq!(told(TokenKind::Id, &both)["groups"], json!(["vision"]));
}

#[test]
fn only_audiences_for_access_tokens_are_added_to_them() {
    assert_eq!(ClaimMapper::audience("x").access_audience(), Some("x"));
    let elsewhere = ClaimMapper::new(ClaimSource::Audience("x".to_owned()), TokenKinds::new(false, true, false));
    assert_eq!(elsewhere.access_audience(), None);
}
