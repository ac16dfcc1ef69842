//! What a schema refuses, fills in and removes.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{check, same};
use crate::{Answer, Cluster, Definition, Failure, MERGE_PATCH};

cases! { "schema":
    what_is_required_is_missed,
    types_are_checked,
    numbers_have_ranges,
    strings_have_lengths_and_patterns,
    lists_and_maps_have_sizes,
    enums_list_what_they_take,
    formats_are_checked,
    sets_and_maps_have_no_duplicates,
    alternatives_are_checked,
    int_or_string_takes_both,
    several_causes_come_together,
    defaults_are_filled_in,
    null_means_absent_unless_it_may_be_null,
    unknown_fields_are_pruned_with_warnings,
    unknown_fields_are_refused_when_strict,
    preserved_fields_stay,
    embedded_resources_keep_their_metadata,
    an_update_is_checked_too,
    a_widget_has_to_say_its_kind,
    a_replacement_needs_a_version,
}

struct Widgets {
    cluster: Cluster,
    definition: Definition,
    path: String,
}

impl Widgets {
    async fn new(cluster: Cluster, properties: Value, required: Value) -> Result<Self, Failure> {
        let namespace = cluster.namespace().await?;
        let spec = json!({"type": "object", "properties": properties, "required": required});
        let schema = json!({"type": "object", "properties": {"spec": spec}, "required": ["spec"]});
        let definition = cluster.define(&json!({"schema": {"openAPIV3Schema": schema}})).await?;
        let path = definition.widgets(&namespace);
        Ok(Self { cluster, definition, path })
    }

    /// Tries to create one.
    async fn dry(&self, spec: Value, query: &str) -> Result<Answer, Failure> {
        let widget = self.definition.widget("w", &spec);
        self.cluster.create(format!("{}?dryRun=All{query}", self.path), &widget).await
    }

    /// The spec that would be stored.
    async fn stored(&self, spec: Value) -> Result<Value, Failure> {
        Ok(self.dry(spec, "").await?.expect(201)?["spec"].take())
    }

    /// Checks each spec against the one cause of its refusal.
    async fn each(&self, table: Vec<(Value, &str, &str, &str)>) -> Done {
        for (spec, reason, message, field) in table {
            self.dry(spec, "").await?.invalid(&self.definition.kind(), "w", &[(reason, message, field)])?;
        }
        Ok(())
    }
}

const INVALID: &str = "FieldValueInvalid";
const TYPE: &str = "FieldValueTypeInvalid";

async fn what_is_required_is_missed(cluster: Cluster) -> Done {
    let size = json!({"size": {"type": "integer"}});
    let widgets = Widgets::new(cluster, size, json!(["size"])).await?;
    for (spec, field) in [(json!({}), "spec.size"), (json!({"size": null}), "spec.size"), (Value::Null, "spec")] {
        let cause = ("FieldValueRequired", "Required value", field);
        widgets.dry(spec, "").await?.invalid(&widgets.definition.kind(), "w", &[cause])?;
    }
    same!(widgets.stored(json!({"size": 1})).await?, json!({"size": 1}));
    Ok(())
}

