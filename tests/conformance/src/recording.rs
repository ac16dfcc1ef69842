//! Which methods of the store were called.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::stream::BoxStream;
use primehub_core::identity as id;
use primehub_core::identity::{IdentityError, IdentityStore};
use primehub_core::names::{GroupId, UserId};

/// Passes every call on, and remembers its name.
pub struct Recording {
    inner: Arc<dyn IdentityStore>,
    called: Mutex<BTreeSet<&'static str>>,
}

impl Recording {
    /// Nothing was called yet.
    #[must_use]
    pub fn new(inner: Arc<dyn IdentityStore>) -> Self {
        Self { inner, called: Mutex::default() }
    }

    /// The methods that were called.
    #[must_use]
    pub fn called(&self) -> BTreeSet<&'static str> {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, method: &'static str) {
        self.called.lock().unwrap_or_else(PoisonError::into_inner).insert(method);
    }
}

/// Implements the trait. Its table of methods is complete because the trait demands each.
macro_rules! record {
    (
        $(fn $read:ident(&self $(, $read_argument:ident: $read_kind:ty)*) -> $read_answer:ty;)*
        $(async fn $method:ident(&self $(, $argument:ident: $kind:ty)*) -> $answer:ty;)*
    ) => {
        impl Recording {
            /// Every method of the trait.
            pub const ALL: &[&str] = &[$(stringify!($read),)* $(stringify!($method),)*];
        }

        #[async_trait]
        impl IdentityStore for Recording {
            $(fn $read(&self $(, $read_argument: $read_kind)*) -> $read_answer {
                self.note(stringify!($read));
                self.inner.$read($($read_argument),*)
            })*

            $(async fn $method(&self $(, $argument: $kind)*) -> Result<$answer, IdentityError> {
                self.note(stringify!($method));
                self.inner.$method($($argument),*).await
            })*
        }
    };
}

record! {
    fn directory(&self) -> Arc<id::Directory>;
    fn freshness(&self) -> id::Freshness;
    fn capabilities(&self) -> id::Capabilities;
    fn changes(&self, since: Option<id::Revision>) -> BoxStream<'static, id::Change>;
    async fn refresh(&self, keys: &[id::Key]) -> id::Revision;
    async fn create_user(&self, by: &id::Actor, new: id::NewUser) -> id::Written<Arc<id::User>>;
    async fn edit_user(&self, by: &id::Actor, user: &UserId, edit: id::UserEdit) -> id::Written<Arc<id::User>>;
    async fn delete_user(&self, by: &id::Actor, user: &UserId) -> id::Written<Arc<id::User>>;
    async fn set_password(&self, by: &id::Actor, user: &UserId, password: id::NewPassword) -> ();
    async fn remove_one_time_passwords(&self, by: &id::Actor, user: &UserId) -> id::Written<Arc<id::User>>;
    async fn send_required_actions(&self, by: &id::Actor, user: &UserId, email: id::RequiredActionsEmail) -> ();
    async fn create_group(&self, by: &id::Actor, new: id::NewGroup) -> id::Written<Arc<id::Group>>;
    async fn edit_group(&self, by: &id::Actor, group: &GroupId, edit: id::GroupEdit) -> id::Written<Arc<id::Group>>;
    async fn delete_group(&self, by: &id::Actor, group: &GroupId) -> id::Written<Arc<id::Group>>;
    async fn bind(&self, by: &id::Actor, edits: &[id::Binding]) -> Vec<id::Outcome>;
    async fn ensure_role(&self, by: &id::Actor, role: id::Role) -> id::Written<id::Applied>;
    async fn delete_role(&self, by: &id::Actor, role: &id::RoleKey) -> id::Written<id::Applied>;
    async fn edit_realm(&self, by: &id::Actor, edit: id::RealmEdit) -> id::Written<Arc<id::Realm>>;
    async fn api_token_counts(&self, users: &[UserId]) -> BTreeMap<UserId, u32>;
    async fn revoke_api_tokens(&self, by: &id::Actor, user: &UserId) -> id::Applied;
    async fn put_invitation(&self, by: &id::Actor, new: id::NewInvitation) -> id::Written<()>;
    async fn take_invitation(&self, by: &id::Actor, invitation: &id::InvitationId) -> id::Written<id::Invitation>;
}
