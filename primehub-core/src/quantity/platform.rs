//! The platform's own reading of memory and capacities, in which `G` means GiB.
//!
//! Instance types, group quotas and volume capacities have been written as `<n>G` since the first release, and every part of
//! the platform reads that as GiB. Inside pods quantities mean what Kubernetes says; there [`Quantity`] reads them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::decimal::Decimal;
use super::kubernetes::{Quantity, QuantityFormat};
use super::number::{Number, ParseQuantityError, from_text_or_number};

impl Quantity {
    /// The memory of an instance type: as Kubernetes reads it, except that a trailing `K`, `M` or `G` means `Ki`, `Mi` or `Gi`.
    /// A number without suffix is bytes.
    ///
    /// The result prints, and is written to a pod, with the binary suffix.
    ///
    /// # Errors
    /// As parsing a [`Quantity`].
    pub fn parse_platform_memory(text: &str) -> Result<Self, ParseQuantityError> {
        let text = text.trim();
        if text.ends_with(['K', 'M', 'G']) { format!("{text}i").parse() } else { text.parse() }
    }
}

/// A capacity or memory limit counted in G, which is GiB: what users and groups have as attributes, written `<n>G`.
///
/// Exact to 10^-18 G, and at most 10^11 G in size, so that its bytes can always be told. It may be negative, as stored limits
/// may be; limits that a client sends should be checked with [`Decimal::is_negative`].
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CapacityG(Decimal);

impl CapacityG {
    /// A capacity of so many G.
    ///
    /// # Errors
    /// When it is out of range.
    pub fn new(gigabytes: Decimal) -> Result<Self, ParseQuantityError> {
        if gigabytes.attos().unsigned_abs() > MOST_ATTOS.unsigned_abs() {
            return Err(ParseQuantityError::out_of_range(&format!("{gigabytes}G")));
        }
        Ok(Self(gigabytes))
    }

    /// The capacity in G; the number that GraphQL clients send and read.
    #[must_use]
    pub const fn gigabytes(self) -> Decimal {
        self.0
    }

    /// The capacity in bytes, to the nearest millionth of a byte, printing with a binary suffix (`20Gi`).
    ///
    /// Finer than any quota counts, and coarse enough that bytes which were read as G come out as the same bytes.
    #[must_use]
    pub const fn bytes(self) -> Quantity {
        // 10^29 x 2^30 fits.
        let millionths = nearest(self.0.attos() * BYTES_PER_G, ATTOS_PER_MILLIONTH);
        Quantity::from_nanos(millionths * NANOS_PER_MILLIONTH, QuantityFormat::BinarySi)
    }
}

/// Reads `20G`, `20Gi` and `20` as 20 G, and every other quantity as bytes under [`Quantity::parse_platform_memory`]:
/// `512Mi` is 0.5 G.
impl FromStr for CapacityG {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let malformed = || ParseQuantityError::malformed(text, "a capacity, such as 20G or 10.5G");
        let out_of_range = || ParseQuantityError::out_of_range(text);
        let number = Number::split(text).ok_or_else(malformed)?;
        let gigabytes = match number.suffix {
            "" | "G" | "Gi" => Decimal::from_number(number, 0),
            _ => match number.exponent() {
                Some(exponent) => Decimal::from_number(number, exponent),
                None => Quantity::parse_platform_memory(text)
                    .map_err(|error| match error {
                        ParseQuantityError::Malformed { .. } => malformed(),
                        ParseQuantityError::OutOfRange { .. } => out_of_range(),
                    })?
                    .nanos()
                    .checked_mul(ATTOS_PER_NANO)
                    .map(|scaled| Decimal::from_attos(nearest(scaled, BYTES_PER_G))),
            },
        };
        Self::new(gigabytes.ok_or_else(out_of_range)?).map_err(|_| out_of_range())
    }
}

/// `<n>G` with the shortest decimal number: `20G`, `10.5G`, never `20.0G`.
impl fmt::Display for CapacityG {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}G", self.0)
    }
}

impl fmt::Debug for CapacityG {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CapacityG({self})")
    }
}

impl TryFrom<Decimal> for CapacityG {
    type Error = ParseQuantityError;

    fn try_from(gigabytes: Decimal) -> Result<Self, Self::Error> {
        Self::new(gigabytes)
    }
}

impl Serialize for CapacityG {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a string, or from a number of G.
impl<'de> Deserialize<'de> for CapacityG {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer)
    }
}

const BYTES_PER_G: i128 = 1 << 30;
const ATTOS_PER_NANO: i128 = 1_000_000_000;
const ATTOS_PER_MILLIONTH: i128 = 1_000_000_000_000;
const NANOS_PER_MILLIONTH: i128 = 1000;
const MOST_ATTOS: i128 = 100_000_000_000 * 1_000_000_000_000_000_000;

