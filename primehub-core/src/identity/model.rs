//! What the identity provider holds, in our words.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use jiff::Timestamp;

use super::Attributes;
use crate::names::{GroupId, UserId};

/// A person, or the account of a service.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct User {
    /// Opaque id, given by the identity provider, never reused.
    pub id: UserId,
    /// Login name, lower case and unique.
    pub username: Arc<str>,
    /// E-mail address, lower case and unique among users that have one.
    pub email: Option<String>,
    /// Whether the person has shown that the address is theirs.
    pub email_verified: bool,
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// Whether the account may log in. A disabled account is refused at every request.
    pub enabled: bool,
    /// Whether a one-time-password generator is registered.
    pub has_one_time_password: bool,
    /// When the account was made.
    pub created_at: Timestamp,
    /// Whether the account lives in a directory behind the identity provider.
    pub federated: bool,
    /// What the person has to do at the next login, such as `UPDATE_PASSWORD`.
    pub required_actions: Vec<String>,
    /// The client whose service account this is. Service accounts are not listed among people.
    pub service_account_of: Option<String>,
    /// Everything else, such as `volumeCapacity`; [`super::UserSettings`] reads it.
    pub attributes: Attributes,
}

impl User {
    /// An enabled user without anything optional.
    #[must_use]
    pub fn new(id: UserId, username: impl Into<Arc<str>>) -> Self {
        Self {
            id,
            username: username.into(),
            email: None,
            email_verified: false,
            first_name: None,
            last_name: None,
            enabled: true,
            has_one_time_password: false,
            created_at: Timestamp::UNIX_EPOCH,
            federated: false,
            required_actions: Vec::new(),
            service_account_of: None,
            attributes: Attributes::default(),
        }
    }
}

/// A team. Only top-level groups are PrimeHub groups; nested ones are kept because their members inherit roles.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Group {
    /// Opaque id, given by the identity provider, never reused.
    pub id: GroupId,
    /// Name, case-sensitive, unique among siblings. A name found stored may be anything.
    pub name: Arc<str>,
    /// The group this one is nested in.
    pub parent: Option<GroupId>,
    /// The provider's own free text. PrimeHub does not use it and must not lose it.
    pub description: Option<String>,
    /// Quotas, administrators and so on; [`super::GroupSettings`] reads them.
    pub attributes: Attributes,
}

impl Group {
    /// A top-level group without attributes.
    #[must_use]
    pub fn new(id: GroupId, name: impl Into<Arc<str>>) -> Self {
        Self { id, name: name.into(), parent: None, description: None, attributes: Attributes::default() }
    }

    /// Whether `username` is listed as administrator: exact and case-sensitive, membership not required.
    #[must_use]
    pub fn is_administered_by(&self, username: &str) -> bool {
        self.attributes.all(super::ADMINS).iter().any(|admin| admin == username)
    }
}

/// A role of the realm, or of one of its clients.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RoleKey {
    /// A role of the realm, by name.
    Realm(Arc<str>),
    /// A role of a client.
    Client {
        /// The client id, such as `realm-management`.
        client: Arc<str>,
        /// The role's name within the client.
        role: Arc<str>,
    },
}

impl RoleKey {
    /// The realm role of that name.
    #[must_use]
    pub fn realm(name: impl Into<Arc<str>>) -> Self {
        Self::Realm(name.into())
    }

    /// The role that makes a platform administrator: `realm-admin` of `realm-management`, or `admin` in realm `master`.
    #[must_use]
    pub fn administrator(realm: &str) -> Self {
        if realm == "master" {
            Self::realm("admin")
        } else {
            Self::Client { client: "realm-management".into(), role: "realm-admin".into() }
        }
    }
}

impl fmt::Display for RoleKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Realm(name) => f.write_str(name),
            Self::Client { client, role } => write!(f, "{client}:{role}"),
        }
    }
}

/// A role and what it contains.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Role {
    /// Which role this is.
    pub key: RoleKey,
    /// Free attributes.
    pub attributes: Attributes,
    /// Roles that a holder of this one holds too.
    pub composites: BTreeSet<RoleKey>,
}

impl Role {
    /// A role that contains nothing else.
    #[must_use]
    pub fn new(key: RoleKey) -> Self {
        Self { key, attributes: Attributes::default(), composites: BTreeSet::new() }
    }
}

/// Who holds a role: a user, or everybody in a group.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    /// One account.
    User(UserId),
    /// Every member of the group.
    Group(GroupId),
}

/// Settings of the realm as a whole.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Realm {
    /// Plain name on the login page.
    pub display_name: Option<String>,
    /// The same as HTML.
    pub display_name_html: Option<String>,
    /// Outgoing mail, with the provider's own keys; [`super::SmtpSettings`] reads it. The password is masked.
    pub smtp: std::collections::BTreeMap<String, String>,
    /// Groups that new accounts join by themselves.
    pub default_groups: BTreeSet<GroupId>,
}

/// The SHA-256 of an invitation's token. The token itself is known to the invited person alone.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct InvitationId(pub [u8; 32]);

impl InvitationId {
    /// The id of the invitation that `token` opens.
    #[must_use]
    pub fn of_token(token: &str) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, token.as_bytes());
        let mut id = [0; 32];
        id.copy_from_slice(digest.as_ref());
        Self(id)
    }
}

impl fmt::Display for InvitationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads what `Display` writes: 64 hexadecimal digits.
impl FromStr for InvitationId {
    type Err = InvalidInvitationId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(InvalidInvitationId);
        }
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let mut id = [0; 32];
        for (byte, pair) in id.iter_mut().zip(digits.chunks_exact(2)) {
            let (Some(high), Some(low)) = (value(pair[0]), value(pair[1])) else { return Err(InvalidInvitationId) };
            *byte = high << 4 | low;
        }
        Ok(Self(id))
    }
}

/// A text is not an [`InvitationId`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the id of an invitation has 64 hexadecimal digits")]
pub struct InvalidInvitationId;

/// The right to create one account in one group, once.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Invitation {
    /// What the token hashes to.
    pub id: InvitationId,
    /// The group that the new account joins.
    pub group: GroupId,
    /// From this instant on the invitation is refused.
    pub expires_at: Timestamp,
}

impl Invitation {
    /// An invitation into `group`.
    #[must_use]
    pub fn new(id: InvitationId, group: GroupId, expires_at: Timestamp) -> Self {
        Self { id, group, expires_at }
    }

    /// Whether it is too late.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_id_reads_back_and_nothing_else_does() {
        let id = InvitationId::of_token("token");
        assert_eq!(id.to_string().parse(), Ok(id));
        for other in ["", "0", &"g".repeat(64), &"0".repeat(63), &"é".repeat(32)] {
            assert_eq!(other.parse::<InvitationId>(), Err(InvalidInvitationId), "{other}");
        }
    }
}
