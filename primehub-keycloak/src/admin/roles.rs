//! Realm roles and roles of clients.

use http::Method;

use super::paging::{self, pages};
use super::view::{number, travels};
use super::{Admin, Full, MemberRow, RoleReference, RoleRow};
use crate::transport::{By, CallError, Class, Kind};

/// Roles and who holds them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roles<'a>(pub(super) Admin<'a>);

impl Roles<'_> {
    /// All realm roles by name, with attributes.
    pub(crate) async fn all(self) -> Result<Vec<RoleRow>, CallError> {
        const KIND: Kind = Kind::new("roles.list", Class::Page, "view-realm");
        let page = |first| {
            let call = self.0.get(KIND, &["roles"]).query("briefRepresentation", "false");
            self.0.read(call.query("first", number(first)).query("max", number(paging::ROLES)))
        };
        pages(KIND, paging::ROLES, |role: &RoleRow| role.id.as_str(), page).await
    }

    pub(crate) async fn get(self, name: &str) -> Result<Option<RoleRow>, CallError> {
        const KIND: Kind = Kind::new("roles.get", Class::Read, "view-realm");
        if !travels(name) {
            return Ok(self.all().await?.into_iter().find(|role| role.name == name));
        }
        self.0.find(self.0.get(KIND, &["roles", name])).await
    }

    /// All of a role, to be changed and sent back.
    pub(crate) async fn full(self, name: &str) -> Result<Option<Full>, CallError> {
        const KIND: Kind = Kind::new("roles.get", Class::Read, "view-realm");
        if travels(name) {
            return self.0.find(self.0.get(KIND, &["roles", name])).await;
        }
        match self.get(name).await? {
            Some(role) => self.0.find(self.0.get(KIND, &["roles-by-id", &role.id])).await,
            None => Ok(None),
        }
    }

    /// Creates a role. Keycloak accepts an empty name: check names before.
    pub(crate) async fn create(self, by: By<'_>, role: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("roles.create", Class::Write, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::POST, &["roles"]).by(by).json(role)).await
    }

    pub(crate) async fn delete(self, by: By<'_>, name: &str) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("roles.delete", Class::Idempotent, "manage-realm");
        if !travels(name)
            && let Some(role) = self.get(name).await?
        {
            return self.0.carry_out(self.0.call(KIND, Method::DELETE, &["roles-by-id", &role.id]).by(by)).await;
        }
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &["roles", name]).by(by)).await
    }

    /// Deletes a role, if this very call does: one whose answer is lost is not sent again, since a second one could not tell its own
    /// success from somebody else's.
    pub(crate) async fn take(self, by: By<'_>, name: &str) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("roles.take", Class::Write, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &["roles", name]).by(by)).await
    }

    /// Replaces a role. Another name renames it.
    pub(crate) async fn put_by_id(self, by: By<'_>, id: &str, role: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("roles.update", Class::Write, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &["roles-by-id", id]).by(by).json(role)).await
    }

    /// The roles that a role, realm's or client's, contains directly.
    pub(crate) async fn composites(self, id: &str) -> Result<Vec<RoleRow>, CallError> {
        const KIND: Kind = Kind::new("roles.composites", Class::Read, "view-realm");
        self.0.read(self.0.get(KIND, &["roles-by-id", id, "composites"])).await
    }

    /// Puts roles into a role.
    pub(crate) async fn add_composites(self, by: By<'_>, id: &str, roles: &[RoleReference]) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("roles.add_composites", Class::Idempotent, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::POST, &["roles-by-id", id, "composites"]).by(by).json(&roles)).await
    }

    /// All direct holders of a realm role.
    pub(crate) async fn users(self, name: &str) -> Result<Vec<MemberRow>, CallError> {
        const KIND: Kind = Kind::new("roles.users", Class::Page, "view-realm and view-users");
        self.holders(KIND, &["roles", name, "users"]).await
    }

    /// A role of the client with this uuid.
    pub(crate) async fn client_role(self, client: &str, name: &str) -> Result<Option<RoleRow>, CallError> {
        const KIND: Kind = Kind::new("roles.client_role", Class::Read, "view-clients");
        self.0.find(self.0.get(KIND, &["clients", client, "roles", name])).await
    }

    /// All direct holders of a role of a client, clients' own accounts among them.
    pub(crate) async fn client_role_users(self, client: &str, name: &str) -> Result<Vec<MemberRow>, CallError> {
        const KIND: Kind = Kind::new("roles.client_role_users", Class::Page, "view-clients and view-users");
        self.holders(KIND, &["clients", client, "roles", name, "users"]).await
    }

    async fn holders(self, kind: Kind, path: &[&str]) -> Result<Vec<MemberRow>, CallError> {
        let page = |first| {
            let call = self.0.get(kind, path).query("briefRepresentation", "true");
            self.0.read(call.query("first", number(first)).query("max", number(paging::MEMBERS)))
        };
        pages(kind, paging::MEMBERS, |holder: &MemberRow| holder.id.as_str(), page).await
    }
}
