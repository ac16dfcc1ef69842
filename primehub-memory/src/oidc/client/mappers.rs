//! What a client's tokens tell beyond the claims that every token has.

use std::collections::BTreeSet;

use primehub_core::identity::{Directory, Group, RoleKey, User};
use serde_json::{Map, Value, json};

/// Puts one thing that is known about an account into tokens, as a protocol mapper of a Keycloak realm does.
///
/// The claims that make a token what it is (`iss`, `sub`, `exp`, `aud` and the like) are out of reach: a mapper that names one of them does
/// nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ClaimMapper {
    /// What is told.
    pub source: ClaimSource,
    /// Where it is told.
    pub tokens: TokenKinds,
}

/// What a mapper tells.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClaimSource {
    /// Somebody whom the access token is for, beside the client itself: another entry of `aud`.
    Audience(String),
    /// The groups that the account is in, a list.
    Groups {
        /// The claim. A dot makes an object within an object, as for all claims here; `\.` is a dot in a name.
        claim: String,
        /// How a group is called.
        names: GroupNames,
    },
    /// The realm roles that the account holds and the client's tokens may carry.
    RealmRoles {
        /// The claim.
        claim: String,
        /// All of them as a list, or the first one alone.
        multivalued: bool,
    },
    /// An attribute of the account. Left out where the account has none, or one that is not of the type.
    Attribute {
        /// The attribute's name.
        attribute: String,
        /// The claim.
        claim: String,
        /// What its values are.
        claim_type: ClaimType,
        /// All values as a list, or the first one alone.
        multivalued: bool,
    },
    /// What the account itself says about its owner. Left out where it says nothing.
    Field {
        /// Which of it.
        field: AccountField,
        /// The claim.
        claim: String,
        /// What its value is.
        claim_type: ClaimType,
    },
}

/// How groups are called in a claim.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum GroupNames {
    /// All names on the way to the group, each after a slash: `/research/vision`.
    FullPath,
    /// The group's own name: `vision`.
    Name,
}

/// What the values of a claim are.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ClaimType {
    /// Texts.
    #[default]
    Text,
    /// Whole numbers.
    Integer,
    /// `true` and `false`.
    Boolean,
}

/// What accounts say about their owners.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum AccountField {
    /// The id, which never changes.
    Id,
    /// The login name.
    Username,
    /// The e-mail address.
    Email,
    /// Whether the address has been shown to be theirs.
    EmailVerified,
    /// The given name.
    FirstName,
    /// The family name.
    LastName,
    /// Whether the account may log in.
    Enabled,
}

/// In which tokens something is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TokenKinds {
    /// Access tokens.
    pub access: bool,
    /// ID tokens.
    pub id: bool,
    /// The user information.
    pub user_info: bool,
}

impl TokenKinds {
    /// Everywhere.
    pub const ALL: Self = Self { access: true, id: true, user_info: true };

    /// In access tokens alone.
    pub const ACCESS: Self = Self { access: true, id: false, user_info: false };

    /// In those that are named.
    #[must_use]
    pub fn new(access: bool, id: bool, user_info: bool) -> Self {
        Self { access, id, user_info }
    }

    fn contain(self, kind: TokenKind) -> bool {
        match kind {
            TokenKind::Access => self.access,
            TokenKind::Id => self.id,
            TokenKind::UserInfo => self.user_info,
        }
    }
}

/// One of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::oidc) enum TokenKind {
    Access,
    Id,
    UserInfo,
}

impl ClaimMapper {
    /// Tells `source` in the tokens that are named.
    #[must_use]
    pub fn new(source: ClaimSource, tokens: TokenKinds) -> Self {
        Self { source, tokens }
    }

    /// The account's groups as claim `groups`, everywhere.
    #[must_use]
    pub fn groups(names: GroupNames) -> Self {
        Self::new(ClaimSource::Groups { claim: "groups".to_owned(), names }, TokenKinds::ALL)
    }

    /// Another audience of access tokens.
    #[must_use]
    pub fn audience(audience: impl Into<String>) -> Self {
        Self::new(ClaimSource::Audience(audience.into()), TokenKinds::ACCESS)
    }

    /// The audience that the mapper adds to access tokens, if that is what it does.
    pub(in crate::oidc) fn access_audience(&self) -> Option<&str> {
        match &self.source {
            ClaimSource::Audience(audience) if self.tokens.access => Some(audience),
            _ => None,
        }
    }

