//! Strategic merge: lists merge by the key that the schema names, and directives in the patch say what else is to happen.

use serde_json::{Map, Value};

use crate::kubernetes::schema::golang::{go_type, plain};
use crate::kubernetes::schema::{Cursor, Merge, Shape};
use crate::kubernetes::status::{Details, Status};

type Fields = Map<String, Value>;

const DIRECTIVE: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const DELETE_ITEMS: &str = "$deleteFromPrimitiveList/";
const ORDER: &str = "$setElementOrder/";

/// The object after a strategic merge patch. Both have to be objects.
///
/// # Errors
///
/// 500, as from a real server, for patches that contradict the schema or themselves; 400 and 422 for directives that are malformed.
pub(crate) fn strategic(schema: Cursor<'_>, target: Value, patch: Value) -> Result<Value, Status> {
    let (Value::Object(target), Value::Object(patch)) = (target, patch) else {
        return Err(Status::bad_request("invalid JSON document"));
    };
    merge_fields(Some(schema), target, patch).map(Value::Object)
}

fn merge_fields(schema: Option<Cursor<'_>>, mut original: Fields, mut patch: Fields) -> Result<Fields, Status> {
    if let Some(directive) = patch.get(DIRECTIVE) {
        return match directive.as_str() {
            Some("replace") => {
                patch.remove(DIRECTIVE);
                Ok(patch)
            }
            Some("delete") => Ok(Fields::new()),
            _ => Err(unknown_directive(&patch)),
        };
    }
    retain_keys(&mut original, &mut patch)?;
    set_orders(schema, &mut original, &mut patch)?;
    for (key, value) in patch {
        let (name, deletes) = match key.strip_prefix(DELETE_ITEMS) {
            Some(name) => (name, true),
            None => (key.as_str(), false),
        };
        if value.is_null() {
            original.remove(name);
            continue;
        }
        let Some(before) = original.remove(name) else {
            if !deletes && let Some(value) = without_directives(value, true) {
                original.insert(name.to_owned(), value);
            }
            continue;
        };
        let (rule, child) = rule(schema, name);
        let merged = match (before, value) {
            (Value::Object(before), Value::Object(value)) => Some(Value::Object(merge_fields(child, before, value)?)),
            (Value::Array(before), Value::Array(value)) if deletes => {
                Some(before.into_iter().filter(|item| !value.contains(item)).collect())
            }
            (Value::Array(before), Value::Array(value)) if rule.items => {
                Some(Value::Array(merge_items(child, &rule, before, value)?))
            }
            (Value::Array(_), Value::Array(value)) => Some(Value::Array(value)),
            (before, _) if deletes => Some(before),
            (_, value) => without_directives(value, false),
        };
        if let Some(merged) = merged {
            original.insert(name.to_owned(), merged);
        }
    }
    Ok(original)
}

/// How a field merges, and the type of its fields or of its items' fields.
fn rule<'a>(schema: Option<Cursor<'a>>, name: &str) -> (Merge, Option<Cursor<'a>>) {
    let Some(schema) = schema else { return (Merge::default(), None) };
    let merge = schema.field(name).map(|(field, _)| field.merge.clone()).unwrap_or_default();
    let child = schema.child(name);
    (merge, child.and_then(Cursor::items).map_or(child, |(item, _)| Some(item)))
}

/// Keeps only the fields that `$retainKeys` names.
fn retain_keys(original: &mut Fields, patch: &mut Fields) -> Result<(), Status> {
    let Some(kept) = patch.remove(RETAIN_KEYS) else { return Ok(()) };
    let malformed = || Status::bad_request("invalid patch format of retainKeys");
    let kept = kept.as_array().ok_or_else(malformed)?;
    let is_kept = |name: &str| kept.iter().any(|key| key.as_str() == Some(name));
    let directive = |name: &str| name.starts_with(DELETE_ITEMS) || name.starts_with(ORDER);
    if patch.iter().any(|(name, value)| !value.is_null() && !directive(name) && !is_kept(name)) {
        return Err(malformed());
    }
    original.retain(|name, _| is_kept(name));
    Ok(())
}

