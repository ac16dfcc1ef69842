//! The schema as a client sees it: read by introspection.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{Caller, Platform};

/// Asks for every type with its fields and their arguments.
pub const INTROSPECTION: &str = "
    query { __schema { types { kind name
      fields { name type { ...T } args { name type { ...T } } }
      inputFields { name type { ...T } }
      enumValues { name } } } }
    fragment T on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

/// All types by name, those of the introspection itself left out.
pub type Types = BTreeMap<String, Type>;

/// One type.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Type {
    /// `OBJECT`, `INPUT_OBJECT`, `ENUM` or `SCALAR`.
    pub kind: String,
    /// Fields, or input fields, or values of an enumeration, by name.
    pub fields: BTreeMap<String, Field>,
}

/// One field.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Field {
    /// Its type as the schema definition language writes it, such as `[User]!`; empty for a value of an enumeration.
    pub of: String,
    /// Types of its arguments by name.
    pub arguments: BTreeMap<String, String>,
}

impl Field {
    /// Name of the type without list and non-null marks.
    #[must_use]
    pub fn base(&self) -> &str {
        self.of.trim_matches(['[', ']', '!'])
    }
}

/// Reads the schema of a platform that was started with introspection.
pub async fn read(platform: &Platform) -> Types {
    let answer = platform.query(Caller::PlatformAdministrator, INTROSPECTION).await;
    let types = answer.data()["__schema"]["types"].as_array().unwrap().iter();
    types.filter(|of| !text(&of["name"]).starts_with("__")).map(|of| (text(&of["name"]), parse(of))).collect()
}

fn parse(of: &Value) -> Type {
    let list = |key: &str| of[key].as_array().cloned().unwrap_or_default();
    let fields = ["fields", "inputFields", "enumValues"].into_iter().flat_map(list);
    let fields = fields.map(|field| {
        let arguments = field["args"].as_array().into_iter().flatten();
        let arguments = arguments.map(|argument| (text(&argument["name"]), written(&argument["type"]))).collect();
        (text(&field["name"]), Field { of: written(&field["type"]), arguments })
    });
    Type { kind: text(&of["kind"]), fields: fields.collect() }
}

fn written(of: &Value) -> String {
    match of["kind"].as_str() {
        Some("NON_NULL") => format!("{}!", written(&of["ofType"])),
        Some("LIST") => format!("[{}]", written(&of["ofType"])),
        _ => text(&of["name"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
