//! Reading from Keycloak, also where single objects of a list cannot be read.

use async_trait::async_trait;
use http::Method;
use primehub_core::names::{GroupId, UserId};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::source::Source;
use crate::admin::{
    AdminEvent, ClientRow, Full, GroupRow, MemberRow, RealmRow, RoleReference, RoleRow, UserEvent, UserRow,
};
use crate::connection::Keycloak;
use crate::token::{IssuerProbeError, KeycloakTokens};
use crate::transport::{Call, CallError, Class, Kind};

/// Rows per page where each is read by itself.
const PAGE: usize = 500;
/// No list has more pages.
const MOST_PAGES: usize = 2_000;

#[async_trait]
impl Source for Keycloak {
    async fn realm(&self) -> Result<RealmRow, CallError> {
        self.realm().get().await
    }

    async fn profile(&self) -> Result<Full, CallError> {
        self.realm().profile().await
    }

    async fn probe_issuer(&self) -> Result<(), IssuerProbeError> {
        KeycloakTokens::new(self).probe().await
    }

    async fn default_groups(&self) -> Result<Vec<GroupId>, CallError> {
        self.realm().default_groups().await
    }

    async fn users(&self) -> Result<Vec<UserRow>, CallError> {
        let rows = self.users().all().await;
        readable(self, rows, "users.list", &["users"], &[("briefRepresentation", "false")]).await
    }

    async fn service_accounts(&self) -> Result<Vec<UserRow>, CallError> {
        let rows = self.users().service_accounts().await;
        let filter = [("briefRepresentation", "false"), ("username", "service-account-")];
        let rows: Vec<UserRow> = readable(self, rows, "users.list", &["users"], &filter).await?;
        Ok(rows.into_iter().filter(|user| user.username.starts_with("service-account-")).collect())
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, CallError> {
        self.users().get(id).await
    }

    async fn groups_of(&self, id: &UserId) -> Result<Vec<GroupId>, CallError> {
        Ok(self.users().groups(id).await?.into_iter().map(|group| group.id).collect())
    }

    async fn realm_roles_of(&self, id: &UserId) -> Result<Vec<RoleReference>, CallError> {
        self.users().realm_roles(id).await
    }

    async fn client_roles_of(&self, id: &UserId, client: &str) -> Result<Vec<RoleReference>, CallError> {
        self.users().client_roles(id, client).await
    }

    async fn groups(&self) -> Result<Vec<GroupRow>, CallError> {
        let rows = self.groups().all().await;
        readable(self, rows, "groups.list", &["groups"], &[("briefRepresentation", "false")]).await
    }

    async fn children(&self, id: &GroupId) -> Result<Vec<GroupRow>, CallError> {
        let rows = self.groups().children(id).await;
        let path = ["groups", id.as_str(), "children"];
        readable(self, rows, "groups.children", &path, &[("briefRepresentation", "false")]).await
    }

    async fn group(&self, id: &GroupId) -> Result<Option<GroupRow>, CallError> {
        self.groups().get(id).await
    }

    async fn members(&self, id: &GroupId) -> Result<Vec<MemberRow>, CallError> {
        self.groups().members(id).await
    }

    async fn roles(&self) -> Result<Vec<RoleRow>, CallError> {
        let rows = self.roles().all().await;
        readable(self, rows, "roles.list", &["roles"], &[("briefRepresentation", "false")]).await
    }

    async fn role(&self, name: &str) -> Result<Option<RoleRow>, CallError> {
        self.roles().get(name).await
    }

    async fn composites(&self, id: &str) -> Result<Vec<RoleRow>, CallError> {
        self.roles().composites(id).await
    }

    async fn role_users(&self, name: &str) -> Result<Vec<MemberRow>, CallError> {
        self.roles().users(name).await
    }

    async fn client(&self, client_id: &str) -> Result<Option<ClientRow>, CallError> {
        self.clients().find(client_id).await
    }

    async fn client_role(&self, client: &str, name: &str) -> Result<Option<RoleRow>, CallError> {
        self.roles().client_role(client, name).await
    }

    async fn client_role_users(&self, client: &str, name: &str) -> Result<Vec<MemberRow>, CallError> {
        self.roles().client_role_users(client, name).await
    }

    async fn newest_admin_events(&self, max: usize) -> Result<Vec<AdminEvent>, CallError> {
        self.events().newest_admin_events(max).await
    }

    async fn newest_user_events(&self, max: usize) -> Result<Vec<UserEvent>, CallError> {
        self.events().newest_user_events(max).await
    }

    async fn admin_events(&self, from: i64, first: usize, max: usize) -> Result<Vec<AdminEvent>, CallError> {
        self.events().admin_events(from, first, max).await
    }

    async fn user_events(&self, from: i64, first: usize, max: usize) -> Result<Vec<UserEvent>, CallError> {
        self.events().user_events(from, first, max).await
    }
}

/// The rows of a list. If the list as a whole cannot be read, it is asked for again and its rows are read one by one: one that is broken
/// is left out, and the rest works.
async fn readable<T: DeserializeOwned>(
    keycloak: &Keycloak,
    rows: Result<Vec<T>, CallError>,
    name: &'static str,
    path: &[&str],
    query: &[(&'static str, &str)],
) -> Result<Vec<T>, CallError> {
    let cause = match rows {
        Err(CallError::Unreadable { cause, .. }) => cause,
        rows => return rows,
    };
    tracing::warn!(call = name, cause, "a list cannot be read as a whole; its rows are read one by one");
    let kind = Kind::new(name, Class::Page, "view-users and view-realm");
    let realm = ["admin", "realms", keycloak.settings().realm.as_str()];
    let mut good = Vec::new();
    for page in 0..MOST_PAGES {
        let mut call = Call::new(kind, Method::GET, realm.iter().chain(path).copied());
        for (name, value) in query {
            call = call.query(name, *value);
        }
        let call = call.query("first", (page * PAGE).to_string()).query("max", PAGE.to_string());
        let rows: Vec<Value> = keycloak.call(&call).await?.json()?;
        let full = rows.len() == PAGE;
        good.extend(one_by_one(keycloak, name, rows));
        if !full {
            return Ok(good);
        }
    }
    Err(CallError::Unreadable { call: name, cause: "the list does not end".to_owned() })
}

fn one_by_one<T: DeserializeOwned>(keycloak: &Keycloak, list: &'static str, rows: Vec<Value>) -> Vec<T> {
    let mut good = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.get("id").and_then(Value::as_str).unwrap_or("unknown").to_owned();
        match serde_json::from_value(row) {
            Ok(row) => good.push(row),
            Err(error) => {
                keycloak.metrics().mirror.broken.inc();
                tracing::error!(list, id, %error, "an object of Keycloak cannot be read; it stays as it was");
            }
        }
    }
    good
}
