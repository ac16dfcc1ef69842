//! One attempt to get an API token. All that is known of it travels with the browser: any replica can go on where another has begun.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::http::prefix::Prefix;

/// How long an attempt may take, from leaving for the login page to handing in the code.
pub(super) const LIFETIME: Duration = Duration::from_mins(10);
/// By how much the clocks of two replicas may differ.
const CLOCK_SKEW: Duration = Duration::from_secs(30);

/// Makes attempts and recognizes its own.
///
/// The state is the attempt with a message authentication code. What must not be known to whoever reads the state is derived from it
/// with other keys: the PKCE verifier, which never leaves the server but for the provider, and the mark of the browser.
pub(super) struct Attempts {
    state: Key,
    verifier: Key,
    mark: Key,
}

/// An attempt that this installation has begun.
pub(super) struct Attempt {
    /// Format, beginning, nonce, prefix.
    payload: Vec<u8>,
}

/// Why a state does not belong to an attempt that can go on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum InvalidState {
    /// Not made here, or changed since.
    Foreign,
    /// Too old.
    Expired,
}

/// There is no randomness.
#[derive(Clone, Copy, Debug)]
pub(super) struct NoRandomness;

const FORMAT: u8 = 1;
const NONCE: usize = 16;
const MAC: usize = 32;
const PREFIX_AT: usize = 1 + 8 + NONCE;
/// Longer ones were not made here.
const LONGEST_STATE: usize = 1024;

impl Attempts {
    /// Attempts that everyone recognizes who knows `secret`.
    pub(super) fn new(secret: &SecretString) -> Self {
        let root = Key::new(HMAC_SHA256, secret.expose_secret().as_bytes());
        let key = |label: &str| Key::new(HMAC_SHA256, sign(&root, label.as_bytes()).as_ref());
        Self {
            state: key("primehub api token flow: state"),
            verifier: key("primehub api token flow: verifier"),
            mark: key("primehub api token flow: mark of the browser"),
        }
    }

    /// The attempt that `state` belongs to.
    ///
    /// # Errors
    /// When it is not ours, or too old.
    pub(super) fn read(&self, state: &str, now: Timestamp) -> Result<Attempt, InvalidState> {
        if state.len() > LONGEST_STATE {
            return Err(InvalidState::Foreign);
        }
        let bytes = URL_SAFE_NO_PAD.decode(state).map_err(|_| InvalidState::Foreign)?;
        let (payload, mac) =
            bytes.len().checked_sub(MAC).and_then(|at| bytes.split_at_checked(at)).ok_or(InvalidState::Foreign)?;
        verify(&self.state, payload, mac).map_err(|_| InvalidState::Foreign)?;
        let attempt = Attempt { payload: payload.to_vec() };
        let began = attempt.began().ok_or(InvalidState::Foreign)?;
        let age = now.duration_since(began);
        let in_time = if age.is_negative() { age.unsigned_abs() <= CLOCK_SKEW } else { age.unsigned_abs() < LIFETIME };
        if in_time { Ok(attempt) } else { Err(InvalidState::Expired) }
    }

    /// What the login page sends back.
    pub(super) fn state(&self, attempt: &Attempt) -> String {
        let mut bytes = attempt.payload.clone();
        bytes.extend(sign(&self.state, &attempt.payload).as_ref());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The PKCE verifier: 256 bits.
    pub(super) fn verifier(&self, attempt: &Attempt) -> SecretString {
        URL_SAFE_NO_PAD.encode(sign(&self.verifier, &attempt.payload)).into()
    }

    /// What stands for the verifier in the address of the login page (RFC 7636, `S256`).
    pub(super) fn challenge(&self, attempt: &Attempt) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier(attempt).expose_secret().as_bytes()))
    }

    /// What the browser that has begun keeps in a cookie.
    pub(super) fn mark(&self, attempt: &Attempt) -> String {
        URL_SAFE_NO_PAD.encode(sign(&self.mark, &attempt.payload))
    }

    /// Whether `mark` is that of the browser that has begun.
    pub(super) fn is_mark(&self, attempt: &Attempt, mark: &str) -> bool {
        self.mark(attempt).as_bytes().ct_eq(mark.as_bytes()).into()
    }
}

