//! The identity store: reads from the mirror, writes to Keycloak.

mod api_tokens;
mod bindings;
mod groups;
mod invitations;
mod realm;
mod rewrite;
mod roles;
#[cfg(test)]
mod tests;
mod user_creation;
mod user_edit;
mod users;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use jiff::Timestamp;
use primehub_core::clock::Clock;
use primehub_core::identity::{
    Actor, Applied, Binding, Capabilities, Change, Directory, Freshness, Group, GroupEdit, IdentityError,
    IdentityStore, Invitation, InvitationId, Key, NewGroup, NewInvitation, NewPassword, NewUser, Outcome, Realm,
    RealmEdit, RequiredActionsEmail, Revision, Role, RoleKey, User, UserEdit, Written,
};
use primehub_core::names::{GroupId, UserId};
use tokio::sync::Mutex;
use tracing::Instrument as _;

use crate::connection::Keycloak;
use crate::mirror::{Mirror, RealmWarning, Running};
use crate::transport::By;

/// An [`IdentityStore`] on a Keycloak realm.
///
/// * **Reads** come from a mirror of the realm in memory, which follows Keycloak's events: what others change shows within two seconds,
///   what this store writes at once. While Keycloak is away the last picture stays, and [`IdentityStore::freshness`] says so.
/// * **Writes** change what they name and nothing else, although Keycloak stores whole objects and clears what is left out: each object is
///   read, changed, sent back and read again until nothing is left to change, and writes of one object take turns. Within one process no
///   change is ever lost. Between processes Keycloak offers nothing to hold on to: a change that another process overwrites before the
///   reading after it is made again; one that is overwritten later, by somebody who had read the object before, is lost.
/// * **A person's write** uses the person's own token, so that Keycloak's rights decide and its audit names them; readings around it use
///   the service account.
/// * **A write comes to its end**, and the picture shows it, also if the caller goes away meanwhile: each runs in a task of its own.
/// * **A write that fails half way says so**: [`IdentityError::Partial`] names what was stored, which the picture then shows.
/// * Limits on numbers (`at_most`) and paths of groups are checked on the mirror, one creation at a time within this process.
///
/// Clones share everything. Following ends when the last one is dropped.
#[derive(Clone)]
pub struct KeycloakIdentityStore {
    store: Arc<Store>,
    _following: Arc<Running>,
}

/// What the writes work with.
struct Store {
    keycloak: Keycloak,
    mirror: Mirror,
    clock: Arc<dyn Clock>,
    user_creations: Mutex<()>,
    group_creations: Mutex<()>,
    /// One at a time, and when the invitations of the original were last looked through.
    invitation_changes: Mutex<Option<Timestamp>>,
}

impl KeycloakIdentityStore {
    /// A store on the realm of `keycloak`, which begins to read it. Until it has, [`IdentityStore::freshness`] is
    /// [`Freshness::NotLoaded`]; that Keycloak is not there yet is no error.
    ///
    /// Has to be called within a Tokio runtime.
    #[must_use]
    pub fn start(keycloak: Keycloak, clock: Arc<dyn Clock>) -> Self {
        let mirror = Mirror::new(keycloak.clone(), clock.clone());
        let following = Arc::new(mirror.follow());
        let store = Store {
            keycloak,
            mirror,
            clock,
            user_creations: Mutex::default(),
            group_creations: Mutex::default(),
            invitation_changes: Mutex::default(),
        };
        Self { store: Arc::new(store), _following: following }
    }

    /// Waits until there is a picture.
    pub async fn loaded(&self) {
        self.store.mirror.loaded().await;
    }

    /// What an operator has to repair although the realm can be followed, as far as it has been looked at: after each complete reading, and
    /// when an event says that the realm's settings have changed. Each is logged when it begins, and counted in
    /// `keycloak_realm_misconfigured`. Costs no call.
    #[must_use]
    pub fn warnings(&self) -> Vec<RealmWarning> {
        self.store.mirror.warnings()
    }

    /// Carries a write out in a task of its own: it comes to its end, and is published, whether or not the caller waits for that.
    async fn write<T, W>(&self, by: &Actor, write: impl FnOnce(Arc<Store>, Actor) -> W) -> Result<T, IdentityError>
    where
        T: Send + 'static,
        W: Future<Output = Result<T, IdentityError>> + Send + 'static,
    {
        let task = tokio::spawn(write(self.store.clone(), by.clone()).in_current_span());
        task.await.unwrap_or_else(|error| match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(IdentityError::OutcomeUnknown { operation: "the write" }),
        })
    }
}

impl Store {
    fn capabilities(&self) -> Capabilities {
        let renames_users = self.mirror.facts().is_none_or(|facts| facts.edit_username_allowed);
        let mut capabilities = Capabilities::keycloak();
        capabilities.renames_users = renames_users;
        capabilities
    }

    /// Refuses writes at once while Keycloak is known to be away.
    fn writable(&self) -> Result<(), IdentityError> {
        match self.mirror.freshness() {
            Freshness::NotLoaded => {
                Err(IdentityError::Unavailable { cause: "Keycloak has not been read yet".to_owned() })
            }
            Freshness::Stale { cause, .. } => Err(IdentityError::Unavailable { cause }),
            _ => Ok(()),
        }
    }

