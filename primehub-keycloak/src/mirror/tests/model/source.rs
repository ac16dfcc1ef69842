//! How the model answers.

use async_trait::async_trait;
use primehub_core::names::{GroupId, UserId};
use serde_json::json;

use super::{ADMINISTRATOR, MANAGEMENT, Model, State, Team};
use crate::admin::{
    AdminEvent, ClientRow, Full, GroupRow, MemberRow, RealmRow, RoleReference, RoleRow, UserEvent, UserRow,
};
use crate::mirror::source::Source;
use crate::token::IssuerProbeError;
use crate::transport::CallError;

const SERVICE_ACCOUNT: &str = "service-account-";

#[async_trait]
impl Source for Model {
    async fn realm(&self) -> Result<RealmRow, CallError> {
        self.answer("realm", |state| Some(state.realm.clone())).await
    }

    async fn profile(&self) -> Result<Full, CallError> {
        self.answer("profile", |state| Some(state.profile.clone())).await
    }

    async fn probe_issuer(&self) -> Result<(), IssuerProbeError> {
        let issuer = self.answer("issuer", |state| Some(state.issuer.clone())).await;
        issuer.unwrap_or_else(|error| Err(IssuerProbeError::Unavailable { cause: error.to_string() }))
    }

    async fn default_groups(&self) -> Result<Vec<GroupId>, CallError> {
        self.answer("default_groups", |state| Some(state.default_groups.iter().cloned().collect())).await
    }

    async fn users(&self) -> Result<Vec<UserRow>, CallError> {
        self.answer("users", |state| Some(state.rows(|name| !name.starts_with(SERVICE_ACCOUNT)))).await
    }

    async fn service_accounts(&self) -> Result<Vec<UserRow>, CallError> {
        self.answer("service_accounts", |state| Some(state.rows(|name| name.starts_with(SERVICE_ACCOUNT)))).await
    }

    async fn user(&self, id: &UserId) -> Result<Option<UserRow>, CallError> {
        self.answer("user", |state| Some(state.people.get(id).map(|person| person.row.clone()))).await
    }

    async fn groups_of(&self, id: &UserId) -> Result<Vec<GroupId>, CallError> {
        self.answer("groups_of", |state| Some(state.people.get(id)?.groups.iter().cloned().collect())).await
    }

    async fn realm_roles_of(&self, id: &UserId) -> Result<Vec<RoleReference>, CallError> {
        let read = |state: &State| {
            let roles = &state.people.get(id)?.roles;
            Some(
                roles.iter().map(|id| RoleReference { id: id.clone(), name: state.roles[id].0.name.clone() }).collect(),
            )
        };
        self.answer("realm_roles_of", read).await
    }

    async fn client_roles_of(&self, id: &UserId, client: &str) -> Result<Vec<RoleReference>, CallError> {
        assert_eq!(client, MANAGEMENT);
        let reference = || RoleReference { id: ADMINISTRATOR.into(), name: "realm-admin".into() };
        let read = |state: &State| {
            let person = state.people.get(id)?;
            Some(person.administrator.then(reference).into_iter().collect())
        };
        self.answer("client_roles_of", read).await
    }

    async fn groups(&self) -> Result<Vec<GroupRow>, CallError> {
        self.answer("groups", |state| Some(state.below(None))).await
    }

    async fn children(&self, id: &GroupId) -> Result<Vec<GroupRow>, CallError> {
        let read = |state: &State| {
            state.teams.get(id)?;
            let mut rows = state.below(Some(id));
            for row in &mut rows {
                row.parent_id = None;
            }
            Some(rows)
        };
        self.answer("children", read).await
    }

    async fn group(&self, id: &GroupId) -> Result<Option<GroupRow>, CallError> {
        self.answer("group", |state| Some(state.teams.get(id).map(|team| state.group_row(team)))).await
    }

    async fn members(&self, id: &GroupId) -> Result<Vec<MemberRow>, CallError> {
        let read = |state: &State| {
            state.teams.get(id)?;
            let members = state.people.values().filter(|person| person.groups.contains(id));
            Some(members.map(|person| member(&person.row)).collect())
        };
        self.answer("members", read).await
    }

    async fn roles(&self) -> Result<Vec<RoleRow>, CallError> {
        self.answer("roles", |state| {
            Some(state.roles.values().map(|(row, inner)| role_row(row, !inner.is_empty())).collect())
        })
        .await
    }

    async fn role(&self, name: &str) -> Result<Option<RoleRow>, CallError> {
        let read = |state: &State| {
            let found = state.roles.values().find(|(row, _)| row.name == name);
            Some(found.map(|(row, inner)| role_row(row, !inner.is_empty())))
        };
        self.answer("role", read).await
    }

