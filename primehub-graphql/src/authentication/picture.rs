//! The current picture of the identity provider: how far it can be trusted, and who is in it.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use primehub_core::access::Person;
use primehub_core::clock::Clock;
use primehub_core::identity::{Directory, Freshness, IdentityStore, Key};
use primehub_core::names::UserId;

use super::access_tokens::CheckedToken;
use super::remembered::Remembered;
use super::{AuthenticationError, AuthenticationMetrics};

/// How long the answer "there is no such account" is believed, so that a flood of tokens of a deleted account costs little.
const ABSENT_FOR: Duration = Duration::from_secs(5);
/// Most accounts of which that is remembered.
const CAPACITY: u64 = 1024;

/// A picture that may be answered from.
pub(super) struct Trusted {
    pub(super) directory: Arc<Directory>,
    /// Since when it may be out of date, if it may.
    pub(super) stale_since: Option<Timestamp>,
}

/// Looks people up.
pub(super) struct Picture {
    store: Arc<dyn IdentityStore>,
    clock: Arc<dyn Clock>,
    metrics: AuthenticationMetrics,
    stale_max: Duration,
    looked_up: Remembered<UserId, Result<(), AuthenticationError>>,
}

impl Picture {
    pub(super) fn new(
        store: Arc<dyn IdentityStore>,
        clock: Arc<dyn Clock>,
        metrics: AuthenticationMetrics,
        stale_max: Duration,
    ) -> Self {
        Self { store, looked_up: Remembered::new(CAPACITY, ABSENT_FOR, clock.clone()), clock, metrics, stale_max }
    }

    /// The picture, unless there is none or it has been out of date for too long.
    pub(super) fn trusted(&self) -> Result<Trusted, AuthenticationError> {
        let stale_since = match self.store.freshness() {
            Freshness::Live | Freshness::Delayed { .. } => None,
            Freshness::Stale { since, .. } => {
                let age = self.clock.now().duration_since(since).unsigned_abs();
                if age >= self.stale_max {
                    return Err(AuthenticationError::Unavailable);
                }
                Some(since)
            }
            _ => return Err(AuthenticationError::Unavailable),
        };
        Ok(Trusted { directory: self.store.directory(), stale_since })
    }

    /// What operators should know of the picture, as the end of a sentence, if there is anything.
    ///
    /// # Errors
    /// When the picture must not be answered from.
    pub(super) fn remark(&self) -> Result<Option<String>, AuthenticationError> {
        self.trusted()?;
        Ok(match self.store.freshness() {
            Freshness::Delayed { by, cause } => Some(format!(
                "what is changed elsewhere at the identity provider shows after up to {} s: {cause}",
                by.as_secs_f64().ceil()
            )),
            Freshness::Stale { since, .. } => Some(format!("the identity provider has been away since {since}")),
            _ => None,
        })
    }

    /// Brings the numbers about the picture up to date.
    pub(super) fn update_metrics(&self) {
        let (state, behind) = match self.store.freshness() {
            Freshness::Live => ("live", Duration::ZERO),
            Freshness::Delayed { by, .. } => ("delayed", by),
            Freshness::Stale { since, .. } => ("stale", self.clock.now().duration_since(since).unsigned_abs()),
            _ => ("not_loaded", Duration::ZERO),
        };
        self.metrics.picture(state, behind);
    }

    /// The person behind a checked token, as the picture shows them now. An account that the picture does not know costs one look-up,
    /// shared and remembered: it may have been made a moment ago.
    pub(super) async fn person(&self, checked: &CheckedToken) -> Result<(Person, Trusted), AuthenticationError> {
        let mut trusted = self.trusted()?;
        if trusted.directory.user(&checked.subject).is_none() {
            self.look_up(&checked.subject).await?;
            trusted = self.trusted()?;
        }
        let directory = &trusted.directory;
        let token_is_administrators = checked.claims.has_role(directory.administrator_role());
        let person = Person::in_directory(directory, &checked.subject, token_is_administrators, checked.token.clone())
            .ok_or(AuthenticationError::InvalidToken)?;
        Ok((person, trusted))
    }

    async fn look_up(&self, user: &UserId) -> Result<(), AuthenticationError> {
        let ask = || async {
            let keys = [Key::User(user.clone())];
            match self.metrics.upstream("user", self.store.refresh(&keys)).await {
                Ok(_) => (Ok(()), ABSENT_FOR),
                Err(error) => {
                    tracing::warn!(%error, "an account cannot be looked up");
                    (Err(AuthenticationError::Unavailable), Duration::ZERO)
                }
            }
        };
        self.looked_up.answer(user, |_| true, ask).await.0
    }
}
