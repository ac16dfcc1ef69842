//! Names, labels and what the URL says.

use serde_json::{Value, json};

use super::Done;
use super::common::{SUBDOMAIN, config_map};
use crate::Cluster;
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;

cases! { "names":
    a_bad_name_is_refused,
    a_name_is_needed,
    a_name_may_have_253_characters,
    a_label_is_the_name_of_a_service,
    a_role_has_almost_any_name,
    a_generated_name_continues_its_base,
    a_long_base_is_cut,
    a_bad_base_is_refused_twice,
    a_name_wins_over_a_base,
    the_name_in_the_url_counts,
    the_namespace_in_the_url_counts,
    the_kind_in_the_url_counts,
    a_body_need_not_say_what_it_is,
    bad_labels_are_refused,
    a_label_value_has_63_characters,
    bad_finalizers_are_refused,
}

async fn a_bad_name_is_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    for name in ["X_", "a b", "-a", "a.", "é", "a/b", "A"] {
        let answer = cluster.create(&maps, &config_map(name)).await?;
        let message = match name {
            "a/b" => format!("Invalid value: \"a/b\": {SUBDOMAIN}"),
            _ => format!("Invalid value: {name:?}: {SUBDOMAIN}"),
        };
        answer.invalid("ConfigMap", name, &[("FieldValueInvalid", &message, "metadata.name")])?;
    }
    Ok(())
}

async fn a_name_is_needed(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let message = "Required value: name or generateName is required";
    for body in [config_map(""), json!({"apiVersion": "v1", "kind": "ConfigMap"})] {
        let answer = cluster.create(&maps, &body).await?;
        answer.invalid("ConfigMap", "", &[("FieldValueRequired", message, "metadata.name")])?;
    }
    Ok(())
}

async fn a_name_may_have_253_characters(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map(&"a".repeat(253))).await?.expect(201)?;
    let name = "a".repeat(254);
    let message = format!("Invalid value: {name:?}: must be no more than 253 characters");
    let answer = cluster.create(&maps, &config_map(&name)).await?;
    answer.invalid("ConfigMap", &name, &[("FieldValueInvalid", &message, "metadata.name")])
}

async fn a_label_is_the_name_of_a_service(cluster: Cluster) -> Done {
    let services = path("v1", &cluster.namespace().await?, "services");
    let service = |name: &str| json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}});
    cluster.create(&services, &service("1a")).await?.expect(201)?;
    let message = "Invalid value: \"a.b\": must not contain dots";
    let answer = cluster.create(&services, &service("a.b")).await?;
    answer.invalid("Service", "a.b", &[("FieldValueInvalid", message, "metadata.name")])
}

async fn a_role_has_almost_any_name(cluster: Cluster) -> Done {
    let roles = path("rbac.authorization.k8s.io/v1", &cluster.namespace().await?, "roles");
    let role = |name: &str| json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": name}, "rules": []});
    let made = cluster.create(&roles, &role("A:b_c D")).await?.expect(201)?;
    same!(cluster.get(format!("{roles}/A:b_c%20D")).await?.expect(200)?, made);
    for (name, message) in [
        ("a/b", "Invalid value: \"a/b\": may not contain '/'"),
        ("..", "Invalid value: \"..\": may not be '..'"),
        ("a%b", "Invalid value: \"a%b\": may not contain '%'"),
    ] {
        let answer = cluster.create(&roles, &role(name)).await?;
        let cause = ("FieldValueInvalid", message, "metadata.name");
        answer.invalid("Role.rbac.authorization.k8s.io", name, &[cause])?;
    }
    Ok(())
}

fn generated(base: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": base}})
}

async fn a_generated_name_continues_its_base(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut seen = Vec::new();
    for _ in 0..5 {
        let made = cluster.create(&maps, &generated("base-")).await?.expect(201)?;
        same!(text(&made, "/metadata/generateName"), "base-");
        let end = text(&made, "/metadata/name").strip_prefix("base-").unwrap_or_default().to_owned();
        check!(end.len() == 5 && end.bytes().all(|byte| b"bcdfghjklmnpqrstvwxz2456789".contains(&byte)), "{made}");
        check!(!seen.contains(&end));
        seen.push(end);
    }
    Ok(())
}

async fn a_long_base_is_cut(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let base = "a".repeat(70);
    let made = cluster.create(&maps, &generated(&base)).await?.expect(201)?;
    same!(text(&made, "/metadata/generateName"), base);
    let name = text(&made, "/metadata/name");
    check!(name.len() == 63 && name.starts_with(&"a".repeat(58)), "{name}");
    Ok(())
}

async fn a_bad_base_is_refused_twice(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let answer = cluster.create(&maps, &generated("Bad_")).await?;
    let name = text(&answer.json, "/details/name").to_owned();
    check!(name.len() == 9 && name.starts_with("Bad_"), "{name}");
    let (base, whole) =
        (format!("Invalid value: \"Bad_\": {SUBDOMAIN}"), format!("Invalid value: {name:?}: {SUBDOMAIN}"));
    let causes = [
        ("FieldValueInvalid", base.as_str(), "metadata.generateName"),
        ("FieldValueInvalid", whole.as_str(), "metadata.name"),
    ];
    answer.invalid("ConfigMap", &name, &causes)
}