/// The whole number nearest to `dividend / divisor`, halves upwards.
const fn nearest(dividend: i128, divisor: i128) -> i128 {
    let floor = dividend.div_euclid(divisor);
    let rest = dividend.rem_euclid(divisor);
    if rest >= divisor - rest { floor + 1 } else { floor }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    fn capacity(text: &str) -> CapacityG {
        text.parse().unwrap()
    }

    #[rstest]
    #[case::giga("1G", "1Gi")]
    #[case::mega("2M", "2Mi")]
    #[case::kilo("3K", "3Ki")]
    #[case::binary("1Gi", "1Gi")]
    #[case::fraction("1.5G", "1536Mi")]
    #[case::blanks(" 2G ", "2Gi")]
    #[case::bytes("1073741824", "1073741824")]
    #[case::kubernetes_kilo("3k", "3k")]
    #[case::kubernetes_tera("1T", "1T")]
    fn memory_of_instance_types(#[case] text: &str, #[case] printed: &str) {
        let memory = Quantity::parse_platform_memory(text).unwrap();
        assert_eq!(memory.to_string(), printed);
    }

    #[rstest]
    #[case::no_number("G")]
    #[case::exponent_and_suffix("1e3G")]
    #[case::bytes("1GB")]
    #[case::inner_blank("1 G")]
    #[case::empty("")]
    fn other_texts_are_no_memory(#[case] text: &str) {
        assert!(Quantity::parse_platform_memory(text).is_err());
        assert!(text.parse::<CapacityG>().is_err());
    }

    #[rstest]
    #[case::platform("20G", "20G", "20Gi")]
    #[case::kubernetes("20Gi", "20G", "20Gi")]
    #[case::bare("20", "20G", "20Gi")]
    #[case::fraction("10.5G", "10.5G", "10752Mi")]
    #[case::no_decimals("20.0G", "20G", "20Gi")]
    #[case::bare_fraction("0.5", "0.5G", "512Mi")]
    #[case::exponent("2e1", "20G", "20Gi")]
    #[case::mebibytes("512Mi", "0.5G", "512Mi")]
    #[case::platform_megabytes("512M", "0.5G", "512Mi")]
    #[case::tebibytes("1Ti", "1024G", "1Ti")]
    #[case::zero("0G", "0G", "0")]
    #[case::negative("-1G", "-1G", "-1Gi")]
    #[case::tenth("0.1G", "0.1G", "107374182400m")]
    #[case::kibibyte("1Ki", "0.000000953674316406G", "1Ki")]
    #[case::kubernetes_terabyte("1T", "931.322574615478515625G", "976562500Ki")]
    #[case::many_digits("0.3333333333333333G", "0.3333333333333333G", "357913941333333u")]
    #[case::most("100000000000", "100000000000G", "97656250Ti")]
    fn capacities(#[case] text: &str, #[case] printed: &str, #[case] bytes: &str) {
        assert_eq!(capacity(text).to_string(), printed);
        assert_eq!(capacity(text).bytes().to_string(), bytes);
        assert_eq!(capacity(printed), capacity(text));
    }

    #[rstest]
    #[case::word("lots")]
    #[case::unit_first("G20")]
    #[case::two_numbers("20G20")]
    #[case::negative_word("-G")]
    fn malformed_capacities(#[case] text: &str) {
        let error = text.parse::<CapacityG>().unwrap_err();
        assert!(matches!(error, ParseQuantityError::Malformed { .. }), "{error}");
        assert!(error.to_string().ends_with("is not a capacity, such as 20G or 10.5G"), "{error}");
    }

    #[rstest]
    #[case::above("100000000000.1G")]
    #[case::below("-100000000001")]
    #[case::exponent("1e999999999")]
    #[case::kubernetes("170141183461E")]
    #[case::too_large_in_g("1000000000Ei")]
    fn capacities_out_of_range(#[case] text: &str) {
        assert!(matches!(text.parse::<CapacityG>(), Err(ParseQuantityError::OutOfRange { .. })));
    }

    #[test]
    fn json_holds_text_and_may_hold_numbers() {
        assert_eq!(serde_json::to_string(&capacity("20.0G")).unwrap(), r#""20G""#);
        assert_eq!(serde_json::from_str::<CapacityG>("10.5").unwrap(), capacity("10.5G"));
        assert_eq!(serde_json::from_str::<CapacityG>(r#""20Gi""#).unwrap(), capacity("20"));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(attos in -MOST_ATTOS..=MOST_ATTOS) {
            let capacity = CapacityG::new(Decimal::from_attos(attos)).unwrap();
            prop_assert_eq!(capacity.to_string().parse::<CapacityG>(), Ok(capacity));
        }

        #[test]
        fn bytes_survive_being_counted_in_g(millionths in -(1_i128 << 80)..1 << 80) {
            let bytes = Quantity::from_nanos(millionths * 1000, QuantityFormat::DecimalSi);
            let text = format!("{millionths}u");
            prop_assert_eq!(text.parse::<CapacityG>().unwrap().bytes(), bytes);
        }

        #[test]
        fn parsing_never_panics(text in "[-+]?[0-9]{0,30}\\.?[0-9]{0,30}(|[KMGT]i?|[eE][-+]?[0-9]{1,9})|.*") {
            if let Ok(capacity) = text.parse::<CapacityG>() {
                prop_assert_eq!(capacity.to_string().parse::<CapacityG>(), Ok(capacity));
                let _ = capacity.bytes().to_string();
            }
        }
    }
}
