//! Server-side apply.

use serde_json::{Value, json};

use super::Done;
use super::ownership::{apply, config_map, lists, owner, owners};
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, same, version};
use crate::cluster::path;
use crate::{APPLY, Answer, Cluster, Failure};

cases! { "apply":
    it_creates,
    the_same_again_writes_nothing,
    equal_values_are_shared,
    different_values_conflict,
    a_conflict_with_an_update_names_its_version,
    force_takes_the_field,
    what_is_left_out_goes_with_its_last_owner,
    an_empty_apply_removes_the_manager,
    items_of_lists_belong_to_their_managers,
    whole_lists_conflict,
    sidecars_come_and_go,
    a_dry_run_does_not_write,
    yaml_is_read,
    yaml_that_is_none_is_refused,
    a_manager_is_required,
    sets_in_the_body_are_refused,
    the_body_has_to_be_of_this_object,
    a_stale_version_conflicts,
    what_the_schema_does_not_know_is_refused,
    duplicate_keys_are_refused,
    the_result_is_validated,
}

async fn one_map(cluster: &Cluster) -> Result<String, Failure> {
    Ok(format!("{}/x", path("v1", &cluster.namespace().await?, "configmaps")))
}

async fn force(cluster: &Cluster, path: &str, manager: &str, object: &Value) -> Result<Value, Failure> {
    apply(cluster, &format!("{path}?force=true"), manager, object).await?.expect(200)
}

/// Checks that an apply conflicts with others: text of the conflict and field each, and the message.
fn conflicts(answer: &Answer, message: &str, with: &[(&str, &str)]) -> Done {
    let cause =
        |(text, field): &(&str, &str)| json!({"reason": "FieldManagerConflict", "message": text, "field": field});
    let causes: Vec<Value> = with.iter().map(cause).collect();
    answer.refused(409, "Conflict", message, json!({"causes": causes}))
}

async fn it_creates(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let made = apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    same!(made["data"], json!({"a": "1", "b": "2"}));
    same!(owners(&made), [owner("one", "Apply", "v1", json!({"f:data": {"f:a": {}, "f:b": {}}}))]);
    // The name may be left out.
    let unnamed = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"c": "3"}});
    let applied = apply(&cluster, &path, "two", &unnamed).await?.expect(200)?;
    same!(applied["data"], json!({"a": "1", "b": "2", "c": "3"}));
    Ok(())
}

async fn the_same_again_writes_nothing(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let body = config_map(json!({"a": "1"}));
    let made = apply(&cluster, &path, "one", &body).await?.expect(201)?;
    let watch = cluster.read(path.trim_end_matches("/x")).query("fieldSelector", "metadata.name=x");
    let mut watch = watch.query("resourceVersion", version(&made)).watch().await?;
    for _ in 0..3 {
        same!(apply(&cluster, &path, "one", &body).await?.expect(200)?, made);
    }
    let changed = apply(&cluster, &path, "one", &config_map(json!({"a": "2"}))).await?.expect(200)?;
    same!(watch.expect("MODIFIED").await?, changed);
    Ok(())
}

async fn equal_values_are_shared(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let made = apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    let shared = apply(&cluster, &path, "two", &config_map(json!({"a": "1"}))).await?.expect(200)?;
    let expected = [
        owner("one", "Apply", "v1", json!({"f:data": {"f:a": {}, "f:b": {}}})),
        owner("two", "Apply", "v1", json!({"f:data": {"f:a": {}}})),
    ];
    same!(owners(&shared), expected);
    // New owners alone are a change.
    check!(version(&shared) != version(&made));
    Ok(())
}

async fn different_values_conflict(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    apply(&cluster, &path, "two", &config_map(json!({"a": "1"}))).await?.expect(200)?;
    let one = apply(&cluster, &path, "two", &config_map(json!({"a": "9"}))).await?;
    let message = "Apply failed with 1 conflict: conflict with \"one\": .data.a";
    conflicts(&one, message, &[("conflict with \"one\"", ".data.a")])?;
    let many = apply(&cluster, &path, "three", &config_map(json!({"a": "9", "b": "9", "c": "9"}))).await?;
    let message = "Apply failed with 3 conflicts: conflicts with \"one\":\n- .data.a\n- .data.b\n\
                   conflicts with \"two\":\n- .data.a";
    let (one, two) = ("conflict with \"one\"", "conflict with \"two\"");
    conflicts(&many, message, &[(one, ".data.a"), (one, ".data.b"), (two, ".data.a")])
}

