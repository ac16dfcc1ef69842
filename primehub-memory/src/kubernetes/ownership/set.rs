//! Sets of fields: which parts of an object somebody owns.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::kubernetes::schema::{Cursor, Shape};

/// One step to a field.
#[derive(Clone, Debug)]
pub(super) enum Element {
    /// A field of an object.
    Field(String),
    /// The item of a list with these values in its key fields, which are sorted by name.
    Key(Vec<(String, Value)>),
    /// The item of a set.
    Value(Value),
    /// The item of a list at this position.
    Index(usize),
}

/// A tree of elements; each of them may be in the set, and have others below it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Set(BTreeMap<Element, Branch>);

/// What is in the set at and below one element.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Branch {
    pub(super) member: bool,
    pub(super) below: Set,
}

impl Branch {
    fn is_empty(&self) -> bool {
        !self.member && self.below.is_empty()
    }
}

impl Set {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts a field into the set. The whole object cannot be in it.
    pub(super) fn insert(&mut self, path: &[Element]) {
        let Some((first, rest)) = path.split_first() else { return };
        let branch = self.0.entry(first.clone()).or_default();
        if rest.is_empty() {
            branch.member = true;
        } else {
            branch.below.insert(rest);
        }
    }

    pub(super) fn insert_branch(&mut self, element: Element, branch: Branch) {
        if !branch.is_empty() {
            self.0.insert(element, branch);
        }
    }

    /// Whether the element at the top of the tree is in the set.
    pub(super) fn has(&self, element: &Element) -> bool {
        self.0.get(element).is_some_and(|branch| branch.member)
    }

    /// Whether the field is in the set.
    pub(super) fn has_path(&self, path: &[Element]) -> bool {
        match path.split_first() {
            None => false,
            Some((last, [])) => self.has(last),
            Some((first, rest)) => self.below(first).is_some_and(|below| below.has_path(rest)),
        }
    }

    /// What is below an element; `None` if nothing is.
    pub(super) fn below(&self, element: &Element) -> Option<&Set> {
        self.0.get(element).map(|branch| &branch.below).filter(|below| !below.is_empty())
    }

    /// Both sets together.
    pub(super) fn union(mut self, other: &Self) -> Self {
        for (element, branch) in &other.0 {
            let own = self.0.entry(element.clone()).or_default();
            own.member |= branch.member;
            own.below = std::mem::take(&mut own.below).union(&branch.below);
        }
        self
    }

    /// What is in both.
    pub(super) fn intersection(&self, other: &Self) -> Self {
        self.combine(|element, branch| {
            let other = other.0.get(element)?;
            let member = branch.member && other.member;
            Some(Branch { member, below: branch.below.intersection(&other.below) })
        })
    }

    /// What is not in the other one.
    pub(super) fn difference(&self, other: &Self) -> Self {
        self.combine(|element, branch| {
            let Some(other) = other.0.get(element) else { return Some(branch.clone()) };
            let member = branch.member && !other.member;
            Some(Branch { member, below: branch.below.difference(&other.below) })
        })
    }

    /// What is neither in the other one nor below anything that is.
    pub(super) fn outside(&self, other: &Self) -> Self {
        self.combine(|element, branch| match other.0.get(element) {
            None => Some(branch.clone()),
            Some(other) if other.member => None,
            Some(other) => Some(Branch { member: branch.member, below: branch.below.outside(&other.below) }),
        })
    }

    fn combine(&self, choose: impl Fn(&Element, &Branch) -> Option<Branch>) -> Self {
        let mut result = Self::default();
        for (element, branch) in &self.0 {
            if let Some(branch) = choose(element, branch) {
                result.insert_branch(element.clone(), branch);
            }
        }
        result
    }

    /// Declared fields with something below them are in the set as well.
    pub(super) fn with_declared(&self, schema: Option<Cursor<'_>>) -> Self {
        self.combine(|element, branch| {
            let (declared, child) = match element {
                Element::Field(name) => {
                    (schema.is_some_and(|schema| schema.field(name).is_some()), schema.and_then(|at| at.child(name)))
                }
                _ => (false, schema.and_then(Cursor::items).map(|(item, _)| item)),
            };
            let member = branch.member || (declared && !branch.below.is_empty());
            Some(Branch { member, below: branch.below.with_declared(child) })
        })
    }

