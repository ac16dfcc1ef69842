//! Names as Kubernetes label values.
//!
//! Pods carry the names of their group and user as label values; the notebook spawner writes them, the server, the admission
//! webhook and usage reports read them. A label value holds few characters, so names are escaped: `escaped-`, then every
//! byte outside `[a-z0-9]` as `-` and two lower-case hexadecimal digits.

use super::validated::shortened;

/// What every escaped name starts with; it tells an escaped name from a label somebody wrote by hand.
pub const LABEL_PREFIX: &str = "escaped-";

/// Longest label value that Kubernetes accepts, in bytes.
pub const MAX_LABEL_VALUE: usize = 63;

/// The label value that stands for `name`, whatever its length: `team-a` becomes `escaped-team-2da`.
///
/// Different names have different label values, and [`from_label_value`] gives the name back.
#[must_use]
pub fn label_value(name: &str) -> String {
    let mut value = String::with_capacity(label_value_len(name));
    value.push_str(LABEL_PREFIX);
    for byte in name.bytes() {
        if stays(byte) {
            value.push(char::from(byte));
        } else {
            value.push('-');
            value.push(hex_digit(byte >> 4));
            value.push(hex_digit(byte & 0xf));
        }
    }
    value
}

/// As [`label_value`], for writing a label: only if Kubernetes accepts the result.
///
/// # Errors
/// When the label value would be longer than [`MAX_LABEL_VALUE`]; the API server would refuse the pod.
pub fn label_value_checked(name: &str) -> Result<String, LabelTooLong> {
    // Counted first, so that a name of megabytes is not escaped in vain.
    let length = label_value_len(name);
    if length > MAX_LABEL_VALUE {
        return Err(LabelTooLong { name: shortened(name), length });
    }
    Ok(label_value(name))
}

/// The name that a label value stands for.
///
/// Reads more than [`label_value`] writes: hexadecimal digits of either case, and escapes of characters that need none, so
/// that `escaped-r-65d` is the group `red` and cannot be used to run outside its quota.
///
/// # Errors
/// When the prefix is missing, when `-` is not followed by two hexadecimal digits, or when the bytes are not UTF-8. Such a
/// label belongs to a group of unknown name; reading it leniently would charge, or free, somebody else.
pub fn from_label_value(value: &str) -> Result<String, InvalidLabelValue> {
    let escaped =
        value.strip_prefix(LABEL_PREFIX).ok_or_else(|| InvalidLabelValue::MissingPrefix { value: shortened(value) })?;
    let bad_escape = || InvalidLabelValue::BadEscape { value: shortened(value) };
    let mut name = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'-' {
            let high = bytes.next().and_then(hex_value).ok_or_else(bad_escape)?;
            let low = bytes.next().and_then(hex_value).ok_or_else(bad_escape)?;
            name.push(high << 4 | low);
        } else {
            name.push(byte);
        }
    }
    String::from_utf8(name).map_err(|_| InvalidLabelValue::NotUtf8 { value: shortened(value) })
}

/// Why a name cannot be written as a label value.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{name:?} needs a label value of {length} characters, at most {MAX_LABEL_VALUE} are allowed")]
pub struct LabelTooLong {
    name: String,
    length: usize,
}

/// Why a label value does not stand for a name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLabelValue {
    /// The value does not start with [`LABEL_PREFIX`].
    #[error("label value {value:?} does not start with {LABEL_PREFIX:?}")]
    MissingPrefix {
        /// The label value, cut when it is very long.
        value: String,
    },
    /// A `-` is not followed by two hexadecimal digits.
    #[error("label value {value:?} has a '-' that is not followed by two hexadecimal digits")]
    BadEscape {
        /// The label value, cut when it is very long.
        value: String,
    },
    /// The escaped bytes are not UTF-8.
    #[error("label value {value:?} does not decode to UTF-8")]
    NotUtf8 {
        /// The label value, cut when it is very long.
        value: String,
    },
}

fn label_value_len(name: &str) -> usize {
    let escaped: usize = name.bytes().map(|byte| if stays(byte) { 1 } else { 3 }).sum();
    LABEL_PREFIX.len() + escaped
}

fn stays(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn hex_digit(nibble: u8) -> char {
    char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 })
}

