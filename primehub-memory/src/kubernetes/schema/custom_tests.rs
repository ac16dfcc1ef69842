//! Objects of a custom resource, and what a real server says of them.

use rstest::rstest;
use serde_json::{Value, json};

use super::{Schema, default, prune, structural, validate};
use crate::kubernetes::status::Causes;

fn schema() -> Schema {
    let strings = json!({ "type": "string" });
    let spec = json!({
        "type": "object",
        "required": ["size"],
        "x-kubernetes-validations": [
            { "rule": "self.size < 100", "message": "too big" },
            { "rule": "!has(self.rep) || self.rep == oldSelf.rep", "message": "rep is fixed" },
            { "rule": "oldSelf.hasValue() || self.size != 42", "optionalOldSelf": true, "message": "not at first" },
        ],
        "properties": {
            "size": { "type": "integer", "minimum": 1, "maximum": 1000 },
            "rep": strings,
            "i32": { "type": "integer", "format": "int32" },
            "color": { "type": "string", "enum": ["red", "green"] },
            "name": { "type": "string", "minLength": 2, "maxLength": 5, "pattern": "^[a-z]+$" },
            "tags": { "type": "array", "maxItems": 3, "minItems": 1, "items": strings, "x-kubernetes-list-type": "set" },
            "items": { "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"], "items": {
                "type": "object", "required": ["k"], "properties": { "k": strings, "v": { "type": "integer", "default": 7 } },
                "x-kubernetes-validations": [
                    { "rule": "self.v > 0", "fieldPath": ".v", "reason": "FieldValueForbidden",
                      "messageExpression": "'v of ' + self.k + ' is not positive'" },
                    { "rule": "self.v >= oldSelf.v", "message": "v shrinks" },
                ],
            } },
            "when": { "type": "string", "format": "date-time" },
            "ratio": { "type": "number", "multipleOf": 0.5, "exclusiveMinimum": true, "minimum": 0 },
            "port": { "x-kubernetes-int-or-string": true, "pattern": "^[0-9]+%$" },
            "labels": { "type": "object", "additionalProperties": strings, "maxProperties": 2, "minProperties": 1 },
            "one": { "type": "object", "properties": { "a": strings, "b": strings }, "oneOf": [{ "required": ["a"] }, { "required": ["b"] }] },
            "any": { "type": "object", "properties": { "a": strings, "b": strings },
                     "anyOf": [{ "required": ["a"] }, { "properties": { "b": { "enum": ["x"] } }, "required": ["b"] }] },
            "all": { "type": "string", "allOf": [{ "minLength": 2 }, { "pattern": "^a" }] },
            "none": { "type": "string", "not": { "enum": ["bad"] } },
            "nul": { "type": "string", "nullable": true },
            "def": { "type": "string", "default": "d" },
            "free": { "type": "object", "x-kubernetes-preserve-unknown-fields": true,
                      "properties": { "known": { "type": "object", "properties": { "a": { "type": "integer" } } } } },
            "emb": { "type": "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
            "flag": { "type": "boolean" },
            "namespace": { "type": "string", "x-kubernetes-validations": [{ "rule": "self.matches('^n') && size(self) > 1" }] },
            "start": { "type": "string", "format": "date",
                       "x-kubernetes-validations": [{ "rule": "self > timestamp('2020-01-01T00:00:00Z')", "message": "too early" }] },
            "list": { "type": "array", "items": { "type": "integer" }, "maxItems": 9,
                      "x-kubernetes-validations": [{ "rule": "self[2] == 3" }] },
        },
    });
    let metadata = json!({ "type": "object", "properties": { "name": { "type": "string", "maxLength": 8 } } });
    let root = json!({ "type": "object", "properties": { "metadata": metadata, "spec": spec } });
    structural::compile(&root, "schema").unwrap()
}

fn object(spec: Value) -> Value {
    json!({ "apiVersion": "a.b/v1", "kind": "Check", "metadata": { "name": "a" }, "spec": spec })
}

/// Reason, field and message of each fault; the real server has no order.
fn told(causes: Causes) -> Vec<String> {
    let mut told: Vec<_> = causes
        .into_iter()
        .map(|cause| format!("{} {}: {}", cause.reason.trim_start_matches("FieldValue"), cause.field, cause.message))
        .collect();
    told.sort();
    told
}