    /// All fields in the set, those at one level before those below them.
    pub(super) fn paths(&self) -> Vec<Vec<Element>> {
        let mut paths: Vec<_> =
            self.0.iter().filter(|(_, branch)| branch.member).map(|(element, _)| vec![element.clone()]).collect();
        for (element, branch) in &self.0 {
            for mut path in branch.below.paths() {
                path.insert(0, element.clone());
                paths.push(path);
            }
        }
        paths
    }

    /// The set in the form of `fieldsV1`.
    pub(super) fn to_fields(&self) -> Value {
        let mut fields = Map::new();
        for (element, branch) in &self.0 {
            let mut below = branch.below.to_fields();
            if branch.member && !branch.below.is_empty() {
                below["."] = Value::Object(Map::new());
            }
            fields.insert(element.encode(), below);
        }
        Value::Object(fields)
    }

    /// Reads the form of `fieldsV1`.
    pub(super) fn from_fields(fields: &Value) -> Option<Self> {
        let mut set = Self::default();
        for (name, value) in fields.as_object()?.iter().filter(|(name, _)| *name != ".") {
            let fields = value.as_object()?;
            let branch =
                Branch { member: fields.is_empty() || fields.contains_key("."), below: Self::from_fields(value)? };
            set.insert_branch(Element::decode(name)?, branch);
        }
        Some(set)
    }
}

impl Element {
    /// The step to an item of a list; an error says why there is none.
    pub(super) fn of_item(item: &Value, schema: Cursor<'_>, keys: &[std::sync::Arc<str>]) -> Result<Self, String> {
        if keys.is_empty() {
            return match item {
                Value::Object(_) => Err("associative list without keys has an element that's a map type".into()),
                Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
                Value::Null => Err("associative list without keys has an element that's an explicit null".into()),
                scalar => Ok(Self::Value(scalar.clone())),
            };
        }
        let fields = match item {
            Value::Object(fields) => fields,
            Value::Null => return Err("associative list with keys may not have a null element".into()),
            _ => return Err("associative list with keys may not have non-map elements".into()),
        };
        let value = |name: &str| {
            let default = || schema.field(name).and_then(|(field, _)| field.default.clone());
            fields.get(name).cloned().or_else(default).map(|value| (name.to_owned(), value))
        };
        let mut key: Vec<_> = keys.iter().filter_map(|name| value(name)).collect();
        if key.is_empty() {
            let keys: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        key.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Self::Key(key))
    }

    fn encode(&self) -> String {
        match self {
            Self::Field(name) => format!("f:{name}"),
            Self::Key(key) => format!("k:{}", Value::Object(key.iter().cloned().collect())),
            Self::Value(value) => format!("v:{value}"),
            Self::Index(index) => format!("i:{index}"),
        }
    }