async fn a_conflict_with_an_update_names_its_version(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let maps = path.trim_end_matches("/x");
    cluster.create(format!("{maps}?fieldManager=up"), &config_map(json!({"a": "1"}))).await?.expect(201)?;
    let answer = apply(&cluster, &path, "one", &config_map(json!({"a": "9"}))).await?;
    let message = "Apply failed with 1 conflict: conflict with \"up\" using v1: .data.a";
    conflicts(&answer, message, &[("conflict with \"up\" using v1", ".data.a")])
}

async fn force_takes_the_field(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    let forced = force(&cluster, &path, "two", &config_map(json!({"a": "9"}))).await?;
    same!(forced["data"], json!({"a": "9", "b": "2"}));
    let expected = [
        owner("one", "Apply", "v1", json!({"f:data": {"f:b": {}}})),
        owner("two", "Apply", "v1", json!({"f:data": {"f:a": {}}})),
    ];
    same!(owners(&forced), expected);
    Ok(())
}

async fn what_is_left_out_goes_with_its_last_owner(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    apply(&cluster, &path, "one", &config_map(json!({"a": "1", "b": "2"}))).await?.expect(201)?;
    apply(&cluster, &path, "two", &config_map(json!({"a": "1"}))).await?.expect(200)?;
    let left = apply(&cluster, &path, "one", &config_map(json!({"c": "3"}))).await?.expect(200)?;
    same!(left["data"], json!({"a": "1", "c": "3"}));
    let left = apply(&cluster, &path, "two", &config_map(json!({"d": "4"}))).await?.expect(200)?;
    same!(left["data"], json!({"c": "3", "d": "4"}));
    Ok(())
}

async fn an_empty_apply_removes_the_manager(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    apply(&cluster, &path, "one", &config_map(json!({"a": "1"}))).await?.expect(201)?;
    let nothing = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    let left = apply(&cluster, &path, "one", &nothing).await?.expect(200)?;
    same!((left.get("data"), left["metadata"].get("managedFields")), (None, None));
    Ok(())
}

async fn items_of_lists_belong_to_their_managers(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define(&lists()).await?;
    let path = format!("{}/w", widgets.widgets(&namespace));
    let apply = |manager: &'static str, spec: Value| {
        let (cluster, path, widget) = (cluster.clone(), path.clone(), widgets.widget("w", &spec));
        async move { apply(&cluster, &path, manager, &widget).await }
    };
    let one = json!({"set": ["a"], "items": [{"k": "x", "v": 1}], "map": {"a": 1}});
    apply("one", one).await?.expect(201)?;
    let two = json!({"set": ["b"], "items": [{"k": "y", "v": 1}, {"k": "x", "p": "UDP"}], "map": {"b": 1}});
    let both = apply("two", two).await?.expect(200)?;
    let expected = json!({
        "set": ["a", "b"], "map": {"a": 1, "b": 1},
        "items": [{"k": "x", "p": "TCP", "v": 1}, {"k": "y", "p": "TCP", "v": 1}, {"k": "x", "p": "UDP"}],
    });
    same!(both["spec"], expected);
    let conflict = apply("two", json!({"items": [{"k": "x", "v": 2}]})).await?;
    let message = "Apply failed with 1 conflict: conflict with \"one\": .spec.items[k=\"x\",p=\"TCP\"].v";
    conflicts(&conflict, message, &[("conflict with \"one\"", ".spec.items[k=\"x\",p=\"TCP\"].v")])?;
    let left = apply("one", json!({"size": 1})).await?.expect(200)?;
    let expected = json!({
        "size": 1, "set": ["b"], "map": {"b": 1}, "items": [{"k": "y", "p": "TCP", "v": 1}, {"k": "x", "p": "UDP"}],
    });
    same!(left["spec"], expected);
    Ok(())
}

async fn whole_lists_conflict(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define(&lists()).await?;
    let path = format!("{}/w", widgets.widgets(&namespace));
    let one = widgets.widget("w", &json!({"atom": ["p"], "whole": {"a": "1"}}));
    apply(&cluster, &path, "one", &one).await?.expect(201)?;
    let two = widgets.widget("w", &json!({"atom": ["p", "q"], "whole": {"b": "1"}}));
    let answer = apply(&cluster, &path, "two", &two).await?;
    let message = "Apply failed with 2 conflicts: conflicts with \"one\":\n- .spec.atom\n- .spec.whole";
    let by = "conflict with \"one\"";
    conflicts(&answer, message, &[(by, ".spec.atom"), (by, ".spec.whole")])?;
    let forced = force(&cluster, &path, "two", &two).await?;
    same!(forced["spec"], json!({"atom": ["p", "q"], "whole": {"b": "1"}}));
    Ok(())
}

