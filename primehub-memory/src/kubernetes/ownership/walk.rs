//! What the ownership of fields asks of objects: which fields there are, what differs, what two objects are together, what is left without some.

use serde_json::{Map, Value};

use super::set::{Branch, Element, Set, is_divided, show};
use crate::kubernetes::schema::golang::{go_type, plain, source};
use crate::kubernetes::schema::{Cursor, Field, ListKind, Shape};

/// How a value is divided among owners.
enum Form<'a> {
    /// Not at all.
    Leaf,
    /// By fields or entries.
    Map,
    /// By items, that have this type and these key fields.
    List(Cursor<'a>, &'a [std::sync::Arc<str>]),
}

fn form<'a>(schema: Cursor<'a>, value: &Value) -> Form<'a> {
    match (schema.shape(), value) {
        (_, Value::Object(_) | Value::Null) if is_divided(schema) => Form::Map,
        (Shape::List { item, kind }, Value::Array(_) | Value::Null) => match kind {
            ListKind::Atomic => Form::Leaf,
            ListKind::Set => Form::List(schema.at(*item), &[]),
            ListKind::Map(keys) => Form::List(schema.at(*item), keys),
        },
        _ => Form::Leaf,
    }
}

/// The type of what stands under `key`, and whether it is declared. Undeclared fields have the type of what may be anything.
fn child<'a>(schema: Cursor<'a>, key: &str) -> (Cursor<'a>, bool) {
    match schema.field(key) {
        Some((_, child)) => (child, true),
        None => (schema.child(key).unwrap_or_else(|| schema.anything()), false),
    }
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = (&String, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten()
}

fn items(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The fields of an object.
pub(super) fn fields_of(schema: Cursor<'_>, value: &Value) -> Set {
    branch_of(schema, value).below
}

fn branch_of(schema: Cursor<'_>, value: &Value) -> Branch {
    let mut branch = Branch::default();
    match form(schema, value) {
        Form::Leaf => branch.member = true,
        Form::Map => {
            for (key, value) in fields(Some(value)) {
                let (child, declared) = child(schema, key);
                let mut below = branch_of(child, value);
                let empty = value.is_null() || value.as_object().is_some_and(Map::is_empty);
                below.member |= empty || !declared;
                branch.below.insert_branch(Element::Field(key.clone()), below);
            }
        }
        Form::List(item, keys) => {
            let mut seen: Vec<(Element, usize)> = Vec::new();
            for (index, value) in items(Some(value)).iter().enumerate() {
                let Ok(element) = Element::of_item(value, item, keys) else { continue };
                seen.push((element, index));
            }
            seen.sort_by(|a, b| a.0.cmp(&b.0));
            for same in seen.chunk_by(|a, b| a.0 == b.0) {
                // Nobody can say which of equal items is whose.
                let below = match same {
                    [(_, index)] => items(Some(value)).get(*index).map(|value| branch_of(item, value).below),
                    _ => None,
                };
                let below = Branch { member: true, below: below.unwrap_or_default() };
                if let Some((element, _)) = same.first() {
                    branch.below.insert_branch(element.clone(), below);
                }
            }
        }
    }
    branch
}

/// What is different between two objects.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// Fields that are new, or have another value.
    pub(super) changed: Set,
    /// Fields that are gone.
    pub(super) removed: Set,
}

impl Comparison {
    pub(super) fn between(schema: Cursor<'_>, before: &Value, after: &Value) -> Self {
        let mut comparison = Self::default();
        comparison.walk(schema, Some(before), Some(after), &mut Vec::new());
        comparison
    }

    /// The same without the fields that do not count.
    pub(super) fn outside(&self, ignored: &Set) -> Self {
        Self { changed: self.changed.outside(ignored), removed: self.removed.outside(ignored) }
    }

    fn walk(&mut self, schema: Cursor<'_>, before: Option<&Value>, after: Option<&Value>, path: &mut Vec<Element>) {
        if before == after {
            return;
        }
        let one = after.or(before).unwrap_or(&Value::Null);
        let empty = |value: Option<&Value>| match value {
            None | Some(Value::Null) => true,
            Some(Value::Object(fields)) => fields.is_empty(),
            Some(Value::Array(items)) => items.is_empty(),
            _ => false,
        };
        let both_empty = empty(before) && empty(after);
        match form(schema, one) {
            Form::Map if !both_empty => {
                for (key, value) in fields(before) {
                    path.push(Element::Field(key.clone()));
                    self.walk(child(schema, key).0, Some(value), after.and_then(|after| after.get(key)), path);
                    path.pop();
                }
                for (key, value) in fields(after) {
                    if before.is_none_or(|before| before.get(key).is_none()) {
                        path.push(Element::Field(key.clone()));
                        self.walk(child(schema, key).0, None, Some(value), path);
                        path.pop();
                    }
                }
            }
            Form::List(item, keys) if !both_empty => self.walk_list(item, keys, items(before), items(after), path),
            _ => {
                let set = if after.is_some() { &mut self.changed } else { &mut self.removed };
                set.insert(path);
                return;
            }
        }
        match (before, after) {
            (None, _) => self.changed.insert(path),
            (_, None) => self.removed.insert(path),
            _ => {}
        }
    }

    fn walk_list(
        &mut self,
        item: Cursor<'_>,
        keys: &[std::sync::Arc<str>],
        before: &[Value],
        after: &[Value],
        path: &mut Vec<Element>,
    ) {
        type Grouped<'v> = std::collections::BTreeMap<Element, [Vec<&'v Value>; 2]>;
        let mut grouped = Grouped::new();
        for (side, list) in [before, after].into_iter().enumerate() {
            for value in list {
                if let Ok(element) = Element::of_item(value, item, keys)
                    && let Some(group) = grouped.entry(element).or_default().get_mut(side)
                {
                    group.push(value);
                }
            }
        }
        for (element, [old, new]) in grouped {
            path.push(element);
            match (old.as_slice(), new.as_slice()) {
                ([] | [_], [] | [_]) => self.walk(item, old.first().copied(), new.first().copied(), path),
                (old, new) if old.len() > 1 && new.len() > 1 => {
                    if old != new {
                        self.changed.insert(path);
                    }
                }
                // Equal items are a unit, whose owner loses it when one of them remains.
                ([_, _, ..], new) => {
                    if let Some(new) = new.first() {
                        self.walk(item, None, Some(new), path);
                    }
                    self.removed.insert(path);
                }
                (old, _) => {
                    if let Some(old) = old.first() {
                        self.walk(item, Some(old), None, path);
                    }
                    self.changed.insert(path);
                }
            }
            path.pop();
        }
    }
}

