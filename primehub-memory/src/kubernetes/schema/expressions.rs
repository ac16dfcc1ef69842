//! Rules of schemas as expressions in CEL (`x-kubernetes-validations`).
//!
//! Values are handed over by schema, so that whole numbers are `int` and times are `timestamp`. What the language of the real server has and this
//! one lacks (quantities, addresses, URLs, the authorizer) is refused when a schema is registered, as are fields that the schema does not declare.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::objects::{Key, Map, OptionalValue};
use cel::{Context, ExecutionError, Program, Value as Cel};
use serde_json::Value;

use super::functions;
use super::path::Path;
use super::rules::{flag, text};
use super::validate::counterpart;
use super::{Cursor, Shape, formats};
use crate::kubernetes::status::{Cause, Causes};

/// One rule.
#[derive(Clone, Debug)]
pub struct Expression {
    program: Arc<Program>,
    /// What is told if the rule does not hold.
    message: Box<str>,
    message_program: Option<Arc<Program>>,
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

/// Longer rules are refused: evaluation has no budget.
const LONGEST: usize = 8 * 1024;
/// Deeper ones, too.
const DEEPEST: usize = 100;

impl Expression {
    /// Reads a rule about the values at a node.
    pub(super) fn compile(rule: &Value, at: Cursor<'_>, root: bool) -> Result<Self, Refusal> {
        let source = text(rule, "rule").trim();
        let optional_old = flag(rule, "optionalOldSelf");
        let (program, result, uses_old) = compile(source, at, root, optional_old).map_err(|why| ("rule", why))?;
        if result.is_some_and(|at| !matches!(at.shape(), Shape::Boolean | Shape::Any | Shape::IntOrString)) {
            return Err(("rule", "cel expression must evaluate to a bool".to_owned()));
        }
        let message_program = match text(rule, "messageExpression").trim() {
            "" => None,
            source => {
                Some(Arc::new(compile(source, at, root, optional_old).map_err(|why| ("messageExpression", why))?.0))
            }
        };
        let message = text(rule, "message").trim();
        let shown = if message.is_empty() { source } else { message };
        Ok(Self {
            program: Arc::new(program),
            message: if message.is_empty() { format!("failed rule: {source}").into() } else { message.into() },
            message_program,
            shown: shown.into(),
            reason: text(rule, "reason").into(),
            field: text(rule, "fieldPath").trim().trim_start_matches('.').into(),
            uses_old,
            optional_old,
        })
    }

    /// Whether the rule compares with what was there before.
    pub(super) fn uses_old(&self) -> bool {
        self.uses_old
    }
}

fn compile<'a>(
    source: &str,
    at: Cursor<'a>,
    root: bool,
    optional_old: bool,
) -> Result<(Program, Option<Cursor<'a>>, bool), String> {
    if source.len() > LONGEST {
        return Err(format!("compilation failed: rules of more than {LONGEST} bytes are not supported"));
    }
    let program = functions::environment().compile(source).map_err(|errors| format!("compilation failed: {errors}"))?;
    let old = if optional_old { None } else { Some(at) };
    let mut reader = Reader {
        names: vec![("self", Some(at)), ("oldSelf", old)],
        root: root.then_some(at),
        depth: 0,
        uses_old: false,
    };
    let read = reader.read(program.expression());
    let uses_old = reader.uses_old;
    match read {
        Ok(result) => Ok((program, result, uses_old)),
        Err((id, why)) => {
            let start = program.source_info().offset_for(id).map_or(0, |(start, _)| start as usize);
            let before = source.char_indices().filter(|(index, _)| *index < start).map(|(_, character)| character);
            let (mut line, mut column) = (1, 0);
            for character in before {
                (line, column) = if character == '\n' { (line + 1, 0) } else { (line, column + 1) };
            }
            let snippet = source.lines().nth(line - 1).unwrap_or_default();
            Err(format!(
                "compilation failed: ERROR: <input>:{line}:{}: {why}\n | {snippet}\n | {}^",
                column + 1,
                ".".repeat(column)
            ))
        }
    }
}

/// Reads an expression for what it refers to. Types are known as far as the schema tells them.
struct Reader<'e, 'a> {
    names: Vec<(&'e str, Option<Cursor<'a>>)>,
    depth: usize,
    uses_old: bool,
}

