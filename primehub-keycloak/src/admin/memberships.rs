//! What users belong to: groups and roles.

use http::Method;
use primehub_core::names::{GroupId, UserId};

use super::paging::{self, pages};
use super::view::number;
use super::{GroupRow, RoleReference, Users};
use crate::transport::{By, Call, CallError, Class, Kind};

impl Users<'_> {
    /// The groups that a user is a direct member of, in brief: without attributes and roles.
    pub(crate) async fn groups(self, id: &UserId) -> Result<Vec<GroupRow>, CallError> {
        const KIND: Kind = Kind::new("users.groups", Class::Read, "view-users");
        let page = |first| {
            let call = self.0.get(KIND, &["users", id.as_str(), "groups"]).query("briefRepresentation", "true");
            self.0.read(call.query("first", number(first)).query("max", number(paging::GROUPS)))
        };
        pages(KIND, paging::GROUPS, |group: &GroupRow| group.id.as_str(), page).await
    }

    /// Makes a user a member of a group, if it is none. Twice at the same time is refused with 409.
    pub(crate) async fn join(self, by: By<'_>, id: &UserId, group: &GroupId) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.join", Class::Idempotent, "manage-users");
        let path = ["users", id.as_str(), "groups", group.as_str()];
        self.0.carry_out(self.0.call(KIND, Method::PUT, &path).by(by)).await
    }

    /// Ends a membership, if there is one.
    pub(crate) async fn leave(self, by: By<'_>, id: &UserId, group: &GroupId) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.leave", Class::Idempotent, "manage-users");
        let path = ["users", id.as_str(), "groups", group.as_str()];
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &path).by(by)).await
    }

    /// The roles of a client that a user holds directly.
    pub(crate) async fn client_roles(self, id: &UserId, client: &str) -> Result<Vec<RoleReference>, CallError> {
        const KIND: Kind = Kind::new("users.client_roles", Class::Read, "view-users and view-clients");
        self.0.read(self.0.get(KIND, &["users", id.as_str(), "role-mappings", "clients", client])).await
    }

    /// The realm roles that a user holds directly.
    pub(crate) async fn realm_roles(self, id: &UserId) -> Result<Vec<RoleReference>, CallError> {
        const KIND: Kind = Kind::new("users.realm_roles", Class::Read, "view-users");
        self.0.read(self.0.get(KIND, &["users", id.as_str(), "role-mappings", "realm"])).await
    }

    /// Gives a user a role of a client. Keycloak demands that whoever gives a role of its administration may do everything.
    pub(crate) async fn grant_client_role(
        self,
        by: By<'_>,
        id: &UserId,
        client: &str,
        role: &RoleReference,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.grant_client_role", Class::Idempotent, "realm-admin");
        self.0.carry_out(self.client_role(KIND, Method::POST, id, client, role).by(by)).await
    }

    /// Takes a role of a client from a user.
    pub(crate) async fn revoke_client_role(
        self,
        by: By<'_>,
        id: &UserId,
        client: &str,
        role: &RoleReference,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.revoke_client_role", Class::Idempotent, "realm-admin");
        self.0.carry_out(self.client_role(KIND, Method::DELETE, id, client, role).by(by)).await
    }

    /// Gives a user a realm role.
    pub(crate) async fn grant_realm_role(self, by: By<'_>, id: &UserId, role: &RoleReference) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.grant_realm_role", Class::Idempotent, "manage-users");
        let call = self.0.call(KIND, Method::POST, &["users", id.as_str(), "role-mappings", "realm"]);
        self.0.carry_out(call.by(by).json(&[role])).await
    }

    /// Takes a realm role from a user.
    pub(crate) async fn revoke_realm_role(
        self,
        by: By<'_>,
        id: &UserId,
        role: &RoleReference,
    ) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.revoke_realm_role", Class::Idempotent, "manage-users");
        let call = self.0.call(KIND, Method::DELETE, &["users", id.as_str(), "role-mappings", "realm"]);
        self.0.carry_out(call.by(by).json(&[role])).await
    }

    /// A call about exactly one role: without any, Keycloak takes all.
    fn client_role<'c>(
        self,
        kind: Kind,
        method: Method,
        id: &'c UserId,
        client: &'c str,
        role: &RoleReference,
    ) -> Call<'c>
    where
        Self: 'c,
    {
        self.0.call(kind, method, &["users", id.as_str(), "role-mappings", "clients", client]).json(&[role])
    }
}
