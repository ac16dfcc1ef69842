//! The one mapping from errors to what a client sees.

use async_graphql::ErrorExtensions as _;
use primehub_core::access::Denied;
use primehub_core::identity::{Conflict, IdentityError, InvalidFilter, Key, SHARED_VOLUME_CAPACITY_MISSING};

/// The stable code of an error, at `errors[].extensions.code`. The console and the Python SDK decide by it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Code {
    /// The document is not GraphQL.
    GraphqlParseFailed,
    /// The document does not fit the schema, or exceeds a limit.
    GraphqlValidationFailed,
    /// An argument has a value that it cannot have.
    BadUserInput,
    /// Nobody we know calls.
    Unauthenticated,
    /// The caller may not do this.
    NotAuth,
    /// A field of the input cannot be stored.
    RequestBodyInvalid,
    /// The licence allows no more.
    ExceedQuota,
    /// The login name is taken.
    UserConflictUsername,
    /// The e-mail address is taken.
    UserConflictEmail,
    /// No such user.
    UserNotExist,
    /// The user has no e-mail address.
    UserEmailNotExist,
    /// The API tokens could not be revoked.
    UserRevokeFailed,
    /// The API tokens could not be counted.
    UserApiTokenCount,
    /// A group has the name already.
    GroupConflictName,
    /// The object exists already.
    ResourceConflict,
    /// The object does not exist.
    ResourceNotFound,
    /// A part of the platform that this needs cannot be reached, or does not exist here.
    ApiUnavailable,
    /// The invitation's token is unknown.
    InvalidToken,
    /// The invitation is too old.
    ExpiredToken,
    /// The invited person cannot have that username.
    BadUsername,
    /// Part of the operation was carried out.
    PartialFailure,
    /// A request that is not well-formed as HTTP.
    InternalError,
    /// Anything else.
    InternalServerError,
}

impl Code {
    /// The spelling on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GraphqlParseFailed => "GRAPHQL_PARSE_FAILED",
            Self::GraphqlValidationFailed => "GRAPHQL_VALIDATION_FAILED",
            Self::BadUserInput => "BAD_USER_INPUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::NotAuth => "NOT_AUTH",
            Self::RequestBodyInvalid => "REQUEST_BODY_INVALID",
            Self::ExceedQuota => "EXCEED_QUOTA",
            Self::UserConflictUsername => "USER_CONFLICT_USERNAME",
            Self::UserConflictEmail => "USER_CONFLICT_EMAIL",
            Self::UserNotExist => "USER_NOT_EXIST",
            Self::UserEmailNotExist => "USER_EMAIL_NOT_EXIST",
            Self::UserRevokeFailed => "USER_REVOKE_FAILED",
            Self::UserApiTokenCount => "USER_API_TOKEN_COUNT",
            Self::GroupConflictName => "GROUP_CONFLICT_NAME",
            Self::ResourceConflict => "RESOURCE_CONFLICT",
            Self::ResourceNotFound => "RESOURCE_NOT_FOUND",
            Self::ApiUnavailable => "API_UNAVAILABLE",
            Self::InvalidToken => "INVALID_TOKEN",
            Self::ExpiredToken => "EXPIRED_TOKEN",
            Self::BadUsername => "BAD_USERNAME",
            Self::PartialFailure => "PARTIAL_FAILURE",
            Self::InternalError => "INTERNAL_ERROR",
            Self::InternalServerError => "INTERNAL_SERVER_ERROR",
        }
    }
}

/// What a client is told, and nothing more: causes go to the log.
///
/// Deliberately without `Display`: the GraphQL engine turns everything that has one into an error of its own, without a code. This way its only
/// conversion is the one below.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ApiError {
    /// The code to decide by.
    pub(crate) code: Code,
    /// The text to show.
    pub(crate) message: String,
}

impl ApiError {
    /// An error with a text for the person at the other end.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A field of the input that cannot be stored.
    pub(crate) fn invalid(field: &str, reason: impl std::fmt::Display) -> Self {
        Self::new(Code::RequestBodyInvalid, format!("{field} {reason}"))
    }

