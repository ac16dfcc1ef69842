//! What follows from a write without anybody asking: namespaces are emptied, objects without owners go, definitions take their objects along.
//!
//! A real cluster has controllers for this. Here it happens in a task that the write leaves behind; nothing runs while nothing is written. What
//! a crash has interrupted is taken up at the next start.

use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{Kind, definition};
use super::request::Options;
use super::server::ApiServer;
use super::status::Status;
use super::store::{Key, Object};
use super::verbs::Request;
use super::verbs::delete::{FOREGROUND, ORPHAN};

/// The namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Something that has to be done after a write.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Work {
    /// A namespace is going: what is in it goes first.
    Empty { namespace: Arc<str> },
    /// A definition is going: its objects go first.
    Withdraw { definition: Arc<str> },
    /// Children lose their reference to an owner that is going without them.
    Release { owner: Arc<str> },
    /// An owner waits for its children.
    Await { owner: Arc<str> },
    /// An owner is gone: children without another one go too.
    Abandon { owner: Arc<str> },
    /// An object names owners: one that is not there counts as gone.
    Verify { child: Arc<str> },
}

impl ApiServer {
    /// Makes what every cluster has, and takes up what an earlier process has left undone.
    pub(crate) async fn begin(&self) -> Result<(), Status> {
        for name in NAMESPACES {
            self.ensure(&namespace(name)).await?;
        }
        for object in cluster_roles() {
            self.ensure(&object).await?;
        }
        for kind in self.kinds().iter().filter(|kind| kind.is_stored()) {
            for object in self.store().all(&kind.storage, None) {
                self.follow_up(kind, &object, false);
            }
        }
        Ok(())
    }

