//! Users.

use http::Method;
use primehub_core::names::UserId;

use super::paging::{self, pages};
use super::view::number;
use super::{Admin, Full, UserRow};
use crate::transport::{By, CallError, Class, Kind};

/// The beginning of the names of clients' own accounts.
const SERVICE_ACCOUNT: &str = "service-account-";

const LIST: Kind = Kind::new("users.list", Class::Page, "view-users");
const FIND: Kind = Kind::new("users.find", Class::Read, "view-users");

/// Users, their memberships, roles, passwords and sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Users<'a>(pub(super) Admin<'a>);

impl Users<'_> {
    pub(crate) async fn get(self, id: &UserId) -> Result<Option<UserRow>, CallError> {
        const KIND: Kind = Kind::new("users.get", Class::Read, "view-users");
        self.0.find(self.0.get(KIND, &["users", id.as_str()])).await
    }

    /// All of a user, to be changed and sent back.
    pub(crate) async fn full(self, id: &UserId) -> Result<Option<Full>, CallError> {
        const KIND: Kind = Kind::new("users.get", Class::Read, "view-users");
        self.0.find(self.0.get(KIND, &["users", id.as_str()])).await
    }

    /// People by name, from the `first` on. Clients' own accounts are not among them.
    pub(crate) async fn page(self, first: usize, max: usize) -> Result<Vec<UserRow>, CallError> {
        self.list(&[], first, max).await
    }

    /// All people by name. Clients' own accounts are not among them.
    pub(crate) async fn all(self) -> Result<Vec<UserRow>, CallError> {
        pages(LIST, paging::USERS, |user: &UserRow| user.id.as_str(), |first| self.page(first, paging::USERS)).await
    }

    /// The accounts of clients.
    pub(crate) async fn service_accounts(self) -> Result<Vec<UserRow>, CallError> {
        let page = |first| self.list(&[("username", SERVICE_ACCOUNT)], first, paging::USERS);
        let mut found = pages(LIST, paging::USERS, |user: &UserRow| user.id.as_str(), page).await?;
        // The name is looked for anywhere in names.
        found.retain(|user| user.username.starts_with(SERVICE_ACCOUNT));
        Ok(found)
    }

    /// The user of this name, whatever its case. Clients' own accounts are found too.
    pub(crate) async fn find_exact(self, username: &str) -> Result<Option<UserRow>, CallError> {
        let found = self.exact("username", username).await?;
        let username = username.to_lowercase();
        Ok(found.into_iter().find(|user| user.username.to_lowercase() == username))
    }

    /// The user with this address, whatever its case; one of them where a realm allows several.
    pub(crate) async fn find_by_email_exact(self, email: &str) -> Result<Option<UserRow>, CallError> {
        let found = self.exact("email", email).await?;
        let email = email.to_lowercase();
        Ok(found.into_iter().find(|user| user.email.as_ref().is_some_and(|found| found.to_lowercase() == email)))
    }

    /// How many people there are. Clients' own accounts do not count.
    pub(crate) async fn count(self) -> Result<u64, CallError> {
        const KIND: Kind = Kind::new("users.count", Class::Read, "view-users");
        self.0.read(self.0.get(KIND, &["users", "count"])).await
    }

    pub(crate) async fn create(self, by: By<'_>, user: &Full) -> Result<UserId, CallError> {
        const KIND: Kind = Kind::new("users.create", Class::Write, "manage-users");
        self.0.create(self.0.call(KIND, Method::POST, &["users"]).by(by).json(user)).await.map(UserId::from)
    }

    /// Replaces a user. `user` is what was read, changed in places: attributes without e-mail and names clear those.
    pub(crate) async fn put(self, by: By<'_>, id: &UserId, user: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.update", Class::Write, "manage-users");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &["users", id.as_str()]).by(by).json(user)).await
    }

    pub(crate) async fn delete(self, by: By<'_>, id: &UserId) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("users.delete", Class::Idempotent, "manage-users");
        self.0.carry_out(self.0.call(KIND, Method::DELETE, &["users", id.as_str()]).by(by)).await
    }

    async fn list(self, filter: &[(&'static str, &str)], first: usize, max: usize) -> Result<Vec<UserRow>, CallError> {
        let mut call = self.0.get(LIST, &["users"]);
        for (name, value) in filter {
            call = call.query(name, *value);
        }
        let call = call.query("briefRepresentation", "false");
        self.0.read(call.query("first", number(first)).query("max", number(max))).await
    }

    async fn exact(self, field: &'static str, value: &str) -> Result<Vec<UserRow>, CallError> {
        let call = self.0.get(FIND, &["users"]).query(field, value).query("exact", "true");
        self.0.read(call.query("briefRepresentation", "false").query("first", "0").query("max", "20")).await
    }
}
