//! Label and field selectors: read as a Kubernetes API server reads them, matched on what is kept of objects.

use std::fmt;
use std::iter::Peekable;
use std::sync::Arc;

use serde_json::Value;

use super::Meta;
use crate::kubernetes::kinds::{Kind, Selectable};
use crate::kubernetes::status::Status;

/// A label selector, such as `app=web,tier in (a,b),!old`. The default matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: Arc<str>,
    test: Test,
}

/// Values are sorted, each once.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Exists,
    Absent,
    In(Vec<String>),
    NotIn(Vec<String>),
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Reads the text of a selector.
    ///
    /// # Errors
    ///
    /// 400 with the message of a real server.
    pub fn parse(text: &str) -> Result<Self, Status> {
        let mut tokens = Tokens(text).peekable();
        let mut requirements = Vec::new();
        loop {
            match tokens.peek().copied() {
                None => return Ok(Self(requirements)),
                Some("!") => {}
                Some(token) if is_word(token) => {}
                Some(token) => {
                    return Err(Status::bad_request(format!(
                        "found '{token}', expected: !, identifier, or 'end of string'"
                    )));
                }
            }
            let requirement = requirement(&mut tokens);
            let failed = |why| Status::bad_request(format!("unable to parse requirement: {why}"));
            requirements.push(requirement.map_err(failed)?);
            match tokens.next() {
                None => return Ok(Self(requirements)),
                Some(",") => match tokens.peek().copied().unwrap_or_default() {
                    token if token == "!" || is_word(token) => {}
                    token => {
                        return Err(Status::bad_request(format!("found '{token}', expected: identifier after ','")));
                    }
                },
                Some(token) => {
                    return Err(Status::bad_request(format!("found '{token}', expected: ',' or 'end of string'")));
                }
            }
        }
    }

    /// Reads a `LabelSelector` object, with `matchLabels` and `matchExpressions`. An empty one matches everything; `null` is none at all.
    #[must_use]
    pub fn of_object(selector: &Value) -> Option<Self> {
        let fields = selector.as_object()?;
        let owned = |value: &Value| value.as_str().map(str::to_owned);
        let mut requirements = Vec::new();
        for (key, value) in fields.get("matchLabels").and_then(Value::as_object).into_iter().flatten() {
            requirements.push(Requirement { key: key.as_str().into(), test: Test::In(vec![owned(value)?]) });
        }
        for expression in fields.get("matchExpressions").and_then(Value::as_array).into_iter().flatten() {
            let values = expression["values"].as_array().into_iter().flatten().map(owned).collect::<Option<_>>()?;
            let values = sorted(values);
            let test = match expression["operator"].as_str()? {
                "In" => Test::In(values),
                "NotIn" => Test::NotIn(values),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::Absent,
                _ => return None,
            };
            requirements.push(Requirement { key: expression["key"].as_str()?.into(), test });
        }
        requirements.sort_by(|one, other| one.key.cmp(&other.key));
        Some(Self(requirements))
    }

    /// Whether everything matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object of these metadata is selected.
    #[must_use]
    pub fn matches(&self, meta: &Meta) -> bool {
        self.matches_labels(&meta.labels)
    }

    /// Whether labels, sorted by key, are selected.
    #[must_use]
    pub fn matches_labels(&self, labels: &[(Arc<str>, Arc<str>)]) -> bool {
        self.0.iter().all(|requirement| {
            let found = labels.binary_search_by(|(key, _)| (**key).cmp(&requirement.key));
            let value = found.ok().map(|index| &*labels[index].1);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match &requirement.test {
                Test::Exists => value.is_some(),
                Test::Absent => value.is_none(),
                Test::In(values) => value.is_some_and(|value| values.iter().any(|wanted| wanted == value)),
                Test::NotIn(values) => value.is_none_or(|value| values.iter().all(|refused| refused != value)),
                Test::Greater(than) => number().is_some_and(|number| number > *than),
                Test::Less(than) => number().is_some_and(|number| number < *than),
            }
        })
    }
}

/// As a real server writes selectors.
impl fmt::Display for LabelSelector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, Requirement { key, test }) in self.0.iter().enumerate() {
            formatter.write_str(if index > 0 { "," } else { "" })?;
            match test {
                Test::Exists => write!(formatter, "{key}"),
                Test::Absent => write!(formatter, "!{key}"),
                Test::In(values) if values.len() == 1 => write!(formatter, "{key}={}", values[0]),
                Test::In(values) => write!(formatter, "{key} in ({})", values.join(",")),
                Test::NotIn(values) if values.len() == 1 => write!(formatter, "{key}!={}", values[0]),
                Test::NotIn(values) => write!(formatter, "{key} notin ({})", values.join(",")),
                Test::Greater(than) => write!(formatter, "{key}>{than}"),
                Test::Less(than) => write!(formatter, "{key}<{than}"),
            }?;
        }
        Ok(())
    }
}

