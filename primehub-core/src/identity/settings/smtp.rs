//! Outgoing mail: the provider's own keys and texts, and what clients see of them.

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};

use crate::identity::{Edit, IdentityError};

/// What stands for a stored password. Clients get it and send it back; then the stored one stays.
pub const PASSWORD_MASK: &str = "**********";

/// How the identity provider sends mail.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of the identity provider, and one fact")]
pub struct SmtpSettings {
    /// The mail server.
    pub host: Option<String>,
    /// Its TCP port; 25 unless stored.
    pub port: u16,
    /// Name of the sender.
    pub from_display_name: Option<String>,
    /// Address of the sender.
    pub from: Option<String>,
    /// Name that answers go to.
    pub reply_to_display_name: Option<String>,
    /// Address that answers go to.
    pub reply_to: Option<String>,
    /// Address that bounces go to.
    pub envelope_from: Option<String>,
    /// Whether the connection is encrypted from its first byte.
    pub enable_ssl: bool,
    /// Whether the connection becomes encrypted by command.
    pub enable_start_tls: bool,
    /// Whether to log in at the mail server.
    pub enable_auth: bool,
    /// Login name at the mail server.
    pub username: Option<String>,
    /// Whether a password is stored. The password itself never leaves the identity provider.
    pub has_password: bool,
}

impl SmtpSettings {
    /// Reads [`crate::identity::Realm::smtp`]. A malformed port reads as 25; a flag is set only by the text `true`.
    #[must_use]
    pub fn of(stored: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| stored.get(key).filter(|text| !text.is_empty()).cloned();
        let flag = |key: &str| stored.get(key).is_some_and(|text| text == "true");
        Self {
            host: text(HOST),
            port: stored.get(PORT).and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT_PORT),
            from_display_name: text(FROM_DISPLAY_NAME),
            from: text(FROM),
            reply_to_display_name: text(REPLY_TO_DISPLAY_NAME),
            reply_to: text(REPLY_TO),
            envelope_from: text(ENVELOPE_FROM),
            enable_ssl: flag(SSL),
            enable_start_tls: flag(STARTTLS),
            enable_auth: flag(AUTH),
            username: text(USER),
            has_password: text(PASSWORD).is_some(),
        }
    }

    /// What clients see as password: [`PASSWORD_MASK`] when one is stored.
    #[must_use]
    pub fn password(&self) -> Option<&'static str> {
        self.has_password.then_some(PASSWORD_MASK)
    }
}

impl Default for SmtpSettings {
    fn default() -> Self {
        Self::of(&BTreeMap::new())
    }
}

/// Edits of outgoing mail. What is not named stays; an empty text is no text.
#[derive(Clone, Debug, Default)]
pub struct SmtpEdit {
    /// The mail server.
    pub host: Edit<String>,
    /// Its TCP port.
    pub port: Edit<i64>,
    /// Name of the sender.
    pub from_display_name: Edit<String>,
    /// Address of the sender.
    pub from: Edit<String>,
    /// Name that answers go to.
    pub reply_to_display_name: Edit<String>,
    /// Address that answers go to.
    pub reply_to: Edit<String>,
    /// Address that bounces go to.
    pub envelope_from: Edit<String>,
    /// Whether the connection is encrypted from its first byte.
    pub enable_ssl: Edit<bool>,
    /// Whether the connection becomes encrypted by command.
    pub enable_start_tls: Edit<bool>,
    /// Whether to log in at the mail server.
    pub enable_auth: Edit<bool>,
    /// Login name at the mail server.
    pub username: Edit<String>,
    /// Password at the mail server. [`PASSWORD_MASK`] keeps the stored one.
    pub password: Edit<SecretString>,
}

impl SmtpEdit {
    /// The edits of [`crate::identity::RealmEdit::smtp`]: only keys that change.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for a port that does not exist, and for a text with a control character, which could add a header to
    /// every mail.
    pub fn entries(&self) -> Result<BTreeMap<String, Edit<String>>, IdentityError> {
        let texts = [
            (HOST, HOST, &self.host),
            (FROM_DISPLAY_NAME, FROM_DISPLAY_NAME, &self.from_display_name),
            (FROM, FROM, &self.from),
            (REPLY_TO_DISPLAY_NAME, REPLY_TO_DISPLAY_NAME, &self.reply_to_display_name),
            (REPLY_TO, REPLY_TO, &self.reply_to),
            (ENVELOPE_FROM, ENVELOPE_FROM, &self.envelope_from),
            (USER, "username", &self.username),
        ];
        let mut entries = BTreeMap::new();
        let mut put = |key: &str, edit: Edit<String>| {
            if !edit.is_keep() {
                entries.insert(key.to_owned(), edit);
            }
        };
        for (key, field, edit) in texts {
            if matches!(edit, Edit::Set(text) if text.chars().any(char::is_control)) {
                return Err(invalid(field, "contains a control character"));
            }
            put(key, without_empty(edit.clone()));
        }
        if matches!(self.port, Edit::Set(port) if !(1..=i64::from(u16::MAX)).contains(&port)) {
            return Err(invalid(PORT, "is not between 1 and 65535"));
        }
        put(PORT, self.port.clone().map(|port| port.to_string()));
        for (key, edit) in [(SSL, &self.enable_ssl), (STARTTLS, &self.enable_start_tls), (AUTH, &self.enable_auth)] {
            put(key, edit.clone().map(|flag| flag.to_string()));
        }
        put(
            PASSWORD,
            match self.password.clone().map(|secret| secret.expose_secret().to_owned()) {
                Edit::Set(password) if password == PASSWORD_MASK => Edit::Keep,
                edit => without_empty(edit),
            },
        );
        Ok(entries)
    }
}

