//! People and programs that change a realm at random, by every way there is.

mod console;
mod operations;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use primehub_keycloak::KeycloakIdentityStore;
use reqwest::Method;
use serde_json::Value;
use tokio::time::Instant;

use self::console::Person;
use self::operations::{OPERATIONS, Operation};
use super::scene::Scene;

/// A sequence that its seed determines.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).unwrap()
    }

    /// One of them, if there are any.
    fn one_of<T: Clone>(&mut self, list: &[T]) -> Option<T> {
        if list.is_empty() { None } else { Some(list[self.below(list.len())].clone()) }
    }
}

/// Something with an id and a name.
#[derive(Clone, Debug)]
struct Named {
    id: String,
    name: String,
}

/// What the writers have made, as far as they know.
#[derive(Debug, Default)]
struct Known {
    users: Vec<Named>,
    groups: Vec<Named>,
    roles: Vec<Named>,
    last: usize,
}

/// The load.
pub(super) struct Writers {
    scene: Scene,
    /// The role that makes administrators, and its client.
    administrator: Value,
    management: String,
    /// The store that writes as well, once there is one.
    pub(super) store: OnceLock<KeycloakIdentityStore>,
    known: Mutex<Known>,
    /// How often each operation was carried out, and refused.
    counts: Mutex<BTreeMap<&'static str, [u32; 2]>>,
}

impl Writers {
    pub(super) async fn new(scene: &Scene) -> Self {
        let management = scene.get("clients?clientId=realm-management").await[0]["id"].as_str().unwrap().to_owned();
        let role = scene.get(&format!("clients/{management}/roles/realm-admin")).await;
        let administrator = serde_json::json!([{ "id": role["id"], "name": role["name"] }]);
        let (known, counts) = (Mutex::default(), Mutex::default());
        Self { scene: scene.clone(), administrator, management, store: OnceLock::new(), known, counts }
    }

    /// Writes until then. The seed determines what this writer tries, not what comes of it.
    pub(super) async fn write(self: Arc<Self>, seed: u64, until: Instant) {
        let mut random = Random::new(seed);
        let person = Person::new(&self.scene, &format!("person-{seed:016x}")).await;
        let total: usize = OPERATIONS.iter().map(|(_, weight, _)| weight).sum();
        while Instant::now() < until {
            let mut point = random.below(total);
            let chosen = OPERATIONS.iter().find(|(_, weight, _)| {
                let found = point < *weight;
                point = point.saturating_sub(*weight);
                found
            });
            let (name, _, operation) = *chosen.unwrap();
            if let Some(done) = self.carry_out(operation, &mut random, &person).await {
                self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default()
                    [usize::from(!done)] += 1;
            }
        }
    }

    /// What was done, one line for each operation, and how often in all.
    pub(super) fn summary(&self) -> (String, u32) {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for (name, [done, refused]) in &*counts {
            let _ = writeln!(text, "  {name}: {done} done, {refused} refused");
        }
        (text, counts.values().map(|[done, _]| done).sum())
    }

    /// Ways of changing the realm that nobody went.
    pub(super) fn missing(&self) -> Vec<&'static str> {
        const WAYS: [&str; 8] = [
            "create a user",
            "join",
            "rename a group",
            "map a role",
            "import",
            "edit the own account",
            "register",
            "store:",
        ];
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = |way: &str| counts.iter().any(|(name, [done, _])| name.starts_with(way) && *done > 0);
        WAYS.into_iter().filter(|way| !gone(way)).collect()
    }

    /// Sends a change. What is refused, for example because somebody else was faster, is refused.
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Option<real_peers::Answer> {
        let answer = self.scene.admin.send(method, &self.scene.path(path), body.as_ref()).await.unwrap();
        answer.status.is_success().then_some(answer)
    }

    async fn done(&self, method: Method, path: &str, body: Option<Value>) -> bool {
        self.send(method, path, body).await.is_some()
    }

    /// Reads an object, changes it and sends it back whole.
    async fn change(&self, path: &str, change: impl FnOnce(&mut Value) + Send) -> bool {
        let Some(answer) = self.send(Method::GET, path, None).await else { return false };
        let mut whole = answer.body;
        change(&mut whole);
        self.done(Method::PUT, path, Some(whole)).await
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A name that nobody had before.
    fn fresh(&self, kind: &str) -> String {
        let mut known = self.known();
        known.last += 1;
        format!("{kind}-{}", known.last)
    }

    fn user(&self, random: &mut Random) -> Option<Named> {
        random.one_of(&self.known().users)
    }

    fn group(&self, random: &mut Random) -> Option<Named> {
        random.one_of(&self.known().groups)
    }

    fn role(&self, random: &mut Random) -> Option<Named> {
        random.one_of(&self.known().roles)
    }

    /// Carries out an operation; `None` if there is nothing to carry it out on.
    async fn carry_out(&self, operation: Operation, random: &mut Random, person: &Person) -> Option<bool> {
        operations::carry_out(self, operation, random, person).await
    }
}
