//! Rules of custom resources: expressions over the new and the old value.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::same;
use crate::{Answer, Cluster, Definition, Failure, MERGE_PATCH};

cases! { "rules":
    a_false_rule_refuses_with_its_message,
    a_rule_without_message_is_shown,
    the_message_may_be_computed,
    reason_and_field_are_chosen,
    several_rules_may_fail,
    rules_wait_for_a_valid_object,
    transitions_compare_with_the_old_value,
    an_optional_old_value_is_checked_on_creation_too,
    strings_lists_and_maps_have_functions,
    bad_rules_are_refused_with_the_definition,
}

struct Widgets {
    cluster: Cluster,
    definition: Definition,
    path: String,
}

fn string(rules: Value) -> Value {
    json!({"type": "string", "maxLength": 20, "x-kubernetes-validations": rules})
}

impl Widgets {
    async fn new(cluster: Cluster, properties: Value, rules: Value) -> Result<Self, Failure> {
        let namespace = cluster.namespace().await?;
        let mut spec = json!({"type": "object", "properties": properties});
        if !rules.is_null() {
            spec["x-kubernetes-validations"] = rules;
        }
        let schema = json!({"type": "object", "properties": {"spec": spec}});
        let definition = cluster.define(&json!({"schema": {"openAPIV3Schema": schema}})).await?;
        let path = definition.widgets(&namespace);
        Ok(Self { cluster, definition, path })
    }

    async fn dry(&self, spec: Value) -> Result<Answer, Failure> {
        self.cluster.create(format!("{}?dryRun=All", self.path), &self.definition.widget("w", &spec)).await
    }

    async fn refuses(&self, spec: Value, causes: &[(&str, &str, &str)]) -> Done {
        self.dry(spec).await?.invalid(&self.definition.kind(), "w", causes)
    }

    async fn takes(&self, spec: Value) -> Done {
        self.dry(spec).await?.expect(201)?;
        Ok(())
    }

    async fn make(&self, spec: Value) -> Done {
        self.cluster.create(&self.path, &self.definition.widget("w", &spec)).await?.expect(201)?;
        Ok(())
    }

    async fn patch(&self, spec: Value) -> Result<Answer, Failure> {
        self.cluster.patch(format!("{}/w", self.path), MERGE_PATCH, &json!({"spec": spec})).await
    }
}

const INVALID: &str = "FieldValueInvalid";

async fn a_false_rule_refuses_with_its_message(cluster: Cluster) -> Done {
    let number = json!({"type": "integer"});
    let name = string(json!([{"rule": "self.startsWith('a')", "message": "must start with a"}]));
    let rule = "!has(self.min) || !has(self.max) || self.min <= self.max";
    let rules = json!([{"rule": rule, "message": "min must not exceed max"}]);
    let widgets = Widgets::new(cluster, json!({"min": number, "max": number, "name": name}), rules).await?;
    // A value is shown where it is simple; for an object the message stands in its place.
    widgets
        .refuses(json!({"min": 2, "max": 1}), &[(INVALID, "Invalid value: min must not exceed max", "spec")])
        .await?;
    widgets.refuses(json!({"name": "b"}), &[(INVALID, "Invalid value: \"b\": must start with a", "spec.name")]).await?;
    widgets.takes(json!({"min": 1, "max": 1, "name": "ab"})).await?;
    widgets.takes(json!({})).await
}

async fn a_rule_without_message_is_shown(cluster: Cluster) -> Done {
    let code = string(json!([{"rule": "self.matches(\"^[0-9]+$\")"}]));
    let widgets = Widgets::new(cluster, json!({"code": code}), Value::Null).await?;
    let message = "Invalid value: \"x\": failed rule: self.matches(\"^[0-9]+$\")";
    widgets.refuses(json!({"code": "x"}), &[(INVALID, message, "spec.code")]).await
}

