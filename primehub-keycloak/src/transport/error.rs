//! What comes back when it is not what was asked for.

use primehub_core::identity::{IdentityError, Key};
use serde::Deserialize;

use super::{Class, Kind};

/// Why a call brought nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// Keycloak cannot be reached or does not work. The call has not been carried out.
    #[error("{call}: {cause}")]
    Unavailable { call: &'static str, cause: String },
    /// The connection broke, or time ran out, after the call had left: it may have been carried out.
    #[error("{call}: {cause}; it may have been carried out")]
    Unknown { call: &'static str, cause: String },
    /// Keycloak answered, and it was a no.
    #[error("{call}: {0}", call = .0.kind.name)]
    Refused(Box<Refusal>),
    /// Keycloak answered something that cannot be read.
    #[error("{call}: the answer cannot be read: {cause}")]
    Unreadable { call: &'static str, cause: String },
}

/// A refusal, in whichever of its shapes Keycloak chose.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) status: u16,
    /// `error`, a code or a text.
    pub(crate) error: Option<String>,
    /// `errorMessage` or `error_description`.
    pub(crate) message: Option<String>,
    /// Fields that were not accepted.
    pub(crate) violations: Vec<Violation>,
}

/// One field that was not accepted.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub(crate) struct Violation {
    #[serde(default)]
    pub(crate) field: Option<String>,
    #[serde(default, rename = "errorMessage")]
    pub(crate) message: Option<String>,
}

impl CallError {
    /// The status, if there was an answer.
    pub(crate) fn status(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.status),
            Self::Unavailable { .. } | Self::Unknown { .. } | Self::Unreadable { .. } => None,
        }
    }

    /// Whether Keycloak says that the object in question does not exist: see [`Refusal::is_absent`].
    pub(crate) fn is_absent(&self) -> bool {
        self.refusal().is_some_and(Refusal::is_absent)
    }

    /// The refusal, if it is one.
    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// The error as callers of the identity store know it, where nothing better can be said. `key` is what the call was about.
    pub(crate) fn into_identity(self, key: Option<&Key>) -> IdentityError {
        match self {
            Self::Unavailable { .. } | Self::Unreadable { .. } => {
                IdentityError::Unavailable { cause: self.to_string() }
            }
            Self::Unknown { call, .. } => IdentityError::OutcomeUnknown { operation: call },
            Self::Refused(refusal) => refusal.into_identity(key),
        }
    }
}

impl Refusal {
    /// Reads a body of any shape: JSON with optional parts, or text.
    pub(crate) fn read(kind: Kind, status: u16, body: &[u8]) -> Self {
        #[derive(Default, Deserialize)]
        struct Shape {
            #[serde(default)]
            error: Option<String>,
            #[serde(default)]
            error_description: Option<String>,
            #[serde(default)]
            errors: Option<Vec<Violation>>,
        }
        let text = || String::from_utf8_lossy(body).trim().chars().take(300).collect::<String>();
        let Ok(shape) = serde_json::from_slice::<Shape>(body) else {
            return Self { kind, status, error: None, message: Some(text()), violations: Vec::new() };
        };
        let own = serde_json::from_slice::<Violation>(body).ok();
        let mut violations = shape.errors.unwrap_or_default();
        let mut message = shape.error_description;
        if let Some(own) = own {
            if own.field.is_some() {
                violations.push(own);
            } else if own.message.is_some() {
                message = own.message;
            }
        }
        Self { kind, status, error: shape.error, message, violations }
    }

    /// What cannot stand in an address does not exist there.
    pub(super) fn unaddressable(kind: Kind) -> Self {
        let message = Some("such a name cannot stand in an address".to_owned());
        Self { kind, status: 404, error: Some("not found".to_owned()), message, violations: Vec::new() }
    }

    /// Whether Keycloak says that the object in question does not exist. If the whole realm is missing, or an address that Keycloak should
    /// have, or if somebody else answers (a gateway's page), that says nothing about an object.
    pub(crate) fn is_absent(&self) -> bool {
        self.status == 404 && self.error.is_some() && !self.is_realm_absent() && !self.is_address_absent()
    }

    /// Whether Keycloak says that it has no such address, within a realm or beside them.
    fn is_address_absent(&self) -> bool {
        self.says("HTTP 404") || self.says("matching target resource")
    }

    /// Whether Keycloak says that it does not have the realm.
    pub(crate) fn is_realm_absent(&self) -> bool {
        self.status == 404 && (self.says("realm not found") || self.says("realm does not exist"))
    }

    /// Whether the words contain `text`, whatever the case.
    pub(crate) fn says(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        [&self.error, &self.message].into_iter().flatten().any(|words| words.to_lowercase().contains(&text))
    }

    fn into_identity(self, key: Option<&Key>) -> IdentityError {
        match (self.status, key) {
            // Where tokens are issued, it is the platform's own client that was not accepted.
            (401, _) if !matches!(self.kind.class, Class::Token | Class::Public) => IdentityError::TokenNotAccepted,
            (403, _) => IdentityError::Denied { missing: self.kind.right.to_owned() },
            (404, Some(key)) if self.is_absent() => IdentityError::Absent(key.clone()),
            (400, _) => {
                let violation = self.violations.first();
                let field = violation.and_then(|violation| violation.field.clone());
                let reason = violation.and_then(|violation| violation.message.clone()).or_else(|| self.message.clone());
                IdentityError::Invalid {
                    field: field.unwrap_or_else(|| self.kind.name.to_owned()),
                    reason: format!(
                        "was not accepted: {}",
                        reason.or(self.error).unwrap_or_else(|| "no reason given".into())
                    ),
                }
            }
            _ => IdentityError::Unavailable { cause: format!("{}: {self}", self.kind.name) },
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "status {}", self.status)?;
        for words in [&self.error, &self.message].into_iter().flatten() {
            write!(f, ", {words}")?;
        }
        for violation in &self.violations {
            let (field, message) = (violation.field.as_deref(), violation.message.as_deref());
            write!(f, ", {}: {}", field.unwrap_or("?"), message.unwrap_or("?"))?;
        }
        Ok(())
    }
}
