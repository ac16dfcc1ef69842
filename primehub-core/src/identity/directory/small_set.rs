//! Sets that are small for almost everybody, such as the groups of one person.

use std::sync::Arc;

use imbl::OrdSet;

/// A sorted list behind one pointer. A node of a tree would take a kilobyte for the two or three entries that most people have; an edit
/// copies the list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct SmallSet<T>(Arc<[T]>);

impl<T> Default for SmallSet<T> {
    fn default() -> Self {
        Self(Arc::new([]))
    }
}

impl<T: Ord> SmallSet<T> {
    pub(super) fn contains(&self, value: &T) -> bool {
        self.0.binary_search(value).is_ok()
    }

    pub(super) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl<'a, T: Ord> IntoIterator for &'a SmallSet<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// What the indexes need of a set, whatever its size.
pub(super) trait Set<T>: Clone + Default {
    /// Whether the value was not there before.
    fn insert(&mut self, value: T) -> bool;
    /// Whether the value was there.
    fn remove(&mut self, value: &T) -> bool;
    fn is_empty(&self) -> bool;
}

impl<T: Clone + Ord> Set<T> for SmallSet<T> {
    fn insert(&mut self, value: T) -> bool {
        let Err(position) = self.0.binary_search(&value) else { return false };
        let (before, after) = self.0.split_at(position);
        self.0 = before.iter().cloned().chain([value]).chain(after.iter().cloned()).collect();
        true
    }

    fn remove(&mut self, value: &T) -> bool {
        let Ok(position) = self.0.binary_search(value) else { return false };
        self.0 = self.0[..position].iter().chain(&self.0[position + 1..]).cloned().collect();
        true
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T: Clone + Ord> Set<T> for OrdSet<T> {
    fn insert(&mut self, value: T) -> bool {
        OrdSet::insert(self, value).is_none()
    }

    fn remove(&mut self, value: &T) -> bool {
        OrdSet::remove(self, value).is_some()
    }

    fn is_empty(&self) -> bool {
        OrdSet::is_empty(self)
    }
}
