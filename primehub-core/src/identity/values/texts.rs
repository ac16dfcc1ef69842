//! Names, addresses and short texts.

use std::net::{Ipv4Addr, Ipv6Addr};

use secrecy::ExposeSecret as _;

use super::super::{Edit, IdentityError, NewPassword, REQUIRED_ACTIONS, RealmEdit};
use crate::names::RoleName;

/// Longest username, name, e-mail address, display name and mail setting, in characters: the width of the server's columns.
pub const MAX_TEXT: usize = 255;
/// Longest part of an e-mail address before the `@`.
const MAX_LOCAL_PART: usize = 64;
/// Longest part of a domain name between dots.
const MAX_DOMAIN_LABEL: usize = 63;

/// Checks an e-mail address, and answers it as it is stored: in lower case. An empty one is none.
///
/// # Errors
/// [`IdentityError::Invalid`] with the field `email`.
pub fn check_email(text: &str) -> Result<Option<String>, IdentityError> {
    if text.is_empty() {
        return Ok(None);
    }
    check_text("email", text)?;
    if !is_email(text) {
        return Err(IdentityError::invalid("email", "is not an e-mail address"));
    }
    Ok(Some(text.to_lowercase()))
}

/// Checks the name of a person, and answers it as it is stored. A [blank](is_blank) one is none.
///
/// # Errors
/// [`IdentityError::Invalid`] for `field`.
pub fn check_person_name(field: &str, name: &str) -> Result<Option<String>, IdentityError> {
    check_text(field, name)?;
    if let Some(character) =
        name.chars().find(|character| "<>&\"$%!#?§;*~/\\|^=[]{}()\u{2028}\u{2029}".contains(*character))
    {
        return Err(IdentityError::invalid(field, format!("contains {character:?}, which no name of a person has")));
    }
    Ok(Some(name.to_owned()).filter(|name| !is_blank(name)))
}

