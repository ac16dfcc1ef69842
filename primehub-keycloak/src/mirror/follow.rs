//! Following a realm: look at the events, read again what they hint at, and read everything every so often.
//!
//! An event is only a hint: what is stored is read again, never taken from the event. So no order of events matters, and one that is followed
//! twice costs a call and does no harm. What has no event (directories behind Keycloak, imports at its start, a restored database, a change
//! that took longer to commit than the overlap) is found by the next complete reading. Several nodes of Keycloak may disagree about the time;
//! their difference has to fit into the overlap as well.

pub(super) mod complete;
mod inspect;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use primehub_core::identity::Revision;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use self::complete::{Complete, DENIED, complete};
use self::inspect::{Inspected, Inspection, inspect};
use self::look::{Looked, look};
use super::cursor::Cursor;
use super::events::{Hint, of_admin, of_user};
use super::handle::Inner;
use super::health::Health;
use super::picture::EventSettings;
use super::target::Target;
use crate::transport::CallError;

/// Follows Keycloak until it is dropped.
#[derive(Debug)]
#[must_use = "the mirror stands still when this is dropped"]
pub(crate) struct Running(JoinHandle<()>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// For so long Keycloak may fail to answer before the picture counts as old. An outage is noticed after this at the earliest, however little
/// age of the picture is tolerated: whoever is strict (`KC_STALE_MAX=0`) is answered from the picture until then.
const TOLERANCE: Duration = Duration::from_secs(3);
/// For so long single objects may fail to be read before the picture counts as old.
const READING_TOLERANCE: Duration = Duration::from_secs(10);
/// So many single readings run at once.
const AT_ONCE: usize = 8;
/// More hints than this at once cost more than reading everything.
const MOST_HINTS: usize = 1_000;
/// The pause after the first failed complete reading, and the longest one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));
/// Complete readings that nobody has foreseen begin at least so long after the one before, and so many times as long as that took.
const UNFORESEEN: (Duration, u32) = (Duration::from_secs(2), 5);
/// Where accounts live in directories behind Keycloak, everything is read so many times as often. That they do is known by those that have
/// been taken over already.
const FEDERATED: u32 = 5;
/// Not before something else is decided.
const FAR: Duration = Duration::from_hours(24 * 365);

pub(super) fn start(inner: Arc<Inner>) -> Running {
    Running(tokio::spawn(async move {
        let _end = End(inner.clone());
        Follower::new(inner).run().await;
    }))
}

/// Whatever ends the following, nobody takes the picture for fresh after that.
struct End(Arc<Inner>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.health.send_modify(|health| health.lose("nothing follows the realm any more"));
    }
}

type Done = (Target, u8, Result<Revision, CallError>);

struct Follower {
    inner: Arc<Inner>,
    /// How far each list of events has been read; none if it is not listened to.
    admin: Option<Cursor>,
    user: Option<Cursor>,
    /// What Keycloak recorded when everything was last read, and what it was last seen to record.
    events: EventSettings,
    noticed: (bool, bool, Option<&'static str>),
    /// Why events are missing.
    missing: Option<String>,
    /// When Keycloak last answered.
    contact: Instant,
    /// When everything was last read, and when it is to be read next.
    complete: Instant,
    due: Instant,
    /// How long that took.
    took: Duration,
    pause: Duration,
    /// Why the last complete reading failed.
    failed: Option<String>,
    /// The complete reading under way, and whether its cursors count.
    refresh: JoinSet<Result<Complete, CallError>>,
    resets: bool,
    /// Whether the next complete reading has to begin the cursors anew.
    reset: bool,
    /// What is wrong with the realm otherwise, a look at that which is under way, and when to look next.
    inspected: Inspected,
    inspections: JoinSet<Inspection>,
    inspect_at: Instant,
    readings: FuturesUnordered<futures::future::BoxFuture<'static, Done>>,
    busy: BTreeSet<Target>,
    /// Readings that failed, until the next look.
    later: Vec<(Target, u8)>,
    /// What cannot be read because Keycloak is not there for it, since when, and why.
    failing: BTreeMap<Target, (Instant, String)>,
}

impl Follower {
    fn new(inner: Arc<Inner>) -> Self {
        let now = Instant::now();
        Self {
            inner,
            admin: None,
            user: None,
            events: EventSettings::default(),
            noticed: EventSettings::default().switches(),
            missing: None,
            contact: now,
            complete: now,
            took: Duration::ZERO,
            due: now + FAR,
            pause: PAUSES.0,
            failed: None,
            refresh: JoinSet::new(),
            resets: true,
            reset: true,
            inspected: Inspected::default(),
            inspections: JoinSet::new(),
            inspect_at: now + FAR,
            readings: FuturesUnordered::new(),
            busy: BTreeSet::new(),
            later: Vec::new(),
            failing: BTreeMap::new(),
        }
    }

