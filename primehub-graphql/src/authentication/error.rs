//! Why a request has no caller.

use crate::error::{ApiError, Code};

/// Why a request could not be given a caller. The texts are those that clients of the platform have always seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum AuthenticationError {
    /// No credentials, or of a kind that is not accepted.
    #[error("request not authorized")]
    NotAuthorized,
    /// A bearer token that nobody vouches for, or whose account is gone or disabled.
    #[error("Invalid API Token")]
    InvalidToken,
    /// A user name and password that do not belong together, or one of the two is missing.
    #[error("basic auth not valid")]
    BasicInvalid,
    /// More passwords than one client may try, or one account may be tried with.
    #[error("too many attempts; try again in {retry_after} s")]
    TooFast {
        /// Whole seconds after which asking again helps.
        retry_after: u64,
    },
    /// Nobody can say at the moment: the identity provider is away, and what is known of it is too old.
    #[error("the identity provider is not available")]
    Unavailable,
}

impl AuthenticationError {
    /// The `result` under which metrics count the attempt.
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::NotAuthorized | Self::InvalidToken | Self::BasicInvalid => "refused",
            Self::TooFast { .. } => "too_fast",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<AuthenticationError> for ApiError {
    /// The prefix is part of what clients have always seen: there is no context to run an operation in.
    fn from(error: AuthenticationError) -> Self {
        let code = match error {
            AuthenticationError::NotAuthorized
            | AuthenticationError::InvalidToken
            | AuthenticationError::BasicInvalid => Code::Unauthenticated,
            AuthenticationError::TooFast { .. } | AuthenticationError::Unavailable => Code::ApiUnavailable,
        };
        Self::new(code, format!("Context creation failed: {error}"))
    }
}
