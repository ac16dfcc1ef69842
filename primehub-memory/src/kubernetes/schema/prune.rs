//! Drops what a schema does not declare, and fills in defaults.

use serde_json::{Map, Value};

use super::path::Path;
use super::{Cursor, Schema, Shape};

/// Drops undeclared fields, and `null` where it is no value and has no default. Answers the paths of the undeclared fields, sorted.
#[must_use]
pub(crate) fn prune(schema: &Schema, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    prune_at(Some(schema.root()), object, &Path::ROOT, &mut dropped);
    dropped.sort();
    dropped
}

/// Without a type, nothing is declared: objects lose all fields.
pub(super) fn prune_at(at: Option<Cursor<'_>>, value: &mut Value, path: &Path<'_>, dropped: &mut Vec<String>) {
    let keeps = at.is_some_and(|at| at.node().preserve_unknown || matches!(at.shape(), Shape::Any));
    match value {
        Value::Object(fields) => match at.map(|at| (at, at.shape())) {
            Some((at, Shape::Struct(object))) => fields.retain(|name, value| {
                let path = path.field(name);
                let Some(field) = object.fields.get(name.as_str()).filter(|field| !field.inline) else {
                    if !keeps {
                        dropped.push(path.to_string());
                    }
                    return keeps;
                };
                let child = at.at(field.node);
                if value.is_null() && field.default.is_none() && is_no_value(child) {
                    return false;
                }
                prune_at(Some(child), value, &path, dropped);
                true
            }),
            Some((at, Shape::Map(child))) => fields.retain(|key, value| {
                let child = at.at(*child);
                if value.is_null() && is_no_value(child) {
                    return false;
                }
                prune_at(Some(child), value, &path.field(key), dropped);
                true
            }),
            _ if keeps => {}
            _ => {
                dropped.extend(fields.keys().map(|name| path.field(name).to_string()));
                fields.clear();
            }
        },
        Value::Array(items) => {
            let item = at.and_then(Cursor::items).map(|(item, _)| item);
            if item.is_some() || !keeps {
                for (index, value) in items.iter_mut().enumerate() {
                    prune_at(item, value, &path.index(index), dropped);
                }
            }
        }
        _ => {}
    }
}

/// Whether `null` counts as absent here. The free-form fields of built-in kinds keep it.
fn is_no_value(at: Cursor<'_>) -> bool {
    !at.node().nullable && (at.node().rules.is_some() || !matches!(at.shape(), Shape::Any))
}

/// Fills in the defaults of absent fields, and of those that are `null` and may not be.
pub(crate) fn default(schema: &Schema, object: &mut Value) {
    default_at(schema.root(), object);
}

pub(super) fn default_at(at: Cursor<'_>, value: &mut Value) {
    match (value, at.shape()) {
        (Value::Object(fields), Shape::Struct(_)) => default_fields(at, fields),
        (Value::Object(fields), Shape::Map(child)) => {
            for value in fields.values_mut() {
                default_element(at.at(*child), value);
            }
        }
        (Value::Array(items), Shape::List { item, .. }) => {
            for value in items {
                default_element(at.at(*item), value);
            }
        }
        _ => {}
    }
}

fn default_fields(at: Cursor<'_>, fields: &mut Map<String, Value>) {
    let Shape::Struct(object) = at.shape() else { return };
    for (name, field) in &object.fields {
        let Some(default) = &field.default else { continue };
        match fields.get_mut(&**name) {
            Some(value) if value.is_null() && !at.at(field.node).node().nullable => value.clone_from(default),
            Some(_) => {}
            None => _ = fields.insert(name.to_string(), default.clone()),
        }
    }
    for (name, value) in fields {
        if let Some(field) = object.fields.get(name.as_str()) {
            default_at(at.at(field.node), value);
        }
    }
}

fn default_element(at: Cursor<'_>, value: &mut Value) {
    if value.is_null()
        && !at.node().nullable
        && let Some(default) = at.node().rules.as_ref().and_then(|rules| rules.default.as_ref())
    {
        value.clone_from(default);
    }
    default_at(at, value);
}