async fn the_message_may_be_computed(cluster: Cluster) -> Done {
    let rules = json!([{"rule": "self.all(x, x != 'bad')", "messageExpression": "self[0] + ' comes first'"}]);
    let items = json!({"type": "string", "maxLength": 9});
    let list = json!({"type": "array", "maxItems": 5, "items": items, "x-kubernetes-validations": rules});
    let widgets = Widgets::new(cluster, json!({"list": list}), Value::Null).await?;
    let cause = (INVALID, "Invalid value: a comes first", "spec.list");
    widgets.refuses(json!({"list": ["a", "bad"]}), &[cause]).await
}

async fn reason_and_field_are_chosen(cluster: Cluster) -> Done {
    let sub = json!({
        "type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "x-kubernetes-validations": [{
            "rule": "has(self.a) || has(self.b)", "message": "a or b", "fieldPath": ".a", "reason": "FieldValueRequired",
        }],
    });
    let no = string(json!([{"rule": "self != 'f'", "message": "no f", "reason": "FieldValueForbidden"}]));
    let widgets = Widgets::new(cluster, json!({"sub": sub, "no": no}), Value::Null).await?;
    widgets.refuses(json!({"sub": {}}), &[("FieldValueRequired", "Required value: a or b", "spec.sub.a")]).await?;
    widgets.refuses(json!({"no": "f"}), &[("FieldValueForbidden", "Forbidden: no f", "spec.no")]).await
}

async fn several_rules_may_fail(cluster: Cluster) -> Done {
    let name = string(json!([
        {"rule": "self.startsWith('a')", "message": "must start with a"},
        {"rule": "self.endsWith('z')", "message": "must end with z"},
    ]));
    let rules = json!([{"rule": "has(self.other)", "message": "other is missing"}]);
    let widgets = Widgets::new(cluster, json!({"name": name, "other": {"type": "string"}}), rules).await?;
    let causes = [
        (INVALID, "Invalid value: \"b\": must start with a", "spec.name"),
        (INVALID, "Invalid value: \"b\": must end with z", "spec.name"),
        (INVALID, "Invalid value: other is missing", "spec"),
    ];
    widgets.refuses(json!({"name": "b"}), &causes).await
}

async fn rules_wait_for_a_valid_object(cluster: Cluster) -> Done {
    let name = string(json!([{"rule": "self.startsWith('a')", "message": "must start with a"}]));
    let widgets = Widgets::new(cluster, json!({"name": name}), json!([{"rule": "false", "message": "never"}])).await?;
    let unchecked = "Invalid value: null: some validation rules were not checked because the object was invalid; \
                     correct the existing errors to complete validation";
    let causes = [
        (
            "FieldValueTypeInvalid",
            "Invalid value: \"integer\": spec.name in body must be of type string: \"integer\"",
            "spec.name",
        ),
        (INVALID, unchecked, "<nil>"),
    ];
    widgets.refuses(json!({"name": 5}), &causes).await
}

async fn transitions_compare_with_the_old_value(cluster: Cluster) -> Done {
    let fixed = string(json!([{"rule": "self == oldSelf", "message": "is immutable"}]));
    let rules = json!([{"rule": "has(self.fixed) == has(oldSelf.fixed)", "message": "fixed stays as it is"}]);
    let widgets = Widgets::new(cluster, json!({"fixed": fixed, "other": {"type": "string"}}), rules).await?;
    widgets.make(json!({"fixed": "x"})).await?;
    let kind = widgets.definition.kind();
    let changed = widgets.patch(json!({"fixed": "y"})).await?;
    changed.invalid(&kind, "w", &[(INVALID, "Invalid value: \"y\": is immutable", "spec.fixed")])?;
    let gone = widgets.patch(json!({"fixed": null})).await?;
    gone.invalid(&kind, "w", &[(INVALID, "Invalid value: fixed stays as it is", "spec")])?;
    same!(widgets.patch(json!({"other": "o"})).await?.expect(200)?["metadata"]["generation"], 2);
    Ok(())
}

