//! Whether an object is what its schema wants, in the words of the real server.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::path::Path;
use super::rules::{Bound, Range, Rules};
use super::{Cursor, ListKind, Schema, Shape, expressions, formats};
use crate::kubernetes::status::{Cause, Causes};

/// What is wrong with `new`. What was wrong before and has not changed is let through, as by the real server.
#[must_use]
pub(crate) fn validate(schema: &Schema, new: &Value, old: Option<&Value>) -> Causes {
    validate_at(schema.root(), new, old, true)
}

pub(super) fn validate_at(at: Cursor<'_>, new: &Value, old: Option<&Value>, root: bool) -> Causes {
    let mut found = Found::default();
    structure(at, new, old, &Path::ROOT, &mut found);
    let mut causes = found.causes;
    embedded(at, new, &Path::ROOT, root, &mut causes);
    let mut before = Causes::new();
    if let Some(old) = old {
        duplicates(at, old, &Path::ROOT, &mut before);
    }
    if before.is_empty() {
        duplicates(at, new, &Path::ROOT, &mut causes);
    }
    if at.node().rules.as_ref().is_some_and(|rules| rules.expressive) {
        if causes.iter().any(|cause| BLOCKING.contains(&cause.reason.as_str())) {
            let why = "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";
            causes.push(Cause::invalid(NOWHERE, &Value::Null, why));
        } else {
            expressions::check(at, new, old, &mut causes);
        }
    }
    causes
}

/// How the real server prints the place of what concerns the whole object.
pub(super) const NOWHERE: &str = "<nil>";

/// With these, expressions could fail on values that they may take for granted.
const BLOCKING: [&str; 5] =
    ["FieldValueNotSupported", "FieldValueRequired", "FieldValueTooLong", "FieldValueTooMany", "FieldValueTypeInvalid"];

/// Faults, and how many checks went well: of several alternatives that all fail, the closest one is told.
#[derive(Default)]
struct Found {
    causes: Causes,
    passed: usize,
}

impl Found {
    fn add(&mut self, cause: Cause) {
        if !self.causes.contains(&cause) {
            self.causes.push(cause);
        }
    }

    fn merge_all(&mut self, others: impl IntoIterator<Item = Self>) {
        for other in others {
            self.passed += other.passed;
            for cause in other.causes {
                self.add(cause);
            }
        }
    }
}

/// Checks a value and what is in it against the nodes of a schema.
fn structure(at: Cursor<'_>, value: &Value, old: Option<&Value>, path: &Path<'_>, found: &mut Found) {
    let Some(rules) = &at.node().rules else { return };
    if old == Some(value) {
        return;
    }
    own(rules, value, path, found);
    match (value, at.shape()) {
        (Value::Object(fields), Shape::Struct(object)) => {
            for (name, value) in fields {
                if let Some(field) = object.fields.get(name.as_str()) {
                    structure(at.at(field.node), value, old.and_then(|old| old.get(name)), &path.field(name), found);
                }
            }
        }
        (Value::Object(fields), Shape::Map(child)) => {
            for (key, value) in fields {
                structure(at.at(*child), value, old.and_then(|old| old.get(key)), &path.field(key), found);
            }
        }
        (Value::Array(items), Shape::List { item, kind }) => {
            for (index, value) in items.iter().enumerate() {
                structure(at.at(*item), value, counterpart(kind, value, old), &path.index(index), found);
            }
        }
        _ => {}
    }
}

/// The old item that has the keys of this one.
pub(super) fn counterpart<'a>(kind: &ListKind, item: &Value, old: Option<&'a Value>) -> Option<&'a Value> {
    let ListKind::Map(keys) = kind else { return None };
    let same = |other: &&Value| keys.iter().all(|key| other.get(&**key) == item.get(&**key));
    old?.as_array()?.iter().find(same)
}

/// The checks of one node of a schema, with those of fields and items that it has itself (in combinations).
fn own(rules: &Rules, value: &Value, path: &Path<'_>, found: &mut Found) {
    if value.is_null() {
        check_type(rules, value, path, found);
        check_allowed(rules, value, path, found);
        return;
    }
    found.passed += 2;
    if !rules.types.is_empty() || rules.format.is_some() {
        check_type(rules, value, path, found);
        found.passed += 1;
    }
    combinations(rules, value, path, found);
    match value {
        Value::String(text) => check_text(rules, value, text, path, found),
        Value::Number(_) => check_number(rules, value, path, found),
        Value::Array(items) => {
            let count = rules.items.breach(items.len());
            if let Some(Breach::Few(least)) = count {
                let why = format!("{path} in body should have at least {least} items");
                found.add(Cause::invalid(path.to_string(), &items.len().into(), why));
            } else if let Some(Breach::Many(most)) = count {
                found.add(Cause::too_many(path.to_string(), items.len(), most));
            }
            if let Some(rules) = &rules.item {
                items.iter().enumerate().for_each(|(index, item)| own(rules, item, &path.index(index), found));
            }
            found.passed += 2;
        }
        Value::Object(fields) => check_object(rules, fields, path, found),
        _ => {}
    }
    check_allowed(rules, value, path, found);
}

