//! Groups.

use http::Method;
use primehub_core::names::GroupId;

use super::paging::{self, pages};
use super::view::number;
use super::{Admin, Full, GroupRow, MemberRow, RoleReference};
use crate::transport::{By, CallError, Class, Kind};

const LIST: Kind = Kind::new("groups.list", Class::Page, "view-users");

/// Groups, their members and roles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Groups<'a>(pub(super) Admin<'a>);

impl Groups<'_> {
    /// Groups of the top level by name, from the `first` on, with attributes and realm roles.
    pub(crate) async fn page(self, first: usize, max: usize) -> Result<Vec<GroupRow>, CallError> {
        let call = self.0.get(LIST, &["groups"]).query("briefRepresentation", "false");
        self.0.read(call.query("first", number(first)).query("max", number(max))).await
    }

    /// All groups of the top level by name, with attributes and realm roles.
    pub(crate) async fn all(self) -> Result<Vec<GroupRow>, CallError> {
        pages(LIST, paging::GROUPS, |group: &GroupRow| group.id.as_str(), |first| self.page(first, paging::GROUPS))
            .await
    }

    /// All groups directly below a group, with attributes and realm roles.
    pub(crate) async fn children(self, id: &GroupId) -> Result<Vec<GroupRow>, CallError> {
        const KIND: Kind = Kind::new("groups.children", Class::Page, "view-users");
        let page = |first| {
            let call = self.0.get(KIND, &["groups", id.as_str(), "children"]).query("briefRepresentation", "false");
            self.0.read(call.query("first", number(first)).query("max", number(paging::GROUPS)))
        };
        pages(KIND, paging::GROUPS, |group: &GroupRow| group.id.as_str(), page).await
    }

    pub(crate) async fn get(self, id: &GroupId) -> Result<Option<GroupRow>, CallError> {
        const KIND: Kind = Kind::new("groups.get", Class::Read, "view-users");
        self.0.find(self.0.get(KIND, &["groups", id.as_str()])).await
    }

    /// All of a group, to be changed and sent back.
    pub(crate) async fn full(self, id: &GroupId) -> Result<Option<Full>, CallError> {
        const KIND: Kind = Kind::new("groups.get", Class::Read, "view-users");
        self.0.find(self.0.get(KIND, &["groups", id.as_str()])).await
    }

    /// Creates a group on the top level.
    pub(crate) async fn create(self, by: By<'_>, group: &Full) -> Result<GroupId, CallError> {
        const KIND: Kind = Kind::new("groups.create", Class::Write, "manage-users");
        self.0.create(self.0.call(KIND, Method::POST, &["groups"]).by(by).json(group)).await.map(GroupId::from)
    }

    /// Replaces a group. `group` is what was read, changed in places: a description that is left out is cleared.
    pub(crate) async fn put(self, by: By<'_>, id: &GroupId, group: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("groups.update", Class::Write, "manage-users");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &["groups", id.as_str()]).by(by).json(group)).await
    }

    /// Deletes a group and all below it.
    pub(crate) async fn delete(self, by: By<'_>, id: &GroupId) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("groups.delete", Class::Idempotent, "manage-users");
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &["groups", id.as_str()]).by(by)).await
    }

    /// All direct members of a group, clients' own accounts among them.
    pub(crate) async fn members(self, id: &GroupId) -> Result<Vec<MemberRow>, CallError> {
        const KIND: Kind = Kind::new("groups.members", Class::Page, "view-users");
        let page = |first| {
            let call = self.0.get(KIND, &["groups", id.as_str(), "members"]).query("briefRepresentation", "true");
            self.0.read(call.query("first", number(first)).query("max", number(paging::MEMBERS)))
        };
        pages(KIND, paging::MEMBERS, |member: &MemberRow| member.id.as_str(), page).await
    }

    /// Maps a realm role on a group. Twice at the same time is refused with 400.
    pub(crate) async fn add_realm_role(self, by: By<'_>, id: &GroupId, role: &RoleReference) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("groups.add_realm_role", Class::Idempotent, "manage-users");
        let call = self.0.call(KIND, Method::POST, &["groups", id.as_str(), "role-mappings", "realm"]);
        self.0.carry_out(call.by(by).json(&[role])).await
    }

    /// Ends the mapping of a realm role. Always names the role: without any, Keycloak takes all.
    pub(crate) async fn remove_realm_role(
        self,
        by: By<'_>,
        id: &GroupId,
        role: &RoleReference,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("groups.remove_realm_role", Class::Idempotent, "manage-users");
        let call = self.0.call(KIND, Method::DELETE, &["groups", id.as_str(), "role-mappings", "realm"]);
        self.0.carry_out(call.by(by).json(&[role])).await
    }

    /// Maps a role of a client on a group.
    pub(crate) async fn add_client_role(
        self,
        by: By<'_>,
        id: &GroupId,
        client: &str,
        role: &RoleReference,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("groups.add_client_role", Class::Idempotent, "realm-admin");
        let call = self.0.call(KIND, Method::POST, &["groups", id.as_str(), "role-mappings", "clients", client]);
        self.0.carry_out(call.by(by).json(&[role])).await
    }

    /// Ends the mapping of a role of a client. Always names the role: without any, Keycloak takes all.
    pub(crate) async fn remove_client_role(
        self,
        by: By<'_>,
        id: &GroupId,
        client: &str,
        role: &RoleReference,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("groups.remove_client_role", Class::Idempotent, "realm-admin");
        let call = self.0.call(KIND, Method::DELETE, &["groups", id.as_str(), "role-mappings", "clients", client]);
        self.0.carry_out(call.by(by).json(&[role])).await
    }
}
