//! Looking into stored JSON without parsing it: where a member stands, and what the bytes are with another value there.
//!
//! Stored objects are compact, so members follow each other without white space.

use std::ops::Range;

use bytes::Bytes;

/// Where the value stands that `path` leads to. `None` if there is none.
pub(crate) fn find(json: &[u8], path: &[&str]) -> Option<Range<usize>> {
    let (name, deeper) = path.split_first()?;
    let (_, value) = members(json).find(|(key, _)| &json[key.clone()] == name.as_bytes())?;
    if deeper.is_empty() {
        return Some(value);
    }
    let inner = find(&json[value.clone()], deeper)?;
    Some(value.start + inner.start..value.start + inner.end)
}

/// The bytes with `new` in place of `range`.
pub(crate) fn replace(json: &[u8], range: Range<usize>, new: &[u8]) -> Bytes {
    let mut spliced = Vec::with_capacity(json.len() - range.len() + new.len());
    spliced.extend_from_slice(&json[..range.start]);
    spliced.extend_from_slice(new);
    spliced.extend_from_slice(&json[range.end..]);
    spliced.into()
}

/// The members of an object: where the key stands, without quotes, and the value.
pub(crate) fn members(json: &[u8]) -> impl Iterator<Item = (Range<usize>, Range<usize>)> + '_ {
    let mut at = usize::from(json.first() == Some(&b'{'));
    std::iter::from_fn(move || {
        if at == 0 || json.get(at) != Some(&b'"') {
            return None;
        }
        let key = at + 1..end_of_string(json, at)? - 1;
        let value = key.end + 2..end_of_value(json, key.end + 2)?;
        at = if json.get(value.end) == Some(&b',') { value.end + 1 } else { 0 };
        Some((key, value))
    })
}

/// Behind the closing quote of the string that begins at `at`.
fn end_of_string(json: &[u8], mut at: usize) -> Option<usize> {
    at += 1;
    loop {
        match json.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Behind the value that begins at `at`.
fn end_of_value(json: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match json.get(at)? {
            b'"' => {
                at = end_of_string(json, at)?;
                if depth == 0 {
                    return Some(at);
                }
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(&["a"], Some("1"))]
    #[case(&["b"], Some(r#"{"a":["}",{"c":"\"}"}],"d":null}"#))]
    #[case(&["b", "d"], Some("null"))]
    #[case(&["b", "a"], Some(r#"["}",{"c":"\"}"}]"#))]
    #[case(&["e"], Some(r#""x\\""#))]
    #[case(&["f"], Some("{}"))]
    #[case(&["g"], Some("[]"))]
    #[case(&["h"], Some("true"))]
    #[case(&["d"], None)]
    #[case(&["a", "x"], None)]
    #[case(&["f", "x"], None)]
    #[case(&[], None)]
    fn members_are_found_by_path(#[case] path: &[&str], #[case] found: Option<&str>) {
        let json = r#"{"a":1,"b":{"a":["}",{"c":"\"}"}],"d":null},"e":"x\\","f":{},"g":[],"h":true}"#;
        assert_eq!(find(json.as_bytes(), path).map(|range| &json[range]), found);
    }

    #[rstest]
    #[case("")]
    #[case("{")]
    #[case(r#"{"a"#)]
    #[case(r#"{"a":"#)]
    #[case(r#"{"a":{"b":["#)]
    #[case("[1]")]
    fn what_is_no_object_has_no_members(#[case] json: &str) {
        assert_eq!(find(json.as_bytes(), &["a"]), None);
    }

    #[test]
    fn values_are_replaced() {
        let json = br#"{"m":{"v":""},"n":1}"#;
        let range = find(json, &["m", "v"]).unwrap();
        assert_eq!(replace(json, range, b"\"7\""), r#"{"m":{"v":"7"},"n":1}"#);
    }
}
