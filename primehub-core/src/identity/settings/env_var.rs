//! Environment variables as values of an attribute.

use std::fmt;

use crate::identity::IdentityError;

/// One environment variable, stored as `NAME=VALUE`.
#[derive(Clone, Eq, PartialEq)]
pub struct EnvVar {
    name: String,
    value: String,
}

impl EnvVar {
    /// A variable; no value is the empty value.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] with the given field when the name is empty or contains `=` or a control character: it could not be
    /// read back, or not be set in a container.
    pub fn new(field: &str, name: impl Into<String>, value: Option<String>) -> Result<Self, IdentityError> {
        let name = name.into();
        let reason = if name.is_empty() {
            "has a variable without a name".to_owned()
        } else if name.contains('=') {
            format!("has the variable {name:?}, whose name contains '='")
        } else if name.chars().any(char::is_control) {
            format!("has the variable {name:?}, whose name contains a control character")
        } else {
            return Ok(Self { name, value: value.unwrap_or_default() });
        };
        Err(IdentityError::Invalid { field: field.to_owned(), reason })
    }

    /// Reads the stored form. The name ends at the first `=`, so that the value may contain more of them; a text without `=` is a name
    /// without value. A text without name is no variable.
    #[must_use]
    pub fn of_stored(text: &str) -> Option<Self> {
        let (name, value) = text.split_once('=').unwrap_or((text, ""));
        (!name.is_empty()).then(|| Self { name: name.to_owned(), value: value.to_owned() })
    }

    /// What the variable is called. Not empty, without `=`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its value, possibly empty. May be a credential.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// The stored form.
impl fmt::Display for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

/// The name alone, because the value may be a credential.
impl fmt::Debug for EnvVar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvVar").field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("A=1", Some(("A", "1")))]
    #[case::value_with_equals_signs("TOKEN=a=b==", Some(("TOKEN", "a=b==")))]
    #[case::empty_value("A=", Some(("A", "")))]
    #[case::name_alone("A", Some(("A", "")))]
    #[case::spaces_are_kept("A= b ", Some(("A", " b ")))]
    #[case::no_name("=1", None)]
    #[case::nothing("", None)]
    fn a_stored_text_is_read(#[case] text: &str, #[case] read: Option<(&str, &str)>) {
        let variable = EnvVar::of_stored(text);
        assert_eq!(variable.as_ref().map(|variable| (variable.name(), variable.value())), read);
    }

    #[rstest]
    #[case::empty("", "trackingEnvs has a variable without a name")]
    #[case::equals_sign("A=B", "trackingEnvs has the variable \"A=B\", whose name contains '='")]
    #[case::line_feed("A\nB", "trackingEnvs has the variable \"A\\nB\", whose name contains a control character")]
    fn a_bad_name_is_refused(#[case] name: &str, #[case] message: &str) {
        let error = EnvVar::new("trackingEnvs", name, Some("x".into())).unwrap_err();
        assert_eq!(error.to_string(), message);
    }

    #[test]
    fn no_value_is_the_empty_value() {
        assert_eq!(EnvVar::new("trackingEnvs", "A", None).unwrap().to_string(), "A=");
    }

    #[test]
    fn a_value_is_not_printed() {
        let variable = EnvVar::new("trackingEnvs", "TOKEN", Some("hunter2".into())).unwrap();
        assert_eq!(format!("{variable:?}"), "EnvVar { name: \"TOKEN\", .. }");
    }

    proptest! {
        #[test]
        fn what_is_stored_is_read_back(name in "[^=\\p{Cc}]{1,20}", value in any::<String>()) {
            let variable = EnvVar::new("trackingEnvs", name, Some(value)).unwrap();
            prop_assert_eq!(EnvVar::of_stored(&variable.to_string()), Some(variable));
        }

        #[test]
        fn reading_never_loses_a_character(text in "[^=].*") {
            let variable = EnvVar::of_stored(&text).unwrap();
            let stored = variable.to_string();
            prop_assert_eq!(if text.contains('=') { text } else { text + "=" }, stored);
        }
    }
}
