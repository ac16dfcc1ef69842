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
/// [`MOST_PER_USER`] of them, of which the one unused for longest gives way.
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
        if sessions.len() > MOST_PER_USER
            && let Some(oldest) =
                sessions.iter().filter(|(other, _)| **other != id).min_by_key(|(_, session)| session.used())
        {
            let oldest = oldest.0.clone();
            sessions.remove(&oldest);
            self.total -= 1;
            removed.push((user.clone(), oldest));
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
}
