//! One lock per object, for whoever reads, changes and sends it back.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use primehub_core::identity::Key;
use tokio::sync::OwnedMutexGuard;

/// Locks by key. Those that nobody holds or waits for take no room.
#[derive(Clone, Debug, Default)]
pub(super) struct KeyLocks(Arc<Mutex<HashMap<Key, Entry>>>);

#[derive(Debug, Default)]
struct Entry {
    lock: Arc<tokio::sync::Mutex<()>>,
    /// How many hold it or wait for it.
    users: usize,
}

/// Holds the locks of some objects until it is dropped.
#[derive(Debug)]
#[must_use = "the locks are given back when this is dropped"]
pub(crate) struct KeysGuard {
    // Given back first, so that an entry goes only after its lock is free.
    held: Vec<OwnedMutexGuard<()>>,
    uses: Vec<Use>,
}

/// One that holds a lock or waits for it. Gives it up also when the waiting is cancelled.
#[derive(Debug)]
struct Use {
    locks: KeyLocks,
    key: Key,
}

impl KeyLocks {
    /// Waits for the locks of all `keys`. They are taken in one order whatever the order of `keys`, so that no two callers wait for each
    /// other; whoever holds a guard must not ask for another one.
    pub(super) async fn lock(&self, keys: &[Key]) -> KeysGuard {
        let keys: BTreeSet<&Key> = keys.iter().collect();
        let mut guard = KeysGuard { held: Vec::with_capacity(keys.len()), uses: Vec::with_capacity(keys.len()) };
        for key in keys {
            let lock = {
                let mut entries = self.entries();
                let entry = entries.entry(key.clone()).or_default();
                entry.users += 1;
                entry.lock.clone()
            };
            guard.uses.push(Use { locks: self.clone(), key: key.clone() });
            guard.held.push(lock.lock_owned().await);
        }
        guard
    }

    /// Whether somebody holds the lock of `key`, or is about to.
    pub(super) fn is_used(&self, key: &Key) -> bool {
        self.entries().contains_key(key)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<Key, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        let mut entries = self.locks.entries();
        if let Some(entry) = entries.get_mut(&self.key) {
            entry.users -= 1;
            if entry.users == 0 {
                entries.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use primehub_core::names::{GroupId, UserId};

    use super::*;

    fn user(id: &str) -> Key {
        Key::User(UserId::new(id))
    }

    #[tokio::test]
    async fn one_holder_per_key_and_no_entry_afterwards() {
        let locks = KeyLocks::default();
        let first = locks.lock(&[user("b"), user("a"), user("b")]).await;
        let keys: Vec<_> = first.uses.iter().map(|held| held.key.clone()).collect();
        assert_eq!(keys, [user("a"), user("b")]);
        assert!(locks.is_used(&user("a")) && !locks.is_used(&user("c")));
        assert!(locks.lock(&[user("c")]).now_or_never().is_some());
        let keys = [user("b"), user("c")];
        let mut second = Box::pin(locks.lock(&keys));
        assert!((&mut second).now_or_never().is_none());
        drop(first);
        let second = second.now_or_never().unwrap();
        assert!(!locks.is_used(&user("a")) && locks.is_used(&user("b")));
        drop(second);
        assert!(locks.entries().is_empty());
    }

    #[tokio::test]
    async fn whoever_stops_waiting_leaves_nothing_behind() {
        let locks = KeyLocks::default();
        let held = locks.lock(&[user("a")]).await;
        let keys = [user("a")];
        let mut waiting = Box::pin(locks.lock(&keys));
        assert!((&mut waiting).now_or_never().is_none());
        drop(waiting);
        drop(held);
        assert!(locks.entries().is_empty());
    }

    #[tokio::test]
    async fn opposite_orders_do_not_wait_for_each_other() {
        let locks = KeyLocks::default();
        let keys = [user("a"), Key::Group(GroupId::new("g")), Key::Realm];
        let mut reversed = keys.clone();
        reversed.reverse();
        let tasks = (0..100).map(|turn| {
            let (locks, keys) = (locks.clone(), if turn % 2 == 0 { keys.clone() } else { reversed.clone() });
            tokio::spawn(async move {
                let _guard = locks.lock(&keys).await;
                tokio::task::yield_now().await;
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        assert!(locks.entries().is_empty());
    }
}