/// Stands for what is told where rules have to wait.
const REST: &str = "Invalid <nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation";

#[rstest]
#[case(json!({ "size": 1 }), &[])]
#[case(json!({ "size": "a" }), &[REST, r#"TypeInvalid spec.size: Invalid value: "string": spec.size in body must be of type integer: "string""#])]
#[case(json!({}), &[REST, "Required spec.size: Required value"])]
#[case(json!({ "size": 0 }), &["Invalid spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"])]
#[case(json!({ "size": 5.0 }), &[])]
#[case(json!({ "size": 1.5 }), &[r#"Invalid <nil>: Invalid value: "": Checked value must be of type integer (default format) in spec.size"#, REST,
    r#"TypeInvalid spec.size: Invalid value: "number": spec.size in body must be of type integer: "number""#])]
#[case(json!({ "size": 150 }), &["Invalid spec: Invalid value: too big"])]
#[case(json!({ "size": 42 }), &["Invalid spec: Invalid value: not at first"])]
#[case(json!({ "size": 1, "i32": 3_000_000_000_u64 }), &[r#"Invalid <nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.i32"#])]
#[case(json!({ "size": 1, "color": "blue" }), &[REST, r#"NotSupported spec.color: Unsupported value: "blue": supported values: "red", "green""#])]
#[case(json!({ "size": 1, "color": 3 }), &[REST, r#"NotSupported spec.color: Unsupported value: 3: supported values: "red", "green""#,
    r#"TypeInvalid spec.color: Invalid value: "integer": spec.color in body must be of type string: "integer""#])]
#[case(json!({ "size": 1, "name": "abcdefg" }), &[REST, "TooLong spec.name: Too long: may not be more than 5 bytes"])]
#[case(json!({ "size": 1, "name": "a" }), &[r#"Invalid spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long"#])]
#[case(json!({ "size": 1, "name": "AB" }), &[r#"Invalid spec.name: Invalid value: "AB": spec.name in body should match '^[a-z]+$'"#])]
#[case(json!({ "size": 1, "tags": ["a", "a", "a"] }), &[r#"Duplicate spec.tags[1]: Duplicate value: "a""#])]
#[case(json!({ "size": 1, "tags": [] }), &["Invalid spec.tags: Invalid value: 0: spec.tags in body should have at least 1 items"])]
#[case(json!({ "size": 1, "tags": ["a", "b", "c", "d"] }), &[REST, "TooMany spec.tags: Too many: 4: must have at most 3 items"])]
#[case(json!({ "size": 1, "items": [{ "k": "1" }, { "k": "1" }] }), &[r#"Duplicate spec.items[1]: Duplicate value: {"k":"1"}"#])]
#[case(json!({ "size": 1, "items": [{ "k": "1", "v": 0 }] }), &["Forbidden spec.items[0].v: Forbidden: v of 1 is not positive"])]
#[case(json!({ "size": 1, "when": "x" }), &[REST, r#"TypeInvalid spec.when: Invalid value: "x": spec.when in body must be of type date-time: "x""#])]
#[case(json!({ "size": 1, "when": 3 }), &[REST, r#"TypeInvalid spec.when: Invalid value: "int64": spec.when in body must be of type date-time: "int64""#])]
#[case(json!({ "size": 1, "when": [] }), &[])]
#[case(json!({ "size": 1, "ratio": 0 }), &["Invalid spec.ratio: Invalid value: 0: factor MultipleOf declared for spec.ratio must be positive: 0",
    "Invalid spec.ratio: Invalid value: 0: spec.ratio in body should be greater than 0"])]
#[case(json!({ "size": 1, "ratio": 0.7 }), &["Invalid spec.ratio: Invalid value: 0.7: spec.ratio in body should be a multiple of 0.5"])]
#[case(json!({ "size": 1, "port": true }), &[REST, r#"TypeInvalid spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean""#])]
#[case(json!({ "size": 1, "port": 80 }), &[])]
#[case(json!({ "size": 1, "port": "a" }), &[r#"Invalid spec.port: Invalid value: "a": spec.port in body should match '^[0-9]+%$'"#])]
#[case(json!({ "size": 1, "labels": {} }), &["Invalid spec.labels: Invalid value: 0: spec.labels in body should have at least 1 properties"])]
#[case(json!({ "size": 1, "labels": { "a": 1, "b": "2", "c": "3" } }), &[REST, "TooMany spec.labels: Too many: 3: must have at most 2 items",
    r#"TypeInvalid spec.labels.a: Invalid value: "integer": spec.labels.a in body must be of type string: "integer""#])]
