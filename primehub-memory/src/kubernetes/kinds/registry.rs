//! Which kinds there are at a moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Kind, Storage};

/// The kinds that there are. Never changes: whoever serves them holds the current one and replaces it as a whole.
#[derive(Debug, Default)]
pub struct Kinds {
    all: Vec<Arc<Kind>>,
    /// Indexes into `all`: by plural and by kind.
    by_plural: HashMap<[Arc<str>; 3], usize>,
    by_kind: HashMap<[Arc<str>; 3], usize>,
    /// Group and version; the preferred version of a group first.
    versions: Vec<(Arc<str>, Arc<str>)>,
}

impl Kinds {
    /// These kinds. Of two with one name, the first one counts.
    #[must_use]
    pub fn new(kinds: impl IntoIterator<Item = Kind>) -> Self {
        let mut this = Self { all: kinds.into_iter().map(Arc::new).collect(), ..Self::default() };
        for (index, kind) in this.all.iter().enumerate() {
            let key = |name: &Arc<str>| [Arc::clone(&kind.group), Arc::clone(&kind.version), Arc::clone(name)];
            this.by_plural.entry(key(&kind.plural)).or_insert(index);
            this.by_kind.entry(key(&kind.kind)).or_insert(index);
            let version = (Arc::clone(&kind.group), Arc::clone(&kind.version));
            if !this.versions.contains(&version) {
                this.versions.push(version);
            }
        }
        let mut order: Vec<Arc<str>> = Vec::new();
        for (group, _) in &this.versions {
            if !order.contains(group) {
                order.push(Arc::clone(group));
            }
        }
        let place = |group: &Arc<str>| order.iter().position(|known| known == group);
        this.versions.sort_by_key(|(group, version)| (place(group), std::cmp::Reverse(priority(version))));
        this
    }

    /// All kinds, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.all.iter()
    }

    /// The kind with this plural name.
    #[must_use]
    pub fn find(&self, group: &str, version: &str, plural: &str) -> Option<&Arc<Kind>> {
        self.all.get(*self.by_plural.get(&[group.into(), version.into(), plural.into()])?)
    }

    /// The kind with this name.
    #[must_use]
    pub fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<&Arc<Kind>> {
        self.all.get(*self.by_kind.get(&[group.into(), version.into(), kind.into()])?)
    }

    /// The kinds whose objects are kept there: several versions of one, or the two kinds of events.
    pub fn of_storage<'a>(&'a self, storage: &'a Storage) -> impl Iterator<Item = &'a Arc<Kind>> {
        self.iter().filter(move |kind| kind.storage == *storage)
    }

    /// Whether there is any kind of this group and version.
    #[must_use]
    pub fn has_version(&self, group: &str, version: &str) -> bool {
        self.versions.iter().any(|(known, other)| &**known == group && &**other == version)
    }

    /// Groups with their versions, the preferred version of a group first.
    pub fn versions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.versions.iter().map(|(group, version)| (&**group, &**version))
    }

    /// The kinds of a group and version, by plural name.
    #[must_use]
    pub fn of_version(&self, group: &str, version: &str) -> Vec<&Arc<Kind>> {
        let mut found: Vec<_> = self.iter().filter(|kind| &*kind.group == group && &*kind.version == version).collect();
        found.sort_by(|one, other| one.plural.cmp(&other.plural));
        found
    }
}

/// How a version is preferred: `v2` before `v1` before `v1beta2` before `v1alpha1` before anything else.
fn priority(version: &str) -> (u8, u64, u64, std::cmp::Reverse<String>) {
    let parse = || {
        let rest = version.strip_prefix('v')?;
        let end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
        let (major, rest) = rest.split_at(end);
        let (stage, minor) = match (rest, rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
            ("", ..) => (3, "0"),
            (_, Some(minor), _) => (2, minor),
            (.., Some(minor)) => (1, minor),
            _ => return None,
        };
        Some((stage, major.parse().ok()?, minor.parse().ok()?))
    };
    let (stage, major, minor) = parse().unwrap_or((0, 0, 0));
    (stage, major, minor, std::cmp::Reverse(version.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::kinds::builtin;

    #[test]
    fn kinds_are_found_by_each_of_their_names() {
        let kinds = Kinds::new(builtin());
        let pods = kinds.find("", "v1", "pods").unwrap();
        assert!(Arc::ptr_eq(pods, kinds.by_kind("", "v1", "Pod").unwrap()));
        assert!(kinds.find("", "v1", "Pod").is_none() && kinds.find("", "v2", "pods").is_none());
        assert!(kinds.has_version("apps", "v1") && !kinds.has_version("apps", "v1beta1"));
        let events = Storage { group: "".into(), resource: "events".into() };
        assert_eq!(kinds.of_storage(&events).map(|kind| &*kind.group).collect::<Vec<_>>(), ["", "events.k8s.io"]);
        assert_eq!(kinds.versions().next(), Some(("", "v1")));
    }

    #[test]
    fn versions_stand_in_the_order_of_preference() {
        let mut versions = [
            "foo10",
            "v1alpha1",
            "v10",
            "v3beta1",
            "v2",
            "v11beta2",
            "v1",
            "foo1",
            "v10beta3",
            "v11alpha2",
            "v12alpha1",
        ];
        versions.sort_by_key(|version| std::cmp::Reverse(priority(version)));
        let expected = [
            "v10",
            "v2",
            "v1",
            "v11beta2",
            "v10beta3",
            "v3beta1",
            "v12alpha1",
            "v11alpha2",
            "v1alpha1",
            "foo1",
            "foo10",
        ];
        assert_eq!(versions, expected);
    }
}