fn without_empty(edit: Edit<String>) -> Edit<String> {
    match edit {
        Edit::Set(text) if text.is_empty() => Edit::Clear,
        edit => edit,
    }
}

fn invalid(field: &str, reason: &str) -> IdentityError {
    IdentityError::Invalid { field: format!("smtp.{field}"), reason: reason.to_owned() }
}

const HOST: &str = "host";
const PORT: &str = "port";
const FROM_DISPLAY_NAME: &str = "fromDisplayName";
const FROM: &str = "from";
const REPLY_TO_DISPLAY_NAME: &str = "replyToDisplayName";
const REPLY_TO: &str = "replyTo";
const ENVELOPE_FROM: &str = "envelopeFrom";
const SSL: &str = "ssl";
const STARTTLS: &str = "starttls";
const AUTH: &str = "auth";
const USER: &str = "user";
const PASSWORD: &str = "password";
const DEFAULT_PORT: u16 = 25;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    /// Carries the edits out as a store does.
    fn written(stored: &[(&str, &str)], edit: &SmtpEdit) -> BTreeMap<String, String> {
        let mut stored = map(stored);
        for (key, edit) in edit.entries().unwrap() {
            let mut value = stored.remove(&key);
            edit.apply(&mut value);
            stored.extend(value.map(|value| (key, value)));
        }
        stored
    }

    #[test]
    fn nothing_stored_reads_as_the_defaults() {
        let read = SmtpSettings::default();
        assert_eq!((read.host.clone(), read.port, read.enable_ssl, read.password()), (None, 25, false, None));
        assert!(!read.enable_auth && !read.enable_start_tls);
    }

    #[test]
    fn stored_keys_are_read_and_the_password_is_not() {
        let read = SmtpSettings::of(&map(&[
            ("host", "mail.example"),
            ("port", "587"),
            ("starttls", "true"),
            ("ssl", "TRUE"),
            ("auth", "true"),
            ("user", "robot"),
            ("password", "secret"),
            ("from", ""),
        ]));
        assert_eq!(
            (read.host.as_deref(), read.port, read.username.as_deref(), read.from.as_deref()),
            (Some("mail.example"), 587, Some("robot"), None)
        );
        assert_eq!((read.enable_start_tls, read.enable_ssl, read.enable_auth), (true, false, true));
        assert_eq!(read.password(), Some(PASSWORD_MASK));
        assert!(!format!("{read:?}").contains("secret"));
    }

    #[rstest]
    #[case::nothing(SmtpEdit::default(), &[("host", "a"), ("password", "p")])]
    #[case::one_key(SmtpEdit { port: Edit::Set(465), ..SmtpEdit::default() }, &[("host", "a"), ("password", "p"), ("port", "465")])]
    #[case::flags(SmtpEdit { enable_ssl: Edit::Set(true), enable_start_tls: Edit::Set(false), ..SmtpEdit::default() }, &[("host", "a"), ("password", "p"), ("ssl", "true"), ("starttls", "false")])]
    #[case::cleared(SmtpEdit { host: Edit::Clear, ..SmtpEdit::default() }, &[("password", "p")])]
    #[case::empty_text(SmtpEdit { host: Edit::Set(String::new()), ..SmtpEdit::default() }, &[("password", "p")])]
    #[case::mask(SmtpEdit { password: Edit::Set(PASSWORD_MASK.into()), ..SmtpEdit::default() }, &[("host", "a"), ("password", "p")])]
    #[case::new_password(SmtpEdit { password: Edit::Set("q".into()), ..SmtpEdit::default() }, &[("host", "a"), ("password", "q")])]
    #[case::no_password(SmtpEdit { password: Edit::Clear, ..SmtpEdit::default() }, &[("host", "a")])]
    #[case::username(SmtpEdit { username: Edit::Set("u".into()), ..SmtpEdit::default() }, &[("host", "a"), ("password", "p"), ("user", "u")])]
    fn an_edit_keeps_what_it_does_not_name(#[case] edit: SmtpEdit, #[case] after: &[(&str, &str)]) {
        assert_eq!(written(&[("host", "a"), ("password", "p")], &edit), map(after));
    }

    #[rstest]
    #[case::port_zero(SmtpEdit { port: Edit::Set(0), ..SmtpEdit::default() }, "smtp.port is not between 1 and 65535")]
    #[case::port_too_large(SmtpEdit { port: Edit::Set(65_536), ..SmtpEdit::default() }, "smtp.port is not between 1 and 65535")]
    #[case::header_injection(SmtpEdit { from: Edit::Set("a@b\nBcc: c".into()), ..SmtpEdit::default() }, "smtp.from contains a control character")]
    fn a_bad_value_is_refused(#[case] edit: SmtpEdit, #[case] message: &str) {
        assert_eq!(edit.entries().unwrap_err().to_string(), message);
    }

    #[test]
    fn a_password_is_not_printed() {
        let edit = SmtpEdit { password: Edit::Set("hunter2".into()), ..SmtpEdit::default() };
        assert!(!format!("{edit:?}").contains("hunter2"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(host in "[a-z.]{1,20}", port in 1_i64..=65_535, auth: bool) {
            let edit = SmtpEdit { host: Edit::Set(host.clone()), port: Edit::Set(port), enable_auth: Edit::Set(auth), ..SmtpEdit::default() };
            let read = SmtpSettings::of(&written(&[], &edit));
            prop_assert_eq!((read.host, i64::from(read.port), read.enable_auth), (Some(host), port, auth));
        }

        #[test]
        fn any_texts_can_be_read(stored in proptest::collection::btree_map("port|ssl|host|password", any::<String>(), 0..5)) {
            let read = SmtpSettings::of(&stored);
            prop_assert_eq!(read.has_password, stored.get("password").is_some_and(|text| !text.is_empty()));
        }
    }
}
