//! The part that all decorators of an identity store have in common.

/// Implements `IdentityStore` for a decorator with a field `inner: Arc<S>` and a method
/// `before(&self, method: &'static str) -> Result<(), IdentityError>`, which is asked before each asynchronous method. The synchronous ones,
/// which cost no call to the provider, are passed on unasked; only `freshness` is the decorator's own `observed_freshness`.
macro_rules! decorate_store {
    ($decorator:ident; $(fn $method:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait::async_trait]
        impl<S: primehub_core::identity::IdentityStore> primehub_core::identity::IdentityStore for $decorator<S> {
            fn directory(&self) -> Arc<primehub_core::identity::Directory> {
                self.inner.directory()
            }

            fn freshness(&self) -> primehub_core::identity::Freshness {
                self.observed_freshness()
            }

            fn capabilities(&self) -> primehub_core::identity::Capabilities {
                self.inner.capabilities()
            }

            fn changes(
                &self,
                since: Option<primehub_core::identity::Revision>,
            ) -> futures::stream::BoxStream<'static, primehub_core::identity::Change> {
                self.inner.changes(since)
            }

            $(async fn $method(&self, $($argument: $kind),*) -> Result<$answer, primehub_core::identity::IdentityError> {
                self.before(stringify!($method))?;
                self.inner.$method($($argument),*).await
            })*
        }
    };
    ($decorator:ident) => {
        use std::collections::BTreeMap as Map;
        use primehub_core::identity as id;
        use primehub_core::names::{GroupId, UserId};

        $crate::decorator::decorate_store! { $decorator;
            fn refresh(keys: &[id::Key]) -> id::Revision;
            fn create_user(by: &id::Actor, new: id::NewUser) -> id::Written<Arc<id::User>>;
            fn edit_user(by: &id::Actor, user: &UserId, edit: id::UserEdit) -> id::Written<Arc<id::User>>;
            fn delete_user(by: &id::Actor, user: &UserId) -> id::Written<Arc<id::User>>;
            fn set_password(by: &id::Actor, user: &UserId, password: id::NewPassword) -> ();
            fn remove_one_time_passwords(by: &id::Actor, user: &UserId) -> id::Written<Arc<id::User>>;
            fn send_required_actions(by: &id::Actor, user: &UserId, email: id::RequiredActionsEmail) -> ();
            fn create_group(by: &id::Actor, new: id::NewGroup) -> id::Written<Arc<id::Group>>;
            fn edit_group(by: &id::Actor, group: &GroupId, edit: id::GroupEdit) -> id::Written<Arc<id::Group>>;
            fn delete_group(by: &id::Actor, group: &GroupId) -> id::Written<Arc<id::Group>>;
            fn bind(by: &id::Actor, edits: &[id::Binding]) -> Vec<id::Outcome>;
            fn ensure_role(by: &id::Actor, role: id::Role) -> id::Written<id::Applied>;
            fn delete_role(by: &id::Actor, role: &id::RoleKey) -> id::Written<id::Applied>;
            fn edit_realm(by: &id::Actor, edit: id::RealmEdit) -> id::Written<Arc<id::Realm>>;
            fn api_token_counts(users: &[UserId]) -> Map<UserId, u32>;
            fn revoke_api_tokens(by: &id::Actor, user: &UserId) -> id::Applied;
            fn put_invitation(by: &id::Actor, new: id::NewInvitation) -> id::Written<()>;
            fn take_invitation(by: &id::Actor, invitation: &id::InvitationId) -> id::Written<id::Invitation>;
        }
    };
}

pub(crate) use decorate_store;