    /// Applies an object, as server-side apply with the manager `primehub` does: for what a program brings along. An object that is what it
    /// should be already is not written.
    ///
    /// # Errors
    ///
    /// The refusal that a request would get.
    pub async fn ensure(&self, object: &Value) -> Result<(), Status> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (group, version) = text("/apiVersion").rsplit_once('/').unwrap_or(("", text("/apiVersion")));
        let kinds = self.kinds();
        let Some(kind) = kinds.by_kind(group, version, text("/kind")) else {
            return Err(Status::unknown_resource());
        };
        let namespace = Some(text("/metadata/namespace")).filter(|namespace| !namespace.is_empty());
        self.patch(&Request::apply(kind, namespace, text("/metadata/name"), object)).await.map(|_| ())
    }

    /// Begins what follows from a write.
    pub(crate) fn follow_up(&self, kind: &Kind, object: &Object, removed: bool) {
        let all: Vec<Work> = self.work_after(kind, object, removed);
        if all.is_empty() {
            return;
        }
        let server = self.clone();
        tokio::spawn(async move {
            for work in all {
                server.carry_out(work).await;
            }
        });
    }

    fn work_after(&self, kind: &Kind, object: &Object, removed: bool) -> Vec<Work> {
        let meta = &object.meta;
        let mut all = Vec::new();
        if removed {
            if !self.store().children(&meta.uid).is_empty() {
                all.push(Work::Abandon { owner: Arc::clone(&meta.uid) });
            }
            // Whoever waits for this object may have waited for nothing else.
            all.extend(meta.owners.iter().map(|owner| Work::Await { owner: Arc::clone(&owner.uid) }));
            let namespace = meta.key.namespace.as_deref().and_then(|namespace| self.namespace(namespace));
            let emptied = namespace.filter(|namespace| namespace.meta.deleting);
            all.extend(emptied.map(|namespace| Work::Empty { namespace: Arc::clone(&namespace.meta.key.name) }));
            return all;
        }
        if meta.deleting {
            let value = object.value();
            let held =
                |by: &str| value["metadata"]["finalizers"].as_array().is_some_and(|list| list.contains(&json!(by)));
            if held(ORPHAN) {
                all.push(Work::Release { owner: Arc::clone(&meta.uid) });
            }
            if held(FOREGROUND) {
                all.push(Work::Await { owner: Arc::clone(&meta.uid) });
            }
            let name = Arc::clone(&meta.key.name);
            match (&*kind.group, &*kind.plural) {
                ("", "namespaces") => all.push(Work::Empty { namespace: name }),
                ("apiextensions.k8s.io", "customresourcedefinitions") => all.push(Work::Withdraw { definition: name }),
                _ => {}
            }
        } else if !meta.owners.is_empty() {
            all.push(Work::Verify { child: Arc::clone(&meta.uid) });
        }
        all
    }

    async fn carry_out(&self, work: Work) {
        // What a conflict or a held object stops is asked for again by the write that ends it; what a full disk stops, by the next start.
        let done = match &work {
            Work::Empty { namespace } => self.empty_namespace(namespace).await,
            Work::Withdraw { definition } => self.withdraw(definition).await,
            Work::Release { owner } => self.release(owner).await,
            Work::Await { owner } => self.await_children(owner).await,
            Work::Abandon { owner } => self.abandon(owner).await,
            Work::Verify { child } => self.verify(child).await,
        };
        if let Err(status) = done {
            tracing::warn!(?work, %status, "what follows from a write is not done");
        }
    }

    async fn empty_namespace(&self, name: &str) -> Result<(), Status> {
        let mut left = false;
        for kind in self.kinds().iter().filter(|kind| kind.namespaced() && kind.is_stored()) {
            for object in self.store().all(&kind.storage, Some(name)) {
                match self.delete_one(kind, &Options::default(), &object.meta.key).await {
                    Ok((_, removed)) => left |= !removed,
                    Err(status) if status.code == 404 => {}
                    Err(status) => return Err(status),
                }
            }
        }
        if left {
            return Ok(());
        }
        self.edit_named("", "namespaces", &Key::new(None, name), |namespace| {
            if let Some(spec) = namespace.get_mut("spec").and_then(Value::as_object_mut) {
                spec.remove("finalizers");
            }
            Ok(())
        })
        .await
    }

    async fn withdraw(&self, name: &str) -> Result<(), Status> {
        let (group, plural) = ("apiextensions.k8s.io", "customresourcedefinitions");
        let key = Key::new(None, name);
        let Some(object) = self.one(group, plural, &key) else { return Ok(()) };
        let mut storage = None;
        for kind in definition::kinds(&object.value()) {
            for object in self.store().all(&kind.storage, None) {
                match self.delete_one(&kind, &Options::default(), &object.meta.key).await {
                    Err(status) if status.code != 404 => return Err(status),
                    _ => {}
                }
            }
            storage = Some(kind.storage.clone());
        }
        if storage.as_ref().is_some_and(|storage| !self.store().all(storage, None).is_empty()) {
            return Ok(());
        }
        self.edit_named(group, plural, &key, |object| {
            remove_finalizer(object, definition::CLEANUP);
            Ok(())
        })
        .await?;
        if let Some(storage) = storage.filter(|_| self.one(group, plural, &key).is_none()) {
            self.store().close(&storage);
        }
        Ok(())
    }

    async fn release(&self, owner: &str) -> Result<(), Status> {
        for (kind, child) in self.children(owner) {
            self.edit(&kind, &child.meta.key, false, |object| {
                remove_owner(object, |uid| uid == owner);
                Ok(())
            })
            .await?;
        }
        self.finish(owner, ORPHAN).await
    }

    /// Deletes what the owner waits for, and lets it go when nothing is left.
    async fn await_children(&self, owner: &str) -> Result<(), Status> {
        let Some((_, parent)) = self.by_uid(owner) else { return Ok(()) };
        let value = parent.value();
        let waits = value["metadata"]["finalizers"].as_array().is_some_and(|list| list.contains(&json!(FOREGROUND)));
        if !parent.meta.deleting || !waits {
            return Ok(());
        }
        for (kind, child) in self.children(owner) {
            let others = child.meta.owners.iter().any(|other| {
                *other.uid != *owner && self.by_uid(&other.uid).is_some_and(|(_, object)| !object.meta.deleting)
            });
            if others {
                self.edit(&kind, &child.meta.key, false, |object| {
                    remove_owner(object, |uid| uid == owner);
                    Ok(())
                })
                .await?;
            } else if !child.meta.deleting {
                let options = Options { propagation_policy: Some("Foreground".to_owned()), ..Options::default() };
                match self.delete_one(&kind, &options, &child.meta.key).await {
                    Err(status) if status.code != 404 => return Err(status),
                    _ => {}
                }
            }
        }
        let blocked = self
            .children(owner)
            .iter()
            .any(|(_, child)| child.meta.owners.iter().any(|reference| *reference.uid == *owner && reference.blocks));
        if blocked { Ok(()) } else { self.finish(owner, FOREGROUND).await }
    }

    async fn abandon(&self, owner: &str) -> Result<(), Status> {
        for (_, child) in self.children(owner) {
            self.verify(&child.meta.uid).await?;
        }
        Ok(())
    }

    /// Deletes a child whose owners are all gone; one that has others left loses its references to those that are gone.
    async fn verify(&self, child: &str) -> Result<(), Status> {
        let Some((kind, child)) = self.by_uid(child) else { return Ok(()) };
        let gone: Vec<_> = child.meta.owners.iter().filter(|owner| self.by_uid(&owner.uid).is_none()).collect();
        if gone.is_empty() || child.meta.deleting {
            return Ok(());
        }
        if gone.len() < child.meta.owners.len() {
            let gone: Vec<Arc<str>> = gone.into_iter().map(|owner| Arc::clone(&owner.uid)).collect();
            let object = self.edit(&kind, &child.meta.key, false, |object| {
                remove_owner(object, |uid| gone.iter().any(|gone| **gone == *uid));
                Ok(())
            });
            return object.await.map(|_| ());
        }
        let options = Options { propagation_policy: Some("Background".to_owned()), ..Options::default() };
        match self.delete_one(&kind, &options, &child.meta.key).await {
            Err(status) if status.code != 404 => Err(status),
            _ => Ok(()),
        }
    }

    /// Takes a finalizer from the object of this uid.
    async fn finish(&self, uid: &str, finalizer: &str) -> Result<(), Status> {
        let Some((kind, object)) = self.by_uid(uid) else { return Ok(()) };
        let edited = self.edit(&kind, &object.meta.key, false, |object| {
            remove_finalizer(object, finalizer);
            Ok(())
        });
        edited.await.map(|_| ())
    }

    async fn edit_named(
        &self,
        group: &str,
        resource: &str,
        key: &Key,
        change: impl Fn(&mut Value) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let kinds = self.kinds();
        let Some(kind) = kinds.iter().find(|kind| *kind.group == *group && *kind.plural == *resource) else {
            return Err(Status::unknown_resource());
        };
        self.edit(kind, key, false, change).await.map(|_| ())
    }

    fn children(&self, owner: &str) -> Vec<(Arc<Kind>, Arc<Object>)> {
        let kinds = self.kinds();
        let children = self.store().children(owner).into_iter();
        children
            .filter_map(|(storage, object)| Some((Arc::clone(kinds.of_storage(&storage).next()?), object)))
            .collect()
    }

    fn by_uid(&self, uid: &str) -> Option<(Arc<Kind>, Arc<Object>)> {
        let (storage, object) = self.store().by_uid(uid)?;
        Some((Arc::clone(self.kinds().of_storage(&storage).next()?), object))
    }
}

