//! Names of users.

use super::label::{LabelTooLong, label_value_checked};
use super::validated::{is_too_long_to_store, validated_name};

validated_name! {
    /// Name of a new user: what all published clients enforce, and what every identity provider stores unchanged.
    ///
    /// Lower-case ASCII letters, digits, `-`, `_`, `.` and `@`, starting with a letter or digit; at most 255 characters. An
    /// e-mail address is a user name.
    UserName, "a user name", check_user_name
}

impl UserName {
    /// The label value of the user.
    ///
    /// # Errors
    /// When it is longer than Kubernetes allows: a long e-mail address is a fine user name but fits no label.
    pub fn label(&self) -> Result<String, LabelTooLong> {
        label_value_checked(&self.0)
    }
}

fn check_user_name(name: &str) -> Result<(), &'static str> {
    let is_plain = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        Err("it is empty")
    } else if is_too_long_to_store(name) {
        Err("it is longer than 255 characters")
    } else if !bytes.iter().all(|byte| is_plain(byte) || b"-_.@".contains(byte)) {
        Err("only the letters a-z, digits, '-', '_', '.' and '@' are allowed")
    } else if !bytes.first().is_some_and(is_plain) {
        Err("it must start with a letter or digit")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("phadmin")]
    #[case::one_character("0")]
    #[case::e_mail("ada.lovelace-1_x@example.com")]
    #[case::ends_with_a_dot("ada.")]
    #[case::longest(&"a".repeat(255))]
    fn user_names_may_be_created(#[case] name: &str) {
        assert_eq!(name.parse::<UserName>().unwrap().as_str(), name);
    }

    #[rstest]
    #[case::empty("", "empty")]
    #[case::upper_case("Ada", "only the letters a-z")]
    #[case::space("a b", "only the letters a-z")]
    #[case::accent("é", "only the letters a-z")]
    #[case::leading_dash("-a", "must start")]
    #[case::leading_at("@a", "must start")]
    #[case::too_long(&"a".repeat(256), "longer than 255")]
    fn other_user_names_are_refused(#[case] name: &str, #[case] reason: &str) {
        let error = name.parse::<UserName>().unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }

    #[test]
    fn a_long_user_name_has_no_label() {
        let label = |name: &str| name.parse::<UserName>().unwrap().label();
        assert_eq!(label("test@x.io").as_deref(), Ok("escaped-test-40x-2eio"));
        assert!(label(&format!("{}@example.com", "a".repeat(40))).is_err());
    }
}
