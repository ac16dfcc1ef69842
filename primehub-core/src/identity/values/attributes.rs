//! Attributes of users, groups and roles.

use super::super::{
    AttributeEdit, AttributeEdits, AttributeLimits, Attributes, Capabilities, IdentityError, attribute,
};
use super::{check_text, is_blank};

/// User attributes that the realm's user profile declares, for administrators alone and with one value each. Undeclared ones may have
/// several, but are shorter.
pub const DECLARED_USER_ATTRIBUTES: [&str; 4] = [
    attribute::PREDEFINED_ENVS,
    attribute::VOLUME_CAPACITY,
    attribute::ENABLE_INVITE_USERS,
    attribute::ANNOUNCEMENTS_READ_AT,
];

/// Longest [`attribute::PREDEFINED_ENVS`], in characters: declared as long as the spawner needs it.
pub const MAX_PREDEFINED_ENVS: usize = 100_000;

/// Checks the attributes of a new group.
///
/// # Errors
/// [`IdentityError::Invalid`] for the first thing that does not fit, under the name of the GraphQL field.
pub fn check_group_attributes(attributes: &Attributes, limits: &Capabilities) -> Result<(), IdentityError> {
    check_group_attribute_edits(&Attributes::default(), &as_edits(attributes), limits)
}

/// Checks the attributes of a new role: the same as fit into a group.
///
/// # Errors
/// As for [groups](check_group_attributes).
pub fn check_role_attributes(attributes: &Attributes, limits: &Capabilities) -> Result<(), IdentityError> {
    check_group_attributes(attributes, limits)
}

/// Checks edits of the attributes that a group has `stored`.
///
/// # Errors
/// As for [new groups](check_group_attributes).
pub fn check_group_attribute_edits(
    stored: &Attributes,
    edits: &AttributeEdits,
    limits: &Capabilities,
) -> Result<(), IdentityError> {
    check_names(edits)?;
    limits.group_attributes.check(stored, edits)
}

/// Checks the attributes of a new user.
///
/// # Errors
/// [`IdentityError::Invalid`] for the first thing that does not fit, under the name of the GraphQL field.
pub fn check_user_attributes(attributes: &Attributes, limits: &Capabilities) -> Result<(), IdentityError> {
    check_user_attribute_edits(&Attributes::default(), &as_edits(attributes), limits)
}

/// Checks edits of the attributes that a user has `stored`, and that each declared one has at most one value afterwards: the server takes
/// all attributes at once, so it would refuse the edit for a value that was there before.
///
/// # Errors
/// As for [new users](check_user_attributes).
pub fn check_user_attribute_edits(
    stored: &Attributes,
    edits: &AttributeEdits,
    limits: &Capabilities,
) -> Result<(), IdentityError> {
    if edits.is_empty() {
        return Ok(());
    }
    check_names(edits)?;
    let (mut long, mut others) = (AttributeEdits::default(), AttributeEdits::default());
    for (name, edit) in edits.iter() {
        let kind = if name == attribute::PREDEFINED_ENVS { &mut long } else { &mut others };
        kind.put(name, edit.clone());
    }
    let (mut stored_long, mut stored_others) = (Attributes::default(), stored.clone());
    stored_long.set(attribute::PREDEFINED_ENVS, stored.all(attribute::PREDEFINED_ENVS).to_vec());
    stored_others.set(attribute::PREDEFINED_ENVS, Vec::new());
    predefined_envs().check(&stored_long, &long)?;
    limits.user_attributes.check(&stored_others, &others)?;
    let mut after = stored.clone();
    after.apply(edits);
    match DECLARED_USER_ATTRIBUTES.into_iter().find(|name| after.all(name).len() > 1) {
        Some(name) => Err(IdentityError::invalid(attribute::field(name), "has more than one value")),
        None => Ok(()),
    }
}

/// The attributes of a user as the server keeps them: without values that are [blank](is_blank), and attributes that have no other. Of
/// groups it keeps them.
#[must_use]
pub fn without_blank(mut attributes: Attributes) -> Attributes {
    let with_blank = |(_, values): &(&str, &[String])| values.iter().any(|value| is_blank(value));
    let names: Vec<String> = attributes.iter().filter(with_blank).map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let kept = attributes.all(&name).iter().filter(|value| !is_blank(value)).cloned().collect();
        attributes.set(name, kept);
    }
    attributes
}

fn predefined_envs() -> AttributeLimits {
    let mut limits = AttributeLimits::of_length(MAX_PREDEFINED_ENVS);
    // Four bytes for each character, and the name.
    limits.total_size = 4 * MAX_PREDEFINED_ENVS + attribute::PREDEFINED_ENVS.len();
    limits
}

