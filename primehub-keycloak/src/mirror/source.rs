//! Where the mirror reads: a realm, as far as it is mirrored.

use async_trait::async_trait;
use primehub_core::names::{GroupId, UserId};

use crate::admin::{
    AdminEvent, ClientRow, Full, GroupRow, MemberRow, RealmRow, RoleReference, RoleRow, UserEvent, UserRow,
};
use crate::token::IssuerProbeError;
use crate::transport::CallError;

/// The readings that a mirror is made from. Each is one call, or one per page. What does not exist is `None` where one thing is asked for,
/// and a refusal with status 404 elsewhere.
#[async_trait]
pub(super) trait Source: Send + Sync + 'static {
    async fn realm(&self) -> Result<RealmRow, CallError>;
    /// What people have and who may change it.
    async fn profile(&self) -> Result<Full, CallError>;
    /// Whether the realm's tokens name the issuer that is expected.
    async fn probe_issuer(&self) -> Result<(), IssuerProbeError>;
    async fn default_groups(&self) -> Result<Vec<GroupId>, CallError>;

    /// Everybody but service accounts.
    async fn users(&self) -> Result<Vec<UserRow>, CallError>;
    async fn service_accounts(&self) -> Result<Vec<UserRow>, CallError>;
    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, CallError>;
    /// The groups of which the user is a member.
    async fn groups_of(&self, id: &UserId) -> Result<Vec<GroupId>, CallError>;
    async fn realm_roles_of(&self, id: &UserId) -> Result<Vec<RoleReference>, CallError>;
    async fn client_roles_of(&self, id: &UserId, client: &str) -> Result<Vec<RoleReference>, CallError>;

    /// The top-level groups.
    async fn groups(&self) -> Result<Vec<GroupRow>, CallError>;
    async fn children(&self, id: &GroupId) -> Result<Vec<GroupRow>, CallError>;
    async fn group(&self, id: &GroupId) -> Result<Option<GroupRow>, CallError>;
    async fn members(&self, id: &GroupId) -> Result<Vec<MemberRow>, CallError>;

    async fn roles(&self) -> Result<Vec<RoleRow>, CallError>;
    async fn role(&self, name: &str) -> Result<Option<RoleRow>, CallError>;
    /// What the role of this id contains.
    async fn composites(&self, id: &str) -> Result<Vec<RoleRow>, CallError>;
    async fn role_users(&self, name: &str) -> Result<Vec<MemberRow>, CallError>;

    async fn client(&self, client_id: &str) -> Result<Option<ClientRow>, CallError>;
    async fn client_role(&self, client: &str, name: &str) -> Result<Option<RoleRow>, CallError>;
    async fn client_role_users(&self, client: &str, name: &str) -> Result<Vec<MemberRow>, CallError>;

    /// At most so many, the newest first.
    async fn newest_admin_events(&self, max: usize) -> Result<Vec<AdminEvent>, CallError>;
    async fn newest_user_events(&self, max: usize) -> Result<Vec<UserEvent>, CallError>;
    /// From a time on, the oldest first.
    async fn admin_events(&self, from: i64, first: usize, max: usize) -> Result<Vec<AdminEvent>, CallError>;
    async fn user_events(&self, from: i64, first: usize, max: usize) -> Result<Vec<UserEvent>, CallError>;
}
