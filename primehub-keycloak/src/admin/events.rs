//! What happened in the realm. Event times are Keycloak's, in milliseconds since the epoch.

use serde::de::DeserializeOwned;

use super::view::number;
use super::{Admin, AdminEvent, UserEvent};
use crate::transport::{CallError, Class, Kind};

/// Looked at every second: not behind the pages of a complete reading.
const ADMIN: Kind = Kind::new("events.admin", Class::Read, "view-events");
const USER: Kind = Kind::new("events.user", Class::Read, "view-events");

/// Changes through the admin interface, and what people do by themselves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Events<'a>(pub(super) Admin<'a>);

impl Events<'_> {
    /// Changes at or after `from_ms`, oldest first, from the `first` on.
    pub(crate) async fn admin_events(
        self,
        from_ms: i64,
        first: usize,
        max: usize,
    ) -> Result<Vec<AdminEvent>, CallError> {
        self.since(ADMIN, "admin-events", from_ms, first, max).await
    }

    /// What people did at or after `from_ms`, oldest first, from the `first` on.
    pub(crate) async fn user_events(self, from_ms: i64, first: usize, max: usize) -> Result<Vec<UserEvent>, CallError> {
        self.since(USER, "events", from_ms, first, max).await
    }

    pub(crate) async fn newest_admin_event(self) -> Result<Option<AdminEvent>, CallError> {
        Ok(self.newest_admin_events(1).await?.into_iter().next())
    }

    /// At most so many changes, newest first.
    pub(crate) async fn newest_admin_events(self, max: usize) -> Result<Vec<AdminEvent>, CallError> {
        self.newest(ADMIN, "admin-events", max).await
    }

    pub(crate) async fn newest_user_event(self) -> Result<Option<UserEvent>, CallError> {
        Ok(self.newest_user_events(1).await?.into_iter().next())
    }

    /// At most so many acts of people, newest first.
    pub(crate) async fn newest_user_events(self, max: usize) -> Result<Vec<UserEvent>, CallError> {
        self.newest(USER, "events", max).await
    }

    async fn since<T: DeserializeOwned>(
        self,
        kind: Kind,
        list: &str,
        from_ms: i64,
        first: usize,
        max: usize,
    ) -> Result<Vec<T>, CallError> {
        // Keycloak refuses times before the epoch.
        let call = self.0.get(kind, &[list]).query("dateFrom", number(from_ms.max(0))).query("direction", "asc");
        self.0.read(call.query("first", number(first)).query("max", number(max))).await
    }

    async fn newest<T: DeserializeOwned>(self, kind: Kind, list: &str, max: usize) -> Result<Vec<T>, CallError> {
        let call = self.0.get(kind, &[list]).query("direction", "desc");
        self.0.read(call.query("first", "0").query("max", number(max))).await
    }
}
