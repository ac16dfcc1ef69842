//! The stored form of a realm: one record for each object, secret and session, as JSON under a name.
//!
//! A record of a user or group has its memberships and role grants in it. Fields that this version does not know are refused: who opens
//! the records of a newer version would lose them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use primehub_core::identity::{
    Attributes, Directory, Group, Invitation, InvitationId, Key, Realm, Role, RoleKey, Subject, User,
};
use primehub_core::names::{GroupId, UserId};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::passwords::PasswordHash;
use super::state::{Record, Secrets, State};
use crate::persistence::Change;
use crate::sessions::{Session, SessionId, SessionTable};

/// A record of the stored form that makes no sense.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the record {key:?} cannot be read: {reason}")]
pub struct UnreadableRecord {
    key: String,
    reason: String,
}

/// The record as `state` has it; without a value if it is not there.
pub(crate) fn encode(state: &State, record: &Record) -> Change {
    let directory = &*state.directory;
    match record {
        Record::Object(Key::User(id)) => change(format!("user/{id}"), stored_user(directory, id).as_ref()),
        Record::Object(Key::Group(id)) => change(format!("group/{id}"), stored_group(directory, id).as_ref()),
        Record::Object(Key::Role(key)) => {
            let stored = directory.role(key).map(|role| StoredRole::of(role));
            change(format!("role/{}", text(&StoredRoleKey::of(key))), stored.as_ref())
        }
        Record::Object(Key::Invitation(id)) => {
            let stored = directory.invitation(id).map(|invitation| StoredInvitation {
                group: invitation.group.clone(),
                expires_at: invitation.expires_at,
            });
            change(format!("invitation/{id}"), stored.as_ref())
        }
        Record::Object(_) => change(REALM.to_owned(), Some(&StoredRealm::of(state))),
        Record::Password(id) => change(format!("password/{id}"), state.secrets.passwords.get(id)),
        Record::Secret(name) => {
            let secret = state.secrets.named.get(name).map(|secret| secret.expose_secret().to_owned());
            change(format!("secret/{name}"), secret.as_ref())
        }
        Record::Session(user, id) => {
            change(format!("{SESSION}/{user}/{id}"), state.sessions.get(user, id).map(|session| &**session))
        }
    }
}

/// Every record of a state.
pub(crate) fn all(state: &State) -> Vec<Change> {
    let directory = &*state.directory;
    let users = directory.users().map(|user| Record::Object(Key::User(user.id.clone())));
    let groups = directory.all_groups().map(|group| Record::Object(Key::Group(group.id.clone())));
    let roles = directory.roles().map(|role| Record::Object(Key::Role(role.key.clone())));
    let invitations = directory.invitations().map(|invitation| Record::Object(Key::Invitation(invitation.id)));
    let passwords = state.secrets.passwords.keys().map(|id| Record::Password(id.clone()));
    let secrets = state.secrets.named.keys().map(|name| Record::Secret(name.clone()));
    let sessions = state.sessions.iter().map(|(user, id, _)| Record::Session(user.clone(), id.clone()));
    let records = std::iter::once(Record::Object(Key::Realm)).chain(users).chain(groups).chain(roles);
    records.chain(invitations).chain(passwords).chain(secrets).chain(sessions).map(|it| encode(state, &it)).collect()
}

/// The state that the records describe, without sessions that have expired by `now`.
///
/// # Errors
/// The first record that makes no sense.
pub(crate) fn decode(
    records: impl IntoIterator<Item = (String, Vec<u8>)>,
    now: Timestamp,
) -> Result<State, UnreadableRecord> {
    let mut found = Found::default();
    for (key, value) in records {
        found.add(&key, &value).map_err(|reason| UnreadableRecord { key, reason })?;
    }
    found.into_state(now)
}

/// Whether a record of that name is a session.
pub(crate) fn is_session(name: &str) -> bool {
    name.split_once('/').is_some_and(|(kind, _)| kind == SESSION)
}

const REALM: &str = "realm";
const SESSION: &str = "session";

