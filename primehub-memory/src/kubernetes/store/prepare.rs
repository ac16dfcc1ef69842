//! From a JSON tree to what is kept of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Commit, CommitError, Expected, Key, Meta, Object, Owner, Write, splice};
use crate::kubernetes::kinds::{Selectable, Storage};

/// A commit whose object is ready but for its revision.
pub(super) struct Prepared {
    pub(super) storage: Storage,
    pub(super) expected: Expected,
    pub(super) deletes: bool,
    pub(super) meta: Meta,
    /// Those that `meta` was made with.
    pub(super) selectable: Arc<[Selectable]>,
    raw: Vec<u8>,
    /// Where the revision goes.
    hole: usize,
}

impl Prepared {
    /// Serializes outside of all locks.
    pub(super) fn new(commit: Commit, selectable: Arc<[Selectable]>, texts: &Texts) -> Result<Self, CommitError> {
        let (mut value, deletes) = match commit.write {
            Write::Put(value) => (value, false),
            Write::Remove(value) => (value, true),
        };
        let meta = meta(&value, &commit.key, 0, &selectable, texts);
        let not_an_object = || CommitError::NotKept("the object has no metadata".to_owned());
        let metadata = value.get_mut("metadata").and_then(Value::as_object_mut).ok_or_else(not_an_object)?;
        metadata.insert("resourceVersion".to_owned(), Value::String(String::new()));
        let raw = serde_json::to_vec(&value).map_err(|error| CommitError::NotKept(error.to_string()))?;
        let hole = splice::find(&raw, &["metadata", "resourceVersion"]).ok_or_else(not_an_object)?.start + 1;
        Ok(Self { storage: commit.storage, expected: commit.expected, deletes, meta, selectable, raw, hole })
    }

    pub(super) fn at(self, revision: u64) -> Object {
        let raw = splice::replace(&self.raw, self.hole..self.hole, revision.to_string().as_bytes());
        Object { raw, meta: Meta { revision, ..self.meta } }
    }
}

/// What is kept apart of an object.
pub(super) fn meta(value: &Value, key: &Key, revision: u64, selectable: &[Selectable], texts: &Texts) -> Meta {
    let metadata = &value["metadata"];
    let text = |value: &Value| texts.one(value.as_str().unwrap_or_default());
    let labels = metadata["labels"].as_object().into_iter().flatten();
    let owners = metadata["ownerReferences"].as_array().into_iter().flatten();
    Meta {
        key: Key { namespace: key.namespace.as_deref().map(|name| texts.one(name)), name: Arc::clone(&key.name) },
        uid: metadata["uid"].as_str().unwrap_or_default().into(),
        revision,
        deleting: !metadata["deletionTimestamp"].is_null(),
        finalized: metadata["finalizers"].as_array().is_some_and(|entries| !entries.is_empty()),
        labels: labels.map(|(name, value)| (texts.one(name), text(value))).collect(),
        owners: owners
            .map(|owner| Owner {
                uid: text(&owner["uid"]),
                blocks: owner["blockOwnerDeletion"].as_bool().unwrap_or_default(),
            })
            .collect(),
        fields: selected(value, selectable),
    }
}

/// The values of selectable fields.
pub(super) fn selected(value: &Value, selectable: &[Selectable]) -> Box<[Arc<str>]> {
    let value_of = |field: &Selectable| {
        let names = field.path.split('.').filter(|name| !name.is_empty());
        match names.fold(value, |value, name| &value[name]) {
            Value::Null => Arc::clone(&field.absent),
            Value::String(text) => text.as_str().into(),
            other => other.to_string().into(),
        }
    };
    selectable.iter().map(value_of).collect()
}

/// Texts that many objects have in common, each kept once.
pub(super) struct Texts(Mutex<(HashSet<Arc<str>>, usize)>);

impl Default for Texts {
    fn default() -> Self {
        Self(Mutex::new((HashSet::new(), SWEEP)))
    }
}

/// From how many texts on those are looked for that nobody has any more.
const SWEEP: usize = 1024;

impl Texts {
    pub(super) fn one(&self, text: &str) -> Arc<str> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (texts, sweep_at) = &mut *guard;
        if let Some(known) = texts.get(text) {
            return Arc::clone(known);
        }
        if texts.len() >= *sweep_at {
            texts.retain(|text| Arc::strong_count(text) > 1);
            *sweep_at = SWEEP.max(texts.len() * 2);
        }
        let new: Arc<str> = text.into();
        texts.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_asked_often_is_kept_apart() {
        let value = json!({"metadata": {
            "uid": "u", "labels": {"b": "2", "a": "1"}, "finalizers": ["x"], "deletionTimestamp": "2026-01-01T00:00:00Z",
            "ownerReferences": [{"uid": "o", "blockOwnerDeletion": true}, {"uid": "p"}],
        }, "spec": {"nodeName": "n", "hostNetwork": true}});
        let field =
            |path: &str, absent: &str| Selectable { label: path.into(), path: path.into(), absent: absent.into() };
        let selectable = [field(".spec.nodeName", ""), field(".spec.hostNetwork", "false"), field(".spec.x", "none")];
        let meta = meta(&value, &Key::new(Some("ns"), "n"), 7, &selectable, &Texts::default());
        let labels: Vec<_> = meta.labels.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(labels, [("a", "1"), ("b", "2")]);
        assert_eq!(
            meta.owners.iter().map(|owner| (&*owner.uid, owner.blocks)).collect::<Vec<_>>(),
            [("o", true), ("p", false)]
        );
        assert_eq!(meta.fields.iter().map(|text| &**text).collect::<Vec<_>>(), ["n", "true", "none"]);
        assert!(meta.deleting && meta.finalized && &*meta.uid == "u" && meta.revision == 7);
    }

    #[test]
    fn texts_that_nobody_has_are_forgotten() {
        let texts = Texts::default();
        let kept = texts.one("kept");
        for number in 0..SWEEP * 3 {
            texts.one(&number.to_string());
        }
        assert!(Arc::ptr_eq(&kept, &texts.one("kept")));
        assert!(texts.0.lock().unwrap().0.len() <= SWEEP + 1);
    }
}
