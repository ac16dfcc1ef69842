//! The identity store: reads from the mirror, writes to Keycloak.

mod api_tokens;
mod bindings;
mod groups;
mod invitations;
mod realm;
mod rewrite;
mod roles;
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

use self::rewrite::Rewrite;
use crate::admin::Full;
use crate::connection::Keycloak;
use crate::mirror::{Mirror, Running};
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

    /// The result of a rewrite. An object that turns out not to exist leaves the picture.
    async fn rewritten(
        &self,
        target: &impl Rewrite,
        result: Result<Full, IdentityError>,
    ) -> Result<Full, IdentityError> {
        if let Err(IdentityError::Absent(_)) = &result {
            self.mirror.reread(&[target.key()]).await.map_err(|error| error.into_identity(None))?;
        }
        result
    }
}

/// With whose rights the actor's writes are made.
fn by(actor: &Actor) -> By<'_> {
    match actor {
        Actor::Person { token, .. } => By::Token(token),
        _ => By::Service,
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
        self.store.create_user(by, new).await
    }

    async fn edit_user(&self, by: &Actor, id: &UserId, edit: UserEdit) -> Result<Written<Arc<User>>, IdentityError> {
        self.store.edit_user(by, id, edit).await
    }

    async fn delete_user(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        self.store.delete_user(by, id).await
    }

    async fn set_password(&self, by: &Actor, id: &UserId, password: NewPassword) -> Result<(), IdentityError> {
        self.store.set_password(by, id, &password).await
    }

    async fn remove_one_time_passwords(&self, by: &Actor, id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        self.store.remove_one_time_passwords(by, id).await
    }

    async fn send_required_actions(
        &self,
        by: &Actor,
        id: &UserId,
        email: RequiredActionsEmail,
    ) -> Result<(), IdentityError> {
        self.store.send_required_actions(by, id, &email).await
    }

    async fn create_group(&self, by: &Actor, new: NewGroup) -> Result<Written<Arc<Group>>, IdentityError> {
        self.store.create_group(by, new).await
    }

    async fn edit_group(
        &self,
        by: &Actor,
        id: &GroupId,
        edit: GroupEdit,
    ) -> Result<Written<Arc<Group>>, IdentityError> {
        self.store.edit_group(by, id, &edit).await
    }

    async fn delete_group(&self, by: &Actor, id: &GroupId) -> Result<Written<Arc<Group>>, IdentityError> {
        self.store.delete_group(by, id).await
    }

    async fn bind(&self, by: &Actor, edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError> {
        self.store.bind(by, edits).await
    }

    async fn ensure_role(&self, by: &Actor, role: Role) -> Result<Written<Applied>, IdentityError> {
        self.store.ensure_role(by, &role).await
    }

    async fn delete_role(&self, by: &Actor, role: &RoleKey) -> Result<Written<Applied>, IdentityError> {
        self.store.delete_role(by, role).await
    }

    async fn edit_realm(&self, by: &Actor, edit: RealmEdit) -> Result<Written<Arc<Realm>>, IdentityError> {
        self.store.edit_realm(by, edit).await
    }

    async fn api_token_counts(&self, users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
        self.store.api_token_counts(users).await
    }

    async fn revoke_api_tokens(&self, by: &Actor, user: &UserId) -> Result<Applied, IdentityError> {
        self.store.revoke_api_tokens(by, user).await
    }

    async fn put_invitation(&self, by: &Actor, new: NewInvitation) -> Result<Written<()>, IdentityError> {
        self.store.put_invitation(by, new).await
    }

    async fn take_invitation(&self, by: &Actor, id: &InvitationId) -> Result<Written<Invitation>, IdentityError> {
        self.store.take_invitation(by, id).await
    }
}