fn sorted(mut values: Vec<String>) -> Vec<String> {
    values.sort();
    values.dedup();
    values
}

const SPECIAL: [char; 7] = ['=', '!', '(', ')', ',', '>', '<'];

fn is_word(token: &str) -> bool {
    !token.is_empty() && !token.starts_with(SPECIAL)
}

/// The words and signs of a selector.
struct Tokens<'a>(&'a str);

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
        let first = text.chars().next()?;
        let length = if text.starts_with("==") || text.starts_with("!=") {
            2
        } else if SPECIAL.contains(&first) {
            1
        } else {
            text.find(|sign: char| SPECIAL.contains(&sign) || " \t\r\n".contains(sign)).unwrap_or(text.len())
        };
        let (token, rest) = text.split_at(length);
        self.0 = rest;
        Some(token)
    }
}

fn requirement(tokens: &mut Peekable<Tokens<'_>>) -> Result<Requirement, String> {
    let absent = tokens.next_if_eq(&"!").is_some();
    let key = word(tokens)?;
    let faults = qualified_name_faults(key);
    if !faults.is_empty() {
        return Err(format!("<nil>: Invalid value: {key:?}: {}", faults.join("; ")));
    }
    let test = match tokens.peek().copied() {
        _ if absent => Test::Absent,
        None | Some(",") => Test::Exists,
        Some(operator) => {
            tokens.next();
            test(operator, tokens)?
        }
    };
    if let Test::In(values) | Test::NotIn(values) = &test {
        for (index, value) in values.iter().enumerate() {
            let faults = label_value_faults(value);
            if !faults.is_empty() {
                return Err(format!("values[{index}][{key}]: Invalid value: {value:?}: {}", faults.join("; ")));
            }
        }
    }
    Ok(Requirement { key: key.into(), test })
}

fn test(operator: &str, tokens: &mut Peekable<Tokens<'_>>) -> Result<Test, String> {
    match operator {
        "in" => return Ok(Test::In(sorted(values(tokens)?))),
        "notin" => return Ok(Test::NotIn(sorted(values(tokens)?))),
        "=" | "==" | "!=" | ">" | "<" => {}
        other => return Err(format!("found '{other}', expected: in, notin, =, ==, !=, gt, lt")),
    }
    let value = if matches!(tokens.peek(), None | Some(&",")) { "" } else { word(tokens)? };
    let number = || {
        let why = "for 'Gt', 'Lt' operators, the value must be an integer";
        value.parse().map_err(|_| format!("values[0]: Invalid value: {value:?}: {why}"))
    };
    Ok(match operator {
        ">" => Test::Greater(number()?),
        "<" => Test::Less(number()?),
        "!=" => Test::NotIn(vec![value.to_owned()]),
        _ => Test::In(vec![value.to_owned()]),
    })
}

fn word<'a>(tokens: &mut Peekable<Tokens<'a>>) -> Result<&'a str, String> {
    match tokens.next().unwrap_or_default() {
        token if is_word(token) => Ok(token),
        token => Err(format!("found '{token}', expected: identifier")),
    }
}

/// The values between parentheses; nothing between commas is the empty text.
fn values(tokens: &mut Peekable<Tokens<'_>>) -> Result<Vec<String>, String> {
    let open = tokens.next().unwrap_or_default();
    if open != "(" {
        return Err(format!("found '{open}' expected: '('"));
    }
    if tokens.next_if_eq(&")").is_some() {
        return Ok(Vec::new());
    }
    let mut values = Vec::new();
    loop {
        let value = tokens.next_if(|token| is_word(token)).unwrap_or_default();
        values.push(value.to_owned());
        match tokens.next().unwrap_or_default() {
            "," => {}
            ")" => return Ok(values),
            token if value.is_empty() => return Err(format!("found '{token}', expected: ',', ')' or identifier")),
            token => return Err(format!("found '{token}', expected: ',' or ')'")),
        }
    }
}

/// What is wrong with a label's or annotation's key.
fn qualified_name_faults(key: &str) -> Vec<String> {
    let form = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. \
                'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let (prefix, name) = match key.split_once('/') {
        None => (None, key),
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a valid label key {form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
        Some((prefix, name)) => (Some(prefix), name),
    };
    let mut faults = Vec::new();
    match prefix {
        Some("") => faults.push("prefix part must be non-empty".to_owned()),
        Some(prefix) => {
            if prefix.len() > 253 {
                faults.push("prefix part must be no more than 253 bytes".to_owned());
            }
            let is_part = |part: &str| {
                ends_well(part) && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
            };
            if !prefix.split('.').all(is_part) {
                faults.push(
                    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start \
                     and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                        .to_owned(),
                );
            }
        }
        None => {}
    }
    if name.is_empty() {
        faults.push("name part must be non-empty".to_owned());
    } else if name.len() > 63 {
        faults.push("name part must be no more than 63 bytes".to_owned());
    }
    if !is_name(name) {
        faults.push(format!("name part {form}"));
    }
    faults
}

