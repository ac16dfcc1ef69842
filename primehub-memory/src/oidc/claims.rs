//! What tokens say about an account, claim by claim as a Keycloak realm says it.

use std::collections::{BTreeMap, BTreeSet};

use primehub_core::identity::{Directory, RoleKey, User};
use primehub_core::names::UserId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::client::{Account, ClaimMapper, Client, TokenKind, apply_mappers};
use super::scope::{Scope, Scopes};

/// What every token of one answer has in common.
#[derive(Clone, Copy)]
pub(super) struct Issue<'a> {
    pub(super) directory: &'a Directory,
    pub(super) issuer: &'a str,
    pub(super) user: &'a User,
    pub(super) client: &'a Client,
    pub(super) scopes: &'a Scopes,
    /// Absent for a client's own account, which has no session.
    pub(super) session: Option<&'a str>,
    /// When the person showed a password in a browser, in Unix seconds. Unknown where they gave it to a client.
    pub(super) auth_time: Option<i64>,
    /// Unix seconds.
    pub(super) issued_at: i64,
    pub(super) expires_at: i64,
}

/// What an account tells about its owner in a token of that kind: what every client is told, and what its mappers add or replace.
pub(super) fn profile(
    kind: TokenKind,
    directory: &Directory,
    user: &User,
    client: &Client,
    scopes: &Scopes,
) -> Map<String, Value> {
    let names: Vec<&str> = [&user.first_name, &user.last_name].into_iter().filter_map(|name| name.as_deref()).collect();
    let mut claims = Map::from_iter([
        ("email_verified".to_owned(), json!(user.email_verified)),
        ("preferred_username".to_owned(), json!(*user.username)),
    ]);
    let optional = [
        ("name", (!names.is_empty()).then(|| names.join(" "))),
        ("given_name", user.first_name.clone()),
        ("family_name", user.last_name.clone()),
        ("email", user.email.clone()),
    ];
    claims.extend(optional.into_iter().filter_map(|(claim, value)| Some((claim.to_owned(), Value::String(value?)))));
    let roles = || held_roles(directory, user, client, scopes);
    apply_mappers(&client.mappers, kind, &Account { directory, user, roles: &roles }, &mut claims);
    claims
}

impl Issue<'_> {
    fn profile(&self, kind: TokenKind) -> Map<String, Value> {
        profile(kind, self.directory, self.user, self.client, self.scopes)
    }
}

#[derive(Debug, Serialize)]
struct RoleList {
    roles: Vec<String>,
}

/// Where a request came from: told in tokens of a client's own account.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ServiceClaims {
    #[serde(rename = "clientHost", skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(rename = "clientAddress", skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    client_id: String,
}

impl ServiceClaims {
    pub(super) fn of(client: &Client, address: Option<std::net::IpAddr>) -> Self {
        let address = address.map(|address| address.to_string());
        Self { host: address.clone(), address, client_id: client.id.clone() }
    }
}

/// An access token.
#[derive(Debug, Serialize)]
pub(super) struct AccessToken {
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    jti: String,
    iss: String,
    aud: Audience,
    sub: UserId,
    typ: &'static str,
    azp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    acr: &'static str,
    #[serde(rename = "allowed-origins", skip_serializing_if = "BTreeSet::is_empty")]
    allowed_origins: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    realm_access: Option<RoleList>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    resource_access: BTreeMap<String, RoleList>,
    scope: String,
    #[serde(flatten)]
    profile: Map<String, Value>,
    #[serde(flatten)]
    service: Option<ServiceClaims>,
}

/// One text for a single audience, a list for several: what Keycloak writes, and what its clients must read.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl AccessToken {
    /// `made` is the start of the token's id, which tells how the token came about.
    pub(super) fn new(issue: &Issue<'_>, made: &str, service: Option<ServiceClaims>) -> Self {
        let Issue { directory, issuer, user, client, scopes, session, auth_time, issued_at, expires_at } = *issue;
        let (realm_roles, resource_access) = sorted_by_owner(held_roles(directory, user, client, scopes));
        let mut audience = vec![client.id.clone()];
        let mapped = client.mappers.iter().filter_map(ClaimMapper::access_audience).map(str::to_owned);
        for other in resource_access.keys().cloned().chain(mapped) {
            if !audience.contains(&other) {
                audience.push(other);
            }
        }
        Self {
            exp: expires_at,
            iat: issued_at,
            auth_time,
            jti: format!("{made}:{}", uuid::Uuid::new_v4()),
            iss: issuer.to_owned(),
            aud: if audience.len() == 1 { Audience::One(client.id.clone()) } else { Audience::Several(audience) },
            sub: user.id.clone(),
            typ: "Bearer",
            azp: client.id.clone(),
            sid: session.map(str::to_owned),
            acr: "1",
            allowed_origins: client.origins(),
            realm_access: realm_roles,
            resource_access,
            scope: scopes.to_string(),
            profile: issue.profile(TokenKind::Access),
            service,
        }
    }
}