fn check_names(edits: &AttributeEdits) -> Result<(), IdentityError> {
    for (name, _) in edits.iter() {
        if name.is_empty() {
            return Err(IdentityError::invalid("attributes", "contain one without a name"));
        }
        check_text("attributes", name)?;
    }
    Ok(())
}

fn as_edits(attributes: &Attributes) -> AttributeEdits {
    let mut edits = AttributeEdits::default();
    for (name, values) in attributes.iter() {
        edits.put(name, AttributeEdit::Set(values.to_vec()));
    }
    edits
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn field_of(error: IdentityError) -> String {
        match error {
            IdentityError::Invalid { field, .. } => field,
            other => panic!("{other}"),
        }
    }

    #[rstest]
    #[case::unknown_fits("from-elsewhere", 2_048, true)]
    #[case::unknown_too_long("from-elsewhere", 2_049, false)]
    #[case::declared_fits(attribute::PREDEFINED_ENVS, 100_000, true)]
    #[case::declared_too_long(attribute::PREDEFINED_ENVS, 100_001, false)]
    fn attributes_of_users_have_limits(#[case] name: &str, #[case] length: usize, #[case] fits: bool) {
        let mut attributes = Attributes::default();
        attributes.set_one(name, "x".repeat(length));
        assert_eq!(check_user_attributes(&attributes, &Capabilities::keycloak()).is_ok(), fits);
    }

    #[rstest]
    #[case::value_fits("admins", &"組".repeat(255), None)]
    #[case::value_too_long("admins", &"組".repeat(256), Some("admins"))]
    #[case::lines("mlflow-tracking-envs", "A=1\n2", None)]
    #[case::nul("quota-cpu", "\0", Some("quotaCpu"))]
    #[case::empty_value("admins", "", None)]
    #[case::empty_name("", "x", Some("attributes"))]
    #[case::long_name(&"n".repeat(256), "x", Some("attributes"))]
    #[case::control_in_name("a\nb", "x", Some("attributes"))]
    fn attributes_of_groups_have_limits(#[case] name: &str, #[case] value: &str, #[case] problem: Option<&str>) {
        let mut attributes = Attributes::default();
        attributes.set_one(name, value);
        let found = check_group_attributes(&attributes, &Capabilities::keycloak()).err().map(field_of);
        assert_eq!(found.as_deref(), problem);
    }

    #[rstest]
    #[case::undeclared("from-elsewhere", &[], AttributeEdit::Set(vec!["a".into(), "b".into()]), None)]
    #[case::declared("volumeCapacity", &[], AttributeEdit::Set(vec!["1G".into(), "2G".into()]), Some("volumeCapacity"))]
    #[case::added("volumeCapacity", &["1G"], AttributeEdit::Change { add: vec!["2G".into()], remove: Vec::new() }, Some("volumeCapacity"))]
    #[case::mended("volumeCapacity", &["1G", "2G"], AttributeEdit::Set(vec!["1G".into()]), None)]
    #[case::cleared("volumeCapacity", &["1G", "2G"], AttributeEdit::Clear, None)]
    fn declared_attributes_have_one_value(
        #[case] name: &str,
        #[case] stored: &[&str],
        #[case] edit: AttributeEdit,
        #[case] problem: Option<&str>,
    ) {
        let mut before = Attributes::default();
        before.set(name, stored.iter().map(ToString::to_string).collect());
        let mut edits = AttributeEdits::default();
        edits.put(name, edit);
        let found = check_user_attribute_edits(&before, &edits, &Capabilities::keycloak()).err().map(field_of);
        assert_eq!(found.as_deref(), problem);
        if stored.len() > 1 {
            let mut other = AttributeEdits::default();
            other.set("from-elsewhere", "x");
            let found = check_user_attribute_edits(&before, &other, &Capabilities::keycloak()).err().map(field_of);
            assert_eq!(found.as_deref(), Some(name), "all attributes are sent at once");
            let nothing = AttributeEdits::default();
            assert_eq!(check_user_attribute_edits(&before, &nothing, &Capabilities::keycloak()), Ok(()));
        }
    }

    #[rstest]
    #[case::value(&["x"], &["x"])]
    #[case::beside_a_value(&["", "x", " "], &["x"])]
    #[case::blanks_around(&[" x "], &[" x "])]
    #[case::order_and_repetition(&["c", "a", "", "b", "a"], &["c", "a", "b", "a"])]
    #[case::white_space(&["\t", "\u{2003}"], &[])]
    #[case::blank_that_does_not_break(&["\u{a0}"], &["\u{a0}"])]
    #[case::blank(&[""], &[])]
    #[case::blanks(&["", ""], &[])]
    fn users_have_no_blank_attributes(#[case] values: &[&str], #[case] kept: &[&str]) {
        let mut attributes = Attributes::default();
        attributes.set("from-elsewhere", values.iter().map(ToString::to_string).collect());
        assert_eq!(without_blank(attributes).all("from-elsewhere"), kept);
    }
}
