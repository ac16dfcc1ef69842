//! From the structural schema of a custom resource definition to a graph of types.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::checks;
use super::expressions::Expression;
use super::prune::prune_at;
use super::rules::{Rules, fields, flag, list, text};
use super::validate::{NOWHERE, validate_at};
use super::{Cursor, Field, ListKind, Node, NodeId, Path, Schema, Shape, Struct, Types, builtin};
use crate::kubernetes::status::{Cause, Causes};

/// Reads the `openAPIV3Schema` of a definition. `path` is where it stands.
///
/// # Errors
///
/// What is wrong with the schema, in the words of the real server.
pub(crate) fn compile(schema: &Value, path: &str) -> Result<Schema, Causes> {
    let mut causes = checks::check(schema, path);
    let mut compiler = Compiler { types: Types::default(), metadata: None, causes: Causes::new() };
    let root = compiler.node(schema, path, Place { root: true, ..Place::default() });
    // The real server looks at defaults and expressions once the schema itself is right.
    if causes.is_empty() {
        causes = compiler.causes;
    }
    if causes.is_empty() { Ok(Schema { types: Arc::new(compiler.types), root }) } else { Err(causes) }
}

struct Compiler {
    types: Types,
    /// The type of metadata, once somebody has asked.
    metadata: Option<NodeId>,
    causes: Causes,
}

/// What is around a node.
#[derive(Clone, Copy, Default)]
struct Place<'a> {
    root: bool,
    /// The node is (in) the metadata of an object, whose types are known.
    inside_metadata: bool,
    /// The closest node around this one whose items cannot be told apart: what was there before is unknown below it.
    uncorrelated: Option<&'a str>,
}

impl Compiler {
    fn node(&mut self, schema: &Value, path: &str, place: Place<'_>) -> NodeId {
        let embedded = place.root || flag(schema, "x-kubernetes-embedded-resource");
        let preserve_unknown = flag(schema, "x-kubernetes-preserve-unknown-fields");
        let mut rules = Rules::of(schema);
        let shape = match text(schema, "type") {
            _ if flag(schema, "x-kubernetes-int-or-string") => Shape::IntOrString,
            "string" => Shape::String,
            "boolean" => Shape::Boolean,
            "integer" if text(schema, "format") == "int32" => Shape::Int32,
            "integer" => Shape::Int64,
            "number" => Shape::Double,
            "array" => self.list(schema, path, place, &mut rules),
            _ => self.object(schema, path, place, embedded, &mut rules),
        };
        let atomic = text(schema, "x-kubernetes-map-type") == "atomic";
        rules.expressive |= !list(schema, "x-kubernetes-validations").is_empty();
        let nullable = flag(schema, "nullable");
        let node = Node { shape, nullable, atomic, preserve_unknown, embedded, rules: Some(Box::new(rules)) };
        let id = self.types.add(node);
        self.expressions(schema, id, path, place);
        if !place.root && !place.inside_metadata {
            self.check_default(schema, id, path);
        }
        id
    }

    fn list(&mut self, schema: &Value, path: &str, place: Place<'_>, rules: &mut Rules) -> Shape {
        let keys = list(schema, "x-kubernetes-list-map-keys").iter().filter_map(Value::as_str).map(Arc::from);
        let kind = match text(schema, "x-kubernetes-list-type") {
            "set" => ListKind::Set,
            "map" => ListKind::Map(keys.collect()),
            _ => ListKind::Atomic,
        };
        let uncorrelated = place.uncorrelated.or(if matches!(kind, ListKind::Map(_)) { None } else { Some(path) });
        let below = Place { root: false, uncorrelated, ..place };
        let item = self.node(schema.get("items").unwrap_or(&Value::Null), &format!("{path}.items"), below);
        rules.expressive |= self.is_expressive(item);
        Shape::List { item, kind }
    }

    fn object(&mut self, schema: &Value, path: &str, place: Place<'_>, embedded: bool, rules: &mut Rules) -> Shape {
        let below = Place { root: false, ..place };
        let required: BTreeSet<&str> = list(schema, "required").iter().filter_map(Value::as_str).collect();
        let mut object = Struct::default();
        for (name, schema) in fields(schema, "properties") {
            let below =
                Place { inside_metadata: place.inside_metadata || embedded && META.contains(&name.as_str()), ..below };
            let node = if embedded && name == "metadata" {
                self.metadata(Some(schema))
            } else {
                self.node(schema, &format!("{path}.properties[{name}]"), below)
            };
            rules.expressive |= self.is_expressive(node);
            let default = schema.get("default").filter(|default| !default.is_null()).cloned();
            object.fields.insert(name.as_str().into(), field(node, required.contains(name.as_str()), default));
        }
        if embedded {
            for name in META.iter().filter(|name| !fields(schema, "properties").any(|(known, _)| known == *name)) {
                let node = match *name {
                    "metadata" => self.metadata(None),
                    _ => self.types.add(Node { shape: Shape::String, ..Node::default() }),
                };
                object.fields.insert((*name).into(), field(node, false, None));
            }
            return Shape::Struct(object);
        }
        match schema.get("additionalProperties") {
            _ if !object.fields.is_empty() => Shape::Struct(object),
            Some(values) if values.is_object() => {
                let child = self.node(values, &format!("{path}.additionalProperties"), below);
                rules.expressive |= self.is_expressive(child);
                Shape::Map(child)
            }
            // Values without a schema are kept, objects among them lose their fields.
            Some(Value::Bool(_)) => {
                let shape = Shape::Struct(Struct::default());
                Shape::Map(self.types.add(Node { shape, nullable: true, ..Node::default() }))
            }
            _ if flag(schema, "x-kubernetes-preserve-unknown-fields") => Shape::Any,
            _ => Shape::Struct(object),
        }
    }

