//! One object as it is kept.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

/// The name of an object within its resource. Ordered by namespace, then name, as lists are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The namespace; `None` for objects of the cluster.
    pub namespace: Option<Arc<str>>,
    /// The name.
    pub name: Arc<str>,
}

/// An object: its JSON, compact and with sorted keys, and what is asked of it often enough to be kept apart.
#[derive(Clone, Debug)]
pub struct Object {
    /// The whole object as JSON. It contains `metadata.resourceVersion`.
    pub raw: Bytes,
    /// What is kept apart.
    pub meta: Meta,
}

/// What is read of objects without parsing them.
#[derive(Clone, Debug)]
pub struct Meta {
    /// Namespace and name.
    pub key: Key,
    /// `metadata.uid`.
    pub uid: Arc<str>,
    /// The revision of its last change: `metadata.resourceVersion`.
    pub revision: u64,
    /// Whether `metadata.deletionTimestamp` is set.
    pub deleting: bool,
    /// Whether `metadata.finalizers` has entries.
    pub finalized: bool,
    /// `metadata.labels`, sorted by key.
    pub labels: Box<[(Arc<str>, Arc<str>)]>,
    /// `metadata.ownerReferences`.
    pub owners: Box<[Owner]>,
    /// The values of the kind's selectable fields, in their order.
    pub fields: Box<[Arc<str>]>,
}

/// A reference to an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The owner's uid.
    pub uid: Arc<str>,
    /// Whether the owner's deletion waits for this object.
    pub blocks: bool,
}

impl Key {
    /// A key of these names.
    #[must_use]
    pub fn new(namespace: Option<&str>, name: &str) -> Self {
        Self { namespace: namespace.map(Into::into), name: name.into() }
    }
}

impl Object {
    /// The object as a tree. `Null` only if the bytes were damaged, which nothing here does.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.raw).unwrap_or_default()
    }
}
