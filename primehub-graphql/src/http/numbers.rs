//! Numbers in variables, read as other GraphQL servers read them.

use std::fmt::Write as _;

use async_graphql::{Name, Value, Variables};
use serde_json::Number;

/// Up to here every whole number has a float of its own: 2⁵³.
const LARGEST_WHOLE: f64 = 9_007_199_254_740_992.0;
/// More paths than this help nobody.
const MOST_PATHS: usize = 5;

/// Turns whole floats into integers, however deep they stand: `2.0` is a good `Int` for clients whose numbers know no difference, as in
/// JavaScript, and comes from Python as soon as somebody divides. Fields of type `Float` take integers as well, and where anything may
/// stand (`JSON`) a server in JavaScript could not tell `2.0` from `2` either.
pub(super) fn whole(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole_number(number)),
        Value::List(values) => Value::List(values.into_iter().map(whole).collect()),
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (name, whole(value))).collect()),
        other => other,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a whole number of at most 2⁵³")]
fn whole_number(number: Number) -> Number {
    match number.as_f64().filter(|_| number.is_f64()) {
        Some(float) if float.fract() == 0.0 && float.abs() <= LARGEST_WHOLE => Number::from(float as i64),
        _ => number,
    }
}

/// Where integers stand that no `Int` can hold. The engine notices them only when it hands arguments to a resolver, and then does not say
/// which it was. Other types can hold them, so that this alone is no error.
pub(super) fn beyond_int(variables: &Variables) -> Vec<String> {
    let mut found = Vec::new();
    for (name, value) in &**variables {
        search(value, name.as_str(), &mut found);
    }
    found
}

fn search(value: &Value, path: &str, found: &mut Vec<String>) {
    if found.len() == MOST_PATHS {
        return;
    }
    match value {
        Value::Number(number) => {
            let fits = number.is_f64() || number.as_i64().is_some_and(|integer| i32::try_from(integer).is_ok());
            if !fits {
                found.push(path.to_owned());
            }
        }
        Value::List(values) => {
            values.iter().enumerate().for_each(|(index, value)| search(value, &inside(path, index), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value): (&Name, _)| search(value, &inside(path, name), found));
        }
        _ => {}
    }
}

fn inside(path: &str, segment: impl std::fmt::Display) -> String {
    let mut inside = path.to_owned();
    let _ = write!(inside, ".{segment}");
    inside
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn read(value: serde_json::Value) -> serde_json::Value {
        whole(Value::from_json(value).unwrap()).into_json().unwrap()
    }

    #[rstest]
    #[case::whole(json!(2.0), json!(2))]
    #[case::negative(json!(-2.0), json!(-2))]
    #[case::zero(json!(-0.0), json!(0))]
    #[case::fraction(json!(2.5), json!(2.5))]
    #[case::integer(json!(2), json!(2))]
    #[case::largest(json!(9_007_199_254_740_992.0), json!(9_007_199_254_740_992_i64))]
    #[case::larger(json!(1e16), json!(1e16))]
    #[case::inside(json!({"data": {"quotas": [1.0, {"cpu": 0.5, "gpu": 4.0}], "text": "2.0"}}), json!({"data": {"quotas": [1, {"cpu": 0.5, "gpu": 4}], "text": "2.0"}}))]
    fn whole_floats_are_integers(#[case] value: serde_json::Value, #[case] expected: serde_json::Value) {
        assert_eq!(read(value), expected);
    }

    #[rstest]
    #[case::fits(json!({"a": i32::MAX, "b": i32::MIN, "c": "4294967296", "d": 0.5}), &[])]
    #[case::above(json!({"page": 2_147_483_648_i64}), &["page"])]
    #[case::below(json!({"page": -2_147_483_649_i64}), &["page"])]
    #[case::unsigned(json!({"page": u64::MAX}), &["page"])]
    #[case::inside(json!({"data": {"quotaGpu": 1_000_000_000_000_i64, "other": [1, 1_000_000_000_000_i64]}}), &["data.other.1", "data.quotaGpu"])]
    #[case::many(json!({"a": vec![u64::MAX; 9]}), &["a.0", "a.1", "a.2", "a.3", "a.4"])]
    fn integers_of_more_than_32_bits_are_found(#[case] variables: serde_json::Value, #[case] expected: &[&str]) {
        let mut found = beyond_int(&Variables::from_json(variables));
        found.sort();
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn no_number_changes_its_value(number: f64) {
            prop_assume!(number.is_finite());
            prop_assert_eq!(read(json!(number)).as_f64(), Some(number));
        }
    }
}
