//! What is there before anything is done.

use std::collections::{BTreeMap, BTreeSet};

use primehub_core::names::{GroupId, UserId};
use serde_json::Value;

use super::clients::UNFINISHED;
use crate::admin::Full;

/// A Keycloak, as far as a plan depends on it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observed {
    pub(crate) realm: Option<ObservedRealm>,
}

/// A realm that exists.
#[derive(Clone, Default)]
pub(crate) struct ObservedRealm {
    pub(crate) settings: Full,
    pub(crate) profile: Full,
    pub(crate) everyone: Option<GroupId>,
    pub(crate) default_groups: BTreeSet<GroupId>,
    /// Whether agreeing to terms and conditions is an action of everybody new.
    pub(crate) terms: bool,
    /// By the name that a client itself uses.
    pub(crate) clients: BTreeMap<String, ObservedClient>,
    pub(crate) people: People,
    /// Those of the first people who bear the mark of an unfinished administrator, if they could have given it to themselves.
    pub(crate) marked: Vec<UserId>,
    /// Names of the roles in the realm.
    pub(crate) roles: BTreeSet<String>,
    /// Names of the roles that everyone has.
    pub(crate) everyones_roles: BTreeSet<String>,
    /// Names of the groups at the top.
    pub(crate) groups: BTreeSet<String>,
}

/// A client that exists.
#[derive(Clone, Default)]
pub(crate) struct ObservedClient {
    pub(crate) client: Full,
    /// What its service account may do in the realm; nothing if it has none.
    pub(crate) rights: BTreeSet<String>,
    /// What of the realm's administration its tokens may carry.
    pub(crate) scope: BTreeSet<String>,
}

/// Who is in the realm.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum People {
    /// No person.
    #[default]
    Nobody,
    /// Nobody but the administrator that an interrupted run began to make.
    Unfinished(UserId),
    /// Somebody.
    Somebody,
}

impl ObservedClient {
    pub(super) fn flag(&self, name: &str) -> bool {
        self.client.0.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.client.0.get(name).and_then(Value::as_str)
    }

    pub(super) fn list(&self, name: &str) -> &[Value] {
        self.client.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether an interrupted run left it without its rights.
    pub(super) fn is_unfinished(&self) -> bool {
        let attributes = self.client.0.get("attributes");
        attributes.and_then(|attributes| attributes.get(UNFINISHED)).and_then(Value::as_str) == Some("unfinished")
    }
}

impl std::fmt::Debug for ObservedRealm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The clients' secrets stay out.
        f.debug_struct("ObservedRealm")
            .field("everyone", &self.everyone)
            .field("people", &self.people)
            .finish_non_exhaustive()
    }
}