/// What is wrong with a label's value.
fn label_value_faults(value: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if value.len() > 63 {
        faults.push("must be no more than 63 bytes".to_owned());
    }
    if !value.is_empty() && !is_name(value) {
        faults.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
             alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .to_owned(),
        );
    }
    faults
}

fn is_name(text: &str) -> bool {
    ends_well(text) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn ends_well(text: &str) -> bool {
    let fine = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    fine(text.as_bytes().first()) && fine(text.as_bytes().last())
}

/// A field selector, such as `metadata.name=a,status.phase!=Running`. The default matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: Field,
    equal: bool,
    value: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Namespace,
    /// By the path of a [`Selectable`].
    At(Arc<str>),
}

impl FieldSelector {
    /// Reads the text of a selector over the fields of a kind.
    ///
    /// # Errors
    ///
    /// 400 with the message of a real server.
    pub fn parse(text: &str, kind: &Kind) -> Result<Self, Status> {
        let mut terms = Vec::new();
        for term in split_terms(text).filter(|term| !term.is_empty()) {
            let cannot = || Status::bad_request(format!("invalid selector: '{text}'; can't understand '{term}'"));
            let (label, equal, value) = split_operator(term).ok_or_else(cannot)?;
            let value = unescape(value).map_err(|why| Status::bad_request(format!("invalid field selector: {why}")))?;
            let field = match label {
                "metadata.name" => Field::Name,
                "metadata.namespace" => Field::Namespace,
                label => {
                    let known = kind.selectable.iter().find(|selectable| *selectable.label == *label);
                    Field::At(known.ok_or_else(|| unsupported(label, kind))?.path.clone())
                }
            };
            terms.push(Term { field, equal, value });
        }
        Ok(Self(terms))
    }

    /// The one that selects the object of this name, as a path to one object does in a list.
    #[must_use]
    pub fn and_name(mut self, name: &str) -> Self {
        self.0.push(Term { field: Field::Name, equal: true, value: name.to_owned() });
        self
    }

    /// Whether everything matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name that an object must have to be selected, if it must have a certain one.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.iter().find(|term| term.field == Field::Name && term.equal).map(|term| term.value.as_str())
    }

    /// Whether an object of these metadata is selected. `selectable` are those that they were made with.
    #[must_use]
    pub fn matches(&self, meta: &Meta, selectable: &[Selectable]) -> bool {
        self.0.iter().all(|term| {
            let value = match &term.field {
                Field::Name => &meta.key.name,
                Field::Namespace => meta.key.namespace.as_deref().unwrap_or_default(),
                Field::At(path) => {
                    let index = selectable.iter().position(|selectable| selectable.path == *path);
                    index.and_then(|index| meta.fields.get(index)).map_or("", |value| value)
                }
            };
            (value == term.value) == term.equal
        })
    }
}

fn unsupported(label: &str, kind: &Kind) -> Status {
    Status::bad_request(if &*kind.group == "batch" && &*kind.kind == "Job" {
        format!("field label {label:?} not supported for Job")
    } else if kind.selectable.is_empty() && !kind.custom {
        format!("{label:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
    } else {
        format!("field label not supported: {label}")
    })
}

/// Splits at commas that no backslash stands before.
fn split_terms(text: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    text.split(move |sign| {
        let splits = sign == ',' && !escaped;
        escaped = sign == '\\' && !escaped;
        splits
    })
}

fn split_operator(term: &str) -> Option<(&str, bool, &str)> {
    let at = [term.find("!="), term.find('=')].into_iter().flatten().min()?;
    let (label, rest) = term.split_at(at);
    let (operator, equal) = match rest {
        rest if rest.starts_with("!=") => ("!=", false),
        rest if rest.starts_with("==") => ("==", true),
        _ => ("=", true),
    };
    Some((label, equal, &rest[operator.len()..]))
}

fn unescape(text: &str) -> Result<String, String> {
    let (mut plain, mut signs) = (String::new(), text.chars());
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some(sign @ ('\\' | ',' | '=')) => plain.push(sign),
                other => {
                    return Err(format!("invalid escape sequence: \\{}", other.map(String::from).unwrap_or_default()));
                }
            },
            ',' | '=' => return Err(format!("unescaped character in value: {}", u32::from(sign))),
            sign => plain.push(sign),
        }
    }
    Ok(plain)
}

#[cfg(test)]
#[path = "selector_tests.rs"]
mod tests;
