//! What comes back when a call succeeds.

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::{CallError, Kind};

/// An answer that is not a refusal.
pub(crate) struct Answer {
    kind: Kind,
    location: Option<String>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(super) fn new(kind: Kind, location: Option<String>, body: Bytes) -> Self {
        Self { kind, location, body }
    }

    /// Reads the body.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| self.unreadable(without_values(&error)))
    }

    /// The id of what was created: the last segment of `Location`.
    pub(crate) fn created_id(&self) -> Result<&str, CallError> {
        let id = self.location.as_deref().and_then(|location| location.rsplit('/').next());
        id.filter(|id| !id.is_empty()).ok_or_else(|| self.unreadable("there is no id in the header Location".into()))
    }

    /// A change has been made, or was it? What Keycloak itself sends can be read, so somebody between may have answered.
    fn unreadable(&self, cause: String) -> CallError {
        let call = self.kind.name;
        if self.kind.class.only_reads() || self.kind.class == super::Class::Token {
            CallError::Unreadable { call, cause }
        } else {
            CallError::Unknown { call, cause: format!("the answer cannot be read: {cause}") }
        }
    }
}

/// Without the body, which may hold tokens and secrets.
impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { kind, location, body } = self;
        f.debug_struct("Answer")
            .field("call", &kind.name)
            .field("location", location)
            .field("bytes", &body.len())
            .finish()
    }
}

/// The error without the values that it quotes, which may be secret.
fn without_values(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let what = if text.starts_with("missing field") { text.split(" at line").next() } else { text.split(": ").next() };
    let what = if error.is_data() { what.unwrap_or_default() } else { "not JSON" };
    format!("{what}, at line {}, column {}", error.line(), error.column())
}
