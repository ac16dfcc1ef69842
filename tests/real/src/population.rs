//! Realms of a certain size, as an installation has them.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::admin::{Admin, AdminError};

/// How large a realm is. Every group but that of everybody gets as many members as the others, and some of the roles.
#[derive(Clone, Copy, Debug)]
pub struct Population {
    /// People.
    pub users: usize,
    /// Groups besides `everyone`.
    pub groups: usize,
    /// Groups that each person belongs to.
    pub groups_each: usize,
    /// Realm roles besides Keycloak's own.
    pub roles: usize,
}

/// A realm that was made, and the client by which a platform acts in it.
#[derive(Clone)]
pub struct PlatformRealm {
    /// Its name.
    pub name: String,
    /// The client id of the platform, whose service account may do everything in the realm.
    pub client_id: String,
    /// The client's secret.
    pub client_secret: SecretString,
    /// The ids of the groups, by number.
    pub groups: Vec<String>,
}

/// Users per import. A single import of a thousand takes ten times as long as ten of a hundred.
const CHUNK: usize = 100;

impl Population {
    /// Nobody.
    pub const EMPTY: Self = Self { users: 0, groups: 0, groups_each: 0, roles: 0 };

    /// Makes a realm whose name begins with `label`: a client with a service account, the group `everyone`, recorded events without details, and
    /// this population. `settings` (an object, possibly empty) replaces settings of the realm.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if the server refuses.
    pub async fn make(&self, admin: &Admin, label: &str, settings: Value) -> Result<PlatformRealm, AdminError> {
        let name = format!("{label}-{}", Uuid::new_v4().simple());
        let (client_id, client_secret) = ("admin-ui".to_owned(), SecretString::from(Uuid::new_v4().to_string()));
        let mut realm = self.realm(&client_id, &client_secret);
        if let (Some(realm), Value::Object(settings)) = (realm.as_object_mut(), settings) {
            realm.extend(settings);
        }
        admin.create_realm(&name, realm).await?;
        // Attributes that nobody has declared can be written by administrators, and only by them.
        let mut profile = admin.get(&format!("{name}/users/profile")).await?;
        profile["unmanagedAttributePolicy"] = "ADMIN_EDIT".into();
        admin.put(&format!("{name}/users/profile"), &profile).await?;
        for from in (0..self.users).step_by(CHUNK) {
            let users: Vec<_> = (from..self.users.min(from + CHUNK)).map(|number| self.user(&name, number)).collect();
            let import = json!({ "ifResourceExists": "FAIL", "users": users });
            admin.post(&format!("{name}/partialImport"), &import).await?;
        }
        let groups = admin.get(&format!("{name}/groups?briefRepresentation=true")).await?;
        let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let by_name: BTreeMap<_, _> =
            groups.as_array().into_iter().flatten().map(|row| (text(row, "name"), text(row, "id"))).collect();
        let groups = (0..self.groups).filter_map(|number| by_name.get(&group(number)).cloned()).collect();
        Ok(PlatformRealm { name, client_id, client_secret, groups })
    }

    fn realm(&self, client_id: &str, client_secret: &SecretString) -> Value {
        let mut groups = vec![json!({ "name": "everyone" })];
        groups.extend((0..self.groups).map(|number| {
            let roles: Vec<_> = (0..self.roles).skip(number % 5).step_by(1 + self.roles / 3).map(role).collect();
            json!({
                "name": group(number),
                "attributes": { "displayName": [format!("Group {number}")], "quota-cpu": ["10.5"], "quota-gpu": ["2"] },
                "realmRoles": roles,
            })
        }));
        let roles: Vec<_> = (0..self.roles).map(|number| json!({ "name": role(number) })).collect();
        json!({
            "editUsernameAllowed": true,
            "eventsEnabled": true,
            "enabledEventTypes": EVENT_TYPES,
            "adminEventsEnabled": true,
            "adminEventsDetailsEnabled": false,
            "clients": [{
                "clientId": client_id, "secret": client_secret.expose_secret(), "redirectUris": ["*"],
                "serviceAccountsEnabled": true, "standardFlowEnabled": true, "directAccessGrantsEnabled": true,
            }],
            "users": [{
                "username": format!("service-account-{client_id}"), "enabled": true, "serviceAccountClientId": client_id,
                "clientRoles": { "realm-management": ["realm-admin"] },
            }],
            "groups": groups,
            "roles": { "realm": roles },
        })
    }

    fn user(&self, realm: &str, number: usize) -> Value {
        let mut groups = vec!["/everyone".to_owned()];
        // A prime step, so that groups mix.
        let own = (0..self.groups_each).map(|step| format!("/{}", group((number + step * 7) % self.groups.max(1))));
        groups.extend(own);
        json!({
            "username": format!("user-{number:05}"), "email": format!("user-{number:05}@example.com"), "enabled": true,
            "firstName": format!("First{number}"), "lastName": format!("Last{number}"),
            "attributes": { "volumeCapacity": ["20G"] },
            "realmRoles": [format!("default-roles-{realm}")],
            "groups": groups,
        })
    }
}

/// What people do by themselves and a follower has to learn.
const EVENT_TYPES: [&str; 12] = [
    "REGISTER",
    "UPDATE_PROFILE",
    "UPDATE_EMAIL",
    "VERIFY_EMAIL",
    "DELETE_ACCOUNT",
    "UPDATE_TOTP",
    "REMOVE_TOTP",
    "UPDATE_CREDENTIAL",
    "REMOVE_CREDENTIAL",
    "IDENTITY_PROVIDER_FIRST_LOGIN",
    "FEDERATED_IDENTITY_LINK",
    "USER_DISABLED_BY_PERMANENT_LOCKOUT",
];

fn group(number: usize) -> String {
    format!("group-{number:04}")
}

fn role(number: usize) -> String {
    format!("it:type-{number:04}")
}

impl fmt::Debug for PlatformRealm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlatformRealm")
            .field("name", &self.name)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_belong_to_as_many_groups_as_asked() {
        let population = Population { users: 1_000, groups: 200, groups_each: 4, roles: 240 };
        let groups = |number: usize| {
            let user = population.user("r", number);
            user["groups"]
                .as_array()
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect::<std::collections::BTreeSet<_>>()
        };
        assert!((0..1_000).all(|number| groups(number).len() == 5));
        let realm = population.realm("c", &"s".into());
        assert_eq!(realm["groups"].as_array().unwrap().len(), 201);
        assert_eq!(realm["roles"]["realm"].as_array().unwrap().len(), 240);
    }
}
