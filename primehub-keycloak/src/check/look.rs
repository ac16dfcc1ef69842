//! Looking at an installation's Keycloak. Nothing here writes.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::CheckOptions;
use super::facts::{Facts, Reach, Seen};
use crate::Keycloak;
use crate::admin::{Full, RoleReference};
use crate::bootstrap::{EVERYONE, REALM_MANAGEMENT};
use crate::settings::KeycloakSettings;
use crate::token::ServiceToken;
use crate::transport::{By, Call, CallError, Class, Kind};

/// The beginning of the names of clients' own accounts.
const SERVICE_ACCOUNT: &str = "service-account-";

/// Looks at everything that can be seen; what comes to nothing is left out.
pub(super) async fn look(keycloak: &Keycloak, options: &CheckOptions) -> Facts {
    let settings = keycloak.settings();
    let mut facts = Facts { address: settings.base.to_string(), ..Facts::default() };
    facts.reach = reach(keycloak).await;
    if facts.reach != Reach::Answers {
        return facts;
    }
    facts.issuer = Seen::of(issuer(keycloak).await);
    if facts.issuer.get().is_none() {
        return facts;
    }
    facts.signing = Seen::of(signing(keycloak).await);
    facts.login = Seen::of(rights_in_token(keycloak).await);
    if facts.login.get().is_none() {
        return facts;
    }
    facts.version = Seen::of(version(keycloak).await);
    facts.realm = Seen::of(keycloak.realm().full().await);
    facts.default_roles = default_roles(keycloak, &facts.realm).await;
    facts.profile = Seen::of(keycloak.realm().profile().await);
    facts.default_groups = Seen::of(keycloak.realm().default_groups().await.map(|groups| groups.into_iter().collect()));
    facts.groups = Seen::of(keycloak.groups().all().await);
    facts.people = Seen::of(keycloak.users().count().await);
    facts.client = Seen::of(client(keycloak, &settings.client_id).await);
    facts.reads = vec![
        ("view-users", Seen::of(keycloak.users().page(0, 1).await.map(drop))),
        ("query-groups", Seen::of(keycloak.groups().page(0, 1).await.map(drop))),
        ("view-realm", Seen::of(keycloak.realm().full().await.map(drop))),
        ("view-clients", Seen::of(keycloak.clients().find(&settings.client_id).await.map(drop))),
        ("view-events", Seen::of(events(keycloak).await)),
    ];
    facts.members = members(keycloak, &facts, options).await;
    facts
}

/// Goes the way of a call step by step, so that the report can say where it ends.
async fn reach(keycloak: &Keycloak) -> Reach {
    const KIND: Kind = Kind::new("check.reach", Class::Public, "no role");
    let settings = keycloak.settings();
    // What a proxy can reach is the proxy's to say.
    if settings.proxy.is_none()
        && let Err(unreached) = connect(settings).await
    {
        return unreached;
    }
    let call = Call::new(KIND, Method::GET, ["realms", &*settings.realm]).by(By::Nobody);
    match keycloak.call(&call).await {
        Err(error) if error.to_string().contains("Bootstrap in progress") => Reach::Starts,
        Err(error @ (CallError::Unavailable { .. } | CallError::Unknown { .. })) => Reach::NoAnswer(error.to_string()),
        _ => Reach::Answers,
    }
}

async fn connect(settings: &KeycloakSettings) -> Result<(), Reach> {
    let Some(host) = settings.base.host_str() else { return Ok(()) };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = settings.base.port_or_known_default().unwrap_or(443);
    let limit = settings.patience.connect;
    let addresses = match timeout(limit, lookup_host((host, port))).await {
        Ok(Ok(addresses)) => addresses.collect::<Vec<_>>(),
        Ok(Err(error)) => return Err(Reach::NoAddress(error.to_string())),
        Err(_) => return Err(Reach::NoAddress("no answer in time".to_owned())),
    };
    match timeout(limit, TcpStream::connect(&*addresses)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(Reach::NoConnection(error.to_string())),
        Err(_) => Err(Reach::NoConnection("no answer in time".to_owned())),
    }
}

async fn issuer(keycloak: &Keycloak) -> Result<String, CallError> {
    const KIND: Kind = Kind::new("check.discovery", Class::Public, "no role");
    #[derive(Deserialize)]
    struct Discovery {
        issuer: String,
    }
    let path = ["realms", &*keycloak.settings().realm, ".well-known", "openid-configuration"];
    let discovery: Discovery = keycloak.call(&Call::new(KIND, Method::GET, path).by(By::Nobody)).await?.json()?;
    Ok(discovery.issuer)
}

