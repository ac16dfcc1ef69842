//! Writes the table of types. Its format stands in `primehub-memory/src/kubernetes/schema/table.rs`.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use crate::proto::Messages;
use crate::{text, texts};

/// The schemas of the published documents, by short name.
pub(crate) type Schemas = BTreeMap<String, Value>;

/// `io.k8s.api.core.v1.Pod` as `core.v1.Pod`.
pub(crate) fn short(name: &str) -> String {
    [
        "io.k8s.api.",
        "io.k8s.apimachinery.pkg.apis.",
        "io.k8s.apimachinery.pkg.",
        "io.k8s.apiextensions-apiserver.pkg.apis.",
    ]
    .into_iter()
    .find_map(|prefix| name.strip_prefix(prefix))
    .unwrap_or(name)
    .to_owned()
}

/// The table of the types `roots` and of everything that they are made of.
pub(crate) fn write(schemas: &Schemas, messages: &Messages, roots: Vec<String>) -> Result<String> {
    let mut writer = Writer { schemas, messages, keys: keys(schemas), open: Vec::new(), inner: BTreeMap::new() };
    let mut done = BTreeMap::new();
    writer.open = roots;
    while let Some(name) = writer.open.pop() {
        if let Entry::Vacant(place) = done.entry(name) {
            let text = writer.one(place.key()).with_context(|| format!("writing {}", place.key()))?;
            place.insert(text);
        }
    }
    Ok(done.into_values().collect())
}

/// Fields that tell the items of a list apart, with the type of the items. If such a field has a default, even an empty one, it matters.
fn keys(schemas: &Schemas) -> BTreeSet<(String, &str)> {
    let properties = schemas.values().filter_map(|schema| schema["properties"].as_object()).flat_map(Map::values);
    let items = properties
        .filter_map(|property| Some((reference(&property["items"])?, texts(property, "x-kubernetes-list-map-keys"))));
    items.flat_map(|(item, keys)| keys.into_iter().map(move |key| (item.clone(), key))).collect()
}

fn reference(schema: &Value) -> Option<String> {
    let target = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str())?;
    target.strip_prefix("#/components/schemas/").map(short)
}

struct Writer<'a> {
    schemas: &'a Schemas,
    messages: &'a Messages,
    keys: BTreeSet<(String, &'a str)>,
    open: Vec<String>,
    /// Messages that are no type in JSON, because their fields stand in the parent: with a schema of the parent.
    inner: BTreeMap<String, &'a Value>,
}

impl<'a> Writer<'a> {
    fn one(&mut self, name: &str) -> Result<String> {
        let (schemas, messages) = (self.schemas, self.messages);
        let own = schemas.get(name);
        let schema = own.or_else(|| self.inner.get(name).copied()).context("there is no such type")?;
        ensure!(text(schema, "type") == "object", "it is no object");
        let empty = Map::new();
        let properties = schema["properties"].as_object().unwrap_or(&empty);
        let mut numbers = BTreeMap::new();
        let mut inner = BTreeMap::new();
        for field in messages.get(name).into_iter().flatten() {
            match properties.keys().find(|property| same(property, &field.name)) {
                Some(property) => _ = numbers.insert(property.as_str(), field.number),
                None => match &field.message {
                    Some(message) => _ = inner.insert(message.as_str(), field),
                    // Left in the definition for compatibility only.
                    None => eprintln!("{name}: {} is not in the API", field.name),
                },
            }
        }
        // What an inner message declares is left out of the parent; of the message itself everything else is.
        let within: BTreeSet<_> = inner.keys().flat_map(|message| self.within(message, properties)).collect();
        let mut out = format!(
            "@{name}{}\n",
            if own.is_some() && text(schema, "x-kubernetes-map-type") == "atomic" { " !" } else { "" }
        );
        let required = texts(schema, "required");
        for (property, value) in properties {
            if within.contains(property) || (own.is_none() && !numbers.contains_key(property.as_str())) {
                continue;
            }
            out += property;
            if required.contains(&property.as_str()) {
                out += "+";
            }
            if let Some(number) = numbers.get(property.as_str()) {
                write!(out, "#{number}")?;
            }
            let kind = self.expression(value).with_context(|| format!("the field {property}"))?;
            write!(out, " {kind}")?;
            out += &strategy(value);
            let default = &value["default"];
            // An empty object stands in what the server answers even if nobody has given it; an empty scalar does not matter.
            let empty = [Value::from(""), 0.into(), false.into()].contains(default);
            if !default.is_null() && (!empty || self.keys.contains(&(name.to_owned(), property.as_str()))) {
                write!(out, " ={default}")?;
            }
            let values = texts(value, "enum");
            if !values.is_empty() {
                write!(out, " |{}", values.join("|"))?;
            }
            out += "\n";
        }
        for (message, field) in inner {
            writeln!(out, "~{}#{} {message}", field.name, field.number)?;
            self.open.push(message.to_owned());
            if !schemas.contains_key(message) {
                self.inner.insert(message.to_owned(), schema);
            }
        }
        Ok(out)
    }