fn change<T: Serialize>(key: String, stored: Option<&T>) -> Change {
    // These types have no maps whose keys are not texts, and nothing else fails to serialize.
    Change { key, value: stored.and_then(|stored| serde_json::to_vec(stored).ok()) }
}

fn text(stored: &impl Serialize) -> String {
    serde_json::to_string(stored).unwrap_or_default()
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredUser {
    username: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    email_verified: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    enabled: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    has_one_time_password: bool,
    created_at: Timestamp,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    federated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    required_actions: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service_account_of: Option<String>,
    #[serde(default)]
    attributes: Attributes,
    groups: Vec<GroupId>,
    roles: Vec<StoredRoleKey>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredGroup {
    name: Arc<str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parent: Option<GroupId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(default)]
    attributes: Attributes,
    roles: Vec<StoredRoleKey>,
}

/// A role by name, or by client and name.
#[derive(Deserialize, Serialize)]
#[serde(untagged)]
enum StoredRoleKey {
    Realm(Arc<str>),
    Client(Arc<str>, Arc<str>),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredRole {
    key: StoredRoleKey,
    #[serde(default)]
    attributes: Attributes,
    composites: Vec<StoredRoleKey>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredInvitation {
    group: GroupId,
    expires_at: Timestamp,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StoredRealm {
    name: Arc<str>,
    everyone: GroupId,
    administrator: StoredRoleKey,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    display_name_html: Option<String>,
    smtp: BTreeMap<String, String>,
    default_groups: BTreeSet<GroupId>,
}

fn stored_user(directory: &Directory, id: &UserId) -> Option<StoredUser> {
    let user = User::clone(directory.user(id)?);
    Some(StoredUser {
        username: user.username,
        email: user.email,
        email_verified: user.email_verified,
        first_name: user.first_name,
        last_name: user.last_name,
        enabled: user.enabled,
        has_one_time_password: user.has_one_time_password,
        created_at: user.created_at,
        federated: user.federated,
        required_actions: user.required_actions,
        service_account_of: user.service_account_of,
        attributes: user.attributes,
        groups: directory.groups_of(id).map(|group| group.id.clone()).collect(),
        roles: directory.roles_of_user(id).map(StoredRoleKey::of).collect(),
    })
}

fn stored_group(directory: &Directory, id: &GroupId) -> Option<StoredGroup> {
    let group = Group::clone(directory.group(id)?);
    Some(StoredGroup {
        name: group.name,
        parent: group.parent,
        description: group.description,
        attributes: group.attributes,
        roles: directory.roles_of_group(id).map(StoredRoleKey::of).collect(),
    })
}

impl StoredRoleKey {
    fn of(key: &RoleKey) -> Self {
        match key {
            RoleKey::Realm(name) => Self::Realm(name.clone()),
            RoleKey::Client { client, role } => Self::Client(client.clone(), role.clone()),
        }
    }

    fn into_key(self) -> RoleKey {
        match self {
            Self::Realm(name) => RoleKey::Realm(name),
            Self::Client(client, role) => RoleKey::Client { client, role },
        }
    }
}

impl StoredRole {
    fn of(role: &Role) -> Self {
        Self {
            key: StoredRoleKey::of(&role.key),
            attributes: role.attributes.clone(),
            composites: role.composites.iter().map(StoredRoleKey::of).collect(),
        }
    }
}

impl StoredRealm {
    fn of(State { realm, directory, .. }: &State) -> Self {
        let Realm { display_name, display_name_html, smtp, default_groups, .. } = directory.realm().clone();
        Self {
            name: realm.clone(),
            everyone: directory.everyone_id().clone(),
            administrator: StoredRoleKey::of(directory.administrator_role()),
            display_name,
            display_name_html,
            smtp,
            default_groups,
        }
    }
}

/// Records by kind, before they are put together: an object may be found before what it refers to.
#[derive(Default)]
struct Found {
    realm: Option<StoredRealm>,
    users: Vec<(UserId, StoredUser)>,
    groups: Vec<(GroupId, StoredGroup)>,
    roles: Vec<StoredRole>,
    invitations: Vec<Invitation>,
    secrets: Secrets,
    sessions: Vec<(UserId, SessionId, Session)>,
}

impl Found {
    fn add(&mut self, key: &str, value: &[u8]) -> Result<(), String> {
        let (kind, name) = key.split_once('/').unwrap_or((key, ""));
        match kind {
            REALM => self.realm = Some(read(value)?),
            "user" => self.users.push((UserId::new(name), read(value)?)),
            "group" => self.groups.push((GroupId::new(name), read(value)?)),
            "role" => self.roles.push(read(value)?),
            "invitation" => {
                let StoredInvitation { group, expires_at } = read(value)?;
                let id = name.parse::<InvitationId>().map_err(|error| error.to_string())?;
                self.invitations.push(Invitation::new(id, group, expires_at));
            }
            "password" => drop(self.secrets.passwords.insert(UserId::new(name), read::<PasswordHash>(value)?)),
            "secret" => {
                let secret = SecretString::from(read::<String>(value)?);
                self.secrets.named.insert(name.into(), secret);
            }
            SESSION => {
                let (user, id) = name.split_once('/').ok_or("it names no session")?;
                self.sessions.push((UserId::new(user), SessionId::from(id), read(value)?));
            }
            _ => return Err("there is no such kind of record".to_owned()),
        }
        Ok(())
    }

    fn into_state(self, now: Timestamp) -> Result<State, UnreadableRecord> {
        let Self { realm, mut users, groups, roles, invitations, mut secrets, sessions } = self;
        let missing = || UnreadableRecord { key: REALM.to_owned(), reason: "it is missing".to_owned() };
        let realm = realm.ok_or_else(missing)?;
        let mut directory = Directory::new(realm.everyone, realm.administrator.into_key());
        for StoredRole { key, attributes, composites } in roles {
            let mut role = Role::new(key.into_key());
            role.attributes = attributes;
            role.composites = composites.into_iter().map(StoredRoleKey::into_key).collect();
            directory.put_role(role);
        }
        for (id, StoredGroup { name, parent, description, attributes, roles }) in groups {
            let mut group = Group::new(id.clone(), name);
            (group.parent, group.description, group.attributes) = (parent, description, attributes);
            directory.put_group(group);
            for role in roles {
                directory.grant(&Subject::Group(id.clone()), &role.into_key());
            }
        }
        let mut settings = Realm::default();
        (settings.display_name, settings.display_name_html) = (realm.display_name, realm.display_name_html);
        (settings.smtp, settings.default_groups) = (realm.smtp, realm.default_groups);
        directory.put_realm(settings);
        // In the order of the index that is a list: each is put at its end.
        users.sort_unstable_by(|(_, one), (_, other)| one.username.cmp(&other.username));
        for (id, stored) in users {
            put_user(&mut directory, &id, stored);
        }
        for invitation in invitations {
            directory.put_invitation(invitation);
        }
        directory.advance();
        secrets.passwords.retain(|id, _| directory.user(id).is_some());
        let mut table = SessionTable::default();
        for (user, id, session) in sessions {
            if session.is_alive(now) && directory.user(&user).is_some() {
                table.put(&user, id, Arc::new(session), now);
            }
        }
        Ok(State { realm: realm.name, directory: Arc::new(directory), secrets, sessions: table })
    }
}

fn put_user(directory: &mut Directory, id: &UserId, stored: StoredUser) {
    let mut user = User::new(id.clone(), stored.username);
    user.email = stored.email;
    user.email_verified = stored.email_verified;
    (user.first_name, user.last_name) = (stored.first_name, stored.last_name);
    user.enabled = stored.enabled;
    user.has_one_time_password = stored.has_one_time_password;
    user.created_at = stored.created_at;
    user.federated = stored.federated;
    user.required_actions = stored.required_actions;
    user.service_account_of = stored.service_account_of;
    user.attributes = stored.attributes;
    directory.put_user(user);
    for group in stored.groups {
        directory.join(id, &group);
    }
    for role in stored.roles {
        directory.grant(&Subject::User(id.clone()), &role.into_key());
    }
}

fn read<'a, T: Deserialize<'a>>(value: &'a [u8]) -> Result<T, String> {
    serde_json::from_slice(value).map_err(|error| error.to_string())
}