async fn sidecars_come_and_go(cluster: Cluster) -> Done {
    let path = format!("{}/d", path("apps/v1", &cluster.namespace().await?, "deployments"));
    let deployment = |spec: Value| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec,
        })
    };
    let main = |value: &str| {
        deployment(json!({
            "replicas": 0, "selector": {"matchLabels": {"a": "b"}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {"containers": [{"name": "c", "image": "i:1", "env": [{"name": "A", "value": value}]}]},
            },
        }))
    };
    let names = |object: &Value| {
        let containers = object["spec"]["template"]["spec"]["containers"].as_array().cloned().unwrap_or_default();
        containers.into_iter().map(|mut container| container["name"].take()).collect::<Vec<_>>()
    };
    apply(&cluster, &path, "one", &main("1")).await?.expect(201)?;
    let conflict = apply(&cluster, &path, "two", &main("2")).await?;
    let field = ".spec.template.spec.containers[name=\"c\"].env[name=\"A\"].value";
    let message = format!("Apply failed with 1 conflict: conflict with \"one\": {field}");
    conflicts(&conflict, &message, &[("conflict with \"one\"", field)])?;
    let side = json!({"template": {"spec": {"containers": [{"name": "side", "image": "s:1"}]}}});
    let with = apply(&cluster, &path, "two", &deployment(side)).await?.expect(200)?;
    same!(names(&with), ["c", "side"]);
    let again = apply(&cluster, &path, "one", &main("2")).await?.expect(200)?;
    same!(names(&again), ["c", "side"]);
    let without = apply(&cluster, &path, "two", &deployment(json!({}))).await?.expect(200)?;
    same!(names(&without), ["c"]);
    Ok(())
}

async fn a_dry_run_does_not_write(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let dry = format!("{path}?dryRun=All");
    let made = apply(&cluster, &dry, "one", &config_map(json!({"a": "1"}))).await?.expect(201)?;
    same!((&made["data"], made["metadata"].get("resourceVersion")), (&json!({"a": "1"}), None));
    cluster.get(&path).await?.absent("configmaps", "x")?;
    let before = apply(&cluster, &path, "one", &config_map(json!({"a": "1"}))).await?.expect(201)?;
    let changed = apply(&cluster, &dry, "one", &config_map(json!({"b": "2"}))).await?.expect(200)?;
    same!((&changed["data"], version(&changed)), (&json!({"b": "2"}), version(&before)));
    same!(cluster.get(&path).await?.expect(200)?, before);
    Ok(())
}

async fn send(cluster: &Cluster, path: &str, body: &str) -> Result<Answer, Failure> {
    cluster.call(http::Method::PATCH, path).query("fieldManager", "one").body(APPLY, body).send().await
}

async fn yaml_is_read(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let yaml = "# Comment\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  a: \"1\"\n  b: |\n    two\n    lines\n";
    let made = send(&cluster, &path, yaml).await?.expect(201)?;
    same!(made["data"], json!({"a": "1", "b": "two\nlines\n"}));
    let twice = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata:\n  c: \"1\"\n  c: \"2\"\n";
    let answer = send(&cluster, &path, twice).await?;
    same!(answer.warnings(), ["line 6: key \"c\" already set in map"]);
    same!(answer.expect(200)?["data"], json!({"c": "2"}));
    // A number stays one.
    let number = send(&cluster, &path, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: 1}\n").await?;
    let message = "failed to create typed patch object (/x; /v1, Kind=ConfigMap): \
                   .data.a: expected string, got &value.valueUnstructured{Value:1}";
    number.refused(500, "", message, Value::Null)
}

async fn yaml_that_is_none_is_refused(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let decoding = "error decoding YAML: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
    let object = "Go value of type map[string]interface {}";
    for (body, message) in [
        ("x", format!("{decoding} string into {object}")),
        ("[]", format!("{decoding} array into {object}")),
        ("", "invalid object type: /, Kind=".to_owned()),
    ] {
        send(&cluster, &path, body).await?.refused(400, "BadRequest", message, Value::Null)?;
    }
    let broken = send(&cluster, &path, "a: [").await?;
    same!((broken.code, broken.json["reason"].as_str()), (400, Some("BadRequest")));
    Ok(())
}

async fn a_manager_is_required(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let body = config_map(json!({"a": "1"}));
    let options = "PatchOptions.meta.k8s.io";
    let cause = ("FieldValueRequired", "Required value: is required for apply patch", "fieldManager");
    cluster.patch(&path, APPLY, &body).await?.invalid(options, "", &[cause])?;
    let cause = ("FieldValueTooLong", "Too long: may not be more than 128 bytes", "fieldManager");
    apply(&cluster, &path, &"m".repeat(129), &body).await?.invalid(options, "", &[cause])?;
    let message = "Invalid value: \"m\\n\": invalid character U+000A (at position 1)";
    let cause = ("FieldValueInvalid", message, "fieldManager");
    apply(&cluster, &path, "m\n", &body).await?.invalid(options, "", &[cause])?;
    apply(&cluster, &path, &"m".repeat(128), &body).await?.expect(201)?;
    Ok(())
}