fn hex_value(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("phusers", "escaped-phusers")]
    #[case::dash("team-a", "escaped-team-2da")]
    #[case::underscore("e_2", "escaped-e-5f2")]
    #[case::upper_case("Ab", "escaped--41b")]
    #[case::dot_and_at("a.b@c", "escaped-a-2eb-40c")]
    #[case::space("group name", "escaped-group-20name")]
    #[case::chinese("字", "escaped--e5-ad-97")]
    #[case::mixed("abcd測a試c@.b中文ed", "escaped-abcd-e6-b8-aca-e8-a9-a6c-40-2eb-e4-b8-ad-e6-96-87ed")]
    #[case::looks_escaped("escaped-x", "escaped-escaped-2dx")]
    #[case::ops("ops", "escaped-ops")]
    #[case::mixed_case("Vision_Lab", "escaped--56ision-5f-4cab")]
    #[case::user("ada.l", "escaped-ada-2el")]
    #[case::short_dash("a-b", "escaped-a-2db")]
    #[case::capital_and_space("Team 7", "escaped--54eam-207")]
    #[case::accents("résumé", "escaped-r-c3-a9sum-c3-a9")]
    #[case::japanese("日本", "escaped--e6-97-a5-e6-9c-ac")]
    #[case::e_mail("test@x.io", "escaped-test-40x-2eio")]
    #[case::padded_control("a\tb", "escaped-a-09b")]
    #[case::emoji("😀", "escaped--f0-9f-98-80")]
    #[case::empty("", "escaped-")]
    fn names_and_label_values_belong_together(#[case] name: &str, #[case] value: &str) {
        assert_eq!(label_value(name), value);
        assert_eq!(from_label_value(value).as_deref(), Ok(name));
    }

    #[rstest]
    #[case::needless_escape("escaped-r-65d", "red")]
    #[case::needless_escapes("escaped-a-62c", "abc")]
    #[case::upper_case_digits("escaped--E5-AD-97", "字")]
    #[case::unescaped_upper_case("escaped-A.b_c", "A.b_c")]
    fn aliases_decode_to_the_same_name(#[case] value: &str, #[case] name: &str) {
        assert_eq!(from_label_value(value).as_deref(), Ok(name));
    }

    #[rstest]
    #[case::no_prefix("red", InvalidLabelValue::MissingPrefix { value: "red".into() })]
    #[case::empty("", InvalidLabelValue::MissingPrefix { value: String::new() })]
    #[case::prefix_in_capitals("Escaped-red", InvalidLabelValue::MissingPrefix { value: "Escaped-red".into() })]
    #[case::dash_at_the_end("escaped-a-", InvalidLabelValue::BadEscape { value: "escaped-a-".into() })]
    #[case::one_digit("escaped-a-2", InvalidLabelValue::BadEscape { value: "escaped-a-2".into() })]
    #[case::not_hexadecimal("escaped-a-2g", InvalidLabelValue::BadEscape { value: "escaped-a-2g".into() })]
    #[case::sign("escaped-a-+2", InvalidLabelValue::BadEscape { value: "escaped-a-+2".into() })]
    #[case::half_a_character("escaped--e5-ad", InvalidLabelValue::NotUtf8 { value: "escaped--e5-ad".into() })]
    #[case::surrogate("escaped--ed-a0-80", InvalidLabelValue::NotUtf8 { value: "escaped--ed-a0-80".into() })]
    #[case::overlong("escaped--c0-80", InvalidLabelValue::NotUtf8 { value: "escaped--c0-80".into() })]
    fn other_label_values_stand_for_nobody(#[case] value: &str, #[case] error: InvalidLabelValue) {
        assert_eq!(from_label_value(value), Err(error));
    }

    #[test]
    fn a_label_value_has_at_most_63_characters() {
        assert_eq!(label_value_checked(&"a".repeat(55)).map(|value| value.len()), Ok(63));
        let error = label_value_checked(&"a".repeat(56)).unwrap_err();
        assert!(error.to_string().ends_with("needs a label value of 64 characters, at most 63 are allowed"), "{error}");
        assert!(label_value_checked(&"字".repeat(6)).is_ok());
        assert!(label_value_checked(&"字".repeat(7)).is_err());
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in ".*") {
            let value = label_value(&name);
            prop_assert!(value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert_eq!(from_label_value(&value), Ok(name));
        }

        #[test]
        fn decoding_never_panics(value in "(escaped-)?[-0-9a-fg€]*") {
            if let Ok(name) = from_label_value(&value) {
                // What was read is a fixed point: written again, it is read as the same name.
                prop_assert_eq!(from_label_value(&label_value(&name)), Ok(name));
            }
        }
    }
}
