//! Tables: what `kubectl get` prints.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Include, write_full, write_metadata};
use crate::kubernetes::kinds::{Cell, Column, Kind, cells, json_path};

/// The columns, if they are to be named, and the beginning of the rows.
pub(super) fn write_head(out: &mut Vec<u8>, kind: &Kind, named: bool) {
    let column = |column: &Column| {
        json!({
            "name": column.name, "type": column.column_type, "format": column.format, "description": column.description,
            "priority": column.priority,
        })
    };
    let columns = if named { Value::Array(kind.columns.iter().map(column).collect()) } else { Value::Null };
    out.extend_from_slice(format!(r#","columnDefinitions":{columns},"rows":["#).as_bytes());
}

/// An object's row. Cells are computed from the object as it is kept.
pub(super) fn write_row(out: &mut Vec<u8>, kind: &Kind, raw: &[u8], include: Include, version: &str, now: Timestamp) {
    let object: Value = serde_json::from_slice(raw).unwrap_or_default();
    let cells: Value = kind.columns.iter().map(|column| cell(column, &object, now)).collect();
    out.extend_from_slice(format!(r#"{{"cells":{cells},"object":"#).as_bytes());
    match include {
        Include::None => out.extend_from_slice(b"null"),
        Include::Metadata => write_metadata(out, raw, version),
        Include::Object => write_full(out, kind, raw, true),
    }
    out.push(b'}');
}

fn cell(column: &Column, object: &Value, now: Timestamp) -> Value {
    match &column.cell {
        Cell::Computed(name) => cells::cell(name, object, now),
        Cell::Path(path) => {
            json_path::get(object, path).map_or(Value::Null, |value| typed(&column.column_type, value, now))
        }
    }
}

/// A value as the type of its column wants it; nothing if it is of another one.
fn typed(column_type: &str, value: Value, now: Timestamp) -> Value {
    match (column_type, value) {
        ("string", value @ (Value::String(_) | Value::Null))
        | ("number", value @ Value::Number(_))
        | ("boolean", value @ Value::Bool(_)) => value,
        ("string", value) => value.to_string().into(),
        ("integer", Value::Number(number)) => {
            #[expect(clippy::cast_possible_truncation, reason = "as a real server does")]
            let whole = number.as_i64().or_else(|| number.as_f64().map(|number| number as i64));
            whole.into()
        }
        ("date", value @ Value::String(_)) => cells::since(&value, now).into(),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("string", json!("a"), json!("a"))]
    #[case("string", json!(1), json!("1"))]
    #[case("integer", json!(3), json!(3))]
    #[case("integer", json!(2.9), json!(2))]
    #[case("integer", json!("3"), json!(null))]
    #[case("number", json!(2.5), json!(2.5))]
    #[case("boolean", json!(true), json!(true))]
    #[case("boolean", json!("true"), json!(null))]
    #[case("date", json!("2026-01-01T00:00:00Z"), json!("60s"))]
    #[case("date", json!(null), json!(null))]
    fn cells_have_the_type_of_their_column(#[case] column_type: &str, #[case] value: Value, #[case] expected: Value) {
        assert_eq!(typed(column_type, value, "2026-01-01T00:01:00Z".parse().unwrap()), expected);
    }
}