#[case(json!({ "size": 1, "one": {} }), &[r#"Invalid <nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid"#, REST,
    "Required spec.one.a: Required value"])]
#[case(json!({ "size": 1, "one": { "a": "1", "b": "2" } }), &[r#"Invalid <nil>: Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives"#])]
#[case(json!({ "size": 1, "any": {} }), &[r#"Invalid <nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)"#, REST, "Required spec.any.a: Required value"])]
#[case(json!({ "size": 1, "any": { "b": "y" } }), &[r#"Invalid <nil>: Invalid value: "": "spec.any" must validate at least one schema (anyOf)"#, REST,
    r#"NotSupported spec.any.b: Unsupported value: "y": supported values: "x""#])]
#[case(json!({ "size": 1, "all": "b" }), &[r#"Invalid <nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf). None validated"#,
    r#"Invalid spec.all: Invalid value: "b": spec.all in body should be at least 2 chars long"#, r#"Invalid spec.all: Invalid value: "b": spec.all in body should match '^a'"#])]
#[case(json!({ "size": 1, "all": "bb" }), &[r#"Invalid <nil>: Invalid value: "": "spec.all" must validate all the schemas (allOf)"#,
    r#"Invalid spec.all: Invalid value: "bb": spec.all in body should match '^a'"#])]
#[case(json!({ "size": 1, "none": "bad" }), &[r#"Invalid <nil>: Invalid value: "": "spec.none" must not validate the schema (not)"#])]
#[case(json!({ "size": 1, "emb": { "x": 1 } }), &[REST, "Required spec.emb.apiVersion: Required value", "Required spec.emb.kind: Required value"])]
#[case(json!({ "size": 1, "flag": "x", "tags": "a", "free": 1 }), &[REST,
    r#"TypeInvalid spec.flag: Invalid value: "string": spec.flag in body must be of type boolean: "string""#,
    r#"TypeInvalid spec.free: Invalid value: "integer": spec.free in body must be of type object: "integer""#,
    r#"TypeInvalid spec.tags: Invalid value: "string": spec.tags in body must be of type array: "string""#])]
#[case(json!({ "size": 1, "namespace": "x" }), &[r#"Invalid spec.namespace: Invalid value: "x": failed rule: self.matches('^n') && size(self) > 1"#])]
#[case(json!({ "size": 1, "start": "2019-01-01" }), &[r#"Invalid spec.start: Invalid value: "2019-01-01": too early"#])]
#[case(json!({ "size": 1, "list": [1, 2] }), &[r#"Invalid spec.list: Invalid value: "array": index out of bounds: 2 evaluating rule: self[2] == 3"#])]
fn faults_are_those_of_the_real_server(#[case] spec: Value, #[case] expected: &[&str]) {
    let schema = schema();
    let mut object = object(spec);
    assert!(prune(&schema, &mut object).is_empty());
    default(&schema, &mut object);
    assert_eq!(told(validate(&schema, &object, None)), expected);
}

#[test]
fn names_can_be_restricted() {
    let mut object = object(json!({ "size": 1 }));
    object["metadata"]["name"] = json!("averylongname");
    assert_eq!(
        told(validate(&schema(), &object, None)),
        [REST, "TooLong metadata.name: Too long: may not be more than 8 bytes"]
    );
}

#[rstest]
#[case::transition(json!({ "size": 1, "rep": "a" }), json!({ "size": 1, "rep": "b" }), &["Invalid spec: Invalid value: rep is fixed"])]
#[case::optional(json!({ "size": 1 }), json!({ "size": 42 }), &[])]
#[case::old_item(json!({ "size": 1, "items": [{ "k": "a", "v": 5 }] }), json!({ "size": 1, "items": [{ "k": "b", "v": 1 }, { "k": "a", "v": 4 }] }),
    &["Invalid spec.items[1]: Invalid value: v shrinks"])]
