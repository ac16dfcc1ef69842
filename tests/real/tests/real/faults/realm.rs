//! A realm made by hand, with people who can log in, and the hand that changes it behind the platform's back.

use std::collections::BTreeSet;
use std::time::Duration;

use primehub_keycloak::KeycloakSettings;
use real_peers::{Admin, Endpoint};
use reqwest::Client;
use serde_json::{Value, json};

/// The platform's client, and its secret.
pub(super) const CLIENT: &str = "admin-ui";
pub(super) const SECRET: &str = "secret-of-the-faults";
/// What the platform's service account needs.
pub(super) const RIGHTS: [&str; 7] =
    ["manage-users", "view-users", "query-groups", "manage-realm", "view-realm", "view-clients", "view-events"];
/// Everybody's password.
const PASSWORD: &str = "the-password-of-the-faults";

/// A realm with `phadmin`, who administers the platform, `ada`, who administers the group `research`, and `grace`, who is in it.
pub(super) struct Realm {
    pub(super) name: String,
    pub(super) admin: Admin,
    base: String,
    http: Client,
}

impl Realm {
    pub(super) async fn create(endpoint: &Endpoint, purpose: &str) -> Self {
        let name = format!("{purpose}-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]);
        let http = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let realm = Self { name, admin: Admin::new(endpoint).unwrap(), base: endpoint.base_url.clone(), http };
        realm.make().await;
        realm
    }

    /// Makes the realm, also once more after it was deleted.
    pub(super) async fn make(&self) {
        self.admin.create_realm(&self.name, representation(&self.name, &self.base)).await.unwrap();
        let profile = self.path("users/profile");
        let mut wanted = self.admin.get(&profile).await.unwrap();
        wanted["unmanagedAttributePolicy"] = "ADMIN_EDIT".into();
        for attribute in wanted["attributes"].as_array_mut().unwrap() {
            attribute.as_object_mut().unwrap().remove("required");
        }
        self.admin.put(&profile, &wanted).await.unwrap();
    }

    /// A path within the realm.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}/{rest}", self.name)
    }

    /// How the platform reaches it, with little patience and a quick eye.
    pub(super) fn settings(&self) -> KeycloakSettings {
        self.settings_at(&self.base)
    }

    /// The same by way of `base`.
    pub(super) fn settings_at(&self, base: &str) -> KeycloakSettings {
        let mut settings = KeycloakSettings::new(base.parse().unwrap(), &*self.name, CLIENT, SECRET.into());
        settings.public_base = self.base.parse().unwrap();
        settings.following.interval = Duration::from_millis(200);
        settings
    }

    /// An access token of somebody.
    pub(super) async fn log_in(&self, username: &str) -> String {
        self.tokens(username, "openid").await["access_token"].as_str().unwrap().to_owned()
    }

    /// An API token of somebody.
    pub(super) async fn api_token(&self, username: &str) -> String {
        self.tokens(username, "openid offline_access").await["refresh_token"].as_str().unwrap().to_owned()
    }

    async fn tokens(&self, username: &str, scope: &str) -> Value {
        let url = format!("{}/realms/{}/protocol/openid-connect/token", self.base, self.name);
        let form = [
            ("grant_type", "password"),
            ("client_id", CLIENT),
            ("client_secret", SECRET),
            ("username", username),
            ("password", PASSWORD),
            ("scope", scope),
        ];
        let answer = self.http.post(url).form(&form).send().await.unwrap();
        let (status, body) = (answer.status(), answer.json::<Value>().await.unwrap());
        assert!(status.is_success(), "{username} cannot log in: {body}");
        body
    }

    /// Reads below the realm.
    pub(super) async fn get(&self, rest: &str) -> Value {
        self.admin.get(&self.path(rest)).await.unwrap()
    }

    /// The id of somebody.
    pub(super) async fn user(&self, username: &str) -> String {
        id(&self.get(&format!("users?username={username}&exact=true")).await, username)
    }

    /// The id of a group.
    pub(super) async fn group(&self, name: &str) -> String {
        id(&self.get(&format!("groups?search={name}&exact=true")).await, name)
    }

