//! Namespaces, and their end.

use serde_json::{Value, json};

use super::Done;
use super::common::{config_map, secret};
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, names, same, text, uid};
use crate::cluster::path;
use crate::{Cluster, MERGE_PATCH};

cases! { "namespaces":
    a_new_namespace_is_active,
    a_namespace_has_no_dots,
    nothing_is_made_in_an_absent_namespace,
    an_absent_namespace_lists_nothing,
    the_namespaces_of_the_system_stay,
    deleting_a_namespace_shows_it_terminating,
    nothing_is_made_in_a_terminating_namespace,
    a_deleted_namespace_takes_its_objects_along,
    a_deleted_namespace_can_be_made_again,
    a_finalizer_within_holds_the_namespace,
    a_cluster_wide_list_covers_namespaces,
}

fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}

async fn a_new_namespace_is_active(cluster: Cluster) -> Done {
    let name = cluster.namespace().await?;
    let made = cluster.get(format!("/api/v1/namespaces/{name}")).await?.expect(200)?;
    same!((&made["spec"], &made["status"]), (&json!({"finalizers": ["kubernetes"]}), &json!({"phase": "Active"})));
    same!(made["metadata"]["labels"], json!({"kubernetes.io/metadata.name": name}));
    let again = cluster.create("/api/v1/namespaces", &namespace(&name)).await?;
    let message = format!("namespaces {name:?} already exists");
    again.refused(409, "AlreadyExists", message, about("namespaces", &name))
}

async fn a_namespace_has_no_dots(cluster: Cluster) -> Done {
    let answer = cluster.create("/api/v1/namespaces", &namespace("a.b")).await?;
    let message = "Invalid value: \"a.b\": must not contain dots";
    answer.invalid("Namespace", "a.b", &[("FieldValueInvalid", message, "metadata.name")])?;
    let name = "a".repeat(64);
    let [characters, bytes] =
        ["characters", "bytes"].map(|unit| format!("Invalid value: {name:?}: must be no more than 63 {unit}"));
    let answer = cluster.create("/api/v1/namespaces", &namespace(&name)).await?;
    // The name becomes a label, too.
    let causes = [
        ("FieldValueInvalid", characters.as_str(), "metadata.name"),
        ("FieldValueInvalid", bytes.as_str(), "metadata.labels"),
    ];
    answer.invalid("Namespace", &name, &causes)
}

async fn nothing_is_made_in_an_absent_namespace(cluster: Cluster) -> Done {
    let name = cluster.unique("absent");
    cluster.create(path("v1", &name, "configmaps"), &config_map("x")).await?.absent("namespaces", &name)?;
    let widget = cluster.define_free().await?;
    cluster.create(widget.widgets(&name), &widget.widget("w", &json!({}))).await?.absent("namespaces", &name)
}

async fn an_absent_namespace_lists_nothing(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.unique("absent"), "configmaps");
    let list = cluster.get(&maps).await?.expect(200)?;
    same!(list["items"], json!([]));
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")?;
    same!(cluster.delete(&maps).await?.expect(200)?["items"], json!([]));
    Ok(())
}

async fn the_namespaces_of_the_system_stay(cluster: Cluster) -> Done {
    for name in ["default", "kube-system", "kube-public"] {
        let answer = cluster.delete(format!("/api/v1/namespaces/{name}")).await?;
        let message = format!("namespaces {name:?} is forbidden: this namespace may not be deleted");
        answer.refused(403, "Forbidden", message, about("namespaces", name))?;
    }
    Ok(())
}

/// A namespace that is ending, held by a finalizer of its own.
async fn terminating(cluster: &Cluster) -> Result<String, crate::Failure> {
    let name = cluster.unique("ending");
    let mut body = namespace(&name);
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    cluster.create("/api/v1/namespaces", &body).await?.expect(201)?;
    let ending = cluster.delete(format!("/api/v1/namespaces/{name}")).await?.expect(200)?;
    same!((text(&ending, "/kind"), text(&ending, "/status/phase")), ("Namespace", "Terminating"));
    check!(!text(&ending, "/metadata/deletionTimestamp").is_empty());
    same!(ending["spec"], json!({"finalizers": ["kubernetes"]}));
    Ok(name)
}

