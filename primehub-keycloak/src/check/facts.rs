//! What a check has seen, before it is judged.

use std::collections::BTreeSet;
use std::time::Duration;

use primehub_core::names::GroupId;

use crate::admin::{Full, GroupRow};
use crate::transport::CallError;

/// Everything that was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) address: String,
    pub(super) reach: Reach,
    /// The issuer by the realm's own words.
    pub(super) issuer: Seen<String>,
    /// How the published keys sign.
    pub(super) signing: Seen<BTreeSet<String>>,
    /// The rights in the service account's token; unknown if its tokens do not list rights.
    pub(super) login: Seen<Option<BTreeSet<String>>>,
    pub(super) version: Seen<String>,
    /// Harmless reads, each with the right that it takes.
    pub(super) reads: Vec<(&'static str, Seen<()>)>,
    pub(super) realm: Seen<Full>,
    /// The realm roles that everybody new gets.
    pub(super) default_roles: Seen<BTreeSet<String>>,
    pub(super) profile: Seen<Full>,
    pub(super) groups: Seen<Vec<GroupRow>>,
    pub(super) default_groups: Seen<BTreeSet<GroupId>>,
    /// The platform's client, if it can be seen, and what of the realm's administration its tokens may carry.
    pub(super) client: Seen<(Full, BTreeSet<String>)>,
    pub(super) people: Seen<u64>,
    /// People in the group of everyone, if counting them was cheap.
    pub(super) members: Option<u64>,
}

/// What the settings expect.
#[derive(Clone, Debug)]
pub(super) struct Expected {
    pub(super) realm: String,
    pub(super) client_id: String,
    pub(super) issuer: String,
    pub(super) everyone: Option<GroupId>,
    pub(super) overlap: Duration,
    pub(super) refresh_without_events: Duration,
    /// Whether people log in through the platform with their passwords.
    pub(super) passwords: bool,
}

/// How far a call comes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) enum Reach {
    /// Keycloak answers.
    #[default]
    Answers,
    /// The name has no address.
    NoAddress(String),
    /// Nobody listens there.
    NoConnection(String),
    /// The connection is made, but nothing sensible comes back: TLS, a proxy, a server that does not answer.
    NoAnswer(String),
    /// Keycloak is on its way up.
    Starts,
}

/// What a look brought.
#[derive(Clone, Debug, Default)]
pub(super) enum Seen<T> {
    /// There was no point in looking, because something before it failed.
    #[default]
    NotAsked,
    Is(T),
    /// Keycloak says that it does not exist.
    Absent,
    /// The service account may not look.
    Denied(&'static str),
    Failed(String),
}

impl<T> Seen<T> {
    pub(super) fn of(looked: Result<T, CallError>) -> Self {
        match looked {
            Ok(thing) => Self::Is(thing),
            Err(CallError::Refused(refusal)) if refusal.is_absent() || refusal.is_realm_absent() => Self::Absent,
            Err(CallError::Refused(refusal)) if refusal.status == 403 => Self::Denied(refusal.kind.right),
            Err(error) => Self::Failed(error.to_string()),
        }
    }

    pub(super) fn get(&self) -> Option<&T> {
        match self {
            Self::Is(thing) => Some(thing),
            _ => None,
        }
    }
}
