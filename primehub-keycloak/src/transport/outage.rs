//! What is known about an outage, so that calls do not queue up in front of a server that does not answer.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// After so many failures without an answer in between, it is an outage and not bad luck.
const FAILURES: u32 = 5;

/// During an outage one call in this time is let through, to find its end. Others fail at once.
const BETWEEN_TRIALS: Duration = Duration::from_secs(1);

/// Whether calls have been answered lately.
#[derive(Debug)]
pub(super) struct Outage {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    failures: u32,
    cause: String,
    answered_at: Instant,
    next_trial: Instant,
}

impl Outage {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { state: Mutex::new(State { failures: 0, cause: String::new(), answered_at: now, next_trial: now }) }
    }

    /// Lets a call through, or says why it would be in vain.
    pub(super) fn admit(&self) -> Result<(), String> {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.failures < FAILURES {
            return Ok(());
        }
        if now < state.next_trial {
            return Err(state.to_string());
        }
        state.next_trial = now + BETWEEN_TRIALS;
        Ok(())
    }

    /// What is known of an outage, for calls that have been waiting for their turn since before.
    pub(super) fn known(&self) -> Option<String> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        (state.failures >= FAILURES).then(|| state.to_string())
    }

    /// There was an answer, whatever it says.
    pub(super) fn answered(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = 0;
        state.answered_at = Instant::now();
    }

    /// A call that began at `began` brought no answer. It says nothing if there has been an answer since it began.
    pub(super) fn failed(&self, began: Instant, cause: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if began < state.answered_at {
            return;
        }
        state.failures = state.failures.saturating_add(1);
        cause.clone_into(&mut state.cause);
        if state.failures == FAILURES {
            state.next_trial = Instant::now() + BETWEEN_TRIALS;
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not asked, because {} attempts have just failed: {}", self.failures, self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn one_call_a_second_looks_for_the_end_of_an_outage() {
        let outage = Outage::new();
        for _ in 0..FAILURES {
            outage.admit().unwrap();
            outage.failed(Instant::now(), "connection refused");
        }
        assert!(outage.admit().unwrap_err().contains("connection refused"));
        assert_eq!(outage.known(), outage.admit().err());
        tokio::time::advance(BETWEEN_TRIALS).await;
        outage.admit().unwrap();
        outage.admit().unwrap_err();
        // The trial need not have ended for the next one to begin.
        tokio::time::advance(BETWEEN_TRIALS).await;
        outage.admit().unwrap();
        outage.answered();
        assert_eq!(outage.known(), None);
        outage.admit().unwrap();
        outage.admit().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn calls_of_before_the_last_answer_do_not_count() {
        let outage = Outage::new();
        let began = Instant::now();
        tokio::time::advance(Duration::from_secs(10)).await;
        outage.answered();
        for _ in 0..2 * FAILURES {
            outage.failed(began, "no answer");
        }
        outage.admit().unwrap();
    }
}
