//! JSON patches, JSON merge patches and strategic merge patches: pure functions from an object and a patch to an object.

mod strategic;

use json_patch::PatchOperation;
use serde_json::Value;

use crate::kubernetes::schema::Cursor;
use crate::kubernetes::schema::golang::{plain, type_name};
use crate::kubernetes::schema::strict::{self, MAX_DEPTH};
use crate::kubernetes::status::{Cause, Details, Status};

pub(crate) use strategic::strategic;

const MAX_OPERATIONS: usize = 10_000;

/// How many bytes of JSON the copies of one patch may amount to: copying a copy doubles it.
const MAX_COPIED: usize = 3 << 20;

/// An object after a patch.
#[derive(Debug)]
pub(crate) struct Patched {
    pub(crate) object: Value,
    /// What a strict decoder complains about in the patch.
    pub(crate) complaints: Vec<String>,
    /// What messages show if the object cannot be: it, or the patch in a strategic merge.
    pub(crate) shown: Option<String>,
}

/// The object after a JSON patch (RFC 6902).
///
/// # Errors
///
/// 400 for what is no patch, 413 for more than ten thousand operations, 422 for operations that fail.
pub(crate) fn json(target: &Value, patch: &[u8]) -> Result<Value, Status> {
    read_json(target, patch).map(|patched| patched.object)
}

/// The same, with complaints.
///
/// # Errors
///
/// As [`json`].
pub(crate) fn read_json(target: &Value, patch: &[u8]) -> Result<Patched, Status> {
    let bad = |why: String| Status::bad_request(format!("error decoding patch: {why}"));
    let strict::Parsed { value: patch, complaints, .. } =
        strict::parse_json(patch).map_err(|error| bad(error.to_string()))?;
    let mut complaints: Vec<_> = complaints.into_iter().map(|complaint| format!("json patch {complaint}")).collect();
    let operations = match patch {
        Value::Array(operations) => operations,
        Value::Null => Vec::new(),
        other => {
            let sent = type_name(&other);
            return Err(bad(format!("json: cannot unmarshal {sent} into Go value of type []handlers.jsonPatchOp")));
        }
    };
    for (index, operation) in operations.iter().enumerate() {
        if !operation.is_object() && !operation.is_null() {
            let sent = type_name(operation);
            return Err(bad(format!("json: cannot unmarshal {sent} into Go value of type handlers.jsonPatchOp")));
        }
        let unknown = operation.as_object().into_iter().flatten().map(|(name, _)| name);
        for name in unknown.filter(|name| !matches!(name.as_str(), "op" | "path" | "from" | "value")) {
            complaints.push(format!("json patch unknown field \"[{index}].{name}\""));
        }
        for name in ["op", "path", "from"] {
            if let Some(value) = operation.get(name).filter(|value| !value.is_string() && !value.is_null()) {
                let sent = type_name(value);
                return Err(bad(format!(
                    "json: cannot unmarshal {sent} into Go struct field jsonPatchOp.{name} of type string"
                )));
            }
        }
    }
    if operations.len() > MAX_OPERATIONS {
        let count = operations.len();
        let message = format!(
            "Request entity too large: The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {count}"
        );
        return Err(Status::new(413, "RequestEntityTooLarge", message));
    }
    let mut object = target.clone();
    let mut copied = 0;
    for operation in operations {
        apply(&mut object, operation, &mut copied).ok_or_else(failed)?;
    }
    Ok(Patched { object, complaints, shown: None })
}

/// The object after the JSON merge patch in a body.
///
/// # Errors
///
/// 400 for what is no patch.
pub(crate) fn read_merge(target: &Value, patch: &[u8]) -> Result<Patched, Status> {
    let bad = |why: &dyn std::fmt::Display| Status::bad_request(format!("error decoding patch: {why}"));
    let parsed = strict::parse_json(patch).map_err(|error| bad(&error))?;
    match parsed.value {
        Value::Object(_) => {
            let object = merge(target.clone(), parsed.value);
            Ok(Patched { object, complaints: parsed.complaints, shown: None })
        }
        Value::Null => Err(Status::bad_request("Invalid JSON Patch")),
        other => Err(bad(&no_map(&other))),
    }
}

/// The object after the strategic merge patch in a body.
///
/// # Errors
///
/// As [`strategic`], and 400 for what is no patch.
pub(crate) fn read_strategic(schema: Cursor<'_>, target: &Value, patch: &[u8]) -> Result<Patched, Status> {
    let parsed = strict::parse_json(patch).map_err(|error| Status::bad_request(error.to_string()))?;
    let (patch, complaints) = (parsed.value, parsed.complaints);
    let shown = plain(&patch);
    let object = match patch {
        Value::Object(_) => {
            let object = strategic(schema, target.clone(), patch)?;
            if let Some(why) = strategic::unfit(schema, &object) {
                let cause = Cause::invalid("patch", &Value::from(shown), why);
                return Err(Status::invalid("", "", "", vec![cause]));
            }
            object
        }
        Value::Null => target.clone(),
        other => return Err(Status::bad_request(no_map(&other))),
    };
    Ok(Patched { object, complaints, shown: Some(shown) })
}