    /// Which of `properties` a message declares, itself or in messages within it.
    fn within(&self, message: &str, properties: &'a Map<String, Value>) -> BTreeSet<&'a String> {
        let mut found = BTreeSet::new();
        for field in self.messages.get(message).into_iter().flatten() {
            match (properties.keys().find(|property| same(property, &field.name)), &field.message) {
                (Some(property), _) => _ = found.insert(property),
                (None, Some(message)) => found.extend(self.within(message, properties)),
                (None, None) => {}
            }
        }
        found
    }

    fn expression(&mut self, schema: &Value) -> Result<String> {
        if let Some(name) = reference(schema) {
            return Ok(self.named(name, text(schema, "x-kubernetes-map-type")));
        }
        Ok(match (text(schema, "type"), text(schema, "format")) {
            ("string", "") => "s".into(),
            ("string", "byte") => "b64".into(),
            ("string", "date-time") => "time".into(),
            ("boolean", _) => "b".into(),
            ("integer", "int32") => "i32".into(),
            ("integer", _) => "i64".into(),
            ("number", _) => "f".into(),
            ("array", _) => {
                let item = self.expression(&schema["items"])?;
                match text(schema, "x-kubernetes-list-type") {
                    "map" => format!("[{item}]*{}", texts(schema, "x-kubernetes-list-map-keys").join(",")),
                    "set" => format!("[{item}]="),
                    _ => format!("[{item}]"),
                }
            }
            ("object", _) if schema["additionalProperties"].is_object() => {
                let value = self.expression(&schema["additionalProperties"])?;
                format!("{{{value}}}{}", if text(schema, "x-kubernetes-map-type") == "atomic" { "!" } else { "" })
            }
            ("object", _) => "obj".into(),
            ("", _) => "any".into(),
            (kind, format) => bail!("unknown type {kind} {format}"),
        })
    }

    fn named(&mut self, name: String, used_as: &str) -> String {
        let plain = match name.as_str() {
            "api.resource.Quantity" => "q",
            "util.intstr.IntOrString" => "ios",
            "meta.v1.Time" => "time",
            "meta.v1.MicroTime" => "micro",
            "runtime.RawExtension" | "meta.v1.FieldsV1" => "obj",
            name if name.starts_with("apiextensions.v1.JSON") && name != "apiextensions.v1.JSONSchemaProps" => "any",
            _ => "",
        };
        if !plain.is_empty() {
            return plain.to_owned();
        }
        let atomic = self.schemas.get(&name).is_some_and(|schema| text(schema, "x-kubernetes-map-type") == "atomic");
        self.open.push(name.clone());
        match (atomic, used_as) {
            (true, "granular") => name + "%",
            (false, "atomic") => name + "!",
            _ => name,
        }
    }
}

/// Names in protobuf are those of Go with another first letter, or with an underscore for what Go cannot name.
fn same(property: &str, field: &str) -> bool {
    let plain = |name: &str| name.replace(['-', '_', '$'], "").to_ascii_lowercase();
    plain(property) == plain(field)
}

fn strategy(schema: &Value) -> String {
    let given = text(schema, "x-kubernetes-patch-strategy");
    if given.is_empty() {
        return String::new();
    }
    let flag = |word, letter| if given.split(',').any(|one| one == word) { letter } else { "" };
    let key = text(schema, "x-kubernetes-patch-merge-key");
    let key = if key.is_empty() { String::new() } else { format!(":{key}") };
    format!("~{}{}{}{key}", flag("merge", "m"), flag("retainKeys", "r"), flag("replace", "w"))
}
