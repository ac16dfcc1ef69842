//! Spans of time as Go writes them: `1h30m`, `500ms`.

const UNITS: [&str; 8] = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];

/// Checks that `text` is such a span.
///
/// # Errors
///
/// What Go says of it if not.
pub(crate) fn check(text: &str) -> Result<(), String> {
    let invalid = || format!("time: invalid duration {text:?}");
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let split = |text: &str, end: fn(char) -> bool| -> usize { text.find(end).unwrap_or(text.len()) };
    while !rest.is_empty() {
        let (number, behind) = rest.split_at(split(rest, |letter| !letter.is_ascii_digit() && letter != '.'));
        if number.matches('.').count() > 1 || !number.contains(|letter: char| letter.is_ascii_digit()) {
            return Err(invalid());
        }
        let (unit, behind) = behind.split_at(split(behind, |letter| letter.is_ascii_digit() || letter == '.'));
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {text:?}"));
        }
        if !UNITS.contains(&unit) {
            return Err(format!("time: unknown unit {unit:?} in duration {text:?}"));
        }
        rest = behind;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::check;

    #[rstest]
    #[case("0", "")]
    #[case("-1.5h", "")]
    #[case("1h30m.5s", "")]
    #[case("x", r#"time: invalid duration "x""#)]
    #[case("", r#"time: invalid duration """#)]
    #[case("1.2.3s", r#"time: invalid duration "1.2.3s""#)]
    #[case("5", r#"time: missing unit in duration "5""#)]
    #[case("1x", r#"time: unknown unit "x" in duration "1x""#)]
    fn spans_are_read_as_go_reads_them(#[case] text: &str, #[case] refusal: &str) {
        assert_eq!(check(text).err().unwrap_or_default(), refusal);
    }
}
