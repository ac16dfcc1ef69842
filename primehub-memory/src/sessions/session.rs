//! One session: whose login it is, at which clients, and how long it lasts.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::random::random_text;

/// Name of a session, the `sid` of its tokens: 24 characters, as Keycloak's, of which nobody can guess one.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub(crate) struct SessionId(Arc<str>);

impl SessionId {
    pub(crate) fn random() -> Self {
        Self(random_text::<18>().into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SessionId {
    fn from(id: &str) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How long a session lives.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SessionKind {
    /// A login: ends after 30 minutes without use, and after 10 hours in any case.
    Online,
    /// An API token: ends after 30 days without use.
    Offline,
}

impl SessionKind {
    pub(crate) const ONLINE_IDLE: Duration = Duration::from_mins(30);
    pub(crate) const ONLINE_LONGEST: Duration = Duration::from_hours(10);
    pub(crate) const OFFLINE_IDLE: Duration = Duration::from_hours(30 * 24);

    /// How long a session lasts without being used.
    pub(crate) fn idle(self) -> Duration {
        match self {
            Self::Online => Self::ONLINE_IDLE,
            Self::Offline => Self::OFFLINE_IDLE,
        }
    }

    /// How old the stored time of the last use may get. A session that is used all the time is written that rarely; after a restart it
    /// may end by that much too early, never too late.
    pub(crate) fn uses_are_stored_every(self) -> Duration {
        self.idle() / 30
    }
}

/// A login, or an API token.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) kind: SessionKind,
    /// The clients that are logged in to within it, and since when; an API token has one.
    clients: BTreeMap<Arc<str>, Timestamp>,
    pub(crate) started: Timestamp,
    /// When the person last showed the password.
    pub(crate) authenticated: Timestamp,
    /// What its browser has to show; absent when no browser takes part.
    pub(crate) browser: Option<BrowserSecret>,
    pub(crate) origin: Origin,
    /// Shared by all states that have the session: a use makes no new state.
    uses: Arc<Uses>,
}

/// Where somebody logged in, for the owner of the account to recognise it by.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Origin {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<IpAddr>,
    /// As the browser calls itself, cut to [`Origin::LONGEST_AGENT`] characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) agent: Option<String>,
}

impl Origin {
    pub(crate) const LONGEST_AGENT: usize = 200;

    pub(crate) fn new(address: Option<IpAddr>, agent: Option<&str>) -> Self {
        Self { address, agent: agent.map(|agent| agent.chars().take(Self::LONGEST_AGENT).collect()) }
    }
}

/// The SHA-256 of what a browser shows in its cookie. The cookie itself is stored nowhere.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub(crate) struct BrowserSecret([u8; 32]);

impl BrowserSecret {
    pub(crate) fn of(cookie: &str) -> Self {
        let mut hash = [0; 32];
        hash.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, cookie.as_bytes()).as_ref());
        Self(hash)
    }

    /// Whether `cookie` is the one; takes the same time for every other.
    pub(crate) fn matches(&self, cookie: &str) -> bool {
        self.0.ct_eq(&Self::of(cookie).0).into()
    }
}

/// When a session was last used, in nanoseconds since the start of 1970.
#[derive(Debug)]
struct Uses {
    last: AtomicI64,
    stored: AtomicI64,
}

impl Session {
    /// A session that begins now, with a password that was shown now.
    pub(crate) fn new(kind: SessionKind, client: &str, now: Timestamp) -> Self {
        Self {
            kind,
            clients: BTreeMap::from([(client.into(), now)]),
            started: now,
            authenticated: now,
            browser: None,
            origin: Origin::default(),
            uses: Uses::at(now),
        }
    }

    /// When it was last used.
    pub(crate) fn used(&self) -> Timestamp {
        Timestamp::from_nanosecond(self.uses.last.load(Ordering::Relaxed).into()).unwrap_or(self.started)
    }

    /// Notes a use. Answers whether it should be stored: whoever is told so is the only one.
    pub(crate) fn note_use(&self, now: Timestamp) -> bool {
        let now = nanoseconds(now);
        self.uses.last.fetch_max(now, Ordering::Relaxed);
        let stored = self.uses.stored.load(Ordering::Relaxed);
        let every = i64::try_from(self.kind.uses_are_stored_every().as_nanos()).unwrap_or(i64::MAX);
        now.saturating_sub(stored) >= every
            && self.uses.stored.compare_exchange(stored, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// How long it lasts from `now` without being used; `None` once it has ended.
    pub(crate) fn left(&self, now: Timestamp) -> Option<Duration> {
        let until = |since: Timestamp, limit: Duration| {
            let end = since.checked_add(limit).unwrap_or(Timestamp::MAX);
            Duration::try_from(end.duration_since(now)).ok().filter(|left| !left.is_zero())
        };
        let idle = until(self.used(), self.kind.idle())?;
        match self.kind {
            SessionKind::Online => Some(idle.min(until(self.started, SessionKind::ONLINE_LONGEST)?)),
            SessionKind::Offline => Some(idle),
        }
    }

    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        self.left(now).is_some()
    }

    /// The clients that are logged in to within it.
    pub(crate) fn clients(&self) -> impl Iterator<Item = &str> {
        self.clients.keys().map(|client| &**client)
    }

    /// Whether `client` is logged in to within it.
    pub(crate) fn has(&self, client: &str) -> bool {
        self.clients.contains_key(client)
    }

    /// Whether a token of `client` that was made at `issued_at`, in Unix seconds, belongs to it. One from before a logout does not, although
    /// the client may have come back since; of a second in which both happen, all do.
    pub(crate) fn covers(&self, client: &str, issued_at: i64) -> bool {
        self.clients.get(client).is_some_and(|joined| joined.as_second() <= issued_at)
    }

    /// Notes that `client` is logged in to now, unless it is already.
    pub(crate) fn join(&mut self, client: &str, now: Timestamp) {
        self.clients.entry(client.into()).or_insert(now);
    }

    /// Notes that `client` is logged out of. Answers whether another client is left.
    pub(crate) fn leave(&mut self, client: &str) -> bool {
        self.clients.remove(client);
        !self.clients.is_empty()
    }

    /// Whether it is an API token of `client`.
    pub(crate) fn is_offline_of(&self, client: &str) -> bool {
        self.kind == SessionKind::Offline && self.has(client)
    }
}

impl Uses {
    fn at(moment: Timestamp) -> Arc<Self> {
        let moment = nanoseconds(moment);
        Arc::new(Self { last: AtomicI64::new(moment), stored: AtomicI64::new(moment) })
    }
}

/// Exact for nearly three hundred years.
fn nanoseconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.as_nanosecond()).unwrap_or(i64::MAX)
}

