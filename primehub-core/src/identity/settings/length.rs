//! Whether attribute values fit into the store.

use super::attribute::field;
use crate::identity::{AttributeEdit, AttributeEdits, IdentityError};

/// Checks every value that `edits` writes: at most `limit` characters, and no control character but line feed and tab.
///
/// A stock Keycloak answers a longer value of a group with an internal error, so it must not get that far. The limit is one of
/// [`crate::identity::Capabilities`].
///
/// # Errors
/// [`IdentityError::Invalid`] for the first value that does not fit, under the name of the GraphQL field.
pub fn check_lengths(edits: &AttributeEdits, limit: usize) -> Result<(), IdentityError> {
    for (attribute, edit) in edits.iter() {
        let values = match edit {
            AttributeEdit::Set(values) | AttributeEdit::Change { add: values, .. } => values,
            AttributeEdit::Clear => continue,
        };
        for value in values {
            let reason = if value.chars().nth(limit).is_some() {
                format!("is longer than {limit} characters")
            } else if value.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
                "contains a control character".to_owned()
            } else {
                continue;
            };
            return Err(IdentityError::Invalid { field: field(attribute).to_owned(), reason });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::identity::settings::attribute;

    #[rstest]
    #[case::fits("a".repeat(255), None)]
    #[case::one_too_long("a".repeat(256), Some("displayName is longer than 255 characters"))]
    #[case::characters_not_bytes("組".repeat(255), None)]
    #[case::empty(String::new(), None)]
    #[case::lines("a\n\tb".to_owned(), None)]
    #[case::nul("a\0b".to_owned(), Some("displayName contains a control character"))]
    #[case::carriage_return("a\r\nb".to_owned(), Some("displayName contains a control character"))]
    #[case::c1_control("a\u{85}".to_owned(), Some("displayName contains a control character"))]
    fn a_value_is_checked(#[case] value: String, #[case] problem: Option<&str>) {
        let mut edits = AttributeEdits::default();
        edits.set(attribute::DISPLAY_NAME, value);
        let found = check_lengths(&edits, 255).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), problem);
    }

    #[test]
    fn every_value_of_a_list_is_checked_and_removed_ones_are_not() {
        let long = "x".repeat(256);
        let mut edits = AttributeEdits::default();
        edits.clear(attribute::QUOTA_CPU);
        edits.put(attribute::ADMINS, AttributeEdit::Change { add: vec!["amy".into()], remove: vec![long.clone()] });
        assert_eq!(check_lengths(&edits, 255), Ok(()));
        edits.put(
            attribute::ADMINS,
            AttributeEdit::Change { add: vec!["amy".into(), long.clone()], remove: Vec::new() },
        );
        assert!(check_lengths(&edits, 255).is_err());
        edits.put(attribute::ADMINS, AttributeEdit::Clear);
        edits.put(attribute::MLFLOW_TRACKING_ENVS, AttributeEdit::Set(vec!["A=1".into(), long]));
        let error = check_lengths(&edits, 255).unwrap_err();
        assert_eq!(error.to_string(), "trackingEnvs is longer than 255 characters");
    }
}