    /// How an edit ended. An object that turns out not to exist leaves the picture.
    async fn settle(&self, key: &Key, ended: Result<(), IdentityError>) -> Result<(), IdentityError> {
        if let Err(IdentityError::Absent(_)) = &ended {
            self.mirror.reread(std::slice::from_ref(key)).await.map_err(|error| error.into_identity(None))?;
        }
        ended
    }
}

/// With whose rights the actor's writes are made.
fn by(actor: &Actor) -> By<'_> {
    match actor {
        Actor::Person { token, .. } => By::Token(token),
        _ => By::Service,
    }
}

/// The error of a creation that succeeded, as `done` says, and left out a part. Something that is gone again is absent.
fn created(done: &str, error: IdentityError) -> IdentityError {
    let done = vec![done.to_owned()];
    match error {
        IdentityError::Absent(key) => IdentityError::Absent(key),
        IdentityError::Partial { done: parts, failed } => {
            IdentityError::Partial { done: done.into_iter().chain(parts).collect(), failed }
        }
        IdentityError::Unavailable { cause } => IdentityError::Partial { done, failed: cause },
        error => IdentityError::Partial { done, failed: error.to_string() },
    }
}

#[async_trait]
impl IdentityStore for KeycloakIdentityStore {
    fn directory(&self) -> Arc<Directory> {
        self.store.mirror.directory()
    }

    fn freshness(&self) -> Freshness {
        self.store.mirror.freshness()
    }

    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    fn changes(&self, since: Option<Revision>) -> BoxStream<'static, Change> {
        self.store.mirror.changes(since)
    }

    async fn refresh(&self, keys: &[Key]) -> Result<Revision, IdentityError> {
        self.store.mirror.refresh(keys).await.map_err(|error| error.into_identity(None))
    }

    async fn create_user(&self, by: &Actor, new: NewUser) -> Result<Written<Arc<User>>, IdentityError> {
        self.write(by, |store, by| async move { store.create_user(&by, new).await }).await
    }

    async fn edit_user(&self, by: &Actor, id: &UserId, edit: UserEdit) -> Result<Written<Arc<User>>, IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.edit_user(&by, &id, edit).await }).await
    }

    async fn delete_user(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.delete_user(&by, &id).await }).await
    }

    async fn set_password(&self, by: &Actor, id: &UserId, password: NewPassword) -> Result<(), IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.set_password(&by, &id, &password).await }).await
    }

    async fn remove_one_time_passwords(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.remove_one_time_passwords(&by, &id).await }).await
    }

    async fn send_required_actions(
        &self,
        by: &Actor,
        id: &UserId,
        email: RequiredActionsEmail,
    ) -> Result<(), IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.send_required_actions(&by, &id, &email).await }).await
    }

    async fn create_group(&self, by: &Actor, new: NewGroup) -> Result<Written<Arc<Group>>, IdentityError> {
        self.write(by, |store, by| async move { store.create_group(&by, new).await }).await
    }

    async fn edit_group(
        &self,
        by: &Actor,
        id: &GroupId,
        edit: GroupEdit,
    ) -> Result<Written<Arc<Group>>, IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.edit_group(&by, &id, &edit).await }).await
    }

    async fn delete_group(&self, by: &Actor, id: &GroupId) -> Result<Written<Arc<Group>>, IdentityError> {
        let id = id.clone();
        self.write(by, |store, by| async move { store.delete_group(&by, &id).await }).await
    }

    async fn bind(&self, by: &Actor, edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError> {
        let edits = edits.to_vec();
        self.write(by, |store, by| async move { store.bind(&by, &edits).await }).await
    }

    async fn ensure_role(&self, by: &Actor, role: Role) -> Result<Written<Applied>, IdentityError> {
        self.write(by, |store, by| async move { store.ensure_role(&by, &role).await }).await
    }

    async fn delete_role(&self, by: &Actor, role: &RoleKey) -> Result<Written<Applied>, IdentityError> {
        let role = role.clone();
        self.write(by, |store, by| async move { store.delete_role(&by, &role).await }).await
    }

    async fn edit_realm(&self, by: &Actor, edit: RealmEdit) -> Result<Written<Arc<Realm>>, IdentityError> {
        self.write(by, |store, by| async move { store.edit_realm(&by, edit).await }).await
    }

    async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
        self.store.api_token_counts(users).await
    }

    async fn revoke_api_tokens(&self, by: &Actor, user: &UserId) -> Result<Applied, IdentityError> {
        let user = user.clone();
        self.write(by, |store, by| async move { store.revoke_api_tokens(&by, &user).await }).await
    }

    async fn put_invitation(&self, by: &Actor, new: NewInvitation) -> Result<Written<()>, IdentityError> {
        self.write(by, |store, by| async move { store.put_invitation(&by, new).await }).await
    }

    async fn take_invitation(&self, by: &Actor, id: &InvitationId) -> Result<Written<Invitation>, IdentityError> {
        let id = *id;
        self.write(by, |store, by| async move { store.take_invitation(&by, &id).await }).await
    }
}
