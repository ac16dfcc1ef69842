//! A realm as the original PrimeHub left it: what its installer made, and what people made of it since.

use serde_json::{Value, json};

use super::place::{CLIENT, PASSWORD, Place};

/// The secret of the platform's client.
pub(super) const SECRET: &str = "secret-of-the-original";
/// Of an invitation that is still good.
pub(super) const INVITATION: &str = "0b9f0a4e-6b1c-4d0e-9c58-1a5f2f6f2c11";

impl Place {
    /// Makes it.
    pub(super) async fn make_as_the_original(&self) {
        let mut realm = representation(&self.name, self.base());
        self.admin.create_realm(&self.name, realm.take()).await.unwrap();
        // What the original's documentation tells people to do on a newer Keycloak.
        self.change("users/profile", |profile| profile["unmanagedAttributePolicy"] = "ENABLED".into()).await;
        for (name, attributes) in attributes_of_people() {
            let user = self.user(name).await;
            self.change(&format!("users/{user}"), |user| user["attributes"] = attributes).await;
        }
        let group = self.group("phusers").await;
        let value = json!({
            "groupId": group, "invitationToken": INVITATION, "expiredDate": "2999-01-01T00:00:00.000Z",
        });
        let role = json!({
            "name": "invitation", "attributes": { format!("invitation-{INVITATION}"): [value.to_string()] },
        });
        self.post("roles", &role).await;
        let management = self.client("realm-management").await;
        let role = self.get(&format!("clients/{management}/roles/realm-admin")).await;
        let scope = format!("clients/{}/scope-mappings/clients/{management}", self.client(CLIENT).await);
        self.post(&scope, &json!([{ "id": role["id"], "name": role["name"] }])).await;
    }
}

