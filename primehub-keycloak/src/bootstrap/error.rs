//! Why a realm is not set up.

use std::time::Duration;

use crate::settings::InvalidSettings;
use crate::transport::CallError;

/// Why setting up a realm ended early. What had been done until then stays; another run goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BootstrapError {
    /// With these settings no call can be made.
    #[error("the connection cannot be made")]
    Settings(#[from] InvalidSettings),
    /// What is asked for cannot be had.
    #[error("{0}")]
    Request(&'static str),
    /// Keycloak did not come up.
    #[error("keycloak has not come up within {} seconds: {cause}", waited.as_secs())]
    NotUp {
        /// How long it was waited for.
        waited: Duration,
        /// What the last look at it brought.
        cause: String,
    },
    /// The login was refused.
    #[error("keycloak does not accept the login: {cause}")]
    Login {
        /// Keycloak's words.
        cause: String,
    },
    /// The login lacks a right.
    #[error("the login may not do this: it lacks {missing} ({step})")]
    Denied {
        /// The right that is missing.
        missing: String,
        /// What was being done.
        step: String,
    },
    /// Something did not work.
    #[error("{step}: {cause}")]
    Failed {
        /// What was being done.
        step: String,
        /// What happened.
        cause: String,
    },
}

impl BootstrapError {
    /// The error of a call that was made for `step`.
    pub(super) fn of(step: &str) -> impl Fn(CallError) -> Self {
        move |error| match &error {
            CallError::Refused(refusal) if refusal.kind.name == "token.bootstrap" => {
                Self::Login { cause: refusal.to_string() }
            }
            CallError::Refused(refusal) if refusal.status == 403 => {
                Self::Denied { missing: refusal.kind.right.to_owned(), step: step.to_owned() }
            }
            _ => Self::Failed { step: step.to_owned(), cause: error.to_string() },
        }
    }
}
