//! What became of one attempt to send a call, and whether there is another.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

use super::{CallError, Class, Kind, Refusal};

/// How often a call is sent at most.
pub(super) const ATTEMPTS: usize = 3;

/// The longest pause that a server's `Retry-After` brings about. Keycloak's own figure says how long it has been starting, not how long it
/// will still take.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Why an attempt brought no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// The call has not been sent, for a reason of this process.
    NotSent(String),
    /// It has certainly not been carried out. The server may have said when to come again.
    NotArrived(String, Option<Duration>),
    /// It may have been carried out.
    Unclear(String),
    /// Keycloak said no.
    Refused(Box<Refusal>),
}

/// The pauses before the attempts after the first.
pub(super) fn pauses() -> ExponentialBackoff {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(50))
        .with_factor(4.0)
        .with_jitter()
        .with_max_times(ATTEMPTS - 1)
        .build()
}

impl Failure {
    pub(super) fn of_transfer(error: reqwest::Error) -> Self {
        let arrived = !error.is_connect() && !error.is_builder();
        // The address may hold what must not be logged, and says nothing new.
        let error = error.without_url();
        let mut cause = error.to_string();
        let mut inner = error.source();
        while let Some(error) = inner {
            let _ = write!(cause, ": {error}");
            inner = error.source();
        }
        if arrived { Self::Unclear(cause) } else { Self::NotArrived(cause, None) }
    }

    /// Of an answer with a status that is not a success.
    pub(super) fn of_status(kind: Kind, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Self {
        let text = || {
            let text: String = String::from_utf8_lossy(body).trim().chars().take(200).collect();
            format!("status {status}: {text}")
        };
        match status {
            429 => Self::NotArrived(text(), retry_after),
            // Whoever says when to come again has not begun. Other 503s come from gateways, some of which say so when they have lost the
            // answer.
            503 if retry_after.is_some() || body.starts_with(b"Bootstrap in progress") => {
                Self::NotArrived(text(), retry_after)
            }
            502..=504 => Self::Unclear(text()),
            _ => Self::Refused(Box::new(Refusal::read(kind, status, body))),
        }
    }

    /// What has certainly not arrived can be sent again, and so can reads and what brings about a state. A 500 to a read is often a row that
    /// somebody else has just changed; a 500 to a change asks for a look at what is there first.
    pub(super) fn may_be_repeated(&self, class: Class) -> bool {
        match self {
            Self::NotSent(_) => false,
            Self::NotArrived(..) => class != Class::Token,
            Self::Unclear(_) => class.may_be_carried_out_twice(),
            Self::Refused(refusal) => refusal.status == 500 && class.only_reads(),
        }
    }

    /// The pause before the next attempt: `planned`, or longer if the server asked for it.
    pub(super) fn pause(&self, planned: Duration) -> Duration {
        match self {
            Self::NotArrived(_, Some(asked)) => planned.max((*asked).min(LONGEST_PAUSE)),
            _ => planned,
        }
    }

    pub(super) fn cause(&self) -> String {
        match self {
            Self::NotSent(cause) | Self::NotArrived(cause, _) | Self::Unclear(cause) => cause.clone(),
            Self::Refused(refusal) => refusal.to_string(),
        }
    }

    /// The error of the call whose last attempt this was. `earlier_unclear`: an earlier attempt may have been carried out.
    pub(super) fn into_error(self, kind: Kind, earlier_unclear: bool) -> CallError {
        let call = kind.name;
        let maybe_carried_out = earlier_unclear || matches!(self, Self::Unclear(_));
        match self {
            Self::Refused(refusal) => CallError::Refused(refusal),
            Self::NotSent(cause) | Self::NotArrived(cause, _) | Self::Unclear(cause) => {
                if maybe_carried_out && !kind.class.only_reads() {
                    CallError::Unknown { call, cause }
                } else {
                    CallError::Unavailable { call, cause }
                }
            }
        }
    }
}
