//! Reads objects in the protobuf form of the Kubernetes API, by the field numbers of the schema. Nothing is ever written in it.
//!
//! A body is `k8s`, a zero byte, and a message with the type of the object and the object.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::strict::MAX_DEPTH;
use super::{Cursor, Shape, Struct};

/// Why bytes are no object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for Malformed {}

const END: Malformed = Malformed("unexpected EOF");

/// Reads an object of this type, with its `apiVersion` and `kind`.
pub(crate) fn decode(schema: Cursor<'_>, body: &[u8]) -> Result<Value, Malformed> {
    if body.is_empty() {
        return Err(Malformed("empty data"));
    }
    let why = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]";
    let body = body.strip_prefix(b"k8s\0").ok_or(Malformed(why))?;
    if body.is_empty() {
        return Err(Malformed("empty body"));
    }
    let (mut object, mut header) = (json!({}), Map::new());
    for field in fields(body) {
        match field? {
            (1, Wire::Bytes(bytes)) => {
                for field in fields(bytes) {
                    match field? {
                        (1, Wire::Bytes(text)) => header.insert("apiVersion".to_owned(), text_of(text)),
                        (2, Wire::Bytes(text)) => header.insert("kind".to_owned(), text_of(text)),
                        _ => None,
                    };
                }
            }
            (2, Wire::Bytes(bytes)) => object = message(schema, bytes, MAX_DEPTH)?,
            _ => {}
        }
    }
    if let Value::Object(fields) = &mut object {
        fields.extend(header);
    }
    Ok(object)
}

/// One value as it is sent.
#[derive(Clone, Copy, Debug)]
enum Wire<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    Double(f64),
    Other,
}

/// The fields of a message: number and value each.
fn fields(mut rest: &[u8]) -> impl Iterator<Item = Result<(u64, Wire<'_>), Malformed>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let field = field(&mut rest);
        if field.is_err() {
            rest = &[];
        }
        Some(field)
    })
}

fn field<'a>(rest: &mut &'a [u8]) -> Result<(u64, Wire<'a>), Malformed> {
    let tag = varint(rest)?;
    let mut take = |length: usize| -> Result<&'a [u8], Malformed> {
        let (taken, left) = rest.split_at_checked(length).ok_or(END)?;
        *rest = left;
        Ok(taken)
    };
    let wire = match tag & 7 {
        0 => Wire::Number(varint(rest)?),
        1 => Wire::Double(f64::from_le_bytes(take(8)?.try_into().map_err(|_| END)?)),
        2 => {
            let length = usize::try_from(varint(rest)?).map_err(|_| END)?;
            let (taken, left) = rest.split_at_checked(length).ok_or(END)?;
            *rest = left;
            Wire::Bytes(taken)
        }
        5 => {
            take(4)?;
            Wire::Other
        }
        _ => return Err(Malformed("proto: illegal wireType")),
    };
    Ok((tag >> 3, wire))
}

fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, left) = rest.split_first().ok_or(END)?;
        *rest = left;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed("proto: integer overflow"))
}

fn text_of(bytes: &[u8]) -> Value {
    Value::String(String::from_utf8_lossy(bytes).into_owned())
}

fn message(schema: Cursor<'_>, bytes: &[u8], room: usize) -> Result<Value, Malformed> {
    let mut object = Map::new();
    if let Shape::Struct(types) = schema.shape() {
        read_fields(schema, types, bytes, room, &mut object)?;
    }
    Ok(Value::Object(object))
}