    /// The answer of every field that is read with the help of a Kubernetes API where there is none.
    #[must_use]
    pub(crate) fn needs_kubernetes(what: &str) -> Self {
        let message = format!("{what} needs Kubernetes, and this server is not connected to any");
        Self::new(Code::ApiUnavailable, message)
    }

    /// The answer of every change that needs a Kubernetes API where there is none. Nothing has been written.
    #[must_use]
    pub(crate) fn change_needs_kubernetes(what: &str) -> Self {
        let Self { code, message } = Self::needs_kubernetes(what);
        Self::new(code, format!("{message}; nothing was changed"))
    }
}

impl From<ApiError> for async_graphql::Error {
    fn from(error: ApiError) -> Self {
        Self::new(error.message).extend_with(|_, extensions| extensions.set("code", error.code.as_str()))
    }
}

impl From<Denied> for ApiError {
    fn from(denied: Denied) -> Self {
        Self::new(Code::NotAuth, denied.to_string())
    }
}

impl From<InvalidFilter> for ApiError {
    fn from(invalid: InvalidFilter) -> Self {
        Self::new(Code::BadUserInput, invalid.to_string())
    }
}

impl From<IdentityError> for ApiError {
    /// The mapping that holds where an operation does not say otherwise. Text from upstream is never passed on for failures that are not
    /// the client's.
    fn from(error: IdentityError) -> Self {
        let message = error.to_string();
        match error {
            IdentityError::Absent(Key::User(_)) => Self::new(Code::UserNotExist, "user does not exist"),
            IdentityError::Absent(Key::Group(id)) => {
                Self::new(Code::ResourceNotFound, format!("there is no group with id {id}"))
            }
            IdentityError::Absent(_) => Self::new(Code::ResourceNotFound, message),
            IdentityError::Conflict(Conflict::Email) => Self::new(Code::UserConflictEmail, message),
            IdentityError::Conflict(Conflict::Username | Conflict::UsernameOrEmail) => {
                Self::new(Code::UserConflictUsername, message)
            }
            IdentityError::Conflict(Conflict::GroupName) => Self::new(Code::GroupConflictName, message),
            IdentityError::Conflict(Conflict::RoleName | Conflict::Expectation) => {
                Self::new(Code::ResourceConflict, message)
            }
            IdentityError::Conflict(_) => Self::new(Code::ResourceConflict, message),
            // The console shows the text of this code, which it knows, as it is.
            IdentityError::Invalid { .. } if message == SHARED_VOLUME_CAPACITY_MISSING => {
                Self::new(Code::InternalServerError, message)
            }
            IdentityError::Invalid { field, reason } => Self::invalid(&field, reason),
            IdentityError::LimitReached { .. } => Self::new(Code::ExceedQuota, message),
            IdentityError::Denied { missing } => {
                Self::new(Code::NotAuth, format!("the identity provider refused: the account lacks the role {missing}"))
            }
            IdentityError::TokenNotAccepted => Self::new(Code::NotAuth, format!("{message}; log in again")),
            IdentityError::Unsupported { .. } => Self::new(Code::ApiUnavailable, message),
            IdentityError::NotWritable { .. } => {
                Self::new(Code::ApiUnavailable, format!("{message}; nothing was changed"))
            }
            IdentityError::Unavailable { cause } => {
                tracing::warn!(%cause, "the identity provider is not available");
                Self::new(Code::ApiUnavailable, "the identity provider is not available; nothing was changed")
            }
            IdentityError::OutcomeUnknown { .. } => {
                Self::new(Code::ApiUnavailable, format!("{message}; look before trying again"))
            }
            IdentityError::Partial { .. } => Self::new(Code::PartialFailure, message),
            _ => {
                tracing::error!(%message, "an identity error without a mapping");
                Self::new(Code::InternalServerError, "internal server error")
            }
        }
    }
}