fn check_type(rules: &Rules, value: &Value, path: &Path<'_>, found: &mut Found) {
    found.passed += 1;
    let types = &rules.types;
    let mut refuse = |wanted: &str, got: &str| {
        found.passed -= 1;
        let why = format!("{path} in body must be of type {wanted}: {got:?}");
        found.add(Cause::wrong_type(path.to_string(), &format!("{got:?}"), why));
    };
    let wanted = types.join(",");
    let (name, format) = match value {
        Value::Null if types.is_empty() || rules.nullable => return,
        Value::Null => return refuse(&wanted, "null"),
        Value::Bool(_) => ("boolean", ""),
        Value::Number(number) if number.is_f64() => ("number", "double"),
        Value::Number(_) => ("integer", "int64"),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
    };
    let has = |name| types.contains(&name);
    let fits = has(name)
        || name == "integer" && has("number")
        || name == "number" && has("integer") && value.as_f64().is_some_and(|number| number.fract() == 0.0);
    let flat = matches!(value, Value::String(_) | Value::Array(_));
    match rules.format.as_deref() {
        Some(wanted) if !flat && !fits && wanted != format => refuse(wanted, format),
        // The real server leaves texts with a format, and lists in their place, to the format.
        Some(_) if flat && !has("number") && !has("integer") => {}
        _ if !fits => refuse(&wanted, name),
        _ => {}
    }
}

fn check_allowed(rules: &Rules, value: &Value, path: &Path<'_>, found: &mut Found) {
    let same = |allowed: &Value| match (allowed, value) {
        (Value::Null, _) => false,
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (one, other) => one == other,
    };
    if !rules.allowed.is_empty() && !rules.allowed.iter().any(same) {
        let list: Vec<_> = rules
            .allowed
            .iter()
            .map(|allowed| allowed.as_str().map_or_else(|| allowed.to_string(), str::to_owned))
            .collect();
        found.add(Cause::not_supported(path.to_string(), value, &list));
    }
}

fn check_text(rules: &Rules, value: &Value, text: &str, path: &Path<'_>, found: &mut Found) {
    found.passed += 1;
    // Counting characters is only needed where bytes do not decide.
    let length = if rules.length.is_open() { None } else { rules.length.breach(text.chars().count()) };
    match (length, &rules.pattern) {
        (Some(Breach::Many(most)), _) => found.add(Cause::too_long(path.to_string(), most)),
        (Some(Breach::Few(least)), _) => {
            let why = format!("{path} in body should be at least {least} chars long");
            found.add(Cause::invalid(path.to_string(), value, why));
        }
        (None, Some((source, pattern))) if !pattern.is_match(text) => {
            found.add(Cause::invalid(path.to_string(), value, format!("{path} in body should match '{source}'")));
        }
        _ => {}
    }
    let numeric = rules.types.iter().any(|name| matches!(*name, "integer" | "number")) && rules.types.len() == 1;
    if let Some(format) = rules.format.as_deref().filter(|_| !numeric) {
        found.passed += 1;
        if !formats::is(format, text) {
            let why = format!("{path} in body must be of type {format}: {text:?}");
            found.add(Cause::wrong_type(path.to_string(), &value.to_string(), why));
        }
    }
}