fn read_fields(
    schema: Cursor<'_>,
    types: &Struct,
    bytes: &[u8],
    room: usize,
    object: &mut Map<String, Value>,
) -> Result<(), Malformed> {
    let room = room.checked_sub(1).ok_or(Malformed("exceeded max depth"))?;
    let numbered = |number: u64| types.fields.iter().find(|(_, field)| field.number.map(u64::from) == Some(number));
    for field in fields(bytes) {
        let (number, wire) = field?;
        let Some((name, field)) = numbered(number) else { continue };
        let child = schema.at(field.node);
        match (child.shape(), wire) {
            (Shape::Struct(inner), Wire::Bytes(bytes)) if field.inline => {
                read_fields(child, inner, bytes, room, object)?;
            }
            (Shape::List { item, .. }, wire) => {
                let value = value(schema.at(*item), wire, room)?;
                match object.entry(name.to_string()).or_insert_with(|| Value::Array(Vec::new())) {
                    Value::Array(items) => items.push(value),
                    other => *other = value,
                }
            }
            (Shape::Map(item), Wire::Bytes(bytes)) => {
                let (mut key, mut entry) = (String::new(), None);
                for field in fields(bytes) {
                    match field? {
                        (1, Wire::Bytes(text)) => key = String::from_utf8_lossy(text).into_owned(),
                        (2, wire) => entry = Some(map_entry(schema.at(*item), wire, room)?),
                        _ => {}
                    }
                }
                let entry = entry.unwrap_or_else(|| absent(schema.at(*item).shape()));
                if let Value::Object(entries) = object.entry(name.to_string()).or_insert_with(|| json!({})) {
                    entries.insert(key, entry);
                }
            }
            (_, wire) => {
                let value = value(child, wire, room)?;
                // Go writes what is empty, too, where it is no pointer.
                let empty = matches!(&value, Value::String(text) if text.is_empty()) || value.is_null();
                if field.required || !empty {
                    object.insert(name.to_string(), value);
                }
            }
        }
    }
    Ok(())
}

/// Lists within maps are messages of their own, with the items as field 1.
fn map_entry(schema: Cursor<'_>, wire: Wire<'_>, room: usize) -> Result<Value, Malformed> {
    match (schema.shape(), wire) {
        (Shape::List { item, .. }, Wire::Bytes(bytes)) => {
            let item = schema.at(*item);
            let items = fields(bytes).filter_map(|field| match field {
                Ok((1, wire)) => Some(value(item, wire, room)),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            });
            items.collect::<Result<Vec<_>, _>>().map(Value::Array)
        }
        _ => value(schema, wire, room),
    }
}

/// What a map entry without value stands for.
fn absent(shape: &Shape) -> Value {
    match shape {
        Shape::String | Shape::Bytes => json!(""),
        Shape::List { .. } => json!([]),
        Shape::Quantity => json!("0"),
        _ => json!({}),
    }
}

fn value(schema: Cursor<'_>, wire: Wire<'_>, room: usize) -> Result<Value, Malformed> {
    Ok(match (schema.shape(), wire) {
        (Shape::Boolean, Wire::Number(number)) => json!(number != 0),
        (Shape::Int32 | Shape::Int64, Wire::Number(number)) => json!(number.cast_signed()),
        (Shape::Double, Wire::Double(number)) => json!(number),
        (Shape::String, Wire::Bytes(bytes)) => text_of(bytes),
        (Shape::Bytes, Wire::Bytes(bytes)) => json!(STANDARD.encode(bytes)),
        (Shape::Struct(_), Wire::Bytes(bytes)) => message(schema, bytes, room)?,
        (Shape::Quantity, Wire::Bytes(bytes)) => match first(bytes, 1)? {
            Some(Wire::Bytes(text)) => text_of(text),
            _ => json!("0"),
        },
        (Shape::Any, Wire::Bytes(bytes)) => match first(bytes, 1)? {
            Some(Wire::Bytes(raw)) => {
                super::strict::parse_json(raw).map_err(|_| Malformed("malformed JSON in a raw field"))?.value
            }
            _ => Value::Null,
        },
        (Shape::IntOrString, Wire::Bytes(bytes)) => match first(bytes, 1)? {
            Some(Wire::Number(1)) => match first(bytes, 3)? {
                Some(Wire::Bytes(text)) => text_of(text),
                _ => json!(""),
            },
            _ => match first(bytes, 2)? {
                Some(Wire::Number(number)) => json!(number.cast_signed()),
                _ => json!(0),
            },
        },
        (Shape::Time { micro }, Wire::Bytes(bytes)) => time(bytes, *micro)?,
        _ => return Err(Malformed("proto: wrong wireType")),
    })
}

/// The last field of this number.
fn first(bytes: &[u8], wanted: u64) -> Result<Option<Wire<'_>>, Malformed> {
    let mut found = None;
    for field in fields(bytes) {
        let (number, wire) = field?;
        if number == wanted {
            found = Some(wire);
        }
    }
    Ok(found)
}