    /// Where the claim stands and what it is. `None` when there is nothing to tell in such a token.
    fn claim(&self, kind: TokenKind, account: &Account<'_>) -> Option<(&str, Value)> {
        if !self.tokens.contain(kind) {
            return None;
        }
        let Account { directory, user, roles } = *account;
        match &self.source {
            ClaimSource::Audience(_) => None,
            ClaimSource::Groups { claim, names } => {
                let name = |group: &Group| match names {
                    GroupNames::FullPath => full_path(directory, group),
                    GroupNames::Name => group.name.to_string(),
                };
                let groups: Vec<_> = directory.groups_of(&user.id).map(|group| name(group)).collect();
                Some((claim, json!(groups)))
            }
            ClaimSource::RealmRoles { claim, multivalued } => {
                let held = roles();
                let roles = held.iter().filter_map(|role| match role {
                    RoleKey::Realm(name) => Some(json!(**name)),
                    RoleKey::Client { .. } => None,
                });
                Some((claim, one_or_all(roles.collect(), *multivalued)?))
            }
            ClaimSource::Attribute { attribute, claim, claim_type, multivalued } => {
                let values = user.attributes.all(attribute).iter().filter_map(|value| claim_type.read(value));
                Some((claim, one_or_all(values.collect(), *multivalued)?))
            }
            ClaimSource::Field { field, claim, claim_type } => Some((claim, claim_type.read(&field.of(user)?)?)),
        }
    }
}

fn one_or_all(values: Vec<Value>, multivalued: bool) -> Option<Value> {
    if multivalued {
        return (!values.is_empty()).then_some(Value::Array(values));
    }
    values.into_iter().next()
}

impl ClaimType {
    fn read(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(text.into()),
            Self::Integer => text.trim().parse::<i64>().ok().map(Value::from),
            Self::Boolean => text.trim().to_ascii_lowercase().parse::<bool>().ok().map(Value::from),
        }
    }
}

impl AccountField {
    fn of(self, user: &User) -> Option<String> {
        match self {
            Self::Id => Some(user.id.to_string()),
            Self::Username => Some(user.username.to_string()),
            Self::Email => user.email.clone(),
            Self::EmailVerified => Some(user.email_verified.to_string()),
            Self::FirstName => user.first_name.clone(),
            Self::LastName => user.last_name.clone(),
            Self::Enabled => Some(user.enabled.to_string()),
        }
    }
}

/// The names on the way to a group, each after a slash. Not [`primehub_core::names::GroupPath`], which names folders.
pub(in crate::oidc) fn full_path(directory: &Directory, group: &Group) -> String {
    let mut path = format!("/{}", group.name);
    let mut parent = group.parent.as_ref();
    while let Some(group) = parent.and_then(|id| directory.group(id)) {
        path.insert_str(0, &format!("/{}", group.name));
        parent = group.parent.as_ref();
    }
    path
}

/// Whom tokens tell about.
#[derive(Clone, Copy)]
pub(in crate::oidc) struct Account<'a> {
    pub(in crate::oidc) directory: &'a Directory,
    pub(in crate::oidc) user: &'a User,
    /// The roles of theirs that the client's tokens may carry. Found only where a mapper asks for them.
    pub(in crate::oidc) roles: &'a dyn Fn() -> BTreeSet<RoleKey>,
}

/// Carries out the mappers, in their order, on the claims of one token.
pub(in crate::oidc) fn apply(
    mappers: &[ClaimMapper],
    kind: TokenKind,
    account: &Account<'_>,
    claims: &mut Map<String, Value>,
) {
    for (claim, value) in mappers.iter().filter_map(|mapper| mapper.claim(kind, account)) {
        let path = path_of(claim);
        if is_free(&path) {
            put(claims, &path, value);
        }
    }
}

/// Whether a mapper may set that claim: it has a name, and is not the provider's own affair.
pub(super) fn is_free(path: &[String]) -> bool {
    path.iter().all(|name| !name.is_empty()) && path.first().is_some_and(|first| !PROTECTED.contains(&first.as_str()))
}

/// The names that lead to a claim: `a.b` stands within the object `a`, `a\.b` is one name.
pub(super) fn path_of(claim: &str) -> Vec<String> {
    let mut path = vec![String::new()];
    let mut letters = claim.chars().peekable();
    while let Some(letter) = letters.next() {
        let escaped = letter == '\\' && letters.peek() == Some(&'.');
        if letter == '.' {
            path.push(String::new());
        } else if let Some(name) = path.last_mut() {
            name.push(if escaped { '.' } else { letter });
        }
        if escaped {
            letters.next();
        }
    }
    path
}

/// Sets the value. Where something else than an object is in the way, it stays.
fn put(claims: &mut Map<String, Value>, path: &[String], value: Value) {
    match path {
        [] => {}
        [name] => {
            claims.insert(name.clone(), value);
        }
        [name, rest @ ..] => {
            if let Value::Object(inner) = claims.entry(name.clone()).or_insert_with(|| Value::Object(Map::new())) {
                put(inner, rest, value);
            }
        }
    }
}

/// Claims that make a token what it is, or decide what it opens.
const PROTECTED: [&str; 24] = [
    "exp",
    "iat",
    "nbf",
    "auth_time",
    "jti",
    "iss",
    "aud",
    "sub",
    "typ",
    "azp",
    "nonce",
    "at_hash",
    "c_hash",
    "s_hash",
    "sid",
    "session_state",
    "acr",
    "allowed-origins",
    "realm_access",
    "resource_access",
    "scope",
    "client_id",
    "clientHost",
    "clientAddress",
];

#[cfg(test)]
#[path = "mappers_tests.rs"]
mod tests;
