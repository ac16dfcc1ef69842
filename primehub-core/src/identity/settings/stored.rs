//! How flags and whole numbers are read from attributes.

use std::str::FromStr;

use crate::quantity::Decimal;

/// A value of any type that is read from text; none when it is malformed.
pub(super) fn value<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

/// A whole number, also when it is written with decimals that are zero.
pub(super) fn integer(text: &str) -> Option<i64> {
    let number: Decimal = value(text)?;
    number.is_integer().then(|| number.floor()).and_then(|number| i64::try_from(number).ok())
}

/// `true` or `false`, and nothing else.
pub(super) fn flag(text: &str) -> Option<bool> {
    value(text)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain("4", Some(4))]
    #[case::negative("-1", Some(-1))]
    #[case::blanks(" 4 ", Some(4))]
    #[case::needless_decimals("4.0", Some(4))]
    #[case::fraction("4.5", None)]
    #[case::unit("4G", None)]
    #[case::empty("", None)]
    #[case::too_large("9223372036854775808", None)]
    fn a_whole_number_is_read(#[case] text: &str, #[case] read: Option<i64>) {
        assert_eq!(integer(text), read);
    }

    #[rstest]
    #[case("true", Some(true))]
    #[case("false", Some(false))]
    #[case("True", None)]
    #[case("1", None)]
    #[case("", None)]
    fn a_flag_is_read(#[case] text: &str, #[case] read: Option<bool>) {
        assert_eq!(flag(text), read);
    }
}