/// Checks a short text: at most [`MAX_TEXT`] characters, none of them for control.
///
/// # Errors
/// [`IdentityError::Invalid`] for `field`.
pub fn check_text(field: &str, text: &str) -> Result<(), IdentityError> {
    if is_longer_than(text, MAX_TEXT) {
        return Err(IdentityError::invalid(field, format!("is longer than {MAX_TEXT} characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(IdentityError::invalid(field, "contains a control character"));
    }
    Ok(())
}

/// Checks the name of a new realm role: a [`RoleName`] without control characters. The server would accept an empty one, and nobody could
/// name it again.
///
/// # Errors
/// [`IdentityError::Invalid`] with the field `role`.
pub fn check_role_name(name: &str) -> Result<(), IdentityError> {
    if let Err(error) = name.parse::<RoleName>() {
        return Err(IdentityError::invalid("role", format!("cannot be stored: {}", error.reason())));
    }
    check_text("role", name)
}

/// Checks the name of a group that is not named by a person: those that people make are [`GroupName`](crate::names::GroupName)s, and
/// shorter.
///
/// # Errors
/// [`IdentityError::Invalid`] with the field `name`.
pub fn check_group_name(name: &str) -> Result<(), IdentityError> {
    if name.is_empty() {
        return Err(IdentityError::invalid("name", "is empty"));
    }
    check_text("name", name)
}

/// Checks a password that is to be set. How strong it is, the realm's own policy decides.
///
/// # Errors
/// [`IdentityError::Invalid`] with the field `password`.
pub fn check_password(password: &NewPassword) -> Result<(), IdentityError> {
    if password.value.expose_secret().is_empty() {
        return Err(IdentityError::invalid("password", "is empty"));
    }
    Ok(())
}

/// Checks what a person is to be asked to do: each out of [`REQUIRED_ACTIONS`].
///
/// # Errors
/// [`IdentityError::Invalid`] with the field `actions`.
pub fn check_required_actions(actions: &[String]) -> Result<(), IdentityError> {
    match actions.iter().find(|action| !REQUIRED_ACTIONS.contains(&action.as_str())) {
        Some(unknown) => Err(IdentityError::invalid("actions", format!("contain the unknown action {unknown:?}"))),
        None => Ok(()),
    }
}

/// Checks edits of the realm's settings. Only the display name in HTML may be long and have lines.
///
/// # Errors
/// [`IdentityError::Invalid`] with the field, or the key of the mail setting.
pub fn check_realm_edit(edit: &RealmEdit) -> Result<(), IdentityError> {
    if let Edit::Set(name) = &edit.display_name {
        check_text("displayName", name)?;
    }
    if let Edit::Set(html) = &edit.display_name_html
        && html.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t'))
    {
        return Err(IdentityError::invalid("displayNameHtml", "contains a control character"));
    }
    for (key, edit) in &edit.smtp {
        check_text("smtp", key)?;
        if let Edit::Set(value) = edit {
            check_text(key, value)?;
        }
    }
    Ok(())
}

/// Whether the server takes a text for nothing: it has no character but white space. Spaces that do not break a line count as characters.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character.is_whitespace() && !"\u{85}\u{a0}\u{2007}\u{202f}".contains(character))
}

/// Whether the text has more than `limit` characters, as the server counts them.
pub(in super::super) fn is_longer_than(text: &str, limit: usize) -> bool {
    text.encode_utf16().nth(limit).is_some()
}

/// A local part of atoms between dots, or quoted; a domain name, or an IP address in brackets. No dot is asked of the domain:
/// `amy@localhost` is an address.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let is_atom = |part: &str| !part.is_empty() && part.chars().all(is_atom_character);
    let is_quoted = |part: &str| {
        part.strip_prefix('"').and_then(|part| part.strip_suffix('"')).is_some_and(|inner| {
            !inner.is_empty()
                && inner.chars().all(|character| is_atom_character(character) || " .@,;:<>()[]".contains(character))
        })
    };
    let local_is_valid = !is_longer_than(local, MAX_LOCAL_PART) && (local.split('.').all(is_atom) || is_quoted(local));
    let is_label = |label: &str| {
        !label.is_empty()
            && !is_longer_than(label, MAX_DOMAIN_LABEL)
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .chars()
                .all(|character| character.is_ascii_alphanumeric() || character == '-' || !character.is_ascii())
    };
    let is_address = |domain: &str| {
        domain.strip_prefix('[').and_then(|domain| domain.strip_suffix(']')).is_some_and(|address| {
            match address.split_at_checked("ipv6:".len()) {
                Some((kind, address)) if kind.eq_ignore_ascii_case("ipv6:") => address.parse::<Ipv6Addr>().is_ok(),
                _ => address.parse::<Ipv4Addr>().is_ok(),
            }
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
    #[case::address_of_six_as_stored("amy@[ipv6:::1]", "amy@[ipv6:::1]")]
    #[case::short_domain("amy@example.c", "amy@example.c")]
    fn email_addresses_are_stored_in_lower_case(#[case] given: &str, #[case] stored: &str) {
        assert_eq!(check_email(given), Ok(Some(stored.to_owned())));
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
    #[case::nothing_but_a_blank(" ")]
    #[case::address_of_six_without_its_kind("amy@[::1]")]
    #[case::dot_at_the_end_of_the_domain("amy@example.com.")]
    #[case::dash_at_the_start("amy@-example.com")]
    #[case::underscore_in_domain("amy@exam_ple.com")]
    #[case::line_feed("amy@example.com\nbcc:x@example.com")]
    #[case::nul("amy\0@example.com")]
    #[case::long_local_part(&format!("{}@example.com", "a".repeat(65)))]
    #[case::long_label(&format!("amy@{}.com", "a".repeat(64)))]
    #[case::long(&format!("amy@{}com", "example.".repeat(32)))]
    fn other_texts_are_no_email_addresses(#[case] given: &str) {
        assert_eq!(field_of(check_email(given).unwrap_err()), "email");
    }

    #[rstest]
    #[case::plain("Amy", true)]
    #[case::apostrophe_and_dash("O'Neil-Smith, Jr.", true)]
    #[case::unicode("美玲", true)]
    #[case::longest(&"é".repeat(255), true)]
    #[case::too_long(&"é".repeat(256), false)]
    #[case::markup("<b>Amy", false)]
    #[case::blanks_around(" Amy ", true)]
    #[case::signs("a`b:c@d+e_f", true)]
    #[case::most_emojis(&"😀".repeat(127), true)]
    #[case::too_many_emojis(&"😀".repeat(128), false)]
    #[case::line_separator("A\u{2028}my", false)]
    #[case::paragraph_separator("A\u{2029}my", false)]
    #[case::tab("A\tmy", false)]
    #[case::c1_control("A\u{85}my", false)]
    fn names_of_people(#[case] name: &str, #[case] allowed: bool) {
        assert_eq!(check_person_name("lastName", name).is_ok(), allowed);
    }

    #[rstest]
    #[case::empty("", true)]
    #[case::blanks("  ", true)]
    #[case::wide_blanks("\u{2003}\u{3000}", true)]
    #[case::blank_that_does_not_break("\u{a0}", false)]
    #[case::text(" x", false)]
    fn blank_names_are_none(#[case] name: &str, #[case] none: bool) {
        assert_eq!(check_person_name("firstName", name).unwrap().is_none(), none);
        assert_eq!(is_blank(name), none);
    }

    #[test]
    fn empty_texts_are_none() {
        assert_eq!((check_email(""), check_person_name("firstName", "")), (Ok(None), Ok(None)));
    }

    #[rstest]
    #[case::plain("it:cpu-1", true)]
    #[case::upper_case_blank_and_slash("A b/c", true)]
    #[case::longest(&"é".repeat(255), true)]
    #[case::empty("", false)]
    #[case::too_long(&"é".repeat(256), false)]
    #[case::too_many_emojis(&"😀".repeat(128), false)]
    #[case::line_feed("it:cpu\n", false)]
    fn names_of_roles(#[case] name: &str, #[case] allowed: bool) {
        assert_eq!(check_role_name(name).map_err(field_of), if allowed { Ok(()) } else { Err("role".to_owned()) });
    }

    #[rstest]
    #[case::plain("everyone", true)]
    #[case::blank_and_slash("Data / 字", true)]
    #[case::longest(&"x".repeat(255), true)]
    #[case::empty("", false)]
    #[case::too_long(&"x".repeat(256), false)]
    #[case::nul("every\0one", false)]
    fn names_of_groups(#[case] name: &str, #[case] allowed: bool) {
        assert_eq!(check_group_name(name).map_err(field_of), if allowed { Ok(()) } else { Err("name".to_owned()) });
    }

    #[rstest]
    #[case::nothing(RealmEdit::default(), None)]
    #[case::longest_name(named(&"é".repeat(255)), None)]
    #[case::long_name(named(&"é".repeat(256)), Some("displayName"))]
    #[case::lines_in_the_name(named("a\nb"), Some("displayName"))]
    #[case::cleared(RealmEdit { display_name: Edit::Clear, ..RealmEdit::default() }, None)]
    #[case::long_html(with_html(&"<br>\n".repeat(1000)), None)]
    #[case::nul_in_html(with_html("\0"), Some("displayNameHtml"))]
    #[case::long_mail_setting(with_mail("host", &"h".repeat(256)), Some("host"))]
    #[case::lines_in_a_mail_setting(with_mail("from", "a@example.com\nbcc: b@example.com"), Some("from"))]
    #[case::nul_in_a_key(with_mail("ho\0st", "x"), Some("smtp"))]
    fn edits_of_the_realm(#[case] edit: RealmEdit, #[case] problem: Option<&str>) {
        assert_eq!(check_realm_edit(&edit).err().map(field_of).as_deref(), problem);
    }

    fn named(name: &str) -> RealmEdit {
        RealmEdit { display_name: Edit::Set(name.to_owned()), ..RealmEdit::default() }
    }

    fn with_html(html: &str) -> RealmEdit {
        RealmEdit { display_name_html: Edit::Set(html.to_owned()), ..RealmEdit::default() }
    }

    fn with_mail(key: &str, value: &str) -> RealmEdit {
        RealmEdit { smtp: [(key.to_owned(), Edit::Set(value.to_owned()))].into(), ..RealmEdit::default() }
    }

    #[test]
    fn passwords_and_actions() {
        let password = |text: &str| check_password(&NewPassword::lasting(text.to_owned().into()));
        assert_eq!((password("x"), password("").map_err(field_of)), (Ok(()), Err("password".to_owned())));
        assert_eq!(check_required_actions(&REQUIRED_ACTIONS.map(str::to_owned)), Ok(()));
        let unknown = check_required_actions(&["UPDATE_PASSWORD".into(), "terms_and_conditions".into()]).unwrap_err();
        assert_eq!(unknown.to_string(), "actions contain the unknown action \"terms_and_conditions\"");
    }

    proptest! {
        #[test]
        fn checking_never_panics_and_is_stable(text in ".*") {
            if let Ok(Some(stored)) = check_email(&text) {
                prop_assert_eq!(check_email(&stored), Ok(Some(stored.clone())));
            }
            if let Ok(Some(stored)) = check_person_name("firstName", &text) {
                prop_assert_eq!(stored, text);
            }
        }
    }
}
