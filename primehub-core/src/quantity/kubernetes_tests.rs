use std::collections::HashSet;

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn quantity(text: &str) -> Quantity {
    text.parse().unwrap()
}

/// Thousandths of a core, byte or device that are charged.
#[rstest]
#[case::q01("500m", 500)]
#[case::q02("1.5", 1_500)]
#[case::q03("2", 2_000)]
#[case::q05("0.1", 100)]
#[case::q06("100u", 1)]
#[case::q07("1500000n", 2)]
#[case::q08("1k", 1_000_000)]
#[case::q09("1e3", 1_000_000)]
#[case::q10("5e-1", 500)]
#[case::q11("2.0005", 2_001)]
#[case::q12("1Gi", 1_073_741_824_000)]
#[case::q13("1.5Gi", 1_610_612_736_000)]
#[case::q14("1536Mi", 1_610_612_736_000)]
#[case::q15("512Mi", 536_870_912_000)]
#[case::q16("256Ki", 262_144_000)]
#[case::q17("1G", 1_000_000_000_000)]
#[case::q18("512M", 512_000_000_000)]
#[case::q19("256k", 256_000_000)]
#[case::q20("1073741824", 1_073_741_824_000)]
#[case::q21("134217728k", 134_217_728_000_000)]
#[case::q22("1Ti", 1_099_511_627_776_000)]
#[case::q23("1T", 1_000_000_000_000_000)]
#[case::q24("2Pi", 2_251_799_813_685_248_000)]
#[case::q25("1E", 1_000_000_000_000_000_000_000)]
#[case::q26("1e9", 1_000_000_000_000)]
#[case::q27("12E6", 12_000_000_000)]
#[case::q28("1E3", 1_000_000)]
#[case::q29("128974848000m", 128_974_848_000)]
#[case::q30("1500m", 1_500)]
#[case::q31(".5Gi", 536_870_912_000)]
#[case::q32("1.Gi", 1_073_741_824_000)]
#[case::q33("+1Gi", 1_073_741_824_000)]
#[case::q34("-1Gi", 0)]
#[case::q35("0.1Gi", 107_374_182_400)]
#[case::q36("12345.678Ki", 12_641_974_272)]
#[case::q37("8Ei", 9_223_372_036_854_775_807_000)]
#[case::q39(" 1Gi ", 1_073_741_824_000)]
#[case::q40("1k", 1_000_000)]
#[case::nothing("0", 0)]
#[case::least("1n", 1)]
#[case::most("100000000000E", 9_223_372_036_854_775_807_000)]
fn quotas_are_charged_in_thousandths(#[case] text: &str, #[case] millis: u128) {
    assert_eq!(quantity(text).charged_millis(), millis);
}

#[rstest]
#[case::empty("")]
#[case::blank(" ")]
#[case::capital_k("1K")]
#[case::bytes("1GB")]
#[case::longer_suffix("1Gii")]
#[case::exponent_without_digits("1e")]
#[case::exponent_and_suffix("1e3Gi")]
#[case::inner_blank("1 Gi")]
#[case::hexadecimal("0x10")]
#[case::only_a_suffix("Gi")]
#[case::only_a_point(".")]
#[case::only_a_sign("+")]
#[case::two_points("1.2.3")]
#[case::comma("1,5")]
#[case::micro_sign("1µ")]
#[case::lower_case("1gi")]
#[case::milli_binary("1mi")]
#[case::underscore("1_000")]
#[case::not_a_number("NaN")]
fn other_texts_are_malformed(#[case] text: &str) {
    let error = text.parse::<Quantity>().unwrap_err();
    assert!(matches!(error, ParseQuantityError::Malformed { .. }), "{error}");
}

#[rstest]
#[case::exponent("1e999999999")]
#[case::endless_exponent("1e99999999999999999999999")]
#[case::suffix("170141183461E")]
#[case::binary_suffix("147573952590Ei")]
#[case::long(&"9".repeat(1_000_000))]
fn large_values_are_out_of_range(#[case] text: &str) {
    let error = text.parse::<Quantity>().unwrap_err();
    assert!(matches!(error, ParseQuantityError::OutOfRange { .. }), "{error}");
    assert!(error.to_string().len() < 300);
}

#[rstest]
#[case::sub_nano("0.1n", 1)]
#[case::negative_sub_nano("-0.1n", -1)]
#[case::far_below("1e-999999999", 1)]
#[case::zero_with_exponent("0e999999999", 0)]
#[case::binary_fraction("0.0000000000000000000001Ei", 115_293)]
#[case::rounded_up("1.0000000001", 1_000_000_001)]
fn finer_values_are_rounded_away_from_zero(#[case] text: &str, #[case] nanos: i128) {
    assert_eq!(quantity(text).nanos(), nanos);
}

#[test]
fn equality_order_and_hash_go_by_value() {
    assert_eq!(quantity("1Gi"), quantity("1024Mi"));
    assert_eq!(HashSet::from([quantity("1000m"), quantity("1"), quantity("1e0")]).len(), 1);
    assert!(quantity("1G") < quantity("1Gi"));
    assert!(quantity("-1") < quantity("1n"));
}

