//! Whether attributes fit into the store.

use super::attribute::{self, field};
use crate::identity::values::is_longer_than;
use crate::identity::{AttributeEdit, AttributeEdits, Attributes, IdentityError};

/// How much fits into the attributes of one object.
///
/// A stock Keycloak answers a longer value of a group with an internal error, so it must not get that far. It has no limit for the number
/// of values; but everybody who lists groups reads all of them, so there has to be one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct AttributeLimits {
    /// Longest value, in characters as the server counts them: one outside the basic plane counts as two.
    pub value_length: usize,
    /// Most values of one attribute.
    pub values_per_attribute: usize,
    /// Largest size of names and values together, in bytes.
    pub total_size: usize,
}

impl AttributeLimits {
    /// Values of up to `value_length` characters, 512 for one attribute, 64 KiB in all.
    #[must_use]
    pub const fn of_length(value_length: usize) -> Self {
        Self { value_length, values_per_attribute: 512, total_size: 64 * 1024 }
    }

    /// Checks every value that `edits` writes, which may hold no control character but line feed and tab, and then what `stored` becomes.
    ///
    /// What was too much before does not stand in the way of an edit that does not add to it.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for the first thing that does not fit, under the name of the GraphQL field.
    pub fn check(&self, stored: &Attributes, edits: &AttributeEdits) -> Result<(), IdentityError> {
        for (name, edit) in edits.iter() {
            let values = match edit {
                AttributeEdit::Set(values) | AttributeEdit::Change { add: values, .. } => values,
                AttributeEdit::Clear => continue,
            };
            values.iter().try_for_each(|value| self.check_value(name, value))?;
        }
        let mut after = stored.clone();
        after.apply(edits);
        for (name, _) in edits.iter() {
            let (before, count) = (stored.all(name).len(), after.all(name).len());
            if count > self.values_per_attribute && count > before {
                return Err(invalid(name, format!("has more than {} values", self.values_per_attribute)));
            }
        }
        let size = size(&after);
        if size > self.total_size && size > self::size(stored) {
            let largest = edits.iter().map(|(name, _)| name).max_by_key(|name| size_of(name, after.all(name)));
            let reason = format!("makes the attributes larger than {} KiB in all", self.total_size / 1024);
            return Err(invalid(largest.unwrap_or("attributes"), reason));
        }
        Ok(())
    }

    fn check_value(&self, name: &str, value: &str) -> Result<(), IdentityError> {
        if is_longer_than(value, self.value_length) {
            let limit = self.value_length;
            let reason = match name {
                attribute::MLFLOW_TRACKING_ENVS | attribute::MLFLOW_ARTIFACT_ENVS => {
                    // The name alone: the value may be a secret.
                    let variable: String = value.split('=').next().unwrap_or_default().chars().take(64).collect();
                    format!(
                        "has the variable {variable:?}, whose name and value have more than {limit} characters together"
                    )
                }
                attribute::ADMINS => format!("has a name of more than {limit} characters"),
                _ => format!("is longer than {limit} characters"),
            };
            return Err(invalid(name, reason));
        }
        if value.chars().any(|character| character.is_control() && !matches!(character, '\n' | '\t')) {
            return Err(invalid(name, "contains a control character".to_owned()));
        }
        Ok(())
    }
}

fn size(attributes: &Attributes) -> usize {
    attributes.iter().map(|(name, values)| size_of(name, values)).sum()
}

fn size_of(name: &str, values: &[String]) -> usize {
    values.iter().map(|value| name.len() + value.len()).sum()
}

