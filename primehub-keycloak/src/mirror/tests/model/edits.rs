//! What happens in the model, and which events it leaves: those that Keycloak was seen to leave, without details.

use std::collections::{BTreeMap, BTreeSet};

use primehub_core::names::{GroupId, UserId};
use serde_json::json;

use super::{ADMINISTRATOR, Person, State, Team};
use crate::admin::{AdminEvent, RoleRow, UserEvent};

/// An edit. Numbers choose among what there is at the time; an edit for which there is nothing does nothing.
#[derive(Clone, Debug)]
pub(in super::super) enum Edit {
    CreateUser {
        name: usize,
        team: Option<usize>,
    },
    RenameUser(usize, usize),
    SetEmail(usize, Option<usize>),
    SetUserAttribute(usize, u32),
    DeleteUser(usize),
    /// An import that overwrites: another id, and no event about the old one.
    Overwrite(usize),
    /// By people themselves.
    Register(usize),
    UpdateProfile(usize, u32),
    Join(usize, usize),
    Leave(usize, usize),
    CreateTeam(usize),
    CreateChild(usize, usize),
    RenameTeam(usize, usize),
    SetTeamAttribute(usize, u32),
    Move(usize, Option<usize>),
    DeleteTeam(usize),
    CreateRole(usize),
    RenameRole(usize, usize),
    DeleteRole(usize),
    /// Another role of the same name.
    ReplaceRole(usize),
    MapRole(usize, usize, bool),
    GrantRole(usize, usize, bool),
    /// Whether the role contains the one that makes administrators.
    MakeAdministrative(usize, bool),
    GrantAdministrator(usize, bool),
    MapAdministrator(usize, bool),
    PutInvitation(u8, usize),
    TakeInvitation(u8),
    SetDefaultGroup(usize),
    SetDisplayName(u32),
}

const NAMES: [&str; 6] = ["amy", "bob", "cyd", "dee", "service-account-x", "eve"];
const TEAMS: [&str; 5] = ["everyone", "Team", "team", "ops", "lab"];
const ROLES: [&str; 5] = ["it:cpu-1", "it:gpu-1", "ds:x", "ops", "a/b"];

fn pick<K: Clone + Ord, V>(map: &BTreeMap<K, V>, number: usize) -> Option<K> {
    map.keys().nth(number.checked_rem(map.len())?).cloned()
}

impl State {
    fn id(&mut self, kind: &str) -> String {
        self.last += 1;
        format!("{kind}{}", self.last)
    }

    pub(super) fn add_team(&mut self, name: &str, parent: Option<GroupId>) -> Option<GroupId> {
        if self.teams.values().any(|team| team.row.name == name && team.row.parent_id == parent) {
            return None;
        }
        let id = GroupId::new(self.id("g"));
        let mut row: crate::admin::GroupRow = serde_json::from_value(json!({"id": id.as_str(), "name": name})).unwrap();
        row.parent_id = parent;
        self.teams.insert(id.clone(), Team { row, roles: BTreeSet::new(), administrators: false });
        Some(id)
    }

    fn add_person(&mut self, name: &str, teams: impl IntoIterator<Item = GroupId>) -> Option<UserId> {
        if self.people.values().any(|person| person.row.username == name) {
            return None;
        }
        let id = UserId::new(self.id("u"));
        let row = serde_json::from_value(json!({"id": id.as_str(), "username": name, "enabled": true})).unwrap();
        let groups = self.default_groups.iter().cloned().chain(teams).collect();
        self.people.insert(id.clone(), Person { row, groups, roles: BTreeSet::new(), administrator: false });
        Some(id)
    }

    fn add_role(&mut self, name: &str) -> Option<String> {
        if self.roles.values().any(|(row, _)| row.name == name) {
            return None;
        }
        let id = self.id("r");
        let row: RoleRow = serde_json::from_value(json!({"id": id, "name": name})).unwrap();
        self.roles.insert(id.clone(), (row, BTreeSet::new()));
        Some(id)
    }

    fn delete_role(&mut self, id: &str) -> Option<String> {
        let (row, _) = self.roles.remove(id)?;
        for person in self.people.values_mut() {
            person.roles.remove(id);
        }
        for team in self.teams.values_mut() {
            team.roles.remove(id);
        }
        for (_, inner) in self.roles.values_mut() {
            inner.remove(id);
        }
        Some(row.name)
    }

