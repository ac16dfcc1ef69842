//! An identity store of one's own: people and groups from a JSON file, which PrimeHub reads and never writes.
//!
//! Run it: `cargo run -p primehub-examples --bin read_only_file`

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use primehub_core::identity::{
    Actor, Applied, Binding, Capabilities, Change, Directory, Freshness, Group, GroupEdit, IdentityError,
    IdentityStore, Invitation, InvitationId, Key, NewGroup, NewInvitation, NewPassword, NewUser, Outcome, Realm,
    RealmEdit, RequiredActionsEmail, Revision, Role, RoleKey, User, UserEdit, Written,
};
use primehub_core::names::{GroupId, UserId};
use serde::Deserialize;

/// People and their groups, as an inventory might export them.
#[derive(Deserialize)]
struct Inventory {
    people: BTreeMap<String, Vec<String>>,
}

/// The whole store: a picture that never changes. Writes answer that they are not offered.
struct FileStore(Arc<Directory>);

impl FileStore {
    fn read(json: &str) -> anyhow::Result<Self> {
        let inventory: Inventory = serde_json::from_str(json)?;
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        directory.put_group(Group::new("everyone".into(), "everyone"));
        for (person, groups) in &inventory.people {
            let id = UserId::new(person.as_str());
            directory.put_user(User::new(id.clone(), person.as_str()));
            directory.join(&id, &"everyone".into());
            for group in groups {
                directory.put_group(Group::new(group.as_str().into(), group.as_str()));
                directory.join(&id, &group.as_str().into());
            }
        }
        directory.advance();
        Ok(Self(Arc::new(directory)))
    }
}

fn read_only<T>(operation: &'static str) -> Result<T, IdentityError> {
    Err(IdentityError::Unsupported { operation })
}

#[async_trait]
impl IdentityStore for FileStore {
    fn directory(&self) -> Arc<Directory> {
        self.0.clone()
    }

    fn freshness(&self) -> Freshness {
        Freshness::Live
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::read_only()
    }

    fn changes(&self, _since: Option<Revision>) -> BoxStream<'static, Change> {
        stream::pending().boxed()
    }

    async fn refresh(&self, _keys: &[Key]) -> Result<Revision, IdentityError> {
        Ok(self.0.revision())
    }

    async fn create_user(&self, _by: &Actor, _new: NewUser) -> Result<Written<Arc<User>>, IdentityError> {
        read_only("creating users")
    }

    async fn edit_user(&self, _by: &Actor, _id: &UserId, _edit: UserEdit) -> Result<Written<Arc<User>>, IdentityError> {
        read_only("changing users")
    }

    async fn delete_user(&self, _by: &Actor, _id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        read_only("deleting users")
    }

    async fn set_password(&self, _by: &Actor, _id: &UserId, _password: NewPassword) -> Result<(), IdentityError> {
        read_only("setting passwords")
    }

    async fn remove_one_time_passwords(&self, _by: &Actor, _id: &UserId) -> Result<Written<Arc<User>>, IdentityError> {
        read_only("changing credentials")
    }

    async fn send_required_actions(
        &self,
        _by: &Actor,
        _id: &UserId,
        _email: RequiredActionsEmail,
    ) -> Result<(), IdentityError> {
        read_only("sending e-mail")
    }

    async fn create_group(&self, _by: &Actor, _new: NewGroup) -> Result<Written<Arc<Group>>, IdentityError> {
        read_only("creating groups")
    }

    async fn edit_group(
        &self,
        _by: &Actor,
        _id: &GroupId,
        _edit: GroupEdit,
    ) -> Result<Written<Arc<Group>>, IdentityError> {
        read_only("changing groups")
    }

    async fn delete_group(&self, _by: &Actor, _id: &GroupId) -> Result<Written<Arc<Group>>, IdentityError> {
        read_only("deleting groups")
    }

    async fn bind(&self, _by: &Actor, _edits: &[Binding]) -> Result<Vec<Outcome>, IdentityError> {
        read_only("changing memberships")
    }

    async fn ensure_role(&self, _by: &Actor, _role: Role) -> Result<Written<Applied>, IdentityError> {
        read_only("creating roles")
    }

    async fn delete_role(&self, _by: &Actor, _role: &RoleKey) -> Result<Written<Applied>, IdentityError> {
        read_only("deleting roles")
    }

    async fn edit_realm(&self, _by: &Actor, _edit: RealmEdit) -> Result<Written<Arc<Realm>>, IdentityError> {
        read_only("changing settings")
    }

    async fn api_token_counts(&self, _users: &[UserId]) -> Result<BTreeMap<UserId, u32>, IdentityError> {
        Ok(BTreeMap::new())
    }

    async fn revoke_api_tokens(&self, _by: &Actor, _user: &UserId) -> Result<Applied, IdentityError> {
        read_only("revoking API tokens")
    }

    async fn put_invitation(&self, _by: &Actor, _new: NewInvitation) -> Result<Written<()>, IdentityError> {
        read_only("inviting")
    }

    async fn take_invitation(&self, _by: &Actor, _id: &InvitationId) -> Result<Written<Invitation>, IdentityError> {
        read_only("inviting")
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let store = FileStore::read(r#"{ "people": { "ada": ["research"], "grace": ["research", "teaching"] } }"#)?;
    let directory = store.directory();
    let grace = directory.user_named("grace").context("she is in the file")?;
    let groups: Vec<_> = directory.groups_of(&grace.id).map(|group| &*group.name).collect();
    println!("grace is in {}", groups.join(", "));
    anyhow::ensure!(groups == ["everyone", "research", "teaching"]);

    let Err(refused) = store.delete_user(&Actor::service(), &grace.id).await else {
        anyhow::bail!("a file that is only read cannot lose anybody");
    };
    println!("deleting grace: {refused}");
    Ok(())
}