    /// The type of an object's metadata, with what a definition wants of it in addition.
    fn metadata(&mut self, schema: Option<&Value>) -> NodeId {
        let id = match (self.metadata, builtin::types().named("meta.v1.ObjectMeta")) {
            (Some(id), _) => id,
            (None, Some(known)) => self.types.import(&known.types, known.root),
            (None, None) => self.types.add(Node::default()),
        };
        self.metadata = Some(id);
        let Some(schema) = schema else { return id };
        let node = Node { rules: Some(Box::new(Rules::nested(schema))), ..self.types.at(id).node().clone() };
        self.types.add(node)
    }

    fn is_expressive(&self, id: NodeId) -> bool {
        self.types.at(id).node().rules.as_ref().is_some_and(|rules| rules.expressive)
    }

    fn expressions(&mut self, schema: &Value, id: NodeId, path: &str, place: Place<'_>) {
        let mut expressions = Vec::new();
        for (index, rule) in list(schema, "x-kubernetes-validations").iter().enumerate() {
            let path = format!("{path}.x-kubernetes-validations[{index}]");
            let refuse = |part: &str, shown: &Value, why: &str| Cause::invalid(format!("{path}.{part}"), shown, why);
            match Expression::compile(rule, self.types.at(id)) {
                Ok(expression) => {
                    let old = expression.uses_old();
                    if let (true, Some(around)) = (old, place.uncorrelated) {
                        let why = format!(
                            "oldSelf cannot be used on the uncorrelatable portion of the schema within {around}"
                        );
                        self.causes.push(refuse("rule", &json!(text(rule, "rule")), &why));
                    }
                    if let (false, Some(optional)) =
                        (old, rule.get("optionalOldSelf").filter(|optional| !optional.is_null()))
                    {
                        self.causes.push(refuse(
                            "optionalOldSelf",
                            optional,
                            "may not be set if oldSelf is not used in rule",
                        ));
                    }
                    expressions.push(expression);
                }
                Err((part, why)) => {
                    let message = format!("Invalid value: {}: {why}", shown(rule));
                    self.causes.push(Cause {
                        reason: "FieldValueInvalid".to_owned(),
                        message,
                        field: format!("{path}.{part}"),
                    });
                }
            }
        }
        if let Some(rules) = self.types.nodes.get_mut(id.0 as usize).and_then(|node| node.rules.as_mut()) {
            rules.expressions = expressions;
        }
    }

    /// Defaults have to be what pruning and validation leave alone.
    fn check_default(&mut self, schema: &Value, id: NodeId, path: &str) {
        let Some(default) = schema.get("default").filter(|default| !default.is_null()) else { return };
        let at: Cursor<'_> = self.types.at(id);
        let path = format!("{path}.default");
        let mut pruned = default.clone();
        prune_at(Some(at), &mut pruned, &Path::ROOT, &mut Vec::new());
        if pruned != *default {
            self.causes.push(Cause::invalid(&path, default, "must not have unknown fields"));
        }
        let faults = validate_at(at, default, None, false);
        self.causes.extend(faults.into_iter().map(|cause| match cause.field.as_str() {
            "" | NOWHERE => Cause { field: path.clone(), ..cause },
            field if field.starts_with('[') => Cause { field: format!("{path}{field}"), ..cause },
            field => Cause { field: format!("{path}.{field}"), ..cause },
        }));
    }
}

/// What every object has.
const META: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn field(node: NodeId, required: bool, default: Option<Value>) -> Field {
    Field { node, required, default, number: None, merge: super::Merge::default(), values: Vec::new(), inline: false }
}

/// A rule as the real server prints it.
fn shown(rule: &Value) -> String {
    let part = |name: &str| json!(text(rule, name)).to_string();
    let rest = |name: &str| rule.get(name).unwrap_or(&Value::Null).to_string();
    let text = format!(
        r#"{{"Rule":{},"Message":{},"MessageExpression":{},"Reason":{},"FieldPath":{},"OptionalOldSelf":{}}}"#,
        part("rule"),
        part("message"),
        part("messageExpression"),
        rest("reason"),
        part("fieldPath"),
        rest("optionalOldSelf"),
    );
    text.replace('<', r"\u003c").replace('>', r"\u003e").replace('&', r"\u0026")
}
