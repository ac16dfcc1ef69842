//! An identity store that counts the calls it gets.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use primehub_core::identity::{Freshness, IdentityError, IdentityStore};

/// Passes every call on and counts it by method. What reads the picture in memory (`directory` and so on) is no call to the identity
/// provider and is not counted.
#[derive(Debug)]
pub struct Counted<S> {
    inner: Arc<S>,
    calls: Mutex<BTreeMap<&'static str, usize>>,
}

impl<S> Counted<S> {
    /// Counts the calls to `inner` from now on.
    pub fn new(inner: Arc<S>) -> Self {
        Self { inner, calls: Mutex::default() }
    }

    /// The calls by method since the last time somebody asked.
    pub fn take(&self) -> BTreeMap<&'static str, usize> {
        std::mem::take(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }

    #[expect(clippy::unnecessary_wraps, reason = "the shape that the decorator macro asks for")]
    fn before(&self, method: &'static str) -> Result<(), IdentityError> {
        *self.calls.lock().unwrap_or_else(PoisonError::into_inner).entry(method).or_default() += 1;
        Ok(())
    }
}

impl<S: IdentityStore> Counted<S> {
    fn observed_freshness(&self) -> Freshness {
        self.inner.freshness()
    }
}

crate::decorator::decorate_store!(Counted);
