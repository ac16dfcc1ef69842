//! The clock that rate limits count by.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::nanos::Nanos;
use jiff::Timestamp;
use primehub_core::clock::Clock;

/// Our clock as nanoseconds that never go back: while the clock is put back they stand still, and go on from there. Otherwise everything
/// would be refused for as long as it was put back.
#[derive(Clone)]
pub(crate) struct Ticks {
    clock: Arc<dyn Clock>,
    last: Arc<Mutex<(Timestamp, u64)>>,
}

impl Ticks {
    /// Counts from now on.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { last: Arc::new(Mutex::new((clock.now(), 0))), clock }
    }
}

impl governor::clock::Clock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let passed = Duration::try_from(now.duration_since(last.0)).unwrap_or_default();
        let passed = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        // Far below the end, because the limiter adds to it.
        *last = (now, last.1.saturating_add(passed).min(u64::MAX / 2));
        Nanos::new(last.1)
    }
}
