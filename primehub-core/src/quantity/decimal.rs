//! Exact decimal numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::number::{Number, ParseQuantityError, Rounding, from_text_or_number};

/// An exact decimal number, such as a quota of `10.5` cores: a whole number of 10^-18, between about -1.7 and 1.7 x 10^20.
///
/// Read from an attribute of the identity provider or from a JSON number, and printed in the shortest form (`20`, `10.5`,
/// never `20.0`) that other readers of the attribute expect. Digits behind the eighteenth decimal are dropped, so that a limit
/// never becomes larger than was written; every JSON number of at least 0.1 within the range is kept exactly.
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Decimal(i128);

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self(0);

    /// A whole number.
    #[must_use]
    pub const fn from_integer(value: i64) -> Self {
        // Widening, and 2^63 x 10^18 fits.
        Self(value as i128 * UNIT)
    }

    /// The number whose shortest text is also the shortest text of `value`: 0.1 is one tenth, not the binary fraction near it.
    ///
    /// # Errors
    /// When `value` is infinite, not a number, or out of range.
    pub fn from_f64(value: f64) -> Result<Self, ParseQuantityError> {
        // Never an exponent in this text, and `NaN` or `inf` do not parse.
        value.to_string().parse()
    }

    /// The float nearest to the number; what GraphQL and JSON clients are sent.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "digits with an optional sign and point are always a float"
    )]
    pub fn to_f64(self) -> f64 {
        self.to_string().parse().expect("a decimal number in text is a float")
    }

    /// The sum, or `None` when it is out of range.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        // `map` is not const.
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, or `None` when it is out of range.
    #[must_use]
    pub const fn checked_sub(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// The product with a whole number, or `None` when it is out of range.
    #[must_use]
    pub const fn checked_mul(self, factor: i128) -> Option<Self> {
        match self.0.checked_mul(factor) {
            Some(product) => Some(Self(product)),
            None => None,
        }
    }

    /// Whether the number is below zero. Most limits must not be.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether the number is whole.
    #[must_use]
    pub const fn is_integer(self) -> bool {
        self.0 % UNIT == 0
    }

    /// The largest whole number that is not above this one.
    #[must_use]
    pub const fn floor(self) -> i128 {
        self.0.div_euclid(UNIT)
    }

    /// The smallest whole number that is not below this one.
    #[must_use]
    pub const fn ceil(self) -> i128 {
        self.floor() + if self.is_integer() { 0 } else { 1 }
    }

    pub(super) const fn from_attos(attos: i128) -> Self {
        Self(attos)
    }

    pub(super) const fn attos(self) -> i128 {
        self.0
    }

    pub(super) fn from_number(number: Number<'_>, exponent: i64) -> Option<Self> {
        number.times_power_of_ten(exponent.saturating_add(DECIMALS), Rounding::TowardsZero).map(Self)
    }
}

/// A decimal number: an optional sign, digits with an optional point, an optional exponent; surrounding blanks are ignored.
impl FromStr for Decimal {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let malformed = || ParseQuantityError::malformed(text, "a decimal number, such as 20 or 10.5");
        let number = Number::split(text).ok_or_else(malformed)?;
        let exponent = if number.suffix.is_empty() { 0 } else { number.exponent().ok_or_else(malformed)? };
        Self::from_number(number, exponent).ok_or_else(|| ParseQuantityError::out_of_range(text))
    }
}

/// The shortest decimal form: no exponent, no zeros behind the last decimal.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, decimals) = (magnitude / UNIT.unsigned_abs(), magnitude % UNIT.unsigned_abs());
        let mut text = whole.to_string();
        if decimals != 0 {
            let decimals = format!("{decimals:018}");
            text.push('.');
            text.push_str(decimals.trim_end_matches('0'));
        }
        f.pad_integral(self.0 >= 0, "", &text)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decimal({self})")
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self::from_integer(value)
    }
}

/// As text, because JSON numbers are not exact.
impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer)
    }
}