    fn delete_team(&mut self, id: &GroupId) {
        let below: Vec<_> = self.teams.values().filter(|team| team.row.parent_id.as_ref() == Some(id)).collect();
        for child in below.into_iter().map(|team| team.row.id.clone()).collect::<Vec<_>>() {
            self.delete_team(&child);
        }
        self.teams.remove(id);
        self.default_groups.remove(id);
        for person in self.people.values_mut() {
            person.groups.remove(id);
        }
    }

    fn admin(&mut self, time: i64, kind: &str, operation: &str, path: Option<String>) {
        let id = Some(self.id("e"));
        self.admin_events.push(AdminEvent {
            id,
            time,
            operation_type: operation.to_owned(),
            resource_type: kind.to_owned(),
            resource_path: path,
        });
    }

    fn act(&mut self, time: i64, kind: &str, user: UserId) {
        let id = Some(self.id("e"));
        self.user_events.push(UserEvent { id, time, kind: kind.to_owned(), user_id: Some(user) });
    }

    /// Nothing if the edit is impossible.
    pub(super) fn carry_out(&mut self, time: i64, edit: &Edit) -> Option<()> {
        match *edit {
            Edit::CreateUser { .. }
            | Edit::RenameUser(..)
            | Edit::SetEmail(..)
            | Edit::SetUserAttribute(..)
            | Edit::DeleteUser(_)
            | Edit::Overwrite(_)
            | Edit::Register(_)
            | Edit::UpdateProfile(..)
            | Edit::Join(..)
            | Edit::Leave(..)
            | Edit::GrantRole(..)
            | Edit::GrantAdministrator(..) => self.edit_people(time, edit),
            Edit::CreateRole(_)
            | Edit::RenameRole(..)
            | Edit::DeleteRole(_)
            | Edit::ReplaceRole(_)
            | Edit::MakeAdministrative(..)
            | Edit::PutInvitation(..)
            | Edit::TakeInvitation(_) => self.edit_roles(time, edit),
            _ => self.edit_teams(time, edit),
        }
    }

    fn edit_people(&mut self, time: i64, edit: &Edit) -> Option<()> {
        match *edit {
            Edit::CreateUser { name, team } => {
                let team = team.and_then(|team| pick(&self.teams, team));
                let id = self.add_person(NAMES[name % NAMES.len()], team)?;
                self.admin(time, "USER", "CREATE", Some(format!("users/{id}")));
            }
            Edit::RenameUser(user, name) => {
                let (id, name) = (pick(&self.people, user)?, NAMES[name % NAMES.len()]);
                if self.people.values().any(|person| person.row.username == name) {
                    return None;
                }
                self.people.get_mut(&id)?.row.username = name.to_owned();
                self.admin(time, "USER", "UPDATE", Some(format!("users/{id}")));
            }
            Edit::SetEmail(user, email) => {
                let id = pick(&self.people, user)?;
                let email = email.map(|name| format!("{}@example.com", NAMES[name % NAMES.len()]));
                if email.is_some() && self.people.values().any(|person| person.row.email == email) {
                    return None;
                }
                self.people.get_mut(&id)?.row.email = email;
                self.admin(time, "USER", "UPDATE", Some(format!("users/{id}")));
            }
            Edit::SetUserAttribute(user, value) => {
                let id = pick(&self.people, user)?;
                self.people.get_mut(&id)?.row.attributes.set_one("volumeCapacity", value.to_string());
                self.admin(time, "USER", "UPDATE", Some(format!("users/{id}")));
            }
            Edit::DeleteUser(user) => {
                let id = pick(&self.people, user)?;
                self.people.remove(&id);
                self.admin(time, "USER", "DELETE", Some(format!("users/{id}")));
            }
            Edit::Overwrite(user) => {
                let mut person = self.people.remove(&pick(&self.people, user)?)?;
                person.row.id = UserId::new(self.id("u"));
                person.administrator = false;
                person.roles.clear();
                let id = person.row.id.clone();
                self.people.insert(id.clone(), person);
                self.admin(time, "REALM", "UPDATE", Some(format!("users/{id}")));
            }
            Edit::Register(name) => {
                let id = self.add_person(NAMES[name % NAMES.len()], None)?;
                self.act(time, "REGISTER", id);
            }
            Edit::UpdateProfile(user, value) => {
                let id = pick(&self.people, user)?;
                self.people.get_mut(&id)?.row.first_name = Some(value.to_string());
                self.act(time, "UPDATE_PROFILE", id);
            }
            Edit::Join(user, team) => {
                let (user, team) = (pick(&self.people, user)?, pick(&self.teams, team)?);
                if self.people.get_mut(&user)?.groups.insert(team.clone()) {
                    self.admin(time, "GROUP_MEMBERSHIP", "CREATE", Some(format!("users/{user}/groups/{team}")));
                }
            }
            Edit::Leave(user, team) => {
                let (user, team) = (pick(&self.people, user)?, pick(&self.teams, team)?);
                if self.people.get_mut(&user)?.groups.remove(&team) {
                    self.admin(time, "GROUP_MEMBERSHIP", "DELETE", Some(format!("users/{user}/groups/{team}")));
                }
            }
            Edit::GrantRole(user, role, held) => {
                let (user, role) = (pick(&self.people, user)?, pick(&self.roles, role)?);
                let roles = &mut self.people.get_mut(&user)?.roles;
                if held {
                    roles.insert(role)
                } else {
                    roles.remove(&role)
                };
                let path = format!("users/{user}/role-mappings/realm");
                self.admin(time, "REALM_ROLE_MAPPING", if held { "CREATE" } else { "DELETE" }, Some(path));
            }
            Edit::GrantAdministrator(user, held) => {
                let user = pick(&self.people, user)?;
                self.people.get_mut(&user)?.administrator = held;
                let path = format!("users/{user}/role-mappings/clients/c");
                self.admin(time, "CLIENT_ROLE_MAPPING", if held { "CREATE" } else { "DELETE" }, Some(path));
            }
            _ => {}
        }
        Some(())
    }

