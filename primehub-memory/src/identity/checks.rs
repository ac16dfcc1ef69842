//! Whether values can be stored: the limits of a Keycloak 26 whose user profile is set up as PrimeHub's bootstrap does.

use primehub_core::identity::{
    AttributeEdit, AttributeEdits, AttributeLimits, Attributes, Capabilities, IdentityError, attribute,
};

/// Longest name, e-mail address and mail setting, in characters.
const MAX_TEXT: usize = 255;
/// Longest part of an e-mail address before the `@`.
const MAX_LOCAL_PART: usize = 64;
/// Longest part of a domain name between dots.
const MAX_DOMAIN_LABEL: usize = 63;

/// User attributes that the profile declares: one value each, and for one of them its own limit.
const DECLARED: [&str; 4] = [
    attribute::PREDEFINED_ENVS,
    attribute::VOLUME_CAPACITY,
    attribute::ENABLE_INVITE_USERS,
    attribute::ANNOUNCEMENTS_READ_AT,
];
/// Limits of the one that is long.
fn predefined_envs() -> AttributeLimits {
    let mut limits = AttributeLimits::of_length(100_000);
    // Four bytes for each character, and the name.
    limits.total_size = 400_000 + attribute::PREDEFINED_ENVS.len();
    limits
}

/// Checks an e-mail address, and answers it as it is stored: in lower case. An empty one is none.
pub(super) fn email(text: &str) -> Result<Option<String>, IdentityError> {
    if text.is_empty() {
        return Ok(None);
    }
    self::text("email", text)?;
    if is_email(text) { Ok(Some(text.to_lowercase())) } else { Err(invalid("email", "is not an e-mail address")) }
}

/// Checks the name of a person. An empty one is none.
pub(super) fn person_name(field: &str, name: &str) -> Result<Option<String>, IdentityError> {
    text(field, name)?;
    if let Some(character) = name.chars().find(|character| "<>&\"$%!#?§;*~/\\|^=[]{}()".contains(*character)) {
        return Err(invalid(field, format!("contains {character:?}, which no name of a person has")));
    }
    Ok(Some(name.to_owned()).filter(|name| !name.is_empty()))
}