fn attributes_of_people() -> [(&'static str, Value); 3] {
    [
        ("phadmin", json!({ "volumeCapacity": ["100G"], "enableInviteUsers": ["true"] })),
        ("ada", json!({ "volumeCapacity": ["20G"], "annLastReadTime": ["1700000000"], "department": ["x", "y"] })),
        ("invited", json!({ "predefinedEnvs": [r#"[{"name":"A","value":"b=c"}]"#] })),
    ]
}

fn representation(realm: &str, base: &str) -> Value {
    json!({
        "realm": realm,
        "displayName": "Our Lab",
        "displayNameHtml": r#"<img src="https://lab.example/logo.png" alt="Our Lab" width="500" >"#,
        "sslRequired": "none",
        "loginTheme": "primehub",
        "smtpServer": { "host": "mail.example", "port": "25", "from": "hub@example.com", "auth": "true", "user": "u", "password": "p" },
        "attributes": { "frontendUrl": base, "somebodys": "own" },
        "roles": { "realm": roles() },
        "groups": groups(),
        "defaultGroups": ["/everyone"],
        "clients": clients(),
        "users": users(realm),
    })
}

fn roles() -> Value {
    let names =
        ["it:cpu-1", "it:gpu-1", "img:base-notebook", "img:tf-2", "ds:data", "ds:rw:data", "ann:welcome", "gitlab"];
    names.iter().map(|name| json!({ "name": name })).collect()
}

fn groups() -> Value {
    json!([
        {
            "name": "everyone",
            "attributes": {
                "canUseGpu": ["false"], "displayName": ["Global"], "quota-cpu": ["0"], "quota-gpu": ["0"],
                "project-quota-cpu": ["0"], "project-quota-gpu": ["0"], "org.name": ["Our Lab"],
                "org.logo.url": ["https://lab.example/logo.png"], "defaultUserVolumeCapacity": ["10G"], "timezone": ["Asia/Taipei"],
            },
            "realmRoles": ["it:cpu-1", "img:base-notebook", "ds:data"],
        },
        {
            "name": "phusers",
            "attributes": {
                "displayName": ["primehub users"], "admins": ["phadmin", "ada"], "enabled-deployment": ["true"], "quota-cpu": ["10.5"],
                "quota-memory": ["8G"], "enabled-shared-volume": ["true"], "shared-volume-capacity": ["100G"], "home-symlink": ["true"],
                "mlflow-tracking-envs": ["A=b=c", "D="], "cost-center": ["1", "2"],
            },
            "realmRoles": ["it:gpu-1", "ds:rw:data", "img:tf-2"],
            "subGroups": [{ "name": "nested", "attributes": { "quota-gpu": ["1"] } }],
        },
        { "name": "Team_A", "attributes": { "admins": [""] } },
    ])
}

fn clients() -> Value {
    let mapper = |name: &str, kind: &str, own: Value| {
        let mut config =
            json!({ "id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true" });
        config.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        json!({ "name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config })
    };
    let client = |id: &str, redirect: &str| {
        json!({
            "clientId": id, "enabled": true, "publicClient": false, "clientAuthenticatorType": "client-secret", "secret": SECRET,
            "standardFlowEnabled": true, "directAccessGrantsEnabled": true, "fullScopeAllowed": true, "redirectUris": [redirect],
        })
    };
    let mut platform = client(CLIENT, "http://hub.example/console/*");
    platform["fullScopeAllowed"] = false.into();
    platform["serviceAccountsEnabled"] = true.into();
    platform["baseUrl"] = "http://hub.example/console".into();
    let mut hub = client("jupyterhub", "http://hub.example/*");
    // Somebody has changed one of them, and removed another.
    hub["protocolMappers"] = json!([
        mapper(
            "roles",
            "oidc-usermodel-realm-role-mapper",
            json!({ "claim.name": "our-roles", "multivalued": "true", "jsonType.label": "String" })
        ),
        mapper(
            "quota-gpu",
            "oidc-usermodel-attribute-mapper",
            json!({ "user.attribute": "quota-gpu", "claim.name": "quota.gpu", "jsonType.label": "int" })
        ),
        mapper(
            "username",
            "oidc-usermodel-property-mapper",
            json!({ "user.attribute": "username", "claim.name": "preferred_username", "jsonType.label": "String" })
        ),
        mapper(
            "email",
            "oidc-usermodel-property-mapper",
            json!({ "user.attribute": "email", "claim.name": "email", "jsonType.label": "String" })
        ),
        mapper("groups", "oidc-group-membership-mapper", json!({ "claim.name": "groups", "full.path": "true" })),
        mapper(
            "timezone",
            "oidc-usermodel-attribute-mapper",
            json!({ "user.attribute": "timezone", "claim.name": "timezone", "jsonType.label": "String" })
        ),
    ]);
    let mut maintenance = client("maintenance-proxy", "http://hub.example/maintenance/*");
    maintenance["protocolMappers"] =
        json!([mapper("audience", "oidc-audience-mapper", json!({ "included.client.audience": "maintenance-proxy" }))]);
    let mut grafana = client("grafana", "http://grafana.example/*");
    grafana["attributes"] = json!({ "post.logout.redirect.uris": "http://grafana.example/bye" });
    json!([platform, hub, maintenance, grafana])
}

fn users(realm: &str) -> Value {
    let person = |username: &str, groups: &[&str]| {
        json!({
            "username": username, "enabled": true, "email": format!("{username}@example.com"), "emailVerified": true,
            "firstName": "First", "lastName": "Last", "groups": groups, "realmRoles": [format!("default-roles-{realm}")],
            "credentials": [{ "type": "password", "value": PASSWORD }],
        })
    };
    let mut administrator = person("phadmin", &["/everyone", "/phusers"]);
    administrator["clientRoles"] = json!({ "realm-management": ["realm-admin"] });
    let mut invited = person("invited", &["/everyone", "/phusers"]);
    for name in ["email", "firstName", "lastName"] {
        invited.as_object_mut().unwrap().remove(name);
    }
    let mut gone = person("gone", &["/everyone"]);
    (gone["enabled"], gone["requiredActions"]) = (false.into(), json!(["UPDATE_PASSWORD"]));
    json!([
        administrator, person("ada", &["/everyone", "/phusers", "/Team_A"]), invited, gone,
        {
            "username": format!("service-account-{CLIENT}"), "enabled": true, "serviceAccountClientId": CLIENT,
            "clientRoles": { "realm-management": ["realm-admin"] },
        },
    ])
}