async fn a_name_wins_over_a_base(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = generated("base-");
    body["metadata"]["name"] = json!("x");
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    same!((text(&made, "/metadata/name"), text(&made, "/metadata/generateName")), ("x", "base-"));
    Ok(())
}

async fn the_name_in_the_url_counts(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let message = "the name of the object (w) does not match the name on the URL (x)";
    cluster.replace(format!("{maps}/x"), &config_map("w")).await?.refused(400, "BadRequest", message, Value::Null)?;
    let unnamed = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}});
    let message = "the name of the object (x based on URL) was undeterminable: name must be provided";
    cluster.replace(format!("{maps}/x"), &unnamed).await?.refused(400, "BadRequest", message, Value::Null)
}

async fn the_namespace_in_the_url_counts(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let maps = path("v1", &namespace, "configmaps");
    let mut body = config_map("x");
    body["metadata"]["namespace"] = json!(namespace);
    cluster.create(&maps, &body).await?.expect(201)?;
    body["metadata"]["namespace"] = json!("default");
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    cluster.replace(format!("{maps}/x"), &body).await?.refused(400, "BadRequest", message, Value::Null)?;
    cluster.create(&maps, &body).await?.refused(400, "BadRequest", message, Value::Null)
}

async fn the_kind_in_the_url_counts(cluster: Cluster) -> Done {
    let (namespace, widget) = (cluster.namespace().await?, cluster.define_free().await?);
    let mut body = widget.widget("w", &json!({}));
    body["apiVersion"] = json!("v1");
    let message =
        format!("the API version in the data (v1) does not match the expected API version ({}/v1)", widget.group);
    let answer = cluster.create(widget.widgets(&namespace), &body).await?;
    answer.refused(400, "BadRequest", message, Value::Null)?;
    let mut body = widget.widget("w", &json!({}));
    body["kind"] = json!("Gadget");
    let answer = cluster.create(widget.widgets(&namespace), &body).await?;
    let message = "Invalid value: \"Gadget\": must be Widget";
    answer.invalid(&format!("Gadget.{}", widget.group), "w", &[("FieldValueInvalid", message, "kind")])?;
    let maps = path("v1", &namespace, "configmaps");
    let mut body = config_map("x");
    body["kind"] = json!("Secret");
    let answer = cluster.create(&maps, &body).await?;
    let message = "Secret in version \"v1\" cannot be handled as a ConfigMap: ";
    same!((answer.code, text(&answer.json, "/reason")), (400, "BadRequest"));
    check!(text(&answer.json, "/message").starts_with(message), "{}", answer.text());
    Ok(())
}

async fn a_body_need_not_say_what_it_is(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let made = cluster.create(&maps, &json!({"metadata": {"name": "x"}})).await?.expect(201)?;
    same!((text(&made, "/kind"), text(&made, "/apiVersion")), ("ConfigMap", "v1"));
    Ok(())
}

async fn bad_labels_are_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["metadata"]["labels"] = json!({"a b": "c", "d": "e f"});
    body["metadata"]["annotations"] = json!({"B c": "anything goes"});
    let key = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let value = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
    let messages = [
        format!("Invalid value: \"a b\": {key}"),
        format!("Invalid value: \"e f\": {value}"),
        format!("Invalid value: \"B c\": {key}"),
    ];
    let causes = [
        ("FieldValueInvalid", messages[0].as_str(), "metadata.labels"),
        ("FieldValueInvalid", messages[1].as_str(), "metadata.labels"),
        ("FieldValueInvalid", messages[2].as_str(), "metadata.annotations"),
    ];
    cluster.create(&maps, &body).await?.invalid("ConfigMap", "x", &causes)
}

async fn a_label_value_has_63_characters(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["metadata"]["labels"] = json!({"example.com/a": "v".repeat(63)});
    cluster.create(&maps, &body).await?.expect(201)?;
    let mut body = config_map("y");
    body["metadata"]["labels"] = json!({"a": "v".repeat(64)});
    let message = format!("Invalid value: \"{}\": must be no more than 63 bytes", "v".repeat(64));
    cluster.create(&maps, &body).await?.invalid("ConfigMap", "y", &[("FieldValueInvalid", &message, "metadata.labels")])
}

async fn bad_finalizers_are_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut body = config_map("x");
    body["metadata"]["finalizers"] = json!(["foo"]);
    let message = "Invalid value: \"foo\": name is neither a standard finalizer name nor is it fully qualified";
    let answer = cluster.create(&maps, &body).await?;
    answer.invalid("ConfigMap", "x", &[("FieldValueInvalid", message, "metadata.finalizers[0]")])
}