/// A time; `null` for the zero one, which Go writes as no message at all.
fn time(bytes: &[u8], micro: bool) -> Result<Value, Malformed> {
    let number = |wanted| -> Result<i64, Malformed> {
        Ok(match first(bytes, wanted)? {
            Some(Wire::Number(number)) => number.cast_signed(),
            _ => 0,
        })
    };
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let nanos = i32::try_from(number(2)?).unwrap_or_default();
    let time = jiff::Timestamp::new(number(1)?, nanos).map_err(|_| Malformed("proto: a time is out of range"))?;
    Ok(json!(time.strftime(if micro { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" }).to_string()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds::builtin;

    /// A field of bytes.
    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        let mut length = content.len();
        let mut field = vec![number << 3 | 2];
        while length > 127 {
            field.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
            length >>= 7;
        }
        field.push(u8::try_from(length).unwrap());
        [field, content.to_vec()].concat()
    }

    fn number(number: u8, value: u8) -> Vec<u8> {
        vec![number << 3, value]
    }

    fn read(kind: &str, object: &[u8]) -> Result<Value, Malformed> {
        let found = builtin().into_iter().find(|other| &*other.kind == kind && &*other.version == "v1").unwrap();
        let header = [bytes(1, b"v1"), bytes(2, kind.as_bytes())].concat();
        let body = [b"k8s\0".to_vec(), bytes(1, &header), bytes(2, object)].concat();
        decode(found.schema.root(), &body)
    }

    #[test]
    fn maps_times_and_bytes() {
        let metadata = [
            bytes(1, b"n"),
            bytes(3, b""),
            bytes(8, &number(1, 60)),
            bytes(11, &[bytes(1, b"k"), bytes(2, b"")].concat()),
        ];
        let secret = [
            bytes(1, &metadata.concat()),
            bytes(2, &[bytes(1, b"a"), bytes(2, b"\xff\0")].concat()),
            bytes(3, b"Opaque"),
        ];
        let expected = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": {"a": "/wA="},
            "metadata": {"name": "n", "creationTimestamp": "1970-01-01T00:01:00Z", "labels": {"k": ""}},
        });
        assert_eq!(read("Secret", &secret.concat()).unwrap(), expected);
    }

    #[test]
    fn quantities_ports_and_embedded_messages() {
        let limits = bytes(1, &[bytes(1, b"cpu"), bytes(2, &bytes(1, b"500m"))].concat());
        let probe = bytes(
            1,
            &bytes(2, &[bytes(1, b"/"), bytes(2, &[number(1, 0), number(2, 80), bytes(3, b"")].concat())].concat()),
        );
        let port = [number(3, 80), bytes(4, b"TCP"), bytes(1, b"")].concat();
        let container = [bytes(1, b"c"), bytes(6, &port), bytes(8, &limits), bytes(10, &probe)].concat();
        let volume = [bytes(1, b"v"), bytes(2, &bytes(2, &bytes(1, b"")))].concat();
        let pod = bytes(2, &[bytes(1, &volume), bytes(2, &container)].concat());
        let spec = &read("Pod", &pod).unwrap()["spec"];
        assert_eq!(spec["containers"][0]["resources"], json!({"limits": {"cpu": "500m"}}));
        assert_eq!(spec["containers"][0]["ports"], json!([{"containerPort": 80, "protocol": "TCP"}]));
        assert_eq!(spec["containers"][0]["livenessProbe"], json!({"httpGet": {"path": "/", "port": 80}}));
        assert_eq!(spec["volumes"], json!([{"name": "v", "emptyDir": {}}]));
    }

    #[rstest]
    #[case::no_protobuf(b"{}")]
    #[case::cut(b"k8s\0\x12\x05ab")]
    #[case::endless_number(b"k8s\0\x12\x0c\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")]
    #[case::unknown_wire_type(b"k8s\0\x0f")]
    #[case::length_beyond_memory(b"k8s\0\x12\xff\xff\xff\xff\xff\xff\xff\xff\x7f")]
    #[case::number_for_a_message(b"k8s\0\x12\x02\x08\x01")]
    fn malformed(#[case] body: &[u8]) {
        let pod = builtin().into_iter().find(|kind| &*kind.kind == "Pod").unwrap();
        assert!(decode(pod.schema.root(), body).is_err());
    }
}