async fn signing(keycloak: &Keycloak) -> Result<BTreeSet<String>, CallError> {
    const KIND: Kind = Kind::new("check.keys", Class::Public, "no role");
    #[derive(Deserialize)]
    struct Keys {
        #[serde(default)]
        keys: Vec<Key>,
    }
    #[derive(Deserialize)]
    struct Key {
        #[serde(default, rename = "use")]
        purpose: Option<String>,
        #[serde(default)]
        alg: Option<String>,
    }
    let path = ["realms", &*keycloak.settings().realm, "protocol", "openid-connect", "certs"];
    let keys: Keys = keycloak.call(&Call::new(KIND, Method::GET, path).by(By::Nobody)).await?.json()?;
    Ok(keys.keys.into_iter().filter(|key| key.purpose.as_deref() == Some("sig")).filter_map(|key| key.alg).collect())
}

/// Logs the service account in, and reads its rights from the token: they count, because Keycloak reads them there too.
async fn rights_in_token(keycloak: &Keycloak) -> Result<Option<BTreeSet<String>>, CallError> {
    let token = ServiceToken::new(keycloak.transport().clone()).get().await?;
    Ok(rights_of(token.expose_secret()))
}

/// The rights that a token lists, if it lists any.
pub(super) fn rights_of(token: &str) -> Option<BTreeSet<String>> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&claims).ok()?;
    let roles = claims.get("resource_access")?.get(REALM_MANAGEMENT)?.get("roles")?.as_array()?;
    Some(roles.iter().filter_map(|role| role.as_str().map(ToOwned::to_owned)).collect())
}

async fn version(keycloak: &Keycloak) -> Result<String, CallError> {
    const KIND: Kind = Kind::new("check.version", Class::Read, "any role of an administrator");
    let info: Value = keycloak.call(&Call::new(KIND, Method::GET, ["admin", "serverinfo"])).await?.json()?;
    let version = info.get("systemInfo").and_then(|system| system.get("version")).and_then(Value::as_str);
    version.map(ToOwned::to_owned).ok_or_else(|| CallError::Unreadable { call: KIND.name, cause: "no version".into() })
}

async fn client(keycloak: &Keycloak, client_id: &str) -> Result<(Full, BTreeSet<String>), CallError> {
    let clients = keycloak.clients();
    let client = clients.full(client_id).await?.unwrap_or_default();
    let management = clients.find(REALM_MANAGEMENT).await?;
    let uuid = client.0.get("id").and_then(Value::as_str);
    let scope: Vec<RoleReference> = match (uuid, &management) {
        (Some(uuid), Some(management)) => clients.scope_mappings(uuid, &management.id).await?,
        _ => Vec::new(),
    };
    Ok((client, scope.into_iter().map(|role| role.name).collect()))
}

/// What is in the role of everybody new, by the realm's own words.
async fn default_roles(keycloak: &Keycloak, realm: &Seen<Full>) -> Seen<BTreeSet<String>> {
    let role = realm.get().and_then(|realm| realm.0.get("defaultRole")?.get("id")?.as_str());
    let Some(role) = role else { return Seen::NotAsked };
    let contained = keycloak.roles().composites(role).await;
    Seen::of(contained.map(|roles| roles.into_iter().filter(|role| !role.client_role).map(|role| role.name).collect()))
}

async fn events(keycloak: &Keycloak) -> Result<(), CallError> {
    keycloak.events().newest_admin_event().await?;
    keycloak.events().newest_user_event().await.map(drop)
}

/// How many people are in the group of everyone, if there are few enough to count them in a call or two.
async fn members(keycloak: &Keycloak, facts: &Facts, options: &CheckOptions) -> Option<u64> {
    facts.people.get().filter(|people| **people <= options.count_members_up_to)?;
    let configured = keycloak.settings().everyone.as_ref();
    let groups = facts.groups.get()?;
    let everyone = groups
        .iter()
        .find(|group| Some(&group.id) == configured)
        .or_else(|| groups.iter().find(|group| group.name == EVERYONE))?;
    let members = keycloak.groups().members(&everyone.id).await.ok()?;
    Some(members.iter().filter(|member| !member.username.starts_with(SERVICE_ACCOUNT)).count() as u64)
}
