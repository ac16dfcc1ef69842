//! Numbers as text, read exactly: what all parsers of this module share.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::Deserializer;
use serde::de::{Error, Visitor};

use crate::names::shortened;

/// Why a text is not a quantity, a decimal number or a capacity.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseQuantityError {
    /// The text does not follow the grammar.
    #[error("{input:?} is not {expected}")]
    Malformed {
        /// The text, cut when it is very long.
        input: String,
        /// What was wanted, with an example.
        expected: &'static str,
    },
    /// The text follows the grammar, but its value is larger than can be kept exactly.
    #[error("{input:?} is out of range")]
    OutOfRange {
        /// The text, cut when it is very long.
        input: String,
    },
}

impl ParseQuantityError {
    pub(super) fn malformed(input: &str, expected: &'static str) -> Self {
        Self::Malformed { input: shortened(input), expected }
    }

    pub(super) fn out_of_range(input: &str) -> Self {
        Self::OutOfRange { input: shortened(input) }
    }
}

/// A number split into its parts: sign, digits before and after the point (at least one digit in all), and the rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a> {
    negative: bool,
    integer: &'a str,
    fraction: &'a str,
    /// What follows the digits: a suffix, an exponent, or something that is neither.
    pub(super) suffix: &'a str,
}

/// What to do with a value finer than the unit it is kept in.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rounding {
    /// To the next unit away from zero, as Kubernetes does.
    AwayFromZero,
    /// The rest is dropped.
    TowardsZero,
}

impl<'a> Number<'a> {
    pub(super) fn split(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix(['+', '-']) {
            Some(unsigned) => (text.starts_with('-'), unsigned),
            None => (false, text),
        };
        let (integer, rest) = split_digits(unsigned);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), split_digits);
        (!integer.is_empty() || !fraction.is_empty()).then_some(Self { negative, integer, fraction, suffix })
    }

    /// The exponent when the suffix is one: `e` or `E`, an optional sign, digits. Exponents beyond any use saturate.
    pub(super) fn exponent(self) -> Option<i64> {
        let signed = self.suffix.strip_prefix(['e', 'E'])?;
        let (digits, rest) = split_digits(signed.strip_prefix(['+', '-']).unwrap_or(signed));
        if digits.is_empty() || !rest.is_empty() {
            return None;
        }
        // No more than 18 digits can overflow an `i64`, and all longer exponents lie beyond every range.
        let size = digits.trim_start_matches('0');
        let size = if size.len() > 18 { FAR } else { size.parse().unwrap_or(0) };
        Some(if signed.starts_with('-') { -size } else { size })
    }

    /// The value times `10^power`, the suffix ignored. `None` when it does not fit.
    pub(super) fn times_power_of_ten(self, power: i64, rounding: Rounding) -> Option<i128> {
        let count = self.integer.len() + self.fraction.len();
        let power = power.saturating_sub(i64::try_from(self.fraction.len()).ok()?);
        let dropped = usize::try_from(power.saturating_neg().max(0)).unwrap_or(usize::MAX);
        let mut digits = self.digits();
        let mut units = 0_u128;
        for digit in digits.by_ref().take(count.saturating_sub(dropped)) {
            units = units.checked_mul(10)?.checked_add(digit)?;
        }
        let inexact = digits.any(|digit| digit != 0);
        if units != 0 && power > 0 {
            units = units.checked_mul(10_u128.checked_pow(u32::try_from(power).ok()?)?)?;
        }
        self.signed(units, inexact, rounding)
    }

    /// The value times `factor` (at most 2^120), the suffix ignored. `None` when it does not fit.
    pub(super) fn times(self, factor: u128, rounding: Rounding) -> Option<i128> {
        let mut units = 0_u128;
        for digit in values(self.integer) {
            units = units.checked_mul(10)?.checked_add(digit)?;
        }
        // From the last digit to the first, each step being (digit x factor + what the digits behind it gave) / 10. Rounding
        // down at every step gives the same as rounding down once.
        let mut fraction = 0_u128;
        let mut inexact = false;
        for digit in values(self.fraction).rev() {
            let tenfold = digit.checked_mul(factor)?.checked_add(fraction)?;
            inexact |= tenfold % 10 != 0;
            fraction = tenfold / 10;
        }
        self.signed(units.checked_mul(factor)?.checked_add(fraction)?, inexact, rounding)
    }

    fn digits(self) -> impl Iterator<Item = u128> + use<'a> {
        values(self.integer).chain(values(self.fraction))
    }

    fn signed(self, units: u128, inexact: bool, rounding: Rounding) -> Option<i128> {
        let units = match rounding {
            Rounding::AwayFromZero if inexact => units.checked_add(1)?,
            Rounding::AwayFromZero | Rounding::TowardsZero => units,
        };
        if self.negative { 0_i128.checked_sub_unsigned(units) } else { i128::try_from(units).ok() }
    }
}

