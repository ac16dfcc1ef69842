//! From the schemas of Rust types to those that a custom resource definition may have.

use schemars::transform::{RecursiveTransform, Transform as _};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value};

/// A JSON object of which nothing is known; every key in it is kept.
pub type FreeForm = Map<String, Value>;

/// What stands at the root of an object, beside what every Kubernetes object has.
pub(super) struct Root {
    /// What the kind is for.
    pub(super) description: &'static str,
    /// Whether unknown keys beside `spec` are kept.
    pub(super) keeps_unknown: bool,
}

impl Root {
    /// The schema of a kind with a `spec` alone.
    pub(super) fn schema<Spec: JsonSchema>(&self, generator: &mut SchemaGenerator) -> Schema {
        // The schemas of the original let an object without `spec` pass where `spec` itself may not be empty. Such an object is no
        // job, dataset or image, and nothing that reads objects could do anything with it.
        let mut schema = json_schema!({
            "type": "object",
            "description": self.description,
            "properties": { "spec": generator.subschema_for::<Spec>() },
            "required": ["spec"],
        });
        if self.keeps_unknown {
            schema.insert(KEEPS_UNKNOWN.to_owned(), Value::Bool(true));
        }
        RecursiveTransform(structural).transform(&mut schema);
        schema
    }

    /// The schema of a kind with a `status` as well.
    pub(super) fn schema_with_status<Spec, Status>(&self, generator: &mut SchemaGenerator) -> Schema
    where
        Spec: JsonSchema,
        Status: JsonSchema,
    {
        let mut schema = self.schema::<Spec>(generator);
        let mut status = generator.subschema_for::<Status>();
        RecursiveTransform(structural).transform(&mut status);
        if let Some(Value::Object(properties)) = schema.get_mut("properties") {
            properties.insert("status".to_owned(), status.to_value());
        }
        schema
    }
}

/// Gives a kind its schema. The derive macro's own would make `status` nullable, and cannot keep unknown keys at the root.
macro_rules! root_schema {
    ($kind:ident, $description:literal, $keeps_unknown:literal, $spec:ty $(, $status:ty)?) => {
        impl ::schemars::JsonSchema for $kind {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($kind).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let root = $crate::crd::schema::Root { description: $description, keeps_unknown: $keeps_unknown };
                root_schema!(@ root, generator, $spec $(, $status)?)
            }
        }
    };
    (@ $root:ident, $generator:ident, $spec:ty) => { $root.schema::<$spec>($generator) };
    (@ $root:ident, $generator:ident, $spec:ty, $status:ty) => { $root.schema_with_status::<$spec, $status>($generator) };
}
pub(super) use root_schema;

/// The schema of a [`FreeForm`] object. A field that has it is required, even if its type is an `Option`, unless it is `serde(default)`.
pub(super) fn free_form(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "object", KEEPS_UNKNOWN: true })
}

/// The schema of a list of [`FreeForm`] objects.
pub(super) fn free_form_list(generator: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "array", "items": free_form(generator) })
}

const KEEPS_UNKNOWN: &str = "x-kubernetes-preserve-unknown-fields";

/// An optional field may be left out, but is not nullable: `null` for it is then dropped by the API server when an object is written, and
/// readers need not tell null from absent. Formats of floating-point numbers say nothing that `number` does not.
fn structural(schema: &mut Schema) {
    let Some(object) = schema.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|name| name != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = choices.as_mut_slice() {
            let only = std::mem::take(only);
            object.remove("anyOf");
            // What is said about the field stands above what is said about its type.
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
    if object.get("format").is_some_and(|format| format == "double") {
        object.remove("format");
    }
}
