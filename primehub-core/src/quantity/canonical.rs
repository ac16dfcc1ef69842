//! The one text that Kubernetes prints for a quantity.

use super::kubernetes::QuantityFormat;

/// The canonical text of a value in 10^-9: a whole number, no precision lost, the largest suffix of the family.
pub(super) fn canonical(nanos: i128, format: QuantityFormat) -> String {
    if nanos == 0 {
        return "0".to_owned();
    }
    let sign = if nanos < 0 { "-" } else { "" };
    let magnitude = nanos.unsigned_abs();
    // Binary suffixes have no fractions, and below 1024 none of them applies.
    if format == QuantityFormat::BinarySi && magnitude >= 1024 * NANOS && magnitude.is_multiple_of(NANOS) {
        let (number, steps) = divided(magnitude / NANOS, 1024, BINARY.len() - 1);
        return format!("{sign}{number}{}", BINARY[steps]);
    }
    if format == QuantityFormat::DecimalExponent {
        let (number, steps) = divided(magnitude, 1000, usize::MAX);
        return match steps {
            0 => format!("{sign}{number}e-9"),
            1 => format!("{sign}{number}e-6"),
            2 => format!("{sign}{number}e-3"),
            3 => format!("{sign}{number}"),
            _ => format!("{sign}{number}e{}", (steps - 3) * 3),
        };
    }
    let (number, steps) = divided(magnitude, 1000, DECIMAL.len() - 1);
    format!("{sign}{number}{}", DECIMAL[steps])
}

/// How often `number`, which is not 0, can be divided by `factor` without rest, at most `limit` times; and what remains.
fn divided(mut number: u128, factor: u128, limit: usize) -> (u128, usize) {
    let mut steps = 0;
    while steps < limit && number.is_multiple_of(factor) {
        number /= factor;
        steps += 1;
    }
    (number, steps)
}

const NANOS: u128 = 1_000_000_000;
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use crate::quantity::Quantity;

    // What an API server answers for the same manifests.
    #[rstest]
    #[case::zero("0", "0")]
    #[case::zero_bytes("0Gi", "0")]
    #[case::negative_zero("-0", "0")]
    #[case::next_binary_suffix("1024Gi", "1Ti")]
    #[case::no_fraction("1.5Gi", "1536Mi")]
    #[case::largest_suffix("1048576Ki", "1Gi")]
    #[case::not_divisible("1025Mi", "1025Mi")]
    #[case::bytes_as_binary("1025Ki", "1025Ki")]
    #[case::below_1024("0.5Ki", "512")]
    #[case::fraction_of_a_byte("0.1Gi", "107374182400m")]
    #[case::negative_binary("-2048Mi", "-2Gi")]
    #[case::beyond_the_suffixes("2048Ei", "2048Ei")]
    #[case::thousand("1000", "1k")]
    #[case::bytes_divisible_by_1000("134217728000", "134217728k")]
    #[case::half("0.5", "500m")]
    #[case::tenth("0.1", "100m")]
    #[case::one_and_a_half("1.5", "1500m")]
    #[case::no_suffix("2", "2")]
    #[case::milli("2000m", "2")]
    #[case::micro("100u", "100u")]
    #[case::nano("1500000n", "1500u")]
    #[case::finer_than_nano("0.0000000001", "1n")]
    #[case::memory_in_milli("128974848000m", "128974848")]
    #[case::large_decimal("1000P", "1E")]
    #[case::decimal_beyond_the_suffixes("1000E", "1000E")]
    #[case::exponent("1e9", "1e9")]
    #[case::exponent_in_steps_of_three("12E7", "120e6")]
    #[case::exponent_zero("5e0", "5")]
    #[case::negative_exponent("5e-1", "500e-3")]
    #[case::exponent_micro("1e-5", "10e-6")]
    #[case::exponent_nano("1e-9", "1e-9")]
    #[case::exponent_above_exa("1e21", "1e21")]
    fn quantities_print_canonically(#[case] text: &str, #[case] canonical: &str) {
        let quantity: Quantity = text.parse().unwrap();
        assert_eq!(quantity.to_string(), canonical);
        assert_eq!(canonical.parse::<Quantity>().unwrap().to_string(), canonical);
    }
}