/// Merges the lists whose order the patch tells, and brings them into that order.
fn set_orders(schema: Option<Cursor<'_>>, original: &mut Fields, patch: &mut Fields) -> Result<(), Status> {
    let ordered: Vec<String> = patch.keys().filter(|key| key.starts_with(ORDER)).cloned().collect();
    for directive in ordered {
        let name = directive.strip_prefix(ORDER).unwrap_or_default();
        let order = list(patch.remove(&directive))?.unwrap_or_default();
        let before = list(original.get(name).cloned())?;
        let sent = list(patch.get(name).cloned())?;
        let (rule, child) = rule(schema, name);
        check_order(sent.as_deref().unwrap_or_default(), &order, &rule)?;
        let merged = match (before.clone(), sent.clone()) {
            (Some(before), None) => before,
            (None, Some(sent)) => list(without_directives(Value::Array(sent), true))?.unwrap_or_default(),
            (Some(before), Some(sent)) if rule.items => merge_items(child, &rule, before, sent)?,
            (Some(_), Some(sent)) => sent,
            (None, None) => continue,
        };
        let before = before.unwrap_or_default();
        if before.is_empty() && sent.as_ref().is_none_or(Vec::is_empty) {
            return Err(failed("no elements in any of the given slices"));
        }
        let merged = in_order(merged, &order, &before, &rule)?;
        original.insert(name.to_owned(), Value::Array(merged));
        patch.remove(name);
    }
    Ok(())
}

fn list(value: Option<Value>) -> Result<Option<Vec<Value>>, Status> {
    match value {
        None => Ok(None),
        Some(Value::Array(items)) => Ok(Some(items)),
        Some(other) => Err(failed(&format!("expected a []interface {{}}, but received a {}", go_type(&other)))),
    }
}

/// The items of a patch have to stand in the order that it tells.
fn check_order(sent: &[Value], order: &[Value], rule: &Merge) -> Result<(), Status> {
    if sent.is_empty() || order.is_empty() {
        return Ok(());
    }
    let mut wanted = order.iter();
    for item in sent.iter().filter(|item| item.get(DIRECTIVE).is_none()) {
        let key = identity(item, rule)?;
        loop {
            let Some(next) = wanted.next() else {
                let (sent, order) = (plain(&sent.into()), plain(&order.into()));
                return Err(failed(&format!(
                    "The order in patch list:\n{sent}\n doesn't match $setElementOrder list:\n{order}\n"
                )));
            };
            if identity(next, rule)? == key {
                break;
            }
        }
    }
    Ok(())
}

fn merge_items(
    item: Option<Cursor<'_>>,
    rule: &Merge,
    original: Vec<Value>,
    patch: Vec<Value>,
) -> Result<Vec<Value>, Status> {
    let mut types = original.iter().chain(&patch).map(go_type);
    let Some(first) = types.next() else { return Ok(original) };
    if first == "[]interface {}" {
        return Err(Status::new(422, "Invalid", "the server rejected our request due to an error in our request")
            .with(Details::default()));
    }
    if types.any(|other| other != first) {
        let lists = plain(&vec![Value::Array(original), Value::Array(patch)].into());
        return Err(failed(&format!("list element types are not identical: {lists}")));
    }
    let Some(key) = rule.key.as_deref().filter(|_| first.starts_with("map")) else {
        let mut merged: Vec<Value> = Vec::new();
        for item in original.iter().chain(&patch) {
            if !merged.contains(item) {
                merged.push(item.clone());
            }
        }
        return in_order(merged, &patch, &original, rule);
    };
    let mut merged = original.clone();
    let mut changes = Vec::new();
    let mut replace = false;
    for change in patch {
        match change.get(DIRECTIVE) {
            None => changes.push(change),
            Some(directive) => match directive.as_str() {
                Some("delete") => {
                    let deleted = identity(&change, rule)?;
                    merged.retain(|item| item.get(key) != Some(deleted));
                }
                Some("replace") => replace = true,
                Some("merge") => return Err(failed("merging lists cannot yet be specified in the patch")),
                _ => return Err(unknown_directive(change.as_object().unwrap_or(&Fields::new()))),
            },
        }
    }
    if replace {
        return Ok(changes);
    }
    let before = merged.clone();
    for change in &changes {
        let id = identity(change, rule)?;
        match merged.iter_mut().find(|item| item.get(key) == Some(id)) {
            Some(place) => {
                if let (Value::Object(old), Value::Object(new)) = (place.take(), change.clone()) {
                    *place = Value::Object(merge_fields(item, old, new)?);
                }
            }
            None => merged.push(without_directives(change.clone(), false).unwrap_or_default()),
        }
    }
    in_order(merged, &changes, &before, rule)
}

/// What tells an item apart.
fn identity<'a>(item: &'a Value, rule: &Merge) -> Result<&'a Value, Status> {
    let Some(key) = rule.key.as_deref() else { return Ok(item) };
    item.get(key).ok_or_else(|| failed(&format!("map: {} does not contain declared merge key: {key}", plain(item))))
}