async fn types_are_checked(cluster: Cluster) -> Done {
    let properties = json!({
        "size": {"type": "integer"}, "flag": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}},
    });
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    let table = vec![
        (
            json!({"size": "x"}),
            TYPE,
            r#"Invalid value: "string": spec.size in body must be of type integer: "string""#,
            "spec.size",
        ),
        (
            json!({"size": [1]}),
            TYPE,
            r#"Invalid value: "array": spec.size in body must be of type integer: "array""#,
            "spec.size",
        ),
        (
            json!({"size": {}}),
            TYPE,
            r#"Invalid value: "object": spec.size in body must be of type integer: "object""#,
            "spec.size",
        ),
        (
            json!({"flag": "true"}),
            TYPE,
            r#"Invalid value: "string": spec.flag in body must be of type boolean: "string""#,
            "spec.flag",
        ),
        (
            json!({"tags": "x"}),
            TYPE,
            r#"Invalid value: "string": spec.tags in body must be of type array: "string""#,
            "spec.tags",
        ),
        (
            json!({"tags": [1]}),
            TYPE,
            r#"Invalid value: "integer": spec.tags[0] in body must be of type string: "integer""#,
            "spec.tags[0]",
        ),
        (
            json!({"map": {"a": "x"}}),
            TYPE,
            r#"Invalid value: "string": spec.map.a in body must be of type integer: "string""#,
            "spec.map.a",
        ),
        (json!("x"), TYPE, r#"Invalid value: "string": spec in body must be of type object: "string""#, "spec"),
    ];
    widgets.each(table).await?;
    let fraction = [
        (TYPE, r#"Invalid value: "number": spec.size in body must be of type integer: "number""#, "spec.size"),
        (INVALID, r#"Invalid value: "": Checked value must be of type integer (default format) in spec.size"#, "<nil>"),
    ];
    widgets.dry(json!({"size": 1.5}), "").await?.invalid(&widgets.definition.kind(), "w", &fraction)?;
    same!(widgets.stored(json!({"size": 1.0})).await?["size"].as_f64(), Some(1.0));
    Ok(())
}

async fn numbers_have_ranges(cluster: Cluster) -> Done {
    let properties = json!({
        "size": {"type": "integer", "minimum": 1, "maximum": 10},
        "open": {"type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 2, "exclusiveMaximum": true},
        "step": {"type": "number", "multipleOf": 0.5},
    });
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    let table = vec![
        (
            json!({"size": 0}),
            INVALID,
            "Invalid value: 0: spec.size in body should be greater than or equal to 1",
            "spec.size",
        ),
        (
            json!({"size": 11}),
            INVALID,
            "Invalid value: 11: spec.size in body should be less than or equal to 10",
            "spec.size",
        ),
        (json!({"open": 0}), INVALID, "Invalid value: 0: spec.open in body should be greater than 0", "spec.open"),
        (json!({"open": 2}), INVALID, "Invalid value: 2: spec.open in body should be less than 2", "spec.open"),
        (
            json!({"step": 0.7}),
            INVALID,
            "Invalid value: 0.7: spec.step in body should be a multiple of 0.5",
            "spec.step",
        ),
    ];
    widgets.each(table).await?;
    let fine = json!({"size": 10, "open": 0.1, "step": 1.5});
    same!(widgets.stored(fine.clone()).await?, fine);
    Ok(())
}

async fn strings_have_lengths_and_patterns(cluster: Cluster) -> Done {
    let properties = json!({
        "name": {"type": "string", "minLength": 2, "maxLength": 5}, "low": {"type": "string", "pattern": "^[a-z]+$"},
        "part": {"type": "string", "pattern": "b{2}"},
    });
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    let table = vec![
        (json!({"name": "abcdef"}), "FieldValueTooLong", "Too long: may not be more than 5 bytes", "spec.name"),
        (
            json!({"name": "a"}),
            INVALID,
            r#"Invalid value: "a": spec.name in body should be at least 2 chars long"#,
            "spec.name",
        ),
        (
            json!({"low": "AB1"}),
            INVALID,
            r#"Invalid value: "AB1": spec.low in body should match '^[a-z]+$'"#,
            "spec.low",
        ),
        (
            json!({"part": "abc"}),
            INVALID,
            r#"Invalid value: "abc": spec.part in body should match 'b{2}'"#,
            "spec.part",
        ),
    ];
    widgets.each(table).await?;
    // Lengths count characters, not bytes; patterns are not anchored.
    let fine = json!({"name": "ééééé", "low": "abc", "part": "abbc"});
    same!(widgets.stored(fine.clone()).await?, fine);
    Ok(())
}

async fn lists_and_maps_have_sizes(cluster: Cluster) -> Done {
    let properties = json!({
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
        "map": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 1, "maxProperties": 2},
    });
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    let table = vec![
        (json!({"tags": ["a", "b", "c"]}), "FieldValueTooMany", "Too many: 3: must have at most 2 items", "spec.tags"),
        (json!({"tags": []}), INVALID, "Invalid value: 0: spec.tags in body should have at least 1 items", "spec.tags"),
        (
            json!({"map": {"a": 1, "b": 2, "c": 3}}),
            "FieldValueTooMany",
            "Too many: 3: must have at most 2 items",
            "spec.map",
        ),
        (
            json!({"map": {}}),
            INVALID,
            "Invalid value: 0: spec.map in body should have at least 1 properties",
            "spec.map",
        ),
    ];
    widgets.each(table).await
}

async fn enums_list_what_they_take(cluster: Cluster) -> Done {
    let widgets =
        Widgets::new(cluster, json!({"color": {"type": "string", "enum": ["red", "green"]}}), json!([])).await?;
    let supported = r#"supported values: "red", "green""#;
    let blue = format!("Unsupported value: \"blue\": {supported}");
    widgets.each(vec![(json!({"color": "blue"}), "FieldValueNotSupported", &blue, "spec.color")]).await?;
    let causes = [
        (TYPE, r#"Invalid value: "integer": spec.color in body must be of type string: "integer""#, "spec.color"),
        ("FieldValueNotSupported", &format!("Unsupported value: 5: {supported}"), "spec.color"),
    ];
    // The list in the message stands between commas as the causes do.
    let answer = widgets.dry(json!({"color": 5}), "").await?;
    same!(answer.json["details"]["causes"].as_array().map_or(0, Vec::len), causes.len());
    answer.invalid(&widgets.definition.kind(), "w", &causes)
}

async fn formats_are_checked(cluster: Cluster) -> Done {
    let formats = ["date-time", "email", "uuid", "ipv4", "date", "duration", "uri", "byte", "hostname"];
    let mut properties =
        json!({"n": {"type": "integer", "format": "int32"}, "free": {"type": "string", "format": "made-up"}});
    for format in formats {
        properties[format] = json!({"type": "string", "format": format});
    }
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    for format in formats {
        let bad = if format == "uri" { "x" } else { "*" };
        let message = format!("Invalid value: {bad:?}: spec.{format} in body must be of type {format}: {bad:?}");
        widgets.each(vec![(json!({format: bad}), TYPE, &message, &format!("spec.{format}"))]).await?;
    }
    let large = "Invalid value: \"\": Checked value must be of type integer with format int32 in spec.n";
    widgets.each(vec![(json!({"n": 3_000_000_000_u64}), INVALID, large, "<nil>")]).await?;
    let fine = json!({
        "date-time": "2020-01-01T00:00:00Z", "duration": "1h", "byte": "YQ==", "date": "2020-01-01", "ipv4": "1.2.3.4",
        "email": "a@b.c", "uuid": "c2d29867-3d0b-d497-9191-18a9d8ee7830", "uri": "http://x/y", "hostname": "a.example",
        "free": "*", "n": 1,
    });
    same!(widgets.stored(fine.clone()).await?, fine);
    Ok(())
}

async fn sets_and_maps_have_no_duplicates(cluster: Cluster) -> Done {
    let item = json!({
        "type": "object", "required": ["k"],
        "properties": {"k": {"type": "string"}, "p": {"type": "string", "default": "TCP"}},
    });
    let properties = json!({
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "items": {
            "type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k", "p"],
        },
    });
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    let duplicate = "FieldValueDuplicate";
    let table = vec![
        (json!({"set": ["a", "b", "a"]}), duplicate, r#"Duplicate value: "a""#, "spec.set[2]"),
        (
            json!({"items": [{"k": "1"}, {"k": "1", "p": "TCP"}]}),
            duplicate,
            r#"Duplicate value: {"k":"1","p":"TCP"}"#,
            "spec.items[1]",
        ),
    ];
    for (spec, reason, message, field) in table {
        let answer = widgets.dry(spec, "").await?;
        let causes = json!([{"reason": reason, "message": message, "field": field}]);
        same!((answer.code, &answer.json["details"]["causes"]), (422, &causes));
    }
    let fine = json!({"items": [{"k": "1", "p": "TCP"}, {"k": "1", "p": "UDP"}]});
    same!(widgets.stored(fine.clone()).await?, fine);
    Ok(())
}

async fn alternatives_are_checked(cluster: Cluster) -> Done {
    let both = json!({"a": {"type": "string"}, "b": {"type": "string"}});
    let either = json!([{"required": ["a"]}, {"required": ["b"]}]);
    let properties = json!({
        "one": {"type": "object", "properties": both, "oneOf": either},
        "any": {"type": "object", "properties": both, "anyOf": either},
        "all": {"type": "string", "allOf": [{"minLength": 3}, {"pattern": "^a"}]},
        "not": {"type": "string", "not": {"enum": ["bad"]}},
    });
    let widgets = Widgets::new(cluster, properties, json!([])).await?;
    let kind = widgets.definition.kind();
    let required = |field| ("FieldValueRequired", "Required value", field);
    let one = |text| (INVALID, text, "<nil>");
    let table = [
        (
            json!({"one": {}}),
            vec![
                one(r#"Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found none valid"#),
                required("spec.one.a"),
            ],
        ),
        (
            json!({"one": {"a": "1", "b": "1"}}),
            vec![one(
                r#"Invalid value: "": "spec.one" must validate one and only one schema (oneOf). Found 2 valid alternatives"#,
            )],
        ),
        (
            json!({"any": {}}),
            vec![
                one(r#"Invalid value: "": "spec.any" must validate at least one schema (anyOf)"#),
                required("spec.any.a"),
            ],
        ),
        (
            json!({"all": "b"}),
            vec![
                (INVALID, r#"Invalid value: "b": spec.all in body should be at least 3 chars long"#, "spec.all"),
                (INVALID, r#"Invalid value: "b": spec.all in body should match '^a'"#, "spec.all"),
                one(r#"Invalid value: "": "spec.all" must validate all the schemas (allOf). None validated"#),
            ],
        ),
        (json!({"not": "bad"}), vec![one(r#"Invalid value: "": "spec.not" must not validate the schema (not)"#)]),
    ];
    for (spec, causes) in table {
        widgets.dry(spec, "").await?.invalid(&kind, "w", &causes)?;
    }
    let fine = json!({"one": {"a": "1"}, "any": {"a": "1", "b": "1"}, "all": "abc", "not": "good"});
    same!(widgets.stored(fine.clone()).await?, fine);
    Ok(())
}

async fn int_or_string_takes_both(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, json!({"ios": {"x-kubernetes-int-or-string": true}}), json!([])).await?;
    for fine in [json!({"ios": 5}), json!({"ios": "5%"})] {
        same!(widgets.stored(fine.clone()).await?, fine);
    }
    let table = vec![
        (
            json!({"ios": true}),
            TYPE,
            r#"Invalid value: "boolean": spec.ios in body must be of type integer,string: "boolean""#,
            "spec.ios",
        ),
        (
            json!({"ios": 1.5}),
            TYPE,
            r#"Invalid value: "number": spec.ios in body must be of type integer,string: "number""#,
            "spec.ios",
        ),
    ];
    for (spec, reason, message, field) in table {
        let causes = json!([{"reason": reason, "message": message, "field": field}]);
        same!(widgets.dry(spec, "").await?.json["details"]["causes"], causes);
    }
    Ok(())
}

async fn several_causes_come_together(cluster: Cluster) -> Done {
    let properties = json!({"size": {"type": "integer", "minimum": 1}, "name": {"type": "string", "minLength": 2}});
    let widgets = Widgets::new(cluster, properties, json!(["must"])).await?;
    let causes = [
        ("FieldValueRequired", "Required value", "spec.must"),
        (INVALID, "Invalid value: 0: spec.size in body should be greater than or equal to 1", "spec.size"),
        (INVALID, r#"Invalid value: "a": spec.name in body should be at least 2 chars long"#, "spec.name"),
    ];
    widgets.dry(json!({"size": 0, "name": "a"}), "").await?.invalid(&widgets.definition.kind(), "w", &causes)
}

fn defaults() -> Value {
    let inner = json!({"a": {"type": "integer", "default": 3}});
    json!({
        "text": {"type": "string", "default": "d"},
        "made": {"type": "object", "properties": inner, "default": {}},
        "filled": {"type": "object", "properties": inner},
        "list": {"type": "array", "items": {"type": "object", "properties": inner}},
        "plain": {"type": "string"},
        "maybe": {"type": "string", "nullable": true},
        "both": {"type": "string", "nullable": true, "default": "d"},
    })
}

async fn defaults_are_filled_in(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, defaults(), json!([])).await?;
    let empty = widgets.stored(json!({})).await?;
    same!(empty, json!({"text": "d", "made": {"a": 3}, "both": "d"}));
    let spec = json!({"text": "", "made": {"a": 0}, "filled": {}, "list": [{}, {"a": 1}], "both": "x"});
    let expected = json!({"text": "", "made": {"a": 0}, "filled": {"a": 3}, "list": [{"a": 3}, {"a": 1}], "both": "x"});
    same!(widgets.stored(spec).await?, expected);
    Ok(())
}

async fn null_means_absent_unless_it_may_be_null(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, defaults(), json!([])).await?;
    let spec = json!({"text": null, "made": null, "filled": null, "plain": null, "maybe": null, "both": null});
    let expected = json!({"text": "d", "made": {"a": 3}, "maybe": null, "both": null});
    same!(widgets.stored(spec).await?, expected);
    Ok(())
}

async fn unknown_fields_are_pruned_with_warnings(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, defaults(), json!([])).await?;
    let spec =
        json!({"zz": 1, "text": "t", "both": "x", "made": {"a": 1, "q": {}}, "list": [{"a": 1}, {"a": 1, "z": []}]});
    let answer = widgets.dry(spec.clone(), "").await?;
    let mut warnings = answer.warnings();
    warnings.sort();
    let expected =
        [r#"unknown field "spec.list[1].z""#, r#"unknown field "spec.made.q""#, r#"unknown field "spec.zz""#];
    same!(warnings, expected);
    let stored = json!({"text": "t", "both": "x", "made": {"a": 1}, "list": [{"a": 1}, {"a": 1}]});
    same!(answer.expect(201)?["spec"], stored);
    let quiet = widgets.dry(spec, "&fieldValidation=Ignore").await?;
    same!(quiet.warnings(), Vec::<String>::new());
    same!(quiet.expect(201)?["spec"], stored);
    Ok(())
}

async fn unknown_fields_are_refused_when_strict(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, defaults(), json!([])).await?;
    let answer = widgets.dry(json!({"zz": 1, "made": {"q": 1}}), "&fieldValidation=Strict").await?;
    let message = "Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: \
                   unknown field \"spec.made.q\", unknown field \"spec.zz\"";
    answer.refused(400, "BadRequest", message, Value::Null)
}

async fn preserved_fields_stay(cluster: Cluster) -> Done {
    let known = json!({"type": "object", "properties": {"a": {"type": "integer"}}});
    let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true, "properties": {"known": known}});
    let widgets = Widgets::new(cluster, json!({"free": free}), json!([])).await?;
    let spec = json!({"free": {"x": {"y": [1, null, "s"]}, "known": {"a": 1, "b": 2}}});
    let answer = widgets.dry(spec, "").await?;
    same!(answer.warnings(), [r#"unknown field "spec.free.known.b""#]);
    same!(answer.expect(201)?["spec"], json!({"free": {"x": {"y": [1, null, "s"]}, "known": {"a": 1}}}));
    let message = r#"Invalid value: "string": spec.free.known.a in body must be of type integer: "string""#;
    widgets.each(vec![(json!({"free": {"known": {"a": "x"}}}), TYPE, message, "spec.free.known.a")]).await
}

async fn embedded_resources_keep_their_metadata(cluster: Cluster) -> Done {
    let spec = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let embedded = json!({"type": "object", "x-kubernetes-embedded-resource": true, "properties": {"spec": spec}});
    let widgets = Widgets::new(cluster, json!({"emb": embedded}), json!([])).await?;
    let given = json!({"emb": {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": {"a": "b"}, "foo": 1},
        "zz": 1, "spec": {"a": "1", "b": 1},
    }});
    let metadata = json!({"name": "p", "labels": {"a": "b"}});
    let expected = json!({"emb": {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"a": "1"}}});
    same!(widgets.stored(given).await?, expected);
    let required = |field| ("FieldValueRequired", "Required value", field);
    let causes = [required("spec.emb.apiVersion"), required("spec.emb.kind")];
    widgets.dry(json!({"emb": {}}), "").await?.invalid(&widgets.definition.kind(), "w", &causes)
}

async fn an_update_is_checked_too(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, json!({"size": {"type": "integer", "minimum": 1}}), json!([])).await?;
    let made = widgets.cluster.create(&widgets.path, &widgets.definition.widget("w", &json!({"size": 1}))).await?;
    let mut made = made.expect(201)?;
    let message = "Invalid value: 0: spec.size in body should be greater than or equal to 1";
    let cause = [(INVALID, message, "spec.size")];
    let path = format!("{}/w", widgets.path);
    let patched = widgets.cluster.patch(&path, MERGE_PATCH, &json!({"spec": {"size": 0}})).await?;
    patched.invalid(&widgets.definition.kind(), "w", &cause)?;
    made["spec"]["size"] = json!(0);
    widgets.cluster.replace(&path, &made).await?.invalid(&widgets.definition.kind(), "w", &cause)?;
    same!(widgets.cluster.get(&path).await?.expect(200)?["spec"]["size"], 1);
    Ok(())
}

async fn a_widget_has_to_say_its_kind(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, json!({}), json!([])).await?;
    let version = widgets.definition.api_version();
    let silent = widgets.cluster.create(&widgets.path, &json!({"metadata": {"name": "w"}, "spec": {}})).await?;
    same!((silent.code, silent.json["reason"].as_str()), (400, Some("BadRequest")));
    check!(
        silent
            .text()
            .contains("the object provided is unrecognized (must be of type Widget): Object 'Kind' is missing")
    );
    let mut other = widgets.definition.widget("w", &json!({}));
    other["kind"] = json!("Gadget");
    let cause = (INVALID, "Invalid value: \"Gadget\": must be Widget", "kind");
    let gadget = format!("Gadget.{}", widgets.definition.group);
    widgets.cluster.create(&widgets.path, &other).await?.invalid(&gadget, "w", &[cause])?;
    let mut other = widgets.definition.widget("w", &json!({}));
    other["apiVersion"] = json!("example.com/v9");
    let message =
        format!("the API version in the data (example.com/v9) does not match the expected API version ({version})");
    widgets.cluster.create(&widgets.path, &other).await?.refused(400, "BadRequest", message, Value::Null)
}

async fn a_replacement_needs_a_version(cluster: Cluster) -> Done {
    let widgets = Widgets::new(cluster, json!({}), json!([])).await?;
    let widget = widgets.definition.widget("w", &json!({}));
    widgets.cluster.create(&widgets.path, &widget).await?.expect(201)?;
    let answer = widgets.cluster.replace(format!("{}/w", widgets.path), &widget).await?;
    let cause = (INVALID, "Invalid value: 0: must be specified for an update", "metadata.resourceVersion");
    // The resource is named here where the kind stands elsewhere.
    answer.invalid(&widgets.definition.resource(), "w", &[cause])
}