impl<'e, 'a> Reader<'e, 'a> {
    fn read(&mut self, node: &'e IdedExpr) -> Result<Option<Cursor<'a>>, (u64, String)> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err((node.id, "rules of this depth are not supported".to_owned()));
        }
        let result = self.read_node(node);
        self.depth -= 1;
        result
    }

    fn read_node(&mut self, node: &'e IdedExpr) -> Result<Option<Cursor<'a>>, (u64, String)> {
        let undeclared = |name: &str| (node.id, format!("undeclared reference to '{name}' (in container '')"));
        match &node.expr {
            Expr::Ident(name) => {
                self.uses_old |= name == "oldSelf";
                match self.names.iter().rev().find(|(known, _)| known == name) {
                    Some((_, at)) => Ok(*at),
                    None if name.starts_with('@') || functions::TYPES.contains(&name.as_str()) => Ok(None),
                    None => Err(undeclared(name)),
                }
            }
            Expr::Select(select) => {
                let Some(at) = self.read(&select.operand)? else { return Ok(None) };
                if matches!(at.shape(), Shape::Any) {
                    return Ok(None);
                }
                let undefined = || (node.id, format!("undefined field '{}'", select.field));
                Self::field(at, &unescape(&select.field)).map(Some).ok_or_else(undefined)
            }
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                if name.starts_with(|first: char| first.is_ascii_alphabetic())
                    && !functions::NAMES.contains(&name.rsplit('.').next().unwrap_or(name))
                {
                    return Err(undeclared(name));
                }
                if let Some(target) = &call.target {
                    self.read(target)?;
                }
                let types = call.args.iter().map(|argument| self.read(argument)).collect::<Result<Vec<_>, _>>()?;
                Ok(match (name, types.first()) {
                    ("_[_]", Some(Some(at))) => match at.shape() {
                        Shape::List { item, .. } => Some(at.at(*item)),
                        Shape::Map(child) => Some(at.at(*child)),
                        _ => None,
                    },
                    _ => None,
                })
            }
            Expr::Comprehension(comprehension) => {
                let range = self.read(&comprehension.iter_range)?;
                self.read(&comprehension.accu_init)?;
                let known = self.names.len();
                let item = range.and_then(Cursor::items).map(|(item, _)| item);
                let second = comprehension.iter_var2.as_deref();
                self.names.push((&comprehension.iter_var, item.filter(|_| second.is_none())));
                self.names.extend(second.map(|name| (name, item)));
                self.names.push((&comprehension.accu_var, None));
                for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
                    self.read(part)?;
                }
                self.names.truncate(known);
                Ok(None)
            }
            Expr::List(list) => {
                list.elements.iter().try_for_each(|element| self.read(element).map(|_| ())).map(|()| None)
            }
            Expr::Map(map) => self.read_entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(object) => self.read_entries(object.entries.iter().map(|entry| &entry.expr)),
            Expr::Literal(_) | Expr::Unspecified => Ok(None),
        }
    }

    fn read_entries(
        &mut self,
        entries: impl Iterator<Item = &'e EntryExpr>,
    ) -> Result<Option<Cursor<'a>>, (u64, String)> {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => {
                    self.read(&field.value)?;
                }
                EntryExpr::MapEntry(entry) => {
                    self.read(&entry.key)?;
                    self.read(&entry.value)?;
                }
            }
        }
        Ok(None)
    }

    /// The type of a field.
    fn field(at: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
        at.child(name).filter(|_| !is_metadata(at) || VISIBLE.contains(&name))
    }
}

/// What expressions see of an object's metadata.
const VISIBLE: [&str; 2] = ["name", "generateName"];

/// Types of built-in kinds stand in custom resources as metadata only.
fn is_metadata(at: Cursor<'_>) -> bool {
    at.field("managedFields").is_some() && at.field("ownerReferences").is_some()
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
        let why = match rule.program.execute(&context) {
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
        let message = rule.message_program.as_ref().and_then(|program| match program.execute(&context) {
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
            map(fields.iter().filter_map(|(name, value)| {
                let field =
                    object.fields.get(name.as_str()).filter(|_| !metadata || VISIBLE.contains(&name.as_str()))?;
                Some((escape(name), convert(at.at(field.node), value)))
            }))
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

const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A field's name as an identifier.
fn escape(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

fn unescape(name: &str) -> String {
    let inner = name.strip_prefix("__").and_then(|name| name.strip_suffix("__"));
    if let Some(inner) = inner.filter(|inner| RESERVED.contains(inner)) {
        return inner.to_owned();
    }
    name.replace("__dot__", ".").replace("__dash__", "-").replace("__slash__", "/").replace("__underscores__", "__")
}
