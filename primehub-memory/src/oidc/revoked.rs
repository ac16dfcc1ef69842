//! Access tokens that were taken back before their time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Ids of revoked access tokens, each kept until the token would have expired anyway. An access token lives for minutes, and only a real one
/// gets here, so the list stays short.
#[derive(Default)]
pub(super) struct RevokedTokens(Mutex<HashMap<String, i64>>);

impl RevokedTokens {
    /// Remembers a token until `expires_at`, in Unix seconds.
    pub(super) fn add(&self, id: &str, expires_at: i64, now: i64) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.retain(|_, expires_at| *expires_at > now);
        tokens.insert(id.to_owned(), expires_at);
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(id)
    }
}
