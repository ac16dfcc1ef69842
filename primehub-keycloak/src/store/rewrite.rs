//! Changing an object in places, on a server that stores only whole objects and has no versions of them.
//!
//! Keycloak clears what a partial update leaves out, loses one of two simultaneous updates, answers some of them with an internal error
//! whether or not it has carried them out, drops values without a word, and lets nobody make an update depend on what was stored. So an
//! edit is carried out by reading the whole object, changing it and sending it back, until a reading shows that nothing is left to change.
//! The caller holds the object's lock; writers in other processes are noticed when they overwrite the edit between the write and the
//! reading after it. An edit that does not come to its end is compared with what was there before: what of it was stored is said.

mod course;
#[cfg(test)]
mod tests;

use std::time::Duration;

use primehub_core::identity::{IdentityError, Key};
use serde::de::DeserializeOwned;

use self::course::Course;
use crate::admin::Full;
use crate::transport::CallError;

/// How often the object is sent back at most.
const ATTEMPTS: u32 = 4;

/// An object, and an edit of it.
pub(super) trait Rewrite: Sync {
    /// Which object.
    fn key(&self) -> Key;

    /// The object as stored, if it exists.
    fn read(&self) -> impl Future<Output = Result<Option<Full>, CallError>> + Send;

    /// What it becomes. The same object, if nothing is left to change. `first` tells whether nothing has been sent yet: what the edit
    /// expects of the stored values can be asked of them only then.
    fn edited(&self, stored: &Full, first: bool) -> Result<Full, IdentityError>;

    /// Stores `wanted` in place of what was read. Sent once: whether to send it again depends on another reading.
    fn put(&self, stored: &Full, wanted: &Full) -> impl Future<Output = Result<(), CallError>> + Send;

    /// What a refusal of the write means.
    fn refused(&self, error: CallError) -> impl Future<Output = IdentityError> + Send;

    /// What has been stored and no reading ever shows.
    fn unseen(&self) -> Vec<String> {
        Vec::new()
    }
}

/// What became of an edit.
#[derive(Debug)]
pub(super) struct Rewritten {
    /// The last reading. Worth publishing however the edit ended.
    pub(super) seen: Option<Full>,
    /// Success if the last reading shows all of the edit. An error other than [`IdentityError::Partial`] and
    /// [`IdentityError::OutcomeUnknown`] if nothing of it is stored.
    pub(super) ended: Result<(), IdentityError>,
}

impl Rewritten {
    /// The last reading as a row, and how the edit ended.
    pub(super) fn split<R: DeserializeOwned>(self) -> (Option<R>, Result<(), IdentityError>) {
        match self.seen.map(|full| full.row()).transpose() {
            Ok(row) => (row, self.ended),
            Err(error) => {
                let unread = IdentityError::Partial {
                    done: vec!["the edit was stored".to_owned()],
                    failed: format!("reading it: {error}"),
                };
                (None, self.ended.and(Err(unread)))
            }
        }
    }
}

/// Carries the edit out. `known` is the object as somebody has just read it under its lock, if so: that saves the first reading.
pub(super) async fn rewrite(target: &impl Rewrite, mut known: Option<Full>) -> Rewritten {
    let key = target.key();
    let mut course = Course::default();
    for attempt in 0..=ATTEMPTS {
        let read = match known.take() {
            Some(full) => Ok(Some(full)),
            None => target.read().await,
        };
        let stored = match read {
            Ok(Some(stored)) => stored,
            Ok(None) => return Rewritten { seen: None, ended: Err(IdentityError::Absent(key)) },
            // Something was sent, and now nobody can say what became of it.
            Err(error) if course.has_sent() => {
                tracing::warn!(%error, %key, "the outcome of an edit cannot be read");
                return course.stops(target.unseen(), IdentityError::OutcomeUnknown { operation: "the edit" });
            }
            Err(error) => return course.stops(Vec::new(), error.into_identity(Some(&key))),
        };
        course.sees(stored.clone());
        let wanted = match target.edited(&stored, attempt == 0) {
            Ok(wanted) => wanted,
            Err(error) => return course.stops(target.unseen(), error),
        };
        if wanted == stored {
            return Rewritten { seen: Some(stored), ended: Ok(()) };
        }
        course.wants(&stored, &wanted);
        if attempt == ATTEMPTS {
            break;
        }
        if attempt > 0 {
            tokio::time::sleep(pause(attempt)).await;
        }
        match target.put(&stored, &wanted).await {
            Ok(()) => course.sends(None),
            Err(error) if error.status() == Some(500) || matches!(error, CallError::Unknown { .. }) => {
                tracing::debug!(%error, %key, "it is unclear whether an edit was carried out; reading it again");
                course.sends(Some(error));
            }
            Err(error) => {
                let error = target.refused(error).await;
                return course.stops(target.unseen(), error);
            }
        }
    }
    course.gives_up(&key, target.unseen())
}

/// Short, and different for everybody who waits at the same time.
fn pause(attempt: u32) -> Duration {
    let random = uuid::Uuid::new_v4().as_u128() % 40;
    Duration::from_millis(u64::from(attempt) * 20 + u64::try_from(random).unwrap_or_default())
}