/// Items that `order` names stand in that order; the others stay before what followed them, as `before` tells, or else at the end.
fn in_order(items: Vec<Value>, order: &[Value], before: &[Value], rule: &Merge) -> Result<Vec<Value>, Status> {
    let keys = |list: &[Value]| -> Result<Vec<Value>, Status> {
        list.iter().map(|item| identity(item, rule).cloned()).collect()
    };
    let (order, before) = (keys(order)?, keys(before)?);
    let (mut named, mut others) = (Vec::new(), Vec::new());
    for item in items {
        let id = identity(&item, rule)?;
        let place = before.iter().position(|key| key == id);
        match order.iter().position(|key| key == id) {
            Some(wanted) => named.push((wanted, place, item)),
            None => others.push((place, item)),
        }
    }
    named.sort_by_key(|(wanted, ..)| *wanted);
    let mut merged = Vec::new();
    let mut others = others.into_iter().peekable();
    for (_, place, item) in named {
        while let Some((_, other)) = others.next_if(|(other, _)| matches!((other, place), (Some(a), Some(b)) if *a < b))
        {
            merged.push(other);
        }
        merged.push(item);
    }
    merged.extend(others.map(|(_, item)| item));
    Ok(merged)
}

/// What is new may contain directives, too: they go, with the maps that they stand in (but for the outermost).
fn without_directives(value: Value, drop: bool) -> Option<Value> {
    match value {
        Value::Object(fields) if drop && fields.contains_key(DIRECTIVE) => None,
        Value::Object(fields) => {
            let keep = |(key, value): (String, Value)| without_directives(value, true).map(|value| (key, value));
            let directive = |key: &str| key == RETAIN_KEYS || key.starts_with(ORDER) || key.starts_with(DELETE_ITEMS);
            Some(Value::Object(fields.into_iter().filter(|(key, _)| !directive(key)).filter_map(keep).collect()))
        }
        Value::Array(items) => {
            Some(Value::Array(items.into_iter().filter_map(|item| without_directives(item, true)).collect()))
        }
        scalar => Some(scalar),
    }
}

/// Why the merged object is none of its type, in the words of the converter that a real server uses after a strategic merge.
pub(super) fn unfit(schema: Cursor<'_>, value: &Value) -> Option<String> {
    let kind = match value {
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
        scalar => go_type(scalar),
    };
    let is_integer = value.is_i64() || value.is_u64();
    match (schema.shape(), value) {
        (_, Value::Null) => None,
        (Shape::Struct(_) | Shape::Map(_), Value::Object(fields)) => {
            fields.iter().find_map(|(name, value)| unfit(schema.child(name)?, value))
        }
        (Shape::List { item, .. }, Value::Array(items)) => {
            items.iter().find_map(|value| unfit(schema.at(*item), value))
        }
        (Shape::Struct(_), _) => Some(format!("cannot restore struct from: {kind}")),
        (Shape::Map(_), _) => Some(format!("cannot restore map from {kind}")),
        (Shape::List { .. }, _) => Some(format!("cannot restore slice from {kind}")),
        (Shape::String, _) if !value.is_string() => Some(format!("cannot convert {kind} to string")),
        (Shape::Boolean, _) if !value.is_boolean() => Some(format!("cannot convert {kind} to bool")),
        (Shape::Int32, _) if !is_integer => Some(format!("cannot convert {kind} to int32")),
        (Shape::Int64, _) if !is_integer => Some(format!("cannot convert {kind} to int64")),
        _ => None,
    }
}

fn unknown_directive(patch: &Fields) -> Status {
    let directive = patch.get(DIRECTIVE).map(plain).unwrap_or_default();
    failed(&format!("unknown patch type: {directive} in map: {}", plain(&Value::Object(patch.clone()))))
}

