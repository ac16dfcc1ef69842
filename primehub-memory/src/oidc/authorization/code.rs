//! Codes that are worth tokens: handed out after a login, good for a minute and for one use.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use primehub_core::names::UserId;
use secrecy::SecretString;

use super::pkce::{self, Challenge};
use crate::oidc::error::TokenError;
use crate::oidc::scope::Scopes;
use crate::random::random_text;
use crate::sessions::SessionId;

/// What a code stands for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::oidc) struct IssuedCode {
    pub(in crate::oidc) client_id: String,
    pub(in crate::oidc) redirect_uri: String,
    pub(in crate::oidc) challenge: Option<Challenge>,
    pub(in crate::oidc) nonce: Option<String>,
    pub(in crate::oidc) scopes: Scopes,
    pub(in crate::oidc) user: UserId,
    pub(in crate::oidc) session: SessionId,
    /// When the person logged in, in Unix seconds.
    pub(in crate::oidc) auth_time: i64,
}

/// What a client shows together with a code.
#[derive(Clone, Copy)]
pub(in crate::oidc) struct Presented<'a> {
    pub(in crate::oidc) client_id: &'a str,
    pub(in crate::oidc) redirect_uri: Option<&'a str>,
    pub(in crate::oidc) verifier: Option<&'a str>,
}

/// Why a code got no tokens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::oidc) enum CodeRefusal {
    /// That is all there is to it.
    Refused(TokenError),
    /// The code had been exchanged before: somebody else has seen it, so the sessions of its first use must end. The client is told the
    /// same as of a code that never was.
    Replayed { user: UserId, sessions: Vec<SessionId> },
}

/// The codes of the last minutes. They are gone when the process ends: whoever waits for one logs in again.
///
/// An attempt spends the code, whatever comes of it. Only digests are kept, so that a picture of the memory is worth no tokens.
pub(in crate::oidc) struct Codes {
    state: Mutex<State>,
    most: usize,
}

#[derive(Default)]
struct State {
    codes: HashMap<Digest, Entry>,
    /// Every code, oldest first; some of them are forgotten already.
    order: VecDeque<Made>,
    /// The codes of each session, oldest first.
    of_session: HashMap<SessionId, VecDeque<Digest>>,
}

/// When a code was made, and of which session.
struct Made {
    key: Digest,
    at: i64,
    session: SessionId,
}

type Digest = [u8; 32];

enum Entry {
    Open {
        issued: Box<IssuedCode>,
        at: i64,
    },
    /// Tried in vain.
    Spent,
    Exchanged {
        user: UserId,
        sessions: Vec<SessionId>,
        replayed: bool,
    },
}

impl Default for Codes {
    fn default() -> Self {
        Self::holding(MOST)
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codes").finish_non_exhaustive()
    }
}

/// How long a code can be exchanged.
pub(in crate::oidc) const LIFESPAN: Duration = Duration::from_mins(1);

/// How long it is remembered that a code has been used: as long as the first refresh token of its exchange lives, if nobody refreshes it.
const REMEMBERED: Duration = Duration::from_mins(30);

/// How many codes are remembered. Beyond, the oldest are forgotten, used or not: it takes a login or a session to get one.
const MOST: usize = 20_000;

/// How many of them are remembered of one session, so that nobody makes those of others be forgotten. A browser that restores all its tabs at
/// once has that many on their way.
const MOST_OF_SESSION: usize = 100;

impl Codes {
    fn holding(most: usize) -> Self {
        Self { state: Mutex::default(), most }
    }

    /// Makes a code at `now`, in Unix seconds.
    pub(in crate::oidc) fn issue(&self, issued: IssuedCode, now: i64) -> SecretString {
        let code = random_text::<32>();
        let key = key(&code);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let forgotten = now.saturating_sub_unsigned(REMEMBERED.as_secs());
        while state.codes.len() >= self.most || state.order.front().is_some_and(|made| made.at <= forgotten) {
            let Some(oldest) = state.order.pop_front() else { break };
            state.forget(&oldest);
        }
        if state.order.len() >= 2 * self.most {
            let State { codes, order, .. } = &mut *state;
            order.retain(|made| codes.contains_key(&made.key));
        }
        let session = issued.session.clone();
        let own = state.of_session.entry(session.clone()).or_default();
        own.push_back(key);
        let surplus = if own.len() > MOST_OF_SESSION { own.pop_front() } else { None };
        if let Some(surplus) = surplus {
            state.codes.remove(&surplus);
        }
        state.codes.insert(key, Entry::Open { issued: Box::new(issued), at: now });
        state.order.push_back(Made { key, at: now, session });
        code.into()
    }

