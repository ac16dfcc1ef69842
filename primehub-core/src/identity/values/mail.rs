//! Settings of outgoing mail, as the server keeps them.

use std::collections::BTreeMap;

use super::super::IdentityError;
use super::texts::is_email;

/// Checks all mail settings of a realm together, as they are to be stored, and takes out what the server would not keep.
///
/// * Settings need a sender: without `from`, or with one that is no address, the server refuses all of them. No settings at all are fine.
/// * `replyTo` has to be an address or empty.
/// * Before the `@`, both are in ASCII unless `allowutf8` is set.
/// * `user` and `password` are kept only while `auth` is set.
///
/// # Errors
/// [`IdentityError::Invalid`] with the key of the setting.
pub fn settle_mail_settings(smtp: &mut BTreeMap<String, String>) -> Result<(), IdentityError> {
    if smtp.is_empty() {
        return Ok(());
    }
    let is_set = |key: &str| smtp.get(key).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let beyond_ascii = is_set("allowutf8");
    let is_address = |text: &str| {
        is_email(text) && (beyond_ascii || text.rsplit_once('@').is_some_and(|(local, _)| local.is_ascii()))
    };
    if !smtp.get("from").is_some_and(|from| is_address(from)) {
        return Err(IdentityError::invalid("from", "is not an address that mail can come from"));
    }
    if smtp.get("replyTo").is_some_and(|reply_to| !reply_to.is_empty() && !is_address(reply_to)) {
        return Err(IdentityError::invalid("replyTo", "is not an address that answers can go to"));
    }
    if !is_set("auth") {
        smtp.remove("user");
        smtp.remove("password");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn map(settings: &[(&str, &str)]) -> BTreeMap<String, String> {
        settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[rstest]
    #[case::none(&[], None)]
    #[case::sender(&[("from", "a@b")], None)]
    #[case::no_sender(&[("host", "mail")], Some("from"))]
    #[case::empty_sender(&[("from", "")], Some("from"))]
    #[case::malformed_sender(&[("from", "Amy <a@b>")], Some("from"))]
    #[case::sender_beyond_ascii(&[("from", "ämy@b")], Some("from"))]
    #[case::allowed_beyond_ascii(&[("from", "ämy@b"), ("allowutf8", "true")], None)]
    #[case::domain_beyond_ascii(&[("from", "amy@bücher.example")], None)]
    #[case::empty_reply_to(&[("from", "a@b"), ("replyTo", "")], None)]
    #[case::malformed_reply_to(&[("from", "a@b"), ("replyTo", "b")], Some("replyTo"))]
    #[case::envelope_is_not_looked_at(&[("from", "a@b"), ("envelopeFrom", "bad")], None)]
    fn senders_are_addresses(#[case] settings: &[(&str, &str)], #[case] problem: Option<&str>) {
        let found = settle_mail_settings(&mut map(settings)).err().map(|error| match error {
            IdentityError::Invalid { field, .. } => field,
            other => panic!("{other}"),
        });
        assert_eq!(found.as_deref(), problem);
    }

    #[rstest]
    #[case::set("true", true)]
    #[case::in_capitals("TRUE", true)]
    #[case::not_set("false", false)]
    #[case::empty("", false)]
    fn a_login_is_kept_while_it_is_used(#[case] auth: &str, #[case] kept: bool) {
        let mut settings = map(&[("from", "a@b"), ("auth", auth), ("user", "robot"), ("password", "**********")]);
        settle_mail_settings(&mut settings).unwrap();
        assert_eq!((settings.contains_key("user"), settings.contains_key("password")), (kept, kept));
    }
}
