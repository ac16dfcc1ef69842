//! How far the picture can be trusted. Pure.

use std::time::Duration;

use jiff::Timestamp;
use primehub_core::identity::Freshness;

/// What is known of the connection to Keycloak.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Health {
    /// When the picture was last known to be true; none before there is one.
    known: Option<Timestamp>,
    /// Why it is not any more.
    outage: Option<String>,
    /// Why changes do not show by themselves, and for how long.
    missing: Option<(Duration, String)>,
}

impl Health {
    /// Whether there is a picture.
    pub(super) fn is_loaded(&self) -> bool {
        self.known.is_some()
    }

    /// Whether Keycloak is away.
    pub(super) fn is_stale(&self) -> bool {
        self.outage.is_some()
    }

    /// The picture is true at `now`, as far as events tell.
    pub(super) fn confirm(&mut self, now: Timestamp) {
        self.known = Some(now);
        self.outage = None;
    }

    /// Keycloak is there, which says nothing about the picture.
    pub(super) fn heal(&mut self) {
        self.outage = None;
    }

    /// Keycloak is away. A cause that is known already stays until another one comes.
    pub(super) fn lose(&mut self, cause: impl Into<String>) {
        self.outage = Some(cause.into());
    }

    /// Whether events are missing: why, and how long a change can remain unseen.
    pub(super) fn set_missing(&mut self, missing: Option<(Duration, String)>) {
        self.missing = missing;
    }

    /// Seconds since the picture was known to be true.
    pub(super) fn age(&self, now: Timestamp) -> i64 {
        self.known.map_or(0, |known| now.duration_since(known).as_secs().max(0))
    }

    /// 0: no picture yet, 1: follows events, 2: events are missing, 3: Keycloak is away.
    pub(super) fn mode(&self) -> i64 {
        match self.freshness() {
            Freshness::NotLoaded => 0,
            Freshness::Delayed { .. } => 2,
            Freshness::Stale { .. } => 3,
            _ => 1,
        }
    }

    pub(super) fn freshness(&self) -> Freshness {
        match (self.known, &self.outage, &self.missing) {
            (None, ..) => Freshness::NotLoaded,
            (Some(since), Some(cause), _) => Freshness::Stale { since, cause: cause.clone() },
            (Some(_), None, Some((by, cause))) => Freshness::Delayed { by: *by, cause: cause.clone() },
            (Some(_), None, None) => Freshness::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_comes_before_missing_events_and_before_there_is_a_picture_there_is_none() {
        let mut health = Health::default();
        health.lose("refused");
        assert_eq!((health.freshness(), health.mode()), (Freshness::NotLoaded, 0));
        let since = Timestamp::from_second(100).unwrap();
        health.confirm(since);
        assert_eq!((health.freshness(), health.mode()), (Freshness::Live, 1));
        let by = Duration::from_mins(1);
        health.set_missing(Some((by, "off".into())));
        assert_eq!((health.freshness(), health.mode()), (Freshness::Delayed { by, cause: "off".into() }, 2));
        health.lose("refused");
        assert_eq!((health.freshness(), health.mode()), (Freshness::Stale { since, cause: "refused".into() }, 3));
        assert_eq!(health.age(Timestamp::from_second(130).unwrap()), 30);
        health.confirm(Timestamp::from_second(131).unwrap());
        health.set_missing(None);
        assert_eq!(health.freshness(), Freshness::Live);
    }
}
