//! How reading and writing identity data fails.

use crate::identity::Key;

/// What another object already has.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Conflict {
    /// The login name is taken.
    Username,
    /// The e-mail address is taken.
    Email,
    /// One of the two is taken and the provider does not say which.
    UsernameOrEmail,
    /// A group has the name, or one whose path is the same.
    GroupName,
    /// A role has the name.
    RoleName,
    /// An attribute that the edit relied on has changed meanwhile: decide anew and try again.
    Expectation,
}

impl Conflict {
    /// The text that Keycloak sends and clients show.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::Username => "User exists with same username",
            Self::Email => "User exists with same email",
            Self::UsernameOrEmail => "User exists with same username or email",
            Self::GroupName => "Group exists with same name",
            Self::RoleName => "Role exists with same name",
            Self::Expectation => "the stored values have changed meanwhile",
        }
    }
}

/// Why identity data could not be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// What the call names does not exist (any more).
    #[error("{0} does not exist")]
    Absent(Key),
    /// Something else is in the way; nothing was written.
    #[error("{}", .0.message())]
    Conflict(Conflict),
    /// A value cannot be stored; nothing was written.
    #[error("{field} {reason}")]
    Invalid {
        /// The field or attribute, by the name the caller used.
        field: String,
        /// What is wrong with it, as the end of a sentence.
        reason: String,
    },
    /// The number of users or groups has reached what the caller allowed; nothing was written.
    #[error("there are already {limit} or more")]
    LimitReached {
        /// The number that may exist.
        limit: u64,
    },
    /// The acting account lacks a right.
    #[error("the acting account lacks the role {missing}")]
    Denied {
        /// The role that would have allowed it.
        missing: String,
    },
    /// The provider does not accept the acting account's token (any more): it has expired or was revoked, the account was disabled, or the
    /// provider's address has changed. Nothing was written.
    #[error("the identity provider does not accept the token of the acting account")]
    TokenNotAccepted,
    /// The backend does not offer this operation at all.
    #[error("the identity store does not support {operation}")]
    Unsupported {
        /// What was asked for.
        operation: &'static str,
    },
    /// The provider cannot be reached or does not work; nothing was written.
    #[error("the identity provider is not available: {cause}")]
    Unavailable {
        /// What happened, for the log.
        cause: String,
    },
    /// The provider works, but cannot keep anything at the moment: its disk is full or can only be read. Reading goes on; nothing was
    /// written.
    #[error("nothing can be stored at the moment, because {reason}")]
    NotWritable {
        /// Why, as the end of a sentence that everybody may read.
        reason: String,
    },
    /// The connection broke after the request had left: it may have been carried out.
    #[error("the identity provider did not say whether {operation} was carried out")]
    OutcomeUnknown {
        /// What was asked for.
        operation: &'static str,
    },
    /// An operation of several steps stopped half way.
    #[error("done: {}; failed: {failed}", .done.join(", "))]
    Partial {
        /// The steps that were carried out.
        done: Vec<String>,
        /// The step that was not, and why.
        failed: String,
    },
}

impl IdentityError {
    /// A value of `field` cannot be stored; `reason` is the end of a sentence that begins with it.
    #[must_use]
    pub fn invalid(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into() }
    }

    /// Whether trying again unchanged can succeed.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::NotWritable { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Conflict(Conflict::Expectation) => true,
            Self::Absent(_)
            | Self::Conflict(_)
            | Self::Invalid { .. }
            | Self::LimitReached { .. }
            | Self::Denied { .. }
            | Self::TokenNotAccepted
            | Self::Unsupported { .. }
            | Self::Partial { .. } => false,
        }
    }
}