    async fn composites(&self, id: &str) -> Result<Vec<RoleRow>, CallError> {
        let read = |state: &State| {
            let inner = &state.roles.get(id)?.1;
            let row = |id: &String| match state.roles.get(id) {
                Some((row, _)) => row.clone(),
                None => serde_json::from_value(json!({
                    "id": ADMINISTRATOR, "name": "realm-admin", "clientRole": true, "containerId": MANAGEMENT,
                }))
                .unwrap(),
            };
            Some(inner.iter().map(row).collect())
        };
        self.answer("composites", read).await
    }

    async fn role_users(&self, name: &str) -> Result<Vec<MemberRow>, CallError> {
        let read = |state: &State| {
            let id = state.roles.iter().find(|(_, (row, _))| row.name == name)?.0;
            let holders = state.people.values().filter(|person| person.roles.contains(id));
            Some(holders.map(|person| member(&person.row)).collect())
        };
        self.answer("role_users", read).await
    }

    async fn client(&self, client_id: &str) -> Result<Option<ClientRow>, CallError> {
        let row = ClientRow { id: format!("id-of-{client_id}"), client_id: client_id.to_owned() };
        self.answer("client", |_| Some(Some(row))).await
    }

    async fn client_role(&self, client: &str, name: &str) -> Result<Option<RoleRow>, CallError> {
        assert_eq!((client, name), (MANAGEMENT, "realm-admin"));
        let row = json!({"id": ADMINISTRATOR, "name": "realm-admin", "clientRole": true, "containerId": MANAGEMENT});
        self.answer("client_role", |_| Some(Some(serde_json::from_value(row).unwrap()))).await
    }

    async fn client_role_users(&self, client: &str, name: &str) -> Result<Vec<MemberRow>, CallError> {
        assert_eq!((client, name), (MANAGEMENT, "realm-admin"));
        let read = |state: &State| {
            let holders = state.people.values().filter(|person| person.administrator);
            Some(holders.map(|person| member(&person.row)).collect())
        };
        self.answer("client_role_users", read).await
    }

    async fn newest_admin_events(&self, max: usize) -> Result<Vec<AdminEvent>, CallError> {
        let read = |state: &State| Some(newest(&state.admin_events, |event| event.time, max));
        self.answer("events.newest_admin", read).await
    }

    async fn newest_user_events(&self, max: usize) -> Result<Vec<UserEvent>, CallError> {
        let read = |state: &State| Some(newest(&state.user_events, |event| event.time, max));
        self.answer("events.newest_user", read).await
    }

    async fn admin_events(&self, from: i64, first: usize, max: usize) -> Result<Vec<AdminEvent>, CallError> {
        let read = |state: &State| Some(page(&state.admin_events, |event| event.time, from, first, max));
        self.answer("events.admin", read).await
    }

    async fn user_events(&self, from: i64, first: usize, max: usize) -> Result<Vec<UserEvent>, CallError> {
        let read = |state: &State| Some(page(&state.user_events, |event| event.time, from, first, max));
        self.answer("events.user", read).await
    }
}

fn page<E: Clone>(events: &[E], time: impl Fn(&E) -> i64, from: i64, first: usize, max: usize) -> Vec<E> {
    let mut events: Vec<E> = events.iter().filter(|event| time(event) >= from).cloned().collect();
    events.sort_by_key(|event| time(event));
    events.into_iter().skip(first).take(max).collect()
}

fn member(row: &UserRow) -> MemberRow {
    MemberRow { id: row.id.clone(), username: row.username.clone() }
}

fn role_row(row: &RoleRow, composite: bool) -> RoleRow {
    RoleRow { composite, ..row.clone() }
}

impl State {
    fn rows(&self, wanted: impl Fn(&str) -> bool) -> Vec<UserRow> {
        self.people.values().map(|person| &person.row).filter(|row| wanted(&row.username)).cloned().collect()
    }

    fn below(&self, parent: Option<&GroupId>) -> Vec<GroupRow> {
        let teams = self.teams.values().filter(|team| team.row.parent_id.as_ref() == parent);
        teams.map(|team| self.group_row(team)).collect()
    }

    fn group_row(&self, team: &Team) -> GroupRow {
        let mut row = team.row.clone();
        row.realm_roles = team.roles.iter().map(|id| self.roles[id].0.name.clone()).collect();
        if team.administrators {
            row.client_roles.insert("realm-management".into(), vec!["realm-admin".into(), "view-users".into()]);
        }
        row.sub_group_count = self.below_count(&row.id);
        row
    }

    fn below_count(&self, id: &GroupId) -> u64 {
        self.teams.values().filter(|team| team.row.parent_id.as_ref() == Some(id)).count() as u64
    }
}

fn newest<E: Clone>(events: &[E], time: impl Fn(&E) -> i64, max: usize) -> Vec<E> {
    let mut events = events.to_vec();
    events.sort_by_key(|event| std::cmp::Reverse(time(event)));
    events.truncate(max);
    events
}
