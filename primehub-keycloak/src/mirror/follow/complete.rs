//! One complete reading, published.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::mirror::cursor::{Cursor, Stamped};
use crate::mirror::handle::Inner;
use crate::mirror::picture::EventSettings;
use crate::mirror::snapshot;
use crate::transport::CallError;

/// Why events may not be read.
pub(super) const DENIED: &str = "the service account lacks the role view-events of the client realm-management, \
     or has it and the scope of its client hides it, so that nothing says what changes";

/// What became of it.
pub(in super::super) struct Complete {
    /// Where the lists of events stood before anything else was read; none for a list that is not recorded or may not be read.
    pub(super) admin: Option<Cursor>,
    pub(super) user: Option<Cursor>,
    /// Why events may not be read.
    pub(super) denied: Option<String>,
    pub(super) events: EventSettings,
    /// When it began, by a clock that nobody can set and by the one that everybody reads.
    pub(super) began: Instant,
    pub(super) at: Timestamp,
    /// How many objects look different now.
    pub(super) changed: usize,
    /// Whether accounts live in directories behind Keycloak.
    pub(super) federated: bool,
}

/// Reads everything and publishes it.
pub(in super::super) async fn complete(inner: Arc<Inner>) -> Result<Complete, CallError> {
    let (began, at) = (Instant::now(), inner.clock.now());
    let overlap = i64::try_from(inner.following.overlap.as_millis()).unwrap_or(i64::MAX);
    let newest = async {
        let (admin, user) =
            tokio::join!(inner.upkeep.newest_admin_events(KNOWN), inner.upkeep.newest_user_events(KNOWN));
        Ok::<_, CallError>((cursor(admin, overlap)?, cursor(user, overlap)?))
    };
    let (admin, user) = newest.await?;
    let denied = (admin.is_none() || user.is_none()).then(|| DENIED.to_owned());
    let reading = inner.journal.begin();
    let snapshot = snapshot::read(&*inner.upkeep, &inner.journal.picture(), &inner.client_id).await?;
    let published = reading.publish(&inner.locks, |draft| snapshot.apply(draft));
    drop(reading);
    inner.queue.push(published.again, 0);
    let picture = inner.journal.picture();
    let federated = picture.directory.users().any(|user| user.federated);
    tracing::debug!(changed = published.changed, seconds = began.elapsed().as_secs_f64(), "the realm was read");
    Ok(Complete { admin, user, denied, events: picture.events, began, at, changed: published.changed, federated })
}

/// So many events that are there already are not followed: what they tell is committed, and so is part of what is read next. If there are more within
/// the overlap, the older ones are followed, which costs readings and does no harm.
const KNOWN: usize = 1_000;

/// A cursor at the newest event, the first of these. None if events may not be read.
fn cursor(newest: Result<Vec<impl Stamped>, CallError>, overlap: i64) -> Result<Option<Cursor>, CallError> {
    match newest {
        Ok(newest) => Ok(Some(Cursor::at(&newest, overlap))),
        Err(error) if error.status() == Some(403) => Ok(None),
        Err(error) => Err(error),
    }
}
