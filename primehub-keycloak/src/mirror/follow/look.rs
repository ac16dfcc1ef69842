//! One look at what has happened.

use crate::admin::{AdminEvent, UserEvent};
use crate::mirror::picture::EventSettings;
use crate::mirror::source::Source;
use crate::transport::CallError;

/// Rows per page, and by how many the next page begins later: rows can appear before an offset, so pages overlap.
const PAGE: usize = 500;
const STEP: usize = 400;
/// With more pages than this, reading everything is cheaper.
const MOST_PAGES: usize = 100;

/// What a look brought.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// Everything from the time on, repetitions included; none if it was not asked for.
    pub(super) admin: Option<Vec<AdminEvent>>,
    pub(super) user: Option<Vec<UserEvent>>,
    /// What Keycloak records, if that was asked for.
    pub(super) settings: Option<EventSettings>,
    /// There was more than is worth reading.
    pub(super) overflow: bool,
}

/// Reads the events from these times on, and whether Keycloak records them.
pub(super) async fn look(
    source: &dyn Source,
    admin: Option<i64>,
    user: Option<i64>,
    settings: bool,
) -> Result<Looked, CallError> {
    let admin = async {
        let Some(from) = admin else { return Ok(None) };
        pages(|first| source.admin_events(from, first, PAGE)).await.map(Some)
    };
    let user = async {
        let Some(from) = user else { return Ok(None) };
        pages(|first| source.user_events(from, first, PAGE)).await.map(Some)
    };
    let settings =
        async { if settings { source.realm().await.map(|row| Some(EventSettings::of(&row))) } else { Ok(None) } };
    // Each comes to its end, also when another one fails: during an outage only one of them is let through, and it has to be heard.
    let (admin, user, settings) = tokio::join!(admin, user, settings);
    let (admin, user, settings) = (admin?, user?, settings?);
    let overflow = admin.as_ref().is_some_and(|events| events.1) || user.as_ref().is_some_and(|events| events.1);
    Ok(Looked { admin: admin.map(|events| events.0), user: user.map(|events| events.0), settings, overflow })
}

/// The rows of all pages, and whether there were too many.
async fn pages<E, F>(page: impl Fn(usize) -> F) -> Result<(Vec<E>, bool), CallError>
where
    F: Future<Output = Result<Vec<E>, CallError>>,
{
    let mut events = Vec::new();
    for number in 0..MOST_PAGES {
        let rows = page(number * STEP).await?;
        let full = rows.len() >= PAGE;
        events.extend(rows);
        if !full {
            return Ok((events, false));
        }
    }
    Ok((events, true))
}