/// Two objects together; where they differ the second one counts. Lists keep the order of the second one, with the others' items in their places.
pub(super) fn merge(schema: Cursor<'_>, before: Option<&Value>, applied: Option<&Value>) -> Option<Value> {
    let (Some(old), Some(new)) = (before, applied) else { return before.or(applied).cloned() };
    match (form(schema, new), old, new) {
        (Form::Map, Value::Object(old), Value::Object(new)) => {
            let mut merged = old.clone();
            for (key, value) in new {
                if let Some(value) = merge(child(schema, key).0, old.get(key), Some(value)) {
                    merged.insert(key.clone(), value);
                }
            }
            Some(Value::Object(merged))
        }
        (Form::List(item, keys), Value::Array(old), Value::Array(new)) => {
            Some(Value::Array(merge_items(item, keys, old, new)))
        }
        (Form::Map | Form::List(..), old @ (Value::Object(_) | Value::Array(_)), Value::Null) => Some(old.clone()),
        _ => Some(new.clone()),
    }
}

fn merge_items(item: Cursor<'_>, keys: &[std::sync::Arc<str>], old: &[Value], new: &[Value]) -> Vec<Value> {
    let element = |value: &Value| Element::of_item(value, item, keys).ok();
    let old: Vec<_> = old.iter().filter_map(|value| Some((element(value)?, value))).collect();
    let new: Vec<_> = new.iter().filter_map(|value| Some((element(value)?, value))).collect();
    let index = |list: &[(Element, &Value)]| -> std::collections::BTreeMap<Element, usize> {
        list.iter().enumerate().rev().map(|(index, (element, _))| (element.clone(), index)).collect()
    };
    let (in_old, in_new) = (index(&old), index(&new));
    let mut count = std::collections::BTreeMap::new();
    for (element, _) in &old {
        *count.entry(element).or_insert(0) += 1;
    }
    let one = |element: &Element, value: &Value| {
        // Items that are there several times are replaced by the one that is applied.
        let before = in_old.get(element).filter(|_| count.get(element) == Some(&1)).and_then(|at| old.get(*at));
        merge(item, before.map(|(_, value)| *value), Some(value)).unwrap_or_default()
    };
    let mut shared = new.iter().map(|(element, _)| element).filter(|element| in_old.contains_key(element));
    let mut next_shared = shared.next();
    let mut merged = Vec::new();
    let mut taken = std::collections::BTreeSet::new();
    let (mut left, mut right) = (0, 0);
    loop {
        match (old.get(left), new.get(right)) {
            (None, None) => return merged,
            (Some((a, _)), Some((b, value))) if a == b => {
                merged.push(one(b, value));
                taken.insert(b);
                (left, right) = (left + 1, right + 1);
                next_shared = shared.next();
                continue;
            }
            // An item of both lists, but not the one whose turn it is.
            (Some((a, _)), Some(_)) if in_new.contains_key(a) && next_shared.is_some_and(|next| next != a) => {
                left += 1;
                continue;
            }
            _ => {}
        }
        if let Some((a, value)) = old.get(left) {
            if !in_new.contains_key(a) {
                merged.push((*value).clone());
                left += 1;
                continue;
            }
            if taken.contains(a) {
                left += 1;
            }
        }
        if let Some((b, value)) = new.get(right) {
            merged.push(one(b, value));
            taken.insert(b);
            right += 1;
            if next_shared == Some(b) {
                next_shared = shared.next();
            }
        }
    }
}