const DECIMALS: i64 = 18;
const UNIT: i128 = 1_000_000_000_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::whole("20", "20")]
    #[case::fraction("10.5", "10.5")]
    #[case::zeros("020.500", "20.5")]
    #[case::no_decimals("20.0", "20")]
    #[case::zero("0", "0")]
    #[case::negative_zero("-0.0", "0")]
    #[case::negative("-1", "-1")]
    #[case::negative_fraction("-0.25", "-0.25")]
    #[case::plus("+3", "3")]
    #[case::exponent("1.5e3", "1500")]
    #[case::negative_exponent("15E-1", "1.5")]
    #[case::blanks(" 4 ", "4")]
    #[case::point_at_the_start(".5", "0.5")]
    #[case::finest("0.000000000000000001", "0.000000000000000001")]
    #[case::finer_is_dropped("0.3000000000000000019", "0.300000000000000001")]
    #[case::far_below("1e-999999999", "0")]
    #[case::least("-170141183460469231731.687303715884105728", "-170141183460469231731.687303715884105728")]
    fn numbers_are_printed_in_their_shortest_form(#[case] text: &str, #[case] printed: &str) {
        assert_eq!(decimal(text).to_string(), printed);
    }

    #[rstest]
    #[case::empty("")]
    #[case::word("ten")]
    #[case::unit("10G")]
    #[case::comma("1,5")]
    #[case::hexadecimal("0x10")]
    #[case::infinite("inf")]
    #[case::not_a_number("NaN")]
    #[case::inner_blank("1 0")]
    #[case::other_digits("１２")]
    fn other_texts_are_malformed(#[case] text: &str) {
        assert!(matches!(text.parse::<Decimal>(), Err(ParseQuantityError::Malformed { .. })));
    }

    #[rstest]
    #[case::exponent("1e999999999")]
    #[case::just_above("170141183460469231731.687303715884105728")]
    #[case::long(&"9".repeat(100_000))]
    fn large_numbers_are_out_of_range(#[case] text: &str) {
        assert!(matches!(text.parse::<Decimal>(), Err(ParseQuantityError::OutOfRange { .. })));
    }

    #[rstest]
    #[case::tenth(0.1, "0.1")]
    #[case::half(10.5, "10.5")]
    #[case::whole(20.0, "20")]
    #[case::binary_noise(0.1 + 0.2, "0.30000000000000004")]
    #[case::negative(-1.0, "-1")]
    #[case::large(1e20, "100000000000000000000")]
    fn floats_are_taken_by_their_shortest_text(#[case] value: f64, #[case] text: &str) {
        let decimal = Decimal::from_f64(value).unwrap();
        assert_eq!(decimal.to_string(), text);
        assert_eq!(decimal.to_f64().to_bits(), value.to_bits());
    }

    #[rstest]
    #[case(f64::NAN)]
    #[case(f64::INFINITY)]
    #[case(f64::NEG_INFINITY)]
    #[case(f64::MAX)]
    fn floats_without_a_decimal_are_refused(#[case] value: f64) {
        assert!(Decimal::from_f64(value).is_err());
    }

    #[rstest]
    #[case("2", 2, 2)]
    #[case("2.1", 2, 3)]
    #[case("-2.1", -3, -2)]
    #[case("-2", -2, -2)]
    fn whole_numbers_around(#[case] text: &str, #[case] floor: i128, #[case] ceil: i128) {
        assert_eq!((decimal(text).floor(), decimal(text).ceil()), (floor, ceil));
        assert_eq!(decimal(text).is_integer(), floor == ceil);
    }

    #[test]
    fn json_holds_text_and_may_hold_numbers() {
        assert_eq!(serde_json::to_string(&decimal("10.50")).unwrap(), r#""10.5""#);
        for json in [r#""10.5""#, "10.5", "1.05e1"] {
            assert_eq!(serde_json::from_str::<Decimal>(json).unwrap(), decimal("10.5"));
        }
        assert_eq!(serde_json::from_str::<Decimal>("-3").unwrap(), Decimal::from(-3));
        assert!(serde_json::from_str::<Decimal>("true").is_err());
    }

    #[test]
    fn arithmetic_ends_at_the_range() {
        let most = Decimal(i128::MAX);
        assert_eq!(most.checked_add(Decimal(1)), None);
        assert_eq!(Decimal(i128::MIN).checked_sub(Decimal(1)), None);
        assert_eq!(most.checked_mul(2), None);
        assert_eq!(decimal("0.1").checked_add(decimal("0.2")), Some(decimal("0.3")));
        assert_eq!(decimal("0.1").checked_mul(3), Some(decimal("0.3")));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(attos: i128) {
            let number = Decimal(attos);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
        }

        #[test]
        fn order_agrees_with_subtraction(a in -(i128::MAX / 2)..i128::MAX / 2, b in -(i128::MAX / 2)..i128::MAX / 2) {
            let difference = Decimal(a).checked_sub(Decimal(b)).unwrap();
            prop_assert_eq!(Decimal(a).cmp(&Decimal(b)), difference.cmp(&Decimal::ZERO));
        }

        #[test]
        fn floats_from_a_tenth_come_back(value in 0.1..1e20_f64) {
            prop_assert_eq!(Decimal::from_f64(value).unwrap().to_f64().to_bits(), value.to_bits());
        }

        #[test]
        fn parsing_never_panics(text in "[-+.0-9eE ]{0,60}|.*") {
            if let Ok(number) = text.parse::<Decimal>() {
                prop_assert_eq!(number.to_string().parse(), Ok(number));
            }
        }
    }
}