/// A session as it is stored.
#[derive(Deserialize, Serialize)]
struct StoredSession {
    kind: SessionKind,
    clients: BTreeMap<Arc<str>, Timestamp>,
    started: Timestamp,
    authenticated: Timestamp,
    used: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    browser: Option<BrowserSecret>,
    #[serde(default)]
    origin: Origin,
}

impl Serialize for Session {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { kind, clients, started, authenticated, browser, origin, uses: _ } = self.clone();
        let used = self.used();
        StoredSession { kind, clients, started, authenticated, used, browser, origin }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Session {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let StoredSession { kind, clients, started, authenticated, used, browser, origin } =
            StoredSession::deserialize(deserializer)?;
        Ok(Self { kind, clients, started, authenticated, browser, origin, uses: Uses::at(used) })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[rstest]
    #[case::fresh(SessionKind::Online, &[29], true)]
    #[case::idle(SessionKind::Online, &[30], false)]
    #[case::used_meanwhile(SessionKind::Online, &[29, 29], true)]
    #[case::too_old(SessionKind::Online, &[29; 21], false)]
    #[case::offline_is_never_too_old(SessionKind::Offline, &[20 * 24 * 60; 30], true)]
    #[case::offline_idle(SessionKind::Offline, &[30 * 24 * 60], false)]
    fn sessions_live_as_long_as_their_kind(#[case] kind: SessionKind, #[case] uses: &[u32], #[case] alive: bool) {
        let mut now = Timestamp::UNIX_EPOCH;
        let session = Session::new(kind, "c", now);
        for minutes in uses {
            now += MINUTE * *minutes;
            if session.is_alive(now) {
                session.note_use(now);
            }
        }
        assert_eq!(session.is_alive(now), alive);
    }

    #[test]
    fn a_client_that_comes_back_brings_no_tokens_along() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut session = Session::new(SessionKind::Online, "c", now);
        now += MINUTE;
        session.join("d", now);
        session.join("c", now);
        assert!(session.covers("c", 0) && session.covers("d", 60) && !session.covers("d", 59));
        assert!(session.leave("c") && !session.has("c") && !session.covers("c", 60));
        now += MINUTE;
        session.join("c", now);
        assert!(session.covers("c", 120) && !session.covers("c", 119));
        assert!(session.leave("c") && !session.leave("d"), "nobody is left");
    }

    #[test]
    fn a_login_in_the_middle_of_a_second_lasts_as_long_as_any() {
        let now = Timestamp::UNIX_EPOCH + Duration::from_millis(1_500);
        let session = Session::new(SessionKind::Online, "c", now);
        assert_eq!(session.left(now), Some(SessionKind::ONLINE_IDLE));
    }

    #[test]
    fn a_use_says_how_long_the_session_lasts() {
        let mut now = Timestamp::UNIX_EPOCH;
        let session = Session::new(SessionKind::Online, "c", now);
        let mut left = Vec::new();
        for _ in 0..23 {
            now += MINUTE * 25;
            session.note_use(now);
            left.push(session.left(now).map(|left| left.as_secs() / 60));
        }
        assert!(left[..22].iter().all(|left| *left == Some(30)));
        assert_eq!(left[22], Some(25), "ten hours are the end");
    }

    #[test]
    fn of_many_uses_few_are_stored_and_the_stored_form_reads_back() {
        let mut now = Timestamp::UNIX_EPOCH;
        let mut session = Session::new(SessionKind::Online, "c", now);
        session.browser = Some(BrowserSecret::of("cookie"));
        session.origin = Origin::new("192.0.2.1".parse().ok(), Some(&"A".repeat(1_000)));
        let mut stored = 0;
        for _ in 0..600 {
            now += Duration::from_secs(1);
            stored += usize::from(session.note_use(now));
        }
        assert_eq!(stored, 10);
        let read: Session = serde_json::from_str(&serde_json::to_string(&session).unwrap()).unwrap();
        assert_eq!((read.used(), read.started, read.clients.len()), (now, session.started, 1));
        assert!(read.browser.as_ref().unwrap().matches("cookie") && !read.browser.unwrap().matches("cookies"));
        assert_eq!(read.origin.agent.unwrap().len(), Origin::LONGEST_AGENT);
    }
}
