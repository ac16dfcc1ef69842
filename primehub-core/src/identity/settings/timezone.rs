//! The time zones that clients may choose, each with one fixed offset.
//!
//! The offsets are constants that clients show beside the name. They know no daylight saving and are on purpose not computed from a
//! time zone database, so that one name always answers one number.

use super::timezone_table::OFFSETS;

/// A time zone of the list that the console offers and the spawner reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timezone {
    /// IANA name, such as `Asia/Taipei`.
    pub name: &'static str,
    /// Hours east of Greenwich, without daylight saving.
    pub offset_hours: f64,
}

/// Every time zone, from west to east.
pub fn all() -> impl Iterator<Item = Timezone> {
    OFFSETS.iter().flat_map(|&(offset_hours, names)| {
        names.split_ascii_whitespace().map(move |name| Timezone { name, offset_hours })
    })
}

/// The time zone of exactly that name; names outside the list are not accepted anywhere.
#[must_use]
pub fn find(name: &str) -> Option<Timezone> {
    all().find(|zone| zone.name == name)
}

/// The time zone that a platform shows as long as nobody has chosen one, for the offset of the machine it runs on.
///
/// It is the first name with that offset, except that 8 hours mean `Asia/Taipei`, as clients know it. An offset that no name has, such
/// as the 12.75 hours of the Chatham Islands, reads as the one of Greenwich.
#[must_use]
pub fn default_for_offset(hours: f64) -> Timezone {
    let same = |zone: &Timezone| (zone.offset_hours - hours).abs() < SMALLEST_DIFFERENCE;
    find(EIGHT_HOURS).filter(same).or_else(|| all().find(same)).unwrap_or(GREENWICH)
}

/// The name that stands for an offset of 8 hours.
const EIGHT_HOURS: &str = "Asia/Taipei";

/// The first name with an offset of 0.
const GREENWICH: Timezone = Timezone { name: "Africa/Abidjan", offset_hours: 0.0 };

/// Offsets are multiples of a quarter of an hour.
const SMALLEST_DIFFERENCE: f64 = 0.125;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::utc(0.0, "Africa/Abidjan")]
    #[case::the_exception(8.0, "Asia/Taipei")]
    #[case::first_of_several(-8.0, "America/Anchorage")]
    #[case::half_an_hour(5.5, "Asia/Colombo")]
    #[case::three_quarters(5.75, "Asia/Katmandu")]
    #[case::westmost(-11.0, "Pacific/Niue")]
    #[case::eastmost(14.0, "Pacific/Kiritimati")]
    #[case::nobody_has_it(-12.0, "Africa/Abidjan")]
    #[case::no_number(f64::NAN, "Africa/Abidjan")]
    fn an_offset_has_a_default(#[case] hours: f64, #[case] name: &str) {
        assert_eq!(default_for_offset(hours).name, name);
    }

    #[rstest]
    #[case("Asia/Taipei", Some(8.0))]
    #[case("UTC", Some(0.0))]
    #[case("America/St_Johns", Some(-2.5))]
    #[case("Asia/Tehran", Some(4.5))]
    #[case("America/Argentina/Buenos_Aires", Some(-3.0))]
    #[case::case_matters("asia/taipei", None)]
    #[case::newer_name("Asia/Kolkata", None)]
    #[case::empty("", None)]
    fn a_name_has_one_offset(#[case] name: &str, #[case] offset: Option<f64>) {
        assert_eq!(find(name).map(|zone| zone.offset_hours), offset);
    }

    #[test]
    fn the_list_is_complete_and_every_name_stands_in_it_once() {
        let names: BTreeSet<_> = all().map(|zone| zone.name).collect();
        assert_eq!((all().count(), names.len(), OFFSETS.len()), (257, 257, 33));
        assert!(OFFSETS.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(find(GREENWICH.name), Some(GREENWICH));
    }
}