#[case::unchanged_fault(json!({ "size": 1, "color": "blue" }), json!({ "size": 2, "color": "blue" }), &[])]
#[case::changed_fault(json!({ "size": 1, "color": "blue" }), json!({ "size": 1, "color": "pink" }),
    &[REST, r#"NotSupported spec.color: Unsupported value: "pink": supported values: "red", "green""#])]
#[case::unchanged_rule(json!({ "size": 200 }), json!({ "size": 200 }), &[])]
#[case::unchanged_duplicates(json!({ "size": 1, "tags": ["a", "a"] }), json!({ "size": 1, "tags": ["a", "a", "b"] }), &[])]
fn changes_are_compared_with_what_was_there(#[case] old: Value, #[case] new: Value, #[case] expected: &[&str]) {
    assert_eq!(told(validate(&schema(), &object(new), Some(&object(old)))), expected);
}

#[rstest]
#[case::nulls(json!({ "size": 1, "nul": null, "def": null, "flag": null }), json!({ "size": 1, "nul": null, "def": "d" }), &[])]
#[case::undeclared(json!({ "size": 1, "unk": { "a": 1 }, "items": [{ "k": "a", "z": 1 }] }), json!({ "size": 1, "def": "d", "items": [{ "k": "a", "v": 7 }] }),
    &["spec.items[0].z", "spec.unk"])]
#[case::preserved(json!({ "size": 1, "free": { "x": { "y": null }, "known": { "a": 1, "b": 2 } } }),
    json!({ "size": 1, "def": "d", "free": { "x": { "y": null }, "known": { "a": 1 } } }), &["spec.free.known.b"])]
#[case::embedded(json!({ "size": 1, "emb": { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x", "foo": 1 }, "x": 2 } }),
    json!({ "size": 1, "def": "d", "emb": { "apiVersion": "v1", "kind": "Pod", "metadata": { "name": "x" }, "x": 2 } }), &["spec.emb.metadata.foo"])]
#[case::objects_for_scalars(json!({ "size": { "a": 1 }, "tags": [{ "b": 1 }] }), json!({ "size": {}, "def": "d", "tags": [{}] }), &["spec.size.a", "spec.tags[0].b"])]
fn undeclared_fields_go_and_defaults_come(#[case] spec: Value, #[case] expected: Value, #[case] dropped: &[&str]) {
    let (schema, mut object) = (schema(), object(spec));
    assert_eq!(prune(&schema, &mut object), dropped);
    default(&schema, &mut object);
    assert_eq!(object["spec"], expected);
}

#[test]
fn metadata_and_the_root_are_pruned_too() {
    let mut object = json!({ "apiVersion": "a.b/v1", "kind": "Check", "metadata": { "name": "a", "foo": 1, "labels": { "a": "b" } }, "other": 1 });
    assert_eq!(prune(&schema(), &mut object), ["metadata.foo", "other"]);
    assert_eq!(object["metadata"], json!({ "name": "a", "labels": { "a": "b" } }));
}

#[rstest]
#[case(json!({ "description": "x" }), &["Required s.properties[f].type: Required value: must not be empty for specified object fields"])]
#[case(json!({ "type": "array" }), &["Required s.properties[f].items: Required value: must be specified"])]
#[case(json!({ "type": "array", "items": {} }), &["Required s.properties[f].items.type: Required value: must not be empty for specified array items"])]
#[case(json!({ "type": "map" }), &[r#"NotSupported s.properties[f].type: Unsupported value: "map": supported values: "array", "boolean", "integer", "number", "object", "string""#])]
#[case(json!({ "type": "string", "pattern": "(" }),
    &["Invalid s.properties[f].pattern: Invalid value: \"(\": must be a valid regular expression, but isn't: error parsing regexp: missing closing ): `(`"])]
#[case(json!({ "$ref": "#/x" }), &["Forbidden s.properties[f].$ref: Forbidden: $ref is not supported"])]
#[case(json!({ "type": "array", "uniqueItems": true, "items": { "type": "string" } }),
    &["Forbidden s.properties[f].uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic"])]