async fn sets_in_the_body_are_refused(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    apply(&cluster, &path, "one", &config_map(json!({"a": "1"}))).await?.expect(201)?;
    let mut body = cluster.get(&path).await?.expect(200)?;
    apply(&cluster, &path, "one", &body).await?.refused(
        400,
        "BadRequest",
        "metadata.managedFields must be nil",
        Value::Null,
    )?;
    body["metadata"]["managedFields"] = json!([]);
    apply(&cluster, &path, "one", &body).await?.refused(
        400,
        "BadRequest",
        "metadata.managedFields must be nil",
        Value::Null,
    )
}

async fn the_body_has_to_be_of_this_object(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    for (body, message) in [
        (json!({"kind": "ConfigMap", "metadata": {"name": "x"}}), "invalid object type: /, Kind=ConfigMap"),
        (json!({"apiVersion": "v1", "metadata": {"name": "x"}}), "invalid object type: /v1, Kind="),
        (
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}),
            "invalid object type: /v1, Kind=Secret",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "y"}}),
            "the name of the object (y) does not match the name on the URL (x)",
        ),
        (
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "other"}}),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ] {
        apply(&cluster, &path, "one", &body).await?.refused(400, "BadRequest", message, Value::Null)?;
    }
    Ok(())
}

async fn a_stale_version_conflicts(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let mut body = config_map(json!({"a": "1"}));
    apply(&cluster, &path, "one", &body).await?.expect(201)?;
    body["metadata"]["resourceVersion"] = json!("1");
    let message = "Operation cannot be fulfilled on configmaps \"x\": the object has been modified; \
                   please apply your changes to the latest version and try again";
    body["data"] = json!({"a": "2"});
    apply(&cluster, &path, "one", &body).await?.refused(409, "Conflict", message, about("configmaps", "x"))
}

async fn what_the_schema_does_not_know_is_refused(cluster: Cluster) -> Done {
    let path = one_map(&cluster).await?;
    let mut body = config_map(json!({"a": "1"}));
    body["foo"] = json!(1);
    let start = "failed to create typed patch object (/x; /v1, Kind=ConfigMap)";
    for query in ["", "?fieldValidation=Ignore"] {
        let answer = apply(&cluster, &format!("{path}{query}"), "one", &body).await?;
        answer.refused(500, "", format!("{start}: .foo: field not declared in schema"), Value::Null)?;
    }
    let answer = apply(&cluster, &path, "one", &config_map(json!("x"))).await?;
    answer.refused(500, "", format!("{start}: .data: expected map, got &{{x}}"), Value::Null)?;
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define(&lists()).await?;
    let path = format!("{}/w", widgets.widgets(&namespace));
    let answer = apply(&cluster, &path, "one", &widgets.widget("w", &json!({"zz": 1}))).await?;
    let message = format!(
        "failed to create typed patch object (/w; {}, Kind=Widget): .spec.zz: field not declared in schema",
        widgets.api_version()
    );
    answer.refused(500, "", message, Value::Null)
}

async fn duplicate_keys_are_refused(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let widgets = cluster.define(&lists()).await?;
    let path = format!("{}/w", widgets.widgets(&namespace));
    for (spec, field) in [
        (json!({"set": ["z", "z"]}), ".spec.set: duplicate entries for key [=\"z\"]"),
        (
            json!({"items": [{"k": "x"}, {"k": "x", "p": "TCP"}]}),
            ".spec.items: duplicate entries for key [k=\"x\",p=\"TCP\"]",
        ),
    ] {
        let answer = apply(&cluster, &path, "one", &widgets.widget("w", &spec)).await?;
        let what = format!("(/w; {}, Kind=Widget)", widgets.api_version());
        answer.refused(500, "", format!("failed to create typed patch object {what}: {field}"), Value::Null)?;
    }
    Ok(())
}

async fn the_result_is_validated(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let path = format!("{}/A_B", path("v1", &namespace, "configmaps"));
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "A_B"}});
    let answer = apply(&cluster, &path, "one", &body).await?;
    same!((answer.code, answer.json["details"]["causes"][0]["field"].as_str()), (422, Some("metadata.name")));
    let widgets = cluster.define(&lists()).await?;
    let widget = widgets.widget("w", &json!({"items": [{"v": 1}]}));
    let answer = apply(&cluster, &format!("{}/w", widgets.widgets(&namespace)), "one", &widget).await?;
    let cause = ("FieldValueRequired", "Required value", "spec.items[0].k");
    answer.invalid(&widgets.kind(), "w", &[cause])
}
