//! Making, reading, replacing and deleting objects.

use serde_json::json;

use super::Done;
use crate::Cluster;
use crate::answer::about;
use crate::case::cases;
use crate::check::{check, names, same, uid, version};
use crate::cluster::path;

cases! { "objects":
    what_does_not_exist_is_not_found,
    a_name_is_taken_once,
}

async fn what_does_not_exist_is_not_found(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.get(format!("{maps}/x")).await?.absent("configmaps", "x")?;
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}});
    cluster.replace(format!("{maps}/x"), &body).await?.absent("configmaps", "x")?;
    cluster.delete(format!("{maps}/x")).await?.absent("configmaps", "x")?;
    cluster.patch(format!("{maps}/x"), crate::MERGE_PATCH, &json!({})).await?.absent("configmaps", "x")
}

async fn a_name_is_taken_once(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"a": "b"}});
    let made = cluster.create(&maps, &body).await?.expect(201)?;
    check!(!uid(&made).is_empty() && !version(&made).is_empty());
    let again = cluster.create(&maps, &body).await?;
    again.refused(409, "AlreadyExists", "configmaps \"x\" already exists", about("configmaps", "x"))?;
    same!(cluster.get(format!("{maps}/x")).await?.expect(200)?, made);
    let named = cluster.read(&maps).query("fieldSelector", "metadata.name=x").send().await?.expect(200)?;
    same!(names(&named), ["x"]);
    Ok(())
}