/// Reads `T` from a JSON string or a JSON number, the number being taken by its shortest decimal text.
pub(super) fn from_text_or_number<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    struct TextOrNumber<T>(PhantomData<T>);

    impl<T: FromStr<Err: Display>> Visitor<'_> for TextOrNumber<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string or a number")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(E::custom)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }

        fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
            self.visit_str(&number.to_string())
        }
    }

    deserializer.deserialize_any(TextOrNumber(PhantomData))
}

/// An exponent that lies outside every range, and from which nothing overflows by adding the length of a text.
const FAR: i64 = 1_000_000_000_000_000_000;

fn split_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

fn values(digits: &str) -> impl DoubleEndedIterator<Item = u128> {
    digits.bytes().map(|digit| u128::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn times_power_of_ten(text: &str, power: i64) -> Option<i128> {
        Number::split(text).unwrap().times_power_of_ten(power, Rounding::AwayFromZero)
    }

    #[rstest]
    #[case::plain("12", Some(("12", "", "")))]
    #[case::point_at_the_end("1.Gi", Some(("1", "", "Gi")))]
    #[case::point_at_the_start(".5", Some(("", "5", "")))]
    #[case::no_digit(".", None)]
    #[case::empty("", None)]
    #[case::sign_alone("-", None)]
    #[case::two_signs("--1", None)]
    #[case::two_points("1.2.3", Some(("1", "2", ".3")))]
    fn numbers_are_split(#[case] text: &str, #[case] parts: Option<(&str, &str, &str)>) {
        assert_eq!(Number::split(text).map(|n| (n.integer, n.fraction, n.suffix)), parts);
    }

    #[rstest]
    #[case::plain("1e3", Some(3))]
    #[case::capital("1E+3", Some(3))]
    #[case::negative("1e-03", Some(-3))]
    #[case::huge("1e99999999999999999999999999", Some(FAR))]
    #[case::only_the_letter("1e", None)]
    #[case::only_the_sign("1e-", None)]
    #[case::more_behind("1e3Gi", None)]
    #[case::fraction("1e3.5", None)]
    #[case::suffix("1Ei", None)]
    fn exponents_are_read(#[case] text: &str, #[case] exponent: Option<i64>) {
        assert_eq!(Number::split(text).unwrap().exponent(), exponent);
    }

    #[rstest]
    #[case::shifted_up("1.5", 3, Some(1500))]
    #[case::shifted_down("1500", -2, Some(15))]
    #[case::rounded("1501", -2, Some(16))]
    #[case::rounded_away_from_zero("-1501", -2, Some(-16))]
    #[case::everything_dropped("5", -400, Some(1))]
    #[case::zero_stays_zero("0.000", -400, Some(0))]
    #[case::zero_times_anything("0", i64::MAX, Some(0))]
    #[case::least("-170141183460469231731687303715884105728", 0, Some(i128::MIN))]
    #[case::above_the_greatest("170141183460469231731687303715884105728", 0, None)]
    #[case::far_too_large("1", FAR, None)]
    #[case::far_too_small("1", i64::MIN, Some(1))]
    fn powers_of_ten(#[case] text: &str, #[case] power: i64, #[case] value: Option<i128>) {
        assert_eq!(times_power_of_ten(text, power), value);
    }

    #[test]
    fn a_million_digits_are_read_or_refused_without_delay() {
        let zeros = "0".repeat(1_000_000);
        assert_eq!(times_power_of_ten(&format!("{zeros}1.{zeros}1"), 0), Some(2));
        assert_eq!(times_power_of_ten(&format!("1{zeros}"), 0), None);
        assert_eq!(times_power_of_ten(&format!("1{zeros}"), -1_000_000), Some(1));
        let number = format!("1.{}", "9".repeat(1_000_000));
        assert_eq!(Number::split(&number).unwrap().times(1 << 60, Rounding::TowardsZero), Some((1 << 61) - 1));
    }

    proptest! {
        #[test]
        fn both_ways_of_scaling_agree(text in "[-+]?[0-9]{0,12}\\.[0-9]{1,30}") {
            for (power, factor) in [(0, 1), (9, 1_000_000_000), (18, 1_000_000_000_000_000_000)] {
                for rounding in [Rounding::AwayFromZero, Rounding::TowardsZero] {
                    let number = Number::split(&text).unwrap();
                    prop_assert_eq!(number.times_power_of_ten(power, rounding), number.times(factor, rounding));
                }
            }
        }
    }
}
