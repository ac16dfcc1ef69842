//! Changing an object in places, on a server that stores only whole objects and has no versions of them.
//!
//! Keycloak clears what a partial update leaves out, loses one of two simultaneous updates, answers some of them with an internal error
//! whether or not it has carried them out, and lets nobody make an update depend on what was stored. So an edit is carried out by reading
//! the whole object, changing it and sending it back, until a reading shows that nothing is left to change. The caller holds the object's
//! lock; writers in other processes are noticed when they overwrite the edit between the write and the reading after it.

use std::time::Duration;

use primehub_core::identity::{IdentityError, Key};

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

    /// Stores the whole object.
    fn put(&self, full: &Full) -> impl Future<Output = Result<(), CallError>> + Send;

    /// What a refusal of the write means.
    fn refused(&self, error: CallError) -> impl Future<Output = IdentityError> + Send;
}

/// Carries the edit out. Answers the object as it is stored afterwards.
pub(super) async fn rewrite(target: &impl Rewrite) -> Result<Full, IdentityError> {
    let mut unclear: Option<CallError> = None;
    for attempt in 0..=ATTEMPTS {
        let stored = match target.read().await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Err(IdentityError::Absent(target.key())),
            // Something was sent, and now nobody can say what became of it.
            Err(error) if unclear.is_some() => return Err(outcome_unknown(&error)),
            Err(error) => return Err(error.into_identity(Some(&target.key()))),
        };
        let wanted = target.edited(&stored, attempt == 0)?;
        if wanted == stored {
            return Ok(stored);
        }
        if attempt == ATTEMPTS {
            break;
        }
        if attempt > 0 {
            tokio::time::sleep(pause(attempt)).await;
        }
        match target.put(&wanted).await {
            Ok(()) => {}
            Err(error) if error.status() == Some(500) || matches!(error, CallError::Unknown { .. }) => {
                tracing::debug!(%error, key = %target.key(), "it is unclear whether an edit was carried out; reading it again");
                unclear = Some(error);
            }
            Err(error) => return Err(target.refused(error).await),
        }
    }
    let cause = unclear.map_or_else(
        || "each time it accepted the change and did not show it afterwards; does the realm's user profile allow unmanaged attributes to administrators, or does another process write the same object?".to_owned(),
        |error| error.to_string(),
    );
    Err(IdentityError::Unavailable { cause: format!("{} was sent back {ATTEMPTS} times: {cause}", target.key()) })
}

fn outcome_unknown(error: &CallError) -> IdentityError {
    tracing::warn!(%error, "the outcome of an edit cannot be read");
    IdentityError::OutcomeUnknown { operation: "the edit" }
}

/// Short, and different for everybody who waits at the same time.
fn pause(attempt: u32) -> Duration {
    let random = uuid::Uuid::new_v4().as_u128() % 40;
    Duration::from_millis(u64::from(attempt) * 20 + u64::try_from(random).unwrap_or_default())
}

#[cfg(test)]
mod tests;