fn check_number(rules: &Rules, value: &Value, path: &Path<'_>, found: &mut Found) {
    found.passed += 2;
    let number = value.as_f64().unwrap_or_default();
    check_range(rules, value, path, found);
    // Whole numbers are compared with the whole part of the bound, as by the real server.
    let shown = |bound: f64| if value.is_f64() { bound } else { bound.trunc() };
    let mut refuse = |value: &Value, why: String| found.add(Cause::invalid(path.to_string(), &plain(value), why));
    if let Some(factor) = rules.multiple_of {
        let factor = shown(factor);
        let rest = if value.is_f64() { (number / factor).fract() } else { number % factor };
        if factor <= 0.0 {
            refuse(
                &Value::from(factor),
                format!("factor MultipleOf declared for {path} must be positive: {}", decimal(factor)),
            );
        } else if rest != 0.0 {
            refuse(value, format!("{path} in body should be a multiple of {}", decimal(factor)));
        }
    }
    if let Some(Bound { value: bound, exclusive }) = rules.maximum {
        let bound = shown(bound);
        if number > bound || exclusive && number >= bound {
            refuse(
                value,
                format!(
                    "{path} in body should be less than {}{}",
                    if exclusive { "" } else { "or equal to " },
                    decimal(bound)
                ),
            );
        }
    }
    if let Some(Bound { value: bound, exclusive }) = rules.minimum {
        let bound = shown(bound);
        if number < bound || exclusive && number <= bound {
            refuse(
                value,
                format!(
                    "{path} in body should be greater than {}{}",
                    if exclusive { "" } else { "or equal to " },
                    decimal(bound)
                ),
            );
        }
    }
}

/// Whether a number is one of the only type there is.
fn check_range(rules: &Rules, value: &Value, path: &Path<'_>, found: &mut Found) {
    let [name] = rules.types[..] else { return };
    let number = value.as_f64().unwrap_or_default();
    let format = rules.format.as_deref();
    let fits = match (name, format) {
        ("integer", Some("int32")) => {
            number.fract() == 0.0 && number >= f64::from(i32::MIN) && number <= f64::from(i32::MAX)
        }
        ("integer", _) => value.as_i64().is_some() || value.is_f64() && number.fract() == 0.0 && number.abs() < 9.2e18,
        ("number", Some("float")) => number.abs() <= f64::from(f32::MAX),
        _ => true,
    };
    if !fits {
        let format = format.map_or_else(|| "(default format)".to_owned(), |format| format!("with format {format}"));
        let why = format!("Checked value must be of type {name} {format} in {path}");
        found.add(Cause::invalid(NOWHERE, &Value::String(String::new()), why));
    }
}

fn check_object(rules: &Rules, fields: &Map<String, Value>, path: &Path<'_>, found: &mut Found) {
    found.passed += 1;
    match rules.properties.breach(fields.len()) {
        Some(Breach::Many(most)) => found.add(Cause::too_many(path.to_string(), fields.len(), most)),
        Some(Breach::Few(least)) => {
            let why = format!("{path} in body should have at least {least} properties");
            found.add(Cause::invalid(path.to_string(), &fields.len().into(), why));
        }
        None => {}
    }
    if rules.closed {
        for name in fields.keys() {
            let why = format!("{path}.{name} in body is a forbidden property");
            found.add(Cause::invalid(path.to_string(), &Value::String(name.clone()), why));
        }
    }
    for name in rules.required.iter().filter(|name| !fields.contains_key(&***name)) {
        found.add(Cause::required(path.field(name).to_string(), ""));
    }
    for (name, rules) in &rules.fields {
        if let Some(value) = fields.get(&**name) {
            own(rules, value, &path.field(name), found);
        }
    }
}

fn combinations(rules: &Rules, value: &Value, path: &Path<'_>, found: &mut Found) {
    let refuse = |found: &mut Found, why: &str| {
        let place = path.to_string();
        found.add(Cause::invalid(NOWHERE, &Value::String(String::new()), format!("{place:?} must {why}")));
    };
    let attempt = |rules: &Rules| {
        let mut found = Found::default();
        own(rules, value, path, &mut found);
        found
    };
    if !rules.any_of.is_empty() {
        let mut closest: Option<Found> = None;
        for alternative in &rules.any_of {
            let result = attempt(alternative);
            let good = result.causes.is_empty();
            if good || closest.as_ref().is_none_or(|closest| result.passed > closest.passed) {
                closest = Some(result);
            }
            if good {
                break;
            }
        }
        if closest.as_ref().is_some_and(|closest| !closest.causes.is_empty()) {
            refuse(found, "validate at least one schema (anyOf)");
        }
        found.merge_all(closest);
    }
    if !rules.one_of.is_empty() {
        let (good, bad): (Vec<_>, Vec<_>) =
            rules.one_of.iter().map(attempt).partition(|result| result.causes.is_empty());
        match good.len() {
            1 => found.merge_all(good),
            0 => {
                refuse(found, "validate one and only one schema (oneOf). Found none valid");
                let closest = bad.into_iter().reduce(|best, next| if next.passed > best.passed { next } else { best });
                found.merge_all(closest);
            }
            count => {
                refuse(found, &format!("validate one and only one schema (oneOf). Found {count} valid alternatives"));
            }
        }
    }
    if !rules.all_of.is_empty() {
        let results: Vec<_> = rules.all_of.iter().map(attempt).collect();
        let good = results.iter().filter(|result| result.causes.is_empty()).count();
        let all = good == results.len();
        found.merge_all(results);
        if !all {
            refuse(
                found,
                if good == 0 {
                    "validate all the schemas (allOf). None validated"
                } else {
                    "validate all the schemas (allOf)"
                },
            );
        }
    }
    if rules.not.as_ref().is_some_and(|not| attempt(not).causes.is_empty()) {
        refuse(found, "not validate the schema (not)");
    }
    found.passed += 1;
}

