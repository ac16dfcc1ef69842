//! What has to be read again, until somebody does.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::target::Target;

/// So often something is read again because what it names is not known. After that the next complete reading has to find it.
const MOST_ATTEMPTS: u8 = 5;

/// What has to be read again, each once, with how often that has been tried.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<BTreeMap<Target, u8>>,
    bell: Notify,
}

impl Queue {
    /// Adds what is to be read. `attempt` is 0 for what is asked for afresh, and one more than that of the reading that asks for it again.
    pub(super) fn push(&self, targets: impl IntoIterator<Item = Target>, attempt: u8) {
        let mut waiting = self.waiting();
        for target in targets {
            if attempt >= MOST_ATTEMPTS {
                tracing::warn!(?target, "what an object of Keycloak names cannot be found");
                continue;
            }
            let known = waiting.entry(target).or_insert(attempt);
            *known = attempt.min(*known);
        }
        drop(waiting);
        self.bell.notify_one();
    }

    /// Takes one that is not among those that `busy` names.
    pub(super) fn pop(&self, busy: impl Fn(&Target) -> bool) -> Option<(Target, u8)> {
        let mut waiting = self.waiting();
        let next = waiting.keys().find(|target| !busy(target)).cloned()?;
        waiting.remove_entry(&next)
    }

    /// Waits until something is added.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<Target, u8>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use primehub_core::names::GroupId;

    use super::*;

    #[test]
    fn each_waits_once_and_not_forever() {
        let queue = Queue::default();
        let group = || Target::Group(GroupId::new("g"));
        queue.push([group(), Target::Realm], 3);
        queue.push([group()], 1);
        queue.push([Target::Roles], MOST_ATTEMPTS);
        assert_eq!(queue.waiting().len(), 2);
        assert_eq!(queue.pop(|target| *target == group()), Some((Target::Realm, 3)));
        assert_eq!(queue.pop(|target| *target == group()), None);
        assert_eq!(queue.pop(|_| false), Some((group(), 1)));
        assert_eq!(queue.waiting().len(), 0);
    }
}