    fn edit_teams(&mut self, time: i64, edit: &Edit) -> Option<()> {
        match *edit {
            Edit::CreateTeam(name) => {
                let id = self.add_team(TEAMS[name % TEAMS.len()], None)?;
                self.admin(time, "GROUP", "CREATE", Some(format!("groups/{id}")));
            }
            Edit::CreateChild(parent, name) => {
                let parent = pick(&self.teams, parent)?;
                self.add_team(TEAMS[name % TEAMS.len()], Some(parent.clone()))?;
                self.admin(time, "GROUP", "CREATE", Some(format!("groups/{parent}/children")));
            }
            Edit::RenameTeam(team, name) => {
                let (id, name) = (pick(&self.teams, team)?, TEAMS[name % TEAMS.len()]);
                let parent = self.teams[&id].row.parent_id.clone();
                if self.teams.values().any(|team| team.row.name == name && team.row.parent_id == parent) {
                    return None;
                }
                self.teams.get_mut(&id)?.row.name = name.to_owned();
                self.admin(time, "GROUP", "UPDATE", Some(format!("groups/{id}")));
            }
            Edit::SetTeamAttribute(team, value) => {
                let id = pick(&self.teams, team)?;
                self.teams.get_mut(&id)?.row.attributes.set_one("quota-cpu", value.to_string());
                self.admin(time, "GROUP", "UPDATE", Some(format!("groups/{id}")));
            }
            Edit::Move(team, below) => {
                let id = pick(&self.teams, team)?;
                let below = below.and_then(|below| pick(&self.teams, below));
                let mut around = below.clone();
                while let Some(group) = around {
                    if group == id {
                        return None;
                    }
                    around = self.teams[&group].row.parent_id.clone();
                }
                let name = self.teams[&id].row.name.clone();
                if self.teams.values().any(|team| team.row.name == name && team.row.parent_id == below) {
                    return None;
                }
                self.teams.get_mut(&id)?.row.parent_id.clone_from(&below);
                let path = below.map_or_else(|| "groups".to_owned(), |below| format!("groups/{below}/children"));
                self.admin(time, "GROUP", "UPDATE", Some(path));
            }
            Edit::DeleteTeam(team) => {
                let id = pick(&self.teams, team)?;
                self.delete_team(&id);
                self.admin(time, "GROUP", "DELETE", Some(format!("groups/{id}")));
            }
            Edit::MapRole(team, role, mapped) => {
                let (team, role) = (pick(&self.teams, team)?, pick(&self.roles, role)?);
                let roles = &mut self.teams.get_mut(&team)?.roles;
                if mapped {
                    roles.insert(role)
                } else {
                    roles.remove(&role)
                };
                let path = format!("groups/{team}/role-mappings/realm");
                self.admin(time, "REALM_ROLE_MAPPING", if mapped { "CREATE" } else { "DELETE" }, Some(path));
            }
            Edit::MapAdministrator(team, mapped) => {
                let team = pick(&self.teams, team)?;
                self.teams.get_mut(&team)?.administrators = mapped;
                let path = format!("groups/{team}/role-mappings/clients/c");
                self.admin(time, "CLIENT_ROLE_MAPPING", if mapped { "CREATE" } else { "DELETE" }, Some(path));
            }
            Edit::SetDefaultGroup(team) => {
                let team = pick(&self.teams, team)?;
                self.default_groups.insert(team.clone());
                self.admin(time, "GROUP", "CREATE", Some(format!("default-groups/{team}")));
            }
            Edit::SetDisplayName(name) => {
                self.realm.display_name = Some(name.to_string());
                self.admin(time, "REALM", "UPDATE", None);
            }
            _ => {}
        }
        Some(())
    }

