//! The claims of an access token as a Keycloak realm issues them, and what can be seen of a token before it is checked.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::super::RoleKey;
use crate::names::UserId;

/// What a checked access token says. Only [`super::check_access_token`] vouches for it.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct AccessClaims {
    /// Who issued the token.
    #[serde(rename = "iss")]
    pub issuer: String,
    /// The account. Keycloak's `admin-cli` client issues tokens without one; they are refused.
    #[serde(rename = "sub", default)]
    pub subject: Option<UserId>,
    /// The login name at the time of issue.
    #[serde(default)]
    pub preferred_username: Option<String>,
    /// What kind of token this is: `Bearer` for an access token.
    #[serde(rename = "typ", default)]
    pub token_type: Option<String>,
    /// The client that the token was issued to.
    #[serde(rename = "azp", default)]
    pub authorized_party: Option<String>,
    /// Whom the token is for: one text, several, or nobody in particular.
    #[serde(rename = "aud", default)]
    pub audience: Audience,
    /// Unix seconds from which on the token is refused.
    #[serde(rename = "exp", default)]
    pub expires_at: Option<i64>,
    /// Unix seconds before which the token is refused.
    #[serde(rename = "nbf", default)]
    pub not_before: Option<i64>,
    #[serde(default)]
    realm_access: RoleList,
    #[serde(default)]
    resource_access: BTreeMap<String, RoleList>,
}

impl AccessClaims {
    /// Whether the token carries the role.
    #[must_use]
    pub fn has_role(&self, role: &RoleKey) -> bool {
        let (roles, name) = match role {
            RoleKey::Realm(name) => (Some(&self.realm_access), name),
            RoleKey::Client { client, role } => (self.resource_access.get(&**client), role),
        };
        roles.is_some_and(|list| list.roles.iter().any(|role| **role == **name))
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
struct RoleList {
    #[serde(default)]
    roles: Vec<String>,
}

/// The `aud` claim: Keycloak writes one text, a list, or leaves it out.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Audience {
    /// A single audience.
    One(String),
    /// Several.
    Many(Vec<String>),
    /// The claim is absent.
    #[default]
    Nobody,
}

impl Audience {
    /// Whether `client` is among the audience.
    #[must_use]
    pub fn contains(&self, client: &str) -> bool {
        match self {
            Self::One(one) => one == client,
            Self::Many(many) => many.iter().any(|one| one == client),
            Self::Nobody => false,
        }
    }
}

/// What a bearer token looks like, read without checking anything: decides only which check to make.
///
/// API tokens are offline tokens, signed with a symmetric key that the published key set does not list: deciding by shape first saves a
/// useless look-up of keys on each of them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TokenShape {
    /// Claims to be an access token signed with a published key.
    Access {
        /// The name of the key, from the header.
        key_id: Option<String>,
    },
    /// A refresh token of somebody's session: for the client that holds the session, and for calling nobody. An issuer would exchange it
    /// like an API token, so whoever accepts those has to look.
    Refresh,
    /// Anything else: an offline token, or text that means something to the issuer alone.
    Opaque,
}

impl TokenShape {
    /// Looks at the header and the `typ` claim of `token`. Never fails: what is not a token is opaque.
    #[must_use]
    pub fn of(token: &str) -> Self {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
            kid: Option<String>,
        }
        #[derive(Deserialize)]
        struct Typ {
            typ: Option<String>,
        }
        fn part<T: for<'de> Deserialize<'de>>(text: Option<&str>) -> Option<T> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text?).ok()?).ok()
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims)) = (part::<Header>(parts.next()), part::<Typ>(parts.next())) else {
            return Self::Opaque;
        };
        let symmetric_or_unsigned = header.alg.starts_with("HS") || header.alg.eq_ignore_ascii_case("none");
        match claims.typ.as_deref() {
            Some("Refresh") => Self::Refresh,
            Some("Offline") => Self::Opaque,
            _ if symmetric_or_unsigned => Self::Opaque,
            _ => Self::Access { key_id: header.kid },
        }
    }
}
