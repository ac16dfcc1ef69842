//! The clients of a realm, as an installation needs them.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::request::{BootstrapRequest, ClientRequest};

/// Marks a client whose service account has not got its rights yet, so that a run that was interrupted is continued: by itself, an existing
/// client gets no rights.
pub(super) const UNFINISHED: &str = "primehub.bootstrap";

/// What the service account of the platform may do, and no more: administrators grant the administration of the realm with their own
/// tokens.
pub(crate) const RIGHTS: [&str; 7] =
    ["manage-users", "view-users", "query-groups", "manage-realm", "view-realm", "view-clients", "view-events"];

/// The client that a realm's own administration belongs to.
pub(crate) const REALM_MANAGEMENT: &str = "realm-management";

/// The role that contains all rights in a realm.
pub(crate) const REALM_ADMIN: &str = "realm-admin";

/// One client.
pub(super) struct ClientSpec<'a> {
    pub(super) id: &'a str,
    pub(super) secret: Option<&'a SecretString>,
    pub(super) redirect_uris: Vec<String>,
    pub(super) base_url: Option<String>,
    /// The platform's own: with a service account, and with tokens that carry nothing but the administration of the realm.
    pub(super) is_platform: bool,
    pub(super) mappers: Vec<Value>,
}

/// The clients of an installation.
pub(super) fn clients(request: &BootstrapRequest) -> [ClientSpec<'_>; 3] {
    let site = request.site_text();
    let spec = |asked: &'_ ClientRequest, paths: &[&str]| {
        let own = paths.iter().map(|path| format!("{site}{path}"));
        own.chain(asked.redirect_uris.iter().cloned()).collect::<Vec<_>>()
    };
    let (platform, hub, maintenance) = (&request.admin_ui, &request.jupyterhub, &request.maintenance_proxy);
    [
        ClientSpec {
            id: &platform.client_id,
            secret: platform.secret.as_ref(),
            // The second is where a command line's login comes back to on a server without a console in front of it.
            redirect_uris: spec(platform, &["/console/*", "/oidc/auth-flow/callback"]),
            base_url: Some(format!("{site}/console")),
            is_platform: true,
            mappers: vec![audience(&platform.client_id)],
        },
        ClientSpec {
            id: &hub.client_id,
            secret: hub.secret.as_ref(),
            redirect_uris: spec(hub, &["/*"]),
            base_url: None,
            is_platform: false,
            mappers: hub_mappers(),
        },
        ClientSpec {
            id: &maintenance.client_id,
            secret: maintenance.secret.as_ref(),
            redirect_uris: spec(maintenance, &["/maintenance/*"]),
            base_url: None,
            is_platform: false,
            mappers: vec![audience(&maintenance.client_id)],
        },
    ]
}

impl ClientSpec<'_> {
    /// The client as it is made.
    pub(super) fn representation(&self) -> Value {
        let mut client = json!({
            "clientId": self.id,
            "enabled": true,
            "protocol": "openid-connect",
            "publicClient": false,
            "clientAuthenticatorType": "client-secret",
            "standardFlowEnabled": true,
            "implicitFlowEnabled": false,
            "directAccessGrantsEnabled": false,
            "serviceAccountsEnabled": self.is_platform,
            "fullScopeAllowed": !self.is_platform,
            "redirectUris": self.redirect_uris,
            "protocolMappers": self.mappers,
        });
        if let Some(secret) = self.secret {
            client["secret"] = secret.expose_secret().into();
        }
        if let Some(url) = &self.base_url {
            client["baseUrl"] = url.as_str().into();
        }
        if self.is_platform {
            client["attributes"] = json!({ UNFINISHED: "unfinished" });
        }
        client
    }
}

/// Puts the client into the audience of its own tokens, which Keycloak leaves out by itself and proxies insist on.
fn audience(client_id: &str) -> Value {
    mapper(
        "audience",
        "oidc-audience-mapper",
        &json!({"included.client.audience": client_id, "id.token.claim": "false"}),
    )
}

/// What JupyterHub and its spawner read.
fn hub_mappers() -> Vec<Value> {
    let attribute = |name: &str, claim: &str, json_type: &str| {
        let config = json!({"user.attribute": name, "claim.name": claim, "jsonType.label": json_type});
        mapper(name, "oidc-usermodel-attribute-mapper", &config)
    };
    let property = |name: &str, property: &str, claim: &str| {
        let config = json!({"user.attribute": property, "claim.name": claim, "jsonType.label": "String"});
        mapper(name, "oidc-usermodel-property-mapper", &config)
    };
    let roles = json!({"claim.name": "roles", "multivalued": "true", "jsonType.label": "String"});
    vec![
        mapper("roles", "oidc-usermodel-realm-role-mapper", &roles),
        attribute("project-quota-gpu", "project-quota.gpu", "int"),
        attribute("quota-gpu", "quota.gpu", "int"),
        property("username", "username", "preferred_username"),
        property("email", "email", "email"),
        mapper("groups", "oidc-group-membership-mapper", &json!({"claim.name": "groups", "full.path": "true"})),
        attribute("timezone", "timezone", "String"),
    ]
}

fn mapper(name: &str, kind: &str, own: &Value) -> Value {
    let mut config = json!({"id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true"});
    if let (Some(config), Some(own)) = (config.as_object_mut(), own.as_object()) {
        config.extend(own.clone());
    }
    json!({"name": name, "protocol": "openid-connect", "protocolMapper": kind, "config": config})
}

/// The name of a mapper.
pub(super) fn name_of(mapper: &Value) -> &str {
    mapper["name"].as_str().unwrap_or_default()
}