async fn an_optional_old_value_is_checked_on_creation_too(cluster: Cluster) -> Done {
    let rule = "oldSelf.hasValue() ? self >= oldSelf.value() : self > 0";
    let grows = json!({"type": "integer", "x-kubernetes-validations": [
        {"rule": rule, "message": "may not shrink", "optionalOldSelf": true},
    ]});
    let widgets = Widgets::new(cluster, json!({"n": grows}), Value::Null).await?;
    widgets.refuses(json!({"n": 0}), &[(INVALID, "Invalid value: 0: may not shrink", "spec.n")]).await?;
    widgets.make(json!({"n": 5})).await?;
    let shrunk = widgets.patch(json!({"n": 4})).await?;
    shrunk.invalid(&widgets.definition.kind(), "w", &[(INVALID, "Invalid value: 4: may not shrink", "spec.n")])?;
    widgets.patch(json!({"n": 6})).await?.expect(200)?;
    Ok(())
}

async fn strings_lists_and_maps_have_functions(cluster: Cluster) -> Done {
    let rules = [
        "!has(self.text) || (self.text.size() < 5 && self.text.contains('b') && self.text in ['ab', 'abc'])",
        "!has(self.text) || self.text.lowerAscii() == self.text && self.text.split('b')[0] == 'a'",
        "!has(self.list) || (self.list.exists(x, x == 1) && self.list.exists_one(x, x == 2) && size(self.list) == 2)",
        "!has(self.list) || self.list.map(x, x * 2).filter(x, x > 2) == [4]",
        "!has(self.map) || (self.map.all(k, k.startsWith('k')) && 'ka' in self.map && self.map['ka'] - 2 < 0)",
        "!has(self.namespace) || self.namespace == 'n'",
    ];
    let rules: Vec<Value> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| json!({"rule": rule, "message": format!("rule {index}")}))
        .collect();
    let number = json!({"type": "integer"});
    let properties = json!({
        "text": {"type": "string", "maxLength": 20}, "list": {"type": "array", "maxItems": 5, "items": number},
        "map": {"type": "object", "maxProperties": 5, "additionalProperties": number}, "namespace": {"type": "string"},
    });
    let widgets = Widgets::new(cluster, properties, json!(rules)).await?;
    widgets.takes(json!({"text": "abc", "list": [1, 2], "map": {"ka": 1}, "namespace": "n"})).await?;
    let broken = |index: usize| (INVALID, format!("Invalid value: rule {index}"), "spec");
    for (spec, failed) in [
        (json!({"text": "xb"}), vec![0, 1]),
        (json!({"list": [1, 3]}), vec![2, 3]),
        (json!({"map": {"ka": 1, "x": 1}}), vec![4]),
        (json!({"namespace": "m"}), vec![5]),
    ] {
        let causes: Vec<_> = failed.into_iter().map(broken).collect();
        let causes: Vec<(&str, &str, &str)> =
            causes.iter().map(|(reason, text, field)| (*reason, text.as_str(), *field)).collect();
        widgets.refuses(spec, &causes).await?;
    }
    Ok(())
}

async fn bad_rules_are_refused_with_the_definition(cluster: Cluster) -> Done {
    for (rule, message, part) in [
        (json!({"rule": "self.b == 1"}), "", "rule"),
        (json!({"rule": "self.a =="}), "", "rule"),
        (json!({"rule": "self.a"}), "cel expression must evaluate to a bool", "rule"),
        (json!({"rule": ""}), "Required value: rule is not specified", "rule"),
        (
            json!({"rule": "true", "message": "a\nb"}),
            "Invalid value: \"a\\nb\": must not contain line breaks",
            "message",
        ),
    ] {
        let spec = json!({
            "type": "object", "properties": {"a": {"type": "string"}}, "x-kubernetes-validations": [rule],
        });
        let group = format!("{}.example.com", cluster.unique("g"));
        let version = json!({
            "name": "v1", "served": true, "storage": true,
            "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
        });
        let body = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("widgets.{group}")},
            "spec": {
                "group": group, "scope": "Namespaced", "versions": [version],
                "names": {"plural": "widgets", "kind": "Widget"},
            },
        });
        let answer =
            cluster.create("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All", &body).await?;
        let field = format!("spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].{part}");
        let cause = &answer.json["details"]["causes"][0];
        same!((answer.code, &cause["field"]), (422, &json!(field)));
        let text = cause["message"].as_str().unwrap_or_default();
        same!(text.ends_with(message), true, "{text}");
    }
    Ok(())
}
