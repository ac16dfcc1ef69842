//! Rules of schemas as expressions in CEL (`x-kubernetes-validations`).
//!
//! Values are handed over by schema, so that whole numbers are `int` and times are `timestamp`. What the language of the real server has and this
//! one lacks (quantities, addresses, URLs, the authorizer) is refused when a schema is registered, as are fields that the schema does not declare.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::objects::{Key, Map, OptionalValue};
use cel::{Context, ExecutionError, Value as Cel};
use serde_json::Value;

use super::functions;
use super::path::Path;
use super::programs::{Code, VISIBLE, escape, is_metadata};
use super::rules::{flag, text};
use super::validate::counterpart;
use super::{Cursor, Shape, formats};
use crate::kubernetes::status::{Cause, Causes};

/// One rule.
#[derive(Clone, Debug)]
pub(crate) struct Expression {
    program: Code,
    /// What is told if the rule does not hold.
    message: Box<str>,
    message_program: Option<Code>,
    /// What is told if the rule cannot be evaluated.
    shown: Box<str>,
    reason: Box<str>,
    /// Which field is named, below the one that has the rule.
    field: Box<str>,
    uses_old: bool,
    optional_old: bool,
}

/// Why a rule is refused: the part of it, and what is wrong.
pub(super) type Refusal = (&'static str, String);

impl Expression {
    /// Reads a rule about the values at a node.
    pub(super) fn compile(rule: &Value, at: Cursor<'_>) -> Result<Self, Refusal> {
        let source = text(rule, "rule").trim();
        let optional_old = flag(rule, "optionalOldSelf");
        let read =
            |part: &'static str, source: &str| Code::compile(source, at, optional_old).map_err(|why| (part, why));
        let (program, result) = read("rule", source)?;
        if result.is_some_and(|at| !matches!(at.shape(), Shape::Boolean | Shape::Any | Shape::IntOrString)) {
            return Err(("rule", "cel expression must evaluate to a bool".to_owned()));
        }
        let message_program = match text(rule, "messageExpression").trim() {
            "" => None,
            source => Some(read("messageExpression", source)?.0),
        };
        let message = text(rule, "message").trim();
        let shown = if message.is_empty() { source } else { message };
        Ok(Self {
            uses_old: program.uses_old,
            program,
            message: if message.is_empty() { format!("failed rule: {source}").into() } else { message.into() },
            message_program,
            shown: shown.into(),
            reason: text(rule, "reason").into(),
            field: text(rule, "fieldPath").trim().trim_start_matches('.').into(),
            optional_old,
        })
    }

    /// Whether the rule compares with what was there before.
    pub(super) fn uses_old(&self) -> bool {
        self.uses_old
    }
}

/// Evaluates all rules on a value that is otherwise valid.
pub(super) fn check(at: Cursor<'_>, new: &Value, old: Option<&Value>, causes: &mut Causes) {
    walk(at, new, old, old == Some(new), &Path::ROOT, causes);
}

/// `same`: the value, or the closest thing around it that was there before, has not changed.
fn walk(at: Cursor<'_>, value: &Value, old: Option<&Value>, same: bool, path: &Path<'_>, causes: &mut Causes) {
    let Some(rules) = at.node().rules.as_ref().filter(|rules| rules.expressive && !value.is_null()) else { return };
    if !rules.expressions.is_empty() {
        evaluate(&rules.expressions, at, value, old, same, path, causes);
    }
    let mut step = |child: Cursor<'_>, value: &Value, old: Option<&Value>, path: &Path<'_>| {
        walk(child, value, old, old.map_or(same, |old| old == value), path, causes);
    };
    match (value, at.shape()) {
        (Value::Object(fields), Shape::Struct(object)) => {
            for (name, value) in fields {
                if let Some(field) = object.fields.get(name.as_str()) {
                    step(at.at(field.node), value, old.and_then(|old| old.get(name)), &path.field(name));
                }
            }
        }
        (Value::Object(fields), Shape::Map(child)) => {
            for (key, value) in fields {
                step(at.at(*child), value, old.and_then(|old| old.get(key)), &path.key(key));
            }
        }
        (Value::Array(items), Shape::List { item, kind }) => {
            for (index, value) in items.iter().enumerate() {
                step(at.at(*item), value, counterpart(kind, value, old), &path.index(index));
            }
        }
        _ => {}
    }
}

fn evaluate(
    list: &[Expression],
    at: Cursor<'_>,
    value: &Value,
    old: Option<&Value>,
    same: bool,
    path: &Path<'_>,
    causes: &mut Causes,
) {
    static ROOT: LazyLock<Context<'static, 'static>> =
        LazyLock::new(|| Context::with_env(Arc::clone(functions::environment())));
    let mut context = ROOT.new_inner_scope();
    context.add_variable_from_value("self", convert(at, value));
    let old = old.filter(|old| !old.is_null()).map(|old| convert(at, old));
    let kind = at.node().rules.as_ref().map(|rules| rules.types.join(",")).unwrap_or_default();
    for rule in list {
        if rule.uses_old && old.is_none() && !rule.optional_old {
            continue;
        }
        if rule.optional_old {
            let old = old.clone().map_or_else(OptionalValue::none, OptionalValue::of);
            context.add_variable_from_value("oldSelf", Cel::Opaque(Arc::new(old)));
        } else if let Some(old) = &old {
            context.add_variable_from_value("oldSelf", old.clone());
        }
        let why = match rule.program.run(&context) {
            Ok(Cel::Bool(true)) => continue,
            Ok(Cel::Bool(false)) => None,
            Ok(_) => Some(format!("cel expression must evaluate to a bool evaluating rule: {}", rule.shown)),
            Err(error) => Some(failure(&error, &rule.shown)),
        };
        if let Some(why) = why {
            causes.push(Cause::invalid(path.to_string(), &Value::String(kind.clone()), why));
            continue;
        }
        if same && !rule.uses_old {
            continue;
        }
        let message = rule.message_program.as_ref().and_then(|program| match program.run(&context) {
            Ok(Cel::String(text)) => {
                Some(text.trim().to_owned()).filter(|text| !text.is_empty() && !text.contains('\n'))
            }
            _ => None,
        });
        let message = message.unwrap_or_else(|| rule.message.to_string());
        let field = if rule.field.is_empty() { path.to_string() } else { path.field(&rule.field).to_string() };
        causes.push(refusal(&rule.reason, &field, value, &message));
    }
}

fn refusal(reason: &str, field: &str, value: &Value, message: &str) -> Cause {
    let whole = value.is_object() || value.is_array();
    let field = if field.is_empty() { super::validate::NOWHERE } else { field };
    match reason {
        "FieldValueForbidden" => Cause::forbidden(field, message),
        "FieldValueRequired" => Cause::required(field, message),
        "FieldValueDuplicate" if whole => {
            Cause { reason: reason.to_owned(), message: "Duplicate value".to_owned(), field: field.to_owned() }
        }
        "FieldValueDuplicate" => Cause::duplicate(field, value),
        _ if whole => Cause {
            reason: "FieldValueInvalid".to_owned(),
            message: format!("Invalid value: {message}"),
            field: field.to_owned(),
        },
        _ => Cause::invalid(field, value, message),
    }
}

fn failure(error: &ExecutionError, rule: &str) -> String {
    let why = match error {
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::ValuesNotComparable(..)
        | ExecutionError::UnsupportedBinaryOperator(..) => {
            return format!(
                "'no such overload': call arguments did not match a supported operator, function or macro signature for rule: {rule}"
            );
        }
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::IndexOutOfBounds(Cel::Int(index)) => format!("index out of bounds: {index}"),
        ExecutionError::DivisionByZero(_) => "division by zero".to_owned(),
        ExecutionError::RemainderByZero(_) => "modulus by zero".to_owned(),
        ExecutionError::Overflow(..) => "integer overflow".to_owned(),
        other => other.to_string(),
    };
    format!("{why} evaluating rule: {rule}")
}

/// A value as expressions see it.
fn convert(at: Cursor<'_>, value: &Value) -> Cel {
    match (value, at.shape()) {
        (Value::String(content), Shape::String) => {
            let format = at.node().rules.as_ref().and_then(|rules| rules.format.as_deref()).unwrap_or_default();
            formatted(&format.replace('-', ""), content).unwrap_or_else(|| string(content))
        }
        (Value::Number(number), Shape::Double) => Cel::Float(number.as_f64().unwrap_or_default()),
        (Value::Object(fields), Shape::Struct(object)) => {
            let metadata = is_metadata(at);
            let seen = |name: &str| !metadata || VISIBLE.contains(&name);
            let declared = fields.iter().filter(|(name, _)| seen(name));
            map(declared.filter_map(|(name, value)| Some((name, object.fields.get(name.as_str())?, value))).flat_map(
                |(name, field, value)| {
                    let value = convert(at.at(field.node), value);
                    // Reserved words are good as fields, too.
                    let plain = (escape(name) != *name).then(|| (name.clone(), value.clone()));
                    plain.into_iter().chain([(escape(name), value)])
                },
            ))
        }
        (Value::Object(fields), Shape::Map(child)) => {
            map(fields.iter().map(|(key, value)| (key.clone(), convert(at.at(*child), value))))
        }
        (Value::Array(items), Shape::List { item, .. }) => list(items.iter().map(|value| convert(at.at(*item), value))),
        (value, _) => free(value),
    }
}

/// A value that no schema describes.
fn free(value: &Value) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(flag) => Cel::Bool(*flag),
        #[expect(clippy::cast_possible_truncation, reason = "whole and within the range")]
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(whole), _) => Cel::Int(whole),
            (None, Some(number)) if number.fract() == 0.0 && number.abs() < 9e15 => Cel::Int(number as i64),
            (None, number) => Cel::Float(number.unwrap_or_default()),
        },
        Value::String(content) => string(content),
        Value::Array(items) => list(items.iter().map(free)),
        Value::Object(fields) => map(fields.iter().map(|(key, value)| (key.clone(), free(value)))),
    }
}

fn formatted(format: &str, content: &str) -> Option<Cel> {
    match format {
        "datetime" => chrono::DateTime::parse_from_rfc3339(content).ok().map(Cel::Timestamp),
        "date" => chrono::DateTime::parse_from_rfc3339(&format!("{content}T00:00:00Z")).ok().map(Cel::Timestamp),
        "duration" => formats::nanoseconds(content).map(|count| Cel::Duration(chrono::Duration::nanoseconds(count))),
        "byte" => {
            let bytes = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, content).ok()?;
            Some(Cel::Bytes(Arc::new(bytes)))
        }
        _ => None,
    }
}

fn string(content: &str) -> Cel {
    Cel::String(Arc::new(content.to_owned()))
}

fn list(items: impl Iterator<Item = Cel>) -> Cel {
    Cel::List(Arc::new(items.collect()))
}

fn map(entries: impl Iterator<Item = (String, Cel)>) -> Cel {
    let entries: HashMap<Key, Cel> = entries.map(|(key, value)| (Key::String(Arc::new(key)), value)).collect();
    Cel::Map(Map { map: Arc::new(entries) })
}