/// How a count breaks a range.
enum Breach {
    Few(usize),
    Many(usize),
}

impl Range {
    fn is_open(self) -> bool {
        self.minimum.is_none() && self.maximum.is_none()
    }

    fn breach(self, count: usize) -> Option<Breach> {
        let many = self.maximum.filter(|most| count > *most).map(Breach::Many);
        many.or_else(|| self.minimum.filter(|least| count < *least).map(Breach::Few))
    }
}

/// A number as Go prints it: whole ones without fraction.
fn plain(value: &Value) -> Value {
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "whole and small enough to be exact")]
        Some(number) if value.is_f64() && number.fract() == 0.0 && number.abs() < 9e15 => Value::from(number as i64),
        _ => value.clone(),
    }
}

fn decimal(number: f64) -> String {
    let size = number.abs();
    if size != 0.0 && !(1e-4..1e21).contains(&size) {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    number.to_string()
}

/// Objects within objects have a kind of their own.
fn embedded(at: Cursor<'_>, value: &Value, path: &Path<'_>, root: bool, causes: &mut Causes) {
    if at.node().rules.is_none() {
        return;
    }
    if let (true, false, Value::Object(fields)) = (at.node().embedded, root, value) {
        for name in ["apiVersion", "kind"] {
            let place = path.field(name);
            match fields.get(name) {
                None => causes.push(Cause::required(place.to_string(), "")),
                Some(Value::String(text)) if text.is_empty() => {
                    causes.push(Cause::invalid(place.to_string(), &Value::String(String::new()), "must not be empty"));
                }
                Some(Value::String(_)) => {}
                Some(other) => causes.push(Cause::invalid(place.to_string(), other, "must be a string")),
            }
        }
    }
    each(at, value, path, &mut |at, value, path| embedded(at, value, path, false, causes));
}

/// Items of sets and maps that are there twice, each told once.
fn duplicates(at: Cursor<'_>, value: &Value, path: &Path<'_>, causes: &mut Causes) {
    if at.node().rules.is_none() {
        return;
    }
    if let (Value::Array(items), Some((_, kind))) = (value, at.items()) {
        let key = |item: &Value| match kind {
            ListKind::Map(keys) => keys
                .iter()
                .filter_map(|key| Some((key.to_string(), item.get(&**key)?.clone())))
                .collect::<Map<_, _>>()
                .into(),
            _ => item.clone(),
        };
        let other =
            items.iter().position(|item| matches!(kind, ListKind::Map(_)) && !item.is_object() && !item.is_null());
        if let Some(index) = other {
            let why = "must be an object for an array of list-type map";
            causes.push(Cause::invalid(path.index(index).to_string(), &items[index], why));
        } else if *kind != ListKind::Atomic {
            let (mut seen, mut told) = (HashSet::new(), HashSet::new());
            for (index, item) in items.iter().enumerate() {
                let key = key(item);
                let text = key.to_string();
                if !seen.insert(text.clone()) && told.insert(text) {
                    causes.push(Cause::duplicate(path.index(index).to_string(), &key));
                }
            }
        }
    }
    each(at, value, path, &mut |at, value, path| duplicates(at, value, path, causes));
}

/// What is in a value, with its types. Keys of maps are in brackets.
pub(super) fn each<'a>(
    at: Cursor<'a>,
    value: &Value,
    path: &Path<'_>,
    then: &mut dyn FnMut(Cursor<'a>, &Value, &Path<'_>),
) {
    match (value, at.shape()) {
        (Value::Object(fields), Shape::Struct(object)) => {
            for (name, value) in fields {
                if let Some(field) = object.fields.get(name.as_str()) {
                    then(at.at(field.node), value, &path.field(name));
                }
            }
        }
        (Value::Object(fields), Shape::Map(child)) => {
            fields.iter().for_each(|(key, value)| then(at.at(*child), value, &path.key(key)));
        }
        (Value::Array(items), Shape::List { item, .. }) => {
            items.iter().enumerate().for_each(|(index, value)| then(at.at(*item), value, &path.index(index)));
        }
        _ => {}
    }
}