    /// Exchanges a code at `now`, in Unix seconds, for what it stands for.
    pub(in crate::oidc) fn redeem(
        &self,
        code: &str,
        presented: &Presented<'_>,
        now: i64,
    ) -> Result<IssuedCode, CodeRefusal> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = state.codes.get_mut(&key(code)).ok_or(CodeRefusal::Refused(TokenError::CodeNotValid))?;
        if let Entry::Exchanged { user, sessions, replayed } = entry {
            *replayed = true;
            return Err(CodeRefusal::Replayed { user: user.clone(), sessions: sessions.clone() });
        }
        match std::mem::replace(entry, Entry::Spent) {
            Entry::Open { issued, at } => {
                check(&issued, presented, now.saturating_sub(at)).map_err(CodeRefusal::Refused)?;
                let sessions = vec![issued.session.clone()];
                *entry = Entry::Exchanged { user: issued.user.clone(), sessions, replayed: false };
                Ok(*issued)
            }
            Entry::Spent | Entry::Exchanged { .. } => Err(CodeRefusal::Refused(TokenError::CodeNotValid)),
        }
    }

    /// Notes that the exchange of `code` has begun another session, which a replay has to end too. False if there has been one already:
    /// then whoever has begun the session has to end it.
    #[must_use]
    pub(in crate::oidc) fn began(&self, code: &str, session: &SessionId) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match state.codes.get_mut(&key(code)) {
            Some(Entry::Exchanged { sessions, replayed, .. }) => {
                sessions.push(session.clone());
                !*replayed
            }
            // Forgotten, after many thousand others.
            _ => true,
        }
    }
}

impl State {
    fn forget(&mut self, made: &Made) {
        if self.codes.remove(&made.key).is_none() {
            return;
        }
        // What is oldest of all is oldest of its session.
        if let Some(own) = self.of_session.get_mut(&made.session) {
            own.pop_front();
            if own.is_empty() {
                self.of_session.remove(&made.session);
            }
        }
    }
}

fn key(code: &str) -> Digest {
    let mut key = Digest::default();
    key.copy_from_slice(digest(&SHA256, code.as_bytes()).as_ref());
    key
}

