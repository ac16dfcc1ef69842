//! All sessions of a realm, as a part of its state.

use std::sync::Arc;

use imbl::{HashMap, OrdMap};
use jiff::Timestamp;
use primehub_core::names::UserId;

use super::{Session, SessionId};

/// How many sessions one account can have at a time.
pub(crate) const MOST_PER_USER: usize = 1_000;

/// How many sessions there may be before the first sweep.
const FEWEST_TO_SWEEP: usize = 1_024;

/// The sessions, by account and id: tokens name both, and everything that ends several sessions at once ends those of one account.
///
/// Memory stays bounded: sessions that have ended by themselves are swept out as new ones are made, and one account has at most
/// [`MOST_PER_USER`] of them; beyond, those that have ended give way, or else the one unused for longest.
#[derive(Clone)]
pub(crate) struct SessionTable {
    users: HashMap<UserId, OrdMap<SessionId, Arc<Session>>>,
    total: usize,
    sweep_at: usize,
}

/// Sessions that a change has taken out.
pub(crate) type Removed = Vec<(UserId, SessionId)>;

impl Default for SessionTable {
    fn default() -> Self {
        Self { users: HashMap::new(), total: 0, sweep_at: FEWEST_TO_SWEEP }
    }
}

impl SessionTable {
    /// The session, if it was begun and is not ended. It may have expired.
    pub(crate) fn get(&self, user: &UserId, id: &SessionId) -> Option<&Arc<Session>> {
        self.users.get(user)?.get(id)
    }

    /// The sessions of an account that are alive, in no particular order.
    pub(crate) fn of_user(&self, user: &UserId, now: Timestamp) -> impl Iterator<Item = (&SessionId, &Arc<Session>)> {
        self.users.get(user).into_iter().flatten().filter(move |(_, session)| session.is_alive(now))
    }

    /// Every session with its owner.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&UserId, &SessionId, &Arc<Session>)> {
        self.users.iter().flat_map(|(user, sessions)| sessions.iter().map(move |(id, session)| (user, id, session)))
    }

    /// Adds a session, or replaces it. Answers what had to give way.
    pub(crate) fn put(&mut self, user: &UserId, id: SessionId, session: Arc<Session>, now: Timestamp) -> Removed {
        let mut removed = Removed::new();
        if self.total >= self.sweep_at {
            removed.append(&mut self.sweep(now));
        }
        let sessions = self.users.entry(user.clone()).or_default();
        if sessions.insert(id.clone(), session).is_none() {
            self.total += 1;
        }
        if sessions.len() > MOST_PER_USER {
            for gone in to_give_way(sessions, &id, now) {
                sessions.remove(&gone);
                self.total -= 1;
                removed.push((user.clone(), gone));
            }
        }
        removed
    }

    /// Takes out what `ends` names, and answers it; expired ones are taken out along the way.
    pub(crate) fn remove(&mut self, user: &UserId, ends: impl Fn(&SessionId, &Session) -> bool) -> Removed {
        let Some(sessions) = self.users.get_mut(user) else { return Removed::new() };
        let gone: Vec<SessionId> =
            sessions.iter().filter(|(id, session)| ends(id, session)).map(|(id, _)| id.clone()).collect();
        for id in &gone {
            sessions.remove(id);
        }
        if sessions.is_empty() {
            self.users.remove(user);
        }
        self.total -= gone.len();
        gone.into_iter().map(|id| (user.clone(), id)).collect()
    }

    /// Takes out every session that has ended by itself. The next sweep comes when the number has doubled, so that a session costs a
    /// constant share of sweeping.
    fn sweep(&mut self, now: Timestamp) -> Removed {
        let ended: Removed = self
            .iter()
            .filter(|(.., session)| !session.is_alive(now))
            .map(|(user, id, _)| (user.clone(), id.clone()))
            .collect();
        for (user, id) in &ended {
            self.remove(user, |found, _| found == id);
        }
        self.sweep_at = (2 * self.total).max(FEWEST_TO_SWEEP);
        ended
    }
}

/// What makes room for `newest`: an API token that is used once a month must not give way to logins that are over.
fn to_give_way(sessions: &OrdMap<SessionId, Arc<Session>>, newest: &SessionId, now: Timestamp) -> Vec<SessionId> {
    let others = || sessions.iter().filter(|(id, _)| *id != newest);
    let ended: Vec<_> = others().filter(|(_, session)| !session.is_alive(now)).map(|(id, _)| id.clone()).collect();
    if ended.is_empty() {
        let oldest = others().min_by_key(|(_, session)| session.used());
        oldest.map(|(id, _)| id.clone()).into_iter().collect()
    } else {
        ended
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::sessions::SessionKind;

    #[test]
    fn memory_is_bounded() {
        let (mut table, mut now) = (SessionTable::default(), Timestamp::UNIX_EPOCH);
        let put = |table: &mut SessionTable, user: &UserId, kind, now| {
            let id = SessionId::random();
            let removed = table.put(user, id.clone(), Arc::new(Session::new(kind, "ui", now)), now);
            (id, removed)
        };
        let ada = UserId::new("ada");
        let (first, _) = put(&mut table, &ada, SessionKind::Offline, now);
        now += Duration::from_mins(1);
        let mut removed = Removed::new();
        for _ in 0..MOST_PER_USER {
            removed.extend(put(&mut table, &ada, SessionKind::Offline, now).1);
        }
        assert_eq!(removed, [(ada.clone(), first.clone())], "the one unused for longest gives way");
        assert!(table.get(&ada, &first).is_none());
        assert_eq!(table.total, MOST_PER_USER);
        let mut swept = 0;
        for number in 0..5 * FEWEST_TO_SWEEP {
            let user = UserId::new(format!("u{number}"));
            swept += put(&mut table, &user, SessionKind::Online, now).1.len();
            now += Duration::from_mins(1);
        }
        assert!(table.total <= 2 * (MOST_PER_USER + 30) + 1, "{}", table.total);
        assert_eq!(table.total, table.iter().count());
        assert_eq!(table.total + swept, MOST_PER_USER + 5 * FEWEST_TO_SWEEP, "what is swept out is told");
    }

    #[test]
    fn what_is_over_gives_way_before_what_is_alive() {
        let (mut table, mut now) = (SessionTable::default(), Timestamp::UNIX_EPOCH);
        let ada = UserId::new("ada");
        let token = SessionId::random();
        table.put(&ada, token.clone(), Arc::new(Session::new(SessionKind::Offline, "ui", now)), now);
        // A program that logs in anew each time, and never uses its token.
        for _ in 0..3 * MOST_PER_USER {
            now += Duration::from_mins(10);
            table.put(&ada, SessionId::random(), Arc::new(Session::new(SessionKind::Online, "ui", now)), now);
        }
        assert!(table.get(&ada, &token).is_some_and(|session| session.is_alive(now)));
        assert_eq!(table.total, table.iter().count());
        assert!(table.total <= MOST_PER_USER);
    }
}