fn invalid(attribute: &str, reason: String) -> IdentityError {
    IdentityError::Invalid { field: field(attribute).to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const LIMITS: AttributeLimits = AttributeLimits::of_length(255);

    fn problem(stored: &Attributes, edits: &AttributeEdits) -> Option<String> {
        LIMITS.check(stored, edits).err().map(|error| error.to_string())
    }

    fn numbers(numbers: std::ops::Range<usize>) -> Vec<String> {
        numbers.map(|number| number.to_string()).collect()
    }

    #[rstest]
    #[case::fits("a".repeat(255), None)]
    #[case::one_too_long("a".repeat(256), Some("displayName is longer than 255 characters"))]
    #[case::characters_not_bytes("組".repeat(255), None)]
    #[case::most_emojis("😀".repeat(127), None)]
    #[case::too_many_emojis("😀".repeat(128), Some("displayName is longer than 255 characters"))]
    #[case::empty(String::new(), None)]
    #[case::lines("a\n\tb".to_owned(), None)]
    #[case::nul("a\0b".to_owned(), Some("displayName contains a control character"))]
    #[case::carriage_return("a\r\nb".to_owned(), Some("displayName contains a control character"))]
    #[case::c1_control("a\u{85}".to_owned(), Some("displayName contains a control character"))]
    fn a_value_is_checked(#[case] value: String, #[case] expected: Option<&str>) {
        let mut edits = AttributeEdits::default();
        edits.set(attribute::DISPLAY_NAME, value);
        assert_eq!(problem(&Attributes::default(), &edits).as_deref(), expected);
    }

    #[test]
    fn every_value_of_a_list_is_checked_and_removed_ones_are_not() {
        let (long, nothing) = ("x".repeat(256), Attributes::default());
        let mut edits = AttributeEdits::default();
        edits.clear(attribute::QUOTA_CPU);
        edits.put(attribute::ADMINS, AttributeEdit::Change { add: vec!["amy".into()], remove: vec![long.clone()] });
        assert_eq!(problem(&nothing, &edits), None);
        edits.put(
            attribute::ADMINS,
            AttributeEdit::Change { add: vec!["amy".into(), long.clone()], remove: Vec::new() },
        );
        assert!(problem(&nothing, &edits).is_some());
        edits.put(attribute::ADMINS, AttributeEdit::Clear);
        edits.put(attribute::MLFLOW_TRACKING_ENVS, AttributeEdit::Set(vec!["A=1".into(), format!("B={long}")]));
        let too_long =
            "trackingEnvs has the variable \"B\", whose name and value have more than 255 characters together";
        assert_eq!(problem(&nothing, &edits).as_deref(), Some(too_long));
    }

    #[rstest]
    #[case::as_many_as_fit(0, AttributeEdit::Set(numbers(0..512)), true)]
    #[case::one_more(0, AttributeEdit::Set(numbers(0..513)), false)]
    #[case::with_the_stored_ones(512, AttributeEdit::Change { add: numbers(512..513), remove: Vec::new() }, false)]
    #[case::in_exchange(512, AttributeEdit::Change { add: numbers(512..513), remove: numbers(0..1) }, true)]
    #[case::stored_already(512, AttributeEdit::Change { add: numbers(0..512), remove: Vec::new() }, true)]
    #[case::fewer_than_too_many(600, AttributeEdit::Change { add: Vec::new(), remove: numbers(0..1) }, true)]
    #[case::more_than_too_many(600, AttributeEdit::Change { add: numbers(600..601), remove: Vec::new() }, false)]
    fn values_are_counted(#[case] stored: usize, #[case] edit: AttributeEdit, #[case] fits: bool) {
        let mut before = Attributes::default();
        before.set(attribute::MLFLOW_TRACKING_ENVS, numbers(0..stored));
        let mut edits = AttributeEdits::default();
        edits.put(attribute::MLFLOW_TRACKING_ENVS, edit);
        let expected = (!fits).then_some("trackingEnvs has more than 512 values");
        assert_eq!(problem(&before, &edits).as_deref(), expected);
    }

    #[test]
    fn attributes_have_a_size_in_all() {
        // Each of the two attributes takes 32 KiB: 128 values of 256 bytes with the name.
        let value = |number: usize| format!("{number:0>width$}", width = 256 - attribute::MLFLOW_TRACKING_ENVS.len());
        let mut half = Attributes::default();
        half.set(attribute::MLFLOW_ARTIFACT_ENVS, (0..128).map(value).collect());
        let mut edits = AttributeEdits::default();
        edits.put(attribute::MLFLOW_TRACKING_ENVS, AttributeEdit::Set((0..128).map(value).collect()));
        assert_eq!(problem(&half, &edits), None);
        edits.set(attribute::QUOTA_CPU, "1");
        let reason = "trackingEnvs makes the attributes larger than 64 KiB in all";
        assert_eq!(problem(&half, &edits).as_deref(), Some(reason));

        // What is too large already may shrink.
        let mut large = half.clone();
        large.set("from-elsewhere", (0..400).map(value).collect());
        let mut smaller = AttributeEdits::default();
        smaller.clear(attribute::MLFLOW_ARTIFACT_ENVS).set(attribute::QUOTA_CPU, "1");
        assert_eq!(problem(&large, &smaller), None);
        let mut larger = AttributeEdits::default();
        larger.set(attribute::QUOTA_CPU, "1");
        assert!(problem(&large, &larger).is_some());
    }
}
