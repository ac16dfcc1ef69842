//! What values have to fulfil: the value checks of a structural schema, read from its JSON.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex::Regex;
use serde_json::Value;

use super::expressions::Expression;
use super::formats;

/// What the values of a custom resource's field have to fulfil: the value checks of a structural schema.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The allowed types of JSON; empty: all.
    pub(crate) types: Vec<&'static str>,
    pub(crate) nullable: bool,
    /// A format that is known for these types.
    pub(crate) format: Option<Box<str>>,
    /// The allowed values; empty: all.
    pub(crate) allowed: Vec<Value>,
    pub(crate) pattern: Option<(Box<str>, Regex)>,
    pub(crate) minimum: Option<Bound>,
    pub(crate) maximum: Option<Bound>,
    pub(crate) multiple_of: Option<f64>,
    /// Code points of texts.
    pub(crate) length: Range,
    /// Items of lists.
    pub(crate) items: Range,
    /// Fields of objects.
    pub(crate) properties: Range,
    pub(crate) required: Vec<Arc<str>>,
    /// No other than declared fields.
    pub(crate) closed: bool,
    pub(crate) all_of: Vec<Rules>,
    pub(crate) any_of: Vec<Rules>,
    pub(crate) one_of: Vec<Rules>,
    pub(crate) not: Option<Box<Rules>>,
    /// Of fields, within combinations only: elsewhere the fields are nodes of their own.
    pub(crate) fields: BTreeMap<Arc<str>, Rules>,
    /// Of items, within combinations only.
    pub(crate) item: Option<Box<Rules>>,
    /// The default of a list's item or a map's value.
    pub(crate) default: Option<Value>,
    pub(crate) expressions: Vec<Expression>,
    /// Whether there are expressions here or below.
    pub(crate) expressive: bool,
}

/// An end of a range of numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bound {
    pub(crate) value: f64,
    pub(crate) exclusive: bool,
}

/// How many there may be.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Range {
    pub(crate) minimum: Option<usize>,
    pub(crate) maximum: Option<usize>,
}

impl Rules {
    /// The checks of one node of a schema; its fields and items are other nodes.
    pub(super) fn of(schema: &Value) -> Self {
        let types = match text(schema, "type") {
            _ if flag(schema, "x-kubernetes-int-or-string") => vec!["integer", "string"],
            name => TYPES.iter().copied().filter(|known| *known == name).collect(),
        };
        let bound = |name: &str, exclusive: &str| {
            schema.get(name).and_then(Value::as_f64).map(|value| Bound { value, exclusive: flag(schema, exclusive) })
        };
        Self {
            format: formats::known(text(schema, "format"), &types).map(Into::into),
            types,
            nullable: flag(schema, "nullable"),
            allowed: list(schema, "enum").to_vec(),
            pattern: Some(text(schema, "pattern"))
                .filter(|pattern| !pattern.is_empty())
                .and_then(|pattern| Some((pattern.into(), regex(pattern).ok()?))),
            minimum: bound("minimum", "exclusiveMinimum"),
            maximum: bound("maximum", "exclusiveMaximum"),
            multiple_of: schema.get("multipleOf").and_then(Value::as_f64),
            length: Range::of(schema, "minLength", "maxLength"),
            items: Range::of(schema, "minItems", "maxItems"),
            properties: Range::of(schema, "minProperties", "maxProperties"),
            required: list(schema, "required").iter().filter_map(Value::as_str).map(Arc::from).collect(),
            closed: schema.get("additionalProperties") == Some(&Value::Bool(false)),
            all_of: list(schema, "allOf").iter().map(Self::nested).collect(),
            any_of: list(schema, "anyOf").iter().map(Self::nested).collect(),
            one_of: list(schema, "oneOf").iter().map(Self::nested).collect(),
            not: schema.get("not").filter(|not| !not.is_null()).map(|not| Box::new(Self::nested(not))),
            default: schema.get("default").cloned(),
            ..Self::default()
        }
    }