impl Attempt {
    /// A new attempt, below `prefix`.
    ///
    /// # Errors
    /// When the operating system has no randomness to give.
    pub(super) fn begin(prefix: &Prefix, now: Timestamp) -> Result<Self, NoRandomness> {
        let mut nonce = [0; NONCE];
        aws_lc_rs::rand::fill(&mut nonce).map_err(|_| NoRandomness)?;
        let mut payload = vec![FORMAT];
        payload.extend(now.as_second().to_be_bytes());
        payload.extend(nonce);
        payload.extend(prefix.as_str().as_bytes());
        Ok(Self { payload })
    }

    /// Below which prefix it began.
    pub(super) fn is_below(&self, prefix: &Prefix) -> bool {
        self.payload.get(PREFIX_AT..).is_some_and(|rest| rest == prefix.as_str().as_bytes())
    }

    fn began(&self) -> Option<Timestamp> {
        if self.payload.first() != Some(&FORMAT) || self.payload.len() < PREFIX_AT {
            return None;
        }
        let seconds = self.payload.get(1..9)?.try_into().ok()?;
        Timestamp::from_second(i64::from_be_bytes(seconds)).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const START: Timestamp = Timestamp::constant(1_900_000_000, 0);

    fn attempts() -> Attempts {
        Attempts::new(&"a secret of the tests".into())
    }

    #[test]
    fn an_attempt_is_recognized_by_everyone_who_knows_the_secret() {
        let prefix = Prefix::new("/console");
        let attempt = Attempt::begin(&prefix, START).unwrap();
        let state = attempts().state(&attempt);
        let again = attempts().read(&state, START).ok().unwrap();
        assert!(again.is_below(&prefix) && !again.is_below(&Prefix::default()));
        assert!(attempts().is_mark(&again, &attempts().mark(&attempt)));
        assert_eq!(
            attempts().verifier(&again).expose_secret(),
            attempts().verifier(&attempt).expose_secret(),
            "no memory is needed"
        );
        let others = Attempts::new(&"another secret, for once".into());
        assert!(matches!(others.read(&state, START), Err(InvalidState::Foreign)));
    }

    #[test]
    fn verifier_mark_and_state_say_nothing_about_each_other() {
        let attempts = attempts();
        let [one, other] = [(); 2].map(|()| Attempt::begin(&Prefix::default(), START).unwrap());
        let verifier = attempts.verifier(&one).expose_secret().to_owned();
        assert_eq!(verifier.len(), 43, "as long as RFC 7636 wants it");
        assert_ne!(verifier, attempts.mark(&one));
        assert!(!attempts.state(&one).contains(&verifier));
        assert_ne!(attempts.state(&one), attempts.state(&other));
        assert!(!attempts.is_mark(&one, &attempts.mark(&other)));
        assert!(!attempts.is_mark(&one, ""));
    }

    #[rstest]
    #[case::at_once(0, true)]
    #[case::in_time(599, true)]
    #[case::too_late(600, false)]
    #[case::a_clock_behind(-30, true)]
    #[case::from_the_future(-31, false)]
    fn attempts_expire(#[case] seconds: i64, #[case] valid: bool) {
        let attempts = attempts();
        let state = attempts.state(&Attempt::begin(&Prefix::default(), START).unwrap());
        let now = Timestamp::from_second(START.as_second() + seconds).unwrap();
        assert_eq!(attempts.read(&state, now).err(), (!valid).then_some(InvalidState::Expired));
    }

    proptest! {
        #[test]
        fn reading_never_panics(state in ".{0,200}") {
            prop_assert!(matches!(attempts().read(&state, START), Err(InvalidState::Foreign)));
        }

        #[test]
        fn a_changed_state_is_foreign(at in 0_usize..87, bit in 0_u8..8) {
            let attempts = attempts();
            let state = attempts.state(&Attempt::begin(&Prefix::new("/console"), START).unwrap());
            let mut bytes = URL_SAFE_NO_PAD.decode(&state).unwrap();
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
            let state = URL_SAFE_NO_PAD.encode(bytes);
            prop_assert!(matches!(attempts.read(&state, START), Err(InvalidState::Foreign)));
        }

        #[test]
        fn a_state_makes_the_round_trip(prefix in "[a-z/]{0,30}", seconds in 0_i64..4_000_000_000) {
            let (attempts, prefix) = (attempts(), Prefix::new(&prefix));
            let now = Timestamp::from_second(seconds).unwrap();
            let state = attempts.state(&Attempt::begin(&prefix, now).unwrap());
            prop_assert!(attempts.read(&state, now).ok().unwrap().is_below(&prefix));
        }
    }
}