/// The object without the fields of a set. What becomes empty becomes `null`.
pub(super) fn without(schema: Cursor<'_>, value: &Value, gone: &Set) -> Value {
    match (form(schema, value), value) {
        (Form::Map, Value::Object(fields)) => {
            let mut kept = Map::new();
            for (key, value) in fields {
                let element = Element::Field(key.clone());
                if gone.has(&element) {
                    continue;
                }
                let value = match gone.below(&element) {
                    Some(below) => without(child(schema, key).0, value, below),
                    None => value.clone(),
                };
                kept.insert(key.clone(), value);
            }
            if kept.is_empty() { Value::Null } else { Value::Object(kept) }
        }
        (Form::List(item, keys), Value::Array(items)) => {
            let mut kept = Vec::new();
            for value in items {
                let Ok(element) = Element::of_item(value, item, keys) else { continue };
                if gone.has(&element) {
                    continue;
                }
                kept.push(match gone.below(&element) {
                    Some(below) => without(item, value, below),
                    None => value.clone(),
                });
            }
            if kept.is_empty() { Value::Null } else { Value::Array(kept) }
        }
        (Form::Leaf, Value::Object(_) | Value::Array(_)) => Value::Null,
        _ => value.clone(),
    }
}

/// What an applied configuration has that the schema does not allow.
pub(super) fn faults(schema: Cursor<'_>, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    find_faults(schema, value, &mut Vec::new(), &mut faults);
    faults
}

fn find_faults(schema: Cursor<'_>, value: &Value, path: &mut Vec<Element>, faults: &mut Vec<String>) {
    let mut report = |path: &[Element], what: String| faults.push(format!("{}: {what}", show(path)));
    let scalar = matches!(value, Value::Bool(_) | Value::Number(_) | Value::String(_));
    match (schema.shape(), value) {
        (_, Value::Null) | (Shape::Any, _) => {}
        (Shape::String | Shape::Time { .. } | Shape::Bytes, value) if !value.is_string() => {
            report(path, format!("expected string, got &value.valueUnstructured{{Value:{}}}", source(value)));
        }
        (Shape::Boolean, value) if !value.is_boolean() => {
            report(path, format!("expected boolean, got &{{{}}}", plain(value)));
        }
        (Shape::Int32 | Shape::Int64 | Shape::Double, value) if !value.is_number() => {
            report(path, format!("expected numeric (int or float), got {}", go_type(value)));
        }
        (Shape::IntOrString | Shape::Quantity, value) if !scalar => {
            report(path, format!("expected any scalar, got &{{{}}}", plain(value)));
        }
        (Shape::Struct(_) | Shape::Map(_), Value::Object(fields)) => {
            for (key, value) in fields {
                path.push(Element::Field(key.clone()));
                let known = schema.child(key).or_else(|| schema.node().preserve_unknown.then(|| schema.anything()));
                let Some(child) = known else {
                    faults.push(format!("{}: field not declared in schema", show(path)));
                    path.pop();
                    return;
                };
                find_faults(child, value, path, faults);
                path.pop();
            }
        }
        (Shape::Struct(_) | Shape::Map(_), value) => report(path, format!("expected map, got &{{{}}}", plain(value))),
        (Shape::List { item, kind }, Value::Array(items)) => {
            let item = schema.at(*item);
            let mut seen = std::collections::BTreeSet::new();
            for (index, value) in items.iter().enumerate() {
                let keys: &[_] = match kind {
                    ListKind::Atomic => {
                        path.push(Element::Index(index));
                        find_faults(item, value, path, faults);
                        path.pop();
                        continue;
                    }
                    ListKind::Set => &[],
                    ListKind::Map(keys) => keys,
                };
                match Element::of_item(value, item, keys) {
                    Ok(element) => {
                        if !seen.insert(element.clone()) {
                            faults.push(format!("{}: duplicate entries for key {element}", show(path)));
                        }
                        path.push(element);
                        find_faults(item, value, path, faults);
                        path.pop();
                    }
                    Err(why) => {
                        faults.push(format!("{}: element {index}: {why}", show(path)));
                        return;
                    }
                }
            }
        }
        (Shape::List { .. }, value) => report(path, format!("expected list, got &{{{}}}", plain(value))),
        _ => {}
    }
}

/// What a new object of a built-in kind has before anybody has written a field.
pub(super) fn zero(schema: Cursor<'_>) -> Value {
    let Shape::Struct(object) = schema.shape() else { return Value::Null };
    let initial = |field: &Field| match (&field.default, schema.at(field.node).shape()) {
        (Some(Value::Object(empty)), _) if empty.is_empty() => Some(zero(schema.at(field.node))),
        (_, Shape::List { .. } | Shape::Map(_)) if field.required => Some(Value::Null),
        (_, Shape::String) if field.required => Some(Value::from("")),
        (_, Shape::Int32 | Shape::Int64) if field.required => Some(Value::from(0)),
        (_, Shape::Boolean) if field.required => Some(Value::from(false)),
        _ => None,
    };
    let declared = object.fields.iter().filter(|(_, field)| !field.inline);
    Value::Object(declared.filter_map(|(name, field)| Some((name.to_string(), initial(field)?))).collect())
}
