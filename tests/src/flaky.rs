//! An identity store that fails when it is told to.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use primehub_core::identity::{Freshness, IdentityError, IdentityStore};

/// Passes every call on, except those to methods that have been broken.
#[derive(Debug)]
pub struct Flaky<S> {
    inner: Arc<S>,
    broken: Mutex<BTreeSet<&'static str>>,
    away_since: Mutex<Option<Timestamp>>,
}

impl<S> Flaky<S> {
    /// Nothing is broken yet.
    pub fn new(inner: Arc<S>) -> Self {
        Self { inner, broken: Mutex::default(), away_since: Mutex::default() }
    }

    /// Every call to `method` fails from now on, as if the provider could not be reached.
    pub fn break_method(&self, method: &'static str) {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).insert(method);
    }

    /// The picture has not followed the provider since then.
    pub fn go_stale(&self, since: Timestamp) {
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = Some(since);
    }

    /// Everything works again.
    pub fn repair(&self) {
        *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn before(&self, method: &'static str) -> Result<(), IdentityError> {
        if self.broken.lock().unwrap_or_else(PoisonError::into_inner).contains(method) {
            return Err(IdentityError::Unavailable { cause: format!("{method} is broken for a test") });
        }
        Ok(())
    }
}

impl<S: IdentityStore> Flaky<S> {
    fn observed_freshness(&self) -> Freshness {
        match *self.away_since.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(since) => Freshness::Stale { since, cause: "the provider is away for a test".into() },
            None => self.inner.freshness(),
        }
    }
}

crate::decorator::decorate_store!(Flaky);