/// Checks a short text.
pub(super) fn text(field: &str, text: &str) -> Result<(), IdentityError> {
    if text.chars().nth(MAX_TEXT).is_some() {
        return Err(invalid(field, format!("is longer than {MAX_TEXT} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(invalid(field, "contains a control character"));
    }
    Ok(())
}

/// Checks the attributes of a new group or role.
pub(super) fn group_attributes(attributes: &Attributes, limits: &Capabilities) -> Result<(), IdentityError> {
    group_edits(&Attributes::default(), &as_edits(attributes), limits)
}

/// Checks edits of a group's attributes.
pub(super) fn group_edits(
    stored: &Attributes,
    edits: &AttributeEdits,
    limits: &Capabilities,
) -> Result<(), IdentityError> {
    names(edits)?;
    limits.group_attributes.check(stored, edits)
}

/// Checks the attributes of a new user.
pub(super) fn user_attributes(attributes: &Attributes, limits: &Capabilities) -> Result<(), IdentityError> {
    user_edits(&Attributes::default(), &as_edits(attributes), limits)?;
    single_values(attributes)
}

/// Checks edits of a user's attributes.
pub(super) fn user_edits(
    stored: &Attributes,
    edits: &AttributeEdits,
    limits: &Capabilities,
) -> Result<(), IdentityError> {
    names(edits)?;
    let (mut long, mut others) = (AttributeEdits::default(), AttributeEdits::default());
    for (name, edit) in edits.iter() {
        let kind = if name == attribute::PREDEFINED_ENVS { &mut long } else { &mut others };
        kind.put(name, edit.clone());
    }
    let (mut stored_long, mut stored_others) = (Attributes::default(), stored.clone());
    stored_long.set(attribute::PREDEFINED_ENVS, stored.all(attribute::PREDEFINED_ENVS).to_vec());
    stored_others.set(attribute::PREDEFINED_ENVS, Vec::new());
    predefined_envs().check(&stored_long, &long)?;
    limits.user_attributes.check(&stored_others, &others)
}

/// Checks that each declared attribute of a user has at most one value.
pub(super) fn single_values(attributes: &Attributes) -> Result<(), IdentityError> {
    match DECLARED.into_iter().find(|name| attributes.all(name).len() > 1) {
        Some(name) => Err(invalid(attribute::field(name), "has more than one value")),
        None => Ok(()),
    }
}

pub(super) fn invalid(field: &str, reason: impl Into<String>) -> IdentityError {
    IdentityError::Invalid { field: field.to_owned(), reason: reason.into() }
}

fn names(edits: &AttributeEdits) -> Result<(), IdentityError> {
    for (name, _) in edits.iter() {
        if name.is_empty() {
            return Err(invalid("attributes", "contain one without a name"));
        }
        text("attributes", name)?;
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

/// A local part of atoms between dots, or quoted; a domain name, or an IP address in brackets. No dot is asked of the domain:
/// `amy@localhost` is an address.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |part: &str| !part.is_empty() && part.chars().all(is_atom_character);
    let is_quoted = |part: &str| {
        part.strip_prefix('"').and_then(|part| part.strip_suffix('"')).is_some_and(|inner| {
            !inner.is_empty()
                && inner.chars().all(|character| is_atom_character(character) || " .@,;:<>()[]".contains(character))
        })
    };
    let local_is_valid =
        local.chars().nth(MAX_LOCAL_PART).is_none() && (local.split('.').all(is_atom) || is_quoted(local));
    let is_label = |label: &str| {
        !label.is_empty()
            && label.chars().nth(MAX_DOMAIN_LABEL).is_none()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '-' || !character.is_ascii())
    };
    let is_address = |domain: &str| {
        domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']')).is_some_and(|address| {
            let address = address.strip_prefix("IPv6:").unwrap_or(address);
            address.parse::<std::net::IpAddr>().is_ok()
        })
    };
    local_is_valid && (domain.split('.').all(is_label) || is_address(domain))
}

fn is_atom_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(character) || !character.is_ascii()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn field_of(error: IdentityError) -> String {
        match error {
            IdentityError::Invalid { field, .. } => field,
            other => panic!("{other}"),
        }
    }

    #[rstest]
    #[case::plain("amy@example.com", "amy@example.com")]
    #[case::upper_case("Amy@Example.COM", "amy@example.com")]
    #[case::local_host("amy@localhost", "amy@localhost")]
    #[case::plus_and_dots("amy.lee+a@mail.example.com", "amy.lee+a@mail.example.com")]
    #[case::unicode("ämy@bücher.example", "ämy@bücher.example")]
    #[case::quoted("\"amy lee\"@example.com", "\"amy lee\"@example.com")]
    #[case::address("amy@[127.0.0.1]", "amy@[127.0.0.1]")]
    #[case::address_of_six("amy@[IPv6:::1]", "amy@[ipv6:::1]")]
    fn email_addresses_are_stored_in_lower_case(#[case] given: &str, #[case] stored: &str) {
        assert_eq!(email(given), Ok(Some(stored.to_owned())));
    }

    #[rstest]
    #[case::no_at("bad")]
    #[case::no_local_part("@example.com")]
    #[case::no_domain("amy@")]
    #[case::two_ats("amy@lee@example.com")]
    #[case::two_dots("amy..lee@example.com")]
    #[case::dot_at_the_end("amy.@example.com")]
    #[case::blank("amy lee@example.com")]
    #[case::blank_around(" amy@example.com")]
    #[case::dash_at_the_start("amy@-example.com")]
    #[case::underscore_in_domain("amy@exam_ple.com")]
    #[case::line_feed("amy@example.com\nbcc:x@example.com")]
    #[case::nul("amy\0@example.com")]
    #[case::long_local_part(&format!("{}@example.com", "a".repeat(65)))]
    #[case::long_label(&format!("amy@{}.com", "a".repeat(64)))]
    #[case::long(&format!("amy@{}com", "example.".repeat(32)))]
    fn other_texts_are_no_email_addresses(#[case] given: &str) {
        assert_eq!(field_of(email(given).unwrap_err()), "email");
    }

    #[rstest]
    #[case::plain("Amy", true)]
    #[case::apostrophe_and_dash("O'Neil-Smith, Jr.", true)]
    #[case::unicode("美玲", true)]
    #[case::longest(&"é".repeat(255), true)]
    #[case::too_long(&"é".repeat(256), false)]
    #[case::markup("<b>Amy", false)]
    #[case::tab("A\tmy", false)]
    #[case::c1_control("A\u{85}my", false)]
    fn names_of_people(#[case] name: &str, #[case] allowed: bool) {
        assert_eq!(person_name("lastName", name).is_ok(), allowed);
    }

    #[test]
    fn empty_texts_are_none() {
        assert_eq!((email(""), person_name("firstName", "")), (Ok(None), Ok(None)));
    }

    #[rstest]
    #[case::unknown_fits("from-elsewhere", 2_048, true)]
    #[case::unknown_too_long("from-elsewhere", 2_049, false)]
    #[case::declared_fits(attribute::PREDEFINED_ENVS, 100_000, true)]
    #[case::declared_too_long(attribute::PREDEFINED_ENVS, 100_001, false)]
    fn attributes_of_users_have_limits(#[case] name: &str, #[case] length: usize, #[case] fits: bool) {
        let mut attributes = Attributes::default();
        attributes.set_one(name, "x".repeat(length));
        assert_eq!(user_attributes(&attributes, &Capabilities::keycloak()).is_ok(), fits);
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
        let found = group_attributes(&attributes, &Capabilities::keycloak()).err().map(field_of);
        assert_eq!(found.as_deref(), problem);
    }

    #[test]
    fn declared_attributes_have_one_value() {
        let mut attributes = Attributes::default();
        attributes.set("from-elsewhere", vec!["a".into(), "b".into()]);
        assert_eq!(single_values(&attributes), Ok(()));
        attributes.set(attribute::VOLUME_CAPACITY, vec!["1G".into(), "2G".into()]);
        assert_eq!(field_of(single_values(&attributes).unwrap_err()), "volumeCapacity");
    }

    proptest! {
        #[test]
        fn checking_never_panics_and_is_stable(text in ".*") {
            if let Ok(Some(stored)) = email(&text) {
                prop_assert_eq!(email(&stored), Ok(Some(stored.clone())));
            }
            if let Ok(Some(stored)) = person_name("firstName", &text) {
                prop_assert_eq!(stored, text);
            }
        }
    }
}
