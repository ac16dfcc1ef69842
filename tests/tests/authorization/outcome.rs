//! An answer as one word of the table.

use primehub_tests::Answer;
use serde_json::Value;

/// What came back for the field at `pointer`: `ok`, `empty` (a list), `null`, `absent` (the object that should have the field), or a code, with
/// the HTTP status before it if that is not 200.
pub(crate) fn outcome(answer: &Answer, pointer: &str) -> String {
    // A list has one error for each of its rows.
    let mut codes = answer.codes();
    codes.dedup();
    let code = codes.join(" ");
    if answer.status != 200 {
        return format!("{} {code}", answer.status);
    }
    let data = &answer.body["data"];
    let (parent, _) = pointer.rsplit_once('/').unwrap();
    let shape = match data.pointer(pointer) {
        _ if data.pointer(parent).is_none_or(Value::is_null) => "absent",
        None => panic!("the answer lacks {pointer}: {}", answer.text),
        Some(Value::Null) => "null",
        Some(Value::Array(rows)) if rows.is_empty() => "empty",
        Some(_) => "ok",
    };
    match (code.as_str(), shape) {
        ("", shape) => shape.to_owned(),
        (code, "null" | "absent") => code.to_owned(),
        (code, shape) => format!("{shape} with {code}"),
    }
}