    fn edit_roles(&mut self, time: i64, edit: &Edit) -> Option<()> {
        match *edit {
            Edit::CreateRole(name) => {
                let name = ROLES[name % ROLES.len()];
                self.add_role(name)?;
                self.admin(time, "REALM_ROLE", "CREATE", Some(format!("roles/{name}")));
            }
            Edit::RenameRole(role, name) => {
                let (id, name) = (pick(&self.roles, role)?, ROLES[name % ROLES.len()]);
                if self.roles.values().any(|(row, _)| row.name == name) || self.roles[&id].0.name.contains("invitation")
                {
                    return None;
                }
                self.roles.get_mut(&id)?.0.name = name.to_owned();
                self.admin(time, "REALM_ROLE", "UPDATE", Some(format!("roles-by-id/{id}")));
            }
            Edit::DeleteRole(role) => {
                let name = self.delete_role(&pick(&self.roles, role)?)?;
                self.admin(time, "REALM_ROLE", "DELETE", Some(format!("roles/{name}")));
            }
            Edit::ReplaceRole(role) => {
                let name = self.delete_role(&pick(&self.roles, role)?)?;
                self.admin(time, "REALM_ROLE", "DELETE", Some(format!("roles/{name}")));
                self.add_role(&name)?;
                self.admin(time, "REALM_ROLE", "CREATE", Some(format!("roles/{name}")));
            }
            Edit::MakeAdministrative(role, contains) => {
                let id = pick(&self.roles, role)?;
                let (row, inner) = self.roles.get_mut(&id)?;
                if contains {
                    inner.insert(ADMINISTRATOR.to_owned())
                } else {
                    inner.remove(ADMINISTRATOR)
                };
                let path = format!("roles/{}/composites", row.name);
                self.admin(time, "REALM_ROLE", if contains { "CREATE" } else { "DELETE" }, Some(path));
            }
            Edit::PutInvitation(number, team) => {
                let name = format!("invitation:{}", format!("{number:02x}").repeat(32));
                let group = pick(&self.teams, team)?;
                let id = self.add_role(&name)?;
                let attributes = &mut self.roles.get_mut(&id)?.0.attributes;
                attributes.set_one("groupId", group.as_str());
                attributes.set_one("expiredDate", "2030-01-01T00:00:00Z");
                self.admin(time, "REALM_ROLE", "CREATE", Some(format!("roles/{name}")));
            }
            Edit::TakeInvitation(number) => {
                let name = format!("invitation:{}", format!("{number:02x}").repeat(32));
                let id = self.roles.iter().find(|(_, (row, _))| row.name == name)?.0.clone();
                self.delete_role(&id);
                self.admin(time, "REALM_ROLE", "DELETE", Some(format!("roles/{name}")));
            }
            _ => {}
        }
        Some(())
    }
}
