//! Sessions of the store's accounts, for the OpenID provider in front of it.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::{Actor, IdentityError, Key};
use primehub_core::names::UserId;

use super::state::Record;
use super::store::MemoryIdentityStore;
use crate::sessions::{Session, SessionId, SessionKind};

/// The sessions of a store. Reading never waits; writes are kept like all others.
pub(crate) struct Sessions<'a>(pub(super) &'a MemoryIdentityStore);

impl Sessions<'_> {
    /// Begins a session of `user`.
    pub(crate) async fn start(&self, user: &UserId, session: Session) -> Result<SessionId, IdentityError> {
        let id = SessionId::random();
        let begun = id.clone();
        self.0
            .write(&Actor::service(), |draft| {
                draft.user(user)?;
                draft.put_session(user, begun, session);
                Ok(())
            })
            .await?;
        Ok(id)
    }

    /// The session, if it is alive. Looking does not keep it alive.
    pub(crate) fn get(&self, user: &UserId, id: &SessionId) -> Option<Arc<Session>> {
        let now = self.0.clock().now();
        self.0.state().sessions.get(user, id).filter(|session| session.is_alive(now)).cloned()
    }

    /// Notes that a session was used, which keeps it alive, and says how long it lasts without another use. `None` if there is none: never
    /// begun, ended, expired, or of another kind.
    pub(crate) fn touch(&self, user: &UserId, id: &SessionId, kind: SessionKind) -> Option<Duration> {
        let now = self.0.clock().now();
        let session = self.get(user, id).filter(|session| session.kind == kind)?;
        if session.note_use(now) {
            self.0.store_later(Record::Session(user.clone(), id.clone()));
        }
        session.left(now)
    }

    /// The sessions of an account that are alive, in no particular order.
    pub(crate) fn of_user(&self, user: &UserId) -> Vec<(SessionId, Arc<Session>)> {
        let now = self.0.clock().now();
        let state = self.0.state();
        state.sessions.of_user(user, now).map(|(id, session)| (id.clone(), session.clone())).collect()
    }

    /// Changes a session. False if it is not alive.
    pub(crate) async fn change(
        &self,
        user: &UserId,
        id: &SessionId,
        change: impl FnOnce(&mut Session) + Send,
    ) -> Result<bool, IdentityError> {
        let by = Actor::service();
        let written = self.0.write(&by, |draft| {
            let Some(session) = draft.sessions.get(user, id).filter(|session| session.is_alive(draft.now)) else {
                return Ok(false);
            };
            let mut session = Session::clone(session);
            change(&mut session);
            draft.put_session(user, id.clone(), session);
            Ok(true)
        });
        Ok(written.await?.value)
    }

    /// Logs a client out of a session; the last one ends it. Others that were logged in to within it go on.
    pub(crate) async fn leave(&self, user: &UserId, id: &SessionId, client: &str) -> Result<(), IdentityError> {
        let by = Actor::service();
        let written = self.0.write(&by, |draft| {
            let Some(session) = draft.sessions.get(user, id).filter(|session| session.has(client)) else {
                return Ok(());
            };
            let mut session = Session::clone(session);
            if session.leave(client) {
                draft.put_session(user, id.clone(), session);
            } else {
                draft.end_sessions(user, |found, _| found == id);
            }
            Ok(())
        });
        written.await.map(drop)
    }

    /// Ends one session. False if there was none.
    pub(crate) async fn end(&self, user: &UserId, id: &SessionId) -> Result<bool, IdentityError> {
        Ok(self.end_those(user, |found, _| found == id).await? > 0)
    }

    /// Ends the sessions of an account that `ends` names, and says how many of them were alive.
    pub(crate) async fn end_those(
        &self,
        user: &UserId,
        ends: impl Fn(&SessionId, &Session) -> bool + Send,
    ) -> Result<usize, IdentityError> {
        Ok(self.0.write(&Actor::service(), |draft| Ok(draft.end_sessions(user, ends))).await?.value)
    }

    /// How many API tokens of `client` the user has: one for each login that asked for one, however often it was used.
    pub(crate) fn offline_count(&self, user: &UserId, client: &str) -> u32 {
        let now = self.0.clock().now();
        let state = self.0.state();
        let count = state.sessions.of_user(user, now).filter(|(_, session)| session.is_offline_of(client)).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Makes every API token of `client` that the user has worthless. False if there was none.
    pub(crate) async fn revoke_offline(&self, by: &Actor, user: &UserId, client: &str) -> Result<bool, IdentityError> {
        let written = self.0.write(by, |draft| {
            draft.directory.user(user).ok_or_else(|| IdentityError::Absent(Key::User(user.clone())))?;
            Ok(draft.end_sessions(user, |_, session| session.is_offline_of(client)) > 0)
        });
        Ok(written.await?.value)
    }
}