#[case(json!({ "type": "object", "properties": { "a": { "type": "string" } }, "additionalProperties": { "type": "string" } }),
    &["Forbidden s.properties[f].additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive"])]
#[case(json!({ "type": "integer", "default": "x" }),
    &[r#"TypeInvalid s.properties[f].default: Invalid value: "string":  in body must be of type integer: "string""#])]
#[case(json!({ "type": "object", "default": { "a": 1 }, "properties": { "b": { "type": "integer" } } }),
    &[r#"Invalid s.properties[f].default: Invalid value: {"a":1}: must not have unknown fields"#])]
#[case(json!({ "type": "string", "anyOf": [{ "type": "string", "default": "x" }] }),
    &["Forbidden s.properties[f].anyOf[0].default: Forbidden: must be undefined to be structural",
      "Forbidden s.properties[f].anyOf[0].type: Forbidden: must be empty to be structural"])]
#[case(json!({ "type": "object", "oneOf": [{ "required": ["a"], "properties": { "a": {} } }] }), &[])]
#[case(json!({ "x-kubernetes-int-or-string": true, "anyOf": [{ "type": "integer" }, { "type": "string" }] }), &[])]
#[case(json!({ "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"],
               "items": { "type": "object", "properties": { "k": { "type": "string" } } } }),
    &["Required s.properties[f].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"])]
#[case(json!({ "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "object" } }),
    &["Invalid s.properties[f].items.x-kubernetes-map-type: Invalid value: null: must be atomic as item of a list with x-kubernetes-list-type=set"])]
#[case(json!({ "type": "object", "x-kubernetes-embedded-resource": true }),
    &["Required s.properties[f].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"])]
#[case(json!({ "type": "string", "x-kubernetes-list-type": "set" }),
    &[r#"Invalid s.properties[f].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified"#])]
#[case(json!({ "type": "object", "properties": { "a": { "type": "integer" } }, "x-kubernetes-validations": [{ "rule": "self.b == 1" }] }),
    &["Invalid s.properties[f].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"self.b == 1\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:5: undefined field 'b'\n | self.b == 1\n | ....^"])]
#[case(json!({ "type": "string", "x-kubernetes-validations": [{ "rule": "quantity(self)" }] }),
    &["Invalid s.properties[f].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"quantity(self)\",\"Message\":\"\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: compilation failed: ERROR: <input>:1:9: undeclared reference to 'quantity' (in container '')\n | quantity(self)\n | ........^"])]
#[case(json!({ "type": "integer", "x-kubernetes-validations": [{ "rule": "self", "message": "m" }] }),
    &["Invalid s.properties[f].x-kubernetes-validations[0].rule: Invalid value: {\"Rule\":\"self\",\"Message\":\"m\",\"MessageExpression\":\"\",\"Reason\":null,\"FieldPath\":\"\",\"OptionalOldSelf\":null}: cel expression must evaluate to a bool"])]
#[case(json!({ "type": "array", "items": { "type": "integer", "x-kubernetes-validations": [{ "rule": "self > oldSelf" }] } }),
    &["Invalid s.properties[f].items.x-kubernetes-validations[0].rule: Invalid value: \"self > oldSelf\": oldSelf cannot be used on the uncorrelatable portion of the schema within s.properties[f]"])]
#[case(json!({ "type": "array", "items": { "type": "integer" }, "x-kubernetes-validations": [{ "rule": "self.all(x, x > 0) && self.exists(y, y == self[0])" }] }), &[])]
fn schemas_are_refused_as_by_the_real_server(#[case] field: Value, #[case] expected: &[&str]) {
    let root = json!({ "type": "object", "properties": { "f": field } });
    assert_eq!(told(structural::compile(&root, "s").err().unwrap_or_default()), expected);
}

#[test]
fn combinations_at_the_root_speak_of_declared_fields() {
    let root = json!({ "type": "object", "oneOf": [{ "required": ["a"], "properties": { "a": {} } }], "additionalProperties": { "type": "string" } });
    let expected = [
        "Forbidden s.additionalProperties: Forbidden: must not be used at the root",
        "Required s.properties[a]: Required value: because it is defined in s.oneOf[0].properties[a]",
    ];
    assert_eq!(told(structural::compile(&root, "s").unwrap_err()), expected);
}