fn no_map(value: &Value) -> String {
    format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", type_name(value))
}

fn failed() -> Status {
    Status::new(422, "Invalid", "the server rejected our request due to an error in our request")
        .with(Details::default())
}

/// Does one operation; `None` if it fails.
fn apply(object: &mut Value, operation: Value, copied: &mut usize) -> Option<()> {
    let Value::Object(mut fields) = operation else { return None };
    if matches!(fields.get("op")?.as_str()?, "add" | "replace" | "test") {
        // A value that is not there is null.
        fields.entry("value").or_insert(Value::Null);
    }
    for name in ["path", "from"] {
        if let Some(path) = fields.get(name).and_then(Value::as_str) {
            let adds = name == "path" && matches!(fields.get("op")?.as_str()?, "add" | "copy" | "move");
            let path = resolved(object, path, adds)?;
            fields.insert(name.to_owned(), Value::String(path));
        }
    }
    if fields.get("op")?.as_str()? == "replace" && is_entry(object, fields.get("path")?.as_str()?) {
        fields.insert("op".to_owned(), Value::from("add"));
    }
    let operation: PatchOperation = serde_json::from_value(Value::Object(fields)).ok()?;
    let room = MAX_DEPTH.checked_sub(operation.path().count())?;
    match &operation {
        PatchOperation::Test(test) if test.value.is_null() && object.pointer(test.path.as_str()).is_none() => {
            return Some(());
        }
        PatchOperation::Copy(copy) => {
            *copied += object.pointer(copy.from.as_str())?.to_string().len();
            (*copied <= MAX_COPIED && shallow(object.pointer(copy.from.as_str())?, room)).then_some(())?;
        }
        PatchOperation::Move(moved) => shallow(object.pointer(moved.from.as_str())?, room).then_some(())?,
        PatchOperation::Add(add) => shallow(&add.value, room).then_some(())?,
        PatchOperation::Replace(replace) => shallow(&replace.value, room).then_some(())?,
        _ => {}
    }
    json_patch::patch_unsafe(object, &[operation]).ok()
}

/// A path as the standard writes it: positions count from the end if they are negative, and whatever stands before the first slash is ignored.
fn resolved(object: &Value, path: &str, adds: bool) -> Option<String> {
    if path.is_empty() {
        return Some(String::new());
    }
    let (_, path) = path.split_once('/')?;
    let steps: Vec<_> = path.split('/').collect();
    let mut plain = String::new();
    for (index, step) in steps.iter().enumerate() {
        let items = object.pointer(&plain).and_then(Value::as_array);
        let back = step.strip_prefix('-').and_then(|digits| digits.parse::<usize>().ok());
        let step = match (items, back) {
            (Some(items), Some(back)) => {
                let end = items.len() + usize::from(adds && index + 1 == steps.len());
                end.checked_sub(back)?.to_string()
            }
            _ => (*step).to_owned(),
        };
        plain = plain + "/" + &step;
    }
    Some(plain)
}

/// Whether the path leads to an entry of a map: those are replaced even if they are not there.
fn is_entry(object: &Value, path: &str) -> bool {
    path.rsplit_once('/').and_then(|(parent, _)| object.pointer(parent)).is_some_and(Value::is_object)
}

/// Whether at most `room` levels are nested.
fn shallow(value: &Value, room: usize) -> bool {
    match value {
        Value::Array(items) => room > 0 && items.iter().all(|item| shallow(item, room - 1)),
        Value::Object(fields) => room > 0 && fields.values().all(|field| shallow(field, room - 1)),
        _ => true,
    }
}

