//! Owner references, and what becomes of those who lose their owner.

use serde_json::{Value, json};

use super::Done;
use super::common::config_map;
use crate::case::cases;
use crate::check::{check, same, text, uid};
use crate::cluster::path;
use crate::{Cluster, Failure, MERGE_PATCH};

cases! { "owners":
    in_the_background_children_follow,
    the_background_is_the_default,
    in_the_foreground_the_owner_waits,
    in_the_foreground_a_held_child_holds_its_owner,
    a_child_that_does_not_block_holds_nobody,
    orphans_stay,
    the_old_spelling_of_orphans_counts,
    grandchildren_follow,
    a_child_of_two_follows_the_last,
    a_child_of_nobody_is_collected,
    a_child_of_another_uid_is_collected,
    custom_resources_own_and_are_owned,
    bad_references_are_refused,
    one_controller_is_enough,
    events_own_nothing,
}

/// A reference to an owner.
fn reference(owner: &Value, blocks: bool) -> Value {
    json!({
        "apiVersion": text(owner, "/apiVersion"), "kind": text(owner, "/kind"), "name": text(owner, "/metadata/name"),
        "uid": uid(owner), "blockOwnerDeletion": blocks,
    })
}

fn owned(name: &str, references: &[Value]) -> Value {
    let mut body = config_map(name);
    body["metadata"]["ownerReferences"] = json!(references);
    body
}

/// Path of config maps with an owner `o` and its child `c`.
async fn family(cluster: &Cluster) -> Result<(String, Value), Failure> {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let owner = cluster.create(&maps, &config_map("o")).await?.expect(201)?;
    let child = cluster.create(&maps, &owned("c", &[reference(&owner, true)])).await?.expect(201)?;
    same!(child["metadata"]["ownerReferences"], json!([reference(&owner, true)]));
    // The collector hears of the child by and by; a policy that needs it waits for it by itself.
    Ok((maps, owner))
}

async fn delete(cluster: &Cluster, path: String, policy: &str) -> Result<Value, Failure> {
    cluster.delete_with(path, &json!({"propagationPolicy": policy})).await?.expect(200)
}

async fn in_the_background_children_follow(cluster: Cluster) -> Done {
    let (maps, _) = family(&cluster).await?;
    let answer = delete(&cluster, format!("{maps}/o"), "Background").await?;
    same!(text(&answer, "/status"), "Success");
    cluster.get(format!("{maps}/o")).await?.absent("configmaps", "o")?;
    cluster.gone(&format!("{maps}/c")).await
}

async fn the_background_is_the_default(cluster: Cluster) -> Done {
    let (maps, _) = family(&cluster).await?;
    same!(text(&cluster.delete(format!("{maps}/o")).await?.expect(200)?, "/status"), "Success");
    cluster.gone(&format!("{maps}/c")).await
}

