//! Who is logged in where: the sessions behind refresh tokens and API tokens, with Keycloak's lifetimes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use primehub_core::clock::Clock;
use primehub_core::names::UserId;

/// All sessions of a realm. Every call is short and never waits for anything but its own lock.
///
/// Memory stays bounded: sessions that have ended by themselves are swept out as new ones are made, and one account has at most
/// [`MOST_PER_USER`] of them, of which the one unused for longest gives way.
pub(crate) struct Sessions {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// By account and id: tokens name both, and everything that ends several sessions at once ends those of one account.
    users: HashMap<UserId, HashMap<SessionId, Session>>,
    total: usize,
    sweep_at: usize,
}

/// Name of a session, the `sid` of its tokens: 24 characters, as Keycloak's, of which nobody can guess one.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct SessionId(Arc<str>);

impl SessionId {
    fn random() -> Self {
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
}

struct Session {
    kind: SessionKind,
    client: Arc<str>,
    started: Timestamp,
    used: Timestamp,
}

impl Session {
    /// How long it lasts from `now` without being used; `None` once it has ended.
    fn left(&self, now: Timestamp) -> Option<Duration> {
        let until = |since: Timestamp, limit: Duration| {
            let end = since.checked_add(limit).unwrap_or(Timestamp::MAX);
            Duration::try_from(end.duration_since(now)).ok().filter(|left| !left.is_zero())
        };
        let idle = until(self.used, self.kind.idle())?;
        match self.kind {
            SessionKind::Online => Some(idle.min(until(self.started, SessionKind::ONLINE_LONGEST)?)),
            SessionKind::Offline => Some(idle),
        }
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        self.left(now).is_some()
    }