/// The object after a JSON merge patch (RFC 7396).
pub(crate) fn merge(mut target: Value, patch: Value) -> Value {
    json_patch::merge(&mut target, &patch);
    target
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({"data": {"a": "1", "list": ["x"]}})
    }

    #[rstest]
    #[case("[]", json!({"a": "1", "list": ["x"]}))]
    #[case("null", json!({"a": "1", "list": ["x"]}))]
    #[case(r#"[{"op":"replace","path":"/data/b","value":"2"}]"#, json!({"a": "1", "b": "2", "list": ["x"]}))]
    #[case(r#"[{"op":"add","path":"/data/list/-1","value":"y"},{"op":"replace","path":"/data/list/-2","value":"z"}]"#, json!({"a": "1", "list": ["z", "y"]}))]
    #[case(r#"[{"op":"remove","path":"/data/list/-1"}]"#, json!({"a": "1", "list": []}))]
    #[case(r#"[{"op":"add","path":"/data/b"}]"#, json!({"a": "1", "b": null, "list": ["x"]}))]
    #[case(r#"[{"op":"add","path":"/data/list/-","value":"y"}]"#, json!({"a": "1", "list": ["x", "y"]}))]
    #[case(r#"[{"op":"add","path":"/data/list/0","value":"y"}]"#, json!({"a": "1", "list": ["y", "x"]}))]
    #[case(r#"[{"op":"test","path":"/data/z","value":null},{"op":"move","from":"/data/a","path":"/data/b"}]"#, json!({"b": "1", "list": ["x"]}))]
    #[case(r#"[{"op":"copy","from":"/data/list","path":"/data/c"},{"op":"remove","path":"/data/list/0"}]"#, json!({"a": "1", "c": ["x"], "list": []}))]
    fn json_patches(#[case] patch: &str, #[case] data: Value) {
        assert_eq!(json(&object(), patch.as_bytes()).unwrap()["data"], data);
    }

    #[rstest]
    #[case(
        "{}",
        400,
        "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
    )]
    #[case(
        "[5]",
        400,
        "error decoding patch: json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"
    )]
    #[case(
        r#"[{"op":5}]"#,
        400,
        "error decoding patch: json: cannot unmarshal number into Go struct field jsonPatchOp.op of type string"
    )]
    #[case("[", 400, "error decoding patch: unexpected end of JSON input")]
    #[case(r#"[{"op":"foo","path":"/data/a"}]"#, 422, "the server rejected our request due to an error in our request")]
    #[case(
        r#"[{"op":"test","path":"/data/a","value":"2"}]"#,
        422,
        "the server rejected our request due to an error in our request"
    )]
    #[case(
        r#"[{"op":"remove","path":"/data/z"}]"#,
        422,
        "the server rejected our request due to an error in our request"
    )]
    #[case(r#"[{"op":"add","value":"x"}]"#, 422, "the server rejected our request due to an error in our request")]
    #[case(
        r#"[{"op":"add","path":"/x/y","value":"x"}]"#,
        422,
        "the server rejected our request due to an error in our request"
    )]
    fn json_patches_that_fail(#[case] patch: &str, #[case] code: u16, #[case] message: &str) {
        let status = json(&object(), patch.as_bytes()).unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (code, message));
    }

    #[test]
    fn complaints_about_a_patch() {
        let patch = br#"[{"op":"add","path":"/data/b","value":"x","foo":1,"op":"add"}]"#;
        let complaints = read_json(&object(), patch).unwrap().complaints;
        assert_eq!(complaints, [r#"json patch duplicate field "[0].op""#, r#"json patch unknown field "[0].foo""#]);
        let patched = read_merge(&object(), br#"{"data":{"a":"1","a":"2"}}"#).unwrap();
        assert_eq!((patched.object["data"]["a"].as_str(), patched.complaints.len()), (Some("2"), 1));
    }

    #[rstest]
    #[case("null", "Invalid JSON Patch")]
    #[case("[]", "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}")]
    #[case("{", "error decoding patch: unexpected end of JSON input")]
    fn no_merge_patches(#[case] patch: &str, #[case] message: &str) {
        assert_eq!(read_merge(&object(), patch.as_bytes()).unwrap_err(), Status::bad_request(message));
    }

    #[test]
    fn patches_are_bounded() {
        let many = json!(vec![json!({"op": "test", "path": "/data/a", "value": "1"}); 10_001]);
        let status = json(&object(), many.to_string().as_bytes()).unwrap_err();
        assert_eq!(status.code, 413);
        assert!(status.message.ends_with("operations in a JSON patch is 10000, got 10001"));
        let deeper = json!(vec![json!({"op": "copy", "from": "/data", "path": "/data/list/0"}); 10_000]);
        assert_eq!(json(&object(), deeper.to_string().as_bytes()).unwrap_err().code, 422, "nesting");
        let doubling: Vec<_> =
            (0..64).map(|n| json!({"op": "copy", "from": "/data", "path": format!("/b{n}")})).collect();
        assert!(json(&json!({"data": "x".repeat(10_000)}), json!(doubling).to_string().as_bytes()).is_ok());
        let big = json!({"data": "x".repeat(100_000)});
        assert_eq!(json(&big, json!(doubling).to_string().as_bytes()).unwrap_err().code, 422, "copies");
    }

    #[test]
    fn merge_patches_remove_what_is_null() {
        let patch = json!({"data": {"a": null, "b": {"c": null, "d": 1}, "list": ["y"]}});
        assert_eq!(merge(object(), patch), json!({"data": {"b": {"d": 1}, "list": ["y"]}}));
    }
}
