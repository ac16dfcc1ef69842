//! A realm in memory.

mod edits;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use primehub_core::names::{GroupId, UserId};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub(super) use self::edits::Edit;
use crate::admin::{AdminEvent, Full, GroupRow, RealmRow, RoleRow, UserEvent, UserRow};
use crate::bootstrap::repair;
use crate::token::IssuerProbeError;
use crate::transport::{CallError, Class, Kind, Refusal};

/// The role that makes administrators, and the client that has it.
pub(super) const ADMINISTRATOR: &str = "id-of-realm-admin";
pub(super) const MANAGEMENT: &str = "id-of-realm-management";

/// A realm, its events, and how it answers.
pub(super) struct Model {
    state: Mutex<State>,
    began: Instant,
    /// How many readings there were.
    pub(super) calls: AtomicU64,
    /// The longest answer, in milliseconds.
    slowness: u64,
    /// Why nothing is answered.
    pub(super) down: Mutex<Option<Failure>>,
    /// A reading that stops, with its answer in hand, until it is let go.
    pub(super) gate: Mutex<Option<&'static str>>,
    pub(super) reached: Semaphore,
    pub(super) go: Semaphore,
}

/// How calls fail.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Failure {
    Refused,
    Silent,
    NoRealm,
    NoEvents,
    NoUsers,
    NoProfile,
}

#[derive(Clone)]
pub(super) struct Person {
    pub(super) row: UserRow,
    pub(super) groups: BTreeSet<GroupId>,
    /// Ids of realm roles, and whether the person is an administrator directly.
    pub(super) roles: BTreeSet<String>,
    pub(super) administrator: bool,
}

#[derive(Clone)]
pub(super) struct Team {
    pub(super) row: GroupRow,
    pub(super) roles: BTreeSet<String>,
    pub(super) administrators: bool,
}

pub(super) struct State {
    pub(super) realm: RealmRow,
    pub(super) profile: Full,
    pub(super) issuer: Result<(), IssuerProbeError>,
    pub(super) default_groups: BTreeSet<GroupId>,
    pub(super) people: BTreeMap<UserId, Person>,
    pub(super) teams: BTreeMap<GroupId, Team>,
    /// Rows by id, and what the roles contain by id.
    pub(super) roles: BTreeMap<String, (RoleRow, BTreeSet<String>)>,
    pub(super) admin_events: Vec<AdminEvent>,
    pub(super) user_events: Vec<UserEvent>,
    /// Of everything that has an id.
    pub(super) last: u32,
}

impl Model {
    pub(super) fn new(slowness: u64) -> Self {
        let realm = json!({
            "id": "realm", "displayName": "PrimeHub", "adminEventsEnabled": true, "eventsEnabled": true,
        });
        let mut state = State {
            realm: serde_json::from_value(realm).unwrap(),
            // As the bootstrap leaves it.
            profile: repair(&Full::default()).0,
            issuer: Ok(()),
            default_groups: BTreeSet::new(),
            people: BTreeMap::new(),
            teams: BTreeMap::new(),
            roles: BTreeMap::new(),
            admin_events: Vec::new(),
            user_events: Vec::new(),
            last: 0,
        };
        state.add_team("everyone", None);
        Self {
            state: Mutex::new(state),
            began: Instant::now(),
            calls: AtomicU64::new(0),
            slowness,
            down: Mutex::new(None),
            gate: Mutex::new(None),
            reached: Semaphore::new(0),
            go: Semaphore::new(0),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(super) fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// The realm's own time.
    pub(super) fn now(&self) -> i64 {
        1_800_000_000_000 + i64::try_from(self.began.elapsed().as_millis()).unwrap()
    }

    /// Carries out an edit whose event is stamped with `stamp`.
    pub(super) fn commit(&self, stamp: i64, edit: &Edit) {
        self.state().carry_out(stamp, edit);
    }

    /// The same at once.
    pub(super) fn edit(&self, edit: &Edit) {
        self.commit(self.now(), edit);
    }

    pub(super) fn fail(&self, failure: Option<Failure>) {
        *self.down.lock().unwrap() = failure;
    }

    /// Answers a reading as the state is in the middle of the time that it takes.
    pub(super) async fn answer<T>(
        &self,
        call: &'static str,
        read: impl FnOnce(&State) -> Option<T> + Send,
    ) -> Result<T, CallError> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        // Reproducible, and different for each call.
        let pause = |salt: u64| Duration::from_millis((number * 7_919 + salt * 104_729) % (self.slowness + 1));
        tokio::time::sleep(pause(1)).await;
        let failure = *self.down.lock().unwrap();
        let refused = |status: u16, text: &str| {
            let kind = Kind::new(call, Class::Read, "view-events");
            CallError::Refused(Box::new(Refusal::read(kind, status, json!({"error": text}).to_string().as_bytes())))
        };
        match failure {
            Some(Failure::Refused) => {
                return Err(CallError::Unavailable { call, cause: "connection refused".into() });
            }
            Some(Failure::Silent) => {
                tokio::time::sleep(Duration::from_secs(10)).await;
                return Err(CallError::Unavailable { call, cause: "no answer within 10000 ms".into() });
            }
            Some(Failure::NoRealm) => return Err(refused(404, "Realm not found.")),
            Some(Failure::NoEvents) if call.starts_with("events.") => return Err(refused(403, "HTTP 403 Forbidden")),
            Some(Failure::NoProfile) if call == "profile" => return Err(refused(403, "HTTP 403 Forbidden")),
            Some(Failure::NoUsers) if call == "user" => return Err(refused(403, "HTTP 403 Forbidden")),
            _ => {}
        }
        let answer = read(&self.state()).ok_or_else(|| refused(404, "not found"));
        let gated = self.gate.lock().unwrap().take_if(|gate| *gate == call);
        if gated.is_some() {
            self.reached.add_permits(1);
            self.go.acquire().await.unwrap().forget();
        }
        tokio::time::sleep(pause(2)).await;
        answer
    }
}