async fn in_the_foreground_the_owner_waits(cluster: Cluster) -> Done {
    let (maps, owner) = family(&cluster).await?;
    let answer = delete(&cluster, format!("{maps}/o"), "Foreground").await?;
    same!((text(&answer, "/kind"), uid(&answer)), ("ConfigMap", uid(&owner)));
    same!(answer["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    check!(!text(&answer, "/metadata/deletionTimestamp").is_empty());
    cluster.gone(&format!("{maps}/o")).await?;
    cluster.get(format!("{maps}/c")).await?.absent("configmaps", "c")
}

/// Holds the child, or lets it go.
async fn hold(cluster: &Cluster, child: &str, finalizers: Value) -> Done {
    cluster.patch(child, MERGE_PATCH, &json!({"metadata": {"finalizers": finalizers}})).await?.expect(200)?;
    Ok(())
}

async fn marked(cluster: &Cluster, path: &str) -> Done {
    let look = || async {
        let object = cluster.get(path).await?.expect(200)?;
        Ok((!text(&object, "/metadata/deletionTimestamp").is_empty()).then_some(()))
    };
    cluster.eventually("the child is marked", look).await
}

async fn in_the_foreground_a_held_child_holds_its_owner(cluster: Cluster) -> Done {
    let (maps, _) = family(&cluster).await?;
    let (owner, child) = (format!("{maps}/o"), format!("{maps}/c"));
    hold(&cluster, &child, json!(["example.com/hold"])).await?;
    delete(&cluster, owner.clone(), "Foreground").await?;
    marked(&cluster, &child).await?;
    let waiting = cluster.get(&owner).await?.expect(200)?;
    same!(waiting["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    hold(&cluster, &child, Value::Null).await?;
    cluster.gone(&owner).await
}

async fn a_child_that_does_not_block_holds_nobody(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let owner = cluster.create(&maps, &config_map("o")).await?.expect(201)?;
    cluster.create(&maps, &owned("c", &[reference(&owner, false)])).await?.expect(201)?;
    let child = format!("{maps}/c");
    hold(&cluster, &child, json!(["example.com/hold"])).await?;
    delete(&cluster, format!("{maps}/o"), "Foreground").await?;
    cluster.gone(&format!("{maps}/o")).await?;
    marked(&cluster, &child).await?;
    hold(&cluster, &child, Value::Null).await?;
    cluster.gone(&child).await
}

async fn orphans_stay(cluster: Cluster) -> Done {
    let (maps, owner) = family(&cluster).await?;
    let answer = delete(&cluster, format!("{maps}/o"), "Orphan").await?;
    same!((uid(&answer), &answer["metadata"]["finalizers"]), (uid(&owner), &json!(["orphan"])));
    cluster.gone(&format!("{maps}/o")).await?;
    let child = cluster.get(format!("{maps}/c")).await?.expect(200)?;
    same!((child["metadata"].get("ownerReferences"), child["metadata"].get("deletionTimestamp")), (None, None));
    Ok(())
}

async fn the_old_spelling_of_orphans_counts(cluster: Cluster) -> Done {
    let (maps, _) = family(&cluster).await?;
    let answer = cluster.delete_with(format!("{maps}/o"), &json!({"orphanDependents": true})).await?.expect(200)?;
    same!(answer["metadata"]["finalizers"], json!(["orphan"]));
    cluster.gone(&format!("{maps}/o")).await?;
    same!(cluster.get(format!("{maps}/c")).await?.expect(200)?["metadata"].get("ownerReferences"), None);
    Ok(())
}

async fn grandchildren_follow(cluster: Cluster) -> Done {
    for policy in ["Background", "Foreground"] {
        let (maps, _) = family(&cluster).await?;
        let child = cluster.get(format!("{maps}/c")).await?.expect(200)?;
        cluster.create(&maps, &owned("g", &[reference(&child, true)])).await?.expect(201)?;
        delete(&cluster, format!("{maps}/o"), policy).await?;
        for name in ["o", "c", "g"] {
            cluster.gone(&format!("{maps}/{name}")).await?;
        }
    }
    Ok(())
}

async fn a_child_of_two_follows_the_last(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let first = cluster.create(&maps, &config_map("a")).await?.expect(201)?;
    let second = cluster.create(&maps, &config_map("b")).await?.expect(201)?;
    let references = [reference(&first, true), reference(&second, true)];
    cluster.create(&maps, &owned("c", &references)).await?.expect(201)?;
    delete(&cluster, format!("{maps}/a"), "Background").await?;
    let one_owner = || async {
        let child = cluster.get(format!("{maps}/c")).await?.expect(200)?;
        Ok((child["metadata"]["ownerReferences"] == json!([reference(&second, true)])).then_some(()))
    };
    cluster.eventually("the lost owner is forgotten", one_owner).await?;
    delete(&cluster, format!("{maps}/b"), "Background").await?;
    cluster.gone(&format!("{maps}/c")).await
}

async fn a_child_of_nobody_is_collected(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let nobody = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "nobody", "uid": "no-uid"});
    cluster.create(&maps, &owned("c", &[nobody])).await?.expect(201)?;
    cluster.gone(&format!("{maps}/c")).await
}

async fn a_child_of_another_uid_is_collected(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let mut owner = cluster.create(&maps, &config_map("o")).await?.expect(201)?;
    owner["metadata"]["uid"] = json!("00000000-0000-4000-8000-000000000000");
    cluster.create(&maps, &owned("c", &[reference(&owner, true)])).await?.expect(201)?;
    cluster.gone(&format!("{maps}/c")).await?;
    cluster.get(format!("{maps}/o")).await?.expect(200)?;
    Ok(())
}

async fn custom_resources_own_and_are_owned(cluster: Cluster) -> Done {
    let (namespace, widget) = (cluster.namespace().await?, cluster.define_free().await?);
    let (widgets, maps) = (widget.widgets(&namespace), path("v1", &namespace, "configmaps"));
    let owner = cluster.create(&widgets, &widget.widget("o", &json!({}))).await?.expect(201)?;
    let child = cluster.create(&maps, &owned("c", &[reference(&owner, true)])).await?.expect(201)?;
    let mut grandchild = widget.widget("g", &json!({}));
    grandchild["metadata"]["ownerReferences"] = json!([reference(&child, true)]);
    cluster.create(&widgets, &grandchild).await?.expect(201)?;
    delete(&cluster, format!("{widgets}/o"), "Background").await?;
    cluster.gone(&format!("{maps}/c")).await?;
    cluster.gone(&format!("{widgets}/g")).await
}

async fn bad_references_are_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let whole = json!({"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "u"});
    for (missing, message) in [
        ("apiVersion", "Invalid value: \"\": version must not be empty"),
        ("kind", "Invalid value: \"\": must not be empty"),
        ("name", "Invalid value: \"\": must not be empty"),
        ("uid", "Invalid value: \"\": must not be empty"),
    ] {
        let mut reference = whole.clone();
        reference[missing] = json!("");
        let answer = cluster.create(&maps, &owned("c", &[reference])).await?;
        let field = format!("metadata.ownerReferences.{missing}");
        answer.invalid("ConfigMap", "c", &[("FieldValueInvalid", message, &field)])?;
    }
    Ok(())
}

async fn one_controller_is_enough(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let references = ["a", "b"]
        .map(|name| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": name, "controller": true}));
    let list = ["a", "b"].map(|name| {
        format!("{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"name\":\"{name}\",\"uid\":\"{name}\",\"controller\":true}}")
    });
    let message = format!(
        "Invalid value: [{}]: Only one reference can have Controller set to true. Found \"true\" in references for ConfigMap/a and ConfigMap/b",
        list.join(",")
    );
    let answer = cluster.create(&maps, &owned("c", &references)).await?;
    answer.invalid("ConfigMap", "c", &[("FieldValueInvalid", &message, "metadata.ownerReferences")])
}

async fn events_own_nothing(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let reference = json!({"apiVersion": "v1", "kind": "Event", "name": "a", "uid": "u"});
    let message = "Invalid value: {\"apiVersion\":\"v1\",\"kind\":\"Event\",\"name\":\"a\",\"uid\":\"u\"}: /v1, Kind=Event is disallowed from being an owner";
    let answer = cluster.create(&maps, &owned("c", &[reference])).await?;
    answer.invalid("ConfigMap", "c", &[("FieldValueInvalid", message, "metadata.ownerReferences")])
}