    fn decode(text: &str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        match kind {
            "f" => Some(Self::Field(rest.to_owned())),
            "k" => serde_json::from_str::<BTreeMap<String, Value>>(rest)
                .ok()
                .map(|key| Self::Key(key.into_iter().collect())),
            "v" => serde_json::from_str(rest).ok().map(Self::Value),
            "i" => rest.parse().ok().map(Self::Index),
            _ => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Field(_) => 0,
            Self::Key(_) => 1,
            Self::Value(_) => 2,
            Self::Index(_) => 3,
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(name) => write!(formatter, ".{name}"),
            Self::Key(key) => {
                let key: Vec<_> = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
                write!(formatter, "[{}]", key.join(","))
            }
            Self::Value(value) => write!(formatter, "[={value}]"),
            Self::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}

/// A path as messages show it: `.spec.containers[name="a"].image`.
pub(super) fn show(path: &[Element]) -> String {
    path.iter().map(ToString::to_string).collect()
}

impl Ord for Element {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Field(a), Self::Field(b)) => a.cmp(b),
            (Self::Key(a), Self::Key(b)) => {
                let each = a.iter().zip(b).map(|(a, b)| a.0.cmp(&b.0).then_with(|| compare(&a.1, &b.1)));
                each.fold(Ordering::Equal, Ordering::then).then(a.len().cmp(&b.len()))
            }
            (Self::Value(a), Self::Value(b)) => compare(a, b),
            (Self::Index(a), Self::Index(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl PartialOrd for Element {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Element {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Element {}

/// Orders scalars: numbers, texts, truth values, then what else may stand in a key.
fn compare(a: &Value, b: &Value) -> Ordering {
    let rank = |value: &Value| match value {
        Value::Number(_) => 0,
        Value::String(_) => 1,
        Value::Bool(_) => 2,
        _ => 3,
    };
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => x.cmp(&y),
            _ => x.as_f64().unwrap_or_default().total_cmp(&y.as_f64().unwrap_or_default()),
        },
        (Value::String(x), Value::String(y)) => x.cmp(y),
        (Value::Bool(x), Value::Bool(y)) => x.cmp(y),
        _ => {
            rank(a).cmp(&rank(b)).then_with(|| if a == b { Ordering::Equal } else { a.to_string().cmp(&b.to_string()) })
        }
    }
}

/// Whether a type has fields or entries that are owned one by one.
pub(super) fn is_divided(schema: Cursor<'_>) -> bool {
    !schema.node().atomic && matches!(schema.shape(), Shape::Any | Shape::Struct(_) | Shape::Map(_))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn set(fields: Value) -> Set {
        Set::from_fields(&fields).unwrap()
    }

    #[test]
    fn sets_are_read_and_written() {
        let fields = json!({
            "f:metadata": {"f:finalizers": {".": {}, "v:\"a/b\"": {}}, "f:labels": {".": {}, "f:a": {}}},
            "f:spec": {"f:ports": {"k:{\"containerPort\":80,\"protocol\":\"TCP\"}": {".": {}, "f:name": {}}}, "f:replicas": {}, "i:3": {}},
        });
        assert_eq!(set(fields.clone()).to_fields(), fields);
        for broken in [json!({"x:a": {}}), json!({"f:a": 5}), json!([]), json!({"k:{": {}}), json!({"nothing": {}})] {
            assert_eq!(Set::from_fields(&broken), None, "{broken}");
        }
    }

    #[test]
    fn operations() {
        let a = set(json!({"f:x": {".": {}, "f:y": {}, "f:z": {}}, "f:w": {}}));
        let b = set(json!({"f:x": {"f:y": {}}, "f:v": {}}));
        assert_eq!(a.clone().union(&b), set(json!({"f:x": {".": {}, "f:y": {}, "f:z": {}}, "f:w": {}, "f:v": {}})));
        assert_eq!(a.intersection(&b), set(json!({"f:x": {"f:y": {}}})));
        assert_eq!(a.difference(&b), set(json!({"f:x": {".": {}, "f:z": {}}, "f:w": {}})));
        assert_eq!(a.difference(&set(json!({"f:x": {}}))), set(json!({"f:x": {"f:y": {}, "f:z": {}}, "f:w": {}})));
        assert_eq!(a.outside(&set(json!({"f:x": {}}))), set(json!({"f:w": {}})));
        let shown: Vec<_> = a.paths().iter().map(|path| show(path)).collect();
        assert_eq!(shown, [".w", ".x", ".x.y", ".x.z"]);
    }

    #[test]
    fn elements_are_shown_and_ordered() {
        let path = [
            Element::Field("ports".into()),
            Element::Key(vec![("containerPort".into(), 80.into()), ("protocol".into(), "TCP".into())]),
            Element::Value("x".into()),
        ];
        assert_eq!(show(&path), r#".ports[containerPort=80,protocol="TCP"][="x"]"#);
        assert!(path.is_sorted());
        assert!(Element::Value(9.into()) < Element::Value(10.into()));
    }
}
