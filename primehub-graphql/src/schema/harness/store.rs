//! A store that counts calls and fails on demand.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures::stream::BoxStream;
use primehub_core::identity::*;
use primehub_core::names::{GroupId, UserId};
use primehub_memory::identity::MemoryIdentityStore;

/// The in-memory store behind a counter, with faults to come.
pub(crate) struct ScriptedStore {
    inner: Arc<MemoryIdentityStore>,
    calls: Mutex<Vec<&'static str>>,
    persons: Mutex<Vec<UserId>>,
    counted: Mutex<Vec<Vec<UserId>>>,
    faults: Mutex<BTreeMap<&'static str, Vec<IdentityError>>>,
    running: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// The fault of one binding instead of a whole call of `bind`: the last one is not carried out.
pub(crate) const LAST_BINDING: &str = "last binding";

impl ScriptedStore {
    pub(super) fn new(inner: Arc<MemoryIdentityStore>) -> Self {
        Self {
            inner,
            calls: Mutex::default(),
            persons: Mutex::default(),
            counted: Mutex::default(),
            faults: Mutex::default(),
            running: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        }
    }

    /// The next call of a method fails with `error` and does nothing.
    pub(crate) fn fail(&self, method: &'static str, error: IdentityError) {
        self.faults.lock().unwrap().entry(method).or_default().insert(0, error);
    }

    /// The same, with a provider that cannot be reached.
    pub(crate) fn fail_unavailable(&self, method: &'static str) {
        self.fail(method, IdentityError::Unavailable { cause: "switched off".into() });
    }

    /// The methods called since the last time somebody asked, in order; `directory` does not count.
    pub(crate) fn take_calls(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Whether a method was called since the last time somebody asked for the calls.
    pub(crate) fn has_called(&self, method: &'static str) -> bool {
        self.calls.lock().unwrap().contains(&method)
    }

    /// With whose own tokens writes were made, in order.
    pub(crate) fn take_persons(&self) -> Vec<UserId> {
        std::mem::take(&mut self.persons.lock().unwrap())
    }

    /// Whose API tokens were counted in each call that was answered, in order.
    pub(crate) fn take_counted(&self) -> Vec<Vec<UserId>> {
        std::mem::take(&mut self.counted.lock().unwrap())
    }

    /// The largest number of calls that ran at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::Relaxed)
    }

    async fn write(&self, method: &'static str, by: &Actor) -> Result<(), IdentityError> {
        if let Actor::Person { id, .. } = by {
            self.persons.lock().unwrap().push(id.clone());
        }
        self.call(method).await
    }

    async fn call(&self, method: &'static str) -> Result<(), IdentityError> {
        self.calls.lock().unwrap().push(method);
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_at_once.fetch_max(running, Ordering::Relaxed);
        // Lets whatever may run at the same time begin.
        tokio::task::yield_now().await;
        self.running.fetch_sub(1, Ordering::Relaxed);
        self.fault(method).map_or(Ok(()), Err)
    }

    fn fault(&self, method: &'static str) -> Option<IdentityError> {
        self.faults.lock().unwrap().get_mut(method).and_then(Vec::pop)
    }
}

/// Writes the methods that write: they count, fail if told to, and otherwise pass on.
macro_rules! scripted_store {
    ($(fn $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl IdentityStore for ScriptedStore {
            fn directory(&self) -> Arc<Directory> {
                self.inner.directory()
            }

            fn freshness(&self) -> Freshness {
                self.inner.freshness()
            }

            fn capabilities(&self) -> Capabilities {
                self.inner.capabilities()
            }

            fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
                self.inner.changes(since)
            }

            async fn refresh(&self, keys: &[Key]) -> Result<Revision, IdentityError> {
                self.call("refresh").await?;
                self.inner.refresh(keys).await
            }

            async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
                self.call("api_token_counts").await?;
                self.counted.lock().unwrap().push(users.to_vec());
                self.inner.api_token_counts(users).await
            }

            async fn bind(&self, by: &Actor, edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError> {
                self.write("bind", by).await?;
                let Some(error) = self.fault(LAST_BINDING) else { return self.inner.bind(by, edits).await };
                let mut outcomes = self.inner.bind(by, &edits[..edits.len() - 1]).await?;
                outcomes.push(Err(error));
                Ok(outcomes)
            }

            $(async fn $method(&self, by: &Actor, $($argument: $kind),*) -> Result<$answer, IdentityError> {
                self.write(stringify!($method), by).await?;
                self.inner.$method(by, $($argument),*).await
            })*
        }
    };
}

scripted_store! {
    fn create_user(new: NewUser) -> Written<Arc<User>>;
    fn edit_user(id: &UserId, edit: UserEdit) -> Written<Arc<User>>;
    fn delete_user(id: &UserId) -> Written<Arc<User>>;
    fn set_password(id: &UserId, password: NewPassword) -> ();
    fn remove_one_time_passwords(id: &UserId) -> Written<Arc<User>>;
    fn send_required_actions(id: &UserId, email: RequiredActionsEmail) -> ();
    fn create_group(new: NewGroup) -> Written<Arc<Group>>;
    fn edit_group(id: &GroupId, edit: GroupEdit) -> Written<Arc<Group>>;
    fn delete_group(id: &GroupId) -> Written<Arc<Group>>;
    fn ensure_role(role: Role) -> Written<Applied>;
    fn delete_role(role: &RoleKey) -> Written<Applied>;
    fn edit_realm(edit: RealmEdit) -> Written<Arc<Realm>>;
    fn revoke_api_tokens(user: &UserId) -> Applied;
    fn put_invitation(new: NewInvitation) -> Written<()>;
    fn take_invitation(id: &InvitationId) -> Written<Invitation>;
}