    /// The checks of a schema with those of its fields and items, as in combinations.
    pub(super) fn nested(schema: &Value) -> Self {
        Self {
            fields: fields(schema, "properties")
                .map(|(name, schema)| (name.as_str().into(), Self::nested(schema)))
                .collect(),
            item: schema.get("items").filter(|items| items.is_object()).map(|items| Box::new(Self::nested(items))),
            ..Self::of(schema)
        }
    }
}

impl Range {
    fn of(schema: &Value, minimum: &str, maximum: &str) -> Self {
        let end = |name| schema.get(name).and_then(Value::as_u64).map(|end| usize::try_from(end).unwrap_or(usize::MAX));
        Self { minimum: end(minimum), maximum: end(maximum) }
    }
}

/// The types a schema can name.
pub(super) const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];

/// A text of a schema, empty if it is absent.
pub(crate) fn text<'a>(schema: &'a Value, name: &str) -> &'a str {
    schema.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A flag of a schema.
pub(crate) fn flag(schema: &Value, name: &str) -> bool {
    schema.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// A list of a schema, empty if it is absent.
pub(crate) fn list<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    schema.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The fields of an object of a schema.
pub(crate) fn fields<'a>(schema: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    schema.get(name).and_then(Value::as_object).into_iter().flatten()
}

/// A pattern as Go reads it: classes know ASCII only, and in brackets only `\`, `]`, `^` and `-` are special.
pub(super) fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    let mut translated = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    let mut class = false;
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('d') => translated.push_str("[0-9]"),
                Some('D') => translated.push_str("[^0-9]"),
                Some('w') => translated.push_str("[0-9A-Za-z_]"),
                Some('W') => translated.push_str("[^0-9A-Za-z_]"),
                Some('s') => translated.push_str(r"[\t\n\f\r ]"),
                Some('S') => translated.push_str(r"[^\t\n\f\r ]"),
                Some('b') if !class => translated.push_str(r"(?-u:\b)"),
                escaped => {
                    translated.push('\\');
                    translated.extend(escaped);
                }
            },
            '[' if !class => {
                class = true;
                translated.push('[');
                for first in ['^', ']'] {
                    if characters.next_if_eq(&first).is_some() {
                        translated.push_str(if first == ']' { r"\]" } else { "^" });
                    }
                }
            }
            '[' if characters.peek() == Some(&':') => {
                translated.push('[');
                for character in characters.by_ref() {
                    translated.push(character);
                    if character == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' if class => translated.extend(['\\', character]),
            ']' if class => {
                class = false;
                translated.push(']');
            }
            character => translated.push(character),
        }
    }
    Regex::new(&translated)
}

/// What is wrong with a pattern, in Go's words where they are known.
pub(super) fn regex_fault(pattern: &str, error: &regex::Error) -> String {
    let text = error.to_string();
    let known = [
        ("unclosed group", "missing closing )"),
        ("unopened group", "unexpected )"),
        ("unclosed character class", "missing closing ]"),
        ("repetition operator missing expression", "missing argument to repetition operator"),
    ];
    match known.iter().find(|(ours, _)| text.contains(ours)) {
        Some((_, fault)) => format!("error parsing regexp: {fault}: `{pattern}`"),
        None => text.lines().last().unwrap_or_default().trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::regex;

    #[rstest]
    #[case(r"^\d+$", "12", true)]
    #[case(r"^\d+$", "١", false)]
    #[case(r"^[\w.-]+$", "a_b.c-d", true)]
    #[case(r"^\w$", "é", false)]
    #[case(r"^[[a]$", "[", true)]
    #[case(r"^[]a]+$", "]a", true)]
    #[case(r"^[^]]$", "]", false)]
    #[case(r"^[[:alpha:]&&]+$", "a&", true)]
    #[case(r"^é$", "é", true)]
    #[case(r"a|b", "xbx", true)]
    fn reads_patterns_as_go_does(#[case] pattern: &str, #[case] text: &str, #[case] matches: bool) {
        assert_eq!(regex(pattern).unwrap().is_match(text), matches);
    }
}