    fn is_offline_of(&self, client: &str) -> bool {
        self.kind == SessionKind::Offline && *self.client == *client
    }
}

/// How many sessions one account can have at a time.
pub(crate) const MOST_PER_USER: usize = 1_000;

/// How many sessions there may be before the first sweep.
const FEWEST_TO_SWEEP: usize = 1_024;

impl Sessions {
    /// No sessions yet.
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::new(State { sweep_at: FEWEST_TO_SWEEP, ..State::default() }) }
    }

    /// Begins a session of `user` with `client`.
    pub(crate) fn start(&self, user: &UserId, client: &str, kind: SessionKind) -> SessionId {
        let now = self.clock.now();
        let id = SessionId::random();
        let mut state = self.lock();
        if state.total >= state.sweep_at {
            state.sweep(now);
        }
        let sessions = state.users.entry(user.clone()).or_default();
        let mut added = 1;
        if sessions.len() >= MOST_PER_USER
            && let Some(oldest) = sessions.iter().min_by_key(|(_, session)| session.used).map(|(id, _)| id.clone())
        {
            sessions.remove(&oldest);
            added = 0;
        }
        sessions.insert(id.clone(), Session { kind, client: client.into(), started: now, used: now });
        state.total += added;
        id
    }

    /// Notes that a session was used, which keeps it alive, and says how long it lasts without another use. `None` if there is none: never
    /// begun, ended, expired, or of another kind.
    pub(crate) fn touch(&self, user: &UserId, id: &SessionId, kind: SessionKind) -> Option<Duration> {
        let now = self.clock.now();
        let mut state = self.lock();
        let session = state.users.get_mut(user).and_then(|sessions| sessions.get_mut(id))?;
        if session.kind != kind || !session.is_alive(now) {
            return None;
        }
        session.used = now;
        session.left(now)
    }

    /// Whether the session exists, of whatever kind. Looking does not keep it alive.
    pub(crate) fn is_alive(&self, user: &UserId, id: &SessionId) -> bool {
        let now = self.clock.now();
        self.lock().users.get(user).and_then(|sessions| sessions.get(id)).is_some_and(|session| session.is_alive(now))
    }

    /// Ends one session. False if there was none.
    pub(crate) fn end(&self, user: &UserId, id: &SessionId) -> bool {
        let now = self.clock.now();
        self.lock().remove(user, |found, _| found == id, now) > 0
    }

    /// Ends every session of the user: for an account that is deleted.
    pub(crate) fn end_all(&self, user: &UserId) {
        let now = self.clock.now();
        self.lock().remove(user, |_, _| true, now);
    }

    /// How many API tokens of `client` the user has: one for each login that asked for one, however often it was used.
    pub(crate) fn offline_count(&self, user: &UserId, client: &str) -> u32 {
        let now = self.clock.now();
        let state = self.lock();
        let sessions = state.users.get(user).into_iter().flat_map(HashMap::values);
        let count = sessions.filter(|session| session.is_offline_of(client) && session.is_alive(now)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Makes every API token of `client` that the user has worthless. False if there was none.
    pub(crate) fn revoke_offline(&self, user: &UserId, client: &str) -> bool {
        let now = self.clock.now();
        self.lock().remove(user, |_, session| session.is_offline_of(client), now) > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes out what `ends` names, and says how many of them were still alive.
    fn remove(&mut self, user: &UserId, ends: impl Fn(&SessionId, &Session) -> bool, now: Timestamp) -> usize {
        let Some(sessions) = self.users.get_mut(user) else { return 0 };
        let before = sessions.len();
        let mut alive = 0;
        sessions.retain(|id, session| {
            let end = ends(id, session);
            alive += usize::from(end && session.is_alive(now));
            !end
        });
        let removed = before - sessions.len();
        if sessions.is_empty() {
            self.users.remove(user);
        }
        self.total -= removed;
        alive
    }

    /// Takes out every session that has ended by itself. The next sweep comes when the number has doubled, so that a session costs a
    /// constant share of sweeping.
    fn sweep(&mut self, now: Timestamp) {
        self.users.retain(|_, sessions| {
            sessions.retain(|_, session| session.is_alive(now));
            !sessions.is_empty()
        });
        self.total = self.users.values().map(HashMap::len).sum();
        self.sweep_at = (2 * self.total).max(FEWEST_TO_SWEEP);
    }
}

/// `N` bytes that nobody can guess.
#[expect(clippy::expect_used, reason = "a machine without randomness cannot issue anything worth having")]
pub(crate) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A text of `N` bytes that nobody can guess, in the letters of URLs.
pub(crate) fn random_text<const N: usize>() -> String {
    URL_SAFE_NO_PAD.encode(random_bytes::<N>())
}

#[cfg(test)]
mod tests {
    use primehub_core::clock::ManualClock;
    use rstest::rstest;

    use super::*;

    fn sessions() -> (Arc<ManualClock>, Sessions) {
        let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
        (clock.clone(), Sessions::new(clock))
    }

    const MINUTE: Duration = Duration::from_mins(1);

    #[rstest]
    #[case::fresh(SessionKind::Online, &[29], true)]
    #[case::idle(SessionKind::Online, &[30], false)]
    #[case::used_meanwhile(SessionKind::Online, &[29, 29], true)]
    #[case::too_old(SessionKind::Online, &[29; 21], false)]
    #[case::offline_is_never_too_old(SessionKind::Offline, &[20 * 24 * 60; 30], true)]
    #[case::offline_idle(SessionKind::Offline, &[30 * 24 * 60], false)]
    fn sessions_live_as_long_as_their_kind(#[case] kind: SessionKind, #[case] uses: &[u32], #[case] alive: bool) {
        let (clock, sessions) = sessions();
        let user = UserId::new("u");
        let id = sessions.start(&user, "c", kind);
        let mut last = true;
        for minutes in uses {
            clock.advance(MINUTE * *minutes);
            last = sessions.touch(&user, &id, kind).is_some();
        }
        assert_eq!(last, alive);
        assert_eq!(sessions.is_alive(&user, &id), alive);
    }

    #[test]
    fn a_use_says_how_long_the_session_lasts() {
        let (clock, sessions) = sessions();
        let user = UserId::new("u");
        let id = sessions.start(&user, "c", SessionKind::Online);
        let mut left = Vec::new();
        for _ in 0..23 {
            clock.advance(MINUTE * 25);
            left.push(sessions.touch(&user, &id, SessionKind::Online).map(|left| left.as_secs() / 60));
        }
        assert!(left[..22].iter().all(|left| *left == Some(30)));
        assert_eq!(left[22], Some(25), "ten hours are the end");
    }

    #[test]
    fn api_tokens_are_counted_and_revoked_by_user_and_client() {
        let (clock, sessions) = sessions();
        let (ada, bob) = (UserId::new("ada"), UserId::new("bob"));
        let online = sessions.start(&ada, "ui", SessionKind::Online);
        let token = sessions.start(&ada, "ui", SessionKind::Offline);
        sessions.start(&ada, "ui", SessionKind::Offline);
        let other_client = sessions.start(&ada, "hub", SessionKind::Offline);
        sessions.start(&bob, "ui", SessionKind::Offline);
        sessions.touch(&ada, &token, SessionKind::Offline);
        assert_eq!((sessions.offline_count(&ada, "ui"), sessions.offline_count(&bob, "ui")), (2, 1));

        assert!(sessions.revoke_offline(&ada, "ui"));
        assert!(!sessions.revoke_offline(&ada, "ui"), "none is left");
        assert_eq!((sessions.offline_count(&ada, "ui"), sessions.offline_count(&bob, "ui")), (0, 1));
        assert!(sessions.is_alive(&ada, &online) && sessions.is_alive(&ada, &other_client));

        clock.advance(SessionKind::OFFLINE_IDLE);
        assert_eq!(sessions.offline_count(&bob, "ui"), 0, "an expired one does not count");
        assert!(!sessions.revoke_offline(&bob, "ui"), "nor is it there to revoke");
    }

    #[test]
    fn a_session_belongs_to_one_user_and_kind() {
        let (_, sessions) = sessions();
        let (ada, bob) = (UserId::new("ada"), UserId::new("bob"));
        let id = sessions.start(&ada, "ui", SessionKind::Online);
        assert_eq!(id.as_str().len(), 24);
        assert_eq!(sessions.touch(&bob, &id, SessionKind::Online), None);
        assert_eq!(sessions.touch(&ada, &id, SessionKind::Offline), None);
        assert!(!sessions.end(&bob, &id));
        sessions.start(&ada, "ui", SessionKind::Offline);
        sessions.end_all(&ada);
        assert!(!sessions.is_alive(&ada, &id));
        assert_eq!(sessions.offline_count(&ada, "ui"), 0);
    }

    #[test]
    fn memory_is_bounded() {
        let (clock, sessions) = sessions();
        let ada = UserId::new("ada");
        let first = sessions.start(&ada, "ui", SessionKind::Offline);
        clock.advance(MINUTE);
        for _ in 0..MOST_PER_USER {
            sessions.start(&ada, "ui", SessionKind::Offline);
        }
        assert!(!sessions.is_alive(&ada, &first), "the one unused for longest gives way");
        assert_eq!(sessions.lock().total, MOST_PER_USER);
        for number in 0..5 * FEWEST_TO_SWEEP {
            sessions.start(&UserId::new(format!("u{number}")), "ui", SessionKind::Online);
            clock.advance(MINUTE);
        }
        let state = sessions.lock();
        assert!(state.total <= 2 * (MOST_PER_USER + 30) + 1, "{}", state.total);
        assert_eq!(state.total, state.users.values().map(HashMap::len).sum::<usize>());
    }
}