/// Whether a code of that age, in seconds, is worth tokens to who shows it.
fn check(issued: &IssuedCode, presented: &Presented<'_>, age: i64) -> Result<(), TokenError> {
    if !(0..i64::try_from(LIFESPAN.as_secs()).unwrap_or(i64::MAX)).contains(&age) {
        return Err(TokenError::CodeNotValid);
    }
    if presented.client_id != issued.client_id {
        return Err(TokenError::CodeOfOtherClient);
    }
    if presented.redirect_uri != Some(&issued.redirect_uri) {
        return Err(TokenError::IncorrectRedirectUri);
    }
    pkce::check(issued.challenge.as_ref(), presented.verifier)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::oidc::client::Client;

    const REDIRECT: &str = "https://a.example/cb";
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn issued(session: &str) -> IssuedCode {
        let client = Client::confidential("web", "s".into());
        IssuedCode {
            client_id: client.id.clone(),
            redirect_uri: REDIRECT.to_owned(),
            challenge: pkce::challenge(&client, Some(CHALLENGE), Some("S256")).unwrap(),
            nonce: Some("n".to_owned()),
            scopes: Scopes::parse(Some("openid")).unwrap(),
            user: UserId::new("amy"),
            session: SessionId::from(session),
            auth_time: 90,
        }
    }

    const RIGHT: Presented<'_> = Presented { client_id: "web", redirect_uri: Some(REDIRECT), verifier: Some(VERIFIER) };

    const INVALID: Result<IssuedCode, CodeRefusal> = Err(CodeRefusal::Refused(TokenError::CodeNotValid));

    #[rstest]
    #[case::right(RIGHT, 0, Ok(()))]
    #[case::at_the_last_second(RIGHT, 59, Ok(()))]
    #[case::too_late(RIGHT, 60, Err(TokenError::CodeNotValid))]
    #[case::before_its_time(RIGHT, -1, Err(TokenError::CodeNotValid))]
    #[case::other_client(Presented { client_id: "other", ..RIGHT }, 1, Err(TokenError::CodeOfOtherClient))]
    #[case::no_address(Presented { redirect_uri: None, ..RIGHT }, 1, Err(TokenError::IncorrectRedirectUri))]
    #[case::other_address(Presented { redirect_uri: Some("https://a.example/cb/"), ..RIGHT }, 1, Err(TokenError::IncorrectRedirectUri))]
    #[case::no_verifier(Presented { verifier: None, ..RIGHT }, 1, Err(TokenError::VerifierMissing))]
    #[case::wrong_verifier(Presented { verifier: Some(CHALLENGE), ..RIGHT }, 1, Err(TokenError::VerifierMismatch))]
    fn who_gets_tokens(#[case] presented: Presented<'_>, #[case] age: i64, #[case] expected: Result<(), TokenError>) {
        assert_eq!(check(&issued("s"), &presented, age), expected);
        let codes = Codes::default();
        let code = codes.issue(issued("s"), 1_000);
        let redeemed = codes.redeem(code.expose_secret(), &presented, 1_000 + age);
        assert_eq!(redeemed, expected.map(|()| issued("s")).map_err(CodeRefusal::Refused));
    }

    #[test]
    fn a_code_works_once_and_a_second_time_names_what_must_end() {
        let codes = Codes::default();
        let code = codes.issue(issued("s"), 0);
        assert_eq!(code.expose_secret().len(), 43);
        assert_eq!(codes.redeem(code.expose_secret(), &RIGHT, 1), Ok(issued("s")));
        let replayed = Err(CodeRefusal::Replayed { user: UserId::new("amy"), sessions: vec![SessionId::from("s")] });
        for later in [1, 2, 61, 29 * 60] {
            // Also for somebody who lacks all else.
            let thief = Presented { client_id: "other", redirect_uri: None, verifier: None };
            assert_eq!(codes.redeem(code.expose_secret(), &thief, later), replayed);
        }
    }

    #[test]
    fn a_replay_names_what_the_exchange_began_besides() {
        let (codes, offline) = (Codes::default(), SessionId::from("offline"));
        let code = codes.issue(issued("s"), 0);
        let code = code.expose_secret();
        codes.redeem(code, &RIGHT, 1).unwrap();
        assert!(codes.began(code, &offline));
        let Err(CodeRefusal::Replayed { sessions, .. }) = codes.redeem(code, &RIGHT, 2) else { panic!("no replay") };
        assert_eq!(sessions, [SessionId::from("s"), offline.clone()]);
        assert!(!codes.began(code, &SessionId::from("late")), "a replay has come before");
        assert!(codes.began("forgotten", &offline));
    }

    #[test]
    fn a_failed_attempt_spends_the_code_and_ends_nothing() {
        let codes = Codes::default();
        let code = codes.issue(issued("s"), 0);
        let wrong = Presented { verifier: None, ..RIGHT };
        assert!(codes.redeem(code.expose_secret(), &wrong, 1).is_err());
        assert_eq!(codes.redeem(code.expose_secret(), &RIGHT, 2), INVALID);
        assert_eq!(codes.redeem(code.expose_secret(), &RIGHT, 3), INVALID);
        assert_eq!(codes.redeem("never-issued", &RIGHT, 3), INVALID);
    }

    #[test]
    fn of_many_that_come_at_once_one_is_served() {
        let codes = Codes::default();
        let code = codes.issue(issued("s"), 0);
        let served = std::thread::scope(|scope| {
            let attempts: Vec<_> =
                (0..8).map(|_| scope.spawn(|| codes.redeem(code.expose_secret(), &RIGHT, 1).is_ok())).collect();
            attempts.into_iter().map(|attempt| attempt.join().unwrap()).filter(|served| *served).count()
        });
        assert_eq!(served, 1);
    }

    #[test]
    fn memory_is_bounded_and_cleared() {
        let codes = Codes::holding(3);
        let made: Vec<_> = (0..4).map(|number| codes.issue(issued(&number.to_string()), number)).collect();
        assert_eq!(codes.redeem(made[0].expose_secret(), &RIGHT, 4), INVALID, "the oldest gave way");
        assert_eq!(codes.redeem(made[3].expose_secret(), &RIGHT, 4), Ok(issued("3")));
        codes.issue(issued("late"), 10_000);
        let state = codes.state.lock().unwrap();
        assert_eq!((state.codes.len(), state.order.len(), state.of_session.len()), (1, 1, 1));
    }

    #[test]
    fn one_session_does_not_make_the_codes_of_others_be_forgotten() {
        let codes = Codes::holding(MOST_OF_SESSION + 10);
        let other = codes.issue(issued("other"), 0);
        let made: Vec<_> = (0..10 * MOST_OF_SESSION).map(|_| codes.issue(issued("s"), 1)).collect();
        {
            let state = codes.state.lock().unwrap();
            assert_eq!((state.codes.len(), state.of_session.len()), (MOST_OF_SESSION + 1, 2));
            assert!(state.order.len() <= 2 * codes.most);
        }
        assert_eq!(codes.redeem(other.expose_secret(), &RIGHT, 2), Ok(issued("other")));
        assert_eq!(codes.redeem(made[0].expose_secret(), &RIGHT, 2), INVALID);
        assert_eq!(codes.redeem(made[made.len() - 1].expose_secret(), &RIGHT, 2), Ok(issued("s")));
        codes.issue(issued("late"), 10_000);
        let state = codes.state.lock().unwrap();
        assert_eq!((state.codes.len(), state.order.len(), state.of_session.len()), (1, 1, 1));
    }
}
