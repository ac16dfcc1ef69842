//! Answers of somebody else, remembered for a while that the answer itself decides.

use std::hash::Hash;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use moka::future::Cache;
use primehub_core::clock::Clock;

/// A bounded memory of answers. Simultaneous questions about one key are asked once; an answer that lives for no time at all is given to
/// those who waited for it and then forgotten.
pub(super) struct Remembered<K, V> {
    answers: Cache<K, Answer<V>>,
    clock: Arc<dyn Clock>,
}

#[derive(Clone)]
struct Answer<V> {
    value: V,
    until: Timestamp,
}

impl<K, V> Remembered<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Room for `capacity` answers. Each is dropped after `longest` at the latest, whatever it says itself.
    pub(super) fn new(capacity: u64, longest: Duration, clock: Arc<dyn Clock>) -> Self {
        Self { answers: Cache::builder().max_capacity(capacity).time_to_live(longest).build(), clock }
    }

    /// The remembered answer, if `usable` and not too old, or that of `ask`, which says how long it may be remembered. Tells also whether
    /// this very call asked.
    pub(super) async fn answer<F>(
        &self,
        key: &K,
        usable: impl Fn(&V) -> bool + Send + Sync,
        ask: impl Fn() -> F + Send,
    ) -> (V, bool)
    where
        F: Future<Output = (V, Duration)> + Send,
    {
        loop {
            let now = self.clock.now();
            let asking = async {
                let (value, lifetime) = ask().await;
                let until = self.clock.now().checked_add(lifetime).unwrap_or(Timestamp::MAX);
                Answer { value, until }
            };
            let outdated = |answer: &Answer<V>| answer.until <= now || !usable(&answer.value);
            let entry = self.answers.entry(key.clone()).or_insert_with_if(asking, outdated).await;
            let asked = entry.is_fresh();
            let value = entry.into_value().value;
            // Somebody else's question may have been on its way since before the answer became unusable: ask again, ourselves.
            if asked || usable(&value) {
                return (value, asked);
            }
        }
    }

    /// About how many answers are remembered.
    pub(super) fn len(&self) -> u64 {
        self.answers.entry_count()
    }

    /// Settles the books, so that [`Self::len`] is exact.
    pub(super) async fn settle(&self) {
        self.answers.run_pending_tasks().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use primehub_core::clock::ManualClock;
    use tokio::sync::Notify;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn memory() -> (Arc<ManualClock>, Remembered<&'static str, u32>) {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        (clock.clone(), Remembered::new(10, 60 * SECOND, clock))
    }

    #[tokio::test]
    async fn an_answer_is_remembered_for_as_long_as_it_says() {
        let (clock, memory) = memory();
        let calls = AtomicU32::new(0);
        let ask = || async { (calls.fetch_add(1, Ordering::SeqCst), 2 * SECOND) };
        assert_eq!(memory.answer(&"k", |_| true, ask).await, (0, true));
        clock.advance(SECOND);
        assert_eq!(memory.answer(&"k", |_| true, ask).await, (0, false));
        clock.advance(SECOND);
        assert_eq!(memory.answer(&"k", |_| true, ask).await, (1, true));
        assert_eq!(
            memory.answer(&"k", |value| *value > 1, ask).await,
            (2, true),
            "an unusable answer is asked for again"
        );
    }

    #[tokio::test]
    async fn an_answer_without_a_lifetime_is_shared_and_forgotten() {
        let (_, memory) = memory();
        let (calls, release) = (AtomicU32::new(0), Notify::new());
        let ask = || async {
            let call = calls.fetch_add(1, Ordering::SeqCst);
            release.notified().await;
            (call, Duration::ZERO)
        };
        let (one, two, ()) =
            tokio::join!(memory.answer(&"k", |_| true, ask), memory.answer(&"k", |_| true, ask), async {
                release.notify_one();
            });
        assert_eq!((one, two), ((0, true), (0, false)), "asked once for both");
        release.notify_one();
        assert_eq!(memory.answer(&"k", |_| true, ask).await, (1, true));
    }
}