fn remove_finalizer(object: &mut Value, finalizer: &str) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(list) = metadata.get_mut("finalizers").and_then(Value::as_array_mut) else { return };
    list.retain(|name| name != finalizer);
    if list.is_empty() {
        metadata.remove("finalizers");
    }
}

fn remove_owner(object: &mut Value, is_owner: impl Fn(&str) -> bool) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    let Some(list) = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut) else { return };
    list.retain(|owner| owner["uid"].as_str().is_none_or(|uid| !is_owner(uid)));
    if list.is_empty() {
        metadata.remove("ownerReferences");
    }
}

fn namespace(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Namespace",
        "metadata": { "name": name },
    })
}

/// The role that may do everything, and who has it.
fn cluster_roles() -> [Value; 2] {
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    [
        json!({
            "apiVersion": version, "kind": "ClusterRole", "metadata": { "name": "cluster-admin" },
            "rules": [
                { "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] },
                { "nonResourceURLs": ["*"], "verbs": ["*"] },
            ],
        }),
        json!({
            "apiVersion": version, "kind": "ClusterRoleBinding", "metadata": { "name": "cluster-admin" },
            "roleRef": { "apiGroup": group, "kind": "ClusterRole", "name": "cluster-admin" },
            "subjects": [{ "apiGroup": group, "kind": "Group", "name": "system:masters" }],
        }),
    ]
}