#[test]
fn the_text_stays_until_the_value_changes() {
    let stored = quantity(" 1.50Gi ");
    assert_eq!(stored.text(), "1.50Gi");
    assert_eq!(serde_json::to_string(&stored).unwrap(), r#""1.50Gi""#);
    assert_eq!(stored.clone().text(), "1.50Gi");
    assert_eq!(stored.checked_mul(2).unwrap().text(), "3Gi");
}

#[test]
fn json_numbers_are_quantities() {
    let read = |json: &str| serde_json::from_str::<Quantity>(json);
    assert_eq!(read("2").unwrap(), quantity("2"));
    assert_eq!(read("-2").unwrap(), quantity("-2"));
    assert_eq!(read("0.1").unwrap(), quantity("100m"));
    assert_eq!(read("1e9").unwrap(), quantity("1G"));
    assert_eq!(read(r#"" 1Gi ""#).unwrap(), quantity("1Gi"));
    assert!(read("1e300").is_err());
    assert!(read("null").is_err());
    assert!(read(r#""1 Gi""#).is_err());
}

#[rstest]
#[case::same_family("1Gi", "512Mi", "1536Mi")]
#[case::left_family("1Gi", "1024", "1048577Ki")]
#[case::other_family("1G", "1Gi", "2073741824")]
#[case::zero_takes_the_other("0", "1Gi", "1Gi")]
#[case::exponent("1e3", "1", "1001")]
#[case::decimal_cores("100m", "0.2", "300m")]
fn sums_print_in_the_family_of_the_left(#[case] left: &str, #[case] right: &str, #[case] sum: &str) {
    let total = quantity(left).checked_add(&quantity(right)).unwrap();
    assert_eq!(total.to_string(), sum);
    assert_eq!(total.checked_sub(&quantity(right)).unwrap(), quantity(left));
}

#[test]
fn arithmetic_ends_at_the_range() {
    let most = Quantity::from_nanos(i128::MAX, QuantityFormat::DecimalSi);
    let least = Quantity::from_nanos(i128::MIN, QuantityFormat::BinarySi);
    assert_eq!(most.checked_add(&quantity("1n")), None);
    assert_eq!(least.checked_sub(&quantity("1n")), None);
    assert_eq!(least.checked_mul(-1), None);
    assert_eq!(most.to_decimal(), None);
    assert_eq!(least.to_string().parse::<Quantity>(), Ok(least.clone()));
    assert_eq!(least.charged_millis(), 0);
}

#[rstest]
#[case("1.5", 2)]
#[case("2", 2)]
#[case("-1.5", -1)]
#[case("0.1Gi", 107_374_183)]
fn whole_units_are_rounded_up(#[case] text: &str, #[case] units: i128) {
    assert_eq!(quantity(text).ceil(), units);
}

#[test]
fn values_convert_to_decimal_numbers() {
    assert_eq!(quantity("1500m").to_decimal().map(|number| number.to_string()).as_deref(), Some("1.5"));
    assert_eq!(Quantity::from_units(3, QuantityFormat::DecimalSi), quantity("3"));
}

fn any_format() -> impl Strategy<Value = QuantityFormat> {
    use QuantityFormat::{BinarySi, DecimalExponent, DecimalSi};
    proptest::sample::select(vec![DecimalSi, BinarySi, DecimalExponent])
}

/// Values of all sizes, many of them divisible by powers of 1000 and 1024.
fn any_nanos() -> impl Strategy<Value = i128> {
    let round = (any::<i32>(), 0_u32..6, 0_u32..5)
        .prop_map(|(base, ten, two)| i128::from(base) * 1000_i128.pow(ten) * 1024_i128.pow(two) / 8);
    prop_oneof![any::<i128>(), any::<i64>().prop_map(i128::from), round]
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(nanos in any_nanos(), format in any_format()) {
        let printed = Quantity::from_nanos(nanos, format).to_string();
        prop_assert_eq!(printed.parse::<Quantity>().map(|read| read.nanos()), Ok(nanos));
    }

    #[test]
    fn order_agrees_with_arithmetic(a: i64, b: i64, c: i64) {
        let [a, b, c] = [a, b, c].map(|n| Quantity::from_units(n, QuantityFormat::DecimalSi));
        let zero = Quantity::from_units(0, QuantityFormat::DecimalSi);
        prop_assert_eq!(a.cmp(&b), a.checked_sub(&b).unwrap().cmp(&zero));
        prop_assert_eq!(a.cmp(&b), a.checked_add(&c).unwrap().cmp(&b.checked_add(&c).unwrap()));
    }

    #[test]
    fn parsing_never_panics_and_keeps_the_text(text in "[-+]?[0-9]{0,30}\\.?[0-9]{0,40}(|[numkMGTPE]|[KMGTPE]i|[eE][-+]?[0-9]{1,12})|.*") {
        if let Ok(read) = text.parse::<Quantity>() {
            prop_assert_eq!(read.text(), text.trim());
            prop_assert_eq!(read.to_string().parse::<Quantity>(), Ok(read.clone()));
            let json = serde_json::to_string(&read).unwrap();
            let again: Quantity = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(again.text(), read.text());
        }
    }
}
