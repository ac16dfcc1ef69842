//! The formats of texts and numbers that a schema can name.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex::Regex;

/// The format, if it means something for values of these types; others are ignored, as by the real server.
pub(super) fn known<'a>(format: &'a str, types: &[&str]) -> Option<&'a str> {
    let known = match types {
        ["integer"] => matches!(format, "int32" | "int64"),
        ["number"] => matches!(format, "float" | "double"),
        [] | ["string"] | [_, _, ..] => TEXTS.contains(&format.replace('-', "").as_str()),
        _ => false,
    };
    known.then_some(format)
}

const TEXTS: [&str; 26] = [
    "bsonobjectid",
    "byte",
    "cidr",
    "creditcard",
    "date",
    "datetime",
    "duration",
    "email",
    "hexcolor",
    "hostname",
    "ipv4",
    "ipv6",
    "isbn",
    "isbn10",
    "isbn13",
    "k8slongname",
    "k8sshortname",
    "mac",
    "password",
    "rgbcolor",
    "ssn",
    "uri",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
];

/// Whether a text has this format.
pub(super) fn is(format: &str, text: &str) -> bool {
    match format.replace('-', "").as_str() {
        "byte" => text.len().is_multiple_of(4) && STANDARD.decode(text).is_ok(),
        "date" => date(text),
        "datetime" => date_time(text),
        "duration" => nanoseconds(text).is_some(),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => cidr(text),
        "email" => email(text),
        "uri" => text.starts_with('/') || url::Url::parse(text).is_ok(),
        "hostname" => text.len() <= 255 && text.split('.').all(|part| part.len() <= 63) && matches("hostname", text),
        "isbn" => isbn(text, 10) || isbn(text, 13),
        "isbn10" => isbn(text, 10),
        "isbn13" => isbn(text, 13),
        "creditcard" => luhn(text),
        "k8sshortname" => text.len() <= 63 && matches("k8sshortname", text),
        "k8slongname" => text.len() <= 253 && matches("k8slongname", text),
        name => matches(name, text),
    }
}