/// The roles that the account holds and the client's tokens may carry.
fn held_roles(directory: &Directory, user: &User, client: &Client, scopes: &Scopes) -> BTreeSet<RoleKey> {
    let mut held = directory.effective_roles(&user.id);
    if !client.full_scope {
        let mut allowed = contained(directory, &client.role_scope);
        // The scope of that name lets its own role through.
        if scopes.contains(Scope::OfflineAccess) {
            allowed.insert(offline_access());
        }
        held.retain(|role| allowed.contains(role));
    }
    held
}

/// The roles of the realm, and those of clients by client.
fn sorted_by_owner(held: BTreeSet<RoleKey>) -> (Option<RoleList>, BTreeMap<String, RoleList>) {
    let mut of_realm = Vec::new();
    let mut of_clients = BTreeMap::<String, RoleList>::new();
    for role in held {
        match role {
            RoleKey::Realm(name) => of_realm.push(name.to_string()),
            RoleKey::Client { client, role } => {
                of_clients
                    .entry(client.to_string())
                    .or_insert_with(|| RoleList { roles: Vec::new() })
                    .roles
                    .push(role.to_string());
            }
        }
    }
    ((!of_realm.is_empty()).then_some(RoleList { roles: of_realm }), of_clients)
}

/// The role without which an account gets no offline tokens. Every account that is made in the realm has it by default.
pub(super) fn offline_access() -> RoleKey {
    RoleKey::realm("offline_access")
}

/// The roles, and everything inside them.
fn contained(directory: &Directory, roles: &BTreeSet<RoleKey>) -> BTreeSet<RoleKey> {
    let mut open: Vec<&RoleKey> = roles.iter().collect();
    let mut found = BTreeSet::new();
    while let Some(role) = open.pop() {
        if found.insert(role.clone())
            && let Some(role) = directory.role(role)
        {
            open.extend(&role.composites);
        }
    }
    found
}

/// An ID token.
#[derive(Debug, Serialize)]
pub(super) struct IdToken {
    exp: i64,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    jti: String,
    iss: String,
    aud: String,
    sub: UserId,
    typ: &'static str,
    azp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    /// As the authorization request gave it: only in the answer to its code.
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    at_hash: String,
    acr: &'static str,
    #[serde(flatten)]
    profile: Map<String, Value>,
}

impl IdToken {
    /// `access_token_hash` ties it to the access token of the same answer.
    pub(super) fn new(issue: &Issue<'_>, nonce: Option<&str>, access_token_hash: String) -> Self {
        Self {
            exp: issue.expires_at,
            iat: issue.issued_at,
            auth_time: issue.auth_time,
            jti: uuid::Uuid::new_v4().to_string(),
            iss: issue.issuer.to_owned(),
            aud: issue.client.id.clone(),
            sub: issue.user.id.clone(),
            typ: "ID",
            azp: issue.client.id.clone(),
            sid: issue.session.map(str::to_owned),
            nonce: nonce.map(str::to_owned),
            at_hash: access_token_hash,
            acr: "1",
            profile: issue.profile(TokenKind::Id),
        }
    }
}

/// A refresh token, or an offline token, which is one without end. Only the provider reads it.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct RefreshToken {
    /// Unix seconds; absent in an offline token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) exp: Option<i64>,
    pub(super) iat: i64,
    /// For the tokens that it is exchanged for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) auth_time: Option<i64>,
    pub(super) jti: String,
    pub(super) iss: String,
    pub(super) aud: String,
    pub(super) sub: UserId,
    pub(super) typ: RefreshType,
    pub(super) azp: String,
    pub(super) sid: String,
    pub(super) scope: String,
}

/// Which of the two.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(super) enum RefreshType {
    Refresh,
    Offline,
}

impl RefreshToken {
    pub(super) fn new(issue: &Issue<'_>, session: &str, typ: RefreshType, expires_at: Option<i64>) -> Self {
        Self {
            exp: expires_at,
            iat: issue.issued_at,
            auth_time: issue.auth_time,
            jti: uuid::Uuid::new_v4().to_string(),
            iss: issue.issuer.to_owned(),
            aud: issue.issuer.to_owned(),
            sub: issue.user.id.clone(),
            typ,
            azp: issue.client.id.clone(),
            sid: session.to_owned(),
            scope: issue.scopes.to_string(),
        }
    }
}