async fn release(cluster: &Cluster, name: &str) -> Done {
    let path = format!("/api/v1/namespaces/{name}");
    cluster.patch(&path, MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await?.expect(200)?;
    cluster.gone(&path).await
}

async fn deleting_a_namespace_shows_it_terminating(cluster: Cluster) -> Done {
    let name = terminating(&cluster).await?;
    let path = format!("/api/v1/namespaces/{name}");
    let read = cluster.get(&path).await?.expect(200)?;
    same!(text(&read, "/status/phase"), "Terminating");
    // A second deletion changes nothing: it answers the object, or says that the content is still going.
    let again = cluster.delete(&path).await?;
    check!(again.code == 200 || again.code == 409, "{}", again.text());
    release(&cluster, &name).await?;
    cluster.get(&path).await?.absent("namespaces", &name)
}

async fn nothing_is_made_in_a_terminating_namespace(cluster: Cluster) -> Done {
    let name = terminating(&cluster).await?;
    // The server learns of the end by and by.
    let refused = || async {
        let answer = cluster.create(path("v1", &name, "configmaps"), &config_map("x")).await?;
        Ok((answer.code != 201 && answer.code != 409).then_some(answer))
    };
    let answer = cluster.eventually("creation is refused", refused).await?;
    let message = format!(
        "configmaps \"x\" is forbidden: unable to create new content in namespace {name} because it is being terminated"
    );
    let mut details = about("configmaps", "x");
    details["causes"] = json!([{
        "reason": "NamespaceTerminating", "message": format!("namespace {name} is being terminated"),
        "field": "metadata.namespace",
    }]);
    answer.refused(403, "Forbidden", message, details)?;
    release(&cluster, &name).await
}

async fn a_deleted_namespace_takes_its_objects_along(cluster: Cluster) -> Done {
    let (name, widget) = (cluster.namespace().await?, cluster.define_free().await?);
    let secrets = path("v1", &name, "secrets");
    cluster.create(&secrets, &secret("x", "1")).await?.expect(201)?;
    cluster.create(widget.widgets(&name), &widget.widget("w", &json!({}))).await?.expect(201)?;
    let watched = cluster.read(&secrets).query("resourceVersion", "0").watch().await?;
    cluster.delete(format!("/api/v1/namespaces/{name}")).await?.expect(200)?;
    cluster.gone(&format!("/api/v1/namespaces/{name}")).await?;
    cluster.get(format!("{secrets}/x")).await?.absent("secrets", "x")?;
    cluster.get(format!("{}/w", widget.widgets(&name))).await?.absent(&widget.resource(), "w")?;
    let mut watched = watched;
    same!(text(&watched.expect("ADDED").await?, "/metadata/name"), "x");
    same!(text(&watched.expect("DELETED").await?, "/metadata/name"), "x");
    Ok(())
}

async fn a_deleted_namespace_can_be_made_again(cluster: Cluster) -> Done {
    let name = cluster.namespace().await?;
    let path = format!("/api/v1/namespaces/{name}");
    let first = cluster.get(&path).await?.expect(200)?;
    cluster.delete(&path).await?.expect(200)?;
    cluster.gone(&path).await?;
    let second = cluster.create("/api/v1/namespaces", &namespace(&name)).await?.expect(201)?;
    check!(uid(&first) != uid(&second));
    let secrets = self::path("v1", &name, "secrets");
    let make = || async {
        let answer = cluster.create(&secrets, &secret("x", "1")).await?;
        Ok((answer.code == 201).then_some(()))
    };
    cluster.eventually("the new namespace takes objects", make).await
}

async fn a_finalizer_within_holds_the_namespace(cluster: Cluster) -> Done {
    let name = cluster.namespace().await?;
    let (whole, map) = (format!("/api/v1/namespaces/{name}"), format!("{}/x", path("v1", &name, "configmaps")));
    let mut body = config_map("x");
    body["metadata"]["finalizers"] = json!(["example.com/hold"]);
    cluster.create(path("v1", &name, "configmaps"), &body).await?.expect(201)?;
    cluster.delete(&whole).await?.expect(200)?;
    let marked = || async {
        let object = cluster.get(&map).await?.expect(200)?;
        Ok((!text(&object, "/metadata/deletionTimestamp").is_empty()).then_some(()))
    };
    cluster.eventually("the object is marked", marked).await?;
    same!(text(&cluster.get(&whole).await?.expect(200)?, "/status/phase"), "Terminating");
    cluster.patch(&map, MERGE_PATCH, &json!({"metadata": {"finalizers": null}})).await?.expect(200)?;
    cluster.gone(&whole).await
}

async fn a_cluster_wide_list_covers_namespaces(cluster: Cluster) -> Done {
    let mark = cluster.unique("mark");
    let mut namespaces = [cluster.namespace().await?, cluster.namespace().await?];
    namespaces.sort();
    for (namespace, name) in [(&namespaces[1], "a"), (&namespaces[0], "b"), (&namespaces[0], "a")] {
        cluster.create(path("v1", namespace, "secrets"), &secret(name, &mark)).await?.expect(201)?;
    }
    let answer = cluster.read("/api/v1/secrets").query("labelSelector", format!("n={mark}")).send().await?;
    let list = answer.expect(200)?;
    same!(names(&list), ["a", "b", "a"]);
    same!(text(&list, "/items/2/metadata/namespace"), namespaces[1]);
    Ok(())
}