/// Formats that are patterns. A format without one accepts everything (`password`).
fn matches(name: &str, text: &str) -> bool {
    static PATTERNS: LazyLock<Vec<(&str, Regex)>> = LazyLock::new(|| {
        let patterns = [
            ("bsonobjectid", "^[0-9a-fA-F]{24}$"),
            ("hexcolor", "^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
            (
                "hostname",
                r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$",
            ),
            ("k8sshortname", "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"),
            ("k8slongname", r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"),
            (
                "mac",
                r"(?i)^([0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{2}([:-][0-9a-f]{2}){7}|[0-9a-f]{2}([:-][0-9a-f]{2}){19}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{4}(\.[0-9a-f]{4}){3}|[0-9a-f]{4}(\.[0-9a-f]{4}){9})$",
            ),
            (
                "rgbcolor",
                r"^rgb\(\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*,\s*(0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5])\s*\)$",
            ),
            ("ssn", r"^[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}$"),
            ("uuid", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
            ("uuid3", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$"),
            ("uuid4", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
            ("uuid5", "(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$"),
        ];
        patterns.into_iter().filter_map(|(name, pattern)| Some((name, Regex::new(pattern).ok()?))).collect()
    });
    PATTERNS.iter().find(|(known, _)| *known == name).is_none_or(|(_, pattern)| pattern.is_match(text))
}

fn date(text: &str) -> bool {
    text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

/// RFC 3339, with any character before the fraction, as the real server reads it.
fn date_time(text: &str) -> bool {
    static LAYOUT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new("^([^T]*)T([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})$").ok()
    });
    let text = text.to_ascii_uppercase();
    let Some(parts) = LAYOUT.as_ref().and_then(|layout| layout.captures(&text)) else { return false };
    date(&parts[1]) && &parts[2] <= "23" && &parts[3] <= "59" && &parts[4] <= "59"
}

/// A duration as Go writes it (`1h30m`), or numbers with words (`2 hours 22 seconds`), where the last of the words is a beginning.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    const UNITS: [(&[&str], i64); 8] = [
        (&["ns", "nano"], 1),
        (&["us", "µs", "micro"], 1_000),
        (&["ms", "milli"], 1_000_000),
        (&["s", "sec"], 1_000_000_000),
        (&["m", "min"], 60_000_000_000),
        (&["h", "hr", "hour"], 3_600_000_000_000),
        (&["d", "day"], 86_400_000_000_000),
        (&["w", "wk", "week"], 604_800_000_000_000),
    ];
    static PART: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("([0-9]+)[\\t\\n\\f\\r ]*([A-Za-zµ]+)").ok());
    go_duration(text).or_else(|| {
        let mut total = None;
        for part in PART.as_ref()?.captures_iter(text) {
            let (number, word) = (part[1].parse::<i64>().ok()?, part[2].to_lowercase());
            let means = |names: &[&str]| {
                names.contains(&word.as_str()) || names.last().is_some_and(|last| word.starts_with(last))
            };
            if let Some((_, factor)) = UNITS.iter().find(|(names, _)| means(names)) {
                total = Some(total.unwrap_or(0_i64).saturating_add(number.saturating_mul(*factor)));
            }
        }
        total
    })
}

fn go_duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0_f64;
    while !rest.is_empty() {
        let number =
            &rest[..rest.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(rest.len())];
        rest = &rest[number.len()..];
        let unit =
            &rest[..rest.find(|character: char| character.is_ascii_digit() || character == '.').unwrap_or(rest.len())];
        rest = &rest[unit.len()..];
        let factor = match unit {
            "ns" => 1.0,
            "us" | "µs" | "μs" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 6e10,
            "h" => 3.6e12,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked against the range")]
    (total < 9.2e18).then_some(if negative { -total as i64 } else { total as i64 })
}

fn cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address {
        address if address.parse::<Ipv4Addr>().is_ok() => 32,
        address if address.parse::<Ipv6Addr>().is_ok() => 128,
        _ => return false,
    };
    bits.bytes().all(|byte| byte.is_ascii_digit()) && bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

fn email(text: &str) -> bool {
    let address = text.strip_suffix('>').and_then(|text| text.rsplit_once('<')).map_or(text, |(_, address)| address);
    address.rsplit_once('@').is_some_and(|(local, domain)| {
        let plain = |part: &str, more: &str| {
            part.split('.').all(|atom| {
                !atom.is_empty()
                    && atom.chars().all(|character| {
                        character.is_alphanumeric() || !character.is_ascii() || more.contains(character)
                    })
            })
        };
        plain(local, "!#$%&'*+-/=?^_`{|}~") && (plain(domain, "!#$%&'*+-/=?^_`{|}~"))
    })
}

fn isbn(text: &str, length: usize) -> bool {
    let digits: Vec<u32> = text
        .chars()
        .filter(|character| !matches!(character, '-' | ' '))
        .enumerate()
        .map(
            |(index, character)| {
                if index == 9 && character == 'X' && length == 10 { 10 } else { character.to_digit(10).unwrap_or(99) }
            },
        )
        .collect();
    if digits.len() != length || digits.contains(&99) {
        return false;
    }
    let weighted = digits.iter().zip(0_u32..);
    if length == 10 {
        weighted.map(|(digit, index)| digit * (index + 1)).sum::<u32>() % 11 == 0
    } else {
        weighted.map(|(digit, index)| digit * if index % 2 == 0 { 1 } else { 3 }).sum::<u32>() % 10 == 0
    }
}

fn luhn(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|character| character.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, digit)| match (index % 2, digit * 2) {
            (0, _) => *digit,
            (_, double) if double > 9 => double - 9,
            (_, double) => double,
        })
        .sum();
    (13..=16).contains(&digits.len()) && sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{is, nanoseconds};

    #[rstest]
    #[case("date", &["2026-01-31"], &["2026-02-30", "2026-1-1", "x", "2026-01-31T00:00:00Z"])]
    #[case("date-time", &["2014-12-15T19:30:20.000Z", "2026-01-01T00:00:00+01:00"], &["2026-01-01", "x", "2026-01-01T25:00:00Z", "2026-01-01T00:60:00Z"])]
    #[case("duration", &["1h30m", "22 ns", "0", "1.5s", "3 days"], &["", "1", "x", "1y"])]
    #[case("ipv4", &["10.0.0.1"], &["10.0.0", "::1"])]
    #[case("ipv6", &["::1"], &["10.0.0.1"])]
    #[case("cidr", &["10.0.0.0/8", "fe80::/64"], &["10.0.0.0/33", "10.0.0.0"])]
    #[case("email", &["a@b.c", "A B <a@b.c>"], &["a", "@b", "a@"])]
    #[case("uri", &["http://a/b", "/a"], &["a", ""])]
    #[case("hostname", &["a", "a.example.com"], &["-a", "a..b", "a_b"])]
    #[case("uuid", &["123e4567-e89b-12d3-a456-426614174000"], &["x"])]
    #[case("byte", &["", "YQ=="], &["a"])]
    #[case("isbn", &["0321751043", "978-0321751041"], &["0321751042"])]
    #[case("creditcard", &["4111 1111 1111 1111"], &["4111 1111 1111 1112"])]
    #[case("k8s-short-name", &["a-b"], &["a.b", "A"])]
    #[case("mac", &["01:23:45:67:89:ab"], &["01:23"])]
    #[case("password", &["anything"], &[])]
    fn formats(#[case] format: &str, #[case] good: &[&str], #[case] bad: &[&str]) {
        for text in good {
            assert!(is(format, text), "{text:?} is a {format}");
        }
        for text in bad {
            assert!(!is(format, text), "{text:?} is no {format}");
        }
    }

    #[test]
    fn durations_have_lengths() {
        assert_eq!(nanoseconds("1h1m1.5s"), Some(3_661_500_000_000));
        assert_eq!(nanoseconds("-2ms"), Some(-2_000_000));
        assert_eq!(nanoseconds("2 seconds"), Some(2_000_000_000));
    }
}