/// A real server takes contradictions in a patch for faults of its own.
fn failed(message: &str) -> Status {
    Status::new(500, "", message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::kubernetes::schema::Types;

    const TYPES: &str = "@a.Pod\ncontainers [a.Container]*name~m:name\nfinalizers [s]=~m\nargs [s]\nvolumes [a.Volume]*name~mr:name\nlabels {s}\n\
        @a.Container\nname s\nimage s\nenv [a.Env]*name~m:name\n@a.Env\nname s\nvalue s\n@a.Volume\nname s\nempty obj\nconfig obj\n";

    fn patched(target: Value, patch: Value) -> Result<Value, Status> {
        let types = Arc::new(Types::parse(TYPES).unwrap());
        strategic(types.named("a.Pod").unwrap().root(), target, patch)
    }

    #[rstest]
    #[case::by_key(json!({"containers": [{"name": "a", "image": "1"}, {"name": "b"}]}), json!({"containers": [{"name": "b", "image": "2"}]}),
        json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}]}))]
    #[case::appended(json!({"containers": [{"name": "a"}]}), json!({"containers": [{"name": "b"}]}), json!({"containers": [{"name": "b"}, {"name": "a"}]}))]
    #[case::nested(json!({"containers": [{"name": "a", "env": [{"name": "x", "value": "1"}]}]}), json!({"containers": [{"name": "a", "env": [{"name": "x", "value": "2"}]}]}),
        json!({"containers": [{"name": "a", "env": [{"name": "x", "value": "2"}]}]}))]
    #[case::deleted(json!({"containers": [{"name": "a"}, {"name": "b"}]}), json!({"containers": [{"name": "a", "$patch": "delete"}]}), json!({"containers": [{"name": "b"}]}))]
    #[case::replaced(json!({"containers": [{"name": "a"}, {"name": "b"}]}), json!({"containers": [{"name": "c"}, {"$patch": "replace"}]}), json!({"containers": [{"name": "c"}]}))]
    #[case::map_replaced(json!({"labels": {"a": "1"}}), json!({"labels": {"b": "2", "$patch": "replace"}}), json!({"labels": {"b": "2"}}))]
    #[case::map_deleted(json!({"labels": {"a": "1"}}), json!({"labels": {"$patch": "delete"}}), json!({"labels": {}}))]
    #[case::null(json!({"labels": {"a": "1", "b": "2"}}), json!({"labels": {"a": null}}), json!({"labels": {"b": "2"}}))]
    #[case::atomic(json!({"args": ["a"]}), json!({"args": ["b"]}), json!({"args": ["b"]}))]
    #[case::set(json!({"finalizers": ["a", "b"]}), json!({"finalizers": ["c", "a"]}), json!({"finalizers": ["c", "a", "b"]}))]
    #[case::from_set(json!({"finalizers": ["a", "b"]}), json!({"$deleteFromPrimitiveList/finalizers": ["a", "x"]}), json!({"finalizers": ["b"]}))]
    #[case::order(json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}]}), json!({"$setElementOrder/containers": [{"name": "c"}, {"name": "a"}]}),
        json!({"containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}]}))]
    #[case::order_and_items(json!({"containers": [{"name": "a"}]}), json!({"$setElementOrder/containers": [{"name": "a"}, {"name": "b"}], "containers": [{"name": "b"}]}),
        json!({"containers": [{"name": "a"}, {"name": "b"}]}))]
    #[case::retained(json!({"volumes": [{"name": "v", "empty": {}}]}), json!({"volumes": [{"name": "v", "$retainKeys": ["name", "config"], "config": {"x": 1}}]}),
        json!({"volumes": [{"name": "v", "config": {"x": 1}}]}))]
    #[case::new_with_directives(json!({}), json!({"volumes": [{"name": "v", "$retainKeys": ["name"]}, {"name": "w", "$patch": "delete"}]}), json!({"volumes": [{"name": "v"}]}))]
    fn merges(#[case] target: Value, #[case] patch: Value, #[case] expected: Value) {
        assert_eq!(patched(target, patch).unwrap(), expected);
    }

    #[rstest]
    #[case(json!({"containers": [{"image": "x"}]}), 500, "map: map[image:x] does not contain declared merge key: name")]
    #[case(json!({"labels": {"$patch": "foo"}}), 500, "unknown patch type: foo in map: map[$patch:foo]")]
    #[case(json!({"containers": [{"$patch": "foo", "name": "c"}]}), 500, "unknown patch type: foo in map: map[$patch:foo name:c]")]
    #[case(json!({"containers": [{"$patch": "merge", "name": "c"}]}), 500, "merging lists cannot yet be specified in the patch")]
    #[case(json!({"containers": [5]}), 500, "list element types are not identical: [[map[name:a]] [5]]")]
    #[case(json!({"containers": [{"name": "c", "image": "y"}], "$setElementOrder/containers": [{"name": "x"}]}), 500,
        "The order in patch list:\n[map[image:y name:c]]\n doesn't match $setElementOrder list:\n[map[name:x]]\n")]
    #[case(json!({"$setElementOrder/containers": 5}), 500, "expected a []interface {}, but received a int64")]
    #[case(json!({"$setElementOrder/containers": [{"foo": "x"}]}), 500, "map: map[foo:x] does not contain declared merge key: name")]
    #[case(json!({"labels": {"$retainKeys": ["b"], "c": "1"}}), 400, "invalid patch format of retainKeys")]
    fn contradictions(#[case] patch: Value, #[case] code: u16, #[case] message: &str) {
        let target = json!({"containers": [{"name": "a"}], "labels": {"a": "1"}});
        let status = patched(target, patch).unwrap_err();
        assert_eq!((status.code, status.message.as_str()), (code, message));
    }

    #[rstest]
    #[case(json!({"labels": []}), "cannot restore map from slice")]
    #[case(json!({"labels": {"a": 5}}), "cannot convert int64 to string")]
    #[case(json!({"containers": {}}), "cannot restore slice from map")]
    #[case(json!({"containers": [5]}), "cannot restore struct from: int64")]
    fn objects_that_are_none_of_their_type(#[case] object: Value, #[case] why: &str) {
        let types = Arc::new(Types::parse(TYPES).unwrap());
        assert_eq!(unfit(types.named("a.Pod").unwrap().root(), &object).as_deref(), Some(why));
    }
}