    async fn run(mut self) {
        self.load().await;
        let mut ticks = tokio::time::interval(self.inner.following.interval.max(Duration::from_millis(10)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let inner = self.inner.clone();
        loop {
            self.begin_readings();
            tokio::select! {
                _ = ticks.tick() => self.tick().await,
                Some(done) = self.readings.next() => self.reading_ended(done),
                Some(ended) = self.refresh.join_next() => self.refresh_ended(ended.unwrap_or_else(|error| {
                    Err(CallError::Unavailable { call: "mirror", cause: format!("the reading ended: {error}") })
                })),
                Some(ended) = self.inspections.join_next() => self.inspected(ended.unwrap_or_default()),
                () = inner.queue.rung() => {}
            }
        }
    }

    /// Reads everything until it succeeds.
    async fn load(&mut self) {
        let mut logged = None;
        loop {
            match complete(self.inner.clone()).await {
                Ok(done) => {
                    self.reset = false;
                    return self.adopt(done);
                }
                Err(error) => {
                    let cause = self.cause(&error);
                    if logged.as_ref() != Some(&cause) {
                        tracing::warn!(cause, "Keycloak cannot be read yet");
                        logged = Some(cause);
                    }
                    self.inner.metrics.failed_refreshes.inc();
                    tokio::time::sleep(self.pause).await;
                    self.pause = (self.pause * 2).min(PAUSES.1);
                }
            }
        }
    }

    async fn tick(&mut self) {
        let source = self.inner.upkeep.clone();
        let (admin, user) = (self.admin.as_ref().map(Cursor::from), self.user.as_ref().map(Cursor::from));
        let probe = self.missing.is_some();
        let answer = {
            let mut looking = pin!(look(&*source, admin, user, probe));
            let lost = self.inner.health.borrow().is_stale();
            tokio::select! {
                biased;
                answer = &mut looking => answer,
                () = tokio::time::sleep_until(self.contact + TOLERANCE), if !lost => {
                    self.lose("Keycloak does not answer".to_owned());
                    looking.await
                }
            }
        };
        match answer {
            Ok(looked) => self.looked(looked),
            Err(error)
                if error
                    .refusal()
                    .is_some_and(|refusal| refusal.status == 403 && refusal.kind.right == "view-events") =>
            {
                self.denied();
            }
            Err(error) if self.contact.elapsed() >= TOLERANCE => self.lose(self.cause(&error)),
            Err(error) => tracing::debug!(%error, "events cannot be read"),
        }
        self.retry_readings();
        if Instant::now() >= self.due && self.refresh.is_empty() {
            self.resets = std::mem::take(&mut self.reset);
            self.due += FAR;
            self.refresh.spawn(complete(self.inner.clone()));
        }
        // After a look, so that a complete reading costs no more, and during an outage nothing.
        let stale = self.inner.health.borrow().is_stale();
        if Instant::now() >= self.inspect_at && self.inspections.is_empty() && !stale {
            self.inspect_at += FAR;
            self.inspections.spawn(inspect(self.inner.clone()));
        }
        self.warn();
        self.measure();
    }

    /// Takes what a look at the events brought.
    fn looked(&mut self, looked: Looked) {
        let gap = self.contact.elapsed();
        self.contact = Instant::now();
        let mut hints = BTreeSet::new();
        let (mut everything, mut settings_changed) = (looked.overflow, false);
        let picture = self.inner.journal.picture();
        let management = picture.management().unwrap_or_default();
        let mut take = |hint| match hint {
            Hint::Read(targets) => hints.extend(targets),
            Hint::Everything => everything = true,
            Hint::Profile => settings_changed = true,
            Hint::Nothing => {}
        };
        let (mut cleared, mut seen, mut late) = (looked.overflow, 0, 0);
        if let (Some(cursor), Some(events)) = (&mut self.admin, looked.admin) {
            let reading = cursor.take(events);
            (cleared, seen, late) = (cleared | reading.cleared, seen + reading.new.len(), late + reading.late);
            reading.new.iter().for_each(|event| take(of_admin(event, management)));
        }
        if let (Some(cursor), Some(events)) = (&mut self.user, looked.user) {
            let reading = cursor.take(events);
            (cleared, seen, late) = (cleared | reading.cleared, seen + reading.new.len(), late + reading.late);
            reading.new.iter().for_each(|event| take(of_user(event, |id| picture.directory.user(id).is_some())));
        }
        self.inner.metrics.events.inc_by(seen as u64);
        self.inner.metrics.late_events.inc_by(late as u64);
        let settings = looked.settings.unwrap_or(picture.events);
        let switched = settings.switches() != self.noticed;
        self.noticed = settings.switches();
        if switched && settings.missing().is_some() {
            self.listen(settings, None);
        }
        self.reset |= cleared | switched;
        let expiring = settings.expire_after.is_some_and(|seconds| gap.as_secs() > seconds / 2);
        // The realm's own settings decide what its tokens name as issuer.
        if settings_changed || hints.contains(&Target::Realm) {
            self.inspect_at = Instant::now();
        }
        if hints.len() > MOST_HINTS {
            everything = true;
        } else {
            self.inner.queue.push(hints, 0);
        }
        if everything || cleared || switched || expiring || gap > self.inner.following.overlap {
            tracing::info!(cleared, switched, gap = gap.as_secs(), "everything is read again");
            self.due = Instant::now();
        }
        self.in_contact();
    }

    /// Keycloak answers, and events may not be read any more: everything is read every so often, beginning now.
    fn denied(&mut self) {
        self.contact = Instant::now();
        (self.admin, self.user, self.reset) = (None, None, true);
        self.missing = Some(DENIED.to_owned());
        self.due = Instant::now();
        let missing = (self.inner.following.refresh_without_events, DENIED.to_owned());
        self.update(|health| health.set_missing(Some(missing)));
        self.in_contact();
    }

    /// Keycloak answers. Whether the picture is true now depends on what else is known.
    fn in_contact(&self) {
        let too_long =
            self.missing.is_some() && self.complete.elapsed() > self.inner.following.refresh_without_events * 3;
        let failing = self.failing.values().find(|(since, _)| since.elapsed() > READING_TOLERANCE);
        match (&self.failed, failing) {
            (_, Some((_, cause))) => return self.lose(cause.clone()),
            (Some(cause), None) if too_long => return self.lose(cause.clone()),
            _ => {}
        }
        if self.inner.health.borrow().is_stale() {
            tracing::info!("the picture of the realm is fresh again");
        }
        if self.missing.is_some() {
            self.update(Health::heal);
        } else {
            let now = self.inner.clock.now();
            self.update(|health| health.confirm(now));
        }
    }

    /// Begins to read what waits.
    fn begin_readings(&mut self) {
        while self.readings.len() < AT_ONCE {
            let Some((target, attempt)) = self.inner.queue.pop(|target| self.busy.contains(target)) else { return };
            if target == Target::Everything {
                self.due = self.due.min(self.complete + self.between_unforeseen());
                continue;
            }
            self.busy.insert(target.clone());
            let reading = self.inner.fresh(&self.inner.upkeep, target.clone(), attempt);
            self.readings.push(reading.map(move |result| (target, attempt, result)).boxed());
        }
    }

    /// How long after one complete reading the next one begins that nobody has foreseen: the longer they take, the rarer they are.
    fn between_unforeseen(&self) -> Duration {
        let most = self.inner.following.refresh_without_events;
        (self.took * UNFORESEEN.1).max(UNFORESEEN.0).min(most)
    }

    fn reading_ended(&mut self, (target, attempt, result): Done) {
        self.busy.remove(&target);
        let failing = self.failing.remove(&target);
        match result {
            Ok(_) => {}
            // Seen of Keycloak: half a user, while somebody else deletes it.
            Err(CallError::Unreadable { .. }) if attempt == 0 => self.later.push((target, 1)),
            Err(error @ CallError::Unreadable { .. }) => {
                self.inner.metrics.broken.inc();
                tracing::error!(?target, %error, "an object of Keycloak cannot be read; it stays as it was");
            }
            // Refused for its own sake: that must not hold up the others.
            Err(error) if error.status().is_some_and(|status| !matches!(status, 401 | 403)) => {
                tracing::warn!(?target, %error, "an object of Keycloak cannot be read");
                self.later.push((target, attempt + 1));
            }
            Err(error) => {
                let since = failing.map_or_else(Instant::now, |(since, _)| since);
                self.failing.insert(target.clone(), (since, self.cause(&error)));
                self.later.push((target, attempt));
            }
        }
    }

    fn retry_readings(&mut self) {
        for (target, attempt) in self.later.drain(..) {
            self.inner.queue.push([target], attempt);
        }
    }

    fn refresh_ended(&mut self, result: Result<Complete, CallError>) {
        match result {
            Ok(done) => {
                if self.missing.is_none() {
                    self.inner.metrics.differences.inc_by(done.changed as u64);
                }
                self.adopt(done);
            }
            Err(error) => {
                let cause = self.cause(&error);
                tracing::warn!(cause, "the realm cannot be read completely");
                self.inner.metrics.failed_refreshes.inc();
                self.failed = Some(cause);
                self.reset |= self.resets;
                self.due = Instant::now() + self.pause;
                self.pause = (self.pause * 2).min(PAUSES.1);
            }
        }
    }

    /// Takes a complete reading, which has been published.
    fn adopt(&mut self, done: Complete) {
        let Complete { admin, user, denied, events, began, at, federated, .. } = done;
        let settled = events.switches() == self.events.switches() && denied.is_none() == self.missing.is_none();
        if self.resets || !settled {
            (self.admin, self.user) = (admin, user);
        }
        self.noticed = events.switches();
        self.listen(events, denied);
        self.inner.metrics.refreshes.inc();
        self.pause = PAUSES.0;
        self.failed = None;
        self.resets = false;
        (self.complete, self.contact) = (began, Instant::now());
        self.took = began.elapsed();
        let following = &self.inner.following;
        let interval = match (&self.missing, federated) {
            (Some(_), _) => following.refresh_without_events,
            (None, true) => following.refresh / FEDERATED,
            (None, false) => following.refresh,
        };
        // What was asked for while this one was under way is not answered by it.
        if self.due > Instant::now() {
            self.due = began + interval;
        }
        self.inspect_at = Instant::now();
        self.update(|health| health.confirm(at));
        self.warn();
        self.measure();
    }

    /// Listens to what Keycloak records and may be read.
    fn listen(&mut self, events: EventSettings, denied: Option<String>) {
        self.events = events;
        if !events.admin_events {
            self.admin = None;
        }
        if !events.user_events {
            self.user = None;
        }
        self.missing = denied.or_else(|| events.missing());
        let missing = self.missing.clone().map(|cause| (self.inner.following.refresh_without_events, cause));
        self.update(|health| health.set_missing(missing));
    }

    fn lose(&self, cause: String) {
        if !self.inner.health.borrow().is_stale() {
            tracing::warn!(cause, "the picture of the realm cannot be kept fresh");
        }
        self.update(|health| health.lose(cause));
    }

    fn update(&self, change: impl FnOnce(&mut Health)) {
        self.inner.health.send_if_modified(|health| {
            let before = health.clone();
            change(health);
            *health != before
        });
    }

    fn measure(&self) {
        let health = self.inner.health.borrow();
        self.inner.metrics.age.set(health.age(self.inner.clock.now()));
        self.inner.metrics.mode.set(health.mode());
    }

    /// What a failure means, in words for operators.
    fn cause(&self, error: &CallError) -> String {
        match (error.status(), error.refusal()) {
            (Some(403), Some(refusal)) => {
                format!(
                    "the service account lacks the role {} of the client realm-management, or has it and the scope of the client {} hides it",
                    refusal.kind.right, self.inner.client_id
                )
            }
            (Some(404), Some(refusal)) if refusal.says("realm") => "the realm does not exist".to_owned(),
            (Some(401), _) => format!("Keycloak does not accept the client {}: {error}", self.inner.client_id),
            _ => error.to_string(),
        }
    }
}
