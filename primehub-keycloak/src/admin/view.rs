//! The admin interface with certain rights: what all kinds of objects have in common.

use std::borrow::Cow;

use http::Method;
use serde::de::DeserializeOwned;

use super::{Clients, Events, Groups, RealmView, Roles, Users};
use crate::Keycloak;
use crate::transport::{Answer, By, Call, CallError, Kind};

/// The admin interface of the realm, whose reads are made with certain rights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Admin<'a> {
    keycloak: &'a Keycloak,
    by: By<'a>,
}

impl Keycloak {
    /// The admin interface, whose reads are made with the rights of `by`.
    pub(crate) fn admin<'a>(&'a self, by: By<'a>) -> Admin<'a> {
        Admin { keycloak: self, by }
    }

    /// Users, read with the rights of the service account.
    pub(crate) fn users(&self) -> Users<'_> {
        self.admin(By::Service).users()
    }

    /// Groups, read with the rights of the service account.
    pub(crate) fn groups(&self) -> Groups<'_> {
        self.admin(By::Service).groups()
    }

    /// Roles, read with the rights of the service account.
    pub(crate) fn roles(&self) -> Roles<'_> {
        self.admin(By::Service).roles()
    }

    /// Clients, read with the rights of the service account.
    pub(crate) fn clients(&self) -> Clients<'_> {
        self.admin(By::Service).clients()
    }

    /// The realm itself, read with the rights of the service account.
    pub(crate) fn realm(&self) -> RealmView<'_> {
        self.admin(By::Service).realm()
    }

    /// What happened in the realm, read with the rights of the service account.
    pub(crate) fn events(&self) -> Events<'_> {
        self.admin(By::Service).events()
    }
}

impl<'a> Admin<'a> {
    pub(crate) fn users(self) -> Users<'a> {
        Users(self)
    }

    pub(crate) fn groups(self) -> Groups<'a> {
        Groups(self)
    }

    pub(crate) fn roles(self) -> Roles<'a> {
        Roles(self)
    }

    pub(crate) fn clients(self) -> Clients<'a> {
        Clients(self)
    }

    pub(crate) fn realm(self) -> RealmView<'a> {
        RealmView(self)
    }

    pub(crate) fn events(self) -> Events<'a> {
        Events(self)
    }

    /// A call below the realm's address, with the rights of this view.
    pub(super) fn call<'c>(self, kind: Kind, method: Method, path: &[&'c str]) -> Call<'c>
    where
        'a: 'c,
    {
        let realm = self.keycloak.settings().realm.as_str();
        Call::new(kind, method, ["admin", "realms", realm].into_iter().chain(path.iter().copied())).by(self.by)
    }

    /// A call that reads below the realm's address.
    pub(super) fn get<'c>(self, kind: Kind, path: &[&'c str]) -> Call<'c>
    where
        'a: 'c,
    {
        self.call(kind, Method::GET, path)
    }

    /// Sends a call.
    pub(super) async fn send(self, call: Call<'_>) -> Result<Answer, CallError> {
        self.keycloak.call(&call).await
    }

    /// Sends a call whose answer has nothing to read.
    pub(super) async fn carry_out(self, call: Call<'_>) -> Result<(), CallError> {
        self.send(call).await.map(drop)
    }

    /// Sends a call and reads its answer.
    pub(super) async fn read<T: DeserializeOwned>(self, call: Call<'_>) -> Result<T, CallError> {
        self.send(call).await?.json()
    }

    /// Sends a call that asks for one object, which may not exist.
    pub(super) async fn find<T: DeserializeOwned>(self, call: Call<'_>) -> Result<Option<T>, CallError> {
        match self.read(call).await {
            Err(error) if error.is_absent() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Sends a call that creates something, and gives its id.
    pub(super) async fn create(self, call: Call<'_>) -> Result<String, CallError> {
        self.send(call).await?.created_id().map(ToOwned::to_owned)
    }
}

/// Whether an address can have the step `segment`: none is empty, and dots lead elsewhere.
pub(super) fn travels(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..")
}

/// A number as part of a query.
pub(super) fn number(number: impl ToString) -> Cow<'static, str> {
    number.to_string().into()
}