    /// The id of a client.
    pub(super) async fn client(&self, client: &str) -> String {
        id(&self.get(&format!("clients?clientId={client}")).await, client)
    }

    /// Makes an account without a password, and answers its id.
    pub(super) async fn add_user(&self, username: &str) -> String {
        self.admin.create(&self.path("users"), &json!({ "username": username, "enabled": true })).await.unwrap()
    }

    /// Makes a group, and answers its id.
    pub(super) async fn add_group(&self, name: &str) -> String {
        self.admin.create(&self.path("groups"), &json!({ "name": name })).await.unwrap()
    }

    /// Reads something below the realm, changes it and sends the whole back.
    pub(super) async fn change(&self, rest: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path(rest);
        let mut whole = self.admin.get(&path).await.unwrap();
        change(&mut whole);
        self.admin.put(&path, &whole).await.unwrap();
    }

    /// Changes settings of the realm.
    pub(super) async fn set(&self, settings: Value) {
        self.admin.put(&self.name, &settings).await.unwrap();
    }

    /// The login names in a group, by Keycloak's own list.
    pub(super) async fn members(&self, group: &str) -> BTreeSet<String> {
        let rows = self.get(&format!("groups/{group}/members?first=0&max=10000&briefRepresentation=true")).await;
        rows.as_array().unwrap().iter().map(|row| row["username"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes a right of the realm's administration away from somebody, or gives it.
    pub(super) async fn set_right(&self, user: &str, right: &str, held: bool) {
        let management = self.client("realm-management").await;
        let role = self.get(&format!("clients/{management}/roles/{right}")).await;
        let body = json!([{ "id": role["id"], "name": role["name"] }]);
        let path = self.path(&format!("users/{user}/role-mappings/clients/{management}"));
        if held {
            self.admin.post(&path, &body).await.unwrap();
        } else {
            self.admin.delete_listed(&path, &body).await.unwrap();
        }
    }

    /// The id of the platform's service account.
    pub(super) async fn service_account(&self) -> String {
        self.user(&format!("service-account-{CLIENT}")).await
    }

    /// Takes the realm away.
    pub(super) async fn end(&self) {
        self.admin.delete_realm(&self.name).await.unwrap();
    }
}

fn id(rows: &Value, of: &str) -> String {
    rows[0]["id"].as_str().unwrap_or_else(|| panic!("no {of} in {rows}")).to_owned()
}

fn representation(realm: &str, base: &str) -> Value {
    let person = |username: &str, groups: &[&str], rights: &[&str]| {
        json!({
            "username": username, "enabled": true, "email": format!("{username}@example.com"), "groups": groups,
            "credentials": [{ "type": "password", "value": PASSWORD }],
            "realmRoles": [format!("default-roles-{realm}")], "clientRoles": { "realm-management": rights },
        })
    };
    json!({
        "sslRequired": "none",
        "accessTokenLifespan": 7200,
        "editUsernameAllowed": true,
        "adminEventsEnabled": true,
        "eventsEnabled": true,
        // Whichever way the platform comes, tokens name one issuer.
        "attributes": { "frontendUrl": base },
        "groups": [
            { "name": "everyone" },
            { "name": "research", "attributes": { "admins": ["ada"], "quota-cpu": ["2"] } },
        ],
        "defaultGroups": ["/everyone"],
        "clients": [{
            "clientId": CLIENT, "secret": SECRET, "enabled": true, "publicClient": false, "protocol": "openid-connect",
            "serviceAccountsEnabled": true, "directAccessGrantsEnabled": true, "standardFlowEnabled": false, "fullScopeAllowed": true,
        }],
        "users": [
            person("phadmin", &["/everyone"], &["realm-admin"]),
            person("ada", &["/everyone", "/research"], &[]),
            person("grace", &["/everyone", "/research"], &[]),
            {
                "username": format!("service-account-{CLIENT}"), "enabled": true, "serviceAccountClientId": CLIENT,
                "clientRoles": { "realm-management": RIGHTS },
            },
        ],
    })
}
